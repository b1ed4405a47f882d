"""Images a second of bench_engine and of onnxruntime, in turn, with the same number of threads.

onnxruntime runs as it does best here: its default (full) graph optimisation, the best batch size of several, and either
one session that uses all threads or one single-threaded session a thread, whichever is faster. Its inputs are ready-made
floats; bench_engine also turns bytes into them and counts its tally.
"""

import sys

sys.path = [p for p in sys.path if not p.endswith("tests/bench")]  # this file has onnxruntime's name

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import threading
import time

import numpy
import onnxruntime

SHARED = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "data"


class Onnxruntime:
    def __init__(self, path, threads, sessions, batch):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads // sessions
        self.sessions = [
            onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]) for _ in range(sessions)
        ]
        self.batch = batch
        self.what = f"{sessions} session(s) of {threads // sessions} thread(s), batch {batch}"
        entry = self.sessions[0].get_inputs()[0]
        self.name = entry.name
        shape = [batch] + list(entry.shape[1:])
        self.input = numpy.random.default_rng(1).standard_normal(shape, dtype=numpy.float32)

    def rate(self, seconds):
        """Images a second over at least `seconds`."""
        done = [0] * len(self.sessions)
        for session in self.sessions:
            session.run(None, {self.name: self.input})
        start = time.perf_counter()

        def work(i):
            while time.perf_counter() - start < seconds:
                self.sessions[i].run(None, {self.name: self.input})
                done[i] += self.batch

        workers = [threading.Thread(target=work, args=(i,)) for i in range(len(self.sessions))]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        return sum(done) / (time.perf_counter() - start)


def best_onnxruntime(path, threads, batches):
    candidates = []
    for sessions in sorted({1, threads}):
        for batch in batches:
            try:
                runner = Onnxruntime(path, threads, sessions, batch)
                rate = max(runner.rate(0.7) for _ in range(2))
            except Exception as error:  # a batch that the network does not take
                print(f"  onnxruntime, batch {batch}: {error}", file=sys.stderr)
                continue
            candidates.append((rate, sessions, batch))
    _, sessions, batch = max(candidates)
    return Onnxruntime(path, threads, sessions, batch)


def ours(program, path, threads, seconds, block):
    command = [program, str(path), "--threads", str(threads), "--block", str(block), "--seconds", str(seconds), "--json", "--tally"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batches", default="1,2,4,8,16,32,64,100", help="onnxruntime's is the best of these")
    parser.add_argument("--block", type=int, default=100, help="images that bench_engine has; few are quicker for large networks")
    args = parser.parse_intermixed_args()
    networks = args.networks or [SHARED / "cifar10/resnet20.onnx", SHARED / "imagenet/squeezenet1_1.onnx"]
    print(f"onnxruntime {onnxruntime.__version__}, {args.threads} threads, {args.pairs} pairs of {args.seconds:g} s")
    medians = []
    for path in map(pathlib.Path, networks):
        if not path.exists():
            print(f"{path.name}: skipped, not there")
            continue
        other = best_onnxruntime(path, args.threads, [int(b) for b in args.batches.split(",")])
        ratios, rates, others, result = [], [], [], {}
        for _ in range(args.pairs):
            result = ours(args.program, path, args.threads, args.seconds, args.block)
            rates.append(result["images_per_second"])
            others.append(other.rate(args.seconds))
            ratios.append(rates[-1] / others[-1])
        print(f"{path.name}: {result['library']} ({result['isa']}); onnxruntime as {other.what}")
        for name, values in (("  vbq        ", rates), ("  onnxruntime", others)):
            print(f"{name} {statistics.median(values):8.1f} images/s   ({', '.join(f'{v:.0f}' for v in values)})")
        medians.append(statistics.median(ratios))
        print(f"  ratio       {statistics.median(ratios):8.2f}            ({', '.join(f'{r:.2f}' for r in ratios)})")
        print(f"  quantise    {result['quantise_ms']:8.3f} ms", flush=True)
    if len(medians) > 1:
        print(f"geometric mean of {len(medians)} ratios: {statistics.geometric_mean(medians):.2f}, least {min(medians):.2f}")


if __name__ == "__main__":
    main()
