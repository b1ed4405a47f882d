// Small helpers for messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vbq {

// The candidate with the smallest edit distance to `name`, for "did you mean"; empty where none is near: at most 3, and
// less than half of the name.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace vbq
