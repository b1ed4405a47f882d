// What the program tells of itself to other programs, made of what --help is made of.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace vbq {

// Manual pages: vbq.1 and one for each command (vbq-search.1, vbq-data-import.1) in a folder, which is made; pages that
// are there already are replaced. Error where they cannot be written.
void write_man_pages(const CLI::App& app, const std::filesystem::path& folder);

// To be sourced by bash, or installed as share/bash-completion/completions/vbq: commands, options, the keys of --set
// and the names that they may have; files elsewhere.
std::string bash_completion(const CLI::App& app);

// For zsh's $fpath, as _vbq: commands, options and keys, with what each means; files elsewhere.
std::string zsh_completion(const CLI::App& app);

}  // namespace vbq
