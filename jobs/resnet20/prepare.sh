#!/usr/bin/env bash
# Makes this folder's data of what is on disk already: the binary version of CIFAR-10, and a trained network.
#
#   jobs/resnet20/prepare.sh NETWORK.onnx CIFAR_FOLDER    the folder with data_batch_1.bin and test_batch.bin
#
# MEAN and STD (of x / 255, a channel each) must be those that the network was trained with; the defaults are ImageNet's, which many
# CIFAR-10 networks use.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vbq=${VBQ:-$(PATH=$here/../../build/release/bin:$PATH command -v vbq || echo vbq)} # of this checkout, or as installed
if [[ $# -ne 2 ]]; then
  echo "usage: prepare.sh NETWORK.onnx CIFAR_FOLDER (see the head of this file)" >&2
  exit 1
fi
normalised=(--mean "${MEAN:-0.485,0.456,0.406}" --std "${STD:-0.229,0.224,0.225}")
"$vbq" data import cifar10 "$2/test_batch.bin" "${normalised[@]}" --overwrite --output "$here/test.h5"
"$vbq" data import cifar10 "$2/data_batch_1.bin" "${normalised[@]}" --overwrite --output "$here/train.h5"
cp "$1" "$here/resnet20.onnx"
echo "The accuracy should be the one that you know:" >&2
"$vbq" evaluate --network "$here/resnet20.onnx" --data "$here/test.h5"
