// vbq: reads the command line, runs one command, turns what went wrong into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <new>
#include <sstream>

#include "app/main/command_words.hpp"
#include "cluster/launcher.hpp"
#include "config/job.hpp"
#include "config/names.hpp"
#include "core/check.hpp"
#include "core/last_words.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "report/output.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

constexpr Name<ScreenUse> kScreenUses[] = {
    {"auto", ScreenUse::automatic}, {"on", ScreenUse::on}, {"off", ScreenUse::off}};

// Command-line spellings, before they are checked.
struct RawCommon {
  std::string engine = "auto", precision = "fp32", log = "info", screen = "auto";
  int threads = 0;
  bool json = false, quiet = false;
};

void add_common(CLI::App* command, RawCommon& raw) {
  command->add_option("--engine", raw.engine, "auto, cuda, cpu or reference")->type_name("NAME");
  command->add_option("--threads", raw.threads, "threads on the CPU; 0: as many as there are for this process")
      ->type_name("N");
  command->add_option("--precision", raw.precision, "fp32, tf32, fp16, bf16 or best")->type_name("NAME");
  CLI::Option* log = command->add_option("--log", raw.log, "debug, info, warning, error or off")->type_name("LEVEL");
  command->add_flag("--quiet", raw.quiet, "the result and errors, and nothing else: --log error")->excludes(log);
  command
      ->add_option("--screen", raw.screen,
                   "a live picture of what runs: auto (in a terminal), on (under mpirun too) or off")
      ->type_name("WHEN");
  command->add_flag("--json", raw.json, "print the result as one JSON object");
}

CommonOptions resolve(const RawCommon& raw) {
  const log::Level level = raw.quiet ? log::Level::error : log::parse_level(raw.log);
  log::set_level(level);
  CommonOptions common;
  common.engine.kind = value_of<EngineKind>(raw.engine, kEngines, "--engine");
  common.engine.precision = value_of<Precision>(raw.precision, kPrecisions, "--precision");
  if (raw.threads < 0 || raw.threads > 4096) fail("--threads is {}: 0 to 4096 was expected", raw.threads);
  common.engine.threads = raw.threads;
  common.json = raw.json;
  common.quiet = level > log::Level::info;
  common.screen = value_of<ScreenUse>(raw.screen, kScreenUses, "--screen");
  return common;
}

// CLI11 itself would only say that a command is missing.
void refuse_unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name() == argv[1]) return;
    known.push_back(command->get_name());
  }
  const std::string nearest = nearest_name(argv[1], known);
  if (nearest.empty()) fail("{} is not a command of vbq (see vbq --help)", argv[1]);
  fail("{} is not a command of vbq: did you mean {}? (vbq --help lists all)", argv[1], nearest);
}

// The command whose options the words are: "vbq data import" of `vbq data import --colour`.
const CLI::App* command_of(const CLI::App& app, int argc, char** argv, std::string& name) {
  const CLI::App* command = &app;
  name = "vbq";
  for (int i = 1; i < argc; ++i) {
    const auto known = command->get_subcommands([&](const CLI::App* one) { return one->get_name() == argv[i]; });
    if (known.empty()) break;
    command = known.front();
    name += " " + command->get_name();
  }
  return command;
}

// What was meant by an option that a command does not know: another of its options, or, where the command takes --set,
// a key of the job; empty where nothing is near. value: the word behind it.
std::string meant_by(const std::string& option, const std::string& value, const std::vector<std::string>& known) {
  std::string name = option.substr(2);
  std::replace(name.begin(), name.end(), '-', '_');
  const bool sets = std::find(known.begin(), known.end(), "set") != known.end();
  std::string key = sets ? nearest_key(name) : "", setting = fmt::format("--set {}={}", key, value);
  if (key.ends_with("." + name)) return setting;
  const std::string nearest = nearest_name(option.substr(2), known);
  if (!nearest.empty()) return "--" + nearest;
  return key.empty() ? "" : setting;
}

// The library's sentence, and where to look; but first of all an option that the command does not know, and which was
// meant.
[[noreturn]] void refuse_words(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string name, sentence = error.what();
  const CLI::App* command = command_of(app, argc, argv, name);
  std::vector<std::string> known;
  for (const CLI::Option* option : command->get_options()) {
    for (const std::string& one : option->get_lnames()) known.push_back(one);
  }
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i], option = word.substr(0, word.find('='));
    if (!option.starts_with("--") || std::find(known.begin(), known.end(), option.substr(2)) != known.end()) continue;
    std::string value = i + 1 < argc && argv[i + 1][0] != '-' ? argv[i + 1] : "VALUE";
    if (option != word) value = word.substr(option.size() + 1);
    const std::string meant = meant_by(option, value, known);
    sentence = fmt::format("{} is not an option of {}", option, name);
    if (!meant.empty()) sentence += fmt::format(": did you mean {}?", meant);
    break;
  }
  std::replace(sentence.begin(), sentence.end(), '\n', ' ');
  throw Error(sentence + (sentence.ends_with('?') ? " (" : " (see ") + name + " --help" +
              (sentence.ends_with('?') ? " lists all)" : ")"));
}

int run(int argc, char** argv) {
  CLI::App app(
      "vbq searches for the number format in which a trained CNN's weights fit in b bits with the highest accuracy.");
  app.set_version_flag("--version", std::string("vbq ") + kVersion);
  app.require_subcommand(1);
  const std::vector<Command> commands = add_commands(app);
  app.set_help_all_flag("--help-all", "Print the help of all commands and exit");  // after them, who would inherit it
  RawCommon raw;
  for (const Command& command : commands) add_common(command.words, raw);
  // Under mpirun, what is not the ranks' common work is rank 0's alone, words that cannot be parsed included. The
  // others end well whatever they are: mpirun would kill rank 0 before it has spoken.
  const bool speaks = launcher_rank() == 0;
  CommonOptions common;
  try {
    refuse_unknown_command(app, argc, argv);
    app.parse(argc, argv);
    common = resolve(raw);
  } catch (const CLI::ParseError& error) {
    if (!speaks) return 0;
    if (error.get_exit_code() != 0) refuse_words(app, error, argc, argv);
    std::ostringstream text;  // --help, --version
    app.exit(error, text);
    print(text.str());
    return 0;
  } catch (const Error&) {
    if (!speaks) return 0;
    throw;
  }
  for (const Command& command : commands) {
    if (*command.words) return command.ranks == Ranks::all || speaks ? command.run(common) : 0;
  }
  fail_internal("no command was given, and none was missed");
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes (ulimit -f) is an error to be told, not a reason to die
  // Looked for by hand: words that cannot be parsed are answered in JSON too.
  if (std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--json"; })) {
    vbq::on_last_words(vbq::print_error_json);
  }
  try {
    return vbq::run(argc, argv);
  } catch (const vbq::Error& error) {
    const int code = error.fault() == vbq::Fault::input ? 1 : 2;
    vbq::last_words(error.what(), code);
    return code;
  } catch (const std::bad_alloc&) {
    vbq::last_words("this machine has not enough memory free", 1);
    return 1;
  } catch (const std::exception& error) {
    vbq::last_words(std::string("internal fault: ") + error.what(), 2);
    return 2;
  }
}
