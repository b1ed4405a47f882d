"""Images a second, and evaluations of quantised networks a second: bench_engine (engine cuda) and PyTorch in turn.

Run once, on an H100: ResNet-20 at 1,000 images a batch (docs/results.md). Networks have random weights: only their speed counts. PyTorch runs as it is fastest:
compiled with max-autotune (CUDA graphs), channels last, half precision, inference mode, inputs ready on the GPU. bench_engine
also turns bytes into inputs and counts its tally, and runs several networks at once where it would in a search; PyTorch's loop
quantises and counts on the GPU, and waits for each network's count.

    gpu.py export FOLDER                     the networks as ONNX, where PyTorch is but no GPU need be
    gpu.py bench PROGRAM [--networks FOLDER] the benchmark; without FOLDER it exports them itself

Roofline: the time that the card's published peaks allow, layer after layer: the larger of operations / FLOP/s and bytes (inputs,
weights and outputs of convolutions and linear layers, 2 bytes each) / bandwidth.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
import torchvision


class Block(torch.nn.Module):
    """Residual block of CIFAR's ResNets; its shortcut drops every other pixel and pads channels with zeros."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.more = (outputs - inputs) // 2

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.more:
            x = torch.nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more, self.more))
        return torch.relu(x + y)


def resnet20():
    layers = [torch.nn.Conv2d(3, 16, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(16), torch.nn.ReLU()]
    for inputs, outputs in ((16, 16), (16, 32), (32, 64)):
        layers += [Block(inputs, outputs, outputs // inputs)] + [Block(outputs, outputs, 1) for _ in range(2)]
    return torch.nn.Sequential(*layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(64, 10))


# Published peaks: FLOP/s of dense FP16, bytes/s of memory. By the start of the card's name, the longest first.
PEAKS = {
    "NVIDIA H200": (989.4e12, 4.8e12),
    "NVIDIA H100 PCIe": (756e12, 2.0e12),
    "NVIDIA H100 NVL": (835e12, 3.9e12),
    "NVIDIA H100": (989.4e12, 3.35e12),
    "NVIDIA A100-SXM4-80GB": (312e12, 2.039e12),
    "NVIDIA A100-SXM4-40GB": (312e12, 1.555e12),
    "NVIDIA A100 80GB PCIe": (312e12, 1.935e12),
}

NETWORKS = {
    "resnet20": (resnet20, 32, [100, 200, 500, 1000]),
    "squeezenet1_1": (lambda: torchvision.models.squeezenet1_1(weights=None), 224, [100]),
    "resnet50": (lambda: torchvision.models.resnet50(weights=None), 224, [100]),
}


def seconds_per_call(call, seconds):
    for _ in range(3):
        call()
    torch.cuda.synchronize()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        for _ in range(5):
            call()
        torch.cuda.synchronize()
        calls += 5
    return (time.perf_counter() - start) / calls


class Pytorch:
    def __init__(self, model, size, batch):
        self.model = model.cuda().half().to(memory_format=torch.channels_last)
        self.compiled = torch.compile(self.model, mode="max-autotune")
        self.images = torch.randn(batch, 3, size, size, device="cuda").half().to(memory_format=torch.channels_last)
        self.weights = [
            (m.weight, m.weight.detach().clone())
            for m in self.model.modules()
            if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))
        ]
        self.levels = torch.linspace(-1, 1, 8, device="cuda").half()
        self.middles = (self.levels[1:] + self.levels[:-1]) / 2

    def quantise(self):
        for weight, trained in self.weights:
            weight.copy_(self.levels[torch.bucketize(trained, self.middles)])

    def images_per_second(self, seconds):
        with torch.inference_mode():
            return len(self.images) / seconds_per_call(lambda: self.compiled(self.images), seconds)

    def evaluation(self, images, seconds):
        """Seconds to quantise and to run and count so many images, in whole batches."""
        labels = torch.zeros(len(self.images), dtype=torch.int64, device="cuda")

        def call():
            self.quantise()
            correct = 0
            for _ in range(max(1, images // len(self.images))):
                correct = correct + (self.compiled(self.images).argmax(1) == labels).sum()
            return int(correct)

        with torch.inference_mode():
            return seconds_per_call(call, seconds)


def roofline(model, size, batch):
    """Seconds for a batch at least, by the card's peaks; None for a card that is not known."""
    name = torch.cuda.get_device_name()
    peaks = next((PEAKS[start] for start in sorted(PEAKS, key=len, reverse=True) if name.startswith(start)), None)
    if peaks is None:
        return None
    seconds = []

    def hook(module, inputs, output):
        weights = module.weight
        operations = 2 * output.numel() * weights[0].numel()
        bytes_ = 2 * (inputs[0].numel() + weights.numel() + output.numel())
        seconds.append(max(operations / peaks[0], bytes_ / peaks[1]))

    hooks = [m.register_forward_hook(hook) for m in model.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    with torch.inference_mode():
        model(torch.randn(batch, 3, size, size, device="cuda").half().to(memory_format=torch.channels_last))
    for one in hooks:
        one.remove()
    return sum(seconds)


def export(model, size, path):
    torch.onnx.export(model, torch.randn(1, 3, size, size), path, dynamo=False, opset_version=17)


def ours(program, path, batch, images, seconds):
    command = [program, str(path), "--engine", "cuda", "--precision", "fp16", "--block", str(batch), "--images", str(images)]
    command += ["--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def bench(args):
    print(f"{torch.cuda.get_device_name()}, PyTorch {torch.__version__}, {args.pairs} pairs of {args.seconds:g} s, fp16")
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.networks or pathlib.Path(temporary)
        for name, (make, size, batches) in NETWORKS.items():
            if args.only and name not in args.only:
                continue
            model = make().eval()
            path = folder / f"{name}.onnx"
            if not path.exists():
                export(model, size, path)
            for batch in batches:
                if args.batch and batch not in args.batch:
                    continue
                compare(args, name, path, model, size, batch)


def compare(args, name, path, model, size, batch):
    images = max(1000, batch) // batch * batch
    other = Pytorch(model, size, batch)
    pairs = [
        (ours(args.program, path, batch, images, args.seconds), other.images_per_second(args.seconds)) for _ in range(args.pairs)
    ]
    ratios = [a["images_per_second"] / b for a, b in pairs]
    rate = statistics.median(a["images_per_second"] for a, _ in pairs)
    loop = other.evaluation(images, args.seconds)
    mine = statistics.median(a["evaluation_ms"] for a, _ in pairs) / 1e3
    least = roofline(other.model, size, batch)
    of_roofline = "" if least is None else f"; {rate * least / batch:.0%} of the roofline"
    first = pairs[-1][0]
    print(
        f"{name}, batch {batch}: vbq {rate:.0f} images/s in {first['copies']} copies, "
        f"PyTorch {statistics.median(b for _, b in pairs):.0f}, ratio {statistics.median(ratios):.2f} "
        f"({', '.join(f'{r:.2f}' for r in ratios)}){of_roofline}; quantise {first['quantise_ms']:.3f} ms; assign "
        f"{first['assign_ms']:.3f} ms, {first['assign_16_ms']:.3f} ms of 16; match 200 images {first['match_ms']:.2f} ms; sequential "
        f"{first['sequential_ms']:.2f} ms, {first['sequential_8_ms']:.2f} ms of 8; evaluation of "
        f"{images} images {mine * 1e3:.2f} ms, PyTorch {loop * 1e3:.2f} ms, ratio {loop / mine:.2f}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True, dest="command")
    exporting = commands.add_parser("export")
    exporting.add_argument("folder", type=pathlib.Path)
    benching = commands.add_parser("bench")
    benching.add_argument("program")
    benching.add_argument("--networks", type=pathlib.Path)
    benching.add_argument("--only", nargs="*")
    benching.add_argument("--batch", nargs="*", type=int)
    benching.add_argument("--seconds", type=float, default=4)
    benching.add_argument("--pairs", type=int, default=5)
    args = parser.parse_args()
    if args.command == "bench":
        return bench(args)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, (make, size, _) in NETWORKS.items():
        model = make().eval()
        for tensor in model.state_dict().values():  # of numbers that repeat, so that the file packs well
            if tensor.numel() > 4096:
                tensor.view(-1).copy_(tensor.view(-1)[:4096].repeat(tensor.numel() // 4096 + 1)[: tensor.numel()])
        export(model, size, args.folder / f"{name}.onnx")


if __name__ == "__main__":
    main()
