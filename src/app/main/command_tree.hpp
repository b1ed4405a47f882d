// The program's commands and options, walked by those who tell of all of them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace vbq {

// The commands right below one.
std::vector<const CLI::App*> commands_below(const CLI::App& command);
// One, and all that are anywhere below it.
std::vector<const CLI::App*> all_commands(const CLI::App& command);

// What is typed: "data import"; of the program itself "".
std::string words_of(const CLI::App& command);

// Its options that are called by a long name.
std::vector<const CLI::Option*> named_options(const CLI::App& command);

// "--help" of "-h,--help".
std::string long_name(const CLI::Option& option);

// What its value is called, "DIR"; empty: it takes none.
std::string value_name(const CLI::Option& option);

}  // namespace vbq
