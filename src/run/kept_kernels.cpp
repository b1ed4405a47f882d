#include "run/kept_kernels.hpp"

#include <optional>
#include <string>
#include <system_error>

#include "cluster/share_kernels.hpp"
#include "core/hash.hpp"
#include "store/checkpoint.hpp"
#include "store/kernels_file.hpp"

namespace vbq {
namespace {

constexpr const char* kKernelsFile = "kernels.h5";

// What rank 0 knows of what they depend on; that they fit GPU and library, engines see.
std::string key_of(const Setup& setup) {
  Hasher hasher;
  hasher.text(setup.network_hash);
  hasher.value(setup.problem.engine.block);
  hasher.value(static_cast<std::int64_t>(setup.problem.engine.precision));
  return hasher.hex();
}

// Then its kernels are those that the run began with, or it began without: none may take their place, whatever is asked
// of the folder now.
bool has_checkpoint(const std::filesystem::path& folder) {
  std::error_code none;  // a folder that is not there, or cannot be read, has none
  for (const auto& file : std::filesystem::directory_iterator(folder, none)) {
    if (is_checkpoint_name(file.path().filename().string())) return true;
  }
  return false;
}

}  // namespace

void find_kernels(Communicator& world, Setup& setup, const std::filesystem::path& folder) {
  EngineOptions& engine = setup.problem.engine;
  if (engine.kind != EngineKind::cuda && engine.kind != EngineKind::automatic) return;
  engine.kernels.clear();
  if (world.rank() == 0) {
    const std::filesystem::path path = folder / kKernelsFile;
    std::optional<Kernels> kept = load_kernels(path, key_of(setup));
    if (kept) engine.kernels = *std::move(kept);
    setup.keep_kernels = engine.kernels.empty() && !has_checkpoint(folder) ? path : std::filesystem::path();
  }
  if (world.size() > 1) broadcast(world, engine.kernels);
}

void keep_kernels(Setup& setup, const Kernels& kernels) {
  if (setup.keep_kernels.empty() || kernels.empty()) return;
  save_kernels(setup.keep_kernels, kernels, key_of(setup));
  setup.keep_kernels.clear();
}

}  // namespace vbq
