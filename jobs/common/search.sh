#!/usr/bin/env bash
# Runs a search to its end as a batch job: starts it or goes on with it, passes signals on, and has the job put back into the queue when
# there is more to do. What all submit.sbatch of jobs/ call; also of use without a batch system.
#
#   jobs/common/search.sh JOB.toml --run DIR [whatever else `vbq search` takes]
#
# It takes from the environment:
#   LAUNCHER      srun or mpirun. Default: srun where Slurm has PMIx (srun --mpi=pmix), else mpirun
#   RANKS         processes: one master, the others work. Default: the job's tasks (SLURM_NTASKS), as many as HOSTS take, or 3
#   HOSTS         outside Slurm: the hosts, this one among them, each with the ranks that it takes, such as a:5,b:4. A start after a lost
#                 rank leaves out those that do not answer. (Hosts that MPIRUN_OPTIONS names are not asked.)
#   MPIRUN_OPTIONS  more for mpirun
#   MAX_RESTARTS  starts after the first one, at most. Default: 20
#   VBQ           the program. Default: build/release/bin/vbq of this checkout, else that of the PATH
#
# Exit codes of `vbq search`: 0 done; 1 bad input, which no restart mends; 75 stopped after a checkpoint (preempted, or short of
# time); any other: a rank was lost. On the last two the search goes on from its checkpoint: in Slurm by `scontrol requeue`; elsewhere, and
# where Slurm refuses that, at once on what is left (lost ranks only). The result is the same on any number of ranks.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vbq=${VBQ:-$(PATH=$here/../../build/release/bin:$PATH command -v vbq || echo vbq)}
max_restarts=${MAX_RESTARTS:-20}

say() { printf 'search.sh: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
if [[ ${1-} == --help || ${1-} == -h || $# -lt 3 || ${2-} != --run ]]; then
  sed -n '2,/^set -uo/p' "${BASH_SOURCE[0]}" | sed -e '/^set -uo/d' -e 's/^# \{0,1\}//' >&2
  exit $(($# > 0 && $# < 3))
fi
IFS=, read -r -a all_hosts <<<"${HOSTS-}"
# How many ranks these hosts take: of a:5 b:4 c it is 10.
places() {
  local host sum=0
  for host in "$@"; do
    [[ $host =~ ^[^:[:space:]]+(:([1-9][0-9]{0,5}))?$ ]] || die "HOSTS is '$HOSTS', expected hosts and their ranks, such as a:5,b:4"
    sum=$((sum + ${BASH_REMATCH[2]:-1}))
  done
  echo "$sum"
}
all_ranks=3
[[ -z ${HOSTS-} ]] || all_ranks=$(places "${all_hosts[@]}") || exit 1
all_ranks=${RANKS:-${SLURM_NTASKS:-$all_ranks}}
[[ $max_restarts =~ ^[0-9]+$ ]] || die "MAX_RESTARTS is '$max_restarts', expected a number from 0"
[[ $all_ranks =~ ^[1-9][0-9]*$ ]] || die "RANKS is '$all_ranks', expected a number from 1"
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
  srun) launcher_words=(srun --mpi=pmix --kill-on-bad-exit=1 --distribution="${DISTRIBUTION:-block}") ;;
  mpirun)
    # As root, as one is in a container, Open MPI runs only when told so; containers also forbid its copying through the kernel.
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
    read -r -a options <<<"${MPIRUN_OPTIONS-}"
    launcher_words=(mpirun --oversubscribe --bind-to none ${options[@]+"${options[@]}"})
    ;;
  *) die "LAUNCHER is '$launcher', expected srun or mpirun" ;;
esac

# HOSTS, parted: this host, by name or address, and the others. Once, since a lost network may take addresses with it.
own=() others=()
addresses=$(hostname -I 2>/dev/null)
for host in ${all_hosts[@]+"${all_hosts[@]}"}; do
  name=${host%:*}
  if [[ ${name%%.*} == "$(uname -n | cut -d . -f 1)" || " localhost 127.0.0.1 $addresses " == *" $name "* ]]; then
    own+=("$host")
  else
    others+=("$host")
  fi
done
if [[ -n ${HOSTS-} ]]; then
  [[ $in_slurm == no && $launcher == mpirun ]] || die "HOSTS is set, but in Slurm a job has hosts of its own, which srun and mpirun know"
  [[ ! " ${options[*]-} " =~ \ (-H|--?host|--?hostfile|--?machinefile)[\ =] ]] ||
    die "HOSTS and MPIRUN_OPTIONS both name hosts: name them in HOSTS alone"
  [[ ${#own[@]} -gt 0 ]] || die "HOSTS is '$HOSTS', which lacks this host, $(uname -n): start the search on one of them"
fi

# What a start takes: of HOSTS those that are left, this one first, and so many ranks.
hosts=(${own[@]+"${own[@]}"} ${others[@]+"${others[@]}"}) ranks=$all_ranks
# Which of the others are left: those where mpirun can start the program. All are asked at once.
ask_hosts() {
  local host i answers=() gone=()
  hosts=("${own[@]}")
  for host in ${others[@]+"${others[@]}"}; do
    timeout --kill-after=2 15 "${launcher_words[@]}" --host "${host%:*}" -n 1 "$vbq" --version </dev/null &>/dev/null &
    answers+=($!)
  done
  for ((i = 0; i < ${#others[@]}; i++)); do
    [[ $stopping == no ]] || return # a signal ends the wait: nothing is known
    if wait "${answers[i]}"; then hosts+=("${others[i]}"); else gone+=("${others[i]%:*}"); fi
  done
  ranks=$(places "${hosts[@]}")
  [[ ${#gone[@]} -gt 0 && $ranks -lt $all_ranks ]] || ranks=$all_ranks
  # Alone, this host needs no name, by which mpirun may not know it any more.
  [[ ${#hosts[@]} -gt ${#own[@]} ]] || hosts=()
  [[ ${#gone[@]} -eq 0 ]] || say "left out, as no rank can be started there: ${gone[*]}; the search goes on with $ranks of $all_ranks ranks"
}
# Slurm takes lost nodes out of a job of `sbatch --no-kill` itself; srun must be told how many are left.
ask_slurm() {
  local nodes cpus all=${SLURM_JOB_NUM_NODES:-1}
  read -r nodes cpus < <(squeue --noheader --job "$SLURM_JOB_ID" --format "%D %C") &&
    [[ $nodes/$cpus =~ ^[1-9][0-9]*/[1-9][0-9]*$ && $nodes -lt $all ]] || return
  ranks=$((all_ranks * nodes / all)) cpus=$((cpus / ${SLURM_CPUS_PER_TASK:-1}))
  [[ $ranks -le $cpus ]] || ranks=$cpus
  [[ $ranks -ge 1 ]] || ranks=1
  launcher_words+=(--nodes="$nodes")
  say "$nodes of $all nodes are left; the search goes on with $ranks of $all_ranks ranks"
}

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

# Whether the search in the folder has come to its end.
ended() {
  local words
  words=$("$vbq" info "$folder" 2>/dev/null) && [[ $words != *"go on with: "* ]]
}

# One start: its exit code.
start() {
  local resume=() launch=() code host_list
  host_list=$(IFS=, && echo "${hosts[*]-}")
  # One rank is a program alone.
  [[ $ranks -eq 1 && $launcher == mpirun ]] || launch=("${launcher_words[@]}" ${host_list:+--host "$host_list"} -n "$ranks")
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
  # Open MPI 5's mpirun may end with 0 when it has lost a host.
  if [[ $code -eq 0 && ${launch[0]-} == mpirun ]] && ! ended; then
    say "mpirun ended with exit code 0, but the search is not done"
    code=2
  fi
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
    scontrol requeue "${SLURM_JOB_ID}" && exit "$code"
    reason="Slurm refuses to put this job back"
  fi
  if [[ $code -eq 75 ]]; then
    say "$reason; the same command goes on from there"
    exit 75
  fi
  restarts=$((restarts + 1))
  say "$reason; starting again (restart $restarts of at most $max_restarts)"
  sleep "$restarts" # longer each time: it may be some minutes before Slurm knows that a node is lost
  if [[ -n ${HOSTS-} ]]; then ask_hosts; fi
  if [[ $launcher == srun && $in_slurm == yes ]]; then ask_slurm; fi
  if [[ $stopping == yes ]]; then
    say "a signal came meanwhile; the same command goes on from the checkpoint"
    exit 75
  fi
done
