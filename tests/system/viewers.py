#!/usr/bin/env python3
"""What other programs make of vbq's results: pages in Chromium, tables in gnuplot and pandas.

  viewers.py FOLDER make VBQ DIGITS    makes the runs that are looked at: DIGITS is jobs/digits
  viewers.py FOLDER chromium           opens their pages at two widths in both themes: no script error, nothing missing, nothing
                                       cut off, nothing wider than the page
  viewers.py FOLDER gnuplot            reads their tables by the names of columns, and compares numbers
  viewers.py FOLDER pandas VENV        the same, in the virtual environment VENV where this Python has no pandas

Exit code 77 (skipped) where the program is not there, or pandas cannot be installed.
"""
import csv
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from runs import fail

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment

WIDTHS = 390, 1280
THEMES = {"dark": "rgb(20, 24, 29)", "light": "rgb(255, 255, 255)"}  # and each one's background
TIMING = "generation seconds images_per_second quantise inference communication"
WORKERS = "generation worker workers host device making inference waiting"
CLASSES = "class images right_as_trained right_quantised lost gained p taken_for taken_for_images"
TEXT = "network", "host", "device"  # columns of text
TABLES = {  # and their columns, as docs/formats.md and docs/reference.md have them
    "search/history.csv": "generation evaluations best median worst top1 diversity", "search/timing.csv": TIMING,
    "search/classes.csv": CLASSES, "search/workers.csv": WORKERS, "ranks/workers.csv": WORKERS, "front/classes.csv": CLASSES,
    "front/history.csv": "generation evaluations hypervolume networks", "front/timing.csv": TIMING,
    "front/front.csv": "point network budget_bytes bytes_fixed bits_fixed bytes_entropy bits_entropy search validation held_out top1 top1_low top1_high"}
# Pages and the headings that they must have.
PAGES = {
    "search/report.html": ["Accuracy", "Classes", "Layers", "Codebooks", "Search", "Size", "Speed", "Machine", "Job"],
    "ranks/report.html": ["Accuracy", "Classes", "Layers", "Codebooks", "Search", "Size", "Speed", "Machine", "Job"],
    "front/report.html": ["Front", "Accuracy", "Classes", "Layers", "Codebooks", "Search", "Size", "Speed", "Machine", "Job"],
    "compare/report.html": ["Which one?", "Rows"],
    "compare/2bits-search/report.html": ["Accuracy", "Classes", "Baselines", "Layers", "Codebooks", "Search", "Size", "Speed", "Machine",
                                         "Job"],
    "runs.html": ["Sizes", "Rows of compare", "Curves", "Where their jobs differ"],
}
# The charts of workers' time, and the rows in each.
ROWS = {"search/report.html": 1, "ranks/report.html": 3, "front/report.html": 1, "compare/2bits-search/report.html": 1}
# Says what a reader would see of the page that it is in. What scrolls in a box of its own may be wider.
PROBE = """<script>addEventListener("load", () => {
  const wide = [...document.body.querySelectorAll("*")].filter(e => {
    const box = e.getBoundingClientRect();
    return !e.closest(".scroll, pre") && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  });
  console.log("PROBE " + JSON.stringify({
    page: NAME, width: innerWidth, dark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor, scroll: document.documentElement.scrollWidth,
    headings: [...document.querySelectorAll("h2")].map(e => e.textContent),
    drawn: document.querySelectorAll("svg.chart").length,
    rows: document.querySelectorAll("svg[aria-label*=worker] path.inference").length, wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120))}));
});</script>"""


def skip(what):
    print(f"SKIPPED: {what}")
    sys.exit(77)


def make(folder, vbq, digits):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    small = ["--threads", "1", "--log", "error"]
    for change in ("search.generations=2", "search.population=12", "data.search=300", "data.validation=100",
                   "format.matching_images=20", "format.delivery_images=20"):
        small += ["--set", change]
    budget = f"{digits}/budget.toml"
    ranks = ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", "4", vbq]
    environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
    for words in (["search", f"{digits}/search.toml", "--run", "search", *small[:8]],
                  [*ranks, "search", f"{digits}/search.toml", "--run", "ranks", *small[:8]],
                  ["search", budget, "--run", "front", *small, "--set", 'format.budget=["1 bits", "3 bits"]'],
                  ["compare", budget, "--run", "compare", *small, "--set", "format.budget=2 bits", "--set", "search.population=4"],
                  ["report", "compare/2bits-search"], ["report", "search", "front", "compare"]):
        line = words if words[0] == "mpirun" else [vbq, *words]
        done = subprocess.run(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                              check=False, env=environment)
        if done.returncode != 0:
            fail(f"{' '.join(line)}: {done.stderr}")


def look(folder, theme):
    """What each page's probe says, opened in frames of both widths side by side."""
    frames, copies = "", folder / "frames"
    copies.mkdir(exist_ok=True)
    for number, page in enumerate(PAGES):
        probe = PROBE.replace("NAME", json.dumps(page))
        (copies / f"{number}.html").write_text((folder / page).read_text().replace("</body>", probe + "</body>"))
        frames += "".join(f'<iframe src="{number}.html" width="{width}" height="900" style="border:0"></iframe>' for width in WIDTHS)
    (copies / "all.html").write_text(f"<!DOCTYPE html><html style='color-scheme: light dark'><body>{frames}</body></html>")
    words = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0", f"--user-data-dir={copies}/profile",
             f"--blink-settings=preferredColorScheme={0 if theme == 'dark' else 1}", "--window-size=1400,900",
             "--virtual-time-budget=5000", "--dump-dom", (copies / "all.html").as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL)
    console = [found[1] for found in re.finditer(r'CONSOLE[^"]*"(.*)", source: ', done.stderr)]
    probes = [json.loads(line.removeprefix("PROBE ")) for line in console if line.startswith("PROBE ")]
    others = [line for line in console if not line.startswith("PROBE ")]
    if done.returncode != 0 or others:
        fail(f"chromium ended with {done.returncode} and said {others or done.stderr[-2000:]}")
    return probes


def chromium(folder):
    if not shutil.which("chromium"):
        skip("no chromium")
    for page in PAGES:
        text = (folder / page).read_text()
        if re.search(r'(src|href)="(https?:|//)|url\((?!#)|@import|<script', text):
            fail(f"{page} needs a network, or runs a script")
    for theme, background in THEMES.items():
        probes = look(folder, theme)
        seen = {(probe["page"], probe["width"]) for probe in probes}
        if seen != {(page, width) for page in PAGES for width in WIDTHS}:
            fail(f"{theme}: pages seen are {sorted(seen)}")
        for probe in probes:
            where = f"{probe['page']}, {probe['width']} wide, {theme}"
            if probe["dark"] != (theme == "dark") or probe["background"] != background:
                fail(f"{where}: background {probe['background']}")
            if probe["headings"] != PAGES[probe["page"]]:
                fail(f"{where}: headings {probe['headings']}")
            if probe["rows"] != ROWS.get(probe["page"], 0):
                fail(f"{where}: {probe['rows']} workers are drawn")
            if probe["drawn"] == 0:
                fail(f"{where}: no chart")
            if probe["scroll"] > probe["width"] or probe["wide"]:
                fail(f"{where}: {probe['scroll']} wide, by {probe['wide']}")
    print(f"{len(PAGES)} pages at {len(WIDTHS)} widths in {len(THEMES)} themes")


def columns(folder, table):
    """{name: values}, an empty field as None, text as it is."""
    def value(field):
        try:
            return float(field)
        except ValueError:
            return field or None

    with open(folder / table, newline="", encoding="utf-8") as file:
        names, *lines = list(csv.reader(file))
    if names != TABLES[table].split() or not lines:
        fail(f"{table} has the columns {names} and {len(lines)} lines")
    return {name: [value(line[k]) for line in lines] for k, name in enumerate(names)}


def numbers(values):
    return [v for v in values if isinstance(v, float)]


def gnuplot(folder):
    if not shutil.which("gnuplot"):
        skip("no gnuplot")
    for table in TABLES:
        expected = {name: values for name, values in columns(folder, table).items() if numbers(values)}
        script = 'set datafile separator comma columnheaders; set print "-";'
        for name in expected:
            script += f'stats "{table}" using "{name}" nooutput; print sprintf("%d %.10g %.10g", STATS_records, STATS_min, STATS_max);'
        done = subprocess.run(["gnuplot", "-e", script], cwd=folder, capture_output=True, text=True, check=False)
        lines = done.stdout.splitlines()
        if done.returncode != 0 or len(lines) != len(expected):
            fail(f"gnuplot of {table}: {done.stderr}")
        for line, (name, values) in zip(lines, expected.items()):
            count, low, high = map(float, line.split())
            own = numbers(values)
            if count != len(own) or abs(low - min(own)) > 1e-9 * abs(low) or abs(high - max(own)) > 1e-9 * abs(high):
                fail(f"gnuplot finds {line} in {table}, column {name}: {own}")
    print(f"gnuplot reads {len(TABLES)} tables")


def pandas(folder, venv):
    if not importlib.util.find_spec("pandas"):
        environment.enter(venv, ["pandas"])
    import pandas as library  # pylint: disable=import-outside-toplevel
    for table in TABLES:
        frame, expected = library.read_csv(folder / table), columns(folder, table)
        if list(frame.columns) != list(expected):
            fail(f"pandas finds columns {list(frame.columns)} in {table}")
        for name, values in expected.items():
            text = name in TEXT
            if library.api.types.is_numeric_dtype(frame[name]) == text:
                fail(f"pandas finds {frame[name].dtype} in {table}, column {name}")
            if [None if v != v else v for v in frame[name].tolist()] != values:
                fail(f"pandas finds {frame[name].tolist()} in {table}, column {name}: {values}")
    print(f"pandas reads {len(TABLES)} tables")


def main():
    folder, what, *more = sys.argv[1:]
    os.environ["LC_ALL"] = "C.UTF-8"
    {"make": make, "chromium": chromium, "gnuplot": gnuplot, "pandas": pandas}[what](pathlib.Path(folder).resolve(), *more)


if __name__ == "__main__":
    main()
