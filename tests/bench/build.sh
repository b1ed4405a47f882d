# Sourced by the scripts of this folder, whose first argument may be a built tree, build/release unless told otherwise:
# sets root and build, and takes that argument away.
root=$(cd "$(dirname "$0")/../.." && pwd)
build="$root/build/release"
case "${1:-}" in
  "" | -* | *.onnx) ;;
  *)
    build=$(cd "$1" && pwd)
    shift
    ;;
esac
