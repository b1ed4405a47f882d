#include "core/device_call.hpp"

#include <algorithm>
#include <atomic>

namespace vbq {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

std::atomic<Clock::rep> started{0};  // of the call that goes on; 0: none does
std::atomic<Clock::rep> longest{0};  // of those that have ended

}  // namespace

DeviceCall::DeviceCall() { started = Clock::now().time_since_epoch().count(); }

DeviceCall::~DeviceCall() {
  const Clock::rep length = Clock::now().time_since_epoch().count() - started.exchange(0);
  longest = std::max(longest.load(), length);
}

bool is_overdue(Seconds length, Seconds longest_ended) {
  return longest_ended.count() > 0 && length > std::max(Seconds(20), 10 * longest_ended);
}

bool device_hangs() {
  const Clock::rep start = started;
  if (start == 0) return false;
  return is_overdue(Clock::now().time_since_epoch() - Clock::duration(start), Clock::duration(longest));
}

}  // namespace vbq
