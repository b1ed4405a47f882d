#!/usr/bin/env python3
"""Makes deliberate mistakes in engine cuda's kernels, one at a time, and counts those that the tests on the emulated GPU see.

    mutants.py [--only TEXT] [--folder FOLDER]   a mistake takes about half a minute; FOLDER: where to build (a temporary one)
    mutants.py --check                           only that each mistake can still be made: its text is there, once

Exit code 0 when all are seen. What a GPU alone would show (races, limits of a launch) no mistake here is about; and parts of a
layer's images are added up in SequentialKernels alone, for no network is large enough here.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CUDA = "src/engine/cuda/"
TESTS = "SequentialKernels.*:CudaEngine.Seq*:CudaEngine.Levels*:CudaEngine.Matching*:CudaEngine.InputsThat*:CudaEngine.Refitted*:*DirectConvolution*"

UNBUILT = "DOES NOT COMPILE"  # which no test has seen

# File, what is there (once), what stands there instead.
MISTAKES = [
    ("plan/sequential.hpp", "- top + tap / taps_x * dilation_y", "+ top + tap / taps_x * dilation_y"),
    ("plan/sequential.hpp", "position % width * stride_x - left", "position % width * stride_y - left"),
    ("plan/sequential.hpp", "if (y < 0 || z < 0 ||", "if (y < 0 ||"),
    ("plan/sequential.hpp", "z >= x.extent[2]) return 0", "z > x.extent[2]) return 0"),
    ("plan/sequential.hpp", "return left < longest ? left : longest;", "return left < longest ? longest : longest;"),
    ("sequential.cu", "if (bad != nullptr && !(fabsf(v) < kMost)) *bad = v;", "(void)bad, (void)kMost;"),
    ("sequential.cu", "trained[at] - sum[a][b]", "trained[at] + sum[a][b]"),
    ("sequential.cu", "(position + r) * shape.row() + group * shape.columns + column]", "(position + r) * shape.row() + column]"),
    ("sequential.cu", "const float* rows = missing + group * shape.rows - n;", "const float* rows = missing - n;"),
    ("sequential.cu", "end = last < count ? last : count;", "end = last;"),
    ("sequential.cu", "for (int s = 0; s < splits; ++s)", "for (int s = 1; s < splits; ++s)"),
    ("sequential.cu", "begin ? 0.0 : sums[i]", "begin ? 0.0 : 0.0"),
    ("sequential.cu", "if (!(fabs(sum) < INFINITY)) broken[run] = 1;", "if (!(fabs(sum) < INFINITY)) broken[run] = 0;"),
    ("sequential.cu", "fetch(first + kDepth);", "fetch(first);"),
    ("factor.cu", "own[k] == mine && others + k < i", "own[k] == mine && others + k > i"),
    ("factor.cu", "own[k] > mine ||", "own[k] < mine ||"),
    ("factor.cu", "? 0.01 * mean : 1.0", "? 0.02 * mean : 1.0"),
    ("factor.cu", "if (i == j) value += memory.damping[run];", ""),
    ("factor.cu", "positions + 4 * static_cast<double>(n)", "positions + 3 * static_cast<double>(n)"),
    ("factor.cu", "a[c] *= inverse[c];\n      l[row][c] = a[c];", "l[row][c] = a[c];"),
    ("factor.cu", "for (int k = c + 1; k < kPanel; ++k) x[k] = fma(-x[c], l[k][c], x[k]);", "for (int k = c + 2; k < kPanel; ++k) x[k] = fma(-x[c], l[k][c], x[k]);"),
    ("factor.cu", "if (row + kTile <= column ||", "if (row <= column ||"),
    ("factor.cu", "c <= r) a[static_cast<std::int64_t>(r) * n + c] -= sum[i][j];", "c <= r) a[static_cast<std::int64_t>(r) * n + c] += sum[i][j];"),
    ("factor.cu", "const int below = shape.tallest() - first - width;", "const int below = shape.tallest() - first - kPanel + 0 * width;"),
    ("targets.cu", "for (int c = width - 1; c >= 0; --c) {", "for (int c = width - 1; c > 0; --c) {"),
    ("targets.cu", "for (int c = thread; c < first; c += kThreads) {", "for (int c = thread + 1; c < first; c += kThreads) {"),
    ("targets.cu", "+ e[n - 1 - i]);", "+ e[i]);"),
    ("targets.cu", "if (broken == nullptr || *broken != 0) target[at]", "if (broken == nullptr) target[at]"),
    ("targets.cu", "static_cast<float>(least * least)", "static_cast<float>(least)"),
    ("targets.cu", "= shape.first(run) + memory.order[first + j];", "= memory.order[first + j];"),
    ("price.cu", "one > 0 ? one : 1", "one + 1"),
    ("price.cu", "static_cast<float>(lambda * diagonal *", "static_cast<float>(lambda * (0 * diagonal + 1) *"),
    ("../../assign/priced_level.hpp", "off * off * importance + costs[k]", "off * off + 0 * importance + costs[k]"),
    ("../../assign/priced_level.hpp", "k <= nearest + 2 && k < count", "k <= nearest && k < count"),
    ("plan/assign.hpp", "if (j > i && j < width) panel_.targets[r][j] = targets[k];", "if (j > i + 1 && j < width) panel_.targets[r][j] = targets[k];"),
    ("direct.cu", "w = column - op_.pad[1];", "w = column - op_.pad[0];"),
    ("direct.cu", "first * op_.stride - op_.pad[0]", "first * op_.stride - op_.pad[1]"),
    ("direct.cu", "copy_later(at, x + from, in_line && ", "copy_later(at, x + from, (in_line || true) && "),
    ("direct.cu", "at += step_ * op_.across;", "at += op_.across;"),
    ("direct.cu", "from += down;", "from += down / step_;"),
    ("direct.cu", "none = half == 1;", "none = half == 2;"),
    ("direct.cu", "s == 0 ? held.bias[j]", "s == 0 ? held.bias[0]"),
    ("direct.cu", "v[k] += static_cast<float>(residual", "v[k] -= static_cast<float>(residual"),
    ("direct.cu", "next.row, memory + (1 - turn) * kStripOctets", "next.row, memory"),
    ("direct.cu", "slice * op.slice() + warp % sharing * K::outputs", "0 * slice * op.slice() + warp % sharing * K::outputs"),
    ("direct.cu", "    __syncthreads();\n    strip = next;", "    strip = next;"),
    ("plan/direct.hpp", "(kReciprocalOne + direct.width() - 1) / direct.width()", "kReciprocalOne / direct.width()"),
    ("plan/direct.hpp", "(op.clamp.low <= 0 && op.clamp.high >= 0)", "op.clamp.low <= 0"),
    ("sequential_layers.cpp", "round < (wanted.price > 0 ? kRateRounds : 1)", "round < 1"),
    ("sequential_layers.cpp", "runner_.take_levels(point.layer);", ""),
]


def check():
    faults = [(file, old) for file, old, _ in MISTAKES if (ROOT / CUDA / file).read_text().count(old) != 1]
    for file, old in faults:
        print(f"{CUDA}{file}: '{old}' was expected once", file=sys.stderr)
    print(f"mutants.py: {len(MISTAKES) - len(faults)} of {len(MISTAKES)} mistakes can be made")
    return not faults


def run(command, folder, **more):
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def seen(folder):
    """How the mistake shows; None where it does not."""
    built = run(["cmake", "--build", "build", "--target", "test_gpu_emulated"], folder)
    if built.returncode != 0:
        return UNBUILT
    for order in ("ascending", "descending"):
        environment = dict(os.environ, VBQ_EMULATED_ORDER=order, VBQ_EMULATED_CUDNN="fused")
        try:
            tested = run(["build/bin/test_gpu_emulated", f"--gtest_filter={TESTS}", "--gtest_fail_fast"], folder, env=environment, timeout=120)
        except subprocess.TimeoutExpired:
            return "never ends"
        if tested.returncode != 0:
            failed = [line for line in tested.stdout.splitlines() if line.startswith("[  FAILED  ]")]
            return failed[0].split()[3] if failed else f"ends with {tested.returncode}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="mistakes whose file or text has this")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    if not check():
        return 1
    if arguments.check:
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.folder or pathlib.Path(temporary)).resolve()
        if not (folder / "build").exists():
            for part in ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "src", "include", "tests", "docs", "jobs", "cluster"):
                copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
                copy(ROOT / part, folder / part)
            made = run(["cmake", "-G", "Ninja", "-B", "build", "-DCMAKE_BUILD_TYPE=Release", "-DVBQ_CUDA=OFF", "-DVBQ_BENCH=OFF"], folder)
            if made.returncode != 0:
                print(made.stdout, file=sys.stderr)
                return 1
        problem = seen(folder)
        if problem:
            print(f"mutants.py: without a mistake: {problem}", file=sys.stderr)
            return 1
        chosen = [one for one in MISTAKES if arguments.only in one[0] + one[1]]
        unseen = 0
        for file, old, new in chosen:
            path = folder / CUDA / file
            text = path.read_text()
            path.write_text(text.replace(old, new))
            try:
                found = seen(folder)
            finally:
                path.write_text(text)
            unseen += found in (None, UNBUILT)
            print(f"{file}: '{' '.join(old.split())}' -> '{' '.join(new.split())}': {found or 'NOT SEEN'}", flush=True)
        print(f"mutants.py: {len(chosen) - unseen} of {len(chosen)} seen")
        return unseen > 0


if __name__ == "__main__":
    sys.exit(main())
