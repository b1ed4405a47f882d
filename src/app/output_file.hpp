// What every command asks before it writes a file that its user named.
#pragma once

#include <filesystem>
#include <vector>

namespace vbq {

// What is done about a file that has the output's name already.
enum class Existing { refuse, overwrite };

// Before anything is computed. Error where `output` is one of the files that are read, or would be written by way of
// one (under any name: links are followed); where it is not a file (a folder, a device); and, under Existing::refuse,
// where it exists. `inputs` that do not exist are for others to refuse.
void check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs,
                  Existing existing);

}  // namespace vbq
