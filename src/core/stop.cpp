#include "core/stop.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <limits>

namespace vbq {
namespace {

// A signal handler has nothing but globals to write to.
std::atomic<StopCause> cause{StopCause::none};
std::atomic<std::int64_t> last_moment{std::numeric_limits<std::int64_t>::max()};  // seconds since 1970
static_assert(std::atomic<StopCause>::is_always_lock_free);

void on_signal(int) { request_stop(StopCause::signal); }

}  // namespace

void catch_stop_signals() {
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) {
    struct sigaction action {};
    action.sa_handler = on_signal;
    // Batch systems and launchers may both send the first two, so only the third counts the second time.
    action.sa_flags = SA_RESTART | (number == SIGINT ? static_cast<int>(SA_RESETHAND) : 0);
    sigaction(number, &action, nullptr);
  }
}

void request_stop(StopCause from) {
  StopCause expected = StopCause::none;
  cause.compare_exchange_strong(expected, from);
}

void stop_at(std::chrono::system_clock::time_point moment) {
  last_moment = std::chrono::duration_cast<std::chrono::seconds>(moment.time_since_epoch()).count();
}

StopCause stop_cause() {
  const std::int64_t last = last_moment;
  if (last != std::numeric_limits<std::int64_t>::max() &&
      std::chrono::system_clock::now() >= std::chrono::system_clock::time_point(std::chrono::seconds(last))) {
    request_stop(StopCause::time_limit);
  }
  return cause;
}

}  // namespace vbq
