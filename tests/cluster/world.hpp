// The ranks that the tests of this folder run on.
#pragma once

#include "cluster/mpi.hpp"

namespace vbq::test {

Communicator& world();

}  // namespace vbq::test
