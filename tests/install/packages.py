#!/usr/bin/env python3
"""What cpack makes of a build: Debian packages and a tarball.

  packages.py BUILD    BUILD: a build folder, whose `vbq` is built

Looks into them, and runs the tarball's program from another folder. Exit code 77 (skipped) where what packs them is not there.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

MPI = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
PROGRAM = "bin/vbq share/man/man1/vbq.1 share/man/man1/vbq-quantise.1 share/bash-completion/completions/vbq share/zsh/site-functions/_vbq " \
          "share/doc/vbq/copyright share/doc/vbq/README.md share/doc/vbq/docs/reference.md share/vbq/jobs/common/search.sh " \
          "share/vbq/jobs/digits/digits.onnx share/vbq/jobs/digits/digits_test.h5 share/vbq/jobs/digits/search.toml".split()
# Left to the machine, and carried, whatever else is.
LEFT = r"(libmpi|libopen-[^.]*|libstdc\+\+|libgcc_s|libc|libm|libz|libresolv|libcuda|libcudnn|ld-linux.*)\.so"
CARRIED = "libdnnl libhdf5_serial libboost_serialization libonnx_proto libprotobuf libjpeg libpng16 libzstd libgomp".split()
# A search of a minute's fraction, in whatever root: prints the summary.
SEARCH = "--set search.generations=1 --set search.population=4 --set data.search=200 --json --log warning".split()


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def run(*command, environment=None, folder=None):
    words = [str(word) for word in command]
    done = subprocess.run(words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def pack(build, folder):
    """{name's beginning: file} of all packages."""
    for tool, package in (("dpkg-shlibdeps", "dpkg-dev"), ("dpkg-deb", "dpkg"), ("file", "file")):
        if not shutil.which(tool):
            skip(f"{tool} is not there (Debian's package {package})")
    run("cpack", "--config", build / "CPackConfig.cmake", "-B", folder)
    made = {re.split("[_-][0-9]", path.name)[0] + path.suffix: path for path in folder.iterdir() if path.is_file()}
    assert sorted(made) == ["libvbq-dev.deb", "vbq.deb", "vbq.gz"], sorted(made)
    return made


def fields(deb):
    return dict(re.findall(r"^ *([A-Z][A-Za-z-]*): (.*)$", run("dpkg-deb", "--info", deb), re.MULTILINE))


def names(deb):
    return {line.split()[5].removeprefix("./usr/") for line in run("dpkg-deb", "--contents", deb).splitlines()}


def check_debs(made, source):
    told, inside = fields(made["vbq.deb"]), names(made["vbq.deb"])
    assert told["Package"] == "vbq" and told["Section"] == "science" and told["Maintainer"] == "vbq developers", told
    for needed in ("libopenmpi3", "openmpi-bin", "libc6", "libstdc++6", "libdnnl2", "libhdf5-103-1", "libonnx1"):
        assert re.search(rf"(^|, ){re.escape(needed)}( |,|$)", told["Depends"]), (needed, told["Depends"])
    for name in PROGRAM:
        assert name in inside, name
    assert not [name for name in inside if re.search(r"\.so|\.a$|/include/|jobs/.*/runs|run\.sh", name)], inside
    told, inside = fields(made["libvbq-dev.deb"]), names(made["libvbq-dev.deb"])
    assert told["Section"] == "libdevel" and "libonnx-dev" in told["Depends"], told
    headers = {f"include/vbq/{path.name}" for path in (source / "include/vbq").iterdir()}
    assert headers | {"lib/cmake/vbq/vbqConfig.cmake", "lib/vbq/libvbq_core.a"} <= inside, inside


def search(program, jobs, folder, *launch):
    """One generation on the built-in network: its summary."""
    summary = json.loads(run(*launch, program, "search", jobs / "digits/search.toml", "--run", folder, *SEARCH, environment=dict(os.environ, **MPI)))
    held_out = summary["quantised"]["held_out"]
    assert held_out["images"] == 597 and held_out["top1"]["correct"] > 500, held_out
    return summary


def unpack(made, folder):
    """Where the tarball's program is, moved to a folder with a blank in its name."""
    folder.mkdir()
    run("tar", "--extract", "--file", made["vbq.gz"], "--directory", folder)
    top = list(folder.iterdir())
    assert len(top) == 1, top
    return top[0].rename(folder / "elsewhere, moved")


def check_tarball(made, folder):
    top = unpack(made, folder / "tarball")
    assert not (top / "include").exists()
    for name in PROGRAM:
        assert (top / name).is_file(), name
    carried = {path.name.split(".so")[0] for path in (top / "lib/vbq").iterdir()}
    assert set(CARRIED) <= carried, set(CARRIED) - carried
    for library in (top / "lib/vbq").iterdir():
        assert not re.match(LEFT, library.name), library
    assert len(list((top / "share/doc/vbq/carried").iterdir())) >= len(CARRIED)
    for name, where in re.findall(r"^\t(\S+) => (.*) \(0x", run("ldd", top / "bin/vbq"), re.MULTILINE):
        ours = pathlib.Path(where).resolve().parent == (top / "lib/vbq").resolve()
        # What MPI's library needs for itself is the machine's, where we do not carry the same.
        assert ours == (top / "lib/vbq" / name).exists(), (name, where)
    run(top / "bin/vbq", "info")
    (folder / "vbq").symlink_to(top / "bin/vbq")  # as one would put it in the PATH
    alone = search(folder / "vbq", top / "share/vbq/jobs", folder / "run")
    assert alone["engine"] in ("cpu", "cuda"), alone


def main():
    build, source = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(__file__).resolve().parents[2]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made = pack(build, folder / "packages")
        print("\n".join(f"{path.stat().st_size:>12,} {path.name}" for path in made.values()))
        check_debs(made, source)
        check_tarball(made, folder)


if __name__ == "__main__":
    main()
