// Error: the one exception that vbq throws on purpose.
#pragma once

#include <stdexcept>
#include <string>

namespace vbq {

// Whose mistake it was; decides the process's exit code.
enum class Fault {
  input,     // a file, an option or the environment: exit code 1
  internal,  // ours, or a library's: exit code 2
};

// One clear sentence: what was found, what was expected, where.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& sentence, Fault fault = Fault::input)
      : std::runtime_error(sentence), fault_(fault) {}
  Fault fault() const { return fault_; }

 private:
  Fault fault_;
};

}  // namespace vbq
