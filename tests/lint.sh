#!/usr/bin/env bash
# clang-format and the column limit over all of our C++, clang-tidy over what changed.
#
#   tests/lint.sh BUILD            BUILD: a build folder; BUILD/lint gets how each file is compiled alone
#   VBQ_LINT_BASE=COMMIT           tidy what differs from this commit (a branch: its base on main); default: the last commit
#   VBQ_LINT_SECONDS=N             stop tidying after N seconds, naming what was left (default 300)
#
# Exit code 0 clean, 1 not, 77 skipped: clang-format or clang-tidy 14 is not there (other versions format otherwise).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=${1:?lint.sh: a build folder was expected}
limit=${VBQ_LINT_SECONDS:-300}
for tool in clang-format clang-tidy; do
  if ! command -v "$tool" >/dev/null || ! "$tool" --version | grep --quiet 'version 14\.'; then
    echo "lint.sh: $tool 14 is not there: skipped"
    exit 77
  fi
done
git rev-parse --git-dir >/dev/null 2>&1 || { echo "lint.sh: this is no git checkout: skipped"; exit 77; }

failed=0
mapfile -t all < <(git ls-files '*.cpp' '*.hpp' '*.cu')
clang-format --dry-run --Werror "${all[@]}" || failed=1
columns=$(sed --quiet 's/^ColumnLimit: *//p' .clang-format)
# In a UTF-8 locale, so that characters are counted.
LC_ALL=C.UTF-8 awk -v most="$columns" 'length($0) > most { print FILENAME ":" FNR ": " length($0) " columns, at most " most; bad = 1 }
  END { exit bad }' "${all[@]}" || failed=1

base=${VBQ_LINT_BASE:-HEAD~1}
# A clone without history has nothing to compare with.
changed=$(git diff --name-only --diff-filter=d "$base" -- 'src/*.cpp' 2>/dev/null || true)
if [[ -n $changed ]]; then
  # The presets compile several files as one.
  cmake -S . -B "$build/lint" -G Ninja -DCMAKE_UNITY_BUILD=OFF -DCMAKE_BUILD_TYPE=Release >/dev/null || failed=1
fi
begun=$SECONDS
left=0
tidied=0
while read -r file; do
  # engine cuda is compiled where there is nvcc only.
  [[ -n $file && -f $file ]] && grep --quiet --fixed-strings "/$file\"" "$build/lint/compile_commands.json" || continue
  if ((SECONDS - begun > limit)); then
    left=$((left + 1))
    continue
  fi
  tidied=$((tidied + 1))
  clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p "$build/lint" "$file" 2>/dev/null || failed=1
done <<<"$changed"
echo "lint.sh: ${#all[@]} files checked for format, $tidied by clang-tidy, $left left out after $limit s"
exit "$failed"
