// vbq infer: raw outputs, so that anyone can compare an import with their own framework.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/format_file.hpp"
#include "app/not_finite.hpp"
#include "app/output.hpp"
#include "app/unused.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "data/npy.hpp"
#include "model/onnx.hpp"

namespace vbq {
namespace {

// Images in the array: its shape must be [N, input...], or the input's alone for one image.
std::int64_t image_count(const NpyArray& input, const Network& network, const std::string& path) {
  Shape shape = input.shape;
  if (shape == network.input_shape()) return 1;
  const std::int64_t count = shape.empty() ? 0 : shape.front();
  if (!shape.empty()) shape.erase(shape.begin());
  if (shape != network.input_shape() || count < 1) {
    fail("input {} has shape [{}]: [N, {}] was expected", path, fmt::join(input.shape, ", "),
         fmt::join(network.input_shape(), ", "));
  }
  return count;
}

}  // namespace

int command_infer(const InferArguments& arguments, const CommonOptions& common) {
  for (const std::string& warning : unused_engine_options(common.engine)) log::warning("{}", warning);
  const Network network = read_onnx(arguments.network);
  const NpyArray input = read_npy(arguments.input);
  const std::int64_t images = image_count(input, network, arguments.input.string());
  const std::vector<float> values = input.as_floats();

  const auto engine = make_engine(network, common.engine);
  if (arguments.format) engine->quantise(read_format(*arguments.format, network).layers);
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
