// Small helpers for messages.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vbq {

// The candidate with the smallest edit distance to `name`; empty when there is none. For "did you mean".
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace vbq
