#include "assign/pass_memory.hpp"

#include <algorithm>

namespace vbq {

// With what it takes to know it by.
std::int64_t PassMemory::counted(std::int64_t bytes) {
  constexpr std::int64_t kEntry = 512;
  return bytes + kEntry;
}

const PassMemory::Kept* PassMemory::ask(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  by_worth_.erase({entry.worth, key});
  entry.worth = worth_of(entry.bytes, entry.kept.seconds);
  by_worth_.emplace(entry.worth, key);
  return &entry.kept;
}

std::optional<std::pair<int, PassMemory::Kept>> PassMemory::last_state(const Key& key) {
  const auto beyond = entries_.upper_bound({Kind::state, key.layers, key.node});
  if (beyond == entries_.begin()) return std::nullopt;
  const Key last = std::prev(beyond)->first;
  if (last.kind != Kind::state || last.layers != key.layers) return std::nullopt;
  return std::pair(last.node, *ask(last));
}

bool PassMemory::make_room(std::int64_t bytes, double seconds) {
  const std::int64_t more = counted(bytes);
  if (more > most_) return false;
  const double worth = worth_of(more, seconds);
  while (bytes_ > most_ - more) {
    const auto least = by_worth_.begin();
    if (least->first > worth) return false;
    const auto entry = entries_.find(least->second);
    floor_ = least->first;
    bytes_ -= entry->second.bytes;
    entries_.erase(entry);
    by_worth_.erase(least);
  }
  return true;
}

void PassMemory::keep(const Key& key, Kept kept, std::int64_t bytes) {
  if (entries_.contains(key) || !make_room(bytes, kept.seconds)) return;
  const std::int64_t all = counted(bytes);
  const double worth = worth_of(all, kept.seconds);
  bytes_ += all;
  by_worth_.emplace(worth, key);
  entries_.emplace(key, Entry{std::move(kept), all, worth});
}

}  // namespace vbq
