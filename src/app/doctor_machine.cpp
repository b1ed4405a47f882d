// vbq doctor: cores, memory, disk, engines.
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "app/doctor.hpp"
#include "app/info.hpp"
#include "core/check.hpp"
#include "core/usable_cpus.hpp"
#include "evaluate/memory.hpp"
#include "report/progress.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

// What the smallest run takes, and something to spare.
constexpr std::int64_t kLeastMemory = std::int64_t{256} << 20;
constexpr std::int64_t kLeastDisk = std::int64_t{100} << 20;

std::string mebibytes(std::int64_t bytes) { return thousands(bytes >> 20) + " MiB"; }

Finding memory() {
  const std::int64_t bytes = available_memory();
  if (bytes < 0)
    return {"memory", Health::note, "the system does not say what is free", "vbq info JOB.toml: what a job needs"};
  if (bytes >= kLeastMemory) return {"memory", Health::fine, mebibytes(bytes) + " free", ""};
  return {"memory", Health::wrong, mebibytes(bytes) + " free",
          fmt::format("end other programs, or ask the batch system for more: {} at least", mebibytes(kLeastMemory))};
}

Finding disk() {
  std::error_code code;
  const fs::path here = fs::current_path(code);
  const fs::space_info space = fs::space(here, code);
  if (code)
    return {"disk", Health::wrong, "the working folder cannot be looked at: " + code.message(), "cd to another folder"};
  const auto bytes = static_cast<std::int64_t>(space.available);
  const std::string found = fmt::format("{} free in {}", mebibytes(bytes), here.string());
  if (::access(here.c_str(), W_OK) != 0) {
    return {"disk", Health::wrong, here.string() + " cannot be written to",
            "cd to another folder, or name one by --run or --output"};
  }
  if (bytes >= kLeastDisk) return {"disk", Health::fine, found, ""};
  return {"disk", Health::wrong, found,
          fmt::format("make room, or name another disk by --run or --output: {} at least", mebibytes(kLeastDisk))};
}

Finding engine(const char* what, EngineKind kind, EngineOptions options) {
  options.kind = kind;
  options.precision = Precision::fp32;
  try {
    const EngineInfo info = probe_engine(options);
    return {what, Health::fine, fmt::format("{}, {}", info.device, info.library), ""};
  } catch (const Error& error) {
    return {what, Health::wrong, error.what(), ""};
  }
}

// Without a GPU, searches run on the CPU; a GPU that is there and cannot be used is a fault.
Finding gpu(const EngineOptions& options) {
  Finding finding = engine("gpu", EngineKind::cuda, options);
  if (finding.health == Health::fine) return finding;
  if (fs::exists("/dev/nvidiactl")) {
    finding.advice = "mend the driver, or install cuDNN (docs/gpu.md); until then, --engine cpu";
    return finding;
  }
  finding.health = Health::note;
  finding.advice = "searches run on the CPU";
  return finding;
}

}  // namespace

std::vector<Finding> examine_machine(const EngineOptions& options) {
  Finding cpu = engine("cpu", EngineKind::cpu, options);
  if (cpu.health != Health::fine) cpu.advice = "--engine reference is slow, and runs anywhere";
  return {{"cores", Health::fine, fmt::format("{} usable", usable_cpus()), ""}, memory(), disk(), cpu, gpu(options)};
}

}  // namespace vbq
