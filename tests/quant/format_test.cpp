#include "vbq/format.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.hpp"
#include "quant/stand_in.hpp"
#include "support/networks.hpp"
#include "vbq/error.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

std::vector<float> levels_of(const Codebook& codebook) { return {codebook.levels().begin(), codebook.levels().end()}; }

TEST(Format, LayersWithoutTheSkipped) {
  const Network net = support::residual_network();
  Format format;
  EXPECT_EQ(quantised_layers(net, format), (std::vector<int>{0, 3, 9}));
  format.skip = {"head", "conv1"};
  EXPECT_EQ(quantised_layers(net, format), (std::vector<int>{3}));
  format.skip = {"conv3"};
  try {
    quantised_layers(net, format);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("conv3"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find("did you mean 'conv"), std::string::npos) << error.what();
  }
  format.skip = {"relu1"};  // a node, but not a layer
  EXPECT_THROW(quantised_layers(net, format), Error);
  format.skip = {"head", "conv1", "conv2"};
  EXPECT_THROW(quantised_layers(net, format), Error);
}

TEST(Format, Scales) {
  Network net = support::residual_network();
  Tensor& conv = *weight_of(net.nodes[0]);
  const std::size_t row = conv.data.size() / 7;
  std::fill_n(conv.data.begin() + 2 * static_cast<std::ptrdiff_t>(row), row, 0.0F);  // channel 2 is all zeros
  Format format;
  EXPECT_EQ(layer_scales(net, format), (std::vector<std::vector<float>>(3)));
  for (const ScaleBy by : {ScaleBy::rms, ScaleBy::maximum}) {
    format.scale_by = by;
    format.scale = ScaleScope::channel;
    const auto scales = layer_scales(net, format);
    ASSERT_EQ(scales.size(), 3U);
    ASSERT_EQ(scales[0].size(), 7U);
    EXPECT_EQ(scales[0][2], 1.0F);
    double sum = 0, most = 0;
    for (std::size_t i = row; i < 2 * row; ++i) {
      sum += static_cast<double>(conv.data[i]) * conv.data[i];
      most = std::max(most, std::fabs(static_cast<double>(conv.data[i])));
    }
    EXPECT_EQ(scales[0][1], static_cast<float>(by == ScaleBy::rms ? std::sqrt(sum / static_cast<double>(row)) : most));
    EXPECT_EQ(scales[2].size(), 5U);
    format.scale = ScaleScope::layer;
    EXPECT_EQ(layer_scales(net, format)[0].size(), 1U);
  }
  std::fill(conv.data.begin(), conv.data.end(), 0.0F);
  EXPECT_EQ(layer_scales(net, format)[0], std::vector<float>{1.0F});
  std::fill(conv.data.begin(), conv.data.end(), std::numeric_limits<float>::denorm_min());
  EXPECT_GT(layer_scales(net, format)[0][0], 0.0F);
}

TEST(Format, GeneAndChromosomeCounts) {
  Format format;
  EXPECT_EQ(gene_count(format), 8);
  const Network net = support::residual_network();
  EXPECT_EQ(chromosome_count(net, format), 3);
  format.scope = Scope::channel;
  std::int64_t channels = 0;
  for (const int node : weight_layers(net)) channels += weight_of(net.nodes[static_cast<std::size_t>(node)])->shape[0];
  EXPECT_EQ(chromosome_count(net, format), channels);
  format.scope = Scope::network;
  EXPECT_EQ(chromosome_count(net, format), 1);
  format.symmetric = true;
  EXPECT_EQ(gene_count(format), 4);
  format.levels = 7;
  EXPECT_THROW(gene_count(format), Error);
  format.symmetric = false;
  format.encoding = Encoding::boundaries;
  EXPECT_EQ(gene_count(format), 6);
  format.encoding = Encoding::companded;
  EXPECT_EQ(gene_count(format), 2);
  format.symmetric = true;
  format.levels = 8;
  EXPECT_THROW(gene_count(format), Error);
  format.symmetric = false;
  for (int levels : {-1, 0, 1, 257}) {
    format.levels = levels;
    EXPECT_THROW(gene_count(format), Error);
  }
}

TEST(Format, DecodesEachEncoding) {
  Format format;
  format.levels = 4;
  EXPECT_EQ(levels_of(decode({-1, 0, 0, 2}, format)), (std::vector<float>{-1, 0, 2}));
  format.symmetric = true;
  EXPECT_EQ(levels_of(decode({1, 3}, format)), (std::vector<float>{-3, -1, 1, 3}));
  EXPECT_EQ(decode({1, 3}, format).boundaries()[1], 0.0F);
  EXPECT_THROW(decode({-1, 3}, format), Error);
  format.symmetric = false;
  format.encoding = Encoding::boundaries;
  EXPECT_EQ(levels_of(decode({-1, 1, 2}, format)), (std::vector<float>{-1, 0, 1.5, 2}));
  format.encoding = Encoding::companded;  // x = -1.5, -0.5, 0.5, 1.5
  const auto companded = levels_of(decode({4, 0.5}, format));
  EXPECT_EQ(companded, (std::vector<float>{-3.5, -0.5, 0.5, 3.5}));
  EXPECT_THROW(decode({-1, 1}, format), Error);
  EXPECT_THROW(decode({0, 1}, format), Error);
  EXPECT_TRUE(std::isfinite(decode({1e38, 1e38}, format).levels()[3]));  // cut off, not infinite
}

TEST(Format, DecodeRefusesBadGenes) {
  Format format;
  format.levels = 2;
  EXPECT_THROW(decode({1}, format), Error);
  EXPECT_THROW(decode({1, 2, 3}, format), Error);
  EXPECT_THROW(decode({2, 1}, format), Error);
  EXPECT_THROW(decode({1, std::nan("")}, format), Error);
  EXPECT_THROW(decode({1, 1e39}, format), Error);
  EXPECT_EQ(decode({1, 1}, format).size(), 1);
}

TEST(Format, LayersMayHaveTheirOwnNumbersOfLevels) {
  const Network net = support::residual_network();
  Format format;
  format.levels = 4;
  format.widths = Widths::own;
  const Decoder decoder(net, format);
  const NetworkFormat formats = decoder({{{-1, 1}, {}, {-2, -1, 1, 3}}});
  ASSERT_EQ(formats.size(), 2U) << "the layer without genes stays FP32";
  EXPECT_EQ(formats[0].node, 0);
  EXPECT_EQ(formats[0].levels(), 2);
  EXPECT_EQ(formats[1].node, 9);
  EXPECT_EQ(formats[1].levels(), 4);
  EXPECT_TRUE(decoder({{{}, {}, {}}}).empty());
  EXPECT_THROW(decoder({{{1}, {}, {}}}), Error);
  EXPECT_THROW(decoder({{{1, 2, 3, 4, 5}, {}, {}}}), Error);
  EXPECT_THROW(decoder({{{-1, 1}, {}}}), Error);
  const QuantisedNetwork quantised = quantise(net, formats);
  const WeightSize size = weight_size(net, quantised);
  EXPECT_EQ(size.fp32_bits, 32 * std::ssize(weight_of(net.nodes[3])->data));
  EXPECT_EQ(size.index_bits, std::ssize(weight_of(net.nodes[0])->data) + 2 * std::ssize(weight_of(net.nodes[9])->data));
  EXPECT_EQ(size.codebook_bits, 32 * (2 + 4));
  for (const auto change : {+[](Format& f) { f.symmetric = true; }, +[](Format& f) { f.scope = Scope::network; },
                            +[](Format& f) { f.encoding = Encoding::uniform; }}) {
    Format other = format;
    change(other);
    EXPECT_THROW(Decoder(net, other), Error);
  }
}

TEST(Format, DecoderPairsChromosomesWithLayers) {
  const Network net = support::residual_network();
  Format format;
  format.levels = 2;
  format.scale = ScaleScope::channel;
  format.skip = {"conv2"};
  const Decoder decoder(net, format);
  const NetworkFormat formats = decoder({{{-1, 1}, {-2, 3}}});
  ASSERT_EQ(formats.size(), 2U);
  EXPECT_EQ(formats[1].node, 9);
  EXPECT_EQ(formats[1].codebook(0), Codebook::from_levels({-2, 3}));
  EXPECT_EQ(formats[1].scales, layer_scales(net, format)[1]);
  EXPECT_THROW(decoder({{{-1, 1}}}), Error);
  const NetworkFormat second = decoder({{{}, {-2, 3}}});
  ASSERT_EQ(second.size(), 1U) << "an empty chromosome leaves its layer FP32";
  EXPECT_EQ(second[0].node, 9);
  format.scope = Scope::network;
  EXPECT_THROW(Decoder(net, format)({{{}}}), Error) << "there is no other";
  const NetworkFormat shared = Decoder(net, format)({{{-1, 1}}});
  EXPECT_EQ(shared[0].codebooks, shared[1].codebooks);
  EXPECT_THROW(Decoder(net, format)({{{-1, 1}, {-2, 3}}}), Error);
}

TEST(Size, CountsWhatIsStored) {
  const Network net = support::residual_network();  // 7x3x3x3 = 189, 7x7x3x3 = 441, 5x7 = 35 weights
  Format format;
  format.levels = 6;
  format.scale = ScaleScope::channel;
  const Chromosome genes{-3, -2, -1, 1, 2, 3};
  const WeightSize size = weight_size(net, Decoder(net, format)({{genes, {-3, -2, -1, 1, 2, 4}, {0, 0, 0, 0, 0, 1}}}));
  EXPECT_EQ(size.weights, 665);
  EXPECT_EQ(size.index_bits, 3 * 630 + 35);
  EXPECT_EQ(size.codebook_bits, 32 * 14);
  EXPECT_EQ(size.scale_bits, 32 * 5);  // the head's: the others have a batch norm behind them
  EXPECT_EQ(size.fp32_bits, 0);
  EXPECT_EQ(size.levels, 6);
  EXPECT_DOUBLE_EQ(size.bits_per_weight(), (3.0 * 630 + 35 + 32 * 19) / 665);
  format.scale = ScaleScope::none;
  format.scope = Scope::network;
  format.skip = {"head"};
  const WeightSize shared = weight_size(net, Decoder(net, format)({{genes}}));
  EXPECT_EQ(shared.bits(), 3 * 630 + 32 * 6 + 32 * 35);
  EXPECT_EQ(shared.bytes(), (3 * 630 + 32 * 6 + 32 * 35 + 7) / 8);
  EXPECT_EQ(weight_size(net, QuantisedNetwork()).bits_per_weight(), 32.0);
  EXPECT_THROW(weight_size(net, NetworkFormat{{2, {Codebook::from_levels({1})}, {}}}), Error);
  EXPECT_THROW(weight_size(net, NetworkFormat{{99, {Codebook::from_levels({1})}, {}}}), Error);
}

// The gain is part of the scale, which every channel has then; the shift part of the bias, where there is one; both
// part of a batch norm behind.
TEST(Size, CountsWhatMatchingAdds) {
  Network net = support::residual_network();  // 7, 7 and 5 output channels
  net.nodes[1].op = Relu{};                   // the second layer alone has a batch norm behind
  Format format;
  format.levels = 4;
  NetworkFormat layers = Decoder(net, format)({{{-2, -1, 1, 2}, {-3, -1, 1, 2}, {-4, -1, 1, 2}}});
  const WeightSize before = weight_size(net, layers);
  EXPECT_EQ(before.scale_bits, 0);
  EXPECT_EQ(before.shift_bits, 0);
  std::int64_t without_bias = 0, scales = 0;
  for (LayerFormat& layer : layers) {
    const Node& node = net.nodes[static_cast<std::size_t>(layer.node)];
    const auto outputs = static_cast<std::size_t>(weight_of(node)->shape.front());
    layer.gain.assign(outputs, 1.5F);
    layer.shift.assign(outputs, 0.5F);
    if (batch_norm_behind(net, layer.node) >= 0) continue;
    scales += static_cast<std::int64_t>(outputs);
    if (bias_of(node)->empty()) without_bias += static_cast<std::int64_t>(outputs);
  }
  ASSERT_EQ(scales, 12);
  ASSERT_EQ(without_bias, 7);
  const WeightSize after = weight_size(net, layers);
  EXPECT_EQ(after.scale_bits, 32 * scales);
  EXPECT_EQ(after.shift_bits, 32 * without_bias);
  EXPECT_EQ(after.bits() - before.bits(), 32 * (scales + without_bias));
  layers[1].bias.assign(layers[1].gain.size(), 1.0F);  // one that takes levels stays with its layer
  EXPECT_EQ(weight_size(net, layers).scale_bits, 32 * 19);
}

TEST(Size, OfAQuantisedNetworkIsThatOfItsFormats) {
  const Network net = support::residual_network();
  Format format;
  format.levels = 6;
  format.scope = Scope::channel;
  format.scale = ScaleScope::channel;
  const QuantisedNetwork made = quantise(net, stand_in_format(net, format));
  const WeightSize size = weight_size(net, made), of_formats = weight_size(net, made.formats());
  EXPECT_EQ(size.bits(), of_formats.bits());
  EXPECT_EQ(size.entropy_bits, of_formats.entropy_bits);
  EXPECT_EQ(size.levels, of_formats.levels);
  EXPECT_GT(size.entropy_bits, 0.0);
}

TEST(Size, AStandInIsAsLargeAsWhatIsFound) {
  const Network net = support::residual_network();
  for (const Encoding encoding : {Encoding::values, Encoding::boundaries, Encoding::companded, Encoding::uniform,
                                  Encoding::floating, Encoding::power_of_two}) {
    for (const Scope scope : {Scope::network, Scope::layer, Scope::channel}) {
      for (const ScaleScope scale : {ScaleScope::none, ScaleScope::layer, ScaleScope::channel}) {
        Format format;
        format.encoding = encoding;
        format.scope = scope;
        format.scale = scale;
        format.levels = encoding == Encoding::floating || encoding == Encoding::power_of_two ? 16 : 6;
        const WeightSize stand_in = weight_size(net, stand_in_format(net, format));
        Genome genome;  // unlike the stand-in's
        for (int c = 0; c < chromosome_count(net, format); ++c) {
          Chromosome& genes = genome.chromosomes.emplace_back();
          for (int g = 0; g < gene_count(format); ++g) genes.push_back(std::exp2(c % 30) * (0.75 + g * 1.3));
        }
        const WeightSize found = weight_size(net, Decoder(net, format)(genome));
        EXPECT_EQ(stand_in.bits(), found.bits()) << static_cast<int>(encoding) << static_cast<int>(scope);
        EXPECT_EQ(stand_in.levels, found.levels);
        format.matching = Matching::end;
        EXPECT_EQ(weight_size(net, stand_in_format(net, format)).scale_bits, 32 * 5);  // of the head
      }
    }
  }
}

}  // namespace
}  // namespace vbq
