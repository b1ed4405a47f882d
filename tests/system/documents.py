#!/usr/bin/env python3
"""Documents keep what they promise.

  documents.py links SOURCE            every link of every page leads to a file, and its anchor to a heading
  documents.py commands VBQ SOURCE     runs the `sh` blocks of docs/start.md, docs/deploy.md and README.md's part on one's own network, in an empty folder,
                                       with the built-in example's network and images, and fewer generations
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from runs import fail


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchors(page):
    """As GitHub makes them of headings."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL), flags=re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", text).strip().replace(" ", "-"))
    return found


def links(source):
    count = 0
    pages = [page for page in source.rglob("*.md") if "build" not in page.relative_to(source).parts]
    for page in pages:
        for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path) if path else page
            if not file.exists():
                fail(f"{page.relative_to(source)} links to {target}: there is no such file")
            if anchor and file.suffix == ".md" and anchor not in anchors(file):
                fail(f"{page.relative_to(source)} links to {target}: there is no such heading")
            count += 1
    if len(pages) < 10 or count < 20:
        fail(f"{count} links in {len(pages)} pages: more were expected")
    print(f"{count} links in {len(pages)} pages")


def blocks(page):
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def smaller(text, changes):
    """What makes a page's commands short. Each change must be of something that is there, or the page has moved on."""
    for pattern, by in changes:
        text, count = re.subn(pattern, by, text, flags=re.MULTILINE)
        if count == 0:
            fail(f"nothing matches {pattern!r} any more")
    return text


def run(name, script, folder, environment):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        fail(f"{name}: exit code {done.returncode}\n{script}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def start_page(source, environment):
    text = smaller("\n".join(blocks(source / "docs/start.md")), [(r'^(budget = "1.5 bits")$', r"\1\n[search]\ngenerations = 2"), (r"^search = 1000$", "search = 400")])
    with tempfile.TemporaryDirectory() as folder:
        out = run("docs/start.md", text, folder, environment)
        for made in ("three/best.json", "budget/report.html", "front/front.csv", "front/report.html", "small.onnx"):
            if not (pathlib.Path(folder) / made).is_file():
                fail(f"docs/start.md: {made} was expected")
    if "Top-1 on images that the search never saw" not in out:
        fail(f"docs/start.md: no accuracy was told:\n{out}")


def deploy_page(source, environment):
    text = smaller("\n".join(blocks(source / "docs/deploy.md")), [(r'--size "1.5 bits"', '--size "1.5 bits" --set search.generations=2')])
    with tempfile.TemporaryDirectory() as folder:
        out = run("docs/deploy.md", text, folder, environment)
        for made in ("small/best.onnx", "codebook.onnx", "packed.onnx", "float.onnx"):
            if not (pathlib.Path(folder) / made).is_file():
                fail(f"docs/deploy.md: {made} was expected")
    if len(re.findall(r"^\S+ +\d+ levels, +\d+ weights, first -?[\d.]+$", out, flags=re.MULTILINE)) != 7:
        fail(f"docs/deploy.md: levels.py was to tell seven layers:\n{out}")


def own_network(source, environment):
    readme = (source / "README.md").read_text().split("## Your own network")[1].split("\n## ")[0]
    script = re.search(r"```sh\n(.*?)```", readme, flags=re.DOTALL).group(1)
    script = smaller(script, [(r"^vbq data import cifar10 .* --output (\w+)\.h5$", r'cp "$DIGITS/digits_\1.h5" \1.h5'),
                              (r"^generations = \d+$", "generations = 1"), (r"^search = [12]000$", "search = 400"),
                              (r'^(budget = "1.55 bits") .*$', r"\1\n[search]\ngenerations = 1"), (r"=\[2,3,4\]", "=[3]"),
                              (r"search.generations=10", "search.generations=1")])
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(source / "jobs/digits/digits.onnx", pathlib.Path(folder) / "resnet20.onnx")
        write_npy(pathlib.Path(folder) / "x.npy", environment)
        run("README.md, your own network", script, folder, environment)
        for made in ("runs/first/report.html", "runs/budget/best.json", "runs/front/front.csv", "q.onnx", "y.npy"):
            if not (pathlib.Path(folder) / made).is_file():
                fail(f"README.md, your own network: {made} was expected")


def write_npy(path, environment):
    """An array of zeros of the shape that the built-in network takes."""
    digits = pathlib.Path(environment["DIGITS"]) / "digits.onnx"
    told = subprocess.run(["vbq", "info", str(digits), "--json"], env=environment, capture_output=True, text=True, check=True).stdout
    shape = [1, *map(int, re.search(r'"input":\s*\[([\d,\s]+)\]', told).group(1).split(","))]
    header = str({"descr": "<f4", "fortran_order": False, "shape": tuple(shape)})
    header += " " * ((-len(header) - 11) % 64) + "\n"
    count = 1
    for extent in shape:
        count *= extent
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(4 * count))


def main():
    source = pathlib.Path(sys.argv[-1]).resolve()
    if sys.argv[1] == "links":
        return links(source)
    folder = str(pathlib.Path(sys.argv[2]).resolve().parent)
    environment = dict(os.environ, PATH=folder + os.pathsep + os.environ["PATH"], DIGITS=str(source / "jobs/digits"),
                       OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    start_page(source, environment)
    deploy_page(source, environment)
    own_network(source, environment)
    print("docs/start.md, docs/deploy.md and README.md's own network: all commands end well")
    return None


if __name__ == "__main__":
    main()
