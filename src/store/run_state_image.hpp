// RunState as the bytes of an HDF5 file, made and read in memory.
#pragma once

#include <string>
#include <string_view>

#include "search/run_state.hpp"

namespace vbq {

// Equal states give equal bytes.
std::string encode_run_state(const RunState& state);

// Bit for bit what was encoded. Error, beginning with `where`, when the image does not hold a RunState.
RunState decode_run_state(std::string_view image, const std::string& where);

}  // namespace vbq
