#include "app/main/manual.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/main/command_tree.hpp"
#include "config/job_fields.hpp"
#include "core/text.hpp"

namespace vbq {
namespace {

std::string option_words(const CLI::App& command) {
  std::string words;
  for (const CLI::Option* option : named_options(command)) words += (words.empty() ? "" : " ") + long_name(*option);
  return words;
}

// The longest first, so that "data import" is not taken for "data".
std::vector<const CLI::App*> longest_first(const CLI::App& app) {
  std::vector<const CLI::App*> all = all_commands(app);
  std::ranges::stable_sort(all, std::greater(), [](const CLI::App* command) { return words_of(*command).size(); });
  return all;
}

// With a backslash before each of these.
std::string escaped(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

// What zsh's _describe takes: 'word:what it means'.
std::string described(const std::string& word, const std::string& meaning) {
  return shell_quoted(escaped(word, ":") + ":" + meaning);
}

std::string zsh_option(const CLI::Option& option) {
  const std::string name = long_name(option);
  std::string spec = (name == "--set" ? "*" : "") + name + "[" + escaped(option.get_description(), "[]") + "]";
  if (const std::string value = value_name(option); !value.empty()) {
    spec += fmt::format(":{}:{}", value, name == "--set" ? "_vbq_keys" : "_files");
  }
  return shell_quoted(spec);
}

}  // namespace

std::string bash_completion(const CLI::App& app) {
  std::string keys, names, cases;
  for (const JobField& field : job_fields()) {
    keys += (keys.empty() ? "" : " ") + field.key + "=";
    std::string spellings = field.spellings;
    std::erase(spellings, ',');
    if (!spellings.empty()) names += fmt::format("      {}) words='{}' ;;\n", field.key, spellings);
  }
  for (const CLI::App* command : longest_first(app)) {
    std::string words;
    for (const CLI::App* below : commands_below(*command)) words += below->get_name() + " ";
    // Behind a command that has none below it, files, unless an option has been begun.
    cases += fmt::format("      '{}'{}) words='{}'; [[ $cur != -* ]] || words='{}' ;;\n", words_of(*command),
                         words.empty() ? "*" : "", words, option_words(*command));
  }
  return fmt::format(R"(# Completion of vbq for bash, as `vbq info --completion bash` prints it.
_vbq() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} key= words=
  # bash makes a word of its own of the "=" in --set KEY=VALUE.
  if [[ $cur == = ]]; then
    key=$prev cur=
  elif [[ $prev == = ]]; then
    key=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  COMPREPLY=()
  if [[ -n $key ]]; then
    case $key in
{}    esac
  elif [[ $prev == --set ]]; then
    compopt -o nospace 2>/dev/null
    words='{}'
  else
    case "${{COMP_WORDS[*]:1:COMP_CWORD - 1}}" in
{}    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}}
complete -o bashdefault -o default -F _vbq vbq
)",
                     names, keys, cases);
}

std::string zsh_completion(const CLI::App& app) {
  std::string keys, cases;
  for (const JobField& field : job_fields()) keys += "    " + described(field.key + "=", field.text.meaning) + "\n";
  for (const CLI::App* command : longest_first(app)) {
    const std::string words = words_of(*command);
    std::string below, options;
    for (const CLI::App* one : commands_below(*command)) {
      below += "      " + described(one->get_name(), one->get_description()) + "\n";
    }
    for (const CLI::Option* option : named_options(*command)) options += "      " + zsh_option(*option) + " \\\n";
    if (!below.empty()) {
      cases += fmt::format("    '{}') all=(\n{}    ); _describe command all ;;\n", words, below);
    } else {
      const auto depth = 1 + std::ranges::count(words, ' ');
      cases +=
          fmt::format("    '{}'*) shift {} words; (( CURRENT -= {} )); _arguments \\\n{}      '*:file:_files' ;;\n",
                      words, depth, depth, options);
    }
  }
  return fmt::format(R"(#compdef vbq
# Completion of vbq for zsh, as `vbq info --completion zsh` prints it.
_vbq_keys() {{
  local -a all=(
{})
  _describe key all -S ''
}}
_vbq() {{
  local -a all
  case "${{(j: :)words[2,CURRENT-1]}}" in
{}  esac
}}
_vbq "$@"
)",
                     keys, cases);
}

}  // namespace vbq
