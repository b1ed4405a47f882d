#!/usr/bin/env python3
"""Makes what is committed in this folder: digits.onnx, digits_train.h5, digits_test.h5.

    python3 -m venv /tmp/venv-digits
    /tmp/venv-digits/bin/pip install -r jobs/digits/requirements.txt
    /tmp/venv-digits/bin/python jobs/digits/make_digits.py --vbq build/release/bin/vbq

Images: the UCI 8x8 digits as scikit-learn carries them (1,797 images, grey values 0..16), as uint8 round(x * 255 / 16).
Split:  by position, nothing drawn: the first 1,200 images train the network, the last 597 test it. The images
        seem to lie writer by writer, so the test is mostly of writers that training never saw.
Network: a small CNN with batch norm and two residual blocks, trained here with JAX on a CPU; its seed, epochs and
        augmentation are the constants below. `--cross-validate` is how they were chosen: inside the training images.

The same machine and versions (requirements.txt) give the same files; another CPU may round differently while training.
"""

import argparse
import pathlib
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_digits

TRAIN = 1200  # images; the rest is the test
SEED = 1
EPOCHS = 200
BATCH = 50
RATE = 3e-3  # Adam's, at its peak; cosine to zero
WEIGHT_DECAY = 0.05
SMOOTHING = 0.1  # of the labels
SHIFT, ANGLE, STRETCH = 0.7, 0.1, 0.1  # augmentation: pixels, radians, relative; each uniform in +-
NORM_MOMENTUM, NORM_EPSILON = 0.9, 1e-5

# name: (inputs, outputs, stride) of each 3x3 convolution, a batch norm after each. In order:
#   stem; block1 (x + two convolutions); down; block2 (x + two convolutions); mean over the image; linear
CONVOLUTIONS = {
    "/stem": (1, 16, 1),
    "/block1/1": (16, 16, 1),
    "/block1/2": (16, 16, 1),
    "/down": (16, 32, 2),
    "/block2/1": (32, 32, 1),
    "/block2/2": (32, 32, 1),
}
CLASSES = 10


def load():
    """The images, uint8 [1797, 1, 8, 8], and labels, int64 [1797]."""
    digits = load_digits()
    return np.round(digits.images * 255 / 16).astype(np.uint8)[:, None], digits.target.astype(np.int64)


def initial(key):
    """Weights (He) and batch-norm state: two dictionaries by name."""
    weights, state = {}, {}
    for name, (inputs, outputs, _) in CONVOLUTIONS.items():
        key, sub = jax.random.split(key)
        weights[name] = jax.random.normal(sub, (outputs, inputs, 3, 3)) * np.sqrt(2 / (9 * inputs))
        weights[name + "/gamma"], weights[name + "/beta"] = jnp.ones(outputs), jnp.zeros(outputs)
        state[name + "/mean"], state[name + "/variance"] = jnp.zeros(outputs), jnp.ones(outputs)
    weights["/linear"] = jax.random.normal(key, (CLASSES, 32)) * np.sqrt(1 / 32)
    weights["/linear/bias"] = jnp.zeros(CLASSES)
    return weights, state


def forward(weights, state, images, training):
    """images: float [n, 1, 8, 8], normalised. Returns logits [n, 10] and the new batch-norm state."""
    new_state = dict(state)

    def convolve(name, x):
        stride = CONVOLUTIONS[name][2]
        x = jax.lax.conv_general_dilated(x, weights[name], (stride, stride), ((1, 1), (1, 1)))
        if training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
            for part, value in (("/mean", mean), ("/variance", variance)):
                new_state[name + part] = NORM_MOMENTUM * state[name + part] + (1 - NORM_MOMENTUM) * value
        else:
            mean, variance = state[name + "/mean"], state[name + "/variance"]
        scale = weights[name + "/gamma"] / jnp.sqrt(variance + NORM_EPSILON)
        shift = weights[name + "/beta"] - mean * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def block(name, x):
        return jax.nn.relu(x + convolve(name + "/2", jax.nn.relu(convolve(name + "/1", x))))

    x = block("/block1", jax.nn.relu(convolve("/stem", images)))
    x = block("/block2", jax.nn.relu(convolve("/down", x)))
    return x.mean((2, 3)) @ weights["/linear"].T + weights["/linear/bias"], new_state


def augment(key, images, background):
    """Each image turned, stretched and shifted a little about its centre, bilinear; `background` outside."""
    shift, angle, stretch = (
        jax.random.uniform(k, (len(images), n), minval=-1, maxval=1)
        for k, n in zip(jax.random.split(key, 3), (2, 1, 2)))
    grid = jnp.stack(jnp.meshgrid(jnp.arange(8.0), jnp.arange(8.0), indexing="ij")) - 3.5

    def one(image, shift, angle, stretch):
        c, s = jnp.cos(angle[0] * ANGLE), jnp.sin(angle[0] * ANGLE)
        turned = jnp.einsum("ij,jyx->iyx", jnp.array([[c, -s], [s, c]]), grid) * (1 + stretch * STRETCH)[:, None, None]
        where = turned + 3.5 + (shift * SHIFT)[:, None, None]
        return jax.scipy.ndimage.map_coordinates(image[0], where, order=1, mode="constant", cval=background)[None]

    return jax.vmap(one)(images, shift, angle, stretch)


def train(images, labels, background):
    """images: float [n, 1, 8, 8], normalised. AdamW, cosine rate. Returns weights and batch-norm state."""
    key, sub = jax.random.split(jax.random.PRNGKey(SEED))
    weights, state = initial(sub)
    zeros = jax.tree.map(jnp.zeros_like, weights)
    batches = len(images) // BATCH
    steps = EPOCHS * batches

    def loss(weights, state, x, y):
        logits, state = forward(weights, state, x, True)
        target = jax.nn.one_hot(y, CLASSES) * (1 - SMOOTHING) + SMOOTHING / CLASSES
        return -(jax.nn.log_softmax(logits) * target).sum(1).mean(), state

    @jax.jit
    def step(weights, state, first, second, t, key, x, y):
        grads, state = jax.grad(loss, has_aux=True)(weights, state, augment(key, x, background), y)
        rate = RATE * 0.5 * (1 + jnp.cos(jnp.pi * t / steps))
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)

        def update(w, m, v):
            move = (m / (1 - 0.9**(t + 1))) / (jnp.sqrt(v / (1 - 0.999**(t + 1))) + 1e-8)
            return w - rate * (move + (WEIGHT_DECAY * w if w.ndim > 1 else 0))

        return jax.tree.map(update, weights, first, second), state, first, second

    first, second = zeros, zeros
    for t in range(steps):
        if t % batches == 0:
            key, sub = jax.random.split(key)
            order = np.asarray(jax.random.permutation(sub, len(images)))
        key, sub = jax.random.split(key)
        pick = order[(t % batches) * BATCH:][:BATCH]
        weights, state, first, second = step(weights, state, first, second, float(t), sub, images[pick], labels[pick])
    return weights, state


def correct(weights, state, images, labels):
    """How many of the images the network names rightly."""
    logits, _ = jax.jit(forward, static_argnums=3)(weights, state, images, False)
    return int((np.asarray(logits).argmax(1) == labels).sum())


def to_onnx(weights, state):
    """The network as an ONNX model (opset 13): input [n, 1, 8, 8], normalised; logits [n, 10]. Batch norm is a node."""
    nodes, constants = [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name[1:].replace("/", ".")))
        return constants[-1].name

    def node(kind, name, inputs, **attributes):
        nodes.append(helper.make_node(kind, inputs, [name + "_output"], name=name, **attributes))
        return name + "_output"

    def convolve(name, x):
        stride = CONVOLUTIONS[name][2]
        x = node("Conv", name + "/conv", [x, constant(name + "/conv/weight", weights[name])],
                 kernel_shape=[3, 3], strides=[stride, stride], pads=[1, 1, 1, 1])
        parts = {"weight": weights[name + "/gamma"], "bias": weights[name + "/beta"],
                 "running_mean": state[name + "/mean"], "running_var": state[name + "/variance"]}
        return node("BatchNormalization", name + "/norm",
                    [x] + [constant(f"{name}/norm/{part}", value) for part, value in parts.items()],
                    epsilon=NORM_EPSILON)

    def block(name, x):
        y = node("Relu", name + "/1/relu", [convolve(name + "/1", x)])
        return node("Relu", name + "/relu", [node("Add", name + "/add", [x, convolve(name + "/2", y)])])

    x = block("/block1", node("Relu", "/stem/relu", [convolve("/stem", "input")]))
    x = block("/block2", node("Relu", "/down/relu", [convolve("/down", x)]))
    x = node("Flatten", "/flatten", [node("GlobalAveragePool", "/pool", [x])])
    node("Gemm", "/linear", [x, constant("/linear/weight", weights["/linear"]),
                             constant("/linear/bias", weights["/linear/bias"])], transB=1)
    nodes[-1].output[0] = "logits"
    graph = helper.make_graph(
        nodes, "digits",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["n", 1, 8, 8])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", CLASSES])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8,
                              producer_name="jobs/digits/make_digits.py")
    onnx.checker.check_model(model, full_check=True)
    return model


def cross_validate(images, labels, background, folds=4):
    """Trains on three quarters of the training images (whole runs of them, as the test is one) and scores the fourth."""
    total = 0
    for part in np.array_split(np.arange(TRAIN), folds):
        rest = np.setdiff1d(np.arange(TRAIN), part)
        good = correct(*train(images[rest], labels[rest], background), images[part], labels[part])
        print(f"  images {part[0]}..{part[-1]}: {good} of {len(part)}", flush=True)
        total += good
    print(f"cross-validation: {total} of {TRAIN} = {100 * total / TRAIN:.2f} %")


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vbq", help="the vbq program, which writes the .h5 files; without it they are left alone")
    parser.add_argument("--work", type=pathlib.Path, default=here / "runs" / "npy", help="folder for the .npy files")
    parser.add_argument("--output", type=pathlib.Path, default=here, help="folder for digits.onnx and the .h5 files")
    parser.add_argument("--keep-network", action="store_true", help="make the data only; score the digits.onnx there is")
    parser.add_argument("--cross-validate", action="store_true", help="score the recipe inside the training images, stop")
    arguments = parser.parse_args()

    pixels, labels = load()
    # Of x / 255, over the training images; four digits, so that what is typed is what is used.
    mean, std = (round(float(f(pixels[:TRAIN] / 255)), 4) for f in (np.mean, np.std))
    images = ((pixels.astype(np.float32) / 255 - mean) / std).astype(np.float32)
    background = -mean / std
    if arguments.cross_validate:
        cross_validate(images, labels, background)
        return

    network = arguments.output / "digits.onnx"
    if not arguments.keep_network:
        model = to_onnx(*train(images[:TRAIN], labels[:TRAIN], background))
        onnx.save(model, network)
    session = onnxruntime.InferenceSession(str(network), providers=["CPUExecutionProvider"])
    parts = {"train": slice(0, TRAIN), "test": slice(TRAIN, None)}
    for name, part in parts.items():
        found = session.run(["logits"], {"input": images[part]})[0].argmax(1)
        good, count = int((found == labels[part]).sum()), len(labels[part])
        print(f"{name}: {good} of {count} = {100 * good / count:.2f} % (FP32, onnxruntime {onnxruntime.__version__})")

    arguments.work.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        sources = [arguments.work / f"{name}_images.npy", arguments.work / f"{name}_labels.npy"]
        np.save(sources[0], pixels[part])
        np.save(sources[1], labels[part])
        command = ["data", "import", "npy", *map(str, sources), "--mean", str(mean), "--std", str(std),
                   "--output", str(arguments.output / f"digits_{name}.h5")]
        print(" ".join(["vbq"] + command))
        if arguments.vbq:
            subprocess.run([arguments.vbq] + command, check=True)


if __name__ == "__main__":
    main()
