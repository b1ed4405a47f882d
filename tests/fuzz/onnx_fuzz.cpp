// libFuzzer: any bytes as a network file. Errors are fine; crashes, hangs and large allocations are not.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/log.hpp"
#include "vbq/error.hpp"
#include "vbq/onnx.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vbq::log::set_level(vbq::log::Level::off);
  try {
    vbq::parse_onnx(std::string(data, data + size), "/no/such/folder/fuzz.onnx");
  } catch (const vbq::Error&) {
  }
  return 0;
}
