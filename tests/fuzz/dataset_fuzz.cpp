// libFuzzer: any bytes as a dataset file (HDF5), opened and read whole. Errors are fine; crashes, hangs and large
// allocations are not.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/log.hpp"
#include "data/dataset_hash.hpp"
#include "vbq/dataset_file.hpp"
#include "vbq/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vbq::log::set_level(vbq::log::Level::off);
  const int file = ::memfd_create("fuzz.h5", 0);
  if (file < 0 || ::write(file, data, size) != static_cast<ssize_t>(size)) std::abort();
  try {
    vbq::verify_hash(*vbq::open_dataset("/proc/self/fd/" + std::to_string(file)));
  } catch (const vbq::Error&) {
  }
  ::close(file);
  return 0;
}
