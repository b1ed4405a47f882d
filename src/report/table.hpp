// history.csv, timing.csv and others: a head line, then numbers, and text in columns that are known to hold it.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

struct Table {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;  // [names][lines]; nothing of those that hold text
  std::map<std::string, std::vector<std::string>, std::less<>> texts = {};
  std::string file = {};  // for messages

  bool has(std::string_view name) const;
  const std::vector<double>& operator[](std::string_view name) const;  // Error where there is no such column
  const std::vector<std::string>& text(std::string_view name) const;   // likewise
};

// Of at most 64 MiB and 64 columns. texts: columns that hold text, where they are there; fields may be quoted (RFC
// 4180, but for line ends). Error, naming the file, where a line has more or fewer fields than the head, or one of
// another column is no finite number.
Table read_table(const std::filesystem::path& path, std::initializer_list<std::string_view> texts = {});

}  // namespace vbq
