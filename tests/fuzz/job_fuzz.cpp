// libFuzzer: any bytes as a job.toml. Errors are fine; crashes, hangs and large allocations are not. What is read must
// read the same from its own text.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/job.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text;
  try {
    text = vbq::to_toml(vbq::parse_job(std::string(data, data + size), "/folder", "job.toml", {}));
  } catch (const vbq::Error&) {
    return 0;
  }
  if (vbq::to_toml(vbq::parse_job(text, "/", "job.toml", {})) != text) std::abort();
  return 0;
}
