"""Activations, one element at a time."""

import math
import statistics

import numpy as np


def elementwise(f):
    """`f` of numbers as a function of arrays that broadcast."""
    return lambda *args: np.vectorize(f, otypes=[np.float64])(*args)


def softmax(x, dim):
    """Each row by the exponentials of its differences, as 1 / (1 + the sum of the others)."""
    rows = np.moveaxis(np.atleast_1d(x), dim, -1)[..., None]
    y = 1 / np.exp(np.swapaxes(rows, -1, -2) - rows).sum(-1)
    return np.moveaxis(y, -1, dim).reshape(x.shape)


def attention(q, k, v, mask, scale):
    """Each query by itself: the mean of the values, weighted."""
    scores = scale * (q[..., :, None, :] * k[..., None, :, :]).sum(-1)
    weights = softmax(scores if mask is None else scores + mask, -1)
    return (weights[..., None] * v[..., None, :, :]).sum(-2)


REFERENCES = {
    "attention": attention,
    "safe_softmax": softmax,
    "leaky": elementwise(lambda x, a: x if x > 0 else a * x),
    "elu": elementwise(lambda x, a, c, s: c * x if x > 0 else c * a * (math.exp(s * x) - 1)),
    "gelu": elementwise(lambda x: x * statistics.NormalDist().cdf(x)),
    "gelu_tanh": elementwise(
        lambda x: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * math.pow(x, 3))))
    ),
}
