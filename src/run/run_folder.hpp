// RunFolder: the files of one run, as docs/reference.md lists them. Whole-or-nothing writes; only rank 0 has one.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "core/lock.hpp"
#include "run/options.hpp"
#include "search/run_state.hpp"

namespace vbq {

class RunFolder {
 public:
  // Makes the folder, and locks it for this process. Error when it holds a run already under Start::fresh, when
  // another process has it, or when it cannot be written to.
  RunFolder(std::filesystem::path path, Start start);

  const std::filesystem::path& path() const { return path_; }

  // The newest checkpoint that is whole; none in a folder that has none.
  std::optional<RunState> newest_checkpoint() const;
  void save(const RunState& state) const;

  // Writes history.csv, under this header, and timing.csv anew with these lines, and workers.csv with what it has of as
  // many generations, then leaves them open for append().
  void begin_tables(const std::string& header, const std::vector<std::string>& history,
                    const std::vector<std::string>& timing);
  // workers: lines of workers.csv.
  void append(const std::string& history, const std::string& timing, const std::vector<std::string>& workers);

  // job.toml, best.json, summary.json, front/03/best.json, ...
  void write(const std::string& name, const std::string& content) const;
  // A folder inside, with all that is in it; nothing where it is not there.
  void remove(const std::string& name) const;

 private:
  std::filesystem::path path_;
  std::optional<FolderLock> lock_;
  std::ofstream history_, timing_, workers_;
};

}  // namespace vbq
