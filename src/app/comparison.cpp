#include "app/comparison.hpp"

#include <utility>

#include "config/job_lines.hpp"
#include "config/names.hpp"
#include "core/clock.hpp"
#include "core/log.hpp"
#include "json/json.hpp"
#include "report/conclusion.hpp"
#include "report/output.hpp"
#include "report/report.hpp"
#include "report/score_json.hpp"
#include "run/conclude.hpp"
#include "run/data_warnings.hpp"
#include "run/kept_kernels.hpp"
#include "search/fitness.hpp"
#include "vbq/format_file.hpp"

namespace vbq {
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

ComparedRows::ComparedRows(Evaluator& evaluator, const ComputeInfo& compute, Setup& base, const RunPlace& place,
                           const CommonOptions& common)
    : evaluator_(evaluator),
      compute_(compute),
      base_(base),
      place_(place),
      common_(common),
      folder_(place.folder, place.start) {
  evaluator_.keep_blocks();
}

void ComparedRows::begin(const Job& job) {
  folder_.write("job.toml", to_toml(job));
  write_tables();  // which mark the folder as a comparison's
  keep_calibration(base_);
  keep_kernels(base_, compute_.kernels);
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

double ComparedRows::add(const Setup& own, const RowWords& words, const QuantisedNetwork& network) {
  ComparedFormat row = row_of(own, words, network);
  row.search = evaluator_.score(ImageSet::search, network);
  row.seconds = seconds_since(words.begun);
  row.job_lines = job_lines(own.job, JobPart::format);
  const double found = fitness(row.search, own.job.fitness);
  add_row(std::move(row));
  return found;
}

std::optional<SearchResult> ComparedRows::search(Setup own, const RowWords& words, const std::string& folder) {
  RunPlace there = place_;
  there.folder /= folder;
  if (!std::filesystem::exists(there.folder / "job.toml")) there.start = Start::fresh;
  evaluator_.use(own.problem.format);
  JobOutcome outcome = lead_job(own, evaluator_, compute_, there, common_);
  if (outcome.code != 0) return std::nullopt;
  base_.warnings = own.warnings;
  ComparedFormat row = row_of(own, words, outcome.result.network);
  row.search = outcome.result.quantised.search;
  row.seconds = outcome.result.seconds;
  row.evaluations = outcome.result.evaluations;
  row.searched = true;
  row.job_lines = job_lines(own.job, JobPart::format_and_search);
  add_row(std::move(row));
  return std::move(outcome.result);
}

// All but the search's images, and what it took.
ComparedFormat ComparedRows::row_of(const Setup& own, const RowWords& words, const QuantisedNetwork& network) {
  const Format& format = own.problem.format;
  ComparedFormat row{words.group, format.levels, words.name, name_of<Assignment>(format.assignment, kAssignments),
                     name_of<Matching>(format.matching, kMatchings)};
  row.held_out_blocks = evaluator_.score_blocks(ImageSet::held_out, network);
  for (const Tally& block : row.held_out_blocks) row.held_out += block;
  row.size = weight_size(base_.problem.network, network);
  row.bytes = (coded_bits(row.size, format.coding) + 7) / 8;
  row.evaluations = words.evaluations;
  row.number = static_cast<int>(rows_.size());
  folder_.write(fmt::format("rows/{:03}/best.json", row.number),
                format_to_json(base_.problem.network, format, {network, own.job.block}));
  return row;
}

// The files are whole after every row.
void ComparedRows::add_row(ComparedFormat row) {
  log::info("{}, {}, matched {}: {:.2f} % of {} held-out images", row.codebook, row.assignment, row.matching,
            percent(row.held_out.top1, row.held_out.seen), row.held_out.seen);
  rows_.push_back(std::move(row));
  write_tables();
}

void ComparedRows::write_tables() const {
  const std::vector<ComparedFormat> rows = sorted_rows(rows_);
  folder_.write("compare.txt", comparison_text(rows));
  folder_.write("compare.csv", comparison_csv(rows));
  folder_.write("compare.json", comparison_json(rows));
}

void ComparedRows::tell() const {
  const std::vector<ComparedFormat> rows = sorted_rows(rows_);
  const std::vector<Conclusion> conclusions = conclude(rows);
  const std::string text = conclusion_text(rows, conclusions), table = comparison_text(rows) + "\n" + text;
  const Json json = conclusion_json(rows, conclusions);
  folder_.write("compare.txt", table);
  folder_.write("conclusion.json", json_text({{"text", text}, {"conclusions", json}}, 2) + "\n");
  folder_.write("report.html", comparison_html(place_.folder));
  if (common_.json) {
    print_json(
        {{"run", place_.folder.string()}, {"formats", Json::parse(comparison_json(rows))}, {"conclusions", json}});
  } else {
    print(table);
  }
}

}  // namespace vbq
