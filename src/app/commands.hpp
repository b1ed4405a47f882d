// The subcommands: one function and one struct of arguments each. All return the process's exit code or throw Error.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "run/options.hpp"
#include "run/quantise_job.hpp"

namespace vbq {

int command_search(const SearchArguments& arguments, const CommonOptions& common);
int command_compare(const SearchArguments& arguments, const CommonOptions& common);
int command_sensitivity(const SearchArguments& arguments, const CommonOptions& common);  // never resumes: it goes on

struct ImportArguments {
  std::string kind;
  std::vector<std::filesystem::path> sources;
  std::vector<double> mean, std;
  std::filesystem::path output;
  bool overwrite = false;
  std::string layout;  // of kind npy; empty: told from the shape
  // Photos only (kinds folder and list).
  std::string resize, crop, interpolation;  // empty: not given
  std::filesystem::path root, class_names;
  bool grey = false, skip_bad = false;
};
int command_import(const ImportArguments& arguments, const CommonOptions& common);

struct QuantiseArguments {
  std::filesystem::path network;
  ImportArguments images;  // one dataset file, or what is imported; kind: empty: told from the source. output: not used
  QuantiseGoal goal;
  std::optional<std::filesystem::path> output;  // folder of the results; none: NETWORK-quantised
  std::string output_name;                      // of the network; empty: its first
  std::vector<std::string> set;                 // keys of the job
};
int command_quantise(const QuantiseArguments& arguments, const CommonOptions& common);

struct EvaluateArguments {
  std::filesystem::path network, data;
  std::optional<std::filesystem::path> format;
  std::string images;  // "A:B", A inclusive, B exclusive; either may be left out
  ImportArguments
      import;  // how data that is no dataset file is read; kind: empty: told from it. sources, output: not used
  std::string output_name;  // of the network; empty: its first
  std::optional<std::int64_t> label_offset;
};
int command_evaluate(const EvaluateArguments& arguments, const CommonOptions& common);

struct InferArguments {
  std::filesystem::path network, input, output;
  bool overwrite = false;
  std::optional<std::filesystem::path> format;
  std::string output_name;  // of the network; empty: its first
  std::string layout;       // of the input; empty: told from its shape
};
int command_infer(const InferArguments& arguments, const CommonOptions& common);

struct ExportArguments {
  std::filesystem::path network, format, output;
  bool overwrite = false;
  std::string form = "codebook";
  std::optional<int> opset;  // to raise the file to; none: its own
  std::string output_name;   // of the network, which the format was found for; empty: its first
};
int command_export(const ExportArguments& arguments, const CommonOptions& common);

struct ReportArguments {
  // The folder of a run, a sweep or a comparison, or a best.json; or several folders, side by side.
  std::vector<std::filesystem::path> folders;
  std::optional<std::filesystem::path> output;  // report.html in the folder; of several: runs.html here
  bool overwrite = false;
};
int command_report(const ReportArguments& arguments, const CommonOptions& common);

struct InfoArguments {
  std::optional<std::filesystem::path> file;
  int workers = 0;               // of a job; 0: not given, one
  std::string output_name;       // of a network; empty: its first
  std::vector<std::string> set;  // of a job
  bool keys = false;             // the table of a job's keys, and nothing else
};
int command_info(const InfoArguments& arguments, const CommonOptions& common);

struct DoctorArguments {
  bool ranks = false;  // only tells how many ranks there are, as the doctor asks of those that it starts
};
// Exit code 1 where something hinders runs on this machine.
int command_doctor(const DoctorArguments& arguments, const CommonOptions& common);

}  // namespace vbq
