#include "app/output_file.hpp"

#include <system_error>

#include "core/check.hpp"
#include "core/file.hpp"

namespace vbq {
namespace fs = std::filesystem;

void check_output(const fs::path& output, const std::vector<fs::path>& inputs, Existing existing) {
  // write_file() and its like write here, then rename.
  const fs::path temporary = temporary_path(output);
  std::error_code code;
  const fs::file_status status = fs::status(output, code);
  const bool there = fs::exists(status), temporary_there = fs::exists(temporary, code);
  if (!there && !temporary_there) return;
  for (const fs::path& input : inputs) {
    if (there && fs::equivalent(output, input, code)) {
      fail("output {} is the input {} itself: another file was expected", output.string(), input.string());
    }
    if (temporary_there && fs::equivalent(temporary, input, code)) {
      fail("output {} is written by way of {}, which is the input {}: another name was expected", output.string(),
           temporary.string(), input.string());
    }
  }
  if (!there) return;
  if (!fs::is_regular_file(status)) {
    fail("output {} is a {}: the name of a file was expected", output.string(),
         fs::is_directory(status) ? "folder" : "device");
  }
  if (existing == Existing::refuse) {
    fail("output {} exists already: --overwrite replaces it, --output names another file", output.string());
  }
}

}  // namespace vbq
