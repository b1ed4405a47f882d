// Which call to a device this process is in, and for how long: so that a device that hangs is told from one at work.
#pragma once

#include <chrono>

namespace vbq {

// Marks a call, one at a time in a process, from its making to its end.
class DeviceCall {
 public:
  DeviceCall();
  DeviceCall(const DeviceCall&) = delete;
  DeviceCall& operator=(const DeviceCall&) = delete;
  ~DeviceCall();
};

// Whether a call of this length is one that hangs, when the longest that ended took `longest` (0: none has ended yet, and
// nothing is known): ten times as long, and 20 s at least.
bool is_overdue(std::chrono::duration<double> length, std::chrono::duration<double> longest);

// Of the call that this process is in now; from any thread.
bool device_hangs();

}  // namespace vbq
