#include "config/toml_value.hpp"

#include <algorithm>
#include <cmath>

#include "core/check.hpp"

namespace vbq {

std::string toml_string(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string TomlValue::shown() const {
  struct Show {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return fmt::format("\"{}\"", v.substr(0, 80)); }
    std::string operator()(const std::vector<double>&) const { return "an array of numbers"; }
    std::string operator()(const std::vector<std::string>& v) const {
      return v.empty() ? "an empty array" : "an array of strings";
    }
  };
  return std::visit(Show{}, data_);
}

void TomlValue::refuse(const std::string& expected) const {
  fail("{} is {} in {}: {} was expected", key_, shown(), where_, expected);
}

bool TomlValue::boolean() const {
  if (const auto* v = std::get_if<bool>(&data_)) return *v;
  refuse("true or false");
}

std::int64_t TomlValue::integer(std::int64_t low, std::int64_t high) const {
  const auto* v = std::get_if<std::int64_t>(&data_);
  if (v == nullptr || *v < low || *v > high) refuse(fmt::format("an integer from {} to {}", low, high));
  return *v;
}

std::vector<std::int64_t> TomlValue::integers(std::int64_t low, std::int64_t high) const {
  const auto* array = std::get_if<std::vector<double>>(&data_);
  if (const auto* texts = std::get_if<std::vector<std::string>>(&data_); texts != nullptr) {
    refuse(fmt::format("an integer from {} to {}, or an array of at least one", low, high));
  }
  if (array == nullptr) return {integer(low, high)};
  std::vector<std::int64_t> values;
  for (const double v : *array) {
    const bool whole = v >= static_cast<double>(low) && v <= static_cast<double>(high) && v == std::floor(v);
    if (!whole) fail("{} holds {} in {}: integers from {} to {} were expected", key_, v, where_, low, high);
    const auto value = static_cast<std::int64_t>(v);
    if (std::find(values.begin(), values.end(), value) != values.end()) {
      fail("{} holds {} twice in {}: each once was expected", key_, value, where_);
    }
    values.push_back(value);
  }
  return values;
}

double TomlValue::number(double low, double high) const {
  double value = NAN;
  if (const auto* v = std::get_if<double>(&data_)) value = *v;
  if (const auto* v = std::get_if<std::int64_t>(&data_)) value = static_cast<double>(*v);
  if (!(value >= low && value <= high)) refuse(fmt::format("a number from {} to {}", low, high));
  return value;
}

std::string TomlValue::text() const {
  if (const auto* v = std::get_if<std::string>(&data_)) return *v;
  refuse("a string");
}

std::vector<double> TomlValue::numbers() const {
  if (const auto* v = std::get_if<std::vector<double>>(&data_)) return *v;
  if (const auto* v = std::get_if<std::vector<std::string>>(&data_); v != nullptr && v->empty()) return {};
  refuse("an array of numbers");
}

std::vector<std::string> TomlValue::texts() const {
  if (const auto* v = std::get_if<std::vector<std::string>>(&data_)) return *v;
  refuse("an array of strings");
}

bool TomlValue::is_auto(const std::string& expected) const {
  if (!is_text()) return false;
  if (text() != "auto") refuse(expected);
  return true;
}

std::filesystem::path TomlValue::path() const {
  const std::string spelled = text();
  if (spelled.empty()) refuse("a path");
  return std::filesystem::absolute(folder_ / spelled).lexically_normal();
}

}  // namespace vbq
