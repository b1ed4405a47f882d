#include "cluster/launcher.hpp"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <initializer_list>

namespace vbq {
namespace {

int number_in_environment(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return otherwise;
}

}  // namespace

bool launched_by_mpi() {
  // Open MPI's mpirun; PMIx (Open MPI, srun --mpi=pmix); PMI-1 and PMI-2 (MPICH, Intel MPI, srun --mpi=pmi2).
  constexpr std::array names{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"};
  return std::any_of(names.begin(), names.end(), [](const char* name) { return std::getenv(name) != nullptr; });
}

int launcher_rank() { return number_in_environment({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}, 0); }

int launcher_local_size() {
  return std::max(1, number_in_environment({"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS"}, 1));
}

std::string mpi_library() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  if (MPI_Get_library_version(text.data(), &length) != MPI_SUCCESS) return "an MPI that does not say its version";
  const std::string whole(text.data());
  return whole.substr(0, whole.find_first_of(",\n"));
}

}  // namespace vbq
