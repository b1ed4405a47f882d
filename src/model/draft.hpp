// Draft: a network that is still being made.
#pragma once

#include "vbq/network.hpp"

namespace vbq {

// A network whose output may still be any of its values, and which may hold dead nodes.
struct Draft {
  Network network;
  ValueId output = kInputValue;
};

}  // namespace vbq
