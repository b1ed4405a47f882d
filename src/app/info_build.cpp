// vbq info of the build and this machine.

#include "app/info.hpp"
#include "core/check.hpp"
#include "json/json.hpp"
#include "report/output.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

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
    const EngineInfo info = probe_engine(asked);
    return {{"engine", name},          {"available", true},      {"device", info.device}, {"instruction_set", info.isa},
            {"library", info.library}, {"threads", info.threads}};
  } catch (const Error& error) {
    return {{"engine", name}, {"available", false}, {"why", error.what()}};
  }
}

}  // namespace

EngineInfo probe_engine(const EngineOptions& options) {
  EngineOptions quick = options;
  quick.tune = false;
  return make_engine(probe_network(), quick)->info();
}

void check_engine(const EngineOptions& options) { probe_engine(options); }

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

}  // namespace vbq
