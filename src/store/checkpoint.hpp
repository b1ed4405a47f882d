// Checkpoints of a run: checkpoint-NNNNNN.h5, NNNNNN the generations done; the last three are kept.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "search/run_state.hpp"

namespace vbq {

// Writes a temporary file, flushes it to disk, reads it back, compares, renames; then removes all but the three newest,
// and those of later generations, which a run left behind that went on from an older checkpoint. Error when it cannot
// be written: the checkpoints of before are untouched then, and no temporary file stays.
void save_checkpoint(const std::filesystem::path& folder, const RunState& state);

// The newest one that is whole; those that are not are named in a warning each. None when the folder holds no
// checkpoint; Error when it holds some but none is whole.
std::optional<RunState> load_checkpoint(const std::filesystem::path& folder);

// Whether a file is called as one of them.
bool is_checkpoint_name(const std::string& name);

// One file. Error, one sentence, when it is not a checkpoint, is cut off or damaged.
RunState read_checkpoint(const std::filesystem::path& path);

}  // namespace vbq
