// vbq info: what this build can do, or what is in a file.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/progress.hpp"
#include "app/setup.hpp"
#include "app/sizes.hpp"
#include "app/unused.hpp"
#include "core/check.hpp"
#include "evaluate/memory.hpp"
#include "model/onnx.hpp"
#include "store/checkpoint.hpp"
#include "store/dataset_file.hpp"
#include "store/file_kind.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

using Json = nlohmann::ordered_json;

// conv -> relu -> linear, 1x4x4: enough to ask an engine what it is.
Network probe_network() {
  Network network;
  network.name = "probe";
  network.input_name = "input";
  network.output_name = "output";
  network.shapes = {{1, 4, 4}, {1, 4, 4}};
  network.nodes = {{"conv", Conv{{{1, 1, 1, 1}, {1.0F}}, {}, {1, 1}, {1, 1}, {}, 1}, {kInputValue}, "weight"}};
  return network;
}

Json engine_json(EngineKind kind, const char* name, const EngineOptions& options) {
  EngineOptions asked = options;
  asked.kind = kind;
  asked.precision = Precision::fp32;
  try {
    const EngineInfo info = make_engine(probe_network(), asked)->info();
    return {{"engine", name},          {"available", true},      {"device", info.device}, {"instruction_set", info.isa},
            {"library", info.library}, {"threads", info.threads}};
  } catch (const Error& error) {
    return {{"engine", name}, {"available", false}, {"why", error.what()}};
  }
}

int build_info(const CommonOptions& common) {
  Json json{{"vbq", kVersion}, {"compiler", __VERSION__}, {"engines", Json::array()}};
  for (const auto& [kind, name] :
       {std::pair{EngineKind::cuda, "cuda"}, {EngineKind::cpu, "cpu"}, {EngineKind::reference, "reference"}}) {
    json["engines"].push_back(engine_json(kind, name, common.engine));
  }
  if (common.json) {
    print_json(json);
    return 0;
  }
  print(fmt::format("vbq {}, built by g++ {}\n", kVersion, __VERSION__));
  for (const Json& engine : json["engines"]) {
    const auto name = engine["engine"].get<std::string>();
    if (engine["available"].get<bool>()) {
      print(fmt::format("engine {:<10} {}, {} thread{}, {}, {}\n", name, engine["device"].get<std::string>(),
                        engine["threads"].get<int>(), engine["threads"].get<int>() == 1 ? "" : "s",
                        engine["library"].get<std::string>(), engine["instruction_set"].get<std::string>()));
    } else {
      print(fmt::format("engine {:<10} not available: {}\n", name, engine["why"].get<std::string>()));
    }
  }
  return 0;
}

int dataset_info(const std::filesystem::path& path, const CommonOptions& common) {
  const auto source = open_dataset(path);
  const DatasetInfo& info = source->info();
  std::vector<std::int64_t> per_class(static_cast<std::size_t>(info.classes), 0);
  for (const std::int32_t label : source->labels()) ++per_class[static_cast<std::size_t>(label)];
  if (common.json) {
    Json json{{"kind", "dataset"},
              {"images", info.count},
              {"channels", info.channels},
              {"height", info.height},
              {"width", info.width},
              {"classes", info.classes},
              {"images_per_class", per_class},
              {"mean", info.normalisation.mean},
              {"std", info.normalisation.std},
              {"preprocessing", info.preprocessing},
              {"class_names", info.class_names},
              {"hash", info.hash}};
    print_json(json);
    return 0;
  }
  print(fmt::format("dataset {}: {} images of {}x{}x{} (channels, height, width), {} classes\n", path.string(),
                    info.count, info.channels, info.height, info.width, info.classes));
  print(fmt::format("normalisation  (x / 255 - [{}]) / [{}]\n", fmt::join(info.normalisation.mean, ", "),
                    fmt::join(info.normalisation.std, ", ")));
  if (!info.preprocessing.empty()) print(fmt::format("photos         {}\n", info.preprocessing));
  for (std::size_t c = 0; c < per_class.size() && c < 20; ++c) {
    print(fmt::format("class {:<4} {:<24} {:>8} images\n", c, c < info.class_names.size() ? info.class_names[c] : "",
                      per_class[c]));
  }
  if (per_class.size() > 20) print(fmt::format("... and {} classes more\n", per_class.size() - 20));
  print(fmt::format("hash  {}\n", info.hash));
  return 0;
}

int checkpoint_info(const std::filesystem::path& path, const CommonOptions& common) {
  const RunState state = read_checkpoint(path);
  if (common.json) {
    Json json{{"kind", "checkpoint"},
              {"generation", state.search.generation},
              {"best_fitness", state.search.best.fitness},
              {"population", state.search.population.size()},
              {"evaluations", state.evaluations},
              {"images_inferred", state.images},
              {"seconds", state.seconds},
              {"engine", state.engine},
              {"network_hash", state.network_hash},
              {"data_hash", state.data_hash}};
    print_json(json);
    return 0;
  }
  print(fmt::format("checkpoint {}: generation {}, best fitness {:.6g}\n", path.string(), state.search.generation,
                    state.search.best.fitness));
  print(fmt::format("{} individuals, {} networks evaluated, {} images inferred, {}\n", state.search.population.size(),
                    thousands(state.evaluations), thousands(state.images), duration_text(state.seconds)));
  print(fmt::format("engine   {}\nnetwork  {}\nimages   {}\n\n{}", state.engine, state.network_hash, state.data_hash,
                    state.job));
  return 0;
}

// What each width of a job would give.
std::vector<Sizes> predictions(const Job& job, const Network& network) {
  std::vector<Sizes> predicted;
  for (const int levels : job.sweep.empty() ? std::vector{job.format.levels} : job.sweep) {
    predicted.push_back(predicted_sizes(job.network, network, job_of_width(job, levels).format));
  }
  return predicted;
}

// What a job would need, before it is started.
int job_info(const InfoArguments& arguments, const CommonOptions& common) {
  const int workers = std::max(arguments.workers, 1);
  const Job job = read_job(*arguments.file, {});
  const Setup setup = make_setup(job, read_onnx_content(job.network), common.engine);
  const WorkerMemory need = worker_memory(setup.problem, {0, workers});
  const std::int64_t available = available_memory();
  const std::vector<Sizes> predicted = predictions(job, setup.problem.network);
  if (common.json) {
    Json json{{"kind", "job"},
              {"network", job.network.string()},
              {"quantised_layers", quantised_layers(setup.problem.network, job.format).size()},
              {"search_images", setup.problem.split.search.size()},
              {"held_out_images", setup.problem.split.held_out.size()},
              {"workers", workers},
              {"worker_bytes",
               {{"images", need.images},
                {"network", need.engine},
                {"choosing", need.choosing},
                {"program", need.program},
                {"total", need.total()}}},
              {"available_bytes", available},
              {"predicted_sizes", Json::array()}};
    for (const Sizes& sizes : predicted) json["predicted_sizes"].push_back(sizes_json(sizes));
    print_json(json);
    return 0;
  }
  constexpr double kMiB = 1 << 20;
  const auto mib = [](std::int64_t bytes) { return static_cast<double>(bytes) / kMiB; };
  print(fmt::format("job {}: {} levels, {} generations of {}\n", arguments.file->string(), job.format.levels,
                    job.generations, job.search.population));
  print(fmt::format("network  {} ({} layers quantised)\n", job.network.string(),
                    quantised_layers(setup.problem.network, job.format).size()));
  print(fmt::format("images   {} to search on, {} held out\n",
                    thousands(static_cast<std::int64_t>(setup.problem.split.search.size())),
                    thousands(static_cast<std::int64_t>(setup.problem.split.held_out.size()))));
  print(fmt::format(
      "memory   about {:.0f} MiB a worker with {} of them: {:.0f} for images, {:.0f} for the network, "
      "{:.0f} for choosing levels, {:.0f} for the program itself\n",
      mib(need.total()), workers, mib(need.images), mib(need.engine), mib(need.choosing), mib(need.program)));
  if (available >= 0) {
    print(fmt::format("         this machine has {:.0f} MiB free: enough for {} such workers\n", mib(available),
                      available / std::max<std::int64_t>(1, need.total())));
  }
  print("\nWhat it will give:\n");
  for (const Sizes& sizes : predicted) print(sizes_text(sizes));
  return 0;
}

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

int network_info(const std::filesystem::path& path, const CommonOptions& common) {
  const Network network = read_onnx(path);
  std::int64_t weights = 0, work = 0;
  const auto operators = operator_counts(network);
  Json layers = Json::array();
  for (const int index : weight_layers(network)) {
    const Node& node = network.nodes[static_cast<std::size_t>(index)];
    const Tensor* weight = weight_of(node);
    const auto [low, high] = std::minmax_element(weight->data.begin(), weight->data.end());
    weights += elements(weight->shape);
    work += multiply_adds(network, index);
    layers.push_back({{"name", node.name},
                      {"operator", operator_name(node.op)},
                      {"shape", weight->shape},
                      {"weights", elements(weight->shape)},
                      {"multiply_adds", multiply_adds(network, index)},
                      {"minimum", *low},
                      {"maximum", *high}});
  }
  if (common.json) {
    Json json{{"kind", "network"},
              {"name", network.name},
              {"input", network.input_shape()},
              {"output", network.output_shape()},
              {"nodes", network.nodes.size()},
              {"operators", Json::object()},
              {"weights", weights},
              {"multiply_adds", work},
              {"left_in_fp32", numbers_beside_weights(network)},
              {"layers", layers},
              {"hash", network_hash(network)}};
    for (const auto& [name, count] : operators) json["operators"][name] = count;
    print_json(json);
    return 0;
  }
  std::vector<std::string> parts;
  for (const auto& [name, count] : operators) parts.push_back(fmt::format("{} {}", count, name));
  print(fmt::format("network {}: input {} [N, {}], output {} [N, {}]\n{} nodes: {}\n\n", path.string(),
                    network.input_name, fmt::join(network.input_shape(), ", "), network.output_name,
                    fmt::join(network.output_shape(), ", "), network.nodes.size(), fmt::join(parts, ", ")));
  print(fmt::format("{:<40} {:<6} {:>18} {:>12} {:>7} {:>14}  {}\n", "layer", "type", "shape", "weights", "share",
                    "multiply-adds", "range"));
  for (const Json& layer : layers) {
    print(fmt::format("{:<40} {:<6} {:>18} {:>12} {:>6.1f}% {:>14}  {:.3g} .. {:.3g}\n",
                      layer["name"].get<std::string>(), layer["operator"].get<std::string>(),
                      fmt::format("{}", fmt::join(layer["shape"].get<std::vector<std::int64_t>>(), "x")),
                      thousands(layer["weights"].get<std::int64_t>()),
                      100.0 * layer["weights"].get<double>() / static_cast<double>(weights),
                      thousands(layer["multiply_adds"].get<std::int64_t>()), layer["minimum"].get<double>(),
                      layer["maximum"].get<double>()));
  }
  print(
      fmt::format("\n{} weights in these {} layers ({} bytes in FP32) are what a search quantises (all but those in "
                  "network.skip);\n"
                  "{} numbers in biases, batch norms and constants stay FP32. {} multiply-adds an image.\nhash  {}\n",
                  thousands(weights), layers.size(), thousands(4 * weights), thousands(numbers_beside_weights(network)),
                  thousands(work), network_hash(network)));
  return 0;
}

}  // namespace

int command_info(const InfoArguments& arguments, const CommonOptions& common) {
  if (!arguments.file) {
    if (arguments.workers != 0) fail("--workers is of a job: no file was given");
    return build_info(common);
  }
  if (!std::filesystem::exists(*arguments.file)) fail("file {} does not exist", arguments.file->string());
  if (arguments.file->extension() == ".toml") return job_info(arguments, common);
  if (arguments.workers != 0) fail("--workers is of a job (.toml): {} was given", arguments.file->string());
  warn_unused_engine_options(common.engine, "info of a file that is no job");
  switch (identify(*arguments.file)) {
    case FileKind::dataset:
      return dataset_info(*arguments.file, common);
    case FileKind::checkpoint:
      return checkpoint_info(*arguments.file, common);
    case FileKind::other:
      break;
  }
  return network_info(*arguments.file, common);
}

}  // namespace vbq
