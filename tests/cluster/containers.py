#!/usr/bin/env python3
"""The container recipes install the packages of cluster/install-dependencies.sh: all of them and no others.

    containers.py SOURCE_FOLDER
"""
import pathlib
import subprocess
import sys


def packages_of(recipe):
    """The words between `apt-get install` with its options and the end of that command."""
    text = recipe.read_text().replace("\\\n", " ")
    lines = [line.split("apt-get install", 1)[1] for line in text.splitlines() if "apt-get install --yes" in line]
    if len(lines) != 1:
        sys.exit(f"FAILED: {recipe}: one `apt-get install --yes` was expected, {len(lines)} are there")
    return [word for word in lines[0].split("&&")[0].split() if not word.startswith("--")]


def main():
    cluster = pathlib.Path(sys.argv[1]) / "cluster"
    expected = subprocess.run([cluster / "install-dependencies.sh", "--list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    wrong = []
    for recipe in (cluster / "Dockerfile", cluster / "apptainer.def"):
        found = packages_of(recipe)
        wrong += [f"{recipe} lacks {name}" for name in expected if name not in found]
        wrong += [f"{recipe} has {name}, which install-dependencies.sh has not" for name in found if name not in expected]
        wrong += [f"{recipe} has {name} twice" for name in set(found) if found.count(name) > 1]
    if wrong:
        sys.exit("FAILED: " + "; ".join(wrong))
    print(f"{len(expected)} packages in each recipe")


if __name__ == "__main__":
    main()
