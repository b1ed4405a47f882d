// Detail: how much is wanted of a network that is run over images, and what came of it.
#pragma once

#include <cstdint>
#include <vector>

#include "vbq/tally.hpp"

namespace vbq {

enum class Detail : std::int64_t {
  sum,
  blocks,   // run one at a time, by engines of any kind
  classes,  // found by Engine::infer(), by engines of any kind
  images,   // this and the next where the engine's kind tells images apart (tells_images()) alone
  all,      // a sum, blocks and classes, of one run
};

struct Outcome {
  Tally sum;                               // of Detail::classes `seen` alone
  std::vector<Tally> blocks = {};          // of blocks, all (images): a tally a block (an image), in order
  std::vector<std::int32_t> classes = {};  // of classes, all: a class an image, in order (Evaluator::classify())
  bool operator==(const Outcome&) const = default;
};

}  // namespace vbq
