#include "run/not_finite.hpp"

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

std::vector<std::string> warn_of_not_finite(Evaluator& evaluator, ImageSet set, const Tally& as_counted) {
  if (as_counted.loss < fixed_point(kLossLimit)) return {};
  return warn(evaluator.not_finite(set), as_counted.seen);
}

std::vector<std::string> warn_of_not_finite(std::span<const float> outputs, std::int64_t images) {
  if (images <= 0) return {};
  return warn(count_not_finite(outputs, outputs.size() / static_cast<std::size_t>(images)), images);
}

}  // namespace vbq
