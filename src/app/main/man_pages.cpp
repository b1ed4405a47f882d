#include "app/main/manual.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

#include "app/main/command_tree.hpp"
#include "config/job_fields.hpp"
#include "core/check.hpp"
#include "core/file.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

// As roff takes it: a backslash begins an escape, a hyphen is no minus, and a line that begins with a dot is a request.
std::string roff(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '-' || c == '\\') out += '\\';
    out += c == '\\' ? 'e' : c;
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + roff(text) + "\\fR"; }

// "vbq-data-import".
std::string page_name(const CLI::App& command) {
  const std::string words = words_of(command);
  std::string name = words.empty() ? "vbq" : "vbq " + words;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::vector<const CLI::Option*> positionals(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

std::string entry(const std::string& head, const std::string& body) { return ".TP\n" + head + "\n" + body + "\n"; }

std::string option_entry(const CLI::Option& option) {
  std::string head;
  for (const std::string& name : option.get_snames()) head += bold("-" + name) + ", ";
  head += option.get_lnames().empty() ? italic(option.get_name(true)) : bold(long_name(option));
  if (!option.get_lnames().empty() && !value_name(option).empty()) head += " " + italic(value_name(option));
  return entry(head, roff(option.get_description()) + (option.get_required() ? " (required)" : ""));
}

// Of "Example: vbq ...", and lines below it that stand under the first, the commands alone.
std::string examples(std::string footer) {
  const std::string head = "Example: ", indent(head.size(), ' ');
  if (footer.starts_with(head)) footer.erase(0, head.size());
  for (std::size_t at = 0; (at = footer.find("\n" + indent, at)) != std::string::npos;)
    footer.erase(at + 1, indent.size());
  return roff(footer);
}

std::string synopsis(const CLI::App& command) {
  const std::string words = words_of(command);
  std::string text = bold(words.empty() ? "vbq" : "vbq " + words);
  if (!commands_below(command).empty()) text += " " + italic("COMMAND");
  for (const CLI::Option* argument : positionals(command)) {
    const std::string name = italic(argument->get_name(true)) +
                             (argument->get_expected_max() == CLI::detail::expected_max_vector_size ? " ..." : "");
    text += argument->get_required() ? " " + name : " [" + name + "]";
  }
  return ".SH SYNOPSIS\n" + text + " [" + italic("OPTIONS") + "]\n";
}

// Backticks and stars of bold go, and what links to a page between brackets: " ([method.md](method.md))".
std::string without_markdown(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const bool spaced = text.starts_with(" ([");
    const auto end = spaced || text.starts_with("([") ? text.find("))") : std::string_view::npos;
    if (end != std::string_view::npos) {
      text.remove_prefix(end + 2);
    } else if (text.starts_with('`') || text.starts_with("**")) {
      text.remove_prefix(text.starts_with('`') ? 1 : 2);
    } else {
      plain += text.front();
      text.remove_prefix(1);
    }
  }
  return plain;
}

std::string keys_section() {
  std::string text = ".SH KEYS OF A JOB\nIn a job file, or by " + bold("--set") + ".\n";
  for (const JobField& field : job_fields()) {
    const std::string details = without_markdown(key_details(field.key));
    text += entry(bold(field.key),
                  roff(fmt::format("{} Default: {}. Values: {}.", details.empty() ? field.text.meaning : details,
                                   field.text.default_text, field.values())));
  }
  return text;
}

std::string exit_section() {
  return ".SH EXIT STATUS\n" + entry("0", "done") +
         entry("1", "bad input, told in one sentence on standard error; of vbq doctor, something that is wrong") +
         entry("2", "a fault of the program's own") +
         entry("75", "stopped after a checkpoint: the command that it prints goes on from there") +
         ".PP\nA run that loses a rank ends with another code, often that of the launcher.\n";
}

std::string page_of(const CLI::App& app, const CLI::App& command) {
  const bool whole = &app == &command;
  std::string name = page_name(command), about = command.get_description(), title = name;
  if (about.starts_with("vbq ")) about = about.substr(4);
  std::transform(title.begin(), title.end(), title.begin(), [](unsigned char c) { return std::toupper(c); });
  std::string text = fmt::format(".TH {} 1 \"\" \"vbq {}\" \"vbq\"\n.SH NAME\n{} \\- {}\n", roff(title), kVersion,
                                 roff(name), roff(about));
  text += synopsis(command);
  const auto section = [&](const char* head, const auto& all, const auto& make) {
    if (!all.empty()) text += fmt::format(".SH {}\n", head);
    for (const auto* one : all) text += make(*one);
  };
  section("COMMANDS", commands_below(command),
          [](const CLI::App& below) { return entry(bold(page_name(below)) + "(1)", roff(below.get_description())); });
  section("ARGUMENTS", positionals(command), option_entry);
  section("OPTIONS", named_options(command), option_entry);
  if (whole) text += keys_section();
  text += exit_section();
  if (!command.get_footer().empty()) text += ".SH EXAMPLES\n.nf\n" + examples(command.get_footer()) + "\n.fi\n";
  return whole ? text : text + ".SH SEE ALSO\n" + bold("vbq") + "(1)\n";
}

}  // namespace

void write_man_pages(const CLI::App& app, const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) fail("cannot make folder {}: {}", folder.string(), code.message());
  for (const CLI::App* command : all_commands(app)) {
    write_file(folder / (page_name(*command) + ".1"), page_of(app, *command));
  }
}

}  // namespace vbq
