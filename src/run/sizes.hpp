// What a quantised network takes, told: codes, codebooks and the rest, what stays FP32, and each form's file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "json/json_fwd.hpp"
#include "run/export_file.hpp"
#include "vbq/size.hpp"

namespace vbq {

struct Sizes {
  WeightSize weights;
  std::int64_t beside = 0;  // numbers that stay FP32 beside the weights
  FileSizes files;          // none where the network's file cannot be read any more
  // Bits of the weights with each layer's levels at their entropy (coded_bits()); none of what is only predicted.
  std::optional<std::int64_t> entropy_coded = {};
};

// file: of the network; a warning where it is gone. opset: that exported files are raised to; none: its own.
Sizes sizes_of(const std::filesystem::path& file, const Network& network, const QuantisedNetwork& quantised,
               std::optional<int> opset = {});

// Of what a search under `format` will deliver (see stand_in_format()).
Sizes predicted_sizes(const std::filesystem::path& file, const Network& network, const Format& format);

// Lines of text, and the same as a JSON object: bytes.
std::string sizes_text(const Sizes& sizes);
Json sizes_json(const Sizes& sizes);

}  // namespace vbq
