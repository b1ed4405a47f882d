// libFuzzer: any bytes as a checkpoint, and, because no mutation would get past its seal, as what is inside one. Errors
// are fine; crashes, hangs and large allocations are not.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "store/checkpoint_file.hpp"
#include "store/run_state_image.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    vbq::decode_run_state(bytes.starts_with(vbq::kCheckpointMagic) ? vbq::unseal_checkpoint(bytes, "file") : bytes,
                          "checkpoint");
  } catch (const vbq::Error&) {
  }
  return 0;
}
