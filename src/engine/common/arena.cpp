#include "engine/common/arena.hpp"

#include <algorithm>
#include <vector>

namespace vbq {

std::size_t place_slots(std::span<Slot> slots, std::size_t alignment) {
  std::vector<Slot*> order;
  for (Slot& s : slots) {
    s.bytes = (s.bytes + alignment - 1) / alignment * alignment;
    order.push_back(&s);
  }
  std::stable_sort(order.begin(), order.end(), [](const Slot* a, const Slot* b) { return a->bytes > b->bytes; });
  std::vector<Slot*> placed;  // ascending by offset
  std::size_t total = 0;
  for (Slot* s : order) {
    std::size_t offset = 0;
    for (const Slot* p : placed) {
      const bool together = p->first <= s->last && s->first <= p->last;
      if (together && p->offset < offset + s->bytes && offset < p->offset + p->bytes) offset = p->offset + p->bytes;
    }
    s->offset = offset;
    total = std::max(total, offset + s->bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), s,
                                   [](const Slot* a, const Slot* b) { return a->offset < b->offset; }),
                  s);
  }
  return total;
}

}  // namespace vbq
