// Sizes as they are typed: "75 KiB", "80000 bytes".
#pragma once

#include <cstdint>
#include <string>

#include "config/toml_value.hpp"

namespace vbq {

// A number and what follows it, without spaces between: {2.3, "bits"}. {-1, ""} where no number is first.
struct AmountAndUnit {
  double amount;
  std::string unit;
};
AmountAndUnit amount_and_unit(const std::string& text);

// 1024 of "KiB"; 0 of what is no unit of bytes.
double bytes_of_unit(const std::string& unit);

// Bytes of a key's value: a text such as "2 GiB". Error where it is none, below 0, or above 1 PiB.
std::int64_t read_size(const TomlValue& value);

// In the largest unit of which it is a whole number: "2 GiB", "1025 B".
std::string size_text(std::int64_t bytes);

}  // namespace vbq
