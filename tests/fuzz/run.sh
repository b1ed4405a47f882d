#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs them for a while, as many side by side as there are processors, from the seeds kept here and what
# a run adds to build/fuzz/corpus.
#
#   tests/fuzz/run.sh [SECONDS [TARGET]...]   each target for 60 s (the long run; CI takes 5) unless told otherwise; all targets
#
# Exit code 77 (skipped) where clang++ is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
seconds=${1:-60}
command -v clang++ >/dev/null || { echo "tests/fuzz/run.sh: skipped, clang++ is missing" >&2; exit 77; }
declare -A seeds=(
  [onnx]="jobs/digits/*.onnx tests/fuzz/seeds/*.onnx"
  [dataset]="tests/fuzz/seeds/small.h5"
  [photo]="tests/data/photos/*.jpg tests/data/photos/*.png"
  [npy]="tests/data/photos/*.npy"
  [checkpoint]="tests/fuzz/seeds/checkpoint*.h5"
  [calibration]="tests/fuzz/seeds/calibration.h5"
  [sensitivity]="tests/fuzz/seeds/sensitivity.h5"
  [format]="tests/fuzz/seeds/*.json"
  [job]="jobs/*/*.toml"
)
targets=("${@:2}")
((${#targets[@]})) || targets=(onnx dataset photo npy checkpoint calibration sensitivity format job)
export LSAN_OPTIONS=suppressions=$root/tests/fuzz/lsan.supp:print_suppressions=0
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"

run() {
  local corpus=build/fuzz/corpus/$1
  mkdir -p "$corpus"
  local seed
  # shellcheck disable=SC2086  # patterns
  for seed in ${seeds[$1]}; do cp "$seed" "$corpus/${seed//\//-}"; done  # several may have one name
  "build/fuzz/bin/fuzz_$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix=build/fuzz/ "$corpus" >"build/fuzz/$1.log" 2>&1
}

failed=0
for ((first = 0; first < ${#targets[@]}; first += $(nproc))); do
  pids=()
  for target in "${targets[@]:first:$(nproc)}"; do
    run "$target" &
    pids+=($!)
  done
  for target in "${targets[@]:first:$(nproc)}"; do
    if wait "${pids[0]}"; then
      echo "$target: $(grep number_of_executed_units "build/fuzz/$target.log" | tr -dc 0-9) inputs, nothing found"
    else
      failed=1
      echo "$target: something was found:"
      tail -n 60 "build/fuzz/$target.log"
    fi
    pids=("${pids[@]:1}")
  done
done
exit $failed
