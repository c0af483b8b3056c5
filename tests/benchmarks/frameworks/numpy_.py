"""Hand-written NumPy: forward, backward and update line by line, the floor for any NumPy tape.

What an expert does, and is measured to pay: everything in place that can be; no gradient for the
input; scores kept as `(classes, n)`, so that the loss reduces along the outer axis; the sum over a
batch as a product with ones; all parameters in one buffer and all gradients in another, so that
the update is two calls. Gradients stay true gradients: the learning rate isn't folded into them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..tasks import Array, Labels, Layer, Logits, Network, PerOp, Step

BLOCK = 64
"""Rows of the large cross-entropy done at a time: 250 KiB, half a core's L2 cache; gains 6 %."""


def per_op(inputs: PerOp) -> Step:
    """The chain into preallocated rows; both gradients in one reduction over all of them."""
    x, a, b, times = inputs
    gradients: Sequence[Array] = ()

    def run() -> float:
        nonlocal gradients
        multiply, add = np.multiply, np.add
        ys = np.empty((times + 1, x.size), x.dtype)
        ys[0] = x
        y, *rows = ys
        for row in rows:
            y = add(multiply(y, a, row), b, row)
        gs = np.empty((times, x.size), x.dtype)
        gs[-1] = 1
        g, *rows = gs[::-1]
        for row in rows:
            g = multiply(g, a, row)
        gradients = np.einsum("ij,ij->j", gs, ys[:-1]), gs.sum(0)
        return float(y.sum())

    return Step(run, lambda: gradients)


def network(inputs: Network) -> Step:
    """The training step written out for the number of layers."""
    builders: dict[int, Callable[[Network], Step]] = {2: two_layers, 3: three_layers}
    return builders[len(inputs.layers)](inputs)


def flat(layers: Sequence[Layer]) -> tuple[Array, list[Array]]:
    """One buffer that holds a copy of all `layers`, and its parts as views of their shapes."""
    parts = [p for layer in layers for p in layer]
    buffer = np.concatenate([p.ravel() for p in parts])
    ends = np.cumsum([p.size for p in parts])
    views = np.split(buffer, ends[:-1])
    return buffer, [view.reshape(p.shape) for view, p in zip(views, parts, strict=True)]


def score_gradient(s: Array, at_target: Labels) -> float:
    """Turn scores `(classes, n)` into the mean loss's gradient, in place; return the loss."""
    n = s.shape[1]
    s -= s.max(axis=0)
    picked = s.take(at_target)
    np.exp(s, out=s)
    z = s.sum(axis=0)
    loss = (np.log(z).sum() - picked.sum()) / n
    z *= n
    s /= z
    s.reshape(-1)[at_target] -= np.float32(1 / n)
    return float(loss)


def two_layers(inputs: Network) -> Step:
    """Linear, ReLU, linear, cross-entropy; their gradients; the update."""
    x, target, layers, lr = inputs
    parameters, views = flat(layers)
    w1, b1, w2, b2 = views
    gradients, (gw1, gb1, gw2, gb2) = flat(layers)
    ones = np.ones(len(x), x.dtype)
    at_target = target * len(x) + np.arange(len(x))

    def run() -> float:
        h = x @ w1
        h += b1
        np.maximum(h, 0, out=h)
        s = w2.T @ h.T
        s += b2[:, None]
        loss = score_gradient(s, at_target)

        np.matmul(h.T, s.T, out=gw2)
        np.matmul(s, ones, out=gb2)
        g = s.T @ w2.T
        g *= h > 0
        np.matmul(x.T, g, out=gw1)
        np.matmul(ones, g, out=gb1)

        np.multiply(gradients, lr, out=gradients)
        np.subtract(parameters, gradients, out=parameters)
        return loss

    return Step(run, lambda: views)


def three_layers(inputs: Network) -> Step:
    """Linear, ReLU, linear, ReLU, linear, cross-entropy; their gradients; the update."""
    x, target, layers, lr = inputs
    parameters, views = flat(layers)
    w1, b1, w2, b2, w3, b3 = views
    gradients, (gw1, gb1, gw2, gb2, gw3, gb3) = flat(layers)
    ones = np.ones(len(x), x.dtype)
    at_target = target * len(x) + np.arange(len(x))

    def run() -> float:
        h1 = x @ w1
        h1 += b1
        np.maximum(h1, 0, out=h1)
        h2 = h1 @ w2
        h2 += b2
        np.maximum(h2, 0, out=h2)
        s = w3.T @ h2.T
        s += b3[:, None]
        loss = score_gradient(s, at_target)

        np.matmul(h2.T, s.T, out=gw3)
        np.matmul(s, ones, out=gb3)
        g2 = s.T @ w3.T
        g2 *= h2 > 0
        np.matmul(h1.T, g2, out=gw2)
        np.matmul(ones, g2, out=gb2)
        g1 = g2 @ w2.T
        g1 *= h1 > 0
        np.matmul(x.T, g1, out=gw1)
        np.matmul(ones, g1, out=gb1)

        np.multiply(gradients, lr, out=gradients)
        np.subtract(parameters, gradients, out=parameters)
        return loss

    return Step(run, lambda: views)


def cross_entropy(inputs: Logits) -> Step:
    """Softmax and its gradient in place, by blocks of rows that stay in a core's cache."""
    logits, target = inputs
    n, k = logits.shape
    at_target = target + k * np.arange(n)
    ones = np.ones(k, logits.dtype)
    gradient: Sequence[Array] = ()

    def run() -> float:
        nonlocal gradient
        top, z = np.empty((2, n), logits.dtype)
        p = np.empty_like(logits)
        for start in range(0, n, BLOCK):
            block = slice(start, start + BLOCK)
            np.max(logits[block], axis=1, out=top[block])
            part = np.subtract(logits[block], top[block, None], out=p[block])
            np.exp(part, out=part)
            np.matmul(part, ones, out=z[block])
            part *= (1 / (n * z[block]))[:, None]
        loss = (np.log(z) + top - logits.take(at_target)).mean()
        p.reshape(-1)[at_target] -= np.float32(1 / n)
        gradient = (p,)
        return float(loss)

    return Step(run, lambda: gradient)
