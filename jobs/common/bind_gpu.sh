#!/usr/bin/env bash
# Gives each rank its GPU, then becomes the program: bind_gpu.sh PROGRAM ARGUMENTS...
#
# Rank 0, the master, gets none. On each host the others get one each, in the order of their node-local rank, of those that
# CUDA_VISIBLE_DEVICES lists (as Slurm sets it). Where it is not set, nothing is bound. Ranks must lie block by block: 0, 1, 2, ... on the
# first host, and so on.
set -euo pipefail

rank=${SLURM_PROCID:-0} place=${SLURM_LOCALID:-0}
if [[ -n ${OMPI_COMM_WORLD_RANK-} ]]; then # also under mpirun inside an allocation, where Slurm's are those of Open MPI's daemon
  rank=$OMPI_COMM_WORLD_RANK place=$OMPI_COMM_WORLD_LOCAL_RANK
fi
if [[ -n ${CUDA_VISIBLE_DEVICES-} && (-n ${OMPI_COMM_WORLD_RANK-} || -n ${SLURM_PROCID-}) && ${OMPI_COMM_WORLD_SIZE:-${SLURM_NTASKS:-1}} -gt 1 ]]; then
  IFS=, read -r -a devices <<<"$CUDA_VISIBLE_DEVICES"
  if [[ $rank -eq 0 ]]; then
    export CUDA_VISIBLE_DEVICES=""
  else
    [[ $rank -eq $place ]] && place=$((place - 1)) # this host has the master, too
    if [[ $place -ge ${#devices[@]} ]]; then
      echo "error: rank $rank on $(uname -n) is worker $((place + 1)) of its host, which has ${#devices[@]} GPUs: one a worker was expected" >&2
      exit 1
    fi
    export CUDA_VISIBLE_DEVICES=${devices[place]}
  fi
  [[ -z ${VBQ_SHOW_BINDING-} ]] || echo "rank $rank: GPU '$CUDA_VISIBLE_DEVICES'" >&2
fi
exec "$@"
