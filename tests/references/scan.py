"""Scans and products, computed in another way: by the definition, one row at a time."""

import math

import numpy as np

from .reduce import along


def rows(f):
    """The function that applies `f` to each row of one or more operands along `dim`, reversed before and after."""

    def apply(*args):
        *operands, dim, reverse = args
        x = operands[-1]
        if not x.size or not x.ndim:
            return np.reshape(f(*(o.ravel() for o in operands)), x.shape)
        flipped = [np.flip(o, dim) if reverse else o for o in operands]
        moved = np.stack([np.moveaxis(o, dim, -1) for o in flipped])
        y = np.empty(moved.shape[1:])
        for k in np.ndindex(y.shape[:-1]):
            y[k] = f(*(m[k] for m in moved))
        y = np.moveaxis(y, -1, dim)
        return np.flip(y, dim) if reverse else y

    return apply


def recurrence(a, b):
    y = 0.0
    return [y := p * y + q for p, q in zip(a.tolist(), b.tolist(), strict=True)]


REFERENCES = {
    "cumsum": rows(lambda v: [math.fsum(v[: i + 1]) for i in range(len(v))]),
    "cumprod": rows(lambda v: [math.prod(v[: i + 1]) for i in range(len(v))]),
    "logcumsumexp": rows(lambda v: [np.log(np.exp(v[: i + 1]).sum()) for i in range(len(v))]),
    "recurrence": rows(recurrence),
    "prod": along(math.prod),
}
