"""Distances between vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import Reals
from ..op import Array, op
from ..public import public
from .compare import where
from .linalg import alike, arrays
from .norms import vector_norm
from .reduce import sum
from .shape import unsqueeze

if TYPE_CHECKING:
    from ..tensor import Tensor

BY_PRODUCTS = "use_mm_for_euclid_dist"
IF_MANY = "use_mm_for_euclid_dist_if_necessary"
BY_DIFFERENCES = "donot_use_mm_for_euclid_dist"
MANY = 25  # vectors: from there on PyTorch, too, goes by products


def _draw_apart(draw: object) -> tuple[Array, ...]:
    """Two batches of vectors, none of one near one of the other."""
    star, n = draw.shape(max_dims=1, max_size=2), draw.choice((2, 1, 3))  # type: ignore[attr-defined]
    stars = [draw.narrower(star) for _ in range(2)]  # type: ignore[attr-defined]
    a, b = (draw.reals((*lead, draw.choice((2, 1, 0)), n)) for lead in stars)  # type: ignore[attr-defined]
    return a, b + 8


@op(
    lambda g, y, a, b: _weighted(_over(g, y), a, b),
    lambda g, y, a, b: _weighted(_over(g, y).mT, b, a),
    domain=(Reals(), Reals()),
    shapes="(*, n, k), (*, m, k) -> (*, n, m)",
    broadcasts=True,
    promotes=False,
    wide=True,
    sample=_draw_apart,
    tex=r"\lVert {x1}_i - {x2}_j \rVert",
)
def _euclidean(x1: Array, x2: Array) -> Array:
    r"""Euclidean distances of every vector of one batch to every one of another, by a matrix product.

    :math:`y_{ij}^2 = |a_i|^2 + |b_j|^2 - 2 a_i^T b_j`, which loses digits where the distance is small beside the
    vectors. :math:`y\,dy = (a - b)^T (da - db)`, so with :math:`w_{ij} = g_{ij} / y_{ij}`, 0 where the distance is 0,
    :math:`\bar a_i = \sum_j w_{ij} (a_i - b_j)`: a matrix product again.
    """
    y = np.matmul(x1 * -2, x2.mT)
    y += np.vecdot(x1, x1)[..., :, None]
    y += np.vecdot(x2, x2)[..., None, :]
    return np.sqrt(np.maximum(y, 0, out=y), out=y)


def _over(g: Array, y: Array) -> Array:
    """g / y, and 0 where y is 0."""
    return g / where(y == 0, math.inf, y)


def _weighted(w: Array, a: Array, b: Array) -> Array:
    return a * w.sum(axis=-1, keepdims=True) - w @ b


# ------------------------------------------------------------------------------------------------- compositions


@convention("cdist of a vector to itself", [[1.0, 2.0]], [[1.0, 2.0]], gives=([[0, 0]], [[0, 0]]), value=[[0]])
@public
def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str | None = IF_MANY) -> Tensor:
    """Distances, in the p-norm, of every vector of `(*, n, k)` to every one of `(*, m, k)`: `(*, n, m)`.

    The gradient at distance 0 is 0.

    Args:
        p: from 0, how many elements differ, to inf, the greatest difference.
        compute_mode: for p = 2, whether to go by products of matrices, which is faster and loses digits of small
            distances: "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist", or by products if there are more than
            25 vectors on a side.

    Raises:
        ValueError: another `compute_mode`.
        RuntimeError: p is negative, sizes or dtypes don't fit, or the elements aren't floating.
    """
    arrays("cdist", x1=x1, x2=x2)
    if compute_mode not in (BY_PRODUCTS, IF_MANY, BY_DIFFERENCES, None):
        raise ValueError(f"cdist: compute_mode must be one of those in its documentation, not {compute_mode!r}")
    if not p >= 0:
        raise RuntimeError(f"cdist: p must not be negative, not {p}")
    for which, x in (("x1", x1), ("x2", x2)):
        if x.ndim < 2:
            raise RuntimeError(f"cdist: {which} must have at least 2 dimensions, not shape {tuple(x.shape)}")
        if x.dtype.kind != "f":
            raise RuntimeError(f"cdist: {which} must be floating, not {x.dtype}; convert with .float() first")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"cdist: shapes {tuple(x1.shape)} and {tuple(x2.shape)} must agree in the last size")
    alike("cdist", x1, x2)
    many = compute_mode == BY_PRODUCTS or (compute_mode != BY_DIFFERENCES and max(x1.shape[-2], x2.shape[-2]) > MANY)
    if p == 2 and many:
        return _euclidean(x1, x2)
    differences = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    if not x1.shape[-1] and math.isinf(p):
        return sum(differences, -1)
    return vector_norm(differences, p, -1)


@public
def dist(input: Array, other: Array, p: float = 2) -> Tensor:
    """The p-norm of `input - other`, which broadcast."""
    arrays("dist", input=input, other=other)
    return vector_norm(input - other, p)
