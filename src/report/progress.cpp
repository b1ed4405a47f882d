#include "report/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/log.hpp"

namespace vbq {
namespace {

constexpr std::chrono::seconds kLogInterval{5};
constexpr std::chrono::milliseconds kDrawInterval{200};

}  // namespace

Progress::Progress(bool quiet, ScreenUse use)
    : quiet_(quiet), terminal_(vbq::has_screen(use)), style_(terminal_style()) {
  if (!has_screen()) return;
  log::set_wrap([this](const std::function<void()>& print) {
    const std::lock_guard lock(mutex_);
    screen_.erase();
    print();
    redraw();
  });
}

Progress::~Progress() {
  if (has_screen()) log::set_wrap({});
}

void Progress::show(const std::string& line, When when) {
  if (quiet_) return;
  const auto now = std::chrono::steady_clock::now();
  if (terminal_) {
    const std::lock_guard lock(mutex_);
    line_ = line;
    if (when == When::now_and_then && now - drawn_ < kDrawInterval) return;  // end_line() draws the last one
    drawn_ = now;
    redraw();
    return;
  }
  if (when == When::now_and_then && last_ != std::chrono::steady_clock::time_point{} && now - last_ < kLogInterval)
    return;
  last_ = now;
  log::info("{}", line);
}

void Progress::draw(const std::function<ScreenState()>& state, When when) {
  const auto now = std::chrono::steady_clock::now();
  if (!has_screen() || (when == When::now_and_then && now - drawn_ < kDrawInterval)) return;
  ScreenState picture = state();
  const std::lock_guard lock(mutex_);
  drawn_ = now;
  line_.clear();
  picture_ = std::move(picture);
  redraw();
}

void Progress::redraw() {
  if (picture_) {
    if (!line_.empty()) picture_->phase = line_;
    screen_.draw(screen_lines(*picture_, screen_.size(), style_));
  } else if (!line_.empty()) {
    screen_.draw({TextLine(screen_.size().columns, style_).add(line_)});
  }
}

void Progress::end_line() {
  if (!has_screen()) return;
  const std::lock_guard lock(mutex_);
  redraw();
  screen_.leave();
  picture_.reset();
  line_.clear();
}

std::string duration_text(double seconds) {
  const auto whole = std::llround(std::max(seconds, 0.0));
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
