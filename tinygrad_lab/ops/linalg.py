"""Matrix products."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..domain import REALS
from ..op import Array, op
from .shape import squeeze, unsqueeze

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    lambda g, y, a, b: g @ b.mT,
    lambda g, y, a, b: a.mT @ g,
    shapes="(*, n, k), (*, k, m) -> (*, n, m)",
    broadcasts=True,
    tex=r"{input}\,{other}",
    analytic=True,
)
def _matmul(input: Array, other: Array) -> Array:
    r"""Matrix product, :math:`Y = A B`, over broadcast batch dimensions.

    :math:`dY = dA\,B + A\,dB`. With :math:`\langle G, dA\,B \rangle = \langle G B^T, dA \rangle` the cotangents are
    :math:`\bar A = G B^T` and :math:`\bar B = A^T G`.
    """
    return np.matmul(input, other)


@op(
    lambda g, y, x, w, b: g @ w,
    lambda g, y, x, w, b: g.mT @ x,
    lambda g, y, x, w, b: g,
    domain=REALS,
    shapes="(n, k), (m, k), (m) -> (n, m)",
    broadcasts=True,
    tex=r"{input}\,{weight}^T + {bias}",
    analytic=True,
)
def _affine(input: Array, weight: Array, bias: Array) -> Array:
    r"""Affine map of rows, :math:`Y = X W^T + b`, with W of shape (out, in).

    :math:`dY = dX\,W^T + X\,dW^T + db`, so :math:`\bar X = G W`, :math:`\bar W = G^T X`, and :math:`\bar b` is G summed
    over the rows, which b was broadcast along.
    """
    y = np.matmul(input, weight.mT)
    return np.add(y, bias, out=y if y.dtype == bias.dtype else None)


# ------------------------------------------------------------------------------------------------- compositions


def matmul(input: Array, other: Array) -> Tensor:
    """Matrix product: of vectors, matrices and batches of matrices, in every pairing.

    A vector on the left is a row, on the right a column, and that dimension is dropped from the result; the dimensions
    before the last two are batches and broadcast.

    Raises:
        RuntimeError: an operand is 0-d, or the inner sizes differ.
        TypeError: an operand is neither tensor nor array.
    """
    try:
        n, m = input.ndim, other.ndim
    except AttributeError:
        wrong = next(x for x in (input, other) if not hasattr(x, "ndim"))
        raise TypeError(f"matmul: the operands must be tensors or arrays, not {type(wrong).__name__}") from None
    if n and m and input.shape[-1] != other.shape[-2 if m > 1 else 0]:
        raise RuntimeError(
            f"matmul: shapes {tuple(input.shape)} and {tuple(other.shape)} don't fit: {input.shape[-1]} != "
            f"{other.shape[-2 if m > 1 else 0]}"
        )
    if n == 2 and m == 2:
        return _matmul(input, other)
    if n == 0 or m == 0:
        raise RuntimeError(
            f"matmul: both operands need at least 1 dimension; shapes are {input.shape} and {other.shape}"
        )
    if n == 1:
        return squeeze(matmul(unsqueeze(input, 0), other), -2 if m > 1 else 0)
    if m == 1:
        return squeeze(matmul(input, unsqueeze(other, 1)), -1)
    if m == 2:  # one big product instead of a batch of small ones
        return _matmul(_rows(input), other).reshape(*input.shape[:-1], other.shape[-1])
    return _matmul(input, other)


def _rows(x: Array) -> Array:
    """All but the last dimension as one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def linear(input: Array, weight: Array, bias: Array | None = None) -> Tensor:
    """Affine map of the last dimension, `input @ weight.T + bias`: (*, in) and (out, in) give (*, out).

    Raises:
        RuntimeError: the sizes don't fit.
    """
    if input.ndim == 0 or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(
            f"linear: input of shape {tuple(input.shape)} doesn't fit weight of shape {tuple(weight.shape)}: the last "
            f"dimension must be {weight.shape[-1]}"
        )
    if weight.ndim == 1:
        y = matmul(input, weight)
        return y if bias is None else y + bias
    if input.ndim != 2:
        return linear(_rows(input), weight, bias).reshape(*input.shape[:-1], weight.shape[0])
    return _matmul(input, weight.mT) if bias is None else _affine(input, weight, bias)
