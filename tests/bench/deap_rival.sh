#!/bin/sh
# vbq beside a search of PyTorch and DEAP, whole jobs to the same held-out accuracy: tests/bench/deap_rival.sh [BUILD] [OPTIONS of
# deap_rival.py]. BUILD: a built tree, build/release unless told otherwise. Makes a Python virtual environment in BUILD once; PyPI's torch
# brings CUDA's libraries, gigabytes that are not used here (pip's own settings may name an index of torch for CPUs alone).
set -eu
. "$(dirname "$0")/build.sh"
if [ ! -d "$root/../shared/data/cifar10" ]; then
  echo "deap_rival.sh: skipped, there is no ../shared/data/cifar10"
  exit 0
fi
if [ ! -x "$build/bin/vbq" ]; then
  echo "deap_rival.sh: there is no $build/bin/vbq: a built tree was expected (cmake --build --preset release)" >&2
  exit 1
fi
venv="$build/deap-venv"
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import torch, deap, onnx, h5py, numpy' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet torch deap onnx h5py numpy
fi
exec "$venv/bin/python" "$root/tests/bench/deap_rival.py" "$build/bin/vbq" "$@"
