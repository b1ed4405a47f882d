#include "run/not_finite.hpp"

#include <algorithm>

#include "core/check.hpp"
#include "core/log.hpp"
#include "engine/common/tally.hpp"

namespace vbq {
namespace {

std::vector<std::string> warn(std::int64_t count, std::int64_t images) {
  if (count == 0) return {};
  const std::string warning = fmt::format(
      "the network gives outputs that are not finite (NaN or infinite) for {} of {} images: check the images' mean and "
      "standard deviation, and the network",
      count, images);
  log::warning("{}", warning);
  return {warning};
}

}  // namespace

std::vector<std::string> warn_of_not_finite(Evaluator& evaluator, ImageSet set, const QuantisedNetwork& network) {
  const std::vector<Tally> blocks = evaluator.score_blocks(set, network);
  const auto large = [](const Tally& block) { return block.loss >= fixed_point(kLossLimit); };
  if (std::ranges::none_of(blocks, large)) return {};
  Tally all;
  for (const Tally& block : blocks) all += block;
  return warn(evaluator.not_finite(set), all.seen);
}

std::vector<std::string> warn_of_not_finite(std::span<const float> outputs, std::int64_t images) {
  if (images <= 0) return {};
  return warn(count_not_finite(outputs, outputs.size() / static_cast<std::size_t>(images)), images);
}

}  // namespace vbq
