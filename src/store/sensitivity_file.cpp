// Layout, arrays of one axis: key: uint8 [bytes]; choices_of: int64 [layers]; bits: int64 [sum of choices_of]; tallies:
// int64 [5 (1 + sum of choices_of)]: seen, top1, top5, loss, divergence of the network as trained, then of each choice.
#include "store/sensitivity_file.hpp"

#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "store/keyed_file.hpp"
#include "store/memory_image.hpp"
#include "store/tally_numbers.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::int64_t kSmallParts = std::int64_t{1} << 20;         // bytes of all that are not a choice's numbers
constexpr std::int64_t kMostBytes = std::int64_t{64} << 20;         // of a file that is read whatever it is of
constexpr std::int64_t kChoiceBytes = 8 * (1 + kTallyNumbers + 1);  // its layer's share of choices_of counted in

std::string encode(const Sensitivity& sensitivity, const std::string& key) {
  const Silence silence;
  const std::string where = "sensitivities";
  std::vector<std::int64_t> choices_of, bits, tallies;
  append(tallies, sensitivity.as_trained);
  for (const std::vector<Alone>& choices : sensitivity.layers) {
    choices_of.push_back(std::ssize(choices));
    for (const Alone& one : choices) {
      bits.push_back(one.bits);
      append(tallies, one.tally);
    }
  }
  MemoryImage image(where);
  write_key(image.file(), key, where);
  write_vector<std::int64_t>(image.file(), "choices_of", choices_of, where);
  write_vector<std::int64_t>(image.file(), "bits", bits, where);
  write_vector<std::int64_t>(image.file(), "tallies", tallies, where);
  return seal_checkpoint(image.finish());
}

Sensitivity decode(hid_t file, const std::string& where) {
  const auto choices_of = read_vector<std::int64_t>(file, "choices_of", where);
  const auto bits = read_vector<std::int64_t>(file, "bits", where);
  const auto tallies = read_vector<std::int64_t>(file, "tallies", where);
  if (tallies.size() != kTallyNumbers * (1 + bits.size())) fail("{}: its arrays do not fit together", where);
  Sensitivity sensitivity{tally_at(tallies, 0), {}};
  std::size_t next = 0;
  for (const std::int64_t count : choices_of) {
    if (count < 0 || static_cast<std::uint64_t>(count) > bits.size() - next) {
      fail("{}: its arrays do not fit together", where);
    }
    std::vector<Alone>& own = sensitivity.layers.emplace_back();
    for (std::int64_t k = 0; k < count; ++k, ++next) own.push_back({tally_at(tallies, 1 + next), bits[next]});
  }
  if (next != bits.size()) fail("{}: its arrays do not fit together", where);
  return sensitivity;
}

}  // namespace

std::optional<Sensitivity> decode_sensitivity(std::string_view image, const std::string& key,
                                              const std::string& where) {
  const Silence silence;
  const File file = open_image(image, where);
  if (!has_key(file.get(), key, where)) return std::nullopt;
  return decode(file.get(), where);
}

void save_sensitivity(const std::filesystem::path& path, const Sensitivity& sensitivity, const std::string& key) {
  write_file(path, encode(sensitivity, key));
}

std::optional<Sensitivity> load_sensitivity(const std::filesystem::path& path, const std::string& key,
                                            std::int64_t choices) {
  return load_keyed<Sensitivity>(
      path, "sensitivities", kChoiceBytes * choices + kSmallParts, "sensitivities are measured again",
      [&](std::string_view image, const std::string& where) { return decode_sensitivity(image, key, where); });
}

std::optional<Sensitivity> read_sensitivity(const std::filesystem::path& path) {
  return load_keyed<Sensitivity>(path, "sensitivities", kMostBytes, "the report goes without them",
                                 [](std::string_view image, const std::string& where) {
                                   const Silence silence;
                                   return std::optional(decode(open_image(image, where).get(), where));
                                 });
}

}  // namespace vbq
