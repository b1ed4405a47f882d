#!/bin/sh
# Engine cuda against PyTorch on the same GPU, in turn: tests/bench/gpu.sh [BUILD] [--seconds S] [--pairs P]. BUILD: a built
# tree, build/release unless told otherwise. Needs torch and torchvision with CUDA and onnx: from PYTHON (python3 unless told
# otherwise). It has never been run: no GPU was at hand.
set -eu
. "$(dirname "$0")/build.sh"
python=${PYTHON:-python3}
"$python" -c 'import torch, torchvision, onnx' || {
  echo "gpu.sh: $python has no torch, torchvision or onnx; PYTHON names another one" >&2
  exit 1
}
cmake --build "$build" --target bench_engine
exec "$python" "$root/tests/bench/gpu.py" bench "$build/bin/bench_engine" "$@"
