// What communicator.cpp, exchange.cpp and environment.cpp share: MPI's handles behind a Communicator.
#pragma once

#include <mpi.h>

#include <list>
#include <memory>
#include <string>
#include <vector>

#include "cluster/communicator.hpp"
#include "cluster/heartbeat.hpp"

namespace vbq {

// Error (internal) with MPI's own text.
void require(int status, const char* what);
// Of elements, as MPI counts them; Error (internal) where it cannot.
int to_count(std::size_t size, const char* what);

inline constexpr long kFirstPause = 20'000;  // nanoseconds
inline constexpr int kTestsATurn = 8;
// Between workers messages have a tag of their own, so that one that has begun to arrive from a worker that hangs does
// not keep back what rank 0 orders.
inline constexpr int kMessageTag = 1, kBroadcastTag = 2, kWorkersTag = 3;

struct Communicator::Handle {
  MPI_Comm world = MPI_COMM_NULL;  // our duplicate
  MPI_Comm node = MPI_COMM_NULL;   // its ranks on this host
  int rank = 0, size = 1, local_rank = 0;
  std::unique_ptr<Heartbeat> heartbeat;
  struct Transfer {
    int peer = 0, tag = 0;
    std::string bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::list<Transfer> leaving, arriving;  // on their way; an entry must not move
  std::list<Transfer> abandoned;          // the same, of lost ranks: MPI may still use them
  bool mpi_goes_on = false, goes_on = false, stays_together = false;
  bool lost_a_silent_one = false;  // whose process may still be there
  std::vector<bool> lost;          // by rank

  Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle();  // a handle that cannot be freed is left to MPI_Finalize
};

}  // namespace vbq
