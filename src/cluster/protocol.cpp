#include "cluster/protocol.hpp"

#include <bit>
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

void put(std::span<const float> numbers, std::span<std::int64_t> words) {
  for (std::size_t i = 0; i < numbers.size(); ++i) words[i] = std::bit_cast<std::int32_t>(numbers[i]);
}
void get(std::span<const std::int64_t> words, std::span<float> numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::bit_cast<float>(static_cast<std::int32_t>(words[i]));
}

}  // namespace vbq::protocol
