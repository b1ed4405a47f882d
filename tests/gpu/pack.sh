#!/usr/bin/env bash
# Packs all that tests/gpu/check.sh needs on a machine that has a GPU but none of vbq's packages: program, tests, benchmark and
# their libraries; networks for the benchmark, where PYTHON (python3 unless told) has torch and torchvision; and ResNet-20 with
# its images, where ../shared is there. Under 64 MiB.
#
#   tests/gpu/pack.sh [--build DIR] [--output DIR]     build/release and build/gpu unless told
#
# Then, on the machine with the GPU: OUTPUT/check.sh RESULTS
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$root/build/release
output=$root/build/gpu
python=${PYTHON:-python3}
while [[ $# -gt 0 ]]; do
  case "$1" in
    --build | --output)
      [[ -n ${2-} ]] || { echo "pack: $1 needs a folder" >&2; exit 1; }
      printf -v "${1#--}" %s "$2"
      ;;
    *)
      echo "pack: unknown option '$1', expected --build DIR or --output DIR" >&2
      exit 1
      ;;
  esac
  shift 2
done

rm -rf "$output"/{networks,data,bundle}
mkdir -p "$output"/{networks,data}
"$root/cluster/bundle.sh" --build "$build" --output "$output/bundle" --programs "vbq bench_engine test_gpu test_engine"
gzip --decompress --stdout "$output/bundle/payload.tar.gz" | xz -6 --threads=0 >"$output/bundle/payload.tar.xz" # a quarter smaller
rm "$output/bundle/payload.tar.gz"
cp "$root/tests/gpu/check.sh" "$root/tests/bench/gpu.py" "$output/"
if "$python" -c 'import torch, torchvision' 2>/dev/null; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  "$python" "$root/tests/bench/gpu.py" export "$work" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  for network in "$work"/*.onnx; do xz -9 --stdout "$network" >"$output/networks/${network##*/}.xz"; done
else
  echo "pack: $python has no torch and torchvision: check.sh must export the networks itself" >&2
fi

cifar=$root/../shared/data/cifar10
if [[ -d $cifar ]]; then
  cp "$cifar/resnet20.onnx" "$output/data/"
  for part in test_batch_9980 train_sample_2000; do
    "$build/bin/vbq" data import cifar10 "$cifar/$part.bin" --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 \
      --output "$output/data/$part.h5" >/dev/null
    xz -6 --force "$output/data/$part.h5"
  done
  chmod u+w "$output/data/resnet20.onnx"
else
  echo "pack: there is no $cifar: check.sh leaves ResNet-20 out" >&2
fi
size=$(du --summarize --apparent-size --block-size=1M "$output" | cut -f1)
[[ $size -lt 64 ]] || { echo "pack: $output is $size MiB, expected under 64" >&2; exit 1; }
echo "pack: $output is $size MiB; on the machine with the GPU: $output/check.sh RESULTS"
