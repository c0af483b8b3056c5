"""HIPS autograd; it has no fused loss, so the cross-entropy is logsumexp(s) - s_t from NumPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.tracer import getval

from ..tasks import Array, Labels, Logits, Network, PerOp, Step


def mean_cross_entropy(scores: Any, one_hot: Array) -> Any:
    """The loss as autograd's own example of a neural net has it, on one-hot targets."""
    # The maximum only keeps exp small: it takes no part in the gradient.
    shifted = scores - np.max(getval(scores), axis=1, keepdims=True)
    log_p = shifted - anp.log(anp.sum(anp.exp(shifted), axis=1, keepdims=True))
    return -anp.sum(log_p * one_hot) / len(one_hot)


def one_hot(target: Labels, classes: int) -> Array:
    """Class indices `(n,)` as rows of the unit matrix, `(n, classes)`."""
    return np.eye(classes, dtype=np.float32)[target]


def per_op(inputs: PerOp) -> Step:
    """A chain of small operations."""

    def chain(parameters: tuple[Any, Any]) -> Any:
        a, b = parameters
        y = inputs.x
        for _ in range(inputs.times):
            y = y * a + b
        return anp.sum(y)

    differentiate = value_and_grad(chain)
    gradients: Sequence[Array] = ()

    def run() -> float:
        nonlocal gradients
        loss, gradients = differentiate((inputs.a, inputs.b))
        return float(loss)

    return Step(run, lambda: gradients)


def network(inputs: Network) -> Step:
    """A training step."""
    parameters = [(weight.copy(), bias.copy()) for weight, bias in inputs.layers]
    target = one_hot(inputs.target, len(inputs.layers[-1].bias))

    def loss_of(parameters: Any) -> Any:
        h: Any = inputs.x
        for weight, bias in parameters[:-1]:
            h = anp.maximum(h @ weight + bias, 0)
        weight, bias = parameters[-1]
        return mean_cross_entropy(h @ weight + bias, target)

    differentiate = value_and_grad(loss_of)

    def run() -> float:
        loss, gradients = differentiate(parameters)
        for pair, gradient_pair in zip(parameters, gradients, strict=True):
            for p, g in zip(pair, gradient_pair, strict=True):
                p -= inputs.lr * g
        return float(loss)

    return Step(run, lambda: [p for pair in parameters for p in pair])


def cross_entropy(inputs: Logits) -> Step:
    """The loss alone, and its gradient."""
    target = one_hot(inputs.target, inputs.logits.shape[1])
    differentiate = value_and_grad(mean_cross_entropy)
    gradient: Any = None

    def run() -> float:
        nonlocal gradient
        loss, gradient = differentiate(inputs.logits, target)
        return float(loss)

    return Step(run, lambda: (gradient,))
