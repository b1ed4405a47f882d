#include "cluster/ulfm.hpp"

#include <dlfcn.h>

#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

namespace vbq {
namespace {

// Open MPI's numbers, from 5 on: of the attribute that says whether it goes on, and of two errors.
constexpr int kAttribute = 12, kFailed = 75, kFailedPending = 76;
#ifdef OMPI_HAVE_MPI_EXT_FTMPI
static_assert(kAttribute == MPIX_FT && kFailed == MPIX_ERR_PROC_FAILED &&
              kFailedPending == MPIX_ERR_PROC_FAILED_PENDING);
#endif

// MPIX_Comm_ack_failed, or null. Looked for when the program runs: one that was built with Open MPI 4 runs with 5, too.
using Acknowledge = int (*)(MPI_Comm communicator, int most, int* acknowledged);
Acknowledge acknowledge() {
  static const auto function = reinterpret_cast<Acknowledge>(::dlsym(RTLD_DEFAULT, "MPIX_Comm_ack_failed"));
  return function;
}

}  // namespace

bool mpi_goes_on() {
  const int* on = nullptr;
  int found = 0;
  return acknowledge() != nullptr && MPI_Comm_get_attr(MPI_COMM_WORLD, kAttribute, &on, &found) == MPI_SUCCESS &&
         found != 0 && *on != 0;
}

bool is_process_failure(int status) {
  int error = MPI_SUCCESS;
  if (status == MPI_SUCCESS || acknowledge() == nullptr) return false;
  return MPI_Error_class(status, &error) == MPI_SUCCESS && (error == kFailed || error == kFailedPending);
}

void acknowledge_failures(MPI_Comm communicator) {
  if (acknowledge() == nullptr) return;
  int ranks = 0, acknowledged = 0;
  if (MPI_Comm_size(communicator, &ranks) == MPI_SUCCESS) acknowledge()(communicator, ranks, &acknowledged);
}

}  // namespace vbq
