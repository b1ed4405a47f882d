// What mpirun or srun tells a process in its environment, before MPI is initialised.
#pragma once

#include <string>

namespace vbq {

// Whether a launcher (mpirun, srun with PMI) started this process. Without one MPI is not initialised at all: a process
// on its own needs none, and Open MPI would start a daemon for it.
bool launched_by_mpi();

// This process's rank, as the launcher says before MPI is initialised; 0 without one.
int launcher_rank();
// Processes of this host, by the launcher's word; 1 where it says none.
int launcher_local_size();

// The MPI that this program is linked with: "Open MPI v4.1.4".
std::string mpi_library();

}  // namespace vbq
