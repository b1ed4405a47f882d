"""Images a second of bench_engine and of a rival, in turn, on the same cores with the same number of threads.

    inference.py BUILD [--rival onnxruntime|openvino|torch] [NETWORK.onnx...]     (inference.sh makes what it needs)

A rival computes in FP32 and runs as it does best here: the best batch size of several (--batches), and
  onnxruntime  its default (full) graph optimisation; one session that uses all threads or one single-threaded session a thread
  openvino     compiled for throughput, as many requests in flight as it asks for
  torch        torch.compile of the network, weights frozen into it, channels last; one process that uses all threads or one single-threaded
               process a thread
whichever is faster. Its inputs are ready-made floats; bench_engine also turns bytes into them and counts its tally. Outputs are compared
first, with those of `vbq infer`, to 1e-4 of the largest."""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy

SHARED = pathlib.Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TOLERANCE = 1e-4


class Onnxruntime:
    batches = "1,2,4,8,16,32,64,100"
    split = True  # among sessions, a thread each

    def __init__(self, path, threads, workers, batch, shape):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads // workers
        self.sessions = [onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]) for _ in range(workers)]
        self.name, self.batch, self.input = self.sessions[0].get_inputs()[0].name, batch, images(batch, shape)
        self.what = f"onnxruntime {onnxruntime.__version__}, {workers} session(s) of {threads // workers} thread(s), batch {batch}"

    def outputs(self):
        return self.sessions[0].run(None, {self.name: self.input})[0]

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

    def close(self):
        pass


class Openvino:
    batches = "1,2,4,8,16,32,64,100"
    split = False  # how many streams share the threads is its own affair

    def __init__(self, path, threads, workers, batch, shape):
        import openvino
        core = openvino.Core()
        model = core.read_model(path)
        model.reshape([batch, *shape])
        self.model = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_PRECISION_HINT": "f32",
                                                       "INFERENCE_NUM_THREADS": threads})
        self.queue = openvino.AsyncInferQueue(self.model)  # as many requests as it asks for
        self.batch, self.input = batch, images(batch, shape)
        self.what = (f"OpenVINO {openvino.__version__.split('-')[0]}, {self.model.get_property('NUM_STREAMS')} stream(s), "
                     f"{len(self.queue)} request(s), batch {batch}")

    def outputs(self):
        return self.model(self.input)[0]

    def rate(self, seconds):
        for _ in range(len(self.queue)):
            self.queue.start_async([self.input], share_inputs=True)
        self.queue.wait_all()
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            self.queue.start_async([self.input], share_inputs=True)
            done += self.batch
        self.queue.wait_all()
        return done / (time.perf_counter() - start)

    def close(self):
        pass


def torch_worker(path, threads, batch, shape, pipe):
    """In a process of its own: compiles, then answers seconds with images a second, and "outputs" with outputs."""
    import torch
    import torch._inductor.config
    from torch.fx.experimental.proxy_tensor import make_fx
    from deap_network import Network
    torch.set_num_threads(threads)
    torch._inductor.config.freezing = True  # weights are constants: laid out for oneDNN once
    x = torch.from_numpy(images(batch, shape)).contiguous(memory_format=torch.channels_last)
    try:
        with torch.no_grad():
            network = torch.compile(make_fx(Network(path))(x), fullgraph=True)
            network(x)
            pipe.send(torch.__version__)
            while (asked := pipe.recv()) is not None:
                if asked == "outputs":
                    pipe.send(network(x).numpy())
                    continue
                done, start = 0, time.perf_counter()
                while time.perf_counter() - start < asked:
                    network(x)
                    done += batch
                pipe.send(done / (time.perf_counter() - start))
    except Exception as error:  # a sentence for the other side, which waits
        pipe.send(error if isinstance(error, ValueError) else ValueError(f"{type(error).__name__}: {str(error).splitlines()[0]}"))


class Torch:
    batches = "4,16,64"  # each is compiled, for half a minute
    split = True

    def __init__(self, path, threads, workers, batch, shape):
        context = multiprocessing.get_context("spawn")
        pairs = [context.Pipe() for _ in range(workers)]
        self.pipes = [mine for mine, _ in pairs]
        self.workers = [context.Process(target=torch_worker, args=(path, threads // workers, batch, shape, theirs), daemon=True) for _, theirs in pairs]
        for worker in self.workers:
            worker.start()
        version = [self.answer(pipe) for pipe in self.pipes][0]
        self.what = f"PyTorch {version} compiled, {workers} process(es) of {threads // workers} thread(s), batch {batch}"

    def answer(self, pipe):
        answer = pipe.recv()
        if isinstance(answer, Exception):
            self.close()
            raise answer
        return answer

    def outputs(self):
        self.pipes[0].send("outputs")
        return self.answer(self.pipes[0])

    def rate(self, seconds):
        for pipe in self.pipes:
            pipe.send(seconds)
        return sum(self.answer(pipe) for pipe in self.pipes)

    def close(self):
        for worker in self.workers:
            worker.terminate()
            worker.join()


RIVALS = {"onnxruntime": Onnxruntime, "openvino": Openvino, "torch": Torch}


def images(batch, shape):
    return numpy.random.default_rng(1).standard_normal((batch, *shape), dtype=numpy.float32)


def best(rival, path, options, shape):
    """The rival as it is fastest; of each way to run it that it can, a try."""
    found = None
    for workers in sorted({1, options.threads}) if RIVALS[rival].split else [1]:
        for batch in map(int, (options.batches or RIVALS[rival].batches).split(",")):
            try:
                runner = RIVALS[rival](path, options.threads, workers, batch, shape)
                try:
                    rate = max(runner.rate(0.7) for _ in range(2))
                finally:
                    runner.close()
            except Exception as error:  # a way that this rival or this network does not take
                print(f"  {rival}, {workers} worker(s), batch {batch}: {error}", file=sys.stderr)
                continue
            found = max(found or (0,), (rate, workers, batch))
    if found is None:
        sys.exit(f"inference.py: {rival} cannot run {path}")
    return RIVALS[rival](path, options.threads, *found[1:], shape)


def difference(build, path, runner, shape):
    """Between the rival's outputs and vbq's, over the largest output."""
    with tempfile.TemporaryDirectory() as folder:
        x, y = pathlib.Path(folder, "x.npy"), pathlib.Path(folder, "y.npy")
        theirs = runner.outputs()
        numpy.save(x, images(len(theirs), shape))
        subprocess.run([build / "bin" / "vbq", "infer", "--network", path, "--input", x, "--output", y, "--log", "error"], check=True)
        ours = numpy.load(y)
        return float(abs(ours - theirs.reshape(ours.shape)).max() / abs(ours).max())


def ours(build, path, options):
    command = [build / "bin" / "bench_engine", path, "--threads", options.threads, "--block", options.block, "--seconds", options.seconds]
    return json.loads(subprocess.run([str(word) for word in [*command, "--json", "--tally"]], check=True, capture_output=True, text=True).stdout)


def input_of(build, path):
    """Extents of an image, as vbq tells them."""
    told = json.loads(subprocess.run([build / "bin" / "vbq", "info", path, "--json"], check=True, capture_output=True, text=True).stdout)
    if told["file_layout"] != "nchw":
        sys.exit(f"inference.py: {path.name} takes images with channels last, which no rival is given here")
    return told["input"]


def compare(path, options):
    shape = input_of(options.build, path)
    other = best(options.rival, path, options, shape)
    off = difference(options.build, path, other, shape)
    if not off <= TOLERANCE:
        sys.exit(f"inference.py: {path.name}: {options.rival}'s outputs are {off:.1e} of the largest away from vbq's, {TOLERANCE:.0e} are allowed")
    ratios, rates, others, result = [], [], [], {}
    for _ in range(options.pairs):
        result = ours(options.build, path, options)
        rates.append(result["images_per_second"])
        others.append(other.rate(options.seconds))
        ratios.append(rates[-1] / others[-1])
    other.close()
    print(f"{path.name}: {result['library']} ({result['isa']}); {other.what}; outputs {off:.1e} of the largest apart")
    for name, values in (("vbq", rates), (options.rival, others)):
        print(f"  {name:11} {statistics.median(values):8.1f} images/s   ({', '.join(f'{v:.0f}' for v in values)})")
    print(f"  ratio       {statistics.median(ratios):8.2f}            ({', '.join(f'{r:.2f}' for r in ratios)})")
    print(f"  quantise    {result['quantise_ms']:8.3f} ms", flush=True)
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival", choices=list(RIVALS), default="onnxruntime")
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("networks", nargs="*", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batches", help="the rival's is the best of these; some powers of two unless told otherwise")
    parser.add_argument("--block", type=int, default=100, help="images that bench_engine has; few are quicker for large networks")
    options = parser.parse_intermixed_args()
    networks = options.networks or [SHARED / "cifar10/resnet20.onnx", SHARED / "imagenet/squeezenet1_1.onnx"]
    print(f"{options.rival}, {options.threads} threads, {options.pairs} pairs of {options.seconds:g} s")
    medians = []
    for path in networks:
        if not path.exists():
            print(f"{path.name}: skipped, not there")
            continue
        medians.append(compare(path, options))
    if len(medians) > 1:
        print(f"geometric mean of {len(medians)} ratios: {statistics.geometric_mean(medians):.2f}, least {min(medians):.2f}")


if __name__ == "__main__":
    main()
