#include "run/run_folder.hpp"

#include <system_error>
#include <utility>

#include "core/check.hpp"
#include "core/file.hpp"
#include "run/worker_times.hpp"
#include "store/checkpoint.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

constexpr const char* kTimingHeader = "generation,seconds,images_per_second,quantise,inference,communication";

std::string table(const std::string& header, const std::vector<std::string>& lines) {
  std::string text = header + "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::ofstream open_for_append(const fs::path& path) {
  std::ofstream file(path, std::ios::app);
  if (!file) fail("cannot write {}", path.string());
  return file;
}

}  // namespace

RunFolder::RunFolder(fs::path path, Start start) : path_(std::move(path)) {
  std::error_code code;
  const auto refuse_other_run = [&] {
    if (start == Start::resume || !(fs::exists(path_ / "history.csv") || fs::exists(path_ / "job.toml"))) return;
    fail("folder {} already holds a run: --resume goes on with it, --run names another folder", path_.string());
  };
  refuse_other_run();
  fs::create_directories(path_, code);
  if (code || !fs::is_directory(path_)) {
    fail("cannot make run folder {}: {}", path_.string(), code ? code.message() : "a file is in the way");
  }
  lock_.emplace(path_);
  refuse_other_run();  // which may have started and ended meanwhile
}

std::optional<RunState> RunFolder::newest_checkpoint() const { return load_checkpoint(path_); }

void RunFolder::save(const RunState& state) const { save_checkpoint(path_, state); }

void RunFolder::begin_tables(const std::string& header, const std::vector<std::string>& history,
                             const std::vector<std::string>& timing) {
  write("history.csv", table(header, history));
  write("timing.csv", table(kTimingHeader, timing));
  write("workers.csv",
        table(kWorkersHeader, kept_worker_lines(path_ / "workers.csv", static_cast<int>(history.size()))));
  history_ = open_for_append(path_ / "history.csv");
  timing_ = open_for_append(path_ / "timing.csv");
  workers_ = open_for_append(path_ / "workers.csv");
}

void RunFolder::append(const std::string& history, const std::string& timing, const std::vector<std::string>& workers) {
  history_ << history << '\n' << std::flush;
  timing_ << timing << '\n' << std::flush;
  for (const std::string& line : workers) workers_ << line << '\n';
  workers_ << std::flush;
  if (history_ && timing_ && workers_) return;
  fail("cannot write history.csv, timing.csv or workers.csv in {}: is the disk full?", path_.string());
}

void RunFolder::write(const std::string& name, const std::string& content) const {
  const fs::path path = path_ / name;
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  if (code) fail("cannot make folder {}: {}", path.parent_path().string(), code.message());
  write_file(path, content);
}

void RunFolder::remove(const std::string& name) const {
  std::error_code code;
  fs::remove_all(path_ / name, code);
  if (code) fail("cannot remove {}: {}", (path_ / name).string(), code.message());
}

}  // namespace vbq
