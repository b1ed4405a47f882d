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

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
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
  if (found == names.end()) fail("a table has no column \"{}\"", name);
  return columns[static_cast<std::size_t>(found - names.begin())];
}

Table read_table(const fs::path& path) {
  const std::string text = read_file(path, "table", kLargestTable);
  Table table;
  for (std::string_view rest(text); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty()) continue;
    const std::ptrdiff_t count = std::count(line.begin(), line.end(), ',') + 1;
    if (count > kMostColumns || (!table.names.empty() && count != std::ssize(table.names))) {
      fail("{} has a line of {} fields: {} were expected", path.string(), count,
           table.names.empty() ? kMostColumns : std::ssize(table.names));
    }
    const auto fields = split(line, ',');
    if (table.names.empty()) {
      table.names.assign(fields.begin(), fields.end());
      table.columns.resize(fields.size());
      continue;
    }
    for (std::size_t k = 0; k < fields.size(); ++k) table.columns[k].push_back(number(fields[k], path));
  }
  return table;
}

}  // namespace vbq
