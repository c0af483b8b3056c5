"""Attention, and its softmax, which may see nothing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..domain import REALS, Dim, Given
from ..op import Array, Fused, op
from .linalg import _matmul


def _weights(input: Array, dim: int) -> Array:
    """The softmax along `dim`, 0 in a row that is all -inf.

    As long as a row's sum of exponentials is neither great nor small, which it mostly isn't, it needs no maximum taken
    out, and is more exact without.
    """
    with np.errstate(over="ignore"):
        p = np.asarray(np.exp(input))
    total = _sum(p, dim)
    if not _moderate(total):
        p, total = _shifted(input, dim)
    p /= total
    return p


def _moderate(total: Array) -> bool:
    """Whether sums of exponentials are neither so great nor so small that digits were lost."""
    size = np.abs(total)
    limits = np.finfo(size.dtype)
    return bool(np.sqrt(limits.tiny) < np.min(size, initial=1) and np.max(size, initial=1) < np.sqrt(limits.max))


def _shifted(input: Array, dim: int) -> tuple[Array, Array]:
    """The exponentials of the differences from each row's maximum, and their sums, 1 where all are 0."""
    top = np.maximum.reduce(input, axis=dim, keepdims=True, initial=-np.inf)
    top = np.where(top == -np.inf, 0, top).astype(top.dtype, copy=False)
    with np.errstate(invalid="ignore"):
        p = np.asarray(np.exp(input - top))
    total = _sum(p, dim)
    return p, np.where(total == 0, 1, total).astype(total.dtype, copy=False)


def _sum(x: Array, dim: int) -> Array:
    """The sums along `dim`, which stays. A product with ones sums rows three times as fast."""
    if x.ndim and dim % x.ndim == x.ndim - 1 and x.shape[-1] and x.flags.c_contiguous:
        return (x.reshape(-1, x.shape[-1]) @ np.ones(x.shape[-1], x.dtype)).reshape(*x.shape[:-1], 1)
    return np.add.reduce(x, axis=dim, keepdims=True)


def _rule(g: Array, y: Array, x: Array, dim: int) -> Array:
    """y (g - sum(g y)), the sums of products by BLAS."""
    if dim % max(y.ndim, 1) != y.ndim - 1:
        return y * (g - np.add.reduce(g * y, axis=dim, keepdims=True))
    d = g - np.vecdot(g, y)[..., None]
    d *= y
    return d


@op(
    lambda g, y, x, dim: y * (g - (g * y).sum(axis=dim, keepdims=True)),
    domain=(REALS, Dim()),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{softmax}} {input}",
    wide=True,
    fused=Fused(None, (_rule,)),
    analytic=True,
)
def safe_softmax(input: Array, dim: int) -> Array:
    r"""Softmax along `dim`, :math:`p_k = e^{s_k} / \sum_c e^{s_c}`, but 0 for a row that is all -inf.

    :math:`dp_k = p_k (ds_k - \sum_c p_c ds_c)`, which is 0 there, too: what attends to nothing sends nothing back.
    """
    return _weights(input, dim)


# ------------------------------------------------------------------------------------------------------ attention


class _Saved(NamedTuple):
    """What the fast rules read: the weights are `e / total`."""

    e: Array
    total: Array
    value: Array
    y: Array


def _forward(query: Array, key: Array, value: Array, mask: Array | None, scale: float) -> tuple[Array, _Saved]:
    """The output, and what the fast rules need. The rows of the output are divided, not the longer ones of weights."""

    def scores() -> Array:
        # a copy of the transposed keys pays: BLAS needs twice the time for small matrices that lie the other way
        s = np.matmul(query, np.multiply(key.mT, scale, order="C"))
        fits = mask is not None and np.broadcast_shapes(s.shape, mask.shape) == s.shape and mask.dtype == s.dtype
        return s if mask is None else np.add(s, mask, out=s if fits else None)

    e = scores()
    with np.errstate(over="ignore"):
        np.exp(e, out=e)
    total = _sum(e, -1)
    if not _moderate(total):
        e, total = _shifted(scores(), -1)
    y = np.matmul(e, value)
    y /= total
    return y, _Saved(e, total, value, y)


class _Shared(NamedTuple):
    """What the fast rules share: `g / total`, the exponentials, and the cotangent of the scores."""

    h: Array
    e: Array
    d: Array


def _shared(g: Array, r: _Saved) -> _Shared:
    h = g / r.total
    d = np.matmul(h, np.ascontiguousarray(r.value.mT))
    d -= np.vecdot(h, r.y)[..., None]
    d *= r.e
    return _Shared(h, r.e, d)


def _of_operand(d: Array, other: Array, scale: float) -> Array:
    """The cotangent of queries or keys for that of the scores."""
    product = np.matmul(d, other)
    product *= scale
    return product


def _with_mask(draw: Array) -> tuple[Array, ...]:
    """Arguments of `_attention`."""
    l, e, v = (draw.integers(1, 3) for _ in range(3))
    m = draw.integers(2, 3)
    lead = draw.shape(max_dims=2, max_size=4)
    query, key, value = (draw.reals((*draw.narrower(lead), *size)) for size in ((l, e), (m, e), (m, v)))
    mask = draw.reals((*draw.narrower(lead), draw.choice((l, 1)), m)) if draw.integers(0, 2) else None
    # where keys, values or masks are alike, the gradient of the scores is rounding alone
    draw.assume(all(np.ptp(x, axis=-2).min(initial=np.inf) >= 1 for x in (key, value)))
    return query, key, value, mask, draw.choice((0.125, 0.25))


@op(
    lambda g, y, q, k, v, m, s: s * _matmul(_of_scores(g, y, q, k, v, m, s), k),
    lambda g, y, q, k, v, m, s: s * _matmul(_of_scores(g, y, q, k, v, m, s).mT, q),
    lambda g, y, q, k, v, m, s: _matmul(_scored(q, k, m, s).mT, g),
    lambda g, y, q, k, v, m, s: _of_scores(g, y, q, k, v, m, s),
    domain=(REALS, REALS, REALS, REALS, Given()),
    shapes="(*, l, e), (*, m, e), (*, m, v), (*) -> (...)",
    broadcasts=True,
    promotes=False,
    wide=True,
    sample=_with_mask,
    tex=r"\operatorname{{softmax}}({scale}\,{query}\,{key}^T + {mask})\,{value}",
    fused=Fused(
        _forward,
        (
            lambda g, r, q, k, v, m, s: _of_operand(r.d, k, s),
            lambda g, r, q, k, v, m, s: _of_operand(r.d.mT, q, s),
            lambda g, r, q, k, v, m, s: r.e.mT @ r.h,
            lambda g, r, q, k, v, m, s: r.d,
        ),
        _shared,
    ),
    analytic=True,
)
def _attention(query: Array, key: Array, value: Array, mask: Array | None, scale: float) -> Array:
    r"""Attention, :math:`Y = P V` with the weights :math:`P = \operatorname{softmax}(S)`, :math:`S = s\,Q K^T + M`.

    :math:`\bar P = G V^T` and :math:`\bar V = P^T G`. Softmax gives :math:`\bar S = P \odot (\bar P - r)` with the
    rows' sums :math:`r = \sum P \odot \bar P = \sum G \odot Y`, which don't need P (Dao et al. 2022). The scores are
    linear: :math:`\bar Q = s\,\bar S K`, :math:`\bar K = s\,\bar S^T Q`, :math:`\bar M = \bar S`. A row of M that is
    all :math:`-\infty` has weights 0.
    """
    return _forward(query, key, value, mask, scale)[0]


def _scored(q: Array, k: Array, m: Array | None, s: float) -> Array:
    """The weights of `_attention`."""
    scores = s * _matmul(q, k.mT)
    return safe_softmax(scores if m is None else scores + m, -1)


def _of_scores(g: Array, y: Array, q: Array, k: Array, v: Array, m: Array | None, s: float) -> Array:
    """The cotangent of the scores of `_attention`."""
    return _scored(q, k, m, s) * (_matmul(g, v.mT) - (g * y).sum(axis=-1, keepdims=True))
