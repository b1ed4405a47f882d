// A look at the encoded bytes before protobuf makes objects of them.
#pragma once

#include <string>

namespace vbq {

// Error when the bytes hold so many messages and strings that parsing them would take far more memory than the file has
// bytes (an empty message is two bytes in a file and hundreds in memory), are nested too deeply, or are malformed.
void check_wire(const std::string& content);

}  // namespace vbq
