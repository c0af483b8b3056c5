"""MyGrad; it brings no optimiser, so SGD is the line its documentation uses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from ..tasks import Logits, Network, PerOp, Step


def per_op(inputs: PerOp) -> Step:
    """A chain of small operations."""
    a, b = mg.tensor(inputs.a), mg.tensor(inputs.b)
    x = mg.tensor(inputs.x, constant=True)

    def run() -> float:
        y = x
        for _ in range(inputs.times):
            y = y * a + b
        loss = y.sum()
        loss.backward()
        return float(loss.item())

    return Step(run, lambda: (a.grad, b.grad))


def network(inputs: Network) -> Step:
    """A training step; MyGrad drops old gradients when a parameter is used again."""
    layers = [(mg.tensor(weight), mg.tensor(bias)) for weight, bias in inputs.layers]
    parameters = list(chain.from_iterable(layers))

    def run() -> float:
        h: Any = inputs.x
        for weight, bias in layers[:-1]:
            h = relu(mg.matmul(h, weight) + bias)
        weight, bias = layers[-1]
        loss = softmax_crossentropy(mg.matmul(h, weight) + bias, inputs.target)
        loss.backward()
        for p in parameters:
            p.data -= inputs.lr * p.grad
        return float(loss.item())

    def results() -> Sequence[Any]:
        return [p.data for p in parameters]

    return Step(run, results)


def cross_entropy(inputs: Logits) -> Step:
    """The fused loss alone, and its gradient."""
    logits = mg.tensor(inputs.logits)

    def run() -> float:
        loss = softmax_crossentropy(logits, inputs.target)
        loss.backward()
        return float(loss.item())

    return Step(run, lambda: (logits.grad,))
