// The words that each command takes, and what they become.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <vector>

#include "run/options.hpp"

namespace vbq {

// Who does a command under mpirun.
enum class Ranks { all, first };

struct Command {
  CLI::App* words;
  std::function<int(const CommonOptions&)> run;  // once the words are parsed; gives the exit code
  Ranks ranks;
};

// All of vbq's, in the order in which --help lists them.
std::vector<Command> add_commands(CLI::App& app);

}  // namespace vbq
