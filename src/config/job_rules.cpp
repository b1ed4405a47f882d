#include "config/job_rules.hpp"

#include <bit>
#include <optional>

#include "core/check.hpp"

namespace vbq {
namespace {

// At most: those that nobody takes are not counted. Where each weight takes whole bits, one far off costs all of them.
constexpr int grid_levels(Coding coding) { return coding == Coding::entropy ? 255 : 31; }
constexpr int kOwnLevels = 64;  // at most, of a layer that has as many as suit it

// Whether each layer may have levels of its own number: where there is a budget to share out.
bool has_own_widths(const Job& job) {
  const Format& format = job.format;
  return job.budget && format.encoding == Encoding::values && !format.symmetric && format.scope == Scope::layer;
}

// Sizes of a front that is left to us: from where networks lose a few points of accuracy to where they lose nothing.
BudgetRange usual_range(Coding coding) {
  const bool entropy = coding == Coding::entropy;
  return {{entropy ? 1.25 : 1.75, Budget::Unit::bits}, {entropy ? 3.0 : 4.0, Budget::Unit::bits}};
}

void validate_front(const Job& job, const std::string& origin) {
  const auto& [least, most] = *job.front;
  if (least.unit != most.unit) {
    fail("format.budget is from bits a weight to bytes, or the other way, in {}: two sizes in one unit were expected",
         origin);
  }
  if (!(least.amount < most.amount)) {
    fail("format.budget is from {} to {} in {}: two sizes were expected, the smaller first", budget_text(least),
         budget_text(most), origin);
  }
  if (job.search.method != Method::genetic || job.search.operators != Operators::standard) {
    fail(
        "format.budget is a front in {}: it goes with search.method = \"genetic\" and search.preset = \"standard\" "
        "only",
        origin);
  }
  if (!job.sweep.empty()) {
    fail("format.budget is a front in {}, and several widths are given: one of the two was expected", origin);
  }
}

}  // namespace

bool races(const Job& job) {
  const bool standard = job.search.method == Method::genetic && job.search.operators == Operators::standard;
  return job.racing > 0 && standard && !job.budget && !job.front;
}

void complete(Job& job, const std::function<bool(const char*)>& given) {
  const bool levels_given = given("format.bits") || given("format.levels");
  if (has_own_widths(job)) {
    job.format.widths = Widths::own;
    if (!levels_given) job.format.levels = kOwnLevels;
  }
  if (job.format.encoding == Encoding::grid) {
    if (!given("format.rate") && job.format.assignment != Assignment::nearest) job.format.rate = std::nullopt;
    if (!given("format.coding")) job.format.coding = Coding::entropy;
    if (!levels_given) job.format.levels = grid_levels(job.format.coding);
  }
  if (job.front && job.front->most.amount == 0) {
    job.front = usual_range(job.format.coding);
    job.budget = job.front->most;
  }
}

Job job_of_encoding(Job job, Encoding encoding) {
  Format& format = job.format;
  if (format.encoding == encoding) return job;
  format.encoding = encoding;
  format.symmetric = false;
  format.exponent_bits = 0;
  format.exponent_bias.reset();
  const bool grid = encoding == Encoding::grid;
  format.levels = grid ? grid_levels(format.coding) : kOwnLevels;
  format.rate = grid && format.assignment != Assignment::nearest ? std::nullopt : std::optional(0.0);
  format.scope = Scope::layer;
  format.widths = has_own_widths(job) ? Widths::own : Widths::same;
  return job;
}

void validate(const Job& job, const std::string& origin) {
  if (job.network.empty()) fail("network.path is missing in {}", origin);
  if (job.data.empty()) fail("data.path is missing in {}", origin);
  if (job.format.symmetric && job.format.encoding != Encoding::values && job.format.encoding != Encoding::uniform) {
    fail("format.symmetric is true in {}: it goes with encodings \"values\" and \"uniform\" only", origin);
  }
  if (job.format.symmetric && job.format.levels % 2 != 0) {
    fail("format.levels is {} in {}: an even number was expected, as format.symmetric is true", job.format.levels,
         origin);
  }
  if (job.search.method == Method::annealing && job.format.encoding != Encoding::companded) {
    fail("search.method is \"annealing\" in {}: it goes with format.encoding = \"companded\" only", origin);
  }
  if (!job.format.rate && (job.format.encoding != Encoding::grid || job.format.assignment == Assignment::nearest)) {
    fail(
        "format.rate is \"gene\" in {}: it goes with format.encoding = \"grid\" and an assignment other than "
        "\"nearest\"",
        origin);
  }
  if (job.format.refit > 0 && job.format.biases) {
    fail("format.refit is {} in {}: it goes with format.biases = false only, since it moves levels that biases have",
         job.format.refit, origin);
  }
  if (job.format.level_values == LevelValues::int8 &&
      (job.format.encoding == Encoding::boundaries || job.format.biases)) {
    fail("format.level_values is \"int8\" in {}: it goes with another {} only", origin,
         job.format.biases ? "format.biases than true" : "format.encoding than \"boundaries\"");
  }
  if (job.format.activations > 0 && job.format.activations < 4) {
    fail("format.activations is {} in {}: 0, or 4 to 8 bits, was expected", job.format.activations, origin);
  }
  if (job.budget && job.format.encoding != Encoding::grid && !has_own_widths(job)) {
    fail(
        "format.budget is given in {}: it goes with format.encoding = \"grid\", or \"values\" with format.scope = "
        "\"layer\" and not symmetric, only",
        origin);
  }
  if (job.front) validate_front(job, origin);
  const bool floating = job.format.encoding == Encoding::floating;
  if (!floating && (job.format.exponent_bits != 0 || job.format.exponent_bias)) {
    fail("format.exponent_bits or format.exponent_bias is given in {}: they go with encoding \"float\" only", origin);
  }
  const int bits = std::bit_width(static_cast<unsigned>(job.format.levels - 1));
  if (floating && job.format.levels != 1 << bits) {
    fail("format.levels is {} in {}: a power of two was expected, as format.encoding is \"float\"", job.format.levels,
         origin);
  }
  if (floating && job.format.exponent_bits >= bits) {
    fail("format.exponent_bits is {} in {}: 1 to {} was expected for {} bits", job.format.exponent_bits, origin,
         bits - 1, bits);
  }
  if (job.format.encoding == Encoding::power_of_two && (job.format.levels < 4 || job.format.levels % 2 != 0)) {
    fail("format.levels is {} in {}: an even number from 4 was expected, as format.encoding is \"power-of-two\"",
         job.format.levels, origin);
  }
  if (!(job.search.mutation + job.search.crossover > 0)) {
    fail("search.mutation and search.crossover are both 0 in {}: one above 0 was expected", origin);
  }
  if (job.mean.size() != job.std.size()) {
    fail("data.mean has {} numbers and data.std {} in {}: as many were expected", job.mean.size(), job.std.size(),
         origin);
  }
}

}  // namespace vbq
