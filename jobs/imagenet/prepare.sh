#!/usr/bin/env bash
# Makes this folder's data of what is on disk already: ImageNet as folders of photos, a class each, and a network exported from torchvision.
#
#   jobs/imagenet/prepare.sh NETWORK.onnx IMAGENET_FOLDER    the folder with train/n01440764/*.JPEG ... and val/n01440764/*.JPEG ...
#
# NETWORK.onnx: ResNet-50, VGG16, AlexNet, ...: torch.onnx.export(torchvision.models.resnet50(weights="DEFAULT").eval(), ...)
# PER_CLASS: training images taken of each class, for calibration and search (4, which makes 4,000).
# RESIZE, CROP: as the weights want them (256, 224; torchvision's newer weights: 232, 224).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
vbq=${VBQ:-$(PATH=$here/../../build/release/bin:$PATH command -v vbq || echo vbq)} # of this checkout, or as installed
if [[ $# -ne 2 || ! -d ${2-}/train || ! -d ${2-}/val ]]; then
  echo "usage: prepare.sh NETWORK.onnx IMAGENET_FOLDER, with train/CLASS/ and val/CLASS/ in it (see the head of this file)" >&2
  exit 1
fi
images=$(cd "$2" && pwd)
as_trained=(--resize "${RESIZE:-256}" --crop "${CROP:-224}" --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225)

list=$(mktemp)
trap 'rm -f "$list"' EXIT
label=0
for class in "$images"/train/*/; do # in the order of names, as torchvision numbers them
  find "$class" -maxdepth 1 -type f -printf "train/$(basename "$class")/%f,$label\n" | LC_ALL=C sort | sed "${PER_CLASS:-4}q" >>"$list"
  label=$((label + 1))
done
"$vbq" data import list "$list" --root "$images" "${as_trained[@]}" --overwrite --output "$here/train.h5"
"$vbq" data import folder "$images/val" "${as_trained[@]}" --overwrite --output "$here/val.h5"
cp "$1" "$here/network.onnx"
echo "The accuracy should be the one that you know (on a CPU this takes a while; ctrl-C leaves the files in place):" >&2
"$vbq" evaluate --network "$here/network.onnx" --data "$here/val.h5"
