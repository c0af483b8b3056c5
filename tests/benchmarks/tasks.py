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
}
MEMORY_TASK = "mnist_mlp"
MEMORY_GOALS: Mapping[str, float] = {"numpy": 1.2}
"""The task whose peak memory is measured too, and the ratios to reach at most."""
