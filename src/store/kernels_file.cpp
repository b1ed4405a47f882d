// Layout, arrays of one axis: key: uint8 [bytes]; numbers_of: int64 [layers]; numbers: int64 [sum of numbers_of]
#include "store/kernels_file.hpp"

#include <string_view>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "store/keyed_file.hpp"
#include "store/memory_image.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::int64_t kMostKernelBytes = std::int64_t{16} << 20;

std::optional<Kernels> decode(std::string_view image, const std::string& key, const std::string& where) {
  const Silence silence;
  const File file = open_image(image, where);
  if (!has_key(file.get(), key, where)) return std::nullopt;
  const auto numbers_of = read_vector<std::int64_t>(file.get(), "numbers_of", where);
  const auto numbers = read_vector<std::int64_t>(file.get(), "numbers", where);
  Kernels kernels;
  auto next = numbers.begin();
  for (const std::int64_t count : numbers_of) {
    if (count < 0 || count > numbers.end() - next) fail("{}: its arrays do not fit together", where);
    kernels.emplace_back(next, next + count);
    next += count;
  }
  if (next != numbers.end()) fail("{}: its arrays do not fit together", where);
  return kernels;
}

}  // namespace

void save_kernels(const std::filesystem::path& path, const Kernels& kernels, const std::string& key) {
  const Silence silence;
  const std::string where = "kernels";
  std::vector<std::int64_t> numbers_of, numbers;
  for (const auto& kernel : kernels) {
    numbers_of.push_back(std::ssize(kernel));
    numbers.insert(numbers.end(), kernel.begin(), kernel.end());
  }
  MemoryImage image(where);
  write_key(image.file(), key, where);
  write_vector<std::int64_t>(image.file(), "numbers_of", numbers_of, where);
  write_vector<std::int64_t>(image.file(), "numbers", numbers, where);
  write_file(path, seal_checkpoint(image.finish()));
}

std::optional<Kernels> load_kernels(const std::filesystem::path& path, const std::string& key) {
  return load_keyed<Kernels>(
      path, "kernels", kMostKernelBytes, "kernels are chosen again",
      [&](std::string_view image, const std::string& where) { return decode(image, key, where); });
}

}  // namespace vbq
