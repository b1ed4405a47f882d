// What crosses between ranks, as one contiguous archive (Boost.Serialization, binary): doubles keep every bit.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/protocol.hpp"
#include "vbq/calibration.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/genome.hpp"
#include "vbq/quantised_network.hpp"

namespace vbq {

// What each rank says of itself at the start.
struct Report {
  std::string host;
  std::string network_hash, data_hash, settings_hash;  // 32 hexadecimal digits each
  std::optional<EngineInfo> engine;                    // none: it computes nothing
  std::int64_t copies = 1;                             // networks that its engine runs at once
};

// Why a rank, or all, cannot go on.
struct Failure {
  std::string host, sentence;
  Fault fault = Fault::input;
};

// T: std::vector<Genome>, Kernels, Format, LayerFactor, ActivationRanges, QuantisedNetwork, Report, Failure,
// protocol::Order, Answer, HandedOver. unpack: Error (internal) when the bytes are no archive of T of this version, or
// something is left over.
template <typename T>
std::string pack(const T& message);
template <typename T>
T unpack(std::string_view bytes);

}  // namespace vbq
