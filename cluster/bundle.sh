#!/usr/bin/env bash
# Packs the built program, its tests and the shared libraries that they need into one folder, for machines that have none of
# them: no MPI, HDF5, Boost or oneDNN. It wants only a Linux of the same processor kind with a C library at least as new as
# this one's, and, for engine cuda, the NVIDIA driver and cuDNN 9 (LD_LIBRARY_PATH says where; neither is packed).
#
#   cluster/bundle.sh [--build DIR] [--output DIR] [--programs "NAME ..."]
#
# build/release, build/bundle, and the program with the tests and benchmarks that are built, unless told.
#
#   FOLDER/vbq ...               the program, one rank
#   FOLDER/run test_engine ...   a test
#   FOLDER/run mpirun -n 4 FOLDER/vbq search job.toml     several ranks on one machine
#
# Files are packed compressed, to keep the folder small, and unpacked into FOLDER/files (or, where that cannot be written, below
# ${TMPDIR:-/tmp}) at the first start.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build/release
output=$root/build/bundle
programs=
limit=60 # MiB

fail() {
  echo "bundle: $1" >&2
  exit 1
}
while [[ $# -gt 0 ]]; do
  case "$1" in
    --build | --output | --programs)
      [[ -n ${2-} ]] || fail "$1 needs a value"
      printf -v "${1#--}" %s "$2"
      shift
      ;;
    --help | -h)
      sed -n '2,/^set -euo/p' "${BASH_SOURCE[0]}" | sed -e '/^set -euo/d' -e 's/^# \{0,1\}//'
      exit
      ;;
    *) fail "unknown option '$1', expected --build DIR, --output DIR or --programs NAMES" ;;
  esac
  shift
done
[[ -x $build/bin/vbq ]] || fail "there is no $build/bin/vbq: build it first (cmake --build --preset release)"
[[ ! -e $output || -e $output/payload.tar.gz ]] || fail "$output exists and is not a bundle: name another folder"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{bin,lib,mca,pmix,share}

if [[ -z $programs ]]; then programs=$(cd "$build/bin" && ls -d vbq test_* bench_engine 2>/dev/null || true); fi
for program in $programs; do
  program=$build/bin/$program
  [[ -x $program ]] || fail "there is no $program: build it first"
  strip -o "$work/bin/${program##*/}" "$program"
done
if launcher=$(readlink -f "$(command -v mpirun)" 2>/dev/null); then
  cp "$launcher" "$work/bin/mpirun"
  plugins=$(ompi_info --parsable --path pkglibdir | sed -n 's/^path:pkglibdir://p')
  # What ranks of one machine need: no networks, batch systems or debuggers, whose libraries are large.
  for kind in allocator bcast btl_self btl_tcp btl_vader bml coll_basic coll_libnbc coll_self coll_sm coll_tuned errmgr ess \
    filem fbtl fcoll fs grpcomm io_ompio iof mpool odls op osc_sm osc_rdma plm_isolated plm_rsh pmix pml_ob1 rcache \
    reachable_weighted rmaps rml oob_tcp routed rtc schizo_ompi schizo_flux sharedfp state topo vprotocol ras_simulator regx dfs \
    notifier snapc sstore shmem hwloc event crs compress if installdirs patcher timer memory; do
    find "$plugins" -maxdepth 1 -name "mca_${kind}*.so" -exec cp -t "$work/mca" {} +
  done
  pmix=$(find /usr/lib -maxdepth 5 -type d -path '*/lib/pmix' | head -n 1)
  if [[ -n $pmix ]]; then cp "$pmix"/*.so "$work/pmix"; fi
  share=$(ompi_info --parsable --path pkgdatadir | sed -n 's/^path:pkgdatadir://p')
  if [[ -d $share ]]; then cp -rL "$share" "$work/share/openmpi"; fi
fi

# Every shared library that any of these needs, but the C library's own parts, which belong to the machine's kernel and loader.
find "$work/bin" "$work/mca" "$work/pmix" -type f -exec ldd {} + 2>/dev/null | awk '/=> \//{print $3}' | sort -u |
  grep -vE '/(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|anl|mvec|nsl|nss_[a-z]*))\.so' | while read -r library; do
  cp -L "$library" "$work/lib/"
done
if missing=$(find "$work/bin" -type f -exec ldd {} + 2>/dev/null | grep 'not found'); then
  fail "libraries are missing on this machine: $missing"
fi

rm -rf "$output"
mkdir -p "$output"
# The same files give the same archive.
tar --directory "$work" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --create bin lib mca pmix share |
  gzip --no-name >"$output/payload.tar.gz"
sha256sum "$output/payload.tar.gz" | cut -c1-16 >"$output/version"

cat >"$output/run" <<'END'
#!/bin/sh
# Runs a program of the bundle: run NAME ARGUMENTS. Unpacks it first where that has not been done.
set -eu
[ $# -gt 0 ] || { echo "run: no program was named, expected vbq, mpirun or a test" >&2; exit 1; }
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
version=$(cat "$here/version")
files=$here/files-$version
if [ ! -d "$files" ] && [ ! -w "$here" ]; then
  files=${TMPDIR:-/tmp}/vbq-$(id -u)-$version
fi
if [ ! -d "$files" ]; then
  new=$(mktemp -d "$files.XXXXXX")
  gzip -dc "$here/payload.tar.gz" | tar -x -C "$new"
  # Another rank may have been faster: then its files are as good.
  mv -T "$new" "$files" 2>/dev/null || rm -rf "$new"
fi
name=$1
shift
[ -x "$files/bin/$name" ] || { echo "run: the bundle has no program '$name'; it has: $(ls "$files/bin" | tr '\n' ' ')" >&2; exit 1; }
export LD_LIBRARY_PATH="$files/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
# Where Open MPI and PMIx look for their plug-ins and texts.
export OPAL_PREFIX="$files" OPAL_PKGDATADIR="$files/share/openmpi" PMIX_INSTALL_PREFIX="$files"
export OMPI_MCA_mca_base_component_path="$files/mca" PMIX_MCA_mca_base_component_path="$files/pmix"
# Without ssh, mpirun starts ranks of this machine only; its usual way would refuse to start at all.
command -v ssh >/dev/null 2>&1 || export OMPI_MCA_plm=isolated
exec "$files/bin/$name" "$@"
END
cat >"$output/vbq" <<'END'
#!/bin/sh
exec "$(dirname "$(readlink -f "$0")")/run" vbq "$@"
END
chmod +x "$output/run" "$output/vbq"

size=$(du --summarize --apparent-size --block-size=1M "$output" | cut -f1)
unpacked=$(du --summarize --apparent-size --block-size=1M "$work" | cut -f1)
[[ $size -lt $limit ]] || fail "$output is $size MiB, expected under $limit"
echo "bundle: $output is $size MiB ($unpacked MiB unpacked); start with $output/vbq info"
