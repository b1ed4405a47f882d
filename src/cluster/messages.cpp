#include "cluster/messages.hpp"

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
#include <boost/serialization/array.hpp>
#include <boost/serialization/split_free.hpp>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>
#include <boost/serialization/version.hpp>
#include <sstream>

#include "core/check.hpp"

namespace boost::serialization {

template <class Archive>
void serialize(Archive& archive, vbq::Genome& genome, unsigned /*version*/) {
  archive& genome.chromosomes;
}

// Taken apart as a whole, so that a field that is added does not compile until it is sent.
template <class Archive>
void serialize(Archive& archive, vbq::Format& format, unsigned /*version*/) {
  auto& [levels, encoding, symmetric, exponent_bits, exponent_bias, rate, refit, level_values, activations, coding,
         widths, scope, scale, scale_by, assignment, matching, matching_images, delivery_images, skip, biases] = format;
  archive& levels& encoding& symmetric& exponent_bits& refit& level_values& activations& coding& widths& scope& scale&
      scale_by& assignment& matching& matching_images& delivery_images& skip& biases;
  bool has_bias = exponent_bias.has_value();
  double bias = exponent_bias.value_or(0);
  archive& has_bias& bias;
  exponent_bias = has_bias ? std::optional(bias) : std::nullopt;
  bool has_rate = rate.has_value();
  double number = rate.value_or(0);
  archive& has_rate& number;
  rate = has_rate ? std::optional(number) : std::nullopt;
}

template <class Archive>
void serialize(Archive& archive, vbq::FactorBlock& block, unsigned /*version*/) {
  archive& block.first_row& block.rows& block.columns& block.feedback& block.diagonal;
}

template <class Archive>
void serialize(Archive& archive, vbq::LayerFactor& factor, unsigned /*version*/) {
  archive& factor.node& factor.blocks;
}

template <class Archive>
void serialize(Archive& archive, vbq::ActivationRange& range, unsigned /*version*/) {
  archive& range.layer& range.side& range.bits& range.scale& range.zero_point;
}

template <class Archive>
void save(Archive& archive, const vbq::Codebook& codebook, unsigned /*version*/) {
  const std::vector<float> levels(codebook.levels().begin(), codebook.levels().end());
  archive& levels;
}

template <class Archive>
void load(Archive& archive, vbq::Codebook& codebook, unsigned /*version*/) {
  std::vector<float> levels;
  archive& levels;
  codebook = vbq::Codebook::from_levels(std::move(levels));
}

template <class Archive>
void serialize(Archive& archive, vbq::PackedLevels& levels, unsigned /*version*/) {
  archive& levels.width& levels.count& levels.bytes;
}

template <class Archive>
void serialize(Archive& archive, vbq::QuantisedLayer& layer, unsigned /*version*/) {
  archive& layer.node& layer.codebooks& layer.scales& layer.levels& layer.gain& layer.shift& layer.bias& layer
      .level_values;
}

template <class Archive>
void save(Archive& archive, const vbq::QuantisedNetwork& network, unsigned /*version*/) {
  archive& network.layers();
}

template <class Archive>
void load(Archive& archive, vbq::QuantisedNetwork& network, unsigned /*version*/) {
  std::vector<vbq::QuantisedLayer> layers;
  archive& layers;
  network = vbq::QuantisedNetwork(std::move(layers));
}

template <class Archive>
void serialize(Archive& archive, vbq::Tally& tally, unsigned /*version*/) {
  archive& tally.seen& tally.top1& tally.top5& tally.loss& tally.divergence;
}

template <class Archive>
void serialize(Archive& archive, vbq::Outcome& outcome, unsigned /*version*/) {
  archive& outcome.sum& outcome.blocks& outcome.classes;
}

template <class Archive>
void serialize(Archive& archive, vbq::Range& range, unsigned /*version*/) {
  archive& range.first& range.count;
}

template <class Archive>
void serialize(Archive& archive, vbq::protocol::Order& order, unsigned /*version*/) {
  archive& order.op& order.numbers& order.genomes& order.set& order.blocks& order.peer& order.archive& order
      .detail& order.call;
}

template <class Archive>
void serialize(Archive& archive, vbq::protocol::Answer& answer, unsigned /*version*/) {
  archive& answer.op& answer.numbers& answer.ids& answer.count& answer.blocks& answer.outcome& answer.seconds& answer
      .network& answer.failure& answer.bits& answer.call;
}

template <class Archive>
void serialize(Archive& archive, vbq::protocol::HandedOver& handed, unsigned /*version*/) {
  archive& handed.number& handed.network;
}

template <class Archive>
void serialize(Archive& archive, vbq::EngineInfo& info, unsigned /*version*/) {
  archive& info.kind& info.device& info.isa& info.library& info.precision& info.threads;
}

template <class Archive>
void serialize(Archive& archive, vbq::Report& report, unsigned /*version*/) {
  bool works = report.engine.has_value();
  vbq::EngineInfo info = report.engine.value_or(vbq::EngineInfo{});
  archive& report.host& report.network_hash& report.data_hash& report.settings_hash& works& info& report.copies;
  if (works) report.engine = info;
}

template <class Archive>
void serialize(Archive& archive, vbq::Failure& failure, unsigned /*version*/) {
  archive& failure.host& failure.sentence& failure.fault;
}

}  // namespace boost::serialization

BOOST_SERIALIZATION_SPLIT_FREE(vbq::Codebook)
BOOST_SERIALIZATION_SPLIT_FREE(vbq::QuantisedNetwork)

namespace vbq {
namespace {

// Raised whenever a message changes its layout: ranks of different builds must not talk.
constexpr std::uint32_t kMessageVersion = 10;

}  // namespace

template <typename T>
std::string pack(const T& message) {
  std::ostringstream stream(std::ios::binary);
  {
    boost::archive::binary_oarchive archive(stream);
    archive << kMessageVersion << message;
  }
  return std::move(stream).str();
}

template <typename T>
T unpack(std::string_view bytes) {
  std::istringstream stream(std::string(bytes), std::ios::binary);
  std::uint32_t version = 0;
  T message{};
  try {
    boost::archive::binary_iarchive archive(stream);
    archive >> version;
    if (version == kMessageVersion) archive >> message;
  } catch (const std::exception& error) {  // Boost's, or memory that a broken length asks for
    fail_internal("a message of {} bytes between ranks cannot be read: {}", bytes.size(), error.what());
  }
  if (version != kMessageVersion) {
    fail_internal("a message between ranks has version {}: {} was expected; all ranks must run the same vbq", version,
                  kMessageVersion);
  }
  if (stream.peek() != std::istringstream::traits_type::eof()) {
    fail_internal("a message of {} bytes between ranks has bytes left over", bytes.size());
  }
  return message;
}

template std::string pack(const std::vector<Genome>&);
template std::string pack(const Kernels&);
template std::string pack(const Format&);
template std::string pack(const LayerFactor&);
template std::string pack(const ActivationRanges&);
template std::string pack(const QuantisedNetwork&);
template std::string pack(const protocol::Order&);
template std::string pack(const protocol::Answer&);
template std::string pack(const protocol::HandedOver&);
template std::string pack(const Report&);
template std::string pack(const Failure&);
template std::vector<Genome> unpack(std::string_view);
template Kernels unpack(std::string_view);
template Format unpack(std::string_view);
template LayerFactor unpack(std::string_view);
template ActivationRanges unpack(std::string_view);
template QuantisedNetwork unpack(std::string_view);
template protocol::Order unpack(std::string_view);
template protocol::Answer unpack(std::string_view);
template protocol::HandedOver unpack(std::string_view);
template Report unpack(std::string_view);
template Failure unpack(std::string_view);

}  // namespace vbq
