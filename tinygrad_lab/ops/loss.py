"""Losses that are ops: the softmax cross-entropy of class labels, which never leaves the finite numbers; Huber's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import Choice, Labels, Reals
from ..op import Array, Fused, op
from ..threads import in_parts
from .arithmetic import clamp
from .softmax import _softmax


def _forward(input: Array, target: Array) -> tuple[Array, Any]:
    """The losses, and for the rule e^(s - m) with its sums; rows go in blocks that stay in the cache."""
    n, k = input.shape
    few = k <= _FEW
    e = np.empty((k, n), input.dtype).T if few else np.empty((n, k), input.dtype)
    place = target.astype(np.int64, copy=False) * (n if few else 1) + np.arange(n) * (1 if few else k)
    top, total, shifted = np.empty((3, n), input.dtype)
    ones = np.ones(k, input.dtype)
    rows = max(1, _BLOCK // max(k, 1))
    memory = _in_memory(e)

    def work(start: int, stop: int) -> None:
        for i in range(start, stop, rows):
            block = slice(i, min(i + rows, stop))
            s, part = input[block], e[block]
            if few:
                part[...] = s
                s = part
            np.maximum.reduce(s, axis=1, initial=-np.inf, out=top[block])
            np.subtract(s, top[block, None], out=part)
            shifted[block] = memory[place[block]]
            np.exp(part, out=part)
            np.matmul(part, ones, out=total[block])

    in_parts(work, n, input.size)
    return np.log(total) - shifted, (e, total, place)


_BLOCK = 2**16  # elements
_FEW = 64  # classes: NumPy reduces such short rows slowly, so each class lies in memory as a row


def _in_memory(e: Array) -> Array:
    """The elements in the order in which they lie there."""
    return (e if e.flags.c_contiguous else e.T).reshape(-1)


def _input_rule(g: Array, residual: Any, s: Array, t: Array) -> Array:
    """g (e / total - e_t), in two passes over the batch."""
    e, total, place = residual
    d = np.empty_like(e)
    scale = (g / total)[:, None]
    in_parts(lambda i, j: np.multiply(e[i:j], scale[i:j], out=d[i:j]), len(e), e.size)
    _in_memory(d)[place] -= g
    return d


@op(
    lambda g, y, s, t: g.reshape(-1, 1) * (_softmax(s, 1) - one_hot(t, s)),
    domain=(Reals(), Labels(below="k")),
    shapes="(n, k), (n) -> (n)",
    tex=r"\ln \sum_c e^{{{input}_c}} - {input}_{{{target}}}",
    wide=True,
    fused=Fused(_forward, (_input_rule,)),
    analytic=True,
)
def cross_entropy(input: Array, target: Array) -> Array:
    r"""Softmax cross-entropy of logits `(n, k)` and class labels `(n,)`, one loss a row, not reduced.

    :math:`l = -\ln p_t = \ln \sum_c e^{s_c} - s_t`, so :math:`dl = \sum_c p_c ds_c - ds_t` and
    :math:`\bar s = g\,(p - e_t)` with the softmax p and the unit vector e_t.
    """
    return _forward(input, target)[0]


def _huber(input: Array, delta: float) -> tuple[Array, Array]:
    c = np.minimum(np.maximum(input, -delta), delta)
    y = c * -0.5
    y += input
    y *= c
    return y, c


@op(
    lambda g, y, x, delta: g * clamp(x, -delta, delta),
    domain=(Reals(kinks=(-1.0, -0.5, 0.5, 1.0)), Choice((1.0, 0.5))),
    shapes="(*) -> (*)",
    tex=r"\operatorname{{huber}}({input})",
    wide=True,
    fused=Fused(_huber, (lambda g, c, x, delta: g * c,)),  # it clamps once, which takes most of the time
)
def huber(input: Array, delta: float) -> Array:
    r"""Huber's loss, :math:`y = x^2 / 2` for :math:`|x| \le \delta`, :math:`\delta (|x| - \delta / 2)` beyond.

    With :math:`c = \min(\max(x, -\delta), \delta)` both are :math:`y = c\,(x - c / 2)`, and :math:`dy = c\,dx`: x
    inside, :math:`\pm \delta` outside (Huber 1964).
    """
    return _huber(input, delta)[0]


@op(domain=(Labels(below="k"), Reals()), shapes="(n), (n, k) -> (n, k)", tex="e_{{{target}}}")
def one_hot(target: Array, like: Array) -> Array:
    """Rows of zeros with a one at `target`, in the shape and dtype of `like`; without gradient, as labels are."""
    out = np.zeros_like(like)
    out[np.arange(len(out)), target] = 1
    return out
