// What each worker may use of its host, so that its workers share processors and GPUs and none is used twice.
#pragma once

#include "cluster/communicator.hpp"

namespace vbq {

// Collective. Of the processors that this rank is bound to, its fair part: each counts 1 / (working ranks of this host
// that may use it). At least 1. A rank that does not work takes no part and gets 1.
int fair_threads(Communicator& world, bool works);

// Collective. This rank's number among the working ranks of its host, and how many they are; what a GPU is picked by.
struct HostPlace {
  int index = 0, count = 1;
};
HostPlace place_on_host(Communicator& world, bool works);

}  // namespace vbq
