// What the keys of a job mean in full, where a sentence does not say it all.
#include <algorithm>
#include <iterator>

#include "config/key_texts.hpp"

namespace vbq {
namespace {

constexpr KeyDetails kDetails[] = {
    {"network.skip", "Layers left in FP32, by node name; every other Conv, Gemm and MatMul weight is quantised."},
    {"data.path",
     "Dataset file, or a source that `vbq data import` knows, imported on the fly (`cifar10:FILE` names a kind)."},
    {"data.calibration", "Images that the search sees, never scored; with it, all of `data.path` is held out."},
    {"data.search",
     "Images that the search sees: above 1 a count, up to 1 a share; of `calibration`, or, without one, of "
     "`data.path`, whose rest is then held out. Stratified by label, fixed, independent of the seed."},
    {"data.validation",
     "Of the search's images, a number or a share that leads nothing: at the end they choose among the search's five "
     "best and its centre, each as it would be delivered, and this searched network and the one that the search "
     "began with are compared on them ([method.md](method.md#is-it-better-than-its-start)), and where the gain may "
     "be chance the start is delivered. At least two blocks; stratified by label, fixed. `\"auto\"`: a quarter, or "
     "none where that is not two blocks."},
    {"data.augment",
     "Changes the images that candidates are run over, so that they are not those that the network has learned by "
     "heart: `shift` (by up to an eighth, mirrored or not) or `mix` (three fifths and two fifths of another image). "
     "Calibration and matching take them as they are. Where labels lead, `none` unless it is asked for."},
    {"data.mean", "Normalisation of images imported on the fly; beside a dataset file, only its own."},
    {"data.allow_different_normalisation",
     "`true`: images of `calibration` and of `path` with different means and standard deviations are taken as they "
     "are, with a warning, instead of refused."},
    {"format.bits",
     "This or `format.levels`, in the file or by `--set`: at most 2^bits levels, 2 to 8 bits; or a list, for a sweep "
     "of widths, each named once: one search after the other, each in a folder of its own in the run's folder "
     "(`2bit`, `3bit`, ...), whose `job.toml` is the sweep's, and starting from what the one before has found."},
    {"format.levels", "In the place of `format.bits`, the number of levels, 2 to 256, or a list of them."},
    {"format.encoding",
     "`values`, `boundaries`, `companded`, `uniform`, `float`, `power-of-two`, `grid` ([method.md](method.md)). "
     "`grid`: evenly spaced levels, up to 255 (31 where `format.coding = \"fixed\"`) unless `format.levels` says "
     "otherwise; those that no weight takes are dropped."},
    {"format.rate",
     "What telling a weight's level costs in `compensated` and `sequential` assignment: 0 nothing, 1 the best trade "
     "of theory; `\"gene\"`: searched, one a codebook (grids only)."},
    {"format.refit",
     "0 to 3 rounds in `compensated` and `sequential` assignment: levels and scales fitted to the levels that "
     "weights have taken, and these taken again, where that lowers the layer's weighted error "
     "([method.md](method.md)). Levels move with `encoding = \"values\"`, not symmetric, of 64 levels at most and a "
     "codebook a layer or channel; else scales alone."},
    {"format.level_values",
     "`int8`: levels are whole numbers, -127 to 127, times the layer's or channel's scale, which takes the step into "
     "itself: what int8 kernels and hardware's look-up tables of int8 take. A level then counts 8 bits. Not of "
     "`encoding = \"boundaries\"`, nor with `biases`; a refit moves scales alone."},
    {"format.activations",
     "0: FP32. 4 to 8: what quantised layers see, and what they give to a sum, is rounded to that many bits, by a step "
     "and a zero point a tensor that are found from up to 256 search images before the search (least squares, "
     "clipped; [method.md](method.md#quantised-activations)). The network's own input has 8. Levels are then assigned "
     "for such inputs, every candidate is scored with them, and all figures called FP32 stay those of the network as "
     "trained."},
    {"format.coding",
     "How a candidate's size is counted: each weight in ceil(log2 levels) bits, or each layer's levels at their "
     "first-order entropy (what deflate, zstd and weight streams come close to)."},
    {"format.budget",
     "`\"1.55 bits\"` a weight, or `\"75 KiB\"`, `\"80000 bytes\"`: what the weights may take with codebooks and "
     "scales counted, in the coding; the search then trades size for accuracy and prefers networks that keep it. Of "
     "grids; and of `values` (not symmetric, `scope = \"layer\"`), where each layer then has its own number of "
     "levels, 2 to `format.levels` (64 unless it is given), or stays FP32, whatever is worth most. `[\"1.5 bits\", "
     "\"4 bits\"]`, the smaller first and both in one unit, or `\"front\"` (1.25 to 3 bits at their entropy, 1.75 to "
     "4 fixed): a **front**, the best networks of all sizes in between from one search "
     "([method.md](method.md#a-front-of-sizes)); 12 of them are delivered."},
    {"format.symmetric", "`values` mirrored at zero; `uniform` as integers without a zero point."},
    {"format.exponent_bits",
     "Of `float`: bits of exponent, the rest (but the sign) is mantissa; 0: half of the bits, rounded up, as in FP4, "
     "FP6 and FP8."},
    {"format.exponent_bias", "Of `float`: a set exponent bias, the same for every codebook."},
    {"format.biases", "Biases of quantised layers take levels of their layer's (or channel's) codebook too."},
    {"format.scope", "Who shares a codebook: `network`, `layer`, or each output `channel` its own."},
    {"format.scale", "What weights are divided by: `none`, one a `layer`, one an output `channel`."},
    {"format.scale_by", "`rms` or `maximum` of the weights."},
    {"format.assignment",
     "`nearest`, or `compensated`: a weight's rounding error is made up for by the weights of its row that follow "
     "(calibrated on the search's images); or `sequential`: that, layer after layer, each for the inputs that the "
     "quantised layers before it give ([method.md](method.md)); the most accurate, and a pass over `matching_images` "
     "for every candidate."},
    {"format.matching",
     "Moment matching of quantised layers: `never`, at the `end` for the network that is delivered, or `always`, "
     "inside every evaluation."},
    {"format.matching_images",
     "Images of the search that moments are taken over, and that `sequential` assigns for (500 to 1,000 suit it "
     "better)."},
    {"format.delivery_images",
     "The same for the network that is delivered: a search may try its candidates on few images and make the last "
     "network with all of them. `\"auto\"`: 1,500, or as many as keep a pass's largest activations within 1 GiB."},
    {"search.method",
     "`genetic`, `random` (a control), `annealing` (of `companded` only, as published: a generation is one "
     "candidate, and it ends by itself after 30 sweeps without change)."},
    {"search.preset",
     "`standard`; `nogami2018` is the published recipe whole (50 individuals, 200 generations, its rates, fitness "
     "top1); keys given besides it still count."},
    {"search.seconds",
     "A number, or `\"30s\"`, `\"10min\"`, `\"1h\"`: the generation in which the search's generations have taken so "
     "long (over all starts; import, calibration, what layers alone do and delivery not counted) is the last, and its "
     "best is delivered. "
     "How many generations that are depends on the machine: `summary.json` has their number, which "
     "`search.generations` repeats to the bit."},
    {"search.patience",
     "Generations without a better fitness (of a front: hypervolume) than before, after which the search ends; the "
     "same on any machine. Both may be changed at a resume."},
    {"search.fitness",
     "`top1`, `loss`, `divergence` (from the FP32 network's outputs: needs no labels), or `outputs` (likewise: mean "
     "squared difference of both networks' outputs, centred; \"divergence\" of search and validation images is that "
     "then, wherever it is told, while that of held-out ones is the divergence)."},
    {"search.temperature",
     "Of `divergence` alone: both networks' logits are divided by it, so that images count of which a network is "
     "sure. Held-out divergence is at 1."},
    {"search.fitness_images",
     "Of the search's images, so many, evenly spaced: candidates (and what `vbq sensitivity` measures) are run over "
     "these alone. All of them still make networks (calibration, matching images), and `data.validation` still judges "
     "what is delivered. With fewer matching images too, a search tries several times as many candidates in the same "
     "time ([method.md](method.md#few-images-for-many-candidates))."},
    {"search.racing",
     "Candidates are run over growing portions of the images, and those that cannot be among the survivors any more "
     "are dropped ([method.md](method.md#racing)): fewer images are run, and survivors and what is delivered are "
     "scored "
     "whole. Of `method = \"genetic\"` with the standard preset and without a budget, on engines cpu and reference; "
     "`run.cache` does not go with it."},
    {"search.surrogate",
     "Of `encoding = \"grid\"` under a budget or for a front, with the standard preset: what all candidates scored is "
     "fitted by response surfaces, and newborns lie around where these have the least harm "
     "([method.md](method.md#the-standard-search)). `false`: evolution of the best alone (of a front: NSGA-II), which "
     "needs more candidates. How well those of a single budget foretold is told at the end (`foresight`)."},
    {"run.cache",
     "A file in which runs keep what candidates scored, so that others over the same network, images, settings and "
     "engine (another seed, more generations) neither make nor run the same ones again: results stay the same to the "
     "byte, `images_inferred` falls. A relative path is taken from the folder that the run's lies in. Several runs at "
     "once may have it (on a GPU those of the same `kernels.h5`); half a million scores are kept, the oldest runs' go "
     "first. A file of another kind is refused."},
    {"run.memory",
     "Under sequential assignment and matching on a CPU, a network whose first layers are those of one made before "
     "takes over what was found of them, what the next layer is to come near to, and activations. So much of these a "
     "worker "
     "keeps at most, and no more than half of its share of the memory that is free; `\"0 B\"`: none. Results stay the "
     "same to the byte; it may differ at a resume."},
};

}  // namespace

std::span<const KeyDetails> all_key_details() { return kDetails; }

std::string_view key_details(std::string_view key) {
  const auto* found = std::ranges::find(kDetails, key, &KeyDetails::key);
  return found == std::end(kDetails) ? "" : found->details;
}

}  // namespace vbq
