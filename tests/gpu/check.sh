#!/bin/sh
# Everything that only a GPU can show, from what tests/gpu/pack.sh packed: check.sh RESULTS [PART ...]. Parts, all in turn unless
# some are named: tests, sanitizer, counts, search, bench. Each leaves RESULTS/PART.txt, and a line in RESULTS/summary.txt. Wants
# the driver, cuDNN 9 (PYTHON's own is found), compute-sanitizer for its part, and torch for the benchmark. ENGINE=cpu tries the
# script itself where there is no GPU. It has never run on a GPU.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ $# -gt 0 ] || { sed -n '2,5p' "$0"; exit 1; }
results=$1
shift
[ $# -gt 0 ] || set -- tests sanitizer counts search bench
python=${PYTHON:-python3}
engine=${ENGINE:-cuda}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$results"
results=$(cd "$results" && pwd)

# Libraries of NVIDIA's that pip installed: cuDNN, and what it loads.
for folder in $("$python" -c 'import glob, site
for path in site.getsitepackages() + [site.getusersitepackages()]:
    print(*glob.glob(path + "/nvidia/*/lib"), sep="\n")' 2>/dev/null); do
  LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"
run=$here/bundle/run
failed=0

# part NAME COMMAND...: runs it, keeps what it says, and notes how it went.
part() {
  name=$1
  shift
  start=$(date +%s)
  if "$@" >"$results/$name.txt" 2>&1; then verdict=passed; else verdict=FAILED failed=1; fi
  echo "$name: $verdict in $(($(date +%s) - start)) s" | tee -a "$results/summary.txt"
}

unpack() { # FOLDER: decompressed into $work/FOLDER
  mkdir -p "$work/$1"
  for file in "$here/$1"/*; do
    case "$file" in
      *.xz) "$python" -c 'import lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' "$file" "$work/$1/$(basename "$file" .xz)" ;;
      *) [ ! -e "$file" ] || cp "$file" "$work/$1/" ;;
    esac
  done
}

tests() {
  "$run" test_gpu && "$run" test_engine
}

sanitizer() {
  for tool in memcheck racecheck synccheck; do
    compute-sanitizer --tool "$tool" --error-exitcode 9 --target-processes all "$run" test_gpu --gtest_filter='-*ResNet20*:*Plans*' ||
      return 1
  done
}

counts() { # the CPU counts 9155 of 9980 in FP32
  for precision in fp32 tf32 fp16 bf16; do
    [ "$engine" = cuda ] || [ $precision = fp32 ] || continue
    "$run" vbq evaluate --network "$work/data/resnet20.onnx" --data "$work/data/test_batch_9980.h5" --engine "$engine" \
      --precision $precision --json || return 1
  done
}

search() { # the same search on the GPU, twice, and on the CPU
  cat >"$work/search.toml" <<END
[network]
path = "$work/data/resnet20.onnx"
[data]
path = "$work/data/test_batch_9980.h5"
calibration = "$work/data/train_sample_2000.h5"
search = 2000
[format]
bits = 3
scale = "channel"
assignment = "compensated"
matching = "always"
[search]
population = 20
generations = 4
END
  for try in "$engine first" "$engine second" "cpu third"; do
    "$run" vbq search "$work/search.toml" --engine "${try% *}" --run "$work/${try#* }" || return 1
    cp "$work/${try#* }/summary.json" "$results/search_${try#* }.json"
    cp "$work/${try#* }/timing.csv" "$results/search_${try#* }_timing.csv"
  done
  cmp "$work/first/history.csv" "$work/second/history.csv" && cmp "$work/first/best.json" "$work/second/best.json"
}

bench() {
  printf '#!/bin/sh\nexec "%s" bench_engine "$@"\n' "$run" >"$work/bench_engine"
  chmod +x "$work/bench_engine"
  "$python" "$here/gpu.py" bench "$work/bench_engine" --networks "$work/networks" --pairs 3
}

unpack networks
unpack data
{ date; nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem --format=csv,noheader; "$run" vbq info; } >"$results/machine.txt" 2>&1
if [ "$engine" = cuda ] && grep -q 'engine cuda *not available' "$results/machine.txt"; then
  grep 'engine cuda' "$results/machine.txt" >&2  # or all tests would be skipped, and pass
  exit 1
fi
for name in "$@"; do
  case "$name" in
    counts | search) [ -e "$work/data/resnet20.onnx" ] || { echo "$name: skipped, no ResNet-20" | tee -a "$results/summary.txt"; continue; } ;;
    tests | sanitizer | bench) ;;
    *) echo "check: '$name' is no part: tests, sanitizer, counts, search or bench" >&2; exit 1 ;;
  esac
  part "$name" "$name"
done
exit $failed
