#!/usr/bin/env python3
"""The wheel of a build: made, installed in a fresh virtual environment, and used there; also with the Open MPI of PyPI.

  python_wheel.py BUILD    BUILD: a build folder, whose `vbq` is built

Exit code 77 (skipped) where PyPI cannot be reached.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# What a user would write.
USE = """
import sys, vbq
digits, output, ranks = sys.argv[1], sys.argv[2], int(sys.argv[3])
found = vbq.quantise(f"{digits}/digits.onnx", f"{digits}/digits_test.h5", bits=3, output=output, ranks=ranks, quiet=True,
                     set={"search.generations": 1, "search.population": 4, "format.matching_images": 20})
assert found.summary["quantised"]["held_out"]["top1"]["percent"] > 80, found.summary
assert found.summary["ranks"] == ranks and found.best_onnx.is_file() and vbq.program().startswith(sys.prefix), found
print(found.best_json)
"""


def run(*command, environment):
    done = subprocess.run([str(word) for word in command], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def venv(folder, *packages):
    """With packages of PyPI, or the test is skipped."""
    try:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        if packages:
            subprocess.run([folder / "bin/python", "-m", "pip", "install", "--quiet", *packages], check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"skipped: no virtual environment with {packages}: {error}")
        sys.exit(77)
    return folder / "bin"


def make(build, folder):
    """The file, made as docs/install.md says."""
    tools = venv(folder / "tools", "wheel")
    for old in build.glob("vbq-*.whl"):
        old.unlink()
    run("cmake", "--build", build, "--target", "wheel", environment=dict(os.environ, PATH=f"{tools}{os.pathsep}{os.environ['PATH']}"))
    made = list(build.glob("vbq-*.whl"))
    assert len(made) == 1 and made[0].name.endswith("-py3-none-linux_x86_64.whl"), made
    names = zipfile.ZipFile(made[0]).namelist()
    for name in ("vbq/__init__.py", "vbq/bin/vbq", "vbq/share/vbq/jobs/digits/digits.onnx", "vbq/share/doc/vbq/carried/libdnnl2"):
        assert name in names, names
    assert any(name.startswith("vbq/lib/vbq/libdnnl.so") for name in names) and not any("libmpi" in name for name in names), names
    return made[0]


def use(tools, folder, ranks):
    """In the virtual environment, on the network that the wheel has brought along; best.json."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VBQ", "PYTHONPATH")}
    environment.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    assert "vbq 0." in run(tools / "vbq", "--version", environment=environment)
    digits = next(tools.parent.glob("lib/python*/site-packages/vbq/share/vbq/jobs/digits"))
    found = run(tools / "python", "-c", USE, digits, folder, ranks, environment=environment)
    return pathlib.Path(found.strip()).read_bytes()


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.chdir(folder)
        wheel = make(build, folder)
        print(f"{wheel.stat().st_size:,} {wheel.name}")
        fresh = venv(folder / "fresh")
        run(fresh / "python", "-m", "pip", "install", "--quiet", "--no-index", wheel, environment=os.environ)
        system = use(fresh, folder / "system", 2)
        venv(folder / "fresh", f"{wheel}[mpi]")
        assert (fresh.parent / "lib/libmpi.so.40").exists()
        assert use(fresh, folder / "alone", 1) == use(fresh, folder / "ranks", 3) == system


if __name__ == "__main__":
    main()
