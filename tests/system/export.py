#!/usr/bin/env python3
"""vbq export, checked with onnx.checker and onnxruntime: top-1 of the exported file is our own tally, to the image, in every form.

    tests/system/export.py VBQ NETWORK.onnx DATA.h5 BEST.json...   formats that a search found
    tests/system/export.py VBQ --digits JOBS/digits                short searches on digits first
    --forms codebook,packed,dequantize,float: of a format that a search found; the first, second and last unless told otherwise
    Where activations are rounded, the last bit of a sum may decide for another step, and that spreads. How far, the FP32 forms tell: the
    largest difference of their outputs from ours. Every form is to take 99.9 % of the images for what we do (of few images, all but one), and
    where form qdq does not, our first two outputs are to be a tie: no further apart than twice that.
    --venv DIR: a Python virtual environment with onnx, onnxruntime, h5py and numpy, made where it is missing

Exit code 77 (skipped) where that environment cannot be had."""
import argparse
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run


def read_images(path):
    import h5py
    import numpy
    with h5py.File(path) as file:
        pixels, labels = file["pixels"], file["labels"][:]
        shape = (1, -1, 1, 1)
        mean = pixels.attrs["mean"].reshape(shape)
        std = pixels.attrs["std"].reshape(shape)
        return ((pixels[:].astype(numpy.float32) / 255 - mean) / std).astype(numpy.float32), labels


def outputs_of(network, images):
    import numpy
    import onnx
    import onnxruntime
    onnx.checker.check_model(network, full_check=True)
    options = onnxruntime.SessionOptions()  # its own choice, 4, computes DequantizeLinear -> MatMul with activations of 8 bits
    options.add_session_config_entry("session.qdq_matmulnbits_accuracy_level", "1")
    options.add_session_config_entry("session.x64quantprecision", "1")  # without VNNI, sums of int8 products saturate else
    session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
    name, batch = session.get_inputs()[0].name, session.get_inputs()[0].shape[0]
    step = batch if isinstance(batch, int) else 100
    return numpy.concatenate([session.run(None, {name: images[i:i + step]})[0] for i in range(0, len(images), step)])


def own_outputs(vbq, network, best, images, folder):
    """vbq's own, an image a row."""
    import numpy
    numpy.save(folder / "images.npy", images)
    run(vbq, "infer", "--network", network, "--format", best, "--input", folder / "images.npy", "--output",
        folder / "outputs.npy", "--overwrite")
    return numpy.load(folder / "outputs.npy").reshape(len(images), -1)


def check(vbq, network, data, best, forms, folder):
    """True where every form's top-1 is our tally (of rounded activations, see above: image by image); prints a line a form."""
    import numpy
    images, labels = read_images(data)
    tally = json.loads(run(vbq, "evaluate", "--network", network, "--data", data, "--format", best, "--json"))
    ours = tally["top1"]["correct"]
    rounded = own_outputs(vbq, network, best, images, folder) if "activations" in json.loads(best.read_text()) else None
    good, spread = True, 0.0
    if "qdq" in forms:  # behind one of FP32, which tells how far rounding spreads
        forms = [form for form in forms if form != "qdq"] + ["qdq"]
        forms = ["float", *forms] if len(forms) == 1 else forms
    for form in forms:
        out = folder / f"{form}.onnx"
        size = json.loads(run(vbq, "export", "--network", network, "--format", best, "--form", form, "--output", out,
                              "--overwrite", "--json"))
        logits = outputs_of(out, images).reshape(len(labels), -1)
        theirs = int((logits.argmax(1) == labels).sum())
        ranked = numpy.sort(logits, 1)
        closest = float((ranked[:, -1] - ranked[:, -2]).min())
        print(f"{best.parent.name} {form}: top-1 onnxruntime {theirs}, vbq {ours} of {len(labels)}; {size['bytes']} bytes, "
              f"{100 * size['share']:.1f} % of FP32; closest first two logits {closest:.1e} apart")
        if rounded is None:
            good &= theirs == ours
            continue
        differ = numpy.flatnonzero(logits.argmax(1) != rounded.argmax(1))
        away = float(abs(logits - rounded).max())
        spread = max(spread, away) if form != "qdq" else spread
        own = numpy.sort(rounded[differ], 1)
        apart = float((own[:, -1] - own[:, -2]).max()) if len(differ) else 0.0
        print(f"  {100 - 100 * len(differ) / len(labels):.2f} % of the predictions are vbq's, {len(differ)} are not: vbq's own first two outputs are at most "
              f"{apart:.2g} apart there; outputs differ by up to {away:.2g}, those of FP32 forms by {spread:.2g}")
        good &= len(differ) <= max(1, len(labels) // 1000) and (form != "qdq" or apart <= 2 * spread)
    return good


def uniform(best, folder):
    """The format with levels that are equally spaced around zero, nearest: what form dequantize can hold."""
    found = json.loads(best.read_text())
    found["assignment"] = "nearest"
    for layer in found["layers"]:
        layer.pop("indices", None)
        count = len(layer["levels"])
        step = 2 * max(abs(level) for level in layer["levels"]) / count
        layer["levels"] = [step * (k - count // 2) for k in range(count)]
    folder.mkdir()
    (folder / "best.json").write_text(json.dumps(found))
    return folder / "best.json"


def digits(vbq, job, folder):
    network, data = job / "digits.onnx", job / "digits_test.h5"
    settings = {
        "nearest": ["format.bits=4"],
        "matched": ["format.bits=2", "format.scale=channel", "format.assignment=compensated", "format.matching=always"],
        "channels": ["format.bits=3", "format.scope=channel", "format.biases=true", "format.matching=end"],
        "activations": ["format.bits=4", "format.scale=channel", "format.assignment=compensated", "format.activations=8",
                        "format.level_values=int8"],
    }
    good = True
    for name, values in settings.items():
        sets = [word for value in values + ["search.population=4", "search.generations=1"] for word in ("--set", value)]
        run(vbq, "search", job / "search.toml", "--run", folder / name, "--log", "error", *sets)
        best = folder / name / "best.json"
        forms = ["codebook", "packed", "float"] + (["qdq"] if name == "activations" else [])
        good &= check(vbq, network, data, best, forms, folder)
        if name in ("channels", "activations"):
            continue  # uniform() makes one codebook a layer
        good &= check(vbq, network, data, uniform(best, folder / f"{name}_uniform"), ["dequantize", "codebook"], folder)
    return good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--digits", type=pathlib.Path)
    parser.add_argument("--forms", default="codebook,packed,float")
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/export-venv"))
    arguments = parser.parse_args()
    environment.enter(arguments.venv, ["onnx", "onnxruntime", "h5py", "numpy"])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if arguments.digits:
            good = digits(arguments.vbq, arguments.digits, folder)
        else:
            network, data, *formats = arguments.files
            good = all([check(arguments.vbq, network, data, best, arguments.forms.split(","), folder) for best in formats])
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
