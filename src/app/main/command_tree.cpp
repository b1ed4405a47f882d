#include "app/main/command_tree.hpp"

namespace vbq {

std::vector<const CLI::App*> commands_below(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::App*> all_commands(const CLI::App& command) {
  std::vector<const CLI::App*> all{&command};
  for (const CLI::App* below : commands_below(command)) {
    const std::vector<const CLI::App*> theirs = all_commands(*below);
    all.insert(all.end(), theirs.begin(), theirs.end());
  }
  return all;
}

std::string words_of(const CLI::App& command) {
  if (command.get_parent() == nullptr) return "";
  const std::string above = words_of(*command.get_parent());
  return above + (above.empty() ? "" : " ") + command.get_name();
}

std::vector<const CLI::Option*> named_options(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return !option->get_lnames().empty(); });
}

std::string long_name(const CLI::Option& option) { return "--" + option.get_lnames().front(); }

std::string value_name(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));  // behind it, what a check allows
}

}  // namespace vbq
