#include "app/comparison.hpp"

#include <utility>

#include "config/names.hpp"
#include "core/log.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "report/score_json.hpp"
#include "run/data_warnings.hpp"
#include "vbq/format_file.hpp"

namespace vbq {
namespace {

double seconds_since(ComparisonClock::time_point start) {
  return std::chrono::duration<double>(ComparisonClock::now() - start).count();
}

}  // namespace

bool possible(const Baseline& baseline, int levels) {
  const bool power = (levels & (levels - 1)) == 0;
  if (baseline.encoding == Encoding::floating) return power && levels >= 4;
  if (baseline.encoding == Encoding::power_of_two) return levels >= 4 && levels % 2 == 0;
  return !baseline.symmetric || levels % 2 == 0;
}

void set_encoding(Format& format, Encoding encoding, bool symmetric) {
  format.encoding = encoding;
  format.symmetric = symmetric;
  if (encoding == Encoding::floating) return;
  format.exponent_bits = 0;
  format.exponent_bias.reset();
}

Comparison::Comparison(Evaluator& evaluator, const ComputeInfo& compute, Setup& base, const RunPlace& place,
                       const CommonOptions& common)
    : evaluator_(evaluator),
      compute_(compute),
      base_(base),
      place_(place),
      common_(common),
      folder_(place.folder, place.start) {}

void Comparison::begin(const Job& job) {
  folder_.write("job.toml", to_toml(job));
  write_tables();  // which mark the folder as a comparison's
  keep_calibration(base_);
  const ComparisonClock::time_point start = ComparisonClock::now();
  ComparedFormat row{"fp32", 0, "as trained", "-", "-"};
  row.size = weight_size(base_.problem.network, QuantisedNetwork());
  row.bytes = row.size.bytes();
  row.search = evaluator_.as_trained(ImageSet::search);
  row.held_out = evaluator_.as_trained(ImageSet::held_out);
  add_warnings(base_.warnings, accuracy_warnings(base_.problem, ImageSet::search, row.search));
  row.seconds = seconds_since(start);
  add_row(std::move(row));
}

void Comparison::add(const Setup& own, const RowWords& words, const QuantisedNetwork& network) {
  const Tally search = evaluator_.score(ImageSet::search, network);
  score(own, words, network, search, -1);
}

std::optional<SearchResult> Comparison::search(Setup own, const RowWords& words, const std::string& folder) {
  RunPlace there = place_;
  there.folder /= folder;
  if (!std::filesystem::exists(there.folder / "job.toml")) there.start = Start::fresh;
  evaluator_.use(own.problem.format);
  JobOutcome outcome = lead_job(own, evaluator_, compute_, there, common_);
  if (outcome.code != 0) return std::nullopt;
  base_.warnings = own.warnings;
  RowWords told = words;
  told.evaluations = outcome.result.evaluations;
  score(own, told, outcome.result.network, outcome.result.quantised.search, outcome.result.seconds);
  return std::move(outcome.result);
}

// seconds: of a search, which may have begun in an earlier start; below 0: since the row was begun.
void Comparison::score(const Setup& own, const RowWords& words, const QuantisedNetwork& network, const Tally& search,
                       double seconds) {
  const Format& format = own.problem.format;
  ComparedFormat row{words.group, format.levels, words.name, name_of<Assignment>(format.assignment, kAssignments),
                     name_of<Matching>(format.matching, kMatchings)};
  row.search = search;
  row.held_out = evaluator_.score(ImageSet::held_out, network);
  row.size = weight_size(base_.problem.network, network);
  row.bytes = (coded_bits(row.size, format.coding) + 7) / 8;
  row.evaluations = words.evaluations;
  row.number = static_cast<int>(rows_.size());
  row.seconds = seconds < 0 ? seconds_since(words.begun) : seconds;
  folder_.write(fmt::format("rows/{:03}/best.json", row.number),
                format_to_json(base_.problem.network, format, {network, own.job.block}));
  add_row(std::move(row));
}

// The files are whole after every row.
void Comparison::add_row(ComparedFormat row) {
  log::info("{}, {}, matched {}: {:.2f} % of {} held-out images", row.codebook, row.assignment, row.matching,
            percent(row.held_out.top1, row.held_out.seen), row.held_out.seen);
  rows_.push_back(std::move(row));
  write_tables();
}

void Comparison::write_tables() const {
  const std::vector<ComparedFormat> rows = sorted_rows(rows_);
  folder_.write("compare.txt", comparison_text(rows));
  folder_.write("compare.csv", comparison_csv(rows));
  folder_.write("compare.json", comparison_json(rows));
}

void Comparison::tell() const {
  const std::vector<ComparedFormat> rows = sorted_rows(rows_);
  if (common_.json) {
    print_json({{"run", place_.folder.string()}, {"formats", Json::parse(comparison_json(rows))}});
  } else {
    print(comparison_text(rows));
  }
}

}  // namespace vbq
