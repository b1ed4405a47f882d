// How the heartbeat's connections are made, over MPI, when a program starts.
#pragma once

#include <memory>

#include "cluster/communicator.hpp"
#include "cluster/heartbeat.hpp"

namespace vbq {

// Collective. A rank to which no connection can be made (no IPv4, a firewall) goes without: a warning names it, and of
// it only that is noticed which MPI and the launcher notice. Null on a rank without any connection.
std::unique_ptr<Heartbeat> start_heartbeat(Communicator& world);

}  // namespace vbq
