#!/usr/bin/env python3
"""docs/reference.md and the program name the same keys, commands, options, exit codes and files of a run's folder; README.md and
docs/start.md name no option that there is not.

  reference.py VBQ SOURCE [--write]    VBQ: the program; SOURCE: vbq's root folder; --write: makes the table of keys anew
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
# Those of other programs that the reference names.
OTHERS = {"--with-ft", "--install", "--allow-run-as-root"}


def printed(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout


def commands_of(vbq, words=()):
    """{"data import": its options, ...}, of every command that has none below it; "" is vbq itself."""
    help_text = printed(vbq, *words, "--help")
    options = set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", help_text, re.MULTILINE))
    below = re.findall(r"^  ([a-z]+) ", help_text.partition("Subcommands:\n")[2], re.MULTILINE)
    commands = {} if words and below else {" ".join(words): options}
    for word in below:
        commands.update(commands_of(vbq, (*words, word)))
    return commands


def code_in(text):
    """What stands between backticks, and indented or fenced lines; a table's \\| is a bar."""
    text = text.replace("\\|", "|")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    text = re.sub(r"^```\w*\n.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^    (.+)", text, re.MULTILINE),
            *(line for block in fenced for line in block.splitlines())]


def options_faults(name, text, commands):
    """Options in a document that there are not: of the command before them; of any where they stand alone in the reference."""
    faults, all_options = [], set().union(*commands.values())
    for code in code_in(text):
        _, vbq, line = code.rpartition("vbq ")
        if not vbq and name != "docs/reference.md":  # another program's command
            continue
        known = [command for command in commands if command and re.match(command + r"\b", line)] if vbq else []
        options = commands[known[0]] if known else all_options
        for option in OPTION.findall(re.split(r"(?<!\w)#|&&", line)[0] if vbq else code):
            if option not in options | OTHERS:
                faults.append(f"{name}: {option} of `{code}` is no option of vbq {known[0] if known else ''}")
    return faults


KEYS_HEAD = "\n| key | default | meaning |\n|---|---|---|\n"


def keys_rows(keys):
    """The reference's table of keys as the program's own table has it."""
    def code(text):
        return re.sub(r'"[^"]*"|\[\]|\b(?:true|false)\b|\b[a-z]+_[a-z]+\b', lambda found: f"`{found[0]}`", text)
    return "".join(f"| `{row['key']}` | {code(row['default'])} | {row['details'] or row['meaning']} |\n" for row in keys)


def with_keys(reference, keys):
    """The reference with this table in the place of its own."""
    before, head, rest = reference.partition(KEYS_HEAD)
    assert head, "docs/reference.md has no table of keys"
    return before + head + keys_rows(keys) + "\n" + rest.partition("\n\n")[2]


def exit_code_faults(vbq, reference):
    """The codes that the reference lists are those of the manual page."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([vbq, "info", "--man", folder], check=True, stdout=subprocess.DEVNULL)
        page = (pathlib.Path(folder) / "vbq.1").read_text()
    listed = re.findall(r"(?:^|; )(\d+) ", re.search(r"^Exit codes: (.*)$", reference, re.MULTILINE)[1])
    known = re.findall(r"^\.TP\n(\d+)$", page.partition(".SH EXIT STATUS\n")[2], re.MULTILINE)
    return [] if listed == known else [f"docs/reference.md: exit codes {listed}, the manual page has {known}"]


# Two small runs that leave every file which a machine without a GPU can.
RUNS = {"compensated": ["search.toml", "format.assignment=compensated"],
        "front": ["budget.toml", "format.encoding=values", "format.levels=8", 'format.budget=["1.5 bits","3 bits"]']}
ELSEWHERE = {"kernels.h5"}  # with a GPU


def file_faults(vbq, source, reference):
    """Every file that a run leaves is named in the table of a run's folder, and the other way round."""
    table = reference.partition("\n## A run's folder\n")[2].partition("\n\n**")[0]
    names = [name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)]
    patterns = {name: re.compile(re.escape(name).replace(r"\*", r"\d+").replace("NN", r"\d+")) for name in names}
    found, faults = set(), []
    with tempfile.TemporaryDirectory() as folder:
        for name, (job, *keys) in RUNS.items():
            run = pathlib.Path(folder) / name
            settings = [*keys, "search.generations=1", "search.population=12", "format.matching_images=50", "data.search=600"]
            subprocess.run([vbq, "search", source / "jobs/digits" / job, "--run", run, "--quiet",
                            *(word for key in settings for word in ("--set", key))], check=True, stdout=subprocess.DEVNULL)
            for file in (path for path in run.rglob("*") if path.is_file() and path.name != ".lock"):
                of = [name for name, pattern in patterns.items() if pattern.fullmatch(str(file.relative_to(run)))]
                found.update(of)
                faults += [] if of else [f"docs/reference.md: file {file.relative_to(run)} of a run's folder is missing"]
    assert len(names) > 10, names
    return faults + [f"docs/reference.md: no run leaves {name}" for name in names if name not in found | ELSEWHERE]


def main():
    vbq, source = sys.argv[1], pathlib.Path(sys.argv[2])
    pages = {name: (source / name).read_text() for name in ("docs/reference.md", "docs/start.md", "README.md")}
    reference = pages["docs/reference.md"]
    commands = commands_of(vbq)
    keys = json.loads(printed(vbq, "info", "--keys", "--json"))["keys"]
    assert len(commands) > 9 and len(keys) > 40 and "--network" in commands["evaluate"], (commands, keys)

    made = with_keys(reference, keys)
    if "--write" in sys.argv:
        (source / "docs/reference.md").write_text(made)
        reference = made
    faults = [] if made == reference else ["docs/reference.md: its table of keys is not the program's: reference.py --write"]
    faults += exit_code_faults(vbq, reference) + file_faults(vbq, source, reference)
    in_code = "\n".join(code_in(reference))
    help_all = printed(vbq, "--help-all")
    for command, options in commands.items():
        if not re.search(rf"\bvbq {command}\b", in_code):
            faults.append(f"docs/reference.md: command vbq {command} is missing")
        faults += [f"docs/reference.md: {option} of vbq {command} is missing" for option in sorted(options)
                   if not re.search(rf"(?<![\w-]){option}(?![\w-])", in_code)]
        faults += [f"vbq --help-all lacks {option} of vbq {command}" for option in sorted(options)
                   if option not in help_all]
    for name, text in pages.items():
        faults += options_faults(name, text, commands)
    print("\n".join(faults) or f"reference.py: {len(keys)} keys, {len(commands)} commands, "
          f"{len(set().union(*commands.values()))} options")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
