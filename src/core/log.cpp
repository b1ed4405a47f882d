#include "core/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>

#include "core/check.hpp"
#include "core/text.hpp"

namespace vbq::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_logger_mt("vbq");
    made->set_pattern("%v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *instance;
}

// spdlog has no per-logger prefix, and a pattern would have to escape it.
std::string& prefix() {
  static std::string text;
  return text;
}

using Print = std::function<void()>;

// Held while a line is written, so that who has drawn does not go away in the midst of it.
struct Wrapping {
  std::mutex mutex;
  std::function<void(const Print&)> wrap;
};

Wrapping& wrapping() {
  static Wrapping instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

Level parse_level(const std::string& name) {
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  if (name == "warning") return Level::warning;
  if (name == "error") return Level::error;
  if (name == "off") return Level::off;
  fail("log level \"{}\" is not known: debug, info, warning, error or off was expected", name);
}

void set_level(Level level) { logger().set_level(to_spdlog(level)); }
void set_prefix(const std::string& text) { prefix() = text; }

void set_wrap(std::function<void(const Print&)> wrap) {
  const std::lock_guard lock(wrapping().mutex);
  wrapping().wrap = std::move(wrap);
}

void write(Level level, const std::string& line) {
  const char* mark = level == Level::warning ? "warning: " : level == Level::error ? "error: " : "";
  const bool sentence = level == Level::warning || level == Level::error;
  if (!logger().should_log(to_spdlog(level))) return;
  const auto print = [&] {
    logger().log(to_spdlog(level), "{}{}{}", prefix(), mark, sentence ? one_line(line) : line);
  };
  const std::lock_guard lock(wrapping().mutex);
  if (wrapping().wrap) {
    wrapping().wrap(print);
  } else {
    print();
  }
}

}  // namespace vbq::log
