#!/usr/bin/env bash
# The first command to type: installs what is missing, builds vbq, and searches the best 1.0 bits a weight for the small
# network of this folder (budget.toml) with a master and two workers.
#
#   jobs/digits/run.sh                            a new run in jobs/digits/runs/
#   jobs/digits/run.sh --set 'format.budget="1.3 bits"'    what follows is passed on to `vbq search`
#   RANKS=5 jobs/digits/run.sh                    another number of processes: one master, the others work (1: no MPI)
#   jobs/digits/run.sh --run DIR --resume         goes on with a run that was stopped
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
ranks=${RANKS:-3}

if [[ ${1-} == --help || ${1-} == -h ]]; then
  sed -n '2,/^set -euo/p' "${BASH_SOURCE[0]}" | sed -e '/^set -euo/d' -e 's/^# \{0,1\}//'
  exit
fi
if ! [[ $ranks =~ ^[1-9][0-9]*$ ]]; then
  echo "run.sh: RANKS is '$ranks', expected a number from 1" >&2
  exit 1
fi

# Where the run goes: where --run says, or a new folder.
folder="" resume=no previous=""
for word in "$@"; do
  case "$word" in
    --run=*) folder=${word#--run=} ;;
    --resume) resume=yes ;;
    *) [[ $previous == --run ]] && folder=$word ;;
  esac
  previous=$word
done
place=()
if [[ -z $folder ]]; then
  if [[ $resume == yes ]]; then
    echo "run.sh: --resume needs --run DIR, the run to go on with" >&2
    exit 1
  fi
  folder="$here/runs/first" number=1
  while [[ -e $folder ]]; do
    number=$((number + 1))
    folder="$here/runs/run$number"
  done
  place=(--run "$folder")
fi

step() { printf '\n== %s\n' "$*" >&2; }

step "1/3 what vbq needs"
"$root/cluster/install-dependencies.sh" >&2

step "2/3 build (release; a few minutes the first time)"
(
  cd "$root" # presets are found from here
  cmake --preset release >&2
  cmake --build --preset release --target vbq >&2
)

step "3/3 search: $((ranks > 1 ? ranks - 1 : 1)) workers; ctrl-C stops after the generation in hand, with a checkpoint"
launch=()
if [[ $ranks -gt 1 ]]; then
  # Open MPI refuses to run as root, which is what one is in a container; and containers forbid its way of copying
  # between processes through the kernel.
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  launch=(mpirun --oversubscribe --bind-to none -n "$ranks")
fi
code=0
${launch[@]+"${launch[@]}"} "$root/build/release/bin/vbq" search "$here/budget.toml" ${place[@]+"${place[@]}"} "$@" \
  </dev/null || code=$?

if [[ $code -eq 0 ]]; then
  cat <<END

Results are in $folder:
  summary.json  accuracy as trained and quantised, on the search's images and on held-out ones; bits, evaluations
  best.json     the format found: the values of each layer
  best.onnx     the network in that format, for onnxruntime
  report.html   the run as a page
  history.csv   a line a generation
END
elif [[ $code -eq 75 ]]; then
  echo "Stopped after a checkpoint. Go on with: jobs/digits/run.sh --run $folder --resume" >&2
else
  echo "run.sh: the search ended with exit code $code (its last words are above)" >&2
fi
exit "$code"
