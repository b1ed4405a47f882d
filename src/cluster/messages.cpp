#include "cluster/messages.hpp"

#include <boost/archive/binary_iarchive.hpp>
#include <boost/archive/binary_oarchive.hpp>
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

template <class Archive>
void serialize(Archive& archive, vbq::FactorBlock& block, unsigned /*version*/) {
  archive& block.first_row& block.rows& block.columns& block.feedback;
}

template <class Archive>
void serialize(Archive& archive, vbq::LayerFactor& factor, unsigned /*version*/) {
  archive& factor.node& factor.blocks;
}

template <class Archive>
void serialize(Archive& archive, vbq::LayerChoice& choice, unsigned /*version*/) {
  archive& choice.indices& choice.gain& choice.shift;
}

template <class Archive>
void serialize(Archive& archive, vbq::EngineInfo& info, unsigned /*version*/) {
  archive& info.kind& info.device& info.isa& info.library& info.precision& info.threads;
}

template <class Archive>
void serialize(Archive& archive, vbq::Report& report, unsigned /*version*/) {
  bool works = report.engine.has_value();
  vbq::EngineInfo info = report.engine.value_or(vbq::EngineInfo{});
  archive& report.host& report.network_hash& report.data_hash& report.settings_hash& works& info;
  if (works) report.engine = info;
}

template <class Archive>
void serialize(Archive& archive, vbq::Failure& failure, unsigned /*version*/) {
  archive& failure.host& failure.sentence& failure.fault;
}

}  // namespace boost::serialization

namespace vbq {
namespace {

// Raised whenever a message changes its layout: ranks of different builds must not talk.
constexpr std::uint32_t kMessageVersion = 2;

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
template std::string pack(const LayerFactor&);
template std::string pack(const Choices&);
template std::string pack(const Report&);
template std::string pack(const Failure&);
template std::vector<Genome> unpack(std::string_view);
template LayerFactor unpack(std::string_view);
template Choices unpack(std::string_view);
template Report unpack(std::string_view);
template Failure unpack(std::string_view);

}  // namespace vbq
