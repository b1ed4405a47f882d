// Short ways to throw Error with a formatted sentence.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "vbq/error.hpp"

namespace vbq {

// Bad input: "what was found, what was expected, where".
template <typename... Args>
[[noreturn]] void fail(fmt::format_string<Args...> sentence, Args&&... args) {
  throw Error(fmt::format(sentence, std::forward<Args>(args)...));
}

// Our own mistake, or a library's.
template <typename... Args>
[[noreturn]] void fail_internal(fmt::format_string<Args...> sentence, Args&&... args) {
  throw Error(fmt::format(sentence, std::forward<Args>(args)...), Fault::internal);
}

}  // namespace vbq
