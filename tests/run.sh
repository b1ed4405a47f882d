#!/usr/bin/env bash
# Builds vbq and runs every test, twice: the release build, and one with address and undefined-behaviour sanitisers (there
# without what takes minutes and has no code of its own: networks of full size, second orders of the emulated GPU, exports read
# elsewhere; VBQ_SANITIZE in tests' CMakeLists.txt).
#
#   tests/run.sh               all of it
#   tests/run.sh --fast        the release build only
#   tests/run.sh --long        with the long set (label `long`), which is skipped otherwise: minutes, root, a package mirror
#   tests/run.sh --preset P    one preset of CMakePresets.json only (may be given more than once), such as tsan
#   tests/run.sh --jobs N      N compilers and tests at a time (as many as there are cores)
#
# The last line is the counts over all builds: N passed, N failed, N skipped. Exit code 0 when none failed and some passed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

presets=()
jobs=$(nproc)

usage() { sed -n '2,/^set -euo/p' "$root/tests/run.sh" | sed -e '/^set -euo/d' -e 's/^# \{0,1\}//'; }
bad_usage() {
  echo "tests/run.sh: $1" >&2
  exit 1
}
while [[ $# -gt 0 ]]; do
  case "$1" in
    --fast) presets=(release) ;;
    --long) export VBQ_LONG_TESTS=1 ;;
    --preset)
      [[ -n ${2-} ]] || bad_usage "--preset needs the name of a preset"
      presets+=("$2")
      shift
      ;;
    --jobs)
      [[ ${2-} =~ ^[1-9][0-9]*$ ]] || bad_usage "--jobs is '${2-}', expected a number from 1"
      jobs=$2
      shift
      ;;
    --help | -h)
      usage
      exit
      ;;
    *) bad_usage "unknown option '$1', expected --fast, --long, --preset P or --jobs N" ;;
  esac
  shift
done
[[ ${#presets[@]} -gt 0 ]] || presets=(release asan)

# Open MPI: as root, as one is in a container, it runs only when told so; more ranks than cores, and none tied to a core;
# no copying between processes through the kernel, which containers forbid.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_btl_vader_single_copy_mechanism=none
# A sanitiser's find ends the program, with a stack. Leaks of libraries that are not ours are listed in lsan.supp.
export ASAN_OPTIONS=halt_on_error=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:ignore_noninstrumented_modules=1
export LSAN_OPTIONS=suppressions=$root/tests/lsan.supp:print_suppressions=0

step() { printf '\n== %s\n' "$*"; }

# CI checks the code's form too, fuzzes it, opens pages in Chromium, and makes packages; without those tools their tests skip.
cluster/install-dependencies.sh ${CI:+--lint --pages --packages} ${VBQ_LONG_TESTS:+--packages}

reports=()
broken=()
for preset in "${presets[@]}"; do
  step "$preset: build"
  began=$SECONDS
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$jobs"; }; then
    broken+=("$preset (build)")
    continue
  fi
  printf '%s built in %d s\n' "$preset" $((SECONDS - began))

  step "$preset: tests"
  report=$root/build/$preset/ctest.xml
  rm -f "$report"
  # One more than work at a time: some only wait.
  if ctest --preset "$preset" --parallel "$((jobs + 1))" --no-tests=error --output-junit "$report" </dev/null; then
    code=0
  else
    code=$?
  fi
  reports+=("$preset=$report=$code")
done

step "summary"
python3 - ${reports[@]+"${reports[@]}"} ${broken[@]+"${broken[@]/#/broken=}"} <<'END'
"""Adds up CTest's JUnit reports, each given as preset=file=exit code of ctest; broken=WHAT counts as one failure."""
import sys
import xml.etree.ElementTree as tree

passed, failed, skipped = [], [], []
said = {}  # the last lines of what failed: where all that is kept of a run is its end, they are all that is known of it
for argument in sys.argv[1:]:
    preset, rest = argument.split("=", 1)
    if preset == "broken":
        failed.append(rest)
        continue
    path, code = rest.rsplit("=", 1)
    before = len(failed)
    try:
        cases = tree.parse(path).getroot().iter("testcase")
    except (OSError, tree.ParseError) as error:
        failed.append(f"{preset} (no report of its tests: {error})")
        continue
    for case in cases:
        name, status = f"{preset}: {case.get('name')}", case.get("status")
        skip = case.find("skipped")
        if status == "run":
            passed.append(name)
        # CTest also calls a test skipped whose program is missing; SKIP_... is one that asked for it.
        elif status == "disabled" or (status == "notrun" and skip is not None and "SKIP_" in skip.get("message", "")):
            skipped.append(name)
        else:
            failed.append(name)
            said[name] = (case.findtext("system-out") or "").splitlines()[-15:]
    if code != "0" and len(failed) == before:
        failed.append(f"{preset} (ctest ended with exit code {code})")
for title, names in (("skipped", skipped), ("failed", failed)):
    if names:
        print(f"{title}:")
    for name in names:
        print(f"  {name}")
        for line in said.get(name, []):
            print(f"    | {line[:300]}")
print(f"{len(passed)} passed, {len(failed)} failed, {len(skipped)} skipped")
sys.exit(0 if passed and not failed else 1)
END
