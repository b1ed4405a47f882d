#!/bin/sh
# Engine cpu against onnxruntime, side by side in one run: tests/bench/onnxruntime.sh [BUILD] [--threads T] [--seconds S]
# [--pairs P] [--batches B,B...] [NETWORK.onnx...]. BUILD: a built tree, build/release unless told otherwise. The networks: those of
# ../shared/data unless told otherwise. Makes a Python virtual environment in BUILD once.
set -eu
. "$(dirname "$0")/build.sh"
venv="$build/bench-venv"
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import onnxruntime, numpy' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet onnxruntime numpy
fi
cmake --build "$build" --target bench_engine
exec "$venv/bin/python" "$root/tests/bench/onnxruntime.py" "$build/bin/bench_engine" "$@"
