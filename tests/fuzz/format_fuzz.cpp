// libFuzzer: any bytes as a best.json. Errors are fine; crashes, hangs and large allocations are not.
#include <cstddef>
#include <cstdint>

#include "support/networks.hpp"
#include "vbq/error.hpp"
#include "vbq/format_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const vbq::Network network = vbq::support::residual_network();
  try {
    vbq::parse_format({reinterpret_cast<const char*>(data), size}, "format", network);
  } catch (const vbq::Error&) {
  }
  return 0;
}
