"""The softmax on arrays: what its ops compute with."""

from __future__ import annotations

import numpy as np

from ..op import Array


def weights(input: Array, dim: int, safe: bool = False) -> Array:
    """The softmax along `dim`; a row that is all -inf gives NaN, or 0 if `safe`."""
    p, total = _exponentials(input, dim)
    if total is None:
        top = np.maximum.reduce(input, axis=dim, keepdims=True, initial=-np.inf)
        if safe:
            top = np.where(top == -np.inf, 0, top).astype(top.dtype, copy=False)
        with np.errstate(invalid="ignore"):
            p = np.asarray(np.exp(input - top))
        total = _sum(p, dim)
        if safe:
            total = np.where(total == 0, 1, total).astype(total.dtype, copy=False)
    p /= total
    return p


def _exponentials(x: Array, dim: int) -> tuple[Array, Array | None]:
    """e^x and its sums along `dim`; None for them if they are too great or too small to be exact.

    As long as the logits are near 0, which they mostly are, e^x needs no maximum taken out, and is more exact without.
    """
    with np.errstate(over="ignore"):
        e = np.asarray(np.exp(x))
    total = _sum(e, dim)
    size = np.abs(total)
    limits = np.finfo(size.dtype)
    near = np.sqrt(limits.tiny) < np.min(size, initial=1) and np.max(size, initial=1) < np.sqrt(limits.max)
    return e, total if near else None


def _sum(x: Array, dim: int) -> Array:
    """The sums along `dim`, which stays. A product with ones sums rows three times as fast."""
    if x.ndim and dim % x.ndim == x.ndim - 1 and x.shape[-1] and x.flags.c_contiguous:
        return (x.reshape(-1, x.shape[-1]) @ np.ones(x.shape[-1], x.dtype)).reshape(*x.shape[:-1], 1)
    return np.add.reduce(x, axis=dim, keepdims=True)


def weights_rule(g: Array, y: Array, x: Array, dim: int) -> Array:
    """y (g - sum(g y)), the sums of products by BLAS."""
    if dim % max(y.ndim, 1) != y.ndim - 1:
        d = g * y
        return y * (g - np.add.reduce(d, axis=dim, keepdims=True))
    d = g - np.vecdot(g, y)[..., None]
    d *= y
    return d
