// One value of a TOML file with its name, turned into C++ types with one clear sentence where it does not fit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace vbq {

// Text as TOML writes it: a basic string, quotes and all.
std::string toml_string(const std::string& text);

class TomlValue {
 public:
  using Data = std::variant<bool, std::int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

  // key: "search.seed"; where: "job.toml, line 12" or "--set"; folder: what relative paths are relative to.
  TomlValue(std::string key, std::string where, std::filesystem::path folder, Data data)
      : key_(std::move(key)), where_(std::move(where)), folder_(std::move(folder)), data_(std::move(data)) {}

  bool boolean() const;
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  // One, or an array of at least one, each of them once.
  std::vector<std::int64_t> integers(std::int64_t low, std::int64_t high) const;
  double number(double low, double high) const;  // inclusive; an integer will do
  std::string text() const;
  std::vector<double> numbers() const;
  std::vector<std::string> texts() const;
  std::filesystem::path path() const;  // absolute
  bool is_text() const { return std::holds_alternative<std::string>(data_); }
  bool is_auto(const std::string& expected) const;  // the word "auto"; Error on another text
  bool is_texts() const { return std::holds_alternative<std::vector<std::string>>(data_); }

  // The value of the name that the text spells; Error names all of them.
  template <typename T>
  T choice(std::span<const std::pair<const char*, T>> names) const {
    std::string all;
    for (const auto& [name, value] : names) {
      if (is_text() && text() == name) return value;
      all += (all.empty() ? "" : ", ") + std::string(name);
    }
    refuse("one of " + all);
  }

  // "search.seed is "x" in job.toml, line 3: an integer was expected".
  [[noreturn]] void refuse(const std::string& expected) const;

 private:
  std::string shown() const;
  std::string key_, where_;
  std::filesystem::path folder_;
  Data data_;
};

}  // namespace vbq
