#!/usr/bin/env python3
"""The Python module, on a program that was built: what it gives, and what it says of what goes wrong.

  module.py VBQ SOURCE    VBQ: the program; SOURCE: vbq's root folder
"""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(sys.argv[2]).resolve()
DIGITS = SOURCE / "jobs/digits"
sys.path.insert(0, str(SOURCE / "src/python"))
sys.dont_write_bytecode = True
import vbq  # noqa: E402

IMAGES = DIGITS / "digits_test.h5"
SMALL = {"search.generations": 1, "search.population": 4, "format.matching_images": 20}


@contextlib.contextmanager
def refused(part, exit_code, kind=vbq.Error):
    try:
        yield
    except kind as error:
        assert part in str(error) and "\n" not in str(error) and error.exit_code == exit_code, (error, error.exit_code)
    else:
        raise AssertionError(f"an error with {part!r} was expected")


def results(folder):
    found = vbq.quantise(DIGITS / "digits.onnx", IMAGES, bits=2, output=folder / "one", set=SMALL, quiet=True)
    assert found.summary == json.loads((folder / "one/summary.json").read_text()) and found.summary["levels"] <= 4
    assert found.summary["quantised"]["held_out"]["top1"]["percent"] > 50 and found.front is None
    for path, name in ((found.best_json, "best.json"), (found.best_onnx, "best.onnx"), (found.report, "report.html"), (found.job, "job.toml")):
        assert path == folder / "one" / name and path.is_file(), path
    again = vbq.quantise(str(DIGITS / "digits.onnx"), [IMAGES], bits=2, output=str(folder / "two"), ranks=3, set=SMALL, quiet=True)
    assert again.summary["ranks"] == 3 and again.best_json.read_bytes() == found.best_json.read_bytes()
    front = vbq.quantise(DIGITS / "digits.onnx", IMAGES, front=True, output=folder / "front",
                         set={**SMALL, "format.budget": ["1.5 bits", "2.5 bits"], "format.delivery_images": 20}, log="warning")
    assert front.front.read_text().startswith("point,") and front.best_json.is_file()


def other_commands(folder):
    scored = vbq.run("evaluate", network=folder / "one/best.onnx", data=IMAGES, images="0:100", label_offset=0, quiet=None)
    assert scored["images"] == 100 and scored["top1"]["correct"] > 50, scored
    assert "--bits" in vbq.run("quantise", help=True)


def errors(folder):
    with refused("nosuch.onnx does not exist", 1):
        vbq.quantise("nosuch.onnx", IMAGES, quiet=True)
    with refused("nosuch.onnx does not exist", 1):
        vbq.quantise("nosuch.onnx", IMAGES, ranks=2, quiet=True)
    with refused("--colour is not an option of vbq quantise", 1):
        vbq.quantise(DIGITS / "digits.onnx", IMAGES, colour="red")
    with refused("--mean", 1):  # a dataset file has its own
        vbq.quantise(DIGITS / "digits.onnx", IMAGES, mean=(0.5, 0.25), output=folder / "mean", quiet=True)
    with refused("already holds a run", 1):
        vbq.quantise(DIGITS / "digits.onnx", IMAGES, output=folder / "one", quiet=True)
    for script, part in (("exit 3", "ended with 3"), ("kill -9 $$", "ended with -9"), ("exit 127", "Open MPI")):
        (folder / "fake").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "fake").chmod(0o755)
        with environment(VBQ=str(folder / "fake")), refused(part, {"exit 3": 3, "exit 127": 127}.get(script, -9)):
            vbq.run("info")
    (folder / "fake").write_text("#!/bin/sh\necho 'UCX {ERROR} before'\necho '{\n\"images\": 5}'\necho behind\n")
    with environment(VBQ=str(folder / "fake")):
        assert vbq.run("evaluate") == {"images": 5}
    with environment(VBQ=str(folder / "nosuch")), refused("nosuch cannot be run", 127):
        vbq.run("info")
    with environment(VBQ="", PATH="/nowhere"), refused("vbq is not there", 127):
        vbq.program()


@contextlib.contextmanager
def environment(**values):
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def wait_for_checkpoint(folder, others=()):
    """One that is not among the others."""
    for _ in range(1200):
        found = {path.name for path in folder.glob("checkpoint-*.h5")}
        if found - set(others):
            return found
        time.sleep(0.05)
    raise AssertionError(f"a checkpoint was expected in {folder}")


def stops(folder):
    """A signal to the program, then ctrl-C in the terminal that Python runs in; then to the end."""
    run, digits = folder / "long", str(DIGITS / "digits.onnx")
    words = {"size": "2 bits", "output": str(run), "quiet": True, "set": {**SMALL, "search.generations": 16, "search.population": 8, "run.checkpoint": 1}}

    def stop():
        wait_for_checkpoint(run)
        subprocess.run(["pkill", "-TERM", "--parent", str(os.getpid()), "vbq"], check=True)

    threading.Thread(target=stop).start()
    with refused("goes on", 75, vbq.Stopped):
        vbq.quantise(digits, IMAGES, **words)

    before = wait_for_checkpoint(run)
    call = f"import sys; sys.path.insert(0, {str(SOURCE / 'src/python')!r}); import vbq; vbq.quantise({digits!r}, {str(IMAGES)!r}, **{words!r})"
    interrupted = subprocess.Popen([sys.executable, "-B", "-c", call], start_new_session=True, stderr=subprocess.PIPE, text=True)
    after = wait_for_checkpoint(run, before)
    os.killpg(interrupted.pid, signal.SIGINT)
    said = interrupted.communicate()[1]
    assert "KeyboardInterrupt" in said and not (run / "summary.json").exists(), said
    assert wait_for_checkpoint(run) >= after - before, "what was stopped has kept its checkpoint"
    assert vbq.quantise(digits, IMAGES, **words).summary["generations"] == 16


def main():
    os.environ.update(VBQ=str(pathlib.Path(sys.argv[1]).resolve()), OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.chdir(folder)
        results(folder)
        other_commands(folder)
        errors(folder)
        stops(folder)
    print("results, other commands, errors and stops: as they should be")


if __name__ == "__main__":
    main()
