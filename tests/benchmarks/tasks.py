"""What is measured: every task's inputs and initial weights, from one NumPy seed, in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float32]
Labels: TypeAlias = NDArray[np.int64]

SEED = 1234


class Step(NamedTuple):
    """One task, built in one framework from the task's inputs.

    `run` does one whole step and returns its loss as a Python float, as a training loop reads it;
    `results` is what the step has left, compared between frameworks: gradients or new weights.
    """

    run: Callable[[], float]
    results: Callable[[], Sequence[Any]]


class PerOp(NamedTuple):
    """Inputs of `y = y * a + b`, `times` times from `y = x`, all three of shape `(n,)`."""

    x: Array
    a: Array
    b: Array
    times: int


class Layer(NamedTuple):
    """A linear layer's weight `(in, out)` and bias `(out,)`; PyTorch's layout is `weight.T`."""

    weight: Array
    bias: Array


class Network(NamedTuple):
    """A training step: linear layers with ReLU between them, mean cross-entropy, plain SGD."""

    x: Array
    target: Labels
    layers: tuple[Layer, ...]
    lr: float


class Model(NamedTuple):
    """A training step of a network by its parameters, in PyTorch's layouts, by name."""

    x: NDArray[Any]
    target: Labels
    parameters: Mapping[str, Array]
    lr: float


class Sequences(NamedTuple):
    """Sequences `(n, t, in)`, PyTorch's four parameters of an LSTM, and the cotangent of its outputs."""

    x: Array
    parameters: tuple[Array, Array, Array, Array]
    cotangent: Array


class Numbers(NamedTuple):
    """One array of floats."""

    x: Array


class Logits(NamedTuple):
    """Logits `(n, k)` and class indices `(n,)`."""

    logits: Array
    target: Labels


@dataclass(frozen=True)
class Task:
    """A row of the table; `builder` names the function of each framework's file that builds it."""

    title: str
    builder: str
    inputs: Callable[[], Any]
    goals: Mapping[str, float] = field(default_factory=dict)
    """The ratio tinygrad_lab / peer to reach at most, by peer."""
    tolerance: float = 1e-3
    """Largest difference of two frameworks' results, relative to their norm."""


def layers(rng: np.random.RandomState, *sizes: int) -> tuple[Layer, ...]:
    """He initialisation, as labs.md has it: normal weights of variance 2 / in, biases of one."""
    return tuple(
        Layer(
            rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out)).astype(np.float32),
            np.ones(n_out, np.float32),
        )
        for n_in, n_out in pairwise(sizes)
    )


@cache
def per_op() -> PerOp:
    """32 numbers near `y = y * 1 + 0`, so that a thousand steps keep them near where they were."""
    rng = np.random.RandomState(SEED)
    x, a, b = rng.normal(size=(3, 32)).astype(np.float32)
    return PerOp(x, 1 + a / 1000, b / 1000, times=1000)


@cache
def spirals() -> Network:
    """Three arms of 100 points, the whole batch, 2-10-3."""
    rng = np.random.RandomState(SEED)
    radius = np.linspace(0, 2.5, 100)
    angles = [np.linspace(4 * k, 4 * k + 4, 100) + 0.2 * rng.randn(100) for k in range(3)]
    points = [np.stack((radius * np.sin(t), radius * np.cos(t)), axis=1) for t in angles]
    x = np.concatenate(points).astype(np.float32)
    return Network(x, np.repeat(np.arange(3), 100), layers(rng, 2, 10, 3), lr=0.2)


@cache
def mnist_mlp() -> Network:
    """784-256-128-10 on one batch of 128; the pixels are noise, since speed doesn't see them."""
    rng = np.random.RandomState(SEED)
    x = rng.normal(size=(128, 784)).astype(np.float32)
    return Network(x, rng.randint(10, size=128), layers(rng, 784, 256, 128, 10), lr=0.1)


@cache
def cross_entropy() -> Logits:
    """Logits of an untrained large classifier, 4096 x 1000."""
    rng = np.random.RandomState(SEED)
    logits = rng.normal(size=(4096, 1000)).astype(np.float32)
    return Logits(logits, rng.randint(1000, size=4096))


def kaiming(rng: np.random.RandomState, *shape: int) -> Array:
    """Normal weights of variance 2 / (inputs of one output), `(out, in, ...)`."""
    return rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape).astype(np.float32)


@cache
def lenet() -> Model:
    """Two 5x5 convolutions and three linear layers on 64 images of 28x28; the pixels are noise."""
    rng = np.random.RandomState(SEED)
    shapes = {"c1": (6, 1, 5, 5), "c2": (16, 6, 5, 5), "f1": (120, 256), "f2": (84, 120), "f3": (10, 84)}
    parameters = {}
    for name, shape in shapes.items():
        parameters[f"{name}.weight"] = kaiming(rng, *shape)
        parameters[f"{name}.bias"] = np.zeros(shape[0], np.float32)
    x = rng.normal(size=(64, 1, 28, 28)).astype(np.float32)
    return Model(x, rng.randint(10, size=64), parameters, lr=1e-3)


@cache
def vgg() -> Model:
    """Four 3x3 convolutions with BatchNorm on 32 images of 32x32; their biases would have no gradient."""
    rng = np.random.RandomState(SEED)
    parameters = {}
    for i, (n_in, n_out) in enumerate(pairwise((3, 64, 128, 256, 256)), start=1):
        parameters[f"c{i}.weight"] = kaiming(rng, n_out, n_in, 3, 3)
        parameters[f"n{i}.weight"] = np.ones(n_out, np.float32)
        parameters[f"n{i}.bias"] = np.zeros(n_out, np.float32)
    parameters["f.weight"] = kaiming(rng, 10, 256 * 4 * 4)
    parameters["f.bias"] = np.zeros(10, np.float32)
    x = rng.normal(size=(32, 3, 32, 32)).astype(np.float32)
    return Model(x, rng.randint(10, size=32), parameters, lr=1e-3)


BLOCKS, HEADS, WIDTH, LENGTH, SYMBOLS = 4, 4, 128, 64, 65


@cache
def transformer() -> Model:
    """A character model: 16 sequences of 64 symbols; keys have no bias, as it would have no gradient."""
    rng = np.random.RandomState(SEED)
    parameters = {"symbols": rng.normal(0, 0.02, (SYMBOLS, WIDTH)), "places": rng.normal(0, 0.02, (LENGTH, WIDTH))}
    for i in range(BLOCKS):
        for name, shape in {"qkv": (3, 1), "out": (1, 1), "up": (4, 1), "down": (1, 4)}.items():
            parameters[f"{i}.{name}.weight"] = rng.normal(0, 0.02, (shape[0] * WIDTH, shape[1] * WIDTH))
            if name != "qkv":
                parameters[f"{i}.{name}.bias"] = np.zeros(shape[0] * WIDTH)
        for name in ("n1", "n2"):
            parameters[f"{i}.{name}.weight"] = np.ones(WIDTH)
            parameters[f"{i}.{name}.bias"] = np.zeros(WIDTH)
    parameters |= {"n.weight": np.ones(WIDTH), "n.bias": np.zeros(WIDTH)}
    parameters["head.weight"] = rng.normal(0, 0.02, (SYMBOLS, WIDTH))
    x, target = rng.randint(SYMBOLS, size=(2, 16, LENGTH))
    return Model(x, target.ravel(), {k: v.astype(np.float32) for k, v in parameters.items()}, lr=3e-4)


@cache
def lstm() -> Sequences:
    """32 sequences of 32 steps, from 64 numbers to 128."""
    rng = np.random.RandomState(SEED)
    shapes = (512, 64), (512, 128), (512,), (512,)
    parameters = tuple(rng.uniform(-1, 1, shape).astype(np.float32) / np.float32(np.sqrt(128)) for shape in shapes)
    x = rng.normal(size=(32, 32, 64)).astype(np.float32)
    return Sequences(x, parameters, rng.normal(size=(32, 32, 128)).astype(np.float32))


@cache
def million() -> Numbers:
    """A million floats."""
    return Numbers(np.random.RandomState(SEED).normal(size=10**6).astype(np.float32))


TASKS: Mapping[str, Task] = {
    "per_op": Task(
        "y = y * a + b, 1000 times on 32 floats, forward and backward",
        "per_op",
        per_op,
        goals={"torch": 0.8},
    ),
    "spirals": Task(
        "spirals: 2-10-3, 300 points, one SGD step",
        "network",
        spirals,
        goals={"torch": 0.75},
    ),
    "mnist_mlp": Task(
        "MNIST MLP: 784-256-128-10, batch 128, one SGD step",
        "network",
        mnist_mlp,
        goals={"torch": 0.8, "numpy": 1.2},
    ),
    "cross_entropy": Task(
        "cross-entropy on 4096 x 1000, forward and backward",
        "cross_entropy",
        cross_entropy,
        goals={"torch": 1.8},
    ),
    "lenet": Task(
        "LeNet: 64 images 1 x 28 x 28, 5 x 5 convolutions 6 and 16, one Adam step",
        "lenet",
        lenet,
        goals={"torch": 1.2},
    ),
    "vgg": Task(
        "VGG: 32 images 3 x 32 x 32, 3 x 3 convolutions 64, 128, 256, 256 with BatchNorm, one Adam step",
        "vgg",
        vgg,
        goals={"torch": 1.4},
        tolerance=1e-2,  # rounding decides near ties of its ReLU and its pools; in float64 all agree to 1e-13
    ),
    "transformer": Task(
        "transformer: 4 blocks, d 128, 4 heads, 16 sequences of 64, one AdamW step",
        "transformer",
        transformer,
        goals={"torch": 1.2},
    ),
    "lstm": Task(
        "LSTM: 64 to 128, 32 sequences of 32, forward and backward",
        "lstm",
        lstm,
        goals={"torch": 2},
    ),
    "elementwise": Task(
        "gelu(x) * sigmoid(x) + tanh(x) on 1,000,000 floats, forward and backward",
        "elementwise",
        million,
        goals={"torch": 1.2},
    ),
}
MEMORY_TASK = "mnist_mlp"
MEMORY_GOALS: Mapping[str, float] = {"numpy": 1.2}
"""The task whose peak memory is measured too, and the ratios to reach at most."""
