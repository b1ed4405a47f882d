#!/usr/bin/env python3
"""Networks of torchvision, one a family, with seeded random weights and batch-norm statistics, through both exporters of
PyTorch: does vbq import them, and do its outputs agree with onnxruntime's?

    tests/zoo/families.py VBQ [FAMILY...] [--opsets 13,18] [--keep DIR] [--engines cpu]

Needs torch, torchvision, onnx, onnxscript, onnxruntime and numpy (a large download: not part of continuous integration).
Prints a table in Markdown; exit code 1 when a network was refused or differs by more than 1e-4 of its largest output."""
import argparse
import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import warnings

FAMILIES = ["alexnet", "vgg11_bn", "resnet18", "resnext50_32x4d", "wide_resnet50_2", "squeezenet1_1", "densenet121",
            "googlenet", "inception_v3", "mobilenet_v2", "mobilenet_v3_small", "shufflenet_v2_x0_5", "mnasnet0_5",
            "efficientnet_b0", "efficientnet_v2_s", "regnet_x_400mf", "regnet_y_400mf", "convnext_tiny"]
LIMIT = 1e-4


def make(name):
    import torch
    import torchvision
    torch.manual_seed(1)
    model = torchvision.models.get_model(name, weights=None).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            module.weight.data.uniform_(0.5, 1.5)
            module.bias.data.normal_(0, 0.1)
    return model


def export(model, image, path, exporter, opset):
    import torch
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        if exporter == "dynamo":
            torch.onnx.export(model, (image,), str(path), dynamo=True, opset_version=opset, external_data=False)
        else:
            torch.onnx.export(model, (image,), str(path), dynamo=False, opset_version=opset, input_names=["x"],
                              dynamic_axes={"x": {0: "batch"}})


def compare(vbq, engine, network, folder, size):
    """Largest difference to onnxruntime as a share of the largest output, or what vbq said."""
    import numpy
    import onnxruntime
    image = numpy.random.default_rng(1).normal(size=(1, 3, size, size)).astype(numpy.float32)
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {session.get_inputs()[0].name: image})[0]
    numpy.save(folder / "x.npy", image)
    done = subprocess.run([vbq, "infer", "--network", network, "--input", folder / "x.npy", "--output", folder / "y.npy",
                           "--overwrite", "--engine", engine, "--log", "error"], capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip().replace(str(network), network.name)[:300]
    got = numpy.load(folder / "y.npy")
    return float(numpy.abs(got - wanted).max() / numpy.abs(wanted).max())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vbq", type=pathlib.Path)
    parser.add_argument("families", nargs="*", default=FAMILIES)
    parser.add_argument("--opsets", default="13,18")
    parser.add_argument("--engines", default="cpu")
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    import torch
    bad = 0
    print("| network | exporter | opset | engine | largest difference, of the largest output |\n|---|---|---|---|---|")
    for name in arguments.families:
        size = 299 if name == "inception_v3" else 224
        model = make(name)
        for exporter in ("torchscript", "dynamo"):
            for opset in map(int, arguments.opsets.split(",")):
                if exporter == "dynamo" and opset < 18:
                    continue
                with tempfile.TemporaryDirectory() as temporary:
                    folder = arguments.keep or pathlib.Path(temporary)
                    network = folder / f"{name}_{exporter}_{opset}.onnx"
                    try:
                        if not network.exists():
                            export(model, torch.zeros(1, 3, size, size), network, exporter, opset)
                    except Exception as error:
                        print(f"| {name} | {exporter} | {opset} | - | not exported: {str(error).splitlines()[0][:120]} |")
                        continue
                    for engine in arguments.engines.split(","):
                        result = compare(arguments.vbq, engine, network, folder, size)
                        good = isinstance(result, float) and result <= LIMIT
                        bad += not good
                        text = f"{result:.1e}" if isinstance(result, float) else result
                        print(f"| {name} | {exporter} | {opset} | {engine} | {'' if good else '**'}{text}{'' if good else '**'} |",
                              flush=True)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
