"""The softmax cross-entropy of class labels, fused: the log-sum-exp form that never leaves the finite numbers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..domain import Labels, Reals
from ..op import Array, Fused, op
from .reduce import _softmax


def _forward(input: Array, target: Array) -> tuple[Array, Any]:
    """The losses, and for the rule the exponentials e^(s - m) with their sums."""
    n, k = input.shape
    # NumPy reduces short rows slowly: column by column is faster for few classes, and a product with ones for any
    top = functools.reduce(np.maximum, input.T) if 0 < k < 8 else np.maximum.reduce(input, axis=1, initial=-np.inf)
    e = np.subtract(input, top[:, None], order="C")  # so that a flat view of it, and of its products, can be written
    place = np.arange(n) * k + target.astype(np.int64, copy=False)
    picked = e.reshape(-1)[place]
    np.exp(e, out=e)
    total = e @ np.ones(k, e.dtype)
    return np.log(total) - picked, (e, total, place)


def _input_rule(g: Array, residual: Any, s: Array, t: Array) -> Array:
    """g (e / total - e_t), in two passes over the batch."""
    e, total, place = residual
    d = e * (g / total)[:, None]
    d.reshape(-1)[place] -= g
    return d


@op(
    lambda g, y, s, t: g.reshape(-1, 1) * (_softmax(s, 1) - one_hot(t, s)),
    domain=(Reals(), Labels(below="k")),
    shapes="(n, k), (n) -> (n)",
    tex=r"\ln \sum_c e^{{{input}_c}} - {input}_{{{target}}}",
    fused=Fused(_forward, (_input_rule,)),
    analytic=True,
)
def cross_entropy(input: Array, target: Array) -> Array:
    r"""Softmax cross-entropy of logits `(n, k)` and class labels `(n,)`, one loss a row, not reduced.

    :math:`l = -\ln p_t = \ln \sum_c e^{s_c} - s_t`, so :math:`dl = \sum_c p_c ds_c - ds_t` and
    :math:`\bar s = g\,(p - e_t)` with the softmax p and the unit vector e_t.
    """
    return _forward(input, target)[0]


@op(domain=(Labels(below="k"), Reals()), shapes="(n), (n, k) -> (n, k)", tex="e_{{{target}}}")
def one_hot(target: Array, like: Array) -> Array:
    """Rows of zeros with a one at `target`, in the shape and dtype of `like`."""
    out = np.zeros_like(like)
    out[np.arange(len(out)), target] = 1
    return out
