// Progress: on a terminal a picture of what runs, in its own place; plain lines now and then anywhere else. Standard
// error only.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "report/screen.hpp"
#include "report/terminal.hpp"

namespace vbq {

class Progress {
 public:
  // quiet: nothing at all (--log warning and above).
  explicit Progress(bool quiet, ScreenUse use = ScreenUse::automatic);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // On a terminal replaces the live line, or says in the picture what is done now; in a log prints it when the last one
  // is at least five seconds old, or When::now.
  enum class When { now_and_then, now };
  void show(const std::string& line, When when = When::now_and_then);

  // A picture: of a terminal only, and when the last one is at least a fifth of a second old, or When::now. state() is
  // called where it is drawn.
  bool has_screen() const { return !quiet_ && terminal_; }
  void draw(const std::function<ScreenState()>& state, When when = When::now_and_then);

  // The live line, or the picture, stays, and other output begins on a line of its own.
  void end_line();

 private:
  void redraw();

  bool quiet_, terminal_;
  std::mutex mutex_;  // messages may come from other threads
  Terminal screen_;
  TextStyle style_;
  std::string line_;  // alone, or the picture's phase
  std::optional<ScreenState> picture_;
  std::chrono::steady_clock::time_point last_{}, drawn_{};
};

// "42 s", "3:05 min", "1:02:45 h".
std::string duration_text(double seconds);
// 1234567 -> "1,234,567".
std::string thousands(long long value);

}  // namespace vbq
