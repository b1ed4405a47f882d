#!/usr/bin/env bash
# Builds the fuzz targets with clang and runs them side by side for a while, from the seeds kept here and what a run adds to build/fuzz/corpus.
#
#   tests/fuzz/run.sh [SECONDS]   20 unless told otherwise
#
# Exit code 77 (skipped) where clang++ is missing.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
seconds=${1:-20}
command -v clang++ >/dev/null || { echo "tests/fuzz/run.sh: skipped, clang++ is missing" >&2; exit 77; }
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzz_onnx fuzz_dataset fuzz_photo
declare -A seeds=([onnx]="jobs/digits/*.onnx tests/fuzz/seeds/*.onnx" [dataset]="tests/fuzz/seeds/*.h5" [photo]="tests/data/photos/*.jpg tests/data/photos/*.png")
pids=()
for target in onnx dataset photo; do
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus"
  # shellcheck disable=SC2086  # patterns
  cp ${seeds[$target]} "$corpus"
  build/fuzz/bin/fuzz_$target -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix=build/fuzz/ "$corpus" >"build/fuzz/$target.log" 2>&1 &
  pids+=($!)
done
failed=0
for target in onnx dataset photo; do
  if wait "${pids[0]}"; then
    echo "$target: $(grep number_of_executed_units "build/fuzz/$target.log" | tr -dc 0-9) inputs, nothing found"
  else
    failed=1
    echo "$target: something was found:"
    tail -n 60 "build/fuzz/$target.log"
  fi
  pids=("${pids[@]:1}")
done
exit $failed
