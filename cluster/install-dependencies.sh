#!/usr/bin/env bash
# Installs what vbq needs to be built, tested and run, with the system's package manager (Debian, Ubuntu).
# It does nothing, and needs neither root nor a network, where all is there.
#
#   cluster/install-dependencies.sh          install what is missing
#   cluster/install-dependencies.sh --check  only look: exit code 1 and the names when something is missing
#   cluster/install-dependencies.sh --list   print the packages, one a line (what container recipes are compared with)
#   cluster/install-dependencies.sh --lint   install also what CI's checks of the code itself need: clang's tools
#   cluster/install-dependencies.sh --pages  install also what opens vbq's pages and tables in tests: Chromium, gnuplot
#                                            (370 MB, half a minute); may be given beside --lint
#   cluster/install-dependencies.sh --packages  install also what Debian packages are made with, and what makes a clean
#                                            Debian to try them in; may be given beside the others
#
# The list is Debian 12's, and the same names serve elsewhere:
#   Debian 13     the same names.
#   Ubuntu 24.04  the same names; oneDNN is 3.1 there (another API than 2.6), g++ 13, ONNX 1.14.
#   Ubuntu 22.04  is not enough: it has no libtomlplusplus-dev, and its oneDNN (2.2), ONNX (1.7) and g++ (11) are older
#                 than what vbq is tested with. The script names what it cannot find and stops.
set -euo pipefail

packages=(
  # Build.
  g++ cmake ninja-build ccache pkg-config git
  # Cluster: MPI, and the archive that genomes travel in.
  libopenmpi-dev openmpi-bin libboost-serialization-dev
  # Engine. oneDNN's CMake file asks for OpenCL (headers and loader), which its Debian package only recommends.
  libdnnl-dev ocl-icd-opencl-dev
  # Network files.
  libonnx-dev libprotobuf-dev protobuf-compiler
  # Factorisations for compensated assignment.
  libeigen3-dev
  # Datasets and checkpoints; photos.
  libhdf5-dev zlib1g-dev libxxhash-dev libjpeg-dev libpng-dev
  # Sizes of exported files behind zstd.
  libzstd-dev
  # Command line, configuration, text, logging, random numbers.
  libcli11-dev libtomlplusplus-dev nlohmann-json3-dev libfmt-dev libspdlog-dev librandom123-dev
  # Tests and benchmarks; Python makes jobs/digits' files and runs the comparison with onnxruntime.
  libgtest-dev libbenchmark-dev python3 python3-venv
  # Tests of the batch scripts, on a Slurm of their own; and of two hosts.
  slurm-wlm munge iproute2
)

usage() { sed -n '2,/^set -euo/p' "$0" | sed -e '/^set -euo/d' -e 's/^# \{0,1\}//'; }

# Prints the packages of the list that are not installed, one a line.
missing_packages() {
  # `dpkg-query` fails, and says so on standard error, when it does not know one of the names: that is the answer, too.
  local installed package
  installed=$(dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null || true)
  for package in "${packages[@]}"; do
    grep --quiet --line-regexp --fixed-strings "$package installed" <<<"$installed" || echo "$package"
  done
}

# as_root COMMAND...: with sudo, where we are not root.
as_root() {
  if [[ $(id --user) -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "install-dependencies: neither root nor sudo here; ask an administrator to run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
}

# twice COMMAND...: once more after a pause when it fails; package mirrors have bad moments.
twice() {
  "$@" && return
  echo "install-dependencies: failed, trying once more in 5 s: $*" >&2
  sleep 5
  "$@"
}

check=no
for option in "$@"; do
  case "$option" in
    --lint) packages+=(clang clang-format clang-tidy libclang-rt-dev) ;;
    --pages) packages+=(chromium gnuplot-nox) ;;
    --packages) packages+=(dpkg-dev file mmdebstrap) ;;
    --check) check=yes ;;
    --list)
      printf '%s\n' "${packages[@]}"
      exit
      ;;
    --help | -h)
      usage
      exit
      ;;
    *)
      echo "install-dependencies: unknown option '$option', expected --list, --check, --lint, --pages, --packages or nothing" >&2
      exit 1
      ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  cat >&2 <<END
install-dependencies: this system has no apt-get (it is for Debian 12 or later, Ubuntu 24.04 or later). Install here, by
whatever means it has, what these Debian packages hold:
  ${packages[*]}
END
  exit 1
fi

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "install-dependencies: all ${#packages[@]} packages are there."
  exit
fi
if [[ $check == yes ]]; then
  echo "install-dependencies: missing: ${missing[*]}" >&2
  exit 1
fi

echo "install-dependencies: installing ${missing[*]}"
twice as_root apt-get update --quiet

known=$(apt-cache --no-generate pkgnames 2>/dev/null || apt-cache pkgnames)
unknown=()
for package in "${missing[@]}"; do
  grep --quiet --line-regexp --fixed-strings "$package" <<<"$known" || unknown+=("$package")
done
if [[ ${#unknown[@]} -gt 0 ]]; then
  echo "install-dependencies: this system's package lists do not have: ${unknown[*]} (Debian 12 or later and Ubuntu" \
    "24.04 or later do; on Ubuntu, is the component 'universe' switched on?)" >&2
  exit 1
fi

# `env` under sudo, which clears the environment.
twice as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "${missing[@]}"

mapfile -t missing < <(missing_packages)
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "install-dependencies: apt-get ended well, yet these are still missing: ${missing[*]}" >&2
  exit 1
fi
echo "install-dependencies: done, all ${#packages[@]} packages are there."
