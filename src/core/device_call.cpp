#include "core/device_call.hpp"

#include <algorithm>
#include <array>
#include <atomic>

namespace vbq {
namespace {

using Time = std::chrono::milliseconds::rep;
constexpr Time kNone = -1, kShortest = 20'000;

std::atomic<Time> now{0};
std::atomic<Time> started{kNone};  // of the call that goes on
std::atomic<int> kind_now{0};
std::array<std::atomic<Time>, 5> longest{kNone, kNone, kNone, kNone, kNone};  // of each kind that has ended

}  // namespace

DeviceCall::DeviceCall(Kind kind) : before_(started), kind_before_(kind_now) {
  kind_now = static_cast<int>(kind);
  started = now.load();
}

DeviceCall::~DeviceCall() {
  std::atomic<Time>& most = longest[static_cast<std::size_t>(kind_now.load())];
  most = std::max(most.load(), now.load() - started.load());
  kind_now = kind_before_;
  started = before_;
}

void advance_device_clock(std::chrono::milliseconds by) { now += by.count(); }

bool device_hangs() {
  const int kind = kind_now;
  if (kind == static_cast<int>(DeviceCall::Kind::host)) return false;
  const Time start = started, most = longest[static_cast<std::size_t>(kind)];
  return start != kNone && most != kNone && now.load() - start > std::max(kShortest, 10 * most);
}

}  // namespace vbq
