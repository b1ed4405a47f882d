// vbq info of a network: its operators, and its layers one by one.
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "app/info.hpp"
#include "config/names.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "vbq/onnx.hpp"
#include "vbq/size.hpp"

namespace vbq {
namespace {

// Multiply-adds of one image.
std::int64_t multiply_adds(const Network& network, int node) {
  const Tensor* weight = weight_of(network.nodes[static_cast<std::size_t>(node)]);
  const Shape& out = network.shapes[static_cast<std::size_t>(node) + 1];
  const std::int64_t per_output = elements(weight->shape) / std::max<std::int64_t>(1, weight->shape.front());
  return per_output * elements(out);
}

// How often each operator occurs, the commonest first.
std::vector<std::pair<std::string, std::int64_t>> operator_counts(const Network& network) {
  std::map<std::string, std::int64_t> counts;
  for (const Node& node : network.nodes) ++counts[operator_name(node.op)];
  std::vector<std::pair<std::string, std::int64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

// One object a layer.
Json layers_of(const Network& network) {
  Json layers = Json::array();
  for (const int index : weight_layers(network)) {
    const Node& node = network.nodes[static_cast<std::size_t>(index)];
    const Tensor* weight = weight_of(node);
    const auto [low, high] = std::minmax_element(weight->data.begin(), weight->data.end());
    layers.push_back({{"name", node.name},
                      {"operator", operator_name(node.op)},
                      {"shape", weight->shape},
                      {"weights", elements(weight->shape)},
                      {"multiply_adds", multiply_adds(network, index)},
                      {"minimum", *low},
                      {"maximum", *high}});
  }
  return layers;
}

std::int64_t sum_of(const Json& layers, const char* key) {
  std::int64_t sum = 0;
  for (const Json& layer : layers) sum += layer[key].get<std::int64_t>();
  return sum;
}

Json network_json(const Network& network, const Json& layers) {
  Json json{{"kind", "network"},
            {"name", network.name},
            {"input", network.input_shape()},
            {"output", network.output_shape()},
            {"file_layout", name_of<Layout>(network.file_layout, kLayouts)},
            {"output_name", network.output_name},
            {"file_outputs", network.file_outputs},
            {"nodes", network.nodes.size()},
            {"operators", Json::object()},
            {"weights", sum_of(layers, "weights")},
            {"multiply_adds", sum_of(layers, "multiply_adds")},
            {"left_in_fp32", numbers_beside_weights(network)},
            {"layers", layers},
            {"hash", network_hash(network)}};
  for (const auto& [name, count] : operator_counts(network)) json["operators"][name] = count;
  return json;
}

std::string header_text(const Network& network, const std::filesystem::path& path) {
  const auto counts = operator_counts(network);
  std::vector<std::string> operators;
  operators.reserve(counts.size());
  for (const auto& [name, count] : counts) operators.push_back(fmt::format("{} {}", count, name));
  std::string text =
      fmt::format("network {}: input {} [N, {}], output {} [N, {}]\n{} nodes: {}\n\n", path.string(),
                  network.input_name, fmt::join(network.input_shape(), ", "), network.output_name,
                  fmt::join(network.output_shape(), ", "), network.nodes.size(), fmt::join(operators, ", "));
  if (network.file_layout == Layout::nhwc) text += "the file takes images with channels last; here they come first\n\n";
  if (network.file_outputs.size() > 1) {
    text += fmt::format("outputs of the file: {} (--output-name)\n\n", fmt::join(network.file_outputs, ", "));
  }
  return text;
}

std::string table_text(const Json& layers) {
  const auto weights = static_cast<double>(sum_of(layers, "weights"));
  std::string text = fmt::format("{:<40} {:<6} {:>18} {:>12} {:>7} {:>14}  {}\n", "layer", "type", "shape", "weights",
                                 "share", "multiply-adds", "range");
  for (const Json& layer : layers) {
    text +=
        fmt::format("{:<40} {:<6} {:>18} {:>12} {:>6.1f}% {:>14}  {:.3g} .. {:.3g}\n", layer["name"].get<std::string>(),
                    layer["operator"].get<std::string>(),
                    fmt::format("{}", fmt::join(layer["shape"].get<std::vector<std::int64_t>>(), "x")),
                    thousands(layer["weights"].get<std::int64_t>()), 100.0 * layer["weights"].get<double>() / weights,
                    thousands(layer["multiply_adds"].get<std::int64_t>()), layer["minimum"].get<double>(),
                    layer["maximum"].get<double>());
  }
  return text;
}

}  // namespace

int network_info(const std::filesystem::path& path, const std::string& output, const CommonOptions& common) {
  const Network network = read_onnx(path, output);
  const Json layers = layers_of(network);
  if (common.json) {
    print_json(network_json(network, layers));
    return 0;
  }
  const std::int64_t weights = sum_of(layers, "weights");
  print(header_text(network, path) + table_text(layers));
  print(
      fmt::format("\n{} weights in these {} layers ({} bytes in FP32) are what a search quantises (all but those in "
                  "network.skip);\n"
                  "{} numbers in biases, batch norms and constants stay FP32. {} multiply-adds an image.\nhash  {}\n",
                  thousands(weights), layers.size(), thousands(4 * weights), thousands(numbers_beside_weights(network)),
                  thousands(sum_of(layers, "multiply_adds")), network_hash(network)));
  return 0;
}

}  // namespace vbq
