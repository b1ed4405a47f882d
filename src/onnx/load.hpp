// What the reader and the exporter share: from a file's bytes to a message, and the limits of both.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>

#include "onnx/budget.hpp"

namespace vbq {

inline constexpr std::uint64_t kLargestFile = 2147483647;  // protobuf's own limit

// Images in the batch that shapes are inferred with where the file leaves it free: a prime that no network has as an
// extent, so that the batch's axis is known from all others.
inline constexpr std::int64_t kProbe = 7919;

// Its local functions are written out. Error when the bytes are no ONNX model, or would make more objects than a
// network has.
onnx::ModelProto parse_model(std::string content);

// Elements that reading may hold: in proportion to the bytes that are there, and never above 4 GiB of float.
Budget budget_for(std::uint64_t file_bytes, const onnx::ModelProto& model);

}  // namespace vbq
