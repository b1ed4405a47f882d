#include "run/quantise_job.hpp"

#include <algorithm>
#include <bit>

#include "config/job_budget.hpp"
#include "config/job_fields.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kFewestImages = 30;
constexpr std::int64_t kMostSeen = 2500;
constexpr std::int64_t kLargestBlock = 50;
constexpr int kUsualBits = 3;
constexpr int kUsualGenerations = 20;
// Of a search that has time: it ends earlier, when so many generations in turn bring nothing.
constexpr int kMostGenerations = 10000, kPatience = 15;

// Images of a pass that makes a candidate, and of the one that makes what is delivered. Within one budget the job's own
// defaults suit.
constexpr std::int64_t kPassImages = 300, kDeliveryPassImages = 1500;

// Lines of [format]. A budget is for grids, whose levels lie evenly, so that entropy coding pays; a number of bits is
// for codebooks, which a file holds as indices.
std::string format_lines(const QuantiseGoal& goal) {
  if (goal.front) return "encoding = \"grid\"\nbudget = \"front\"\n";
  if (goal.size) return fmt::format("encoding = \"grid\"\nbudget = {}\n", toml_string(*goal.size));
  return fmt::format("encoding = \"values\"\nscope = \"layer\"\nbits = {}\n", goal.bits.value_or(kUsualBits));
}

// How many images make a network.
std::string pass_lines(const QuantiseGoal& goal, std::int64_t led_by) {
  if (goal.size) return {};
  return fmt::format("matching_images = {}\ndelivery_images = {}\n", std::min(kPassImages, led_by),
                     std::min(kDeliveryPassImages, led_by));
}

// How long the search goes on.
std::string length_lines(const QuantiseGoal& goal) {
  if (!goal.time) return fmt::format("generations = {}\n", kUsualGenerations);
  return fmt::format("generations = {}\nseconds = {}\npatience = {}\n", kMostGenerations, toml_string(*goal.time),
                     kPatience);
}

}  // namespace

void check_goal(const QuantiseGoal& goal) {
  std::vector<std::string> given;
  if (goal.bits) given.emplace_back("--bits");
  if (goal.size) given.emplace_back("--size");
  if (goal.front) given.emplace_back("--front");
  if (given.size() > 1) {
    fail("{} are given together: one of --bits, --size and --front was expected", fmt::join(given, " and "));
  }
  if (goal.bits && (*goal.bits < 2 || *goal.bits > 8)) fail("--bits is {}: 2 to 8 was expected", *goal.bits);
  Job unused;
  if (goal.time) {
    const auto field = std::ranges::find(job_fields(), std::string("search.seconds"), &JobField::key);
    field->set(unused, TomlValue("--time", "the command line", ".", *goal.time));
  }
  if (goal.size) {
    set_budget(unused, TomlValue("--size", "the command line", ".", *goal.size));
  }
}

ImageShares share_images(std::int64_t images, const std::string& origin) {
  if (images < kFewestImages) {
    fail("{} has {} images: {} at least were expected, to search on, to validate on and to be held out", origin, images,
         kFewestImages);
  }
  ImageShares shares;
  shares.seen = std::min(images - (images + 2) / 3, kMostSeen);
  shares.validation = shares.seen / 5;
  shares.block = std::clamp<std::int64_t>(shares.validation / 10, 1, kLargestBlock);
  return shares;
}

Job quantise_job(const QuantiseSource& source, const QuantiseGoal& goal, const std::vector<std::string>& overrides) {
  check_goal(goal);
  const ImageShares shares = share_images(source.images, source.data.string());
  const std::int64_t led_by = shares.seen - shares.validation;
  const std::string output =
      source.output_name.empty() ? "" : fmt::format("output = {}\n", toml_string(source.output_name));
  const std::string text = fmt::format(
      "[network]\npath = {}\n{}"
      "[data]\npath = {}\nsearch = {}\nvalidation = {}\nblock = {}\naugment = \"mix\"\n"
      "[format]\n{}{}scale = \"channel\"\nassignment = \"sequential\"\nmatching = \"always\"\n"
      "[search]\npopulation = 20\n{}temperature = 8.0\n",
      toml_string(source.network.string()), output, toml_string(source.data.string()), shares.seen, shares.validation,
      shares.block, format_lines(goal), pass_lines(goal, led_by), length_lines(goal));
  return parse_job(text, std::filesystem::current_path(), "the job of vbq quantise", overrides);
}

std::string goal_text(const Job& job) {
  const std::string coding = job.format.coding == Coding::entropy
                                 ? ", each layer's levels at their entropy (what zstd and deflate come close to)"
                                 : "";
  if (job.budget) return fmt::format("{} {}{}", job.front ? "all sizes from" : "within", budget_text(job), coding);
  return fmt::format("at most {} levels a layer, each in {} bits", job.format.levels,
                     std::bit_width(static_cast<unsigned>(job.format.levels - 1)));
}

}  // namespace vbq
