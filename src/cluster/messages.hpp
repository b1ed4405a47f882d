// What crosses between ranks, as one contiguous archive (Boost.Serialization, binary): doubles keep every bit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vbq/calibration.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/format.hpp"
#include "vbq/genome.hpp"

namespace vbq {

// What each rank says of itself at the start.
struct Report {
  std::string host;
  std::string network_hash, data_hash, settings_hash;  // 32 hexadecimal digits each
  std::optional<EngineInfo> engine;                    // none: it computes nothing
};

// Why a rank, or all, cannot go on.
struct Failure {
  std::string host, sentence;
  Fault fault = Fault::input;
};

// T: std::vector<Genome>, LayerFactor, Choices, Report, Failure. unpack: Error (internal) when the bytes are no archive
// of T of this version, or something is left over.
template <typename T>
std::string pack(const T& message);
template <typename T>
T unpack(std::string_view bytes);

}  // namespace vbq
