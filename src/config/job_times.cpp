#include "config/job_times.hpp"

#include <charconv>
#include <optional>

#include "core/check.hpp"

namespace vbq {
namespace {

// "5min", "30s", "2h"; none for another text.
std::optional<double> seconds_of(const std::string& text) {
  double amount = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), amount);
  const std::string unit(end, text.data() + text.size());
  if (code != std::errc() || !(amount > 0) || amount > 1e6) return std::nullopt;
  if (unit == "s") return amount;
  if (unit == "min") return 60 * amount;
  if (unit == "h") return 3600 * amount;
  return std::nullopt;
}

}  // namespace

CheckpointInterval read_interval(const TomlValue& value) {
  if (!value.is_text()) return {static_cast<int>(value.integer(1, 1000000000)), 0};
  const std::optional<double> seconds = seconds_of(value.text());
  if (!seconds) value.refuse("a number of generations, or a time such as \"30s\", \"5min\" or \"1h\"");
  return {0, *seconds};
}

double read_seconds(const TomlValue& value) {
  if (!value.is_text()) return value.number(0, 1e9);
  const std::optional<double> seconds = seconds_of(value.text());
  if (!seconds) value.refuse("a number of seconds, or a time such as \"30s\", \"5min\" or \"1h\"");
  return *seconds;
}

std::string interval_text(const CheckpointInterval& interval) {
  if (interval.seconds > 0) return toml_string(fmt::format("{}s", interval.seconds));
  return fmt::format("{}", interval.generations);
}

}  // namespace vbq
