// The wish that this process stops soon and in good order: from a signal, from another rank, or because its time is
// nearly over. Whoever computes for long asks stop_requested() now and then and leaves what it has in a state that a
// resume goes on from.
#pragma once

#include <chrono>
#include <exception>

namespace vbq {

enum class StopCause { none, signal, other_rank, time_limit };

// From here on SIGTERM, SIGUSR1 and SIGINT are wishes. A second SIGINT ends the process at once, as without us.
void catch_stop_signals();

// A wish from elsewhere; the first cause counts. Safe in a signal handler and from any thread.
void request_stop(StopCause cause);

// From that moment on there is a wish to stop.
void stop_at(std::chrono::system_clock::time_point moment);

StopCause stop_cause();
inline bool stop_requested() { return stop_cause() != StopCause::none; }

// What was asked for is not there, because the wish came first.
class Stopped : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped as asked, before the work was done"; }
};

}  // namespace vbq
