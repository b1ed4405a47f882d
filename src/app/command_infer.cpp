// vbq infer: raw outputs, so that anyone can compare an import with their own framework.
#include <algorithm>
#include <optional>

#include "app/commands.hpp"
#include "app/output_file.hpp"
#include "config/names.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "data/channels_first.hpp"
#include "data/npy.hpp"
#include "json/json.hpp"
#include "onnx/content.hpp"
#include "report/output.hpp"
#include "run/not_finite.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"

namespace vbq {
namespace {

// How the array holds images of the network's input.
struct Reading {
  std::int64_t images = 0;  // 0: it does not hold any
  Layout layout = Layout::nchw;
};

// As [N, input...], or as the input alone for one image.
std::int64_t images_of(Shape shape, const Shape& image) {
  if (shape == image) return 1;
  const std::int64_t count = shape.empty() ? 0 : shape.front();
  if (!shape.empty()) shape.erase(shape.begin());
  return shape == image ? std::max<std::int64_t>(count, 0) : 0;
}

// In the layout that was asked for; else in that of the network's own file where the shape fits, which is what other
// programs feed it; else in the other one.
Reading read_shape(const NpyArray& input, const Network& network, std::optional<Layout> asked) {
  const Shape& first = network.input_shape();
  if (first.size() != 3) {
    if (asked) fail("--layout is for images of three axes: the network takes [N, {}]", fmt::join(first, ", "));
    const Reading reading{images_of(input.shape, first), Layout::nchw};
    if (reading.images > 0) return reading;
    fail("input {} has shape [{}]: [N, {}] was expected", input.origin, fmt::join(input.shape, ", "),
         fmt::join(first, ", "));
  }
  const Shape last{first[1], first[2], first[0]};
  const Layout own = network.file_layout, other = own == Layout::nchw ? Layout::nhwc : Layout::nchw;
  const auto as = [&](Layout layout) {
    return Reading{images_of(input.shape, layout == Layout::nchw ? first : last), layout};
  };
  const Reading reading = as(asked.value_or(own));
  if (reading.images > 0) return reading;
  if (!asked && as(other).images > 0) return as(other);
  std::string wanted;
  for (const Layout layout : {Layout::nchw, Layout::nhwc}) {
    if (asked.value_or(layout) != layout) continue;
    wanted +=
        fmt::format("{}[N, {}]", wanted.empty() ? "" : " or ", fmt::join(layout == Layout::nchw ? first : last, ", "));
  }
  fail("input {} has shape [{}]: {} was expected", input.origin, fmt::join(input.shape, ", "), wanted);
}

}  // namespace

int command_infer(const InferArguments& arguments, const CommonOptions& common) {
  for (const std::string& warning : unused_engine_options(common.engine)) log::warning("{}", warning);
  std::vector<std::filesystem::path> inputs = files_of_onnx(arguments.network);
  inputs.insert(inputs.end(), {arguments.input, arguments.format.value_or("")});
  check_output(arguments.output, inputs, arguments.overwrite ? Existing::overwrite : Existing::refuse);
  std::optional<Layout> asked;
  if (!arguments.layout.empty()) asked = value_of<Layout>(arguments.layout, kLayouts, "--layout");
  Network network = read_onnx(arguments.network, arguments.output_name);
  const NpyArray input = read_npy(arguments.input);
  const auto [images, layout] = read_shape(input, network, asked);
  std::vector<float> values = input.as_floats();
  if (layout == Layout::nhwc) {
    const Shape& first = network.input_shape();
    values = channels_first(values, static_cast<std::size_t>(first[0]), static_cast<std::size_t>(first[1] * first[2]));
  }

  EngineOptions options = common.engine;
  options.tune = false;  // for so few images; and outputs are the same every time
  QuantisedNetwork quantised;
  if (arguments.format) {
    FoundNetwork read = read_found_network(*arguments.format, std::move(network));
    network = std::move(read.network);
    quantised = std::move(read.found.network);
  }
  const auto engine = make_engine(network, options);
  engine->quantise(quantised.formats());
  std::vector<float> output(static_cast<std::size_t>(images * elements(network.output_shape())));
  engine->infer(values, images, output);
  warn_of_not_finite(output, images);

  Shape shape = network.output_shape();
  shape.insert(shape.begin(), images);
  write_npy(arguments.output, shape, output);
  log::info("{} outputs of shape [{}] written to {}", images, fmt::join(shape, ", "), arguments.output.string());
  if (common.json) print_json({{"output", arguments.output.string()}, {"images", images}, {"shape", shape}});
  return 0;
}

}  // namespace vbq
