#include "report/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/log.hpp"

namespace vbq {
namespace {

constexpr std::chrono::seconds kLogInterval{5};

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1U : 79U;
}

// One that can go back to the start of a line and clear it: Emacs and editors say "dumb".
bool live_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
}

}  // namespace

Progress::Progress(bool quiet) : quiet_(quiet), terminal_(live_terminal()) {}
Progress::~Progress() { end_line(); }

void Progress::show(const std::string& line, When when) {
  if (quiet_) return;
  if (terminal_) {
    const std::string shown = line.substr(0, terminal_width());
    std::fprintf(stderr, "\r\x1b[K%s", shown.c_str());
    std::fflush(stderr);
    open_ = true;
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (when == When::now_and_then && last_ != std::chrono::steady_clock::time_point{} && now - last_ < kLogInterval)
    return;
  last_ = now;
  log::info("{}", line);
}

void Progress::end_line() {
  if (open_) std::fputc('\n', stderr);
  open_ = false;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::max(seconds, 0.0) + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{}:{:02} min", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02} h", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string thousands(long long value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const bool first = i == 0 || (i == 1 && value < 0);
    if (!first && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

}  // namespace vbq
