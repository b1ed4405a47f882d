#!/usr/bin/env python3
"""Every form and width of vbq export in the programs that read it: a matrix of passes.

    tests/system/consumers.py VBQ CONSUMER... --digits JOBS/digits [--shared DIR] [--write docs/onnx.md]

CONSUMER: onnxruntime (with onnx.checker), openvino, opencv. Of each network: formats of 1 to 8 bits (noise for images: only what files hold
matters here), one with a codebook for each output, one on an even grid; each exported in every form, and packed in four opsets. A file passes
where its outputs are those of `vbq infer --format` to 2e-5 of the largest; codebook and packed are to give the same bits, too. Form qdq, of
a format with activations of 8 bits, passes at 5e-2: the last bit of a sum may decide for another step (export.py looks at predictions).
--shared: ResNet-20 and SqueezeNet of its data/ as well. --write: the table goes between the marks of that document.

Exit code 77 (skipped) where an environment with these programs cannot be had."""
import argparse
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run

PACKAGES = {"onnxruntime": ["onnxruntime"], "openvino": ["openvino"], "opencv": ["opencv-python-headless:cv2"]}
LEVELS = ["DISABLE_ALL", "ENABLE_BASIC", "ENABLE_EXTENDED", "ENABLE_ALL"]  # of onnxruntime's optimisations
TOLERANCE, ROUNDED = 2e-5, 5e-2
# Form and opset; none: the file's own, which is 13 in all three networks.
FORMS = [("codebook", None), ("packed", None), ("packed", 18), ("packed", 21), ("packed", 25), ("dequantize", None), ("dequantize", 21), ("float", None),
         ("qdq", None), ("qdq", 21)]


class Onnxruntime:
    columns = ["onnx.checker", *(f"onnxruntime {level}" for level in LEVELS)]

    def refuses(self, types, form):
        return False

    def outputs(self, path, images):
        """Of each column: outputs, or why there are none."""
        import onnx
        import onnxruntime
        try:
            onnx.checker.check_model(path, full_check=True)
            yield "onnx.checker", None
        except Exception as error:
            yield "onnx.checker", error
        for level in LEVELS:
            options = onnxruntime.SessionOptions()
            options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_{level}")
            options.log_severity_level = 4
            options.intra_op_num_threads = 1
            options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
            options.add_session_config_entry("session.x64quantprecision", "1")  # without VNNI, sums of int8 products saturate else
            try:
                session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
                yield f"onnxruntime {level}", session.run(None, {session.get_inputs()[0].name: images})[0]
            except Exception as error:
                yield f"onnxruntime {level}", error


class Openvino:
    columns = ["OpenVINO", "OpenVINO IR"]

    def refuses(self, types, form):
        return 25 in types or form == "qdq"  # UINT2; its int8 is another than ONNX's on large networks

    def outputs(self, path, images):
        """Read as it is; and written as IR (weights not made halves, which is save_model's default), and read again."""
        import openvino
        core = openvino.Core()
        exact = {"INFERENCE_PRECISION_HINT": "f32"}
        try:
            model = core.read_model(path)
            yield "OpenVINO", core.compile_model(model, "CPU", exact)(images)[0]
            ir = path.with_suffix(".xml")
            openvino.save_model(core.read_model(path), ir, compress_to_fp16=False)
            self.bytes = ir.with_suffix(".bin").stat().st_size
            yield "OpenVINO IR", core.compile_model(core.read_model(ir), "CPU", exact)(images)[0]
        except Exception as error:
            yield "OpenVINO", error
            yield "OpenVINO IR", error


class Opencv:
    columns = ["OpenCV"]

    def refuses(self, types, form):
        return bool(types & {3, 21, 22, 25})  # INT8, which it takes for activations'; UINT4, INT4, UINT2

    def outputs(self, path, images):
        import cv2
        try:
            network = cv2.dnn.readNetFromONNX(str(path))
            network.setInput(images)
            yield "OpenCV", network.forward()
        except Exception as error:
            yield "OpenCV", error


class Matrix:
    """Passes, and what was seen beside them."""

    def __init__(self):
        self.cells = {}     # (form, opset, column): [passed, tried]
        self.distance = {}  # (form qdq or not, column): the largest difference from vbq, as a share of the largest output
        self.sizes = {}     # (network, bits, ideal): {(form, opset): (bytes, bytes of OpenVINO's IR or none)}
        self.failures = []  # unexpected ones

    def add(self, form, opset, column, passed, distance):
        cell = self.cells.setdefault((form, opset, column), [0, 0])
        cell[0] += passed
        cell[1] += 1
        if passed:
            key = form == "qdq", column
            self.distance[key] = max(self.distance.get(key, 0), distance)


class Network:
    def __init__(self, vbq, path, folder, count):
        import numpy
        import onnx
        self.vbq, self.path, self.folder = vbq, path, folder
        self.folder.mkdir()
        shape = [d.dim_value for d in onnx.load(path).graph.input[0].type.tensor_type.shape.dim][1:]
        draw = numpy.random.default_rng(9)
        numpy.save(folder / "pixels.npy", draw.integers(0, 256, (count, *shape)).astype(numpy.uint8))
        numpy.save(folder / "labels.npy", numpy.arange(count) % 10)
        run(vbq, "data", "import", "npy", folder / "pixels.npy", folder / "labels.npy", "--output", folder / "images.h5")
        self.images = draw.normal(0, 1, (3, *shape)).astype(numpy.float32)
        numpy.save(folder / "x.npy", self.images)

    def format(self, name, *settings):
        job = self.folder / f"{name}.toml"
        job.write_text(f'[network]\npath = "{self.path}"\n[data]\npath = "{self.folder / "images.h5"}"\n')
        quick = ["format.assignment=nearest", "format.matching=never", "search.population=2", "search.generations=1", "data.search=4", "data.block=4"]
        sets = [word for value in [*quick, *settings] for word in ("--set", value)]
        run(self.vbq, "search", job, "--run", job.with_suffix(""), "--log", "error", *sets)
        return job.with_suffix("") / "best.json"

    def wanted(self, best):
        import numpy
        out = best.parent / "y.npy"
        run(self.vbq, "infer", "--network", self.path, "--format", best, "--input", self.folder / "x.npy", "--output", out)
        return numpy.load(out)

    def export(self, best, form, opset):
        out = best.parent / f"{form}_{opset or 'own'}.onnx"
        more = ["--opset", opset] if opset else []
        said = run(self.vbq, "export", "--network", self.path, "--format", best, "--form", form, "--output", out, "--json", *more)
        return out, json.loads(said)

    def check(self, name, best, bits, forms, consumers, matrix):
        import numpy
        import onnx
        wanted = self.wanted(best)
        exact = {}  # column: codebook's outputs
        for form, opset in forms:
            path, said = self.export(best, form, opset)
            types = {tensor.data_type for tensor in onnx.load(path).graph.initializer}
            line = f"{name} {best.parent.name} {form} opset {opset or 'own'}: {said['bytes']} bytes;"
            ir = None
            for consumer in consumers:
                for column, result in consumer.outputs(path, self.images):
                    broken, distance, why = isinstance(result, Exception), 0.0, ""
                    if broken:
                        why = " ".join(str(result).split())[:200]
                    elif result is not None:
                        result = result.reshape(wanted.shape)
                        distance = float(abs(result - wanted).max() / abs(wanted).max())
                        first = exact.setdefault(column, result) if form in ("codebook", "packed") else result
                        broken = not distance <= (ROUNDED if form == "qdq" else TOLERANCE) or not numpy.array_equal(result, first)
                        why = f"{distance:.1e} of the largest away from vbq, {abs(result - first).max():.1e} from form codebook"
                    if column == "OpenVINO IR" and not broken:
                        ir = consumer.bytes
                    matrix.add(form, opset, column, not broken, distance)
                    line += f" {column} {f'FAILS ({why})' if broken else 'passes'};"
                    if broken and not consumer.refuses(types, form):
                        matrix.failures.append(f"{path} {column}: {why}")
            if bits:
                matrix.sizes.setdefault((name, bits, said["weights"] * bits // 8), {})[form, opset] = (said["bytes"], ir)
            print(line, flush=True)


def try_network(name, network, consumers, matrix):
    exact = [one for one in FORMS if one[0] not in ("dequantize", "qdq")]
    for bits in range(1, 9):
        best = network.format(f"{bits}_bits", "format.encoding=values", "format.scale=channel", f"format.levels={2**bits}")
        network.check(name, best, bits, exact, consumers, matrix)
    channels = network.format("channels", "format.encoding=values", "format.scope=channel", "format.bits=3")
    network.check(name, channels, None, exact, consumers, matrix)
    grid = network.format("grid", "format.encoding=uniform", "format.symmetric=true", "format.scale=channel", "format.bits=4")
    network.check(name, grid, None, [one for one in FORMS if one[0] == "dequantize"], consumers, matrix)
    rounded = network.format("rounded", "format.encoding=values", "format.scale=channel", "format.levels=16", "format.level_values=int8",
                             "format.activations=8")
    network.check(name, rounded, None, [one for one in FORMS if one[0] == "qdq"], consumers, matrix)


def near_ideal(matrix):
    """Of large networks, bit planes and all that goes with them (the rest of the file is form float's) are within 8 % of their bits."""
    for (network, bits, ideal), made in matrix.sizes.items():
        weights = 8 * ideal // bits
        beside = made["float", None][0] - 4 * weights
        if weights > 1 << 18 and 2 < bits < 8 and made["packed", 18][0] - beside > 1.08 * ideal:
            matrix.failures.append(f"{network} at {bits} bits: {made['packed', 18][0] - beside} bytes, where weights have {ideal}")


def passes(matrix, columns):
    lines = [f"| form | opset | {' | '.join(columns)} |", f"|---|---|{'---|' * len(columns)}"]
    for form, opset in dict.fromkeys(place[:2] for place in matrix.cells):
        cells = [matrix.cells[form, opset, column] for column in columns]
        text = " | ".join("all" if passed == tried else f"{passed} of {tried}" for passed, tried in cells)
        lines.append(f"| `{form}` | {opset or 'own'} | {text} |")
    for rounded, what in ((False, ""), (True, ", `qdq`")):
        distances = " | ".join(f"{matrix.distance[rounded, column]:.0e}" if matrix.distance.get((rounded, column)) else "" for column in columns)
        lines.append(f"| outputs away from `vbq infer`, of the largest{what} | | {distances} |")
    return "\n".join(lines) + "\n"


def sizes(matrix):
    columns = [one for one in FORMS if one[0] in ("codebook", "packed")]
    heads = [f"{form}, opset {opset}" if opset else form for form, opset in columns]
    lines = [f"| network | bits | weights alone | {' | '.join(heads)} | `.bin` of OpenVINO's IR, from opset 18 |", f"|---|---|---|{'---|' * len(columns)}---|"]
    for (network, bits, ideal), made in matrix.sizes.items():
        ir = made["packed", 18][1]
        lines.append(f"| {network} | {bits} | {ideal:,} | {' | '.join(f'{made[one][0]:,}' for one in columns)} | {f'{ir:,}' if ir else ''} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("consumers", nargs="+", choices=list(PACKAGES))
    parser.add_argument("--digits", type=pathlib.Path, required=True)
    parser.add_argument("--shared", type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/consumers-venv"))
    arguments = parser.parse_args()
    packages = [package for consumer in arguments.consumers for package in PACKAGES[consumer]]
    environment.enter(arguments.venv, ["onnx", "numpy", *packages])
    consumers = [{"onnxruntime": Onnxruntime, "openvino": Openvino, "opencv": Opencv}[name]() for name in arguments.consumers]
    columns = [column for consumer in consumers for column in consumer.columns]
    matrix = Matrix()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try_network("digits", Network(arguments.vbq, arguments.digits.resolve() / "digits.onnx", folder / "digits", 8), consumers, matrix)
        for title, file in (("ResNet-20", "cifar10/resnet20.onnx"), ("SqueezeNet", "imagenet/squeezenet1_1.onnx")):
            path = arguments.shared.resolve() / "data" / file if arguments.shared else None
            if path is None or not path.exists():
                continue
            try_network(title, Network(arguments.vbq, path, folder / path.stem, 8), consumers, matrix)
    near_ideal(matrix)
    text = f"{passes(matrix, columns)}\n{sizes(matrix)}"
    print(text)
    if arguments.write:
        before, rest = arguments.write.read_text().split("<!-- consumers -->\n")
        arguments.write.write_text(f"{before}<!-- consumers -->\n{text}<!-- /consumers -->\n{rest.split('<!-- /consumers -->' + chr(10))[1]}")
    for failure in matrix.failures:
        print(f"unexpected: {failure}", file=sys.stderr)
    sys.exit(1 if matrix.failures else 0)


if __name__ == "__main__":
    main()
