"""Indexing, computed in another way: element by element, in the flattened tensor."""

import math

import numpy as np


def places(shape, view):
    """Where each element of `view(x)` stands in the flattened x of `shape`."""
    return np.asarray(view(np.arange(math.prod(shape)).reshape(shape)))


def added(shape, where, values):
    out = np.zeros(math.prod(shape))
    for p, v in zip(where.ravel().tolist(), values.ravel().tolist(), strict=True):
        out[p] += v
    return out.reshape(shape)


def overwritten(x, where, values):
    out = x.flatten()
    for p, v in zip(where.ravel().tolist(), np.broadcast_to(values, where.shape).ravel().tolist(), strict=True):
        out[p] = v
    return out.reshape(x.shape)


def picked_along(x, dim, index):
    if x.ndim == 0:
        return x
    part = x[tuple(slice(None if d == dim % x.ndim else n) for d, n in enumerate(index.shape))]
    return np.take_along_axis(part, index, dim)


REFERENCES = {
    "getitem": lambda x, index: np.take(x, places(x.shape, lambda p: p[index])),
    "unpick": lambda x, index, shape: added(shape, places(shape, lambda p: p[index]), x),
    "setitem": lambda x, index, value: overwritten(x, places(x.shape, lambda p: p[index]), value),
    "gather": picked_along,
    "ungather": lambda x, dim, index, shape: added(shape, places(shape, lambda p: picked_along(p, dim, index)), x),
    "put_view": lambda x, value, view, args: overwritten(x, places(x.shape, lambda p: view.forward(p, *args)), value),
}
