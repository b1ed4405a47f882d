// What commands have in common, and what a search is started with.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/terminal.hpp"
#include "vbq/engine.hpp"

namespace vbq {

// A run that was stopped by a signal after a checkpoint, to be started again (EX_TEMPFAIL of sysexits.h).
inline constexpr int kExitStopped = 75;

// Options that several commands share.
struct CommonOptions {
  EngineOptions engine;
  bool json = false;   // one JSON object on standard output, nothing else there
  bool quiet = false;  // no progress
  ScreenUse screen = ScreenUse::automatic;
};

// How a run's folder is entered: as a new one, or to go on with what is in it.
enum class Start { fresh, resume };

struct SearchArguments {
  std::filesystem::path job;
  std::optional<std::filesystem::path> run;
  bool resume = false;
  std::vector<std::string> set;
};

}  // namespace vbq
