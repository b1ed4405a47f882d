#include "report/table.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/check.hpp"
#include "core/file.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;
constexpr std::ptrdiff_t kMostColumns = 64;

struct Fields {
  std::vector<std::string> values;  // kMostColumns of them at most
  std::ptrdiff_t count = 0;
  bool quoted = false;  // the last one's quote does not end
};

Fields split(std::string_view line) {
  Fields fields;
  std::string value;
  bool& quoted = fields.quoted;
  const auto end_field = [&] {
    if (++fields.count <= kMostColumns) fields.values.push_back(std::move(value));
    value.clear();
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      value += line[++i];
    } else if (c == '"' && (quoted || value.empty())) {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end_field();
    } else {
      value += c;
    }
  }
  end_field();
  return fields;
}

double number(std::string_view field, const fs::path& path) {
  double value = 0;
  const auto [end, code] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (code != std::errc() || end != field.data() + field.size() || !std::isfinite(value)) {
    fail("{} has the field \"{}\", where a number was expected", path.string(), field.substr(0, 40));
  }
  return value;
}

}  // namespace

bool Table::has(std::string_view name) const { return std::ranges::find(names, name) != names.end(); }

const std::vector<double>& Table::operator[](std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) fail("{} has no column \"{}\"", file, name);
  return columns[static_cast<std::size_t>(found - names.begin())];
}

const std::vector<std::string>& Table::text(std::string_view name) const {
  const auto found = texts.find(name);
  if (found == texts.end()) fail("{} has no column \"{}\"", file, name);
  return found->second;
}

Table read_table(const fs::path& path, std::initializer_list<std::string_view> texts) {
  const std::string content = read_file(path, "table", kLargestTable);
  Table table;
  table.file = path.string();
  std::vector<std::vector<std::string>*> text_of;  // of each column; none: numbers
  for (std::string_view rest(content); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    const auto [fields, count, quoted] = split(line);
    if (quoted) fail("{} has a quote that does not end", path.string());
    if (count > kMostColumns || (!table.names.empty() && count != std::ssize(table.names))) {
      fail("{} has a line of {} fields: {} were expected", path.string(), count,
           table.names.empty() ? kMostColumns : std::ssize(table.names));
    }
    if (table.names.empty()) {
      table.names = fields;
      table.columns.resize(fields.size());
      for (const std::string& name : fields) {
        text_of.push_back(std::ranges::find(texts, name) == texts.end() ? nullptr : &table.texts[name]);
      }
      continue;
    }
    for (std::size_t k = 0; k < fields.size(); ++k) {
      if (text_of[k] != nullptr) {
        text_of[k]->push_back(fields[k]);
      } else {
        table.columns[k].push_back(number(fields[k], path));
      }
    }
  }
  return table;
}

}  // namespace vbq
