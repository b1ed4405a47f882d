#!/usr/bin/env python3
"""Manual pages and completion scripts that the program makes of itself, in the programs that read them.

  manual.py VBQ SOURCE pages|bash|zsh    VBQ: the program; SOURCE: vbq's root folder

Exit code 77 (skipped) where groff, or that shell, is not there.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Asks the function that the script registers for what comes next after the words given.
ASK = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p vbq | sed "s/.*-F //; s/ vbq$//"); ' \
      'printf "%s\\n" "${COMPREPLY[@]}"'


def ran(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"manual.py: {' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def needed(tool):
    if not shutil.which(tool):
        print(f"manual.py: {tool} is not there: skipped")
        sys.exit(77)


def check_exit_codes(page, source):
    reference = (source / "docs" / "reference.md").read_text()
    sentence = re.search(r"^Exit codes: (.*?)\. ", reference, re.MULTILINE)[1]
    said = re.findall(r"(?:^|; )(\d+) ", sentence)
    told = re.findall(r"^\.TP\n(\d+)$", page.partition(".SH EXIT STATUS\n")[2], re.MULTILINE)
    assert said == told and "75" in said, (said, told)


def pages(vbq, source, folder):
    needed("groff")
    ran(vbq, "info", "--man", folder / "man1")
    ran(vbq, "info", "--man", folder / "man1")  # again, over those of before
    names = {path.name for path in (folder / "man1").iterdir()}
    for page in ("vbq.1", "vbq-search.1", "vbq-quantise.1", "vbq-data-import.1"):
        assert page in names, names
    for name in sorted(names):
        done = ran("groff", "-man", "-Tascii", "-P-c", "-ww", folder / "man1" / name)
        assert not done.stderr, f"{name}: {done.stderr}"
        if shutil.which("lexgrog"):  # what `whatis` and `apropos` will find
            assert " - " in ran("lexgrog", folder / "man1" / name).stdout, name
        text = re.sub(r".\x08", "", done.stdout)
        words = {"vbq-data-import.1": ["data", "import"], "vbq.1": []}.get(name, [name[4:-2]])
        assert "Example:" not in text and ":{" not in text, text
        for option in re.findall(r"^  (?:-\w,)?(--[a-z-]+)", ran(vbq, *words, "--help").stdout, re.MULTILINE):
            assert re.search(rf"^ +(-\w, )?{option}\b", text, re.MULTILINE), f"{name} lacks {option}:\n{text}"
    whole = (folder / "man1" / "vbq.1").read_text()
    for key in json.loads(ran(vbq, "info", "--keys", "--json").stdout)["keys"]:
        assert f"\\fB{key['key']}\\fR" in whole, key
    check_exit_codes(whole, source)
    print(f"{len(names)} pages, without a warning")


def bash(vbq, _, folder):
    needed("bash")
    script = folder / "vbq.bash"
    script.write_text(ran(vbq, "info", "--completion", "bash").stdout)
    ran("bash", "-n", script)
    keys = [row["key"] + "=" for row in json.loads(ran(vbq, "info", "--keys", "--json").stdout)["keys"]]
    for words, expected in (
            (["se"], ["search", "sensitivity"]),
            (["--v"], ["--version"]),
            (["data", ""], ["import"]),
            (["data", "import", "npy", "--sk"], ["--skip-bad"]),
            (["search", "job.toml", "--re"], ["--resume"]),
            (["search", "--set", ""], keys),
            (["search", "--set", "search.see"], ["search.seed="]),
            (["search", "--set", "format.matching", "="], ["never", "end", "always"]),
            (["search", "--set", "format.matching", "=", "al"], ["always"]),
            (["search", "--set", "search.seed", "=", ""], []),  # files are bash's own business
            (["evaluate", "--network", ""], []),
            (["quantise", ""], [])):
        found = [line for line in ran("bash", "-c", ASK, "ask", script, "vbq", *words).stdout.splitlines() if line]
        assert found == expected, f"vbq {' '.join(words)}: {found}, where {expected} was expected"


def zsh(vbq, _, folder):
    needed("zsh")
    script = folder / "_vbq"
    script.write_text(ran(vbq, "info", "--completion", "zsh").stdout)
    ran("zsh", "-n", script)
    assert script.read_text().startswith("#compdef vbq\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as root:
        {"pages": pages, "bash": bash, "zsh": zsh}[sys.argv[3]](sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(root))
