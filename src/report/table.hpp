// history.csv, timing.csv: a head line, then numbers alone.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;  // [names][lines]

  bool has(std::string_view name) const;
  const std::vector<double>& operator[](std::string_view name) const;  // Error where there is no such column
};

// Of at most 64 MiB and 64 columns. Error, naming the file, where a line has more or fewer fields than the head, or one
// is no finite number.
Table read_table(const std::filesystem::path& path);

}  // namespace vbq
