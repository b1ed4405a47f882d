// Progress: one live line on a terminal, plain lines now and then in a log or where TERM is "dumb" or unset. Standard
// error only.
#pragma once

#include <chrono>
#include <string>

namespace vbq {

class Progress {
 public:
  // quiet: nothing at all (--log warning and above).
  explicit Progress(bool quiet);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // On a terminal replaces the live line; in a log prints it when the last one is at least five seconds old, or
  // When::now.
  enum class When { now_and_then, now };
  void show(const std::string& line, When when = When::now_and_then);
  // Ends the live line, so that other output starts on a line of its own.
  void end_line();

 private:
  bool quiet_, terminal_;
  bool open_ = false;  // the cursor is behind a live line
  std::chrono::steady_clock::time_point last_{};
};

// "42 s", "3:05 min", "1:02:45 h".
std::string duration_text(double seconds);
// 1234567 -> "1,234,567".
std::string thousands(long long value);

}  // namespace vbq
