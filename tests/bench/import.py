#!/usr/bin/env python3
"""Memory and speed of importing as many photos as ImageNet has: a list of N lines over the photos of a folder, again and again.

    tests/bench/import.py VBQ PHOTOS [--images 1281167] [--resize 32x32] [--keep FILE.h5]

Prints images a second, the dataset's size and the largest resident set of the import. The reader caches nothing between lines, so
that a photo that comes again is decoded again."""
import argparse
import pathlib
import resource
import subprocess
import tempfile
import time


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("--images", type=int, default=1_281_167)
    parser.add_argument("--resize", default="32x32")
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args()
    photos = sorted(p.relative_to(options.photos) for p in options.photos.rglob("*") if p.suffix in (".jpg", ".jpeg", ".png"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with open(folder / "list", "w") as file:
            for k in range(options.images):
                file.write(f"{photos[k % len(photos)]},{k % 1000}\n")
        output = options.keep or folder / "data.h5"
        start = time.monotonic()
        subprocess.run([options.vbq, "data", "import", "list", folder / "list", "--root", options.photos, "--output", output,
                        "--resize", options.resize], check=True)
        seconds = time.monotonic() - start
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"{options.images:,} images in {seconds:.0f} s, {options.images / seconds:,.0f} images/s, "
              f"{output.stat().st_size / 2 ** 20:,.0f} MiB, largest resident set {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
