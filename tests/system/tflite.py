#!/usr/bin/env python3
"""jobs/deploy/tflite.py: a TensorFlow Lite file has the exported file's weights and gives vbq's predictions, and Arm's vela makes it smaller.

    tests/system/tflite.py VBQ CHECKOUT [--venv DIR]

On the built-in network, with 8 levels a layer and with as many as int8 has. No Ethos-U is here: vela compiles, and nothing runs what it writes.

Exit code 77 (skipped) where an environment with ai-edge-litert and vela cannot be had."""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import environment
from environment import run

PACKAGES = ["onnx", "onnxruntime", "numpy", "h5py", "flatbuffers", "ai-edge-litert:ai_edge_litert", "ethos-u-vela:ethosu.vela"]
FORMAT = """[network]
path = "{digits}/digits.onnx"
[data]
path = "{digits}/digits_train.h5"
search = 300
block = 50
[format]
encoding = "values"
level_values = "int8"
activations = 8
scale = "none"
[search]
population = 2
generations = 1
"""


def images_of(path, count):
    import h5py
    import numpy
    with h5py.File(path) as file:
        pixels = file["pixels"]
        mean, std = (pixels.attrs[name].reshape(1, -1, 1, 1) for name in ("mean", "std"))
        return ((pixels[:count].astype(numpy.float32) / 255 - mean) / std).astype(numpy.float32)


def interpret(path, images):
    """Outputs of TensorFlow Lite's interpreter, as real numbers."""
    import numpy
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    entry, leave = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    step, zero = entry["quantization"]
    outputs = []
    for image in images:
        whole = numpy.clip(numpy.rint(image.transpose(1, 2, 0) / step + zero), -128, 127).astype(numpy.int8)
        interpreter.set_tensor(entry["index"], whole[None])
        interpreter.invoke()
        outputs.append(interpreter.get_tensor(leave["index"])[0])
    step, zero = leave["quantization"]
    return (numpy.array(outputs, numpy.float32) - zero) * step


def weights_of(path):
    """Constant int8 and int32 tensors of a TensorFlow Lite file: weights, and biases."""
    import numpy
    from ai_edge_litert import schema_py_generated as lite
    model = lite.ModelT.InitFromObj(lite.Model.GetRootAs(path.read_bytes(), 0))
    types = {lite.TensorType.INT8: numpy.int8, lite.TensorType.INT32: numpy.int32}
    tensors = [one for one in model.subgraphs[0].tensors if one.type in types and model.buffers[one.buffer].data is not None]
    return {one.name.decode(): numpy.frombuffer(bytes(model.buffers[one.buffer].data), types[one.type]).reshape(one.shape) for one in tensors}


def compile_for_arm(path, folder):
    """Bytes of the weights as an Ethos-U55 reads them, before and after."""
    said = run(sys.executable, "-m", "ethosu.vela", path, "--accelerator-config", "ethos-u55-128", "--verbose-weights", "--output-dir", folder / "vela")
    assert "CPU operators = 0 " in said, said
    return [float(re.search(rf"{name} Weights Size +([0-9.]+) KiB", said)[1]) for name in ("Original", "NPU Encoded")]


def check(options, folder, levels):
    import numpy
    import onnx
    digits = options.checkout / "jobs" / "digits"
    network, best = digits / "digits.onnx", folder / f"run{levels}" / "best.json"
    run(options.vbq, "search", folder / "job.toml", "--run", best.parent, "--log", "error", "--set", f"format.levels={levels}")
    exported, made = folder / f"{levels}.onnx", folder / f"{levels}.tflite"
    run(options.vbq, "export", "--network", network, "--format", best, "--form", "qdq", "--output", exported)
    numpy.save(folder / "seen.npy", images_of(digits / "digits_train.h5", 200))
    numpy.save(folder / "x.npy", images_of(digits / "digits_test.h5", None))
    run(sys.executable, options.checkout / "jobs" / "deploy" / "tflite.py", exported, folder / "seen.npy", made)
    run(options.vbq, "infer", "--network", network, "--format", best, "--input", folder / "x.npy", "--output", folder / "y.npy", "--overwrite")
    wanted, got = numpy.load(folder / "y.npy").reshape(-1, 10), interpret(made, numpy.load(folder / "x.npy"))
    agree = (wanted.argmax(1) == got.argmax(1)).mean()
    assert agree >= 0.99, f"{levels} levels: {agree:.2%} of the predictions are vbq's"
    typical = numpy.median(abs(wanted - got).max(1)) / abs(wanted).max()
    assert typical < 0.01, f"{levels} levels: outputs are {typical:.1%} of the largest away"  # predictions alone forgive much
    kept = weights_of(made)
    for tensor in onnx.load(exported).graph.initializer:
        if tensor.name.endswith("_quantized"):
            value = onnx.numpy_helper.to_array(tensor)
            if value.dtype == numpy.int32:  # a bias, which has its own name there
                assert any(numpy.array_equal(value, one) for one in kept.values()), tensor.name
                continue
            laid = value.transpose(0, 2, 3, 1) if value.ndim == 4 else value
            assert numpy.array_equal(kept[tensor.name.removesuffix("_quantized")], laid), tensor.name
    before, after = compile_for_arm(made, folder)
    print(f"{levels} levels: {agree:.2%} of {len(got)} predictions, outputs {typical:.2%} of the largest away; weights {before} KiB, {after} for an Ethos-U55")
    return after / before


def refuses(options, folder):
    """A file of another form: one sentence, and no file."""
    digits = options.checkout / "jobs" / "digits"
    done = subprocess.run([sys.executable, options.checkout / "jobs" / "deploy" / "tflite.py", digits / "digits.onnx", folder / "seen.npy", folder / "no.tflite"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("tflite.py: ") and "form qdq" in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr
    assert not (folder / "no.tflite").exists()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("checkout", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--venv", type=pathlib.Path, default=pathlib.Path("build/tflite-venv"))
    options = parser.parse_args()
    environment.enter(options.venv, PACKAGES)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "job.toml").write_text(FORMAT.format(digits=options.checkout / "jobs" / "digits"))
        few, many = check(options, folder, 8), check(options, folder, 256)
        assert few < 0.5 < many, f"weights shrink to {few:.2f} with 8 levels, to {many:.2f} with 256"
        refuses(options, folder)


if __name__ == "__main__":
    main()
