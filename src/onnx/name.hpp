// Names from a file, made fit for messages and for other files.
#pragma once

#include <string>

namespace vbq {

// Valid UTF-8 without control characters ('?' for each byte that is not), at most 200 bytes.
std::string clean_name(const std::string& name);

}  // namespace vbq
