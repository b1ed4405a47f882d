#!/bin/sh
# Everything that only a GPU can show, from what tests/gpu/pack.sh packed: check.sh RESULTS [PART ...]. Parts, all in turn unless
# some are named: tests, counts, search, bench, engines, sanitizer. Each leaves RESULTS/PART.txt, and a line in
# RESULTS/summary.txt, before the next begins; no command takes longer than LIMIT seconds (150; the benchmark 240). Wants the driver, cuDNN 9 (PYTHON's own
# is found), compute-sanitizer for its part, and torch for the benchmark. ENGINE=cpu tries the script itself where there is no GPU.
set -u
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
case "${1:--}" in
  -*)
    sed -n '2,5p' "$0"
    exit 1
    ;;
esac
mkdir -p "$1" && results=$(cd "$1" && pwd) || exit 1
shift
[ $# -gt 0 ] || set -- tests counts search bench engines sanitizer
for name in "$@"; do
  case "$name" in
    tests | counts | search | bench | engines | sanitizer) ;;
    *)
      echo "check: '$name' is no part: tests, counts, search, bench, engines or sanitizer" >&2
      exit 1
      ;;
  esac
done
python=${PYTHON:-python3}
engine=${ENGINE:-cuda}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
: >"$results/summary.txt"

# Libraries of NVIDIA's that pip installed: cuDNN, and what it loads.
for folder in $("$python" -c 'import glob, site
for path in site.getsitepackages() + [site.getusersitepackages()]:
    print(*glob.glob(path + "/nvidia/*/lib"), sep="\n")' 2>/dev/null); do
  LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:-}"
run=$here/bundle/run
limit="timeout --kill-after 5 ${LIMIT:-150}"
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
  $limit "$run" test_gpu
}

engines() { # every network of tests/engine on the GPU, too
  $limit "$run" test_engine
}

sanitizer() {
  for tool in memcheck racecheck synccheck; do
    $limit compute-sanitizer --tool "$tool" --error-exitcode 9 --target-processes all "$run" test_gpu --gtest_filter='-*ResNet20*:*Plans*' ||
      return 1
  done
}

# A number of a JSON file: json FILE KEY ...
json() {
  "$python" -c 'import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2:]: value = value[key]
print(value)' "$@"
}

counts() { # the CPU counts 9155 of 9980 in FP32
  for precision in "fp32 2" "tf32 5" "fp16 10" "bf16 10"; do
    within=${precision#* } precision=${precision% *}
    [ "$engine" = cuda ] || [ "$precision" = fp32 ] || continue
    $limit "$run" vbq evaluate --network "$work/data/resnet20.onnx" --data "$work/data/test_batch_9980.h5" --engine "$engine" \
      --precision "$precision" --json >"$work/counts.json" || return 1
    cat "$work/counts.json"
    correct=$(json "$work/counts.json" top1 correct) || return 1
    echo "$precision: $correct correct, expected 9155 within $within"
    [ "$correct" -ge $((9155 - within)) ] && [ "$correct" -le $((9155 + within)) ] || return 1
  done
}

search() { # the same search on the GPU, twice, and on the CPU; for each of two assignments
  for assignment in compensated sequential; do
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
assignment = "$assignment"
matching = "always"
[search]
population = 20
generations = 4
temperature = 1.0
END
    for try in "$engine first" "$engine second" "cpu third"; do
      run_folder=$work/$assignment/${try#* } kept=$results/search_${assignment}_${try#* }
      if [ "$try" = "$engine second" ] && [ -e "$work/$assignment/first/kernels.h5" ]; then # times vary: the same kernels, the same bits
        mkdir -p "$run_folder" && cp "$work/$assignment/first/kernels.h5" "$run_folder/" || return 1
      fi
      $limit "$run" vbq search "$work/search.toml" --engine "${try% *}" --run "$run_folder" || return 1
      cp "$run_folder/summary.json" "$kept.json"
      cp "$run_folder/timing.csv" "${kept}_timing.csv"
    done
    for file in history.csv best.json; do
      cmp "$work/$assignment/first/$file" "$work/$assignment/second/$file" || return 1
    done
    first=$(json "$work/$assignment/first/summary.json" quantised held_out top1 correct) || return 1
    third=$(json "$work/$assignment/third/summary.json" quantised held_out top1 correct) || return 1
    echo "$assignment: held-out images right: $first on $engine, $third on cpu; expected within 60 (0.6 %)"
    [ $((first - third)) -le 60 ] && [ $((third - first)) -le 60 ] || return 1
  done
}

bench() {
  printf '#!/bin/sh\nexec "%s" bench_engine "$@"\n' "$run" >"$work/bench_engine"
  chmod +x "$work/bench_engine"
  # PyTorch compiles for a minute and more before each of these.
  timeout --kill-after 5 "${LIMIT:-240}" "$python" "$here/gpu.py" bench "$work/bench_engine" --networks "$work/networks" \
    ${BENCH:---pairs 2 --seconds 1 --only resnet20 squeezenet1_1 --batch 100 1000}
}

unpack networks
unpack data
if [ -e "$here/bundle/payload.tar.xz" ]; then # as run wants it
  "$python" -c 'import gzip, lzma, shutil, sys
shutil.copyfileobj(lzma.open(sys.argv[1]), gzip.open(sys.argv[2], "wb", 1))' "$here/bundle/payload.tar.xz" "$here/bundle/payload.tar.gz" &&
    rm "$here/bundle/payload.tar.xz"
fi
{ date; nvidia-smi --query-gpu=name,driver_version,clocks.sm,clocks.mem --format=csv,noheader; "$run" vbq info; } >"$results/machine.txt" 2>&1
# Or all tests would be skipped, and pass.
if [ "$engine" = cuda ] && ! grep 'engine cuda ' "$results/machine.txt" | grep -qv 'not available'; then
  echo "check: no engine cuda here; see $results/machine.txt" >&2
  exit 1
fi
for name in "$@"; do
  case "$name" in
    counts | search) [ -e "$work/data/resnet20.onnx" ] || { echo "$name: skipped, no ResNet-20" | tee -a "$results/summary.txt"; continue; } ;;
  esac
  part "$name" "$name"
done
exit $failed
