// What MPI offers beside its standard for going on after a process has failed: ULFM (user-level failure mitigation), in
// Open MPI from version 5, under `mpirun --with-ft ulfm`. With another MPI, nothing of it is there.
#pragma once

#include <mpi.h>

namespace vbq {

// Whether this process's MPI goes on with the others after one has failed. After MPI_Init.
bool mpi_goes_on();
// Whether a call failed because a process did.
bool is_process_failure(int status);
// Calls that take from any rank fail after a failure until it has been acknowledged.
void acknowledge_failures(MPI_Comm communicator);

}  // namespace vbq
