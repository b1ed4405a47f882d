// Launchers of our own kernels. All pointers are device memory; launches are checked, not waited for.
#pragma once

#include <cuda_runtime_api.h>

#include "engine/cuda/plan/assign.hpp"
#include "engine/cuda/plan/images.hpp"
#include "engine/cuda/plan/operators.hpp"
#include "engine/cuda/plan/weights.hpp"
#include "vbq/tally.hpp"

namespace vbq::cuda {

// Every place of `images` images of op.y, see run.hpp.
template <typename Op>
void launch(const Op& op, std::int64_t images, Out y, cudaStream_t stream);
extern template void launch(const Affine&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Map&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Binary&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Gather&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Border&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Reorder&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Pool&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Reduction&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Convolution&, std::int64_t, Out, cudaStream_t);
extern template void launch(const Normalise&, std::int64_t, Out, cudaStream_t);

// A warp a row; y is zeroed before.
void launch_softmax(const Softmax& op, std::int64_t images, Out y, cudaStream_t stream);

// What a copy from the host would do, without waiting for the host's memory to be read.
void launch_set_item(std::int64_t* item, std::int64_t value, cudaStream_t stream);

// A warp an image of the item; adds to the tally, then steps to the next item.
void launch_count(const Count& op, Tally* tally, std::int64_t* item, cudaStream_t stream);

// Weights of all layers, one launch. tasks, formats: [layers]; words: a packed genome's (plan/pack.hpp); blocks: of all
// layers.
void launch_quantise(const LayerTask* tasks, int layers, const PackedLayer* formats, const std::uint32_t* words,
                     int blocks, cudaStream_t stream);
// Thread blocks that a layer needs.
int quantise_blocks(const LayerTask& task);

// Levels of compensated assignment; see AssignTask and AssignRows. words: of the packed formats; blocks: of all tasks.
void launch_assign(const AssignTask* tasks, int count, const std::uint32_t* words, float* scratch, std::uint8_t* levels,
                   int blocks, cudaStream_t stream);

}  // namespace vbq::cuda
