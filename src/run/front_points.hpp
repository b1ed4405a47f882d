// Which networks are a front's points, and which of those is its knee.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vbq {

// A network that a front may have, judged on images that led nothing, where there are such.
struct Judged {
  std::int64_t bits = 0;
  double fitness = 0;  // larger is better
  double harm = 0;     // smaller is better: the divergence
};

struct FrontPoints {
  std::vector<int>
      numbers;           // of each network: 1, 2, ... by size; 0: a smaller one is no worse, or one of its size better
  std::size_t knee = 0;  // place of the knee among the networks
};

// The knee is the point whose harm lies farthest below the straight line between the front's ends, both axes in units
// of the front's extent (Das 1999); the smallest of equals, so of two points the smaller. all: at least one.
FrontPoints front_points(std::span<const Judged> all);

}  // namespace vbq
