#include "quant/width_choices.hpp"

#include "quant/kmeans.hpp"
#include "quant/sorted_weights.hpp"
#include "quant/stretch.hpp"

namespace vbq {

std::vector<int> worthwhile_levels(Coding coding, int most) {
  constexpr int kFixed[] = {2, 4, 8, 16, 32, 64, 128, 256};
  constexpr int kEntropy[] = {2, 3, 4, 5, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256};
  std::vector<int> counts;
  const auto take = [&](std::span<const int> all) {
    for (const int count : all) {
      if (count < most) counts.push_back(count);
    }
  };
  if (coding == Coding::fixed) take(kFixed);
  if (coding == Coding::entropy) take(kEntropy);
  counts.push_back(most);
  return counts;
}

std::vector<std::vector<Chromosome>> width_choices(const std::vector<std::vector<float>>& coded, const Format& format) {
  std::vector<std::vector<Chromosome>> choices;
  for (const std::vector<float>& weights : coded) {
    const SortedWeights sorted(weights);
    std::vector<Chromosome>& own = choices.emplace_back();
    for (const int levels : worthwhile_levels(format.coding, format.levels)) {
      own.push_back(stretched(kmeans(sorted, levels), sorted, format));
    }
    own.emplace_back();
  }
  return choices;
}

}  // namespace vbq
