#include "app/main/command_words.hpp"

#include <memory>
#include <optional>
#include <string>

#include "app/commands.hpp"
#include "app/main/manual.hpp"
#include "config/unused.hpp"
#include "core/check.hpp"
#include "report/output.hpp"

namespace vbq {
namespace {

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

Command add_search(CLI::App& app) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command =
      app.add_subcommand("search", "search a number format (under mpirun: rank 0 leads, the others work)");
  add_job(command, *arguments, "runs/JOB");
  command->footer(
      "Example: mpirun -n 3 --bind-to none --oversubscribe vbq search jobs/digits/search.toml --run runs/first --set "
      "format.bits=4");
  return {command, [arguments](const CommonOptions& common) { return command_search(*arguments, common); }, Ranks::all};
}

Command add_compare(CLI::App& app) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command = app.add_subcommand("compare", "number formats and searches side by side on the same images");
  add_job(command, *arguments, "runs/JOB-compare");
  command->footer(
      "Example: mpirun -n 3 --bind-to none --oversubscribe vbq compare jobs/digits/search.toml --set "
      "format.bits=[2,3,4]");
  return {command, [arguments](const CommonOptions& common) { return command_compare(*arguments, common); },
          Ranks::all};
}

Command add_sensitivity(CLI::App& app) {
  const auto arguments = std::make_shared<SearchArguments>();
  CLI::App* command =
      app.add_subcommand("sensitivity", "each layer alone at each number of levels, and how a budget is shared out");
  command->add_option("job", arguments->job, "job file (TOML) with format.budget")->required();
  command->add_option("--run", arguments->run, "folder that keeps the table; default: runs/JOB in this folder");
  command->add_option("--set", arguments->set, "override a key of the job: search.seed=2")->allow_extra_args(false);
  command->footer("Example: vbq sensitivity jobs/digits/search.toml --set format.budget=\"2 bits\"");
  return {command, [arguments](const CommonOptions& common) { return command_sensitivity(*arguments, common); },
          Ranks::all};
}

void add_kind(CLI::App* command, ImportArguments& arguments) {
  command->add_option("--kind", arguments.kind, "of the images, where it cannot be told: cifar10, list, ...")
      ->type_name("NAME");
}

// What is done to images that are imported.
void add_import_options(CLI::App* command, ImportArguments& arguments) {
  command->add_option("--mean", arguments.mean, "normalisation: mean of x/255, a channel each")->delimiter(',');
  command->add_option("--std", arguments.std, "normalisation: standard deviation of x/255, a channel each")
      ->delimiter(',');
  command->add_option("--layout", arguments.layout, "npy: nchw or nhwc; default: told from the shape")
      ->type_name("NAME");
  command->add_option("--resize", arguments.resize, "photos: N, the shorter side, or HEIGHTxWIDTH (antialiased)")
      ->type_name("SIZE");
  command->add_option("--crop", arguments.crop, "photos: N or HEIGHTxWIDTH around the centre, after resizing")
      ->type_name("SIZE");
  command
      ->add_option("--interpolation", arguments.interpolation,
                   "photos, with --resize: bilinear (the default) or bicubic")
      ->type_name("NAME");
  command->add_flag("--grey", arguments.grey, "photos: one channel instead of three");
  command->add_option("--root", arguments.root, "list: folder that its paths start from; default: the list's own");
  command->add_option("--class-names", arguments.class_names,
                      "list: file of names, one a line, in the order of labels");
  command->add_flag("--skip-bad", arguments.skip_bad, "photos: name damaged files and leave them out");
}

Command add_evaluate(CLI::App& app) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "accuracy of a network, as trained or quantised");
  command->add_option("--network", arguments->network, "ONNX file")->required();
  command
      ->add_option("--data", arguments->data,
                   "dataset file (.h5), or what vbq data import takes: a folder of photos, CIFAR-10, .npy")
      ->required();
  command->add_option("--format", arguments->format, "best.json of a search");
  command->add_option("--images", arguments->images, "A:B: images A to B-1 only");
  add_kind(command, arguments->import);
  add_import_options(command, arguments->import);
  add_output_name(command, arguments->output_name);
  command
      ->add_option("--label-offset", arguments->label_offset,
                   "added to every label: 1 for a network with a background class first")
      ->type_name("N");
  command->footer(
      "Example: vbq evaluate --network net.onnx --data test.h5 --format runs/first/best.json\n"
      "         vbq evaluate --network net.onnx --data photos --resize 256 --crop 224 --mean 0.485,0.456,0.406 --std "
      "0.229,0.224,0.225");
  return {command, [arguments](const CommonOptions& common) { return command_evaluate(*arguments, common); },
          Ranks::all};
}

Command add_infer(CLI::App& app) {
  const auto arguments = std::make_shared<InferArguments>();
  CLI::App* command = app.add_subcommand("infer", "raw outputs of a network for a .npy array of inputs");
  command->add_option("--network", arguments->network, "ONNX file")->required();
  command->add_option("--input", arguments->input, ".npy, float32, [N, C, H, W] or [N, H, W, C], already normalised")
      ->required();
  command->add_option("--output", arguments->output, ".npy to write, float32, batch first")->required();
  command->add_flag("--overwrite", arguments->overwrite, "replace the output where it exists");
  command->add_option("--format", arguments->format, "best.json of a search");
  add_output_name(command, arguments->output_name);
  command->add_option("--layout", arguments->layout, "of the input: nchw or nhwc; default: told from its shape")
      ->type_name("NAME");
  command->footer("Example: vbq infer --network net.onnx --input x.npy --output y.npy");
  return {command, [arguments](const CommonOptions& common) { return command_infer(*arguments, common); },
          Ranks::first};
}

Command add_quantise(CLI::App& app) {
  const auto arguments = std::make_shared<QuantiseArguments>();
  CLI::App* command =
      app.add_subcommand("quantise", "a network and images become a quantised network (under mpirun too)");
  command->add_option("network", arguments->network, "ONNX file")->required();
  command
      ->add_option("images", arguments->images.sources,
                   "dataset file (.h5), or what vbq data import takes: a folder of photos, CIFAR-10, MNIST, .npy")
      ->required();
  command->add_option("--bits", arguments->goal.bits, "at most 2^B levels a layer; default: 3")->type_name("B");
  command->add_option("--size", arguments->goal.size, "a budget: \"2.3 bits\" a weight, \"75 KiB\"")->type_name("SIZE");
  command->add_flag("--front", arguments->goal.front, "networks of all sizes at once");
  command->add_option("--time", arguments->goal.time, "for the search: 30s, 10min, 2h; default: 20 generations")
      ->type_name("TIME");
  command->add_option("--output", arguments->output, "folder for the results; default: NETWORK-quantised")
      ->type_name("DIR");
  add_kind(command, arguments->images);
  add_import_options(command, arguments->images);
  add_output_name(command, arguments->output_name);
  command->add_option("--set", arguments->set, "override a key of the job: search.seed=2")->allow_extra_args(false);
  command->footer(
      "Example: vbq quantise jobs/digits/digits.onnx jobs/digits/digits_train.h5 --size \"1.3 bits\" --output small\n"
      "         vbq quantise net.onnx photos --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --bits 4");
  return {command, [arguments](const CommonOptions& common) { return command_quantise(*arguments, common); },
          Ranks::all};
}

Command add_import(CLI::App& app) {
  const auto arguments = std::make_shared<ImportArguments>();
  CLI::App* data = app.add_subcommand("data", "datasets");
  data->require_subcommand(1);
  CLI::App* command = data->add_subcommand("import", "make a dataset file of other files");
  command->add_option("kind", arguments->kind, "cifar10, cifar100, mnist, npy, folder or list")->required();
  command
      ->add_option("sources", arguments->sources,
                   "files of that kind; folder DIR: a class each sub-folder; list FILE: lines path,label")
      ->required();
  add_import_options(command, *arguments);
  command->add_option("--output", arguments->output, "dataset file to write (.h5)")->required();
  command->add_flag("--overwrite", arguments->overwrite, "replace the output where it exists");
  command->footer(
      "Example: vbq data import cifar10 test_batch.bin --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --output "
      "test.h5\n"
      "         vbq data import folder val --resize 256 --crop 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 "
      "--output val.h5");
  return {command, [arguments](const CommonOptions& common) { return command_import(*arguments, common); },
          Ranks::first};
}

Command add_export(CLI::App& app) {
  const auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "write a quantised ONNX file that other programs run");
  command->add_option("--network", arguments->network, "ONNX file")->required();
  command->add_option("--format", arguments->format, "best.json of a search")->required();
  command->add_option("--output", arguments->output, "ONNX file to write")->required();
  command->add_flag("--overwrite", arguments->overwrite, "replace the output where it exists");
  add_output_name(command, arguments->output_name);
  command
      ->add_option(
          "--form", arguments->form,
          "codebook (a byte a weight), packed (bits), dequantize (int4, int8), qdq (that, activations uint8) or "
          "float")
      ->type_name("NAME");
  command->add_option("--opset", arguments->opset,
                      "raise the file to this opset of ONNX (from 18 on, form packed is smaller; default: its own)");
  command->footer(
      "Example: vbq export --network net.onnx --format runs/first/best.json --form packed --output small.onnx");
  return {command, [arguments](const CommonOptions& common) { return command_export(*arguments, common); },
          Ranks::first};
}

Command add_report(CLI::App& app) {
  const auto arguments = std::make_shared<ReportArguments>();
  CLI::App* command = app.add_subcommand("report", "a run as one page: accuracy, curves, codebooks, speed");
  command
      ->add_option("folders", arguments->folders,
                   "folder of a run, a sweep or a comparison; or a best.json; or several folders, side by side")
      ->required();
  command->add_flag("--overwrite", arguments->overwrite, "replace the output where it exists");
  command->add_option("--output", arguments->output,
                      "HTML file to write; default: report.html in that folder; of several: runs.html here");
  command->footer("Example: vbq report runs/first\n         vbq report runs/first runs/second --output both.html");
  return {command, [arguments](const CommonOptions& common) { return command_report(*arguments, common); },
          Ranks::first};
}

// What vbq info writes of the program itself.
struct ManualArguments {
  std::optional<std::filesystem::path> man;  // folder of pages
  std::string completion;                    // name of a shell
  bool asked() const { return man || !completion.empty(); }
};

int write_manual(const CLI::App& app, const ManualArguments& arguments, const CommonOptions& common) {
  if (common.json) fail("--man and --completion write no JSON: --json does not go with them");
  warn_unused_engine_options(common.engine, "info --man and --completion");
  if (arguments.man) {
    write_man_pages(app, *arguments.man);
  } else {
    print(arguments.completion == "bash" ? bash_completion(app) : zsh_completion(app));
  }
  return 0;
}

Command add_info(CLI::App& app) {
  const auto arguments = std::make_shared<InfoArguments>();
  CLI::App* command = app.add_subcommand("info", "what this build can do, or what is in a file");
  command->add_option("file", arguments->file,
                      "network, dataset, checkpoint, best.json, job (.toml), or folder of results");
  add_output_name(command, arguments->output_name);
  command->add_option("--workers", arguments->workers, "of a job: the number of workers that its memory is told for")
      ->check(CLI::Range(1, 1'000'000));
  command->add_option("--set", arguments->set, "of a job: override a key, as vbq search does")->allow_extra_args(false);
  const auto manual = std::make_shared<ManualArguments>();
  CLI::Option* man = command->add_option("--man", manual->man, "write manual pages into this folder")->type_name("DIR");
  CLI::Option* completion =
      command->add_option("--completion", manual->completion, "print a script that completes commands: bash or zsh")
          ->type_name("SHELL")
          ->check(CLI::IsMember({"bash", "zsh"}));
  command->add_flag("--keys", arguments->keys, "all keys of a job: defaults, values, what they mean");
  // Each of these is asked for alone.
  for (CLI::Option* option : command->get_options({})) {
    if (option == command->get_help_ptr()) continue;
    if (option != man) man->excludes(option);
    if (option != completion) completion->excludes(option);
  }
  command->footer("Example: vbq info net.onnx\n         vbq info job.toml --workers 8\n         vbq info --keys");
  return {command,
          [arguments, manual, &app](const CommonOptions& common) {
            return manual->asked() ? write_manual(app, *manual, common) : command_info(*arguments, common);
          },
          Ranks::first};
}

Command add_doctor(CLI::App& app) {
  const auto arguments = std::make_shared<DoctorArguments>();
  CLI::App* command = app.add_subcommand("doctor", "whether this machine can run searches, and what to do if not");
  command->add_flag("--ranks", arguments->ranks, "tell only how many ranks mpirun has started");
  command->footer("Example: vbq doctor\n         mpirun -n 3 vbq doctor --ranks");
  return {command, [arguments](const CommonOptions& common) { return command_doctor(*arguments, common); }, Ranks::all};
}

}  // namespace

std::vector<Command> add_commands(CLI::App& app) {
  return {add_quantise(app), add_search(app), add_compare(app), add_sensitivity(app), add_evaluate(app), add_infer(app),
          add_import(app),   add_export(app), add_report(app),  add_info(app),        add_doctor(app)};
}

}  // namespace vbq
