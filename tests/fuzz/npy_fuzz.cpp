// libFuzzer: any bytes as a .npy array. Errors are fine; crashes, hangs and large allocations are not.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "data/npy.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = ::memfd_create("fuzz.npy", 0);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  try {
    const vbq::NpyArray array = vbq::read_npy("/proc/self/fd/" + std::to_string(file));
    if (array.as_floats().size() != static_cast<std::size_t>(array.elements())) std::abort();
    array.as_integers();
  } catch (const vbq::Error&) {
  }
  ::close(file);
  return 0;
}
