// Which call to a device this process is in, and for how long: so that a device that hangs is told from one at work.
//
// Time is what the heartbeat's thread has seen pass, so that a process that was stopped for an hour is not in a call
// for one.
#pragma once

#include <chrono>

namespace vbq {

// Marks a call from its making to its end. Calls of one kind take about as long as each other (loading
// images does not, and is not marked). host: this process computes by itself; other programs may starve it for as long
// as they like, so it never counts as hanging.
class DeviceCall {
 public:
  enum class Kind { tally, pass, assign, other, host };
  explicit DeviceCall(Kind kind);
  DeviceCall(const DeviceCall&) = delete;
  DeviceCall& operator=(const DeviceCall&) = delete;
  ~DeviceCall();

 private:
  std::chrono::milliseconds::rep before_;  // of the call around this one
  int kind_before_;
};

// So much more time has passed.
void advance_device_clock(std::chrono::milliseconds by);

// Whether the call that this process is in has lasted ten times as long as any of its kind that has ended, and 20 s at
// least; the first of a kind may take any time. From any thread.
bool device_hangs();

}  // namespace vbq
