#include "report/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace vbq {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int number_of(const char* name, int otherwise) {
  const std::string_view text = variable(name);
  int value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && value > 0 ? value : otherwise;
}

bool size_of(int descriptor, winsize& found) {
  return ::ioctl(descriptor, TIOCGWINSZ, &found) == 0 && found.ws_col > 0 && found.ws_row > 0;
}

// Of a process whose standard error is a pipe that leads to its terminal, as under mpirun.
bool size_of_own_terminal(winsize& found) {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return false;
  const bool has = size_of(terminal, found);
  ::close(terminal);
  return has;
}

// Of a job that a shell runs beside what is typed.
bool in_background() {
  const pid_t leads = ::tcgetpgrp(STDERR_FILENO);  // -1: no terminal, and nobody types there
  return leads > 0 && leads != ::getpgrp();
}

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);  // in one piece: a screen that cannot be written is no error
  std::fflush(stderr);
}

}  // namespace

bool has_screen(ScreenUse use) {
  if (use != ScreenUse::automatic) return use == ScreenUse::on;
  const std::string_view kind = variable("TERM");
  return ::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1 && !kind.empty() && kind != "dumb";
}

TextStyle terminal_style() {
  std::string_view locale = variable("LC_ALL");
  if (locale.empty()) locale = variable("LC_CTYPE");
  if (locale.empty()) locale = variable("LANG");
  std::string lower(locale);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const bool unicode = lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  return {variable("NO_COLOR").empty() && variable("TERM") != "dumb", unicode};
}

ScreenSize Terminal::size() const {
  winsize found{};
  if (!size_of(STDERR_FILENO, found) && !size_of_own_terminal(found)) {
    found.ws_col = static_cast<unsigned short>(std::min(number_of("COLUMNS", 80), 1000));
    found.ws_row = static_cast<unsigned short>(std::min(number_of("LINES", 24), 1000));
  }
  return {std::max(1, found.ws_col - 1), std::max(1, found.ws_row - 1)};
}

void Terminal::draw(std::vector<TextLine> lines) {
  if (in_background()) return leave();
  const ScreenSize now = size();
  if (lines == shown_ && now.columns == drawn_in_.columns && now.rows == drawn_in_.rows) return;
  std::string text = to_its_top(now);
  for (const TextLine& line : lines) text += line.text() + "\x1b[K\n";
  write(text + "\x1b[J");
  shown_ = std::move(lines);
  drawn_in_ = now;
}

void Terminal::erase() {
  if (shown_.empty()) return;
  write(to_its_top(size()) + "\x1b[J");
  shown_.clear();
}

// Terminals wrap the lines that they show anew when they become narrower.
std::string Terminal::to_its_top(const ScreenSize& now) const {
  int rows = 0;
  for (const TextLine& line : shown_) rows += std::max(0, line.columns() - 1) / (now.columns + 1) + 1;
  return rows == 0 ? "" : fmt::format("\r\x1b[{}A", std::min(rows, now.rows));
}

}  // namespace vbq
