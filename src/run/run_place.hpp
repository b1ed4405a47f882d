// From what a user typed: which job is run, where its results go, whether it goes on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/options.hpp"

namespace vbq {

struct RunPlace {
  std::filesystem::path job;     // file
  std::filesystem::path folder;  // of the results
  Start start = Start::fresh;
  std::string go_on;  // what to type when it was stopped: "vbq search --resume runs/first"
};

// command: "search" or "compare". Instead of a job, --resume takes the folder of a run, which holds its job, or that
// job.toml itself. Error, saying what to type, where a folder is not of this command's making, or is given without
// --resume.
RunPlace run_place(const std::string& command, const SearchArguments& arguments, const CommonOptions& common);

// "vbq search --resume runs/first", with what a resume must agree in and the job does not hold.
std::string resume_command(const std::string& command, const std::filesystem::path& folder,
                           const CommonOptions& common);

// Error where a page's file is one of those that runs write (or read again), under any name, other than report.html:
// `output` lies in a folder of results, or is a link to a file of the folder `of`, whose page it is.
void check_page_output(const std::filesystem::path& output, const std::filesystem::path& of);

// Error where the run would write over a file that it reads: a network that lies in the folder as best.onnx, say.
void check_inputs(const std::filesystem::path& folder, const std::vector<std::filesystem::path>& inputs);

}  // namespace vbq
