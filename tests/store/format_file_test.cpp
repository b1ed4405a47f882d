#include "vbq/format_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "quant/names.hpp"
#include "support/networks.hpp"
#include "vbq/activations.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

class FormatFile : public ::testing::Test {
 protected:
  void SetUp() override { path_ = fs::temp_directory_path() / ("vbq_format_" + std::to_string(::getpid()) + ".json"); }
  void TearDown() override { fs::remove(path_); }
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string refusal(const std::string& text) const {
    write(text);
    try {
      read_format(path_, network_);
    } catch (const Error& error) {
      return error.what();
    }
    return "(nothing was thrown)";
  }

  Network network_ = support::residual_network();
  fs::path path_;
};

// A genome of arbitrary sorted genes under the format.
Genome some_genome(const Network& network, const Format& format) {
  Genome genome;
  for (int c = 0; c < chromosome_count(network, format); ++c) {
    Chromosome genes;
    for (int g = 0; g < gene_count(format); ++g) genes.push_back(0.1 + 0.123456789 * g + 0.01 * c);
    if (format.encoding == Encoding::companded) genes = {1.3, 0.07 + 0.01 * c};
    genome.chromosomes.push_back(genes);
  }
  return genome;
}

TEST_F(FormatFile, RoundTripsEveryEncodingAndScale) {
  for (const auto& [name, encoding] : kEncodings) {
    for (const auto& [scope_name, scope] : kScopes) {
      for (const ScaleScope scale : {ScaleScope::none, ScaleScope::layer, ScaleScope::channel}) {
        SCOPED_TRACE(fmt::format("{}, scope {}", name, scope_name));
        Format format;
        format.encoding = encoding;
        format.scope = scope;
        format.scale = scale;
        format.biases = true;
        const QuantisedNetwork made = quantise(network_, Decoder(network_, format)(some_genome(network_, format)));
        write(format_to_json(network_, format, {made, 50}));
        const auto [again, block, activations] = read_format(path_, network_);
        EXPECT_EQ(block, 50);
        EXPECT_TRUE(activations.empty());
        EXPECT_EQ(again, made);
      }
    }
  }
}

TEST_F(FormatFile, Int8LevelsAreWholeNumbersBesideTheirScales) {
  for (const ScaleScope scale : {ScaleScope::none, ScaleScope::layer, ScaleScope::channel}) {
    Format format;
    format.scale = scale;
    format.level_values = LevelValues::int8;
    const QuantisedNetwork made = quantise(network_, Decoder(network_, format)(some_genome(network_, format)));
    const std::string text = format_to_json(network_, format, {made, 50});
    write(text);
    const FoundFormat again = read_format(path_, network_);
    EXPECT_EQ(again.network.id(), made.id());
    nlohmann::json json = nlohmann::json::parse(text);
    EXPECT_EQ(json["level_values"], "int8");
    EXPECT_TRUE(json["layers"][0].contains("scales"));
    json["layers"][0]["levels"][0] = -127.5;
    EXPECT_NE(refusal(json.dump()).find("levels: -127.5 is not a whole number from -127 to 127"), std::string::npos);
    json["level_values"] = "int9";
    EXPECT_NE(refusal(json.dump()).find("level_values"), std::string::npos) << refusal(json.dump());
  }
}

TEST_F(FormatFile, HoldsQuantisedActivations) {
  const Format format;
  const ActivationRanges ranges{{"conv1", ActivationRange::Side::input, 8, 0.1F, 12},
                                {"conv2", ActivationRange::Side::output, 5, 0.3F, 0}};
  const Network rounded = quantise_activations(network_, ranges);
  const QuantisedNetwork made = quantise(rounded, Decoder(rounded, format)(some_genome(rounded, format)));
  const std::string text = format_to_json(rounded, format, {made, 50});
  write(text);
  EXPECT_EQ(read_format(path_, network_).activations, ranges);
  const FoundNetwork again = read_found_network(path_, network_);
  EXPECT_EQ(again.found.network, made);
  EXPECT_EQ(network_hash(again.network), network_hash(rounded));

  const nlohmann::json json = nlohmann::json::parse(text);
  EXPECT_EQ(json["format_version"], 3);
  EXPECT_EQ(json["network_hash"], network_hash(network_));
  const auto refused = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json changed = json;
    changed["activations"][1][key] = value;
    write(changed.dump());
    try {
      read_found_network(path_, network_);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused("layer", "conv7").find("\"conv7\", which the network does not have"), std::string::npos);
  EXPECT_NE(refused("layer", 7).find("\"activations\"[1] has no layer"), std::string::npos);
  EXPECT_NE(refused("side", "left").find("one of input, output was expected"), std::string::npos);
  EXPECT_NE(refused("bits", 3).find("[1] bits is 3: an integer from 4 to 8 was expected"), std::string::npos);
  EXPECT_NE(refused("zero_point", 99).find("a zero point that fits"), std::string::npos);
  EXPECT_NE(refused("scale", -1).find("a scale above zero"), std::string::npos);
  EXPECT_NE(refused("scale", "x").find("scale is \"x\": a number was expected"), std::string::npos);
}

// A refit moves scales, which are not those of the file's rule any more: then the file has them.
TEST_F(FormatFile, KeepsScalesThatARefitHasMoved) {
  for (const ScaleScope scope : {ScaleScope::layer, ScaleScope::channel}) {
    Format format;
    format.scale = scope;
    NetworkFormat formats = Decoder(network_, format)(some_genome(network_, format));
    take_nearest(network_, formats);
    EXPECT_EQ(
        nlohmann::json::parse(format_to_json(network_, format, {QuantisedNetwork(formats), 50}))["format_version"], 1);
    formats[1].scales.back() *= 1.0625F;
    const QuantisedNetwork moved(formats);
    auto json = nlohmann::json::parse(format_to_json(network_, format, {moved, 50}));
    EXPECT_EQ(json["format_version"], 2);
    EXPECT_FALSE(json["layers"][0].contains("scales"));
    write(json.dump());
    EXPECT_EQ(read_format(path_, network_).network, moved);

    nlohmann::json& scales = json["layers"][1]["scales"];
    scales.back() = 0;
    EXPECT_NE(refusal(json.dump()).find("finite numbers above zero were expected"), std::string::npos) << json;
    scales = {1, 2};
    EXPECT_NE(refusal(json.dump()).find("finite numbers above zero were expected"), std::string::npos) << json;
    scales = "1";
    EXPECT_NE(refusal(json.dump()).find("an array of 1 to"), std::string::npos) << json;
  }
}

// As they were written before every layer had indices: the nearest levels are found again, by the bins' boundaries
// where the encoding has them.
TEST_F(FormatFile, LayersWithoutIndicesTakeTheNearestLevels) {
  for (const Encoding encoding : {Encoding::values, Encoding::boundaries}) {
    Format format;
    format.encoding = encoding;
    format.scale = ScaleScope::channel;
    const NetworkFormat layers = Decoder(network_, format)(some_genome(network_, format));
    auto json = nlohmann::json::parse(format_to_json(network_, format, {quantise(network_, layers), 50}));
    for (std::size_t i = 0; i < layers.size(); ++i) {
      auto& entry = json["layers"][i];
      entry.erase("indices");
      entry["levels"] = layers[i].codebook(0).levels();
      if (encoding == Encoding::boundaries) entry["boundaries"] = layers[i].codebook(0).boundaries();
    }
    write(json.dump());
    EXPECT_EQ(read_format(path_, network_).network, quantise(network_, layers));
  }
}

TEST_F(FormatFile, RefusesWhatItCannotUse) {
  Format format;
  const Decoder decoder(network_, format);
  const std::string good =
      format_to_json(network_, format, {quantise(network_, decoder(some_genome(network_, format))), 50});
  EXPECT_NE(refusal("").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("[1, 2]").find("a JSON object"), std::string::npos);
  EXPECT_NE(refusal("{}").find("layers"), std::string::npos);
  EXPECT_NE(refusal(good.substr(0, good.size() / 2)).find("not JSON"), std::string::npos);
  const auto changed = [&](auto change) {
    auto json = nlohmann::json::parse(good);
    change(json);
    return refusal(json.dump());
  };
  EXPECT_NE(changed([](auto& j) { j["network_hash"] = "0"; }).find("hash"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["layers"][0]["name"] = "other"; }).find("other"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["layers"][1] = j["layers"][0]; }).find("twice"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["layers"][0]["levels"][0] = "x"; }).find("a number"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["layers"][0]["levels"] = nlohmann::json::array(); }).find("an array"),
            std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["layers"][0]["levels"][0] = 1e300; }).find("finite"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["scale"] = 3; }).find("scale"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j["scale"] = "loud"; }).find("loud"), std::string::npos);
  EXPECT_NE(changed([](auto& j) { j.erase("encoding"); }).find("encoding"), std::string::npos);
}

TEST_F(FormatFile, OfAnotherOutputNamesTheOption) {
  const std::string other = R"({"network_hash":"0","layers":[]})";
  EXPECT_EQ(refusal(other).find("--output-name"), std::string::npos);  // the file has no other output
  network_.output_name = "scores";
  network_.file_outputs = {"boxes", "scores"};
  const std::string said = refusal(other);
  EXPECT_NE(said.find("output \"scores\" (--output-name"), std::string::npos) << said;
}

TEST_F(FormatFile, HostileValuesAreNeitherCopiedNorShown) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  for (const char* key : {"network_hash", "encoding", "block", "format_version", "layers", "whatever"}) {
    SCOPED_TRACE(key);
    EXPECT_NE(refusal(fmt::format(R"({{"vbq":"0.1.0","{}":{},"layers":[]}})", key, deep)).find("nested more than"),
              std::string::npos);
  }
  const std::string long_hash = refusal(R"({"network_hash":")" + std::string(1 << 20, 'x') + R"(","layers":[]})");
  EXPECT_NE(long_hash.find("was found for a network with hash"), std::string::npos);
  EXPECT_LT(long_hash.size(), 300U);
}

TEST_F(FormatFile, HasAVersion) {
  Format format;
  const Decoder decoder(network_, format);
  const std::string good =
      format_to_json(network_, format, {quantise(network_, decoder(some_genome(network_, format))), 50});
  auto json = nlohmann::json::parse(good);
  EXPECT_EQ(json.at("format_version"), 1);
  const auto of_version = [&](const nlohmann::json& version) {
    json["format_version"] = version;
    return refusal(json.dump());
  };
  EXPECT_NE(of_version(4).find("of format version 4, which a later vbq has written"), std::string::npos);
  for (const nlohmann::json& version : std::vector<nlohmann::json>{0, -1, 1.5, "1", nullptr, {1}}) {
    EXPECT_NE(of_version(version).find("a version from 1"), std::string::npos) << version;
  }
  json.erase("format_version");  // as vbq wrote it before there was one
  write(json.dump());
  EXPECT_EQ(read_format(path_, network_).block, 50);
}

TEST_F(FormatFile, RefusesMoreLayersThanTheNetworkHas) {
  Format format;
  const Decoder decoder(network_, format);
  auto json = nlohmann::json::parse(
      format_to_json(network_, format, {quantise(network_, decoder(some_genome(network_, format))), 50}));
  for (int i = 0; i < 3; ++i) json["layers"].push_back(json["layers"][0]);
  EXPECT_NE(refusal(json.dump()).find("has 6 layers, the network has 3"), std::string::npos);
}

// The fuzz target starts from it; of a network that has changed it would be refused at its hash.
TEST_F(FormatFile, ReadsTheFuzzTargetsSeeds) {
  for (const char* name : {"compensated.json", "boundaries.json"}) {
    EXPECT_EQ(read_format(fs::path(VBQ_SOURCE) / "tests/fuzz/seeds" / name, network_).network.layers().size(), 3U)
        << name;
  }
}

TEST_F(FormatFile, SkippedLayersAreLeftOut) {
  Format format;
  format.scale = ScaleScope::channel;
  format.skip = {"conv1"};
  const Decoder decoder(network_, format);
  write(format_to_json(network_, format, {quantise(network_, decoder(some_genome(network_, format))), 50}));
  const auto [read, block, activations] = read_format(path_, network_);
  const std::vector<QuantisedLayer>& again = read.layers();
  EXPECT_EQ(block, 50);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(network_.nodes[static_cast<std::size_t>(again[0].node)].name, "conv2");
  EXPECT_EQ(again[0].scales.size(), 7U);
  EXPECT_EQ(again[1].scales.size(), 5U);
}

}  // namespace
}  // namespace vbq
