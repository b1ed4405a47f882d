#include "run/stopping.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "core/stop.hpp"

namespace vbq {
namespace {

using Clock = std::chrono::system_clock;
using std::chrono::seconds;

// A tenth of what is left of the job, but not more than this: portions of work take seconds, a checkpoint less.
constexpr seconds kLongestMargin{120};
// An end that has just passed is this job's own: Slurm gives it some time more (KillWait), and a start takes seconds.
// An older one was left behind by another job.
constexpr seconds kGrace{60};

}  // namespace

std::optional<Clock::time_point> stop_before(const char* end, Clock::time_point now) {
  if (end == nullptr) return std::nullopt;
  const std::string_view text(end);
  std::int64_t number = 0;
  const auto [stopped, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || stopped != text.data() + text.size() || number < 0) return std::nullopt;
  const auto today = std::chrono::duration_cast<seconds>(now.time_since_epoch());
  if (number + kGrace.count() < today.count()) return std::nullopt;
  if (number > today.count() + std::int64_t{10} * 365 * 24 * 3600) return std::nullopt;  // unlimited
  const seconds left = seconds(number) - today;
  return Clock::time_point(seconds(number) - std::clamp(left / 10, seconds(0), kLongestMargin));
}

void heed_stops() {
  catch_stop_signals();
  if (const auto moment = stop_before(std::getenv("SLURM_JOB_END_TIME"), Clock::now())) stop_at(*moment);
}

std::string stop_text() {
  switch (stop_cause()) {
    case StopCause::time_limit:
      return "before the job's time limit";
    case StopCause::other_rank:
      return "by a signal on another rank";
    default:
      return "by a signal";
  }
}

}  // namespace vbq
