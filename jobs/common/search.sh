#!/usr/bin/env bash
# Runs a search to its end as a batch job: starts it or goes on with it, passes signals on, and has the job put back into the queue when
# there is more to do. What all submit.sbatch of jobs/ call; also of use without a batch system.
#
#   jobs/common/search.sh JOB.toml --run DIR [whatever else `vbq search` takes]
#
# It takes from the environment:
#   LAUNCHER      srun or mpirun. Default: srun where Slurm has PMIx (srun --mpi=pmix), else mpirun
#   RANKS         processes: one master, the others work. Default: the job's tasks (SLURM_NTASKS), or 3
#   MPIRUN_OPTIONS  more for mpirun
#   MAX_RESTARTS  starts after the first one, at most. Default: 20
#   VBQ           the program. Default: build/release/bin/vbq of this checkout, else that of the PATH
#
# Exit codes of `vbq search`: 0 done; 1 bad input, which no restart mends; 75 stopped after a checkpoint (preempted, or short of
# time); any other: a rank was lost. On the last two the search goes on from its checkpoint: in Slurm by `scontrol requeue`, elsewhere
# (lost ranks only) at once.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vbq=${VBQ:-$(PATH=$here/../../build/release/bin:$PATH command -v vbq || echo vbq)}
max_restarts=${MAX_RESTARTS:-20}
ranks=${RANKS:-${SLURM_NTASKS:-3}}

say() { printf 'search.sh: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
if [[ ${1-} == --help || ${1-} == -h || $# -lt 3 || ${2-} != --run ]]; then
  sed -n '2,/^set -uo/p' "${BASH_SOURCE[0]}" | sed -e '/^set -uo/d' -e 's/^# \{0,1\}//' >&2
  exit $(($# > 0 && $# < 3))
fi
[[ $max_restarts =~ ^[0-9]+$ ]] || die "MAX_RESTARTS is '$max_restarts', expected a number from 0"
[[ $ranks =~ ^[1-9][0-9]*$ ]] || die "RANKS is '$ranks', expected a number from 1"
[[ -x $vbq ]] || die "$vbq is not there: build it (cmake --preset release; cmake --build --preset release), install it, or set VBQ"
job=$1 folder=$3
shift 3
in_slurm=no
[[ -n ${SLURM_JOB_ID-} ]] && in_slurm=yes

# When the job must end, for a checkpoint before that. Slurm says so itself from version 23.02 on.
if [[ $in_slurm == yes && -z ${SLURM_JOB_END_TIME-} ]]; then
  end=$(squeue --noheader --job "$SLURM_JOB_ID" --format %e 2>/dev/null | head -n 1)
  end=$(date --date "$end" +%s 2>/dev/null) && export SLURM_JOB_END_TIME=$end
fi

launcher=${LAUNCHER-}
if [[ -z $launcher ]]; then
  launcher=mpirun
  [[ $in_slurm == yes ]] && srun --mpi=list 2>&1 | grep --quiet pmix && launcher=srun
fi
case $launcher in
  # A dead task ends the others; the heartbeat would, too.
  srun) launch=(srun --mpi=pmix --kill-on-bad-exit=1 --ntasks="$ranks" --distribution="${DISTRIBUTION:-block}") ;;
  mpirun)
    # As root, as one is in a container, Open MPI runs only when told so; containers also forbid its copying through the kernel.
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
    read -r -a options <<<"${MPIRUN_OPTIONS-}"
    launch=(mpirun --oversubscribe --bind-to none ${options[@]+"${options[@]}"} -n "$ranks")
    ;;
  *) die "LAUNCHER is '$launcher', expected srun or mpirun" ;;
esac
[[ $ranks -eq 1 && $launcher == mpirun ]] && launch=()

# Signals for this script are for the ranks; SIGUSR1 is the one that srun and mpirun pass on as it is.
child=""
stopping=no
pass_on() {
  stopping=yes
  [[ -n $child ]] && kill -USR1 "$child" 2>/dev/null
}
trap pass_on TERM INT USR1

# All ranks have ended, but mpirun hangs: Open MPI 4.1's does for ever when a host is off the network, and now and then after a kill. Then it
# is ended, too. Its argument is mpirun's process id.
watch_mpirun() {
  local seen=no idle=0
  while kill -0 "$1" 2>/dev/null; do
    sleep 5 >/dev/null 2>&1
    if ps --no-headers --ppid "$1" -o stat,args | grep -v '^Z' | grep --quiet --fixed-strings "$vbq search"; then
      seen=yes idle=0
    else
      idle=$((idle + 1))
    fi
    if [[ $seen == yes && $idle -ge 2 || $idle -ge 24 ]]; then
      say "mpirun has no rank left to wait for here, but does not end: ending it"
      kill -KILL "$1"
    fi
  done
}

# One start: its exit code.
start() {
  local resume=() code
  compgen -G "$folder/*" >/dev/null && resume=(--resume)
  # In a group of its own, so that ctrl-C reaches this script only.
  setsid ${launch[@]+"${launch[@]}"} "$here/bind_gpu.sh" "$vbq" search "$job" --run "$folder" ${resume[@]+"${resume[@]}"} "$@" </dev/null &
  child=$!
  [[ $stopping == yes ]] && kill -USR1 "$child"
  local watcher=""
  if [[ ${launch[0]-} == mpirun ]]; then
    watch_mpirun "$child" &
    watcher=$!
  fi
  while true; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break # else a signal has interrupted the wait
  done
  [[ -n $watcher ]] && kill "$watcher" 2>/dev/null
  return "$code"
}

restarts=${SLURM_RESTART_COUNT:-0}
while true; do
  start "$@"
  code=$?
  child=""
  case $code in
    0 | 1) exit "$code" ;;
    75) reason="stopped after a checkpoint" ;;
    *) reason="ended with exit code $code: a rank was lost (its last words are above)" ;;
  esac
  if [[ $restarts -ge $max_restarts ]]; then
    say "$reason; started again $restarts times already, which is all that MAX_RESTARTS allows"
    exit "$code"
  fi
  if [[ $in_slurm == yes ]]; then
    say "$reason; back into the queue (restart $((restarts + 1)) of at most $max_restarts)"
    scontrol requeue "${SLURM_JOB_ID}" || exit "$code"
    exit "$code"
  fi
  if [[ $code -eq 75 ]]; then
    say "$reason; the same command goes on from there"
    exit 75
  fi
  restarts=$((restarts + 1))
  say "$reason; starting again (restart $restarts of at most $max_restarts)"
  sleep 1
done
