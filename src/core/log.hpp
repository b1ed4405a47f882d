// Messages for people, on standard error; standard output belongs to results.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

namespace vbq::log {

enum class Level { debug, info, warning, error, off };

// "debug", "info", "warning", "error" or "off"; Error otherwise.
Level parse_level(const std::string& name);
void set_level(Level level);
// Put before every line, e.g. "rank 3: "; empty at first.
void set_prefix(const std::string& prefix);

// Who has drawn on standard error makes room for each line: `wrap` is given what writes it, and calls it once. Empty:
// nobody. Lines that other threads write meanwhile wait for each other.
void set_wrap(std::function<void(const std::function<void()>& print)> wrap);

void write(Level level, const std::string& line);

template <typename... Args>
void debug(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::info, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> text, Args&&... args) {
  write(Level::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace vbq::log
