// libFuzzer: any bytes as a photo (JPEG, PNG). Errors are fine; crashes, hangs and large allocations are not.
#include <cstddef>
#include <cstdint>

#include "data/picture.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    vbq::decode_picture({data, size}, "photo");
  } catch (const vbq::Error&) {
  }
  return 0;
}
