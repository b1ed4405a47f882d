#include "report/output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/check.hpp"
#include "json/json.hpp"

namespace vbq {

void print(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (!written || std::fflush(stdout) != 0) fail("cannot write to standard output: {}", std::strerror(errno));
}

std::string json_text(const Json& object, int indent) {
  return object.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

void print_json(const Json& object) { print(json_text(object, -1)); }

void print_error_json(const std::string& sentence, int exit_code) noexcept {
  try {
    const std::string text = json_text({{"error", sentence}, {"exit_code", exit_code}}, -1);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  } catch (...) {  // the sentence is on standard error already
  }
}

}  // namespace vbq
