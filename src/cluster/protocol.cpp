#include "cluster/protocol.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace vbq::protocol {
namespace {

template <typename T>
void copy_in(std::span<const T> from, std::span<std::int64_t> words) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (!from.empty()) std::memcpy(words.data(), from.data(), from.size_bytes());
}

template <typename T>
void copy_out(std::span<const std::int64_t> words, std::span<T> to) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (!to.empty()) std::memcpy(static_cast<void*>(to.data()), words.data(), to.size_bytes());
}

}  // namespace

void put(std::span<const Tally> tallies, std::span<std::int64_t> words) { copy_in(tallies, words); }
void get(std::span<const std::int64_t> words, std::span<Tally> tallies) { copy_out(words, tallies); }
void put(std::span<const Fingerprint> prints, std::span<std::int64_t> words) { copy_in(prints, words); }
void get(std::span<const std::int64_t> words, std::span<Fingerprint> prints) { copy_out(words, prints); }

std::size_t genomes_in_round(const Problem& problem, std::size_t workers) {
  constexpr std::int64_t kRoundBytes = std::int64_t{1} << 30;
  std::int64_t bytes = 4096;
  for (const int node : quantised_layers(problem.network, problem.format)) {
    const Tensor& weight = *weight_of(problem.network.nodes[static_cast<std::size_t>(node)]);
    bytes += elements(weight.shape) + 8 * weight.shape.front() + 64;
  }
  return static_cast<std::size_t>(std::clamp<std::int64_t>(kRoundBytes / bytes, 1, static_cast<std::int64_t>(workers)));
}

}  // namespace vbq::protocol
