"""Lengths of vectors, and the angles and distances between them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...convention import convention
from ...ops.arithmetic import clamp
from ...ops.compare import where
from ...ops.norms import vector_norm
from ...ops.shape import dims_of, expand, reshape
from ...public import public
from ...tensor import Tensor


def _unit(x: Tensor, p: float, dim: int | Sequence[int], eps: float) -> Tensor:
    """x divided by its p-norm along `dim`, or by `eps` if that is greater.

    A zero vector is divided by infinity, so that its gradient is 0 and not 1 / eps: no direction is better.
    """
    length = vector_norm(x, p, dim, True)
    return x / where(length == 0, math.inf, clamp(length, eps))


@convention("normalize at the zero vector", [0.0, 0.0], 2, 0, gives=[0, 0], value=[0, 0])
@public
def normalize(input: Tensor, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12) -> Tensor:
    r"""Vectors along `dim` divided by their p-norm, :math:`x / \max(\lVert x \rVert_p, \epsilon)`.

    The gradient at the zero vector is 0.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the elements aren't floating.
    """
    return _unit(input, p, dim, eps)


@convention("cosine_similarity with the zero vector", [0.0, 0.0], [3.0, 4.0], 0, gives=([0, 0], [0, 0]), value=0)
@public
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Cosine of the angle between vectors along `dim`, :math:`x_1 \cdot x_2 / (\lVert x_1 \rVert \lVert x_2 \rVert)`.

    Norms are at least `eps`. Shapes broadcast. It is 0 with a zero vector, whose gradient is 0.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: no elements are floating, the shapes don't broadcast, or `eps` is negative.
    """
    if not eps >= 0:
        raise RuntimeError(f"cosine_similarity: eps must be non-negative, not {eps}")
    if x1.dtype != x2.dtype:
        dtype = np.result_type(*[x.dtype for x in (x1, x2) if x.dtype.kind == "f"] or [x1.dtype])
        x1, x2 = x1.to(dtype), x2.to(dtype)
    n = max(x1.ndim, x2.ndim)
    (d,) = dims_of("cosine_similarity", n, dim) or (0,)
    a, b = (x if x.ndim == n else reshape(x, (*[1] * (n - x.ndim), *x.shape)) for x in (x1, x2))
    if n and a.shape[d] != b.shape[d]:  # the norm is that of the vector after broadcasting
        size = max(a.shape[d], b.shape[d])
        a, b = (expand(x, (*x.shape[:d], size, *x.shape[d + 1 :])) for x in (a, b))
    return (_unit(a, 2, d, eps) * _unit(b, 2, d, eps)).sum(d)


@public
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    r"""The p-norm of differences along the last dimension, :math:`\lVert x_1 - x_2 + \epsilon \rVert_p`.

    Shapes broadcast, `(n, d)` or `(d,)`.

    Args:
        eps: added to each difference, so that there is a gradient even where the vectors agree.

    Raises:
        RuntimeError: the shapes don't broadcast.
    """
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


@public
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distance between each pair of rows of `(n, d)`: (0, 1), (0, 2) ... (1, 2) ..., n (n - 1) / 2 of them.

    Raises:
        RuntimeError: `input` isn't a matrix, or p is negative.
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist: of the rows of a matrix, not of a tensor of shape {input.shape}")
    if not p >= 0:
        raise RuntimeError(f"pdist: p must not be negative, as {p}")
    i, j = np.triu_indices(len(input), 1)
    return vector_norm(input[i] - input[j], p, -1)
