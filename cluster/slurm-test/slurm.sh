#!/usr/bin/env bash
# A Slurm for tests: munged, slurmctld and two slurmd, as of two nodes HOST and HOST-b (the second for jobs that ask for two), on this machine's
# loopback, all their files in one folder; nothing of the system's own Slurm, if there is one, is touched. Needs root and the packages slurm-wlm
# and munge.
#
#   cluster/slurm-test/slurm.sh check         can it run here? Exit code 0, or 77 and why not
#   cluster/slurm-test/slurm.sh start FOLDER  starts it; then use it with: export SLURM_CONF=FOLDER/slurm.conf
#   cluster/slurm-test/slurm.sh stop FOLDER   ends it
set -euo pipefail

cannot() {
  echo "no Slurm here: $*" >&2
  exit 77
}
check() {
  local program
  for program in munged mungekey slurmctld slurmd sbatch srun scontrol; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || cannot "$program is not installed (apt-get install slurm-wlm munge)"
  done
  [[ $(id --user) -eq 0 ]] || cannot "this user is not root"
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start() {
  local folder=$1 host cpus=16 nodes=1
  host=$(hostname -s)
  mkdir -p "$folder"/{state,log,run} "$folder"/{spool/,tmp-}"$host"{,-b}
  chmod 0755 "$folder"
  # Made-up GPUs: any character devices do, as nothing opens them.
  printf 'Name=gpu File=/dev/tty[0-3]\n' >"$folder/gres.conf"
  local gpus=4
  if [[ ! -e /dev/tty3 ]]; then
    printf 'Name=gpu Count=4 Flags=CountOnly\n' >"$folder/gres.conf"
  fi
  cat >"$folder/slurm.conf" <<CONF
ClusterName=vbqtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
GresTypes=gpu
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
SlurmdParameters=config_overrides
TmpFS=$folder/tmp-%n
KillWait=10
ReturnToService=2
MailProg=/bin/true
NodeName=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=$cpus Gres=gpu:$gpus Weight=1 State=UNKNOWN
NodeName=$host-b NodeHostname=$host NodeAddr=127.0.0.1 Port=$(free_port) CPUs=$cpus Gres=gpu:$gpus Weight=2 State=UNKNOWN
PartitionName=test Nodes=$host,$host-b Default=YES MaxTime=INFINITE State=UP
CONF
  export PATH=$PATH:/usr/sbin SLURM_CONF=$folder/slurm.conf
  mungekey --create --keyfile "$folder/run/munge.key"
  munged --force --key-file="$folder/run/munge.key" --socket="$folder/run/munge.socket" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/run/munge.seed"
  slurmctld -c
  slurmd -c -N "$host"
  # The other one needs a host name of its own, by which Open MPI tells hosts apart; where that may not be, it stays away.
  if unshare --uts true 2>/dev/null; then
    unshare --uts sh -c "hostname $host-b && exec slurmd -c -N $host-b"
    nodes=2
  fi
  for _ in $(seq 100); do
    if sinfo --noheader --states idle --format %D 2>/dev/null | grep --quiet "$nodes"; then return; fi
    sleep 0.2
  done
  tail -n 5 "$folder"/log/*.log >&2
  stop "$folder"
  echo "slurm.sh: Slurm was started, but its nodes did not become idle (its last words are above)" >&2
  exit 1
}

stop() {
  local name pid file
  for file in "$1"/run/{slurmd-*,slurmctld,munged}.pid; do
    [[ -e $file ]] || continue
    name=$(basename "$file" .pid) name=${name%%-*}
    pid=$(cat "$file")
    # Only what is still the process that the file names.
    [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$name" ]] || continue
    kill "$pid"
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
}

case "${1-}" in
  check) check ;;
  start)
    check
    start "$(realpath -m "${2:?a folder}")"
    ;;
  stop) stop "$(realpath -m "${2:?a folder}")" ;;
  *)
    sed -n '2,/^set -euo/p' "${BASH_SOURCE[0]}" | sed -e '/^set -euo/d' -e 's/^# \{0,1\}//' >&2
    exit 1
    ;;
esac
