// What is counted of a network's outputs: one rule for every engine.
#pragma once

#include <cstdint>
#include <span>

#include "vbq/label.hpp"
#include "vbq/network.hpp"
#include "vbq/tally.hpp"

namespace vbq {

// What a network's outputs are.
enum class Outputs {
  logits,         // log p = output - log(sum(exp(outputs)))
  probabilities,  // the network ends in Softmax: log p = log(output)
};

// probabilities when the last operator that computes anything is a Softmax.
Outputs outputs_of(const Network& network);

// log p of each class, computed in double: at a temperature T of softmax(logits / T), or of p^(1/T) made to sum to 1;
// to compare outputs, log p (or, which is the same then, the logits) less its mean over the classes. outputs, log_p:
// [classes], host.
void log_probabilities(std::span<const float> outputs, Outputs kind, const Comparison& comparison,
                       std::span<float> log_p);

// Images with a log p that is not finite. log_p: [images, classes], host.
std::int64_t count_not_finite(std::span<const float> log_p, std::size_t classes);

// Adds one image to the tally. outputs: [classes] of the network, host; label: 0..classes-1, or kNoLabel: the class
// that is likeliest by fp32_log_p, or, without it, by the outputs themselves (of equal ones the lowest); fp32_log_p:
// [classes] of the FP32 network for this image, or empty, when no divergence is counted.
//   top1: the label's output beats every other; of equal outputs the lower class wins.
//   top5: fewer than five classes beat the label by the same rule.
//   loss: -log p(label).   divergence: sum over classes of p_fp32 (log p_fp32 - log p), both at the comparison's
//   temperature, or the mean over classes of (log p_fp32 - log p)^2, each less its mean. fp32_log_p is of the same.
// An image with an output that is not finite counts as wrong, and its loss and divergence as kLossLimit.
void count_image(std::span<const float> outputs, std::int32_t label, Outputs kind, std::span<const float> fp32_log_p,
                 const Comparison& comparison, Tally& tally);
// The same of one image alone, with its class.
ImageTally tally_of_image(std::span<const float> outputs, std::int32_t label, Outputs kind,
                          std::span<const float> fp32_log_p, const Comparison& comparison);

// A tally for each of so many blocks, of `block` images or, the last, fewer, from one for each image.
std::vector<Tally> by_blocks(std::span<const ImageTally> images, std::int64_t blocks, std::int64_t block);

// The class that the outputs of one image say: its largest output's, of equal ones the lowest; kNoLabel where an output
// is not finite. So an image with a label counts as right (top1) where this is it.
std::int32_t class_of(std::span<const float> outputs);

// max(nats, 0), at most kLossLimit, in 1 / kLossUnit nats; NaN is kLossLimit.
std::int64_t fixed_point(double nats);

}  // namespace vbq
