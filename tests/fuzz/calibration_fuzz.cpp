// libFuzzer: any bytes as a calibration.h5, without its seal, which no mutation would get past. Errors are fine;
// crashes, hangs and large allocations are not.
#include <cstddef>
#include <cstdint>

#include "store/calibration_file.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    vbq::decode_calibration({reinterpret_cast<const char*>(data), size}, nullptr, "calibration");
  } catch (const vbq::Error&) {
  }
  return 0;
}
