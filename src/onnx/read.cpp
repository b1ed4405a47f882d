#include "vbq/onnx.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "model/channels_last.hpp"
#include "model/passes.hpp"
#include "onnx/content.hpp"
#include "onnx/external.hpp"
#include "onnx/functions.hpp"
#include "onnx/graph.hpp"
#include "onnx/load.hpp"
#include "onnx/name.hpp"
#include "onnx/translate.hpp"
#include "onnx/wire.hpp"

namespace vbq {
namespace {

// A second probe: another prime.
constexpr std::int64_t kOtherProbe = 7927;

}  // namespace

Budget budget_for(std::uint64_t file_bytes, const onnx::ModelProto& model) {
  // A byte of our own files holds eight bits, which are taken apart and cast twice, or as many indices, which are
  // looked up, shaped and scaled: each a copy.
  constexpr std::int64_t kLeast = 1 << 26, kMost = 1 << 30, kPerByte = 64;
  std::int64_t bytes = static_cast<std::int64_t>(file_bytes);
  for (const auto& tensor : model.graph().initializer())
    bytes = std::min(bytes + std::min(declared_external_bytes(tensor), kMost), kMost);
  return Budget(std::min(kLeast + kPerByte * bytes, kMost));
}

onnx::ModelProto parse_model(std::string content) {
  if (content.size() > kLargestFile) fail("it has {} bytes: at most {} were expected", content.size(), kLargestFile);
  check_wire(content);
  onnx::ModelProto model;
  if (!model.ParseFromArray(content.data(), static_cast<int>(content.size()))) {
    fail("its {} bytes are not an ONNX model", content.size());
  }
  inline_functions(model);
  return model;
}

namespace {

Network finish(Draft draft, const Graph& graph) {
  draft.network.name = clean_name(graph.name);
  draft.network.input_name = clean_name(graph.input);
  draft.network.output_name = clean_name(graph.output);
  for (const std::string& output : graph.outputs) draft.network.file_outputs.push_back(clean_name(output));
  remove_identities(draft);
  const Layout layout = input_layout(draft.network);
  if (layout == Layout::nhwc) put_channels_first(draft);
  recognise_functions(draft);
  recognise_batch_norm(draft);
  merge_transposes(draft);
  remove_identities(draft);
  remove_dead_nodes(draft);
  Network network = std::move(draft.network);
  network.file_layout = layout;
  validate(network);
  return network;
}

// `reader` by value: each reading has the whole budget.
Network read_at(const Graph& graph, TensorReader reader, std::int64_t batch, bool* reads_batch) {
  Translation translation = translate(graph, reader, batch);
  *reads_batch = translation.reads_batch;
  return finish(std::move(translation.draft), graph);
}

// A batch of kProbe images; where the file does not allow it, of one: exports traced with one image often have a batch
// of 1 in a Reshape, though they call it free. An error is that of the second reading, whose shapes are easier to
// recognise.
Network read_free(const Graph& graph, const TensorReader& reader, bool* reads_batch) {
  try {
    return read_at(graph, reader, kProbe, reads_batch);
  } catch (const Error& error) {
    log::debug("read again for a batch of one image, because {}", error.what());
  }
  Network network = read_at(graph, reader, 1, reads_batch);
  *reads_batch = false;
  return network;
}

Network read_model(const onnx::ModelProto& model, const TensorReader& reader, const std::string& output) {
  Graph graph = read_graph(model, output);
  remove_unreached(graph);
  bool reads_batch = false;
  if (graph.input_shape.front() > 0) return read_at(graph, reader, graph.input_shape.front(), &reads_batch);
  Network network = read_free(graph, reader, &reads_batch);
  // What the network is must not depend on how many images are in a batch.
  if (reads_batch && network_hash(read_at(graph, reader, kOtherProbe, &reads_batch)) != network_hash(network)) {
    fail("the network computes something else of an image when more images are in the batch");
  }
  return network;
}

}  // namespace

Network parse_onnx(std::string content, const std::filesystem::path& path, const std::string& output) {
  try {
    const std::uint64_t size = content.size();
    const onnx::ModelProto model = parse_model(std::move(content));
    const Budget budget = budget_for(size, model);
    Network network = read_model(model, TensorReader(ModelPlace(path), budget), output);
    if (network.name.empty()) network.name = clean_name(path.stem().string());
    return network;
  } catch (const Error& error) {
    throw Error(fmt::format("network {}: {}", path.string(), error.what()), error.fault());
  } catch (const std::bad_alloc&) {
    fail("network {} asks for more memory than there is", path.string());
  } catch (const std::length_error&) {
    fail("network {} asks for more memory than there is", path.string());
  }
}

std::vector<std::filesystem::path> files_of_onnx(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> files{path};
  try {
    const onnx::ModelProto model = parse_model(read_file(path, "network", kLargestFile));
    const ModelPlace place(path);
    for (const auto& tensor : model.graph().initializer()) {
      for (const auto& entry : tensor.external_data()) {
        if (entry.key() != "location") continue;
        std::filesystem::path file = place.folder / entry.value();
        if (std::ranges::find(files, file) == files.end()) files.push_back(std::move(file));
      }
    }
  } catch (const Error&) {  // what is wrong with it is its reader's to say
  }
  return files;
}

std::string read_onnx_content(const std::filesystem::path& path) {
  std::string content = read_file(path, "network", kLargestFile);
  std::uint64_t size = content.size();
  bool changed = false;
  onnx::ModelProto model;
  try {
    model = parse_model(content);
    for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
      const std::int64_t bytes = declared_external_bytes(tensor);
      if (bytes == 0 || static_cast<std::uint64_t>(bytes) > kLargestFile - size) continue;
      size += static_cast<std::uint64_t>(bytes);
      tensor.set_raw_data(read_external(tensor, ModelPlace(path), bytes, "a tensor"));
      tensor.clear_external_data();
      tensor.clear_data_location();
      changed = true;
    }
    std::string whole;
    if (changed && model.SerializeToString(&whole)) return whole;
  } catch (const Error& error) {
    log::debug("network {} is sent as it is: {}", path.string(), error.what());
  }
  return content;
}

Network read_onnx(const std::filesystem::path& path, const std::string& output) {
  return parse_onnx(read_file(path, "network", kLargestFile), path, output);
}

}  // namespace vbq
