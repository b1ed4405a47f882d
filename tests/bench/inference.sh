#!/bin/sh
# Engine cpu against a rival, side by side in one run: tests/bench/inference.sh [BUILD] [--rival R] [--threads T] [--seconds S] [--pairs P]
# [--batches B,B...] [NETWORK.onnx...]. R: onnxruntime unless told otherwise, openvino or torch (compiled). BUILD: a built tree, build/release
# unless told otherwise. The networks: those of ../shared/data unless told otherwise. Makes a Python virtual environment in BUILD once;
# PyPI's torch brings CUDA's libraries, gigabytes that are not used here, and shares its environment with deap_rival.sh.
set -eu
. "$(dirname "$0")/build.sh"
venv="$build/bench-venv" packages="onnxruntime numpy"
case " $* " in
  *" --rival openvino "*) packages="openvino numpy" ;;
  *" --rival torch "*) venv="$build/deap-venv" packages="torch deap onnx h5py numpy" ;;
esac
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c "import $(echo "$packages" | sed 's/ /, /g')" 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet $packages
fi
cmake --build "$build" --target vbq bench_engine
exec "$venv/bin/python" "$root/tests/bench/inference.py" "$build" "$@"
