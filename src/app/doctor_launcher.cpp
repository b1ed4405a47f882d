// vbq doctor: does mpirun start ranks that find each other?
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "app/doctor.hpp"
#include "cluster/launcher.hpp"
#include "core/check.hpp"
#include "core/text.hpp"

namespace vbq {
namespace {

namespace fs = std::filesystem;

// The first of these programs in PATH; empty: none.
fs::path in_path(std::initializer_list<const char*> names) {
  const char* path = std::getenv("PATH");
  for (const char* name : names) {
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
      if (!folder.empty() && ::access((fs::path(folder) / name).c_str(), X_OK) == 0) return fs::path(folder) / name;
    }
  }
  return {};
}

struct Attempt {
  int code = -1;
  std::string output;  // both streams
};

Attempt attempt(const std::string& command) {
  Attempt result;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> bytes{};
  while (const std::size_t count = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
    result.output.append(bytes.data(), count);
  }
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
  return result;
}

// The first line that says something: launchers frame what they say.
std::string first_words(const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(" \t-*=");
    if (begin != std::string::npos) return line.substr(begin, 200);
  }
  return "without a word";
}

}  // namespace

Finding examine_launcher() {
  const std::string library = mpi_library();
  const fs::path launcher = in_path({"mpirun", "mpiexec"});
  if (launcher.empty()) {
    return {"mpi", Health::note, library + "; no mpirun in PATH",
            "vbq runs as one process; for more, install or load the mpirun of that library"};
  }
  // As README.md starts it.
  const char* options = library.starts_with("Open MPI") ? "--bind-to none --oversubscribe" : "";
  const Attempt tried =
      attempt(fmt::format("timeout 30 {} -n 2 {} {} doctor --ranks 2>&1 </dev/null", shell_quoted(launcher.string()),
                          options, shell_quoted(fs::read_symlink("/proc/self/exe").string())));
  Finding finding{"mpi", Health::fine, fmt::format("{}; {} starts two ranks", library, launcher.string()), ""};
  if (tried.code == 0 && ("\n" + tried.output).find("\n2 ranks\n") != std::string::npos) return finding;
  finding.health = Health::wrong;
  if (tried.code == 0) {
    finding.found = fmt::format("{}; {} starts ranks that do not find each other", library, launcher.string());
    finding.advice = "it belongs to another MPI: put the mpirun of that library first in PATH";
    return finding;
  }
  finding.found = fmt::format("{}; {} does not start two ranks: {}", library, launcher.string(),
                              tried.code == 124 ? "30 s have passed" : first_words(tried.output));
  finding.advice = tried.output.find("as root") != std::string::npos
                       ? "start it as another user, or with --allow-run-as-root, which OMPI_ALLOW_RUN_AS_ROOT=1 and "
                         "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 stand for"
                       : fmt::format("see that `{} -n 2 hostname` works", launcher.filename().string());
  return finding;
}

}  // namespace vbq
