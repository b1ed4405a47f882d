#include "config/job_fields.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "config/job_budget.hpp"
#include "config/job_times.hpp"
#include "config/names.hpp"
#include "config/size_text.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

// TOML floats need a point or an exponent.
std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

template <typename T, typename Show>
std::string array_text(const std::vector<T>& values, Show show) {
  std::string text;
  for (const T& v : values) text += (text.empty() ? "" : ", ") + show(v);
  return "[" + text + "]";
}

std::string bool_text(bool value) { return value ? "true" : "false"; }

// One enumerated key.
template <typename T>
JobField choice_field(std::string key, std::function<T&(Job&)> member, std::span<const Name<T>> names) {
  std::vector<std::string> spellings;
  for (const auto& [name, value] : names) spellings.emplace_back(name);
  return {std::move(key), [member, names](Job& job, const TomlValue& v) { member(job) = v.choice<T>(names); },
          [member, names](const Job& job) {
            Job copy = job;
            return toml_string(name_of(member(copy), names));
          },
          true, fmt::format("{}", fmt::join(spellings, ", "))};
}

// One whole number, from `least` to `most`. member(job): a reference to it.
template <typename Member>
JobField whole_field(std::string key, std::int64_t least, std::int64_t most, Member member, bool of_results = true) {
  return {std::move(key),
          [=](Job& job, const TomlValue& v) {
            auto& number = member(job);
            number = static_cast<std::remove_reference_t<decltype(number)>>(v.integer(least, most));
          },
          [=](const Job& job) { return fmt::format("{}", member(job)); }, of_results};
}

double whole_or_share(double amount, const TomlValue& value) {
  if (amount > 1 && amount != std::floor(amount)) value.refuse("a whole number of images, or a share from 0 to 1");
  return amount;
}

// 1 is one image; 1.0 and below are shares.
double read_amount(const TomlValue& value) {
  const double amount = value.number(0, 1e15);
  if (amount <= 0) value.refuse("a number of images, or a share from 0 to 1");
  return whole_or_share(amount, value);
}

std::string amount_text(double amount) { return amount > 1 ? fmt::format("{:.0f}", amount) : number_text(amount); }

// A number, or "gene", which "auto" is another word for.
std::optional<double> read_rate(const TomlValue& value) {
  if (!value.is_text()) return value.number(0, 1e6);
  if (value.text() != "gene" && value.text() != "auto") value.refuse("a number from 0, or \"gene\"");
  return std::nullopt;
}

// One width, or several: a sweep.
void set_widths(Job& job, const std::vector<std::int64_t>& widths) {
  job.format.levels = static_cast<int>(widths.front());
  job.sweep.clear();
  if (widths.size() > 1) job.sweep.assign(widths.begin(), widths.end());
}

// Whether format.bits can say the widths: then it does, and format.levels is left out.
bool whole_bits(const Job& job) {
  const auto whole = [](int levels) { return levels >= 4 && std::has_single_bit(static_cast<unsigned>(levels)); };
  return job.sweep.empty() ? whole(job.format.levels) : std::all_of(job.sweep.begin(), job.sweep.end(), whole);
}

template <typename Show>
std::string widths_text(const Job& job, Show show) {
  return job.sweep.empty() ? show(job.format.levels) : array_text(job.sweep, show);
}

void add_network(std::vector<JobField>& fields) {
  fields.push_back({"network.path", [](Job& j, const TomlValue& v) { j.network = v.path(); },
                    [](const Job& j) { return toml_string(j.network.string()); }, false});
  // Not compared at a resume: the networks are, and the first of several outputs may be named or not.
  fields.push_back(
      {"network.output", [](Job& j, const TomlValue& v) { j.network_output = v.text(); },
       [](const Job& j) { return j.network_output.empty() ? std::string() : toml_string(j.network_output); }, false});
  fields.push_back({"network.skip", [](Job& j, const TomlValue& v) { j.format.skip = v.texts(); },
                    [](const Job& j) { return array_text(j.format.skip, toml_string); }});
}

void add_data(std::vector<JobField>& fields) {
  const auto real = [](double v) { return number_text(v); };
  fields.push_back({"data.path", [](Job& j, const TomlValue& v) { j.data = v.path(); },
                    [](const Job& j) { return toml_string(j.data.string()); }, false});
  fields.push_back({"data.calibration", [](Job& j, const TomlValue& v) { j.calibration = v.path(); },
                    [](const Job& j) { return j.calibration ? toml_string(j.calibration->string()) : std::string(); },
                    false});
  fields.push_back({"data.search", [](Job& j, const TomlValue& v) { j.search_images = read_amount(v); },
                    [](const Job& j) { return j.search_images == 0 ? "" : amount_text(j.search_images); }});
  fields.push_back({"data.validation",
                    [](Job& j, const TomlValue& v) {
                      j.validation_images = v.is_auto("a whole number of images, a share from 0 to 1, or \"auto\"")
                                                ? kAuto
                                                : whole_or_share(v.number(0, 1e15), v);
                    },
                    [](const Job& j) {
                      return j.validation_images == kAuto ? toml_string("auto") : amount_text(j.validation_images);
                    }});
  fields.push_back(whole_field(
      "data.block", 1, 65536, [](auto& j) -> auto& { return j.block; }));
  fields.push_back(choice_field<Augment>(
      "data.augment", [](Job& j) -> Augment& { return j.augment; }, kAugments));
  fields.push_back({"data.mean", [](Job& j, const TomlValue& v) { j.mean = v.numbers(); },
                    [real](const Job& j) { return array_text(j.mean, real); }});
  fields.push_back({"data.std", [](Job& j, const TomlValue& v) { j.std = v.numbers(); },
                    [real](const Job& j) { return array_text(j.std, real); }});
  fields.push_back({"data.allow_different_normalisation",
                    [](Job& j, const TomlValue& v) { j.allow_different_normalisation = v.boolean(); },
                    [](const Job& j) { return bool_text(j.allow_different_normalisation); }, false});
  fields.push_back({"data.label_offset",
                    [](Job& j, const TomlValue& v) { j.label_offset = v.integer(-(1 << 24), 1 << 24); },
                    [](const Job& j) { return j.label_offset ? fmt::format("{}", *j.label_offset) : std::string(); }});
}

void add_format(std::vector<JobField>& fields) {
  fields.push_back({"format.bits",
                    [](Job& j, const TomlValue& v) {
                      set_widths(j, v.integers(2, 8));
                      j.format.levels = 1 << j.format.levels;
                      for (int& levels : j.sweep) levels = 1 << levels;
                    },
                    [](const Job& j) {
                      const auto bits = [](int levels) {
                        return fmt::format("{}", std::bit_width(unsigned(levels)) - 1);
                      };
                      return whole_bits(j) ? widths_text(j, bits) : std::string();
                    }});
  fields.push_back({"format.levels", [](Job& j, const TomlValue& v) { set_widths(j, v.integers(2, 256)); },
                    [](const Job& j) {
                      const auto number = [](int levels) { return fmt::format("{}", levels); };
                      return whole_bits(j) ? std::string() : widths_text(j, number);
                    }});
  fields.push_back(choice_field<Encoding>(
      "format.encoding", [](Job& j) -> Encoding& { return j.format.encoding; }, kEncodings));
  fields.push_back({"format.rate", [](Job& j, const TomlValue& v) { j.format.rate = read_rate(v); },
                    [](const Job& j) { return j.format.rate ? number_text(*j.format.rate) : toml_string("gene"); }});
  fields.push_back(whole_field(
      "format.refit", 0, kMostRefit, [](auto& j) -> auto& { return j.format.refit; }));
  fields.push_back(choice_field<LevelValues>(
      "format.level_values", [](Job& j) -> LevelValues& { return j.format.level_values; }, kLevelValues));
  fields.push_back(whole_field(
      "format.activations", 0, 8, [](auto& j) -> auto& { return j.format.activations; }));
  fields.push_back(choice_field<Coding>(
      "format.coding", [](Job& j) -> Coding& { return j.format.coding; }, kCodings));
  fields.push_back({"format.budget", set_budget, toml_budget});
  fields.push_back({"format.symmetric", [](Job& j, const TomlValue& v) { j.format.symmetric = v.boolean(); },
                    [](const Job& j) { return bool_text(j.format.symmetric); }});
  fields.push_back(whole_field(
      "format.exponent_bits", 0, 7, [](auto& j) -> auto& { return j.format.exponent_bits; }));
  fields.push_back(
      {"format.exponent_bias", [](Job& j, const TomlValue& v) { j.format.exponent_bias = v.number(-1000, 1000); },
       [](const Job& j) { return j.format.exponent_bias ? number_text(*j.format.exponent_bias) : std::string(); }});
  fields.push_back({"format.biases", [](Job& j, const TomlValue& v) { j.format.biases = v.boolean(); },
                    [](const Job& j) { return bool_text(j.format.biases); }});
  fields.push_back(choice_field<Scope>(
      "format.scope", [](Job& j) -> Scope& { return j.format.scope; }, kScopes));
  fields.push_back(choice_field<ScaleScope>(
      "format.scale", [](Job& j) -> ScaleScope& { return j.format.scale; }, kScales));
  fields.push_back(choice_field<ScaleBy>(
      "format.scale_by", [](Job& j) -> ScaleBy& { return j.format.scale_by; }, kScaleBy));
  fields.push_back(choice_field<Assignment>(
      "format.assignment", [](Job& j) -> Assignment& { return j.format.assignment; }, kAssignments));
  fields.push_back(choice_field<Matching>(
      "format.matching", [](Job& j) -> Matching& { return j.format.matching; }, kMatchings));
  fields.push_back(whole_field(
      "format.matching_images", 1, 1000000, [](auto& j) -> auto& { return j.format.matching_images; }));
  fields.push_back({"format.delivery_images",
                    [](Job& j, const TomlValue& v) {
                      j.format.delivery_images = v.is_auto("an integer from 0 to 1000000, or \"auto\"")
                                                     ? kAuto
                                                     : static_cast<int>(v.integer(0, 1000000));
                    },
                    [](const Job& j) {
                      const int images = j.format.delivery_images;
                      return images == kAuto ? toml_string("auto") : std::to_string(images);
                    }});
}

void add_search(std::vector<JobField>& fields) {
  fields.push_back(choice_field<Method>(
      "search.method", [](Job& j) -> Method& { return j.search.method; }, kMethods));
  // A preset is a whole recipe; parse_job() applies it before any other key, so that those can change parts of it.
  fields.push_back({"search.preset",
                    [](Job& j, const TomlValue& v) {
                      j.search.operators = v.choice<Operators>(kPresets);
                      if (j.search.operators != Operators::nogami2018) return;
                      j.search.method = Method::genetic;
                      j.search.population = 50;
                      j.generations = 200;
                      j.search.mutation = 0.2;
                      j.search.crossover = 0.5;
                      j.search.reproduction = 0.3;
                      j.fitness = Fitness::top1;
                    },
                    [](const Job& j) { return toml_string(name_of<Operators>(j.search.operators, kPresets)); }});
  fields.push_back(whole_field(
      "search.population", 2, 100000, [](auto& j) -> auto& { return j.search.population; }));
  fields.push_back(whole_field(
      "search.generations", 1, 1000000000, [](auto& j) -> auto& { return j.generations; }, false));
  fields.push_back({"search.seconds", [](Job& j, const TomlValue& v) { j.seconds = read_seconds(v); },
                    [](const Job& j) { return number_text(j.seconds); }, false});
  fields.push_back(whole_field(
      "search.patience", 0, 1000000000, [](auto& j) -> auto& { return j.patience; }, false));
  fields.push_back(choice_field<Fitness>(
      "search.fitness", [](Job& j) -> Fitness& { return j.fitness; }, kFitness));
  fields.push_back({"search.temperature", [](Job& j, const TomlValue& v) { j.temperature = v.number(0.01, 1000); },
                    [](const Job& j) { return number_text(j.temperature); }});
  fields.push_back(whole_field(
      "search.fitness_images", 0, 1000000000, [](auto& j) -> auto& { return j.fitness_images; }));
  fields.push_back({"search.racing", [](Job& j, const TomlValue& v) { j.racing = v.number(0, 0.5); },
                    [](const Job& j) { return number_text(j.racing); }});
  fields.push_back(whole_field(
      "search.seed", 0, INT64_MAX, [](auto& j) -> auto& { return j.search.seed; }));
  const auto rate = [](std::string key, double SearchOptions::*member) {
    return JobField{std::move(key), [member](Job& j, const TomlValue& v) { j.search.*member = v.number(0, 1); },
                    [member](const Job& j) { return number_text(j.search.*member); }};
  };
  fields.push_back(rate("search.mutation", &SearchOptions::mutation));
  fields.push_back(rate("search.crossover", &SearchOptions::crossover));
  fields.push_back(rate("search.reproduction", &SearchOptions::reproduction));
  fields.push_back({"search.surrogate", [](Job& j, const TomlValue& v) { j.search.surrogate = v.boolean(); },
                    [](const Job& j) { return bool_text(j.search.surrogate); }});
}

// In the order in which job.toml has them.
std::vector<JobField> make_fields() {
  std::vector<JobField> fields;
  add_network(fields);
  add_data(fields);
  add_format(fields);
  add_search(fields);
  fields.push_back({"run.checkpoint", [](Job& j, const TomlValue& v) { j.checkpoint = read_interval(v); },
                    [](const Job& j) { return interval_text(j.checkpoint); }, false});
  fields.push_back({"run.cache", [](Job& j, const TomlValue& v) { j.cache = v.text(); },
                    [](const Job& j) { return toml_string(j.cache); }, false});
  fields.push_back({"run.memory", [](Job& j, const TomlValue& v) { j.memory = read_size(v); },
                    [](const Job& j) { return toml_string(size_text(j.memory)); }, false});
  for (JobField& field : fields) {
    const auto text = std::ranges::find(key_texts(), field.key, &KeyText::key);
    if (text == key_texts().end()) fail_internal("{} is a key of a job without words for it", field.key);
    field.text = *text;
  }
  return fields;
}

}  // namespace

std::span<const JobField> job_fields() {
  static const std::vector<JobField> fields = make_fields();
  return fields;
}

}  // namespace vbq
