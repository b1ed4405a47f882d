#include "config/size_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <utility>

namespace vbq {
namespace {

constexpr double kKiB = 1024, kMiB = kKiB * kKiB, kGiB = kKiB * kMiB;
constexpr std::pair<const char*, double> kByteUnits[] = {{"GiB", kGiB}, {"MiB", kMiB}, {"KiB", kKiB}, {"B", 1},
                                                         {"byte", 1},   {"bytes", 1},  {"KB", 1e3},   {"kB", 1e3},
                                                         {"MB", 1e6},   {"GB", 1e9}};

}  // namespace

AmountAndUnit amount_and_unit(const std::string& text) {
  double amount = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (code != std::errc()) return {-1, ""};
  std::string unit(end, text.data() + text.size());
  unit.erase(0, unit.find_first_not_of(' '));
  return {amount, std::move(unit)};
}

double bytes_of_unit(const std::string& unit) {
  for (const auto& [name, bytes] : kByteUnits) {
    if (unit == name) return bytes;
  }
  return 0;
}

std::int64_t read_size(const TomlValue& value) {
  const char* expected = "a size such as \"2 GiB\" or \"500 MiB\"; \"0 B\" for none";
  const auto [amount, unit] = amount_and_unit(value.is_text() ? value.text() : "");
  const double bytes = amount * bytes_of_unit(unit);
  if (bytes_of_unit(unit) == 0 || !(bytes >= 0) || bytes > kGiB * kMiB) value.refuse(expected);
  return std::llround(bytes);
}

std::string size_text(std::int64_t bytes) {
  for (const auto& [name, unit] : kByteUnits) {
    const auto whole = static_cast<std::int64_t>(unit);
    if (bytes % whole == 0 && (bytes > 0 || whole == 1)) return fmt::format("{} {}", bytes / whole, name);
  }
  return fmt::format("{} B", bytes);
}

}  // namespace vbq
