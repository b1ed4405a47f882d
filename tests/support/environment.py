"""A Python virtual environment for the tests that need packages: made where it is missing, entered, or the test skipped."""
import pathlib
import subprocess
import sys

SKIPPED = 77  # CTest's SKIP_RETURN_CODE here


def run(*command):
    """What a command prints; the test ends where it fails."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def install(folder, packages, check):
    """The Python of the virtual environment `folder`, which is made where it is missing; the packages are installed where
    check(python) is false. The test is skipped where that cannot be."""
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        if not check(python):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, capture_output=True, timeout=300)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"skipped: {', '.join(packages)} cannot be installed: {error}")
        sys.exit(SKIPPED)
    return python


def enter(folder, packages):
    """Goes on in the virtual environment `folder` with these packages; never returns where it had to be entered.

    A package whose module is called otherwise is named `package:module`."""
    modules = [package.split(":")[-1] for package in packages]
    folder = pathlib.Path(folder).resolve()
    if pathlib.Path(sys.prefix) == folder:
        return

    def check(python):
        return subprocess.run([python, "-c", f"import {', '.join(modules)}"], capture_output=True).returncode == 0

    python = install(folder, [package.split(":")[0] for package in packages], check)
    sys.exit(subprocess.run([python, *sys.argv]).returncode)
