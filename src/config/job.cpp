#include "config/job.hpp"

#include <algorithm>
#include <bit>
#include <fstream>
#include <sstream>

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#endif
#include <toml++/toml.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

#include "config/job_defaults.hpp"
#include "config/job_fields.hpp"
#include "config/job_rules.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "core/text.hpp"
#include "store/file_kind.hpp"

namespace vbq {
namespace {

constexpr std::uint64_t kJobLimit = 1 << 20;  // bytes; a job file is a page of text

// "search.seed" -> "seed".
std::string name_in_section(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// "did you mean format.matching? (one of never, end, always)", or which keys there are.
std::string key_hint(const std::string& written) {
  const std::string meant = nearest_key(written);
  const std::string section = written.substr(0, written.find('.'));
  std::vector<std::string> in_section, sections;
  for (const JobField& field : job_fields()) {
    const std::string its = field.key.substr(0, field.key.find('.'));
    if (field.key == meant) {
      return fmt::format("did you mean {}?{}", meant,
                         field.spellings.empty() ? "" : " (one of " + field.spellings + ")");
    }
    if (its == section) in_section.push_back(name_in_section(field.key));
    if (std::find(sections.begin(), sections.end(), its) == sections.end()) sections.push_back(its);
  }
  if (!in_section.empty()) return fmt::format("[{}] has {}", section, fmt::join(in_section, ", "));
  return fmt::format("section.key was expected, of the sections {}", fmt::join(sections, ", "));
}

const JobField& find_field(const std::string& key, const std::string& where) {
  for (const JobField& field : job_fields()) {
    if (field.key == key) return field;
  }
  fail("{} is not a known key in {}: {}", key, where, key_hint(key));
}

TomlValue::Data to_data(const toml::node& node, const std::string& key, const std::string& where) {
  if (const auto v = node.value_exact<bool>()) return *v;
  if (const auto v = node.value_exact<std::int64_t>()) return *v;
  if (const auto v = node.value_exact<double>()) return *v;
  if (const auto v = node.value_exact<std::string>()) return *v;
  if (const toml::array* array = node.as_array()) {
    std::vector<double> numbers;
    std::vector<std::string> texts;
    for (const toml::node& item : *array) {
      if (const auto text = item.value_exact<std::string>()) {
        texts.push_back(*text);
      } else if (item.is_number()) {
        numbers.push_back(*item.value<double>());
      } else {
        fail("{} in {} holds something that is neither a number nor a string", key, where);
      }
    }
    if (!numbers.empty() && !texts.empty()) fail("{} in {} mixes numbers and strings", key, where);
    if (!numbers.empty()) return numbers;
    return texts;
  }
  fail("{} in {} is a table, a date or a time: a value was expected", key, where);
}

// The library makes a table for every dot of a key and destroys them by recursion; what it limits itself is the depth
// of arrays and inline tables (256).
constexpr std::ptrdiff_t kMostDots = 10'000;

toml::table parse_text(const std::string& text, const std::string& origin) {
  if (std::count(text.begin(), text.end(), '.') > kMostDots) {
    fail("{} holds more than {} dots, which no job needs", origin, kMostDots);
  }
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& error) {
    fail("{}, line {}: {}", origin, error.source().begin.line, error.description());
  }
}

// One key with its value, checked to be known.
struct Setting {
  const JobField* field;
  TomlValue value;
  std::string where;
};

Setting make_setting(const std::string& key, const toml::node& node, const std::string& where,
                     const std::filesystem::path& folder) {
  const JobField& field = find_field(key, where);
  return {&field, TomlValue(key, where, folder, to_data(node, key, where)), where};
}

Setting read_override(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) fail("--set {}: key=value was expected", text);
  const std::string key = text.substr(0, equals);
  const std::string value = text.substr(equals + 1);
  find_field(key, "--set " + text);  // before the value is looked at
  toml::table table;
  try {
    table = parse_text("value = " + value, "--set");
  } catch (const Error&) {
    table.insert("value", value);  // a bare word is a string
  }
  if (table.size() != 1) fail("--set {}: one value was expected", text);
  return make_setting(key, *table.get("value"), "--set " + text, std::filesystem::current_path());
}

// Two ways to say one thing: whoever overrides one with the other is asked, instead of being guessed at.
void refuse_bits_and_levels(const std::vector<Setting>& settings) {
  const auto last = [&](const char* key) {
    return std::find_if(settings.rbegin(), settings.rend(), [&](const Setting& s) { return s.field->key == key; });
  };
  const auto bits = last("format.bits"), levels = last("format.levels");
  if (bits == settings.rend() || levels == settings.rend()) return;
  fail("format.bits and format.levels are both given (in {}; in {}): one was expected", bits->where, levels->where);
}

// What is often typed in a job's place.
void refuse_other_files(const std::filesystem::path& path) {
  const std::string name = path.string();
  if (identify(path) != FileKind::other) {
    fail("{0} is a dataset or a checkpoint, where a job file (TOML) was expected: vbq info {0} shows what is in it",
         name);
  }
  if (std::ifstream(path, std::ios::binary).peek() == '{') {
    fail("{0} is JSON (a best.json?), where a job file (TOML) was expected: vbq info {0} shows a found format", name);
  }
  if (!looks_like_network(path)) return;
  fail(
      "{0} is a network, where a job file (TOML) was expected: type printf '[network]\\npath = \"{0}\"\\n"
      "[data]\\npath = \"IMAGES\"\\n' > job.toml, with your images for IMAGES, then vbq search job.toml",
      name);
}

}  // namespace

// Whoever leaves the section out, or names another, has the key's own name right: that is looked at first.
std::string nearest_key(const std::string& written) {
  const std::string name = name_in_section(written);
  const bool plain = name == written;
  const std::string section = written.substr(0, written.size() - name.size());  // with its dot
  std::vector<std::string> all, keys, names;
  for (const JobField& field : job_fields()) {
    if (name_in_section(field.key) == name) return field.key;
    all.push_back(field.key);
    if (!plain && !field.key.starts_with(section)) continue;
    keys.push_back(field.key);
    names.push_back(name_in_section(field.key));
  }
  if (keys.empty()) return nearest_name(written, all);  // no such section
  std::string nearest = nearest_name(name, names);
  if (nearest.empty()) return nearest;
  return keys[static_cast<std::size_t>(std::find(names.begin(), names.end(), nearest) - names.begin())];
}

Job parse_job(const std::string& text, const std::filesystem::path& folder, const std::string& origin,
              const std::vector<std::string>& overrides) {
  const toml::table table = parse_text(text, origin);
  std::vector<Setting> settings;
  for (const auto& [section, node] : table) {
    const std::string name(section.str());
    const toml::table* keys = node.as_table();
    if (keys == nullptr) {
      const std::string meant = nearest_key(name);
      fail("{} is given outside a section in {}, line {}: [section] lines were expected{}", name, origin,
           node.source().begin.line,
           meant.empty()
               ? meant
               : fmt::format(" (did you mean {} in [{}]?)", name_in_section(meant), meant.substr(0, meant.find('.'))));
    }
    for (const auto& [key, value] : *keys) {
      const std::string where = fmt::format("{}, line {}", origin, value.source().begin.line);
      settings.push_back(make_setting(name + "." + std::string(key.str()), value, where, folder));
    }
  }
  for (const std::string& text_override : overrides) settings.push_back(read_override(text_override));
  refuse_bits_and_levels(settings);
  // A preset first: it is a set of defaults. Otherwise in order, so that --set wins.
  std::stable_partition(settings.begin(), settings.end(),
                        [](const Setting& s) { return s.field->key == "search.preset"; });
  Job job;
  for (const Setting& setting : settings) setting.field->set(job, setting.value);
  const auto given = [&](const char* key) {
    return std::ranges::any_of(settings, [&](const Setting& s) { return s.field->key == key; });
  };
  take_best_defaults(job, given);
  complete(job, given);
  validate(job, origin);
  for (const int levels : job.sweep) validate(job_of_width(job, levels), origin);
  return job;
}

Job read_job(const std::filesystem::path& path, const std::vector<std::string>& overrides) {
  refuse_other_files(path);
  const std::string text = read_file(path, "job file", kJobLimit);
  return parse_job(text, std::filesystem::absolute(path).parent_path(), path.string(), overrides);
}

std::string to_toml(const Job& job) {
  std::ostringstream out;
  std::string open;
  for (const JobField& field : job_fields()) {
    const auto dot = field.key.find('.');
    const std::string section = field.key.substr(0, dot);
    const std::string value = field.get(job);
    if (value.empty()) continue;
    if (section != open) out << (open.empty() ? "" : "\n") << '[' << section << "]\n";
    open = section;
    out << field.key.substr(dot + 1) << " = " << value << '\n';
  }
  return out.str();
}

std::string budget_text(const Budget& budget) {
  if (budget.unit == Budget::Unit::bytes) return fmt::format("{} bytes", budget.amount);
  return fmt::format("{} {} a weight", budget.amount, budget.amount == 1 ? "bit" : "bits");
}

std::string budget_text(const Job& job) {
  if (!job.front) return budget_text(*job.budget);
  return fmt::format("{} to {}", job.front->least.amount, budget_text(job.front->most));
}

Job job_of_width(Job job, int levels) {
  job.format.levels = levels;
  job.sweep.clear();
  return job;
}

std::string width_name(int levels) {
  const bool whole = std::has_single_bit(static_cast<unsigned>(levels));
  return whole ? fmt::format("{}bit", std::countr_zero(static_cast<unsigned>(levels)))
               : fmt::format("{}levels", levels);
}

int levels_of_width(const std::string& name) {
  for (int levels = 2; levels <= 256; ++levels) {
    if (name == width_name(levels)) return levels;
  }
  return 0;
}

}  // namespace vbq
