// What a pass keeps of the networks that it made, so that those that begin alike need not be made from the start.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <variant>

#include "assign/layer_target.hpp"
#include "vbq/layer_runner.hpp"

namespace vbq {

// Keeps what saves the most time for its bytes, and was of use lately: a thing's worth is the seconds that it saves a
// byte, above the worth of what was last given up when it was last asked for. (Cao, Irani: GreedyDual-Size, 1997.)
class PassMemory {
 public:
  // Of a network's first layers, as they were asked for.
  using Digest = std::array<std::uint64_t, 2>;
  enum class Kind : std::uint8_t {
    layer,   // what became of the last of these layers: its format with all that was found
    target,  // what the layer `node` is to come near to, behind these layers
    state    // the runner's, at the layer `node`, behind these layers
  };
  struct Key {
    Kind kind = Kind::layer;
    Digest layers = {};
    int node = 0;
    bool operator<(const Key& other) const {
      return std::tie(kind, layers, node) < std::tie(other.kind, other.layers, other.node);
    }
  };
  using Thing = std::variant<std::shared_ptr<const LayerFormat>, std::shared_ptr<const LayerTarget>,
                             std::shared_ptr<const LayerRunner::State>>;
  struct Kept {
    Thing thing;
    double seconds = 0;  // that it took to come to it
  };

  explicit PassMemory(std::int64_t bytes) : most_(bytes) {}

  std::int64_t most() const { return most_; }
  std::int64_t bytes() const { return bytes_; }

  // nullptr where it is not kept.
  template <typename T>
  std::shared_ptr<const T> find(const Key& key) {
    const Kept* kept = ask(key);
    return kept == nullptr ? nullptr : std::get<std::shared_ptr<const T>>(kept->thing);
  }
  // Of the states behind these layers, the last one that is not beyond the key's node; with its node.
  std::optional<std::pair<int, Kept>> last_state(const Key& key);
  bool holds(const Key& key) const { return entries_.contains(key); }

  // Gives up what is worth less than such a thing until there is room; whether there is.
  bool make_room(std::int64_t bytes, double seconds);
  // Nothing happens where there is no room for it, or there is such a one.
  void keep(const Key& key, Kept kept, std::int64_t bytes);

 private:
  struct Entry {
    Kept kept;
    std::int64_t bytes = 0;
    double worth = 0;
  };
  static std::int64_t counted(std::int64_t bytes);
  double worth_of(std::int64_t counted, double seconds) const {
    return floor_ + seconds / static_cast<double>(counted);
  }
  const Kept* ask(const Key& key);

  std::int64_t most_, bytes_ = 0;
  double floor_ = 0;  // worth of what was last given up
  std::map<Key, Entry> entries_;
  std::set<std::pair<double, Key>> by_worth_;
};

}  // namespace vbq
