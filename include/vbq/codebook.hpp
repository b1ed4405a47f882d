// Codebook: sorted representative values (levels) and the boundaries between them.
#pragma once

#include <span>
#include <vector>

namespace vbq {

class Codebook {
 public:
  Codebook() = default;

  // Nearest-value codebook. Levels need not be sorted; equal ones are merged. 1..65536 of them; Error when empty or not
  // finite.
  static Codebook from_levels(std::vector<float> levels);

  // The 2018 report's `boundaries`: P sorted boundaries give P + 1 levels: an interior bin its middle, an outer bin its
  // outermost boundary. Levels that coincide are kept apart by their bins. Error when empty, unsorted or not finite.
  static Codebook from_boundaries(std::vector<float> boundaries);

  std::span<const float> levels() const { return levels_; }          // ascending, n
  std::span<const float> boundaries() const { return boundaries_; }  // ascending, n - 1
  int size() const { return static_cast<int>(levels_.size()); }

  // Index of the bin that holds w: the number of boundaries < w, so a weight on a boundary takes the lower level.
  int index(float w) const;
  float quantise(float w) const { return levels_[static_cast<std::size_t>(index(w))]; }

  bool operator==(const Codebook&) const = default;

 private:
  std::vector<float> levels_, boundaries_;
};

}  // namespace vbq
