// The version, as CMakeLists.txt states it.
#pragma once

namespace vbq {
inline constexpr const char* kVersion = VBQ_VERSION;
}  // namespace vbq
