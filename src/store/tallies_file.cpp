// Layout, arrays of one axis: tallies_keys: uint8 [32 k], of k keys, the last written first; entries_of: int64 [k];
// genomes, networks: uint64 [2 n]; tallies: int64 [5 n]; bits: int64 [n], n the sum of entries_of.
#include "store/tallies_file.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/lock.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "store/memory_image.hpp"
#include "store/tally_numbers.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::uint64_t kMostTallyBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostTallies = 500'000;
constexpr std::size_t kKeySize = 32;

struct OfKey {
  std::string key;
  std::vector<ScoredGenome> scored;  // ascending by genome
};

std::vector<OfKey> decode_tallies(std::string_view image, const std::string& where) {
  const Silence silence;
  const File file = open_image(image, where);
  const auto keys = read_vector<std::uint8_t>(file.get(), "tallies_keys", where);
  const auto entries_of = read_vector<std::int64_t>(file.get(), "entries_of", where);
  const auto genomes = read_vector<std::uint64_t>(file.get(), "genomes", where);
  const auto networks = read_vector<std::uint64_t>(file.get(), "networks", where);
  const auto tallies = read_vector<std::int64_t>(file.get(), "tallies", where);
  const auto bits = read_vector<std::int64_t>(file.get(), "bits", where);
  const std::size_t count = bits.size();
  if (keys.size() != kKeySize * entries_of.size() || genomes.size() != 2 * count || networks.size() != 2 * count ||
      tallies.size() != kTallyNumbers * count) {
    fail("{}: its arrays do not fit together", where);
  }
  std::vector<OfKey> all;
  std::size_t next = 0;
  for (std::size_t k = 0; k < entries_of.size(); ++k) {
    if (entries_of[k] < 0 || static_cast<std::uint64_t>(entries_of[k]) > count - next) {
      fail("{}: its arrays do not fit together", where);
    }
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(k * kKeySize);
    OfKey& own = all.emplace_back(OfKey{{begin, begin + kKeySize}, {}});
    for (std::int64_t e = 0; e < entries_of[k]; ++e, ++next) {
      own.scored.push_back({{genomes[2 * next], genomes[2 * next + 1]},
                            {{networks[2 * next], networks[2 * next + 1]}, tally_at(tallies, next), bits[next]}});
    }
  }
  if (next != count) fail("{}: its arrays do not fit together", where);
  return all;
}

std::string encode_tallies(const std::vector<OfKey>& all) {
  const Silence silence;
  const std::string where = "tallies";
  std::vector<std::uint8_t> keys;
  std::vector<std::int64_t> entries_of, tallies, bits;
  std::vector<std::uint64_t> genomes, networks;
  for (const OfKey& own : all) {
    keys.insert(keys.end(), own.key.begin(), own.key.end());
    entries_of.push_back(std::ssize(own.scored));
    for (const ScoredGenome& one : own.scored) {
      genomes.insert(genomes.end(), one.genome.begin(), one.genome.end());
      networks.insert(networks.end(), one.scored.network.begin(), one.scored.network.end());
      append(tallies, one.scored.tally);
      bits.push_back(one.scored.bits);
    }
  }
  MemoryImage image(where);
  write_vector<std::uint8_t>(image.file(), "tallies_keys", keys, where);
  write_vector<std::int64_t>(image.file(), "entries_of", entries_of, where);
  write_vector<std::uint64_t>(image.file(), "genomes", genomes, where);
  write_vector<std::uint64_t>(image.file(), "networks", networks, where);
  write_vector<std::int64_t>(image.file(), "tallies", tallies, where);
  write_vector<std::int64_t>(image.file(), "bits", bits, where);
  return seal_checkpoint(image.finish());
}

std::vector<OfKey> read_tallies(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const std::string content = read_file(path, "file of tallies", kMostTallyBytes);
  return decode_tallies(unseal_checkpoint(content, path.string()), path.string());
}

}  // namespace

std::vector<ScoredGenome> load_tallies(const std::filesystem::path& path, const std::string& key) {
  for (OfKey& own : read_tallies(path)) {
    if (own.key == key) return std::move(own.scored);
  }
  return {};
}

void add_tallies(const std::filesystem::path& path, const std::string& key, std::span<const ScoredGenome> scored) {
  if (key.size() != kKeySize) fail_internal("tallies under a key of {} characters", key.size());
  const FileLock lock(path);
  std::vector<OfKey> all = read_tallies(path);
  const auto place = std::ranges::find(all, key, &OfKey::key);
  OfKey own{key, {}};
  std::map<GenomeId, CachedTally> merged;
  if (place != all.end()) {
    for (const ScoredGenome& one : place->scored) merged.emplace(one.genome, one.scored);
    all.erase(place);
  }
  const std::size_t before = merged.size();
  for (const ScoredGenome& one : scored) merged.insert_or_assign(one.genome, one.scored);
  if (merged.size() == before && before > 0) return;  // nothing new
  for (const auto& [genome, tally] : merged) own.scored.push_back({genome, tally});
  all.insert(all.begin(), std::move(own));
  std::size_t left = kMostTallies;
  for (OfKey& one : all) {
    one.scored.resize(std::min(one.scored.size(), left));
    left -= one.scored.size();
  }
  std::erase_if(all, [](const OfKey& one) { return one.scored.empty(); });
  write_file(path, encode_tallies(all));
}

}  // namespace vbq
