// vbq: reads the command line, runs one command, turns what went wrong into one sentence and an exit code.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <new>
#include <sstream>

#include "app/commands.hpp"
#include "app/job.hpp"
#include "app/names.hpp"
#include "app/output.hpp"
#include "cluster/launcher.hpp"
#include "core/last_words.hpp"
#include "core/log.hpp"
#include "core/text.hpp"
#include "vbq/version.hpp"

namespace vbq {
namespace {

// Command-line spellings, before they are checked.
struct RawCommon {
  std::string engine = "auto", precision = "fp32", log = "info";
  int threads = 0;
  bool json = false;
};

void add_common(CLI::App* command, RawCommon& raw) {
  command->add_option("--engine", raw.engine, "auto, cuda, cpu or reference")->type_name("NAME");
  command->add_option("--threads", raw.threads, "threads on the CPU; 0: as many as there are for this process")
      ->type_name("N");
  command->add_option("--precision", raw.precision, "fp32, tf32, fp16, bf16 or best")->type_name("NAME");
  command->add_option("--log", raw.log, "debug, info, warning, error or off")->type_name("LEVEL");
  command->add_flag("--json", raw.json, "print the result as one JSON object");
}

// What commands that run a job take.
void add_job(CLI::App* command, SearchArguments& arguments, const std::string& folder) {
  command->add_option("job", arguments.job, "job file (TOML); with --resume, a run's folder will do")->required();
  command->add_option("--run", arguments.run, "folder for the results; default: " + folder + " in this folder");
  command->add_flag("--resume", arguments.resume, "go on from the newest checkpoint in the folder");
  command->add_option("--set", arguments.set, "override a key of the job: search.seed=2")->allow_extra_args(false);
}

void add_output_name(CLI::App* command, std::string& name) {
  command->add_option("--output-name", name, "one of a network's several outputs; default: the first")
      ->type_name("NAME");
}

CommonOptions resolve(const RawCommon& raw) {
  const log::Level level = log::parse_level(raw.log);
  log::set_level(level);
  CommonOptions common;
  common.engine.kind = value_of<EngineKind>(raw.engine, kEngines, "--engine");
  common.engine.precision = value_of<Precision>(raw.precision, kPrecisions, "--precision");
  if (raw.threads < 0 || raw.threads > 4096) fail("--threads is {}: 0 to 4096 was expected", raw.threads);
  common.engine.threads = raw.threads;
  common.json = raw.json;
  common.quiet = level > log::Level::info;
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
  const std::string key = sets ? nearest_key(name) : "", setting = fmt::format("--set {}={}", key, value);
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
  RawCommon raw;

  SearchArguments search;
  CLI::App* search_command =
      app.add_subcommand("search", "search a number format (under mpirun: rank 0 leads, the others work)");
  add_job(search_command, search, "runs/JOB");
  search_command->footer(
      "Example: mpirun -n 3 --bind-to none --oversubscribe vbq search jobs/digits/search.toml --run runs/first --set "
      "format.bits=4");

  SearchArguments compare;
  CLI::App* compare_command =
      app.add_subcommand("compare", "number formats and searches side by side on the same images");
  add_job(compare_command, compare, "runs/JOB-compare");
  compare_command->footer(
      "Example: mpirun -n 3 --bind-to none --oversubscribe vbq compare jobs/digits/search.toml --set "
      "format.bits=[2,3,4]");

  EvaluateArguments evaluate;
  CLI::App* evaluate_command = app.add_subcommand("evaluate", "accuracy of a network, as trained or quantised");
  evaluate_command->add_option("--network", evaluate.network, "ONNX file")->required();
  evaluate_command->add_option("--data", evaluate.data, "dataset file, or a source that can be imported")->required();
  evaluate_command->add_option("--format", evaluate.format, "best.json of a search");
  evaluate_command->add_option("--images", evaluate.images, "A:B: images A to B-1 only");
  evaluate_command->add_option("--mean", evaluate.mean, "normalisation of imported images (of x/255), a channel each")
      ->delimiter(',');
  evaluate_command->add_option("--std", evaluate.std, "likewise")->delimiter(',');
  add_output_name(evaluate_command, evaluate.output_name);
  evaluate_command
      ->add_option("--label-offset", evaluate.label_offset,
                   "added to every label: 1 for a network with a background class first")
      ->type_name("N");
  evaluate_command->footer("Example: vbq evaluate --network net.onnx --data test.h5 --format runs/first/best.json");

  InferArguments infer;
  CLI::App* infer_command = app.add_subcommand("infer", "raw outputs of a network for a .npy array of inputs");
  infer_command->add_option("--network", infer.network, "ONNX file")->required();
  infer_command->add_option("--input", infer.input, ".npy, float32, [N, C, H, W] or [N, H, W, C], already normalised")
      ->required();
  infer_command->add_option("--output", infer.output, ".npy to write, float32, batch first")->required();
  infer_command->add_flag("--overwrite", infer.overwrite, "replace the output where it exists");
  infer_command->add_option("--format", infer.format, "best.json of a search");
  add_output_name(infer_command, infer.output_name);
  infer_command->add_option("--layout", infer.layout, "of the input: nchw or nhwc; default: told from its shape")
      ->type_name("NAME");
  infer_command->footer("Example: vbq infer --network net.onnx --input x.npy --output y.npy");

  ImportArguments import;
  CLI::App* data_command = app.add_subcommand("data", "datasets");
  data_command->require_subcommand(1);
  CLI::App* import_command = data_command->add_subcommand("import", "make a dataset file of other files");
  import_command->add_option("kind", import.kind, "cifar10, cifar100, mnist, npy, folder or list")->required();
  import_command
      ->add_option("sources", import.sources,
                   "files of that kind; folder DIR: a class each sub-folder; list FILE: lines path,label")
      ->required();
  import_command->add_option("--mean", import.mean, "normalisation: mean of x/255, a channel each")->delimiter(',');
  import_command->add_option("--std", import.std, "normalisation: standard deviation of x/255, a channel each")
      ->delimiter(',');
  import_command->add_option("--layout", import.layout, "npy: nchw or nhwc; default: told from the shape")
      ->type_name("NAME");
  import_command->add_option("--resize", import.resize, "photos: N, the shorter side, or HEIGHTxWIDTH (antialiased)")
      ->type_name("SIZE");
  import_command->add_option("--crop", import.crop, "photos: N or HEIGHTxWIDTH around the centre, after resizing")
      ->type_name("SIZE");
  import_command
      ->add_option("--interpolation", import.interpolation, "photos, with --resize: bilinear (the default) or bicubic")
      ->type_name("NAME");
  import_command->add_flag("--grey", import.grey, "photos: one channel instead of three");
  import_command->add_option("--root", import.root, "list: folder that its paths start from; default: the list's own");
  import_command->add_option("--class-names", import.class_names,
                             "list: file of names, one a line, in the order of labels");
  import_command->add_flag("--skip-bad", import.skip_bad, "photos: name damaged files and leave them out");
  import_command->add_option("--output", import.output, "dataset file to write (.h5)")->required();
  import_command->add_flag("--overwrite", import.overwrite, "replace the output where it exists");
  import_command->footer(
      "Example: vbq data import cifar10 test_batch.bin --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --output "
      "test.h5\n"
      "         vbq data import folder val --resize 256 --crop 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
      "--output val.h5");

  ExportArguments export_;
  CLI::App* export_command = app.add_subcommand("export", "write a quantised ONNX file that other programs run");
  export_command->add_option("--network", export_.network, "ONNX file")->required();
  export_command->add_option("--format", export_.format, "best.json of a search")->required();
  export_command->add_option("--output", export_.output, "ONNX file to write")->required();
  export_command->add_flag("--overwrite", export_.overwrite, "replace the output where it exists");
  add_output_name(export_command, export_.output_name);
  export_command
      ->add_option("--form", export_.form,
                   "codebook (a byte a weight), packed (bits), dequantize (int4, int8) or float")
      ->type_name("NAME");
  export_command->footer(
      "Example: vbq export --network net.onnx --format runs/first/best.json --form packed --output small.onnx");

  ReportArguments report;
  CLI::App* report_command = app.add_subcommand("report", "a run as one page: accuracy, curves, codebooks, speed");
  report_command->add_option("folder", report.folder, "folder of a run, a sweep or a comparison; or a best.json")
      ->required();
  report_command->add_flag("--overwrite", report.overwrite, "replace the output where it exists");
  report_command->add_option("--output", report.output, "HTML file to write; default: report.html in that folder");
  report_command->footer("Example: vbq report runs/first");

  InfoArguments info;
  CLI::App* info_command = app.add_subcommand("info", "what this build can do, or what is in a file");
  info_command->add_option("file", info.file,
                           "network, dataset, checkpoint, best.json, job (.toml), or folder of results");
  add_output_name(info_command, info.output_name);
  info_command->add_option("--workers", info.workers, "of a job: the number of workers that its memory is told for")
      ->check(CLI::Range(1, 1'000'000));
  info_command->add_option("--set", info.set, "of a job: override a key, as vbq search does")->allow_extra_args(false);
  info_command->footer("Example: vbq info net.onnx\n         vbq info job.toml --workers 8");

  for (CLI::App* command : {search_command, compare_command, evaluate_command, infer_command, import_command,
                            export_command, report_command, info_command})
    add_common(command, raw);
  // Under mpirun, what is not the ranks' common work is rank 0's alone, words that cannot be parsed included.
  const bool speaks = launcher_rank() == 0;
  CommonOptions common;
  try {
    refuse_unknown_command(app, argc, argv);
    app.parse(argc, argv);
    common = resolve(raw);
  } catch (const CLI::ParseError& error) {
    if (!speaks) return error.get_exit_code() == 0 ? 0 : 1;
    if (error.get_exit_code() != 0) refuse_words(app, error, argc, argv);
    std::ostringstream text;  // --help, --version
    app.exit(error, text);
    print(text.str());
    return 0;
  } catch (const Error&) {
    if (!speaks) return 1;
    throw;
  }
  const bool common_work = *search_command || *compare_command || *evaluate_command;
  if (!common_work && !speaks) return 0;
  if (*search_command) return command_search(search, common);
  if (*compare_command) return command_compare(compare, common);
  if (*evaluate_command) return command_evaluate(evaluate, common);
  if (*infer_command) return command_infer(infer, common);
  if (*import_command) return command_import(import, common);
  if (*export_command) return command_export(export_, common);
  if (*report_command) return command_report(report, common);
  return command_info(info, common);
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
