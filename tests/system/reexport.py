#!/usr/bin/env python3
"""vbq export of networks that are in its way, and of its own exports: every form on every form, checked by onnx.checker and onnxruntime.

    tests/system/reexport.py VBQ [--venv DIR]

Exit code 77 (skipped) where the environment with onnx, onnxruntime and numpy cannot be had."""
import argparse
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run

FORMS = ["codebook", "packed", "dequantize", "float"]
SETTINGS = ["format.encoding=uniform", "format.symmetric=true", "format.scale=channel", "format.assignment=nearest", "format.matching=never",
            "search.population=4", "search.generations=1", "data.block=20", "data.search=40"]


class Case:
    def __init__(self, vbq, folder, name):
        self.vbq, self.folder, self.name, self.files = vbq, folder / name, name, 0
        self.folder.mkdir()
        self.worst = 0.0

    def search(self, network, images, *more):
        job = self.folder / f"job{self.files}.toml"
        job.write_text(f'[network]\npath = "{network}"\n[data]\npath = "{images}"\n')
        self.files += 1
        sets = [word for value in [*SETTINGS, *more] for word in ("--set", value)]
        run(self.vbq, "search", job, "--run", job.with_suffix(""), "--log", "error", *sets)
        self.check_file(job.with_suffix("") / "best.onnx")
        return job.with_suffix("") / "best.json"

    def export(self, network, best, form):
        out = self.folder / f"{self.files}_{form}.onnx"
        self.files += 1
        run(self.vbq, "export", "--network", network, "--format", best, "--form", form, "--output", out)
        self.check_file(out)
        self.compare(network, best, out)
        return out

    def check_file(self, path):
        import onnx
        import onnx.version_converter
        onnx.checker.check_model(path, full_check=True)
        model = onnx.load(path)
        keys = [entry.key for entry in model.metadata_props]
        defined = [t.name for t in model.graph.initializer] + [o for n in model.graph.node for o in n.output]
        assert len(keys) == len(set(keys)), f"{path}: metadata keys {keys}"
        assert len(defined) == len(set(defined)), f"{path}: names defined twice"
        if model.opset_import[0].version == 8:
            onnx.version_converter.convert_version(model, 13)
        for weight in ("w", "v", "m", "g"):
            assert weight in defined, f"{path}: weight {weight} has lost its name"

    def compare(self, network, best, exported):
        """onnxruntime on the exported file, and vbq on it, give what `vbq infer --format` gives."""
        import numpy
        import onnxruntime
        x = self.folder.parent / "x.npy"
        ours, again = self.folder / "ours.npy", self.folder / "again.npy"
        for old in (ours, again):
            old.unlink(missing_ok=True)
        run(self.vbq, "infer", "--network", network, "--format", best, "--input", x, "--output", ours)
        run(self.vbq, "infer", "--network", exported, "--input", x, "--output", again)
        options = onnxruntime.SessionOptions()  # its own choice, 4, computes DequantizeLinear -> MatMul with activations of 8 bits
        options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
        options.log_severity_level = 3  # initialisers that old files list among the inputs
        session = onnxruntime.InferenceSession(str(exported), options, providers=["CPUExecutionProvider"])
        theirs = session.run(None, {"x": numpy.load(x)})[0]
        wanted = numpy.load(ours)
        for values in (theirs, numpy.load(again)):
            distance = float(abs(values - wanted).max() / abs(wanted).max())
            assert distance < 2e-5, f"{exported}: outputs are {distance:.2g} of the largest away from vbq infer --format"
            self.worst = max(self.worst, distance)
        return theirs


def try_network(case, network, images, opset):
    forms = [form for form in FORMS if opset >= 13 or form != "dequantize"]
    first = case.search(network, images, "format.bits=3", "format.matching=always")
    for before in forms:
        once = case.export(network, first, before)
        second = case.search(once, images, "format.bits=2", "format.matching=end")
        for after in forms:
            case.export(once, second, after)
    names = [layer["name"] for layer in json.loads(first.read_text())["layers"]]
    for before, after in (("codebook", "packed"), ("float", "codebook")):  # two passes over different layers
        half = case.export(network, case.search(network, images, f"network.skip={json.dumps(names[:2])}"), before)
        case.export(half, case.search(half, images, f"network.skip={json.dumps(names[2:])}", "format.bits=2"), after)
    print(f"{case.name}: every form on every form; outputs at most {case.worst:.1e} of the largest apart")


def try_raised(case, network, images):
    """A file in opset 8, written anew in every later one: the same bits from onnxruntime, and what vbq gives."""
    import numpy
    import onnx
    best = case.search(network, images, "format.bits=3")
    x = numpy.load(case.folder.parent / "x.npy")
    for form in ("float", "codebook", "packed"):
        first = None
        for opset in range(8, 29):
            out = case.folder / f"{form}_{opset}.onnx"
            run(case.vbq, "export", "--network", network, "--format", best, "--form", form, "--opset", opset, "--output", out)
            onnx.checker.check_model(out, full_check=True)
            assert onnx.load(out).opset_import[0].version == opset, out
            outputs = case.compare(network, best, out)
            first = outputs if first is None else first
            assert outputs.min() > 1e-6, f"{out}: a class that is next to impossible says little of what the file computes: {outputs}"
            assert numpy.array_equal(outputs, first), f"{out}: outputs are {abs(outputs - first).max():.1e} from those in opset 8"
    print(f"{case.name}: the same in opsets 8 to 28, in {len(x)} images; outputs at most {case.worst:.1e} of the largest apart")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/export-venv"))
    arguments = parser.parse_args()
    environment.enter(arguments.venv, ["onnx", "onnxruntime", "h5py", "numpy"])
    import export_networks
    import numpy
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        images = folder / "images.h5"
        run(arguments.vbq, "data", "import", "npy", *export_networks.images(folder), "--output", images)
        numpy.save(folder / "x.npy", numpy.random.default_rng(5).random((7, 3, 8, 8), dtype=numpy.float32))
        for case, opset, options in (("ir3", 8, {"ir_version": 3, "listed": True}),
                                     ("tangled", 13, {"ir_version": 7, "tangled": True}),
                                     ("int4", 21, {"ir_version": 3, "listed": True})):
            network = export_networks.make(folder / f"{case}.onnx", opset, **options)
            try_network(Case(arguments.vbq, folder, case), network, images, opset)
        try_raised(Case(arguments.vbq, folder, "raised"), export_networks.old(folder / "raised.onnx"), images)


if __name__ == "__main__":
    main()
