"""Norms of vectors: the length of all elements over some dimensions, as of one vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import FLAG, NONZERO, Choice, Dims
from ..graph import add_up
from ..op import Array, op
from ..public import public
from .arithmetic import abs as absolute
from .cast import cast
from .checks import refuse_integers
from .compare import _sign, where
from .extreme import amax, amin
from .reduce import add_reduce, axis_of, inverse, kept
from .shape import dims_of

if TYPE_CHECKING:
    from ..tensor import Tensor

DimLike = int | Sequence[int] | None


@op(
    lambda g, y, x, ord, dim, keepdim: (
        kept(g * _scale(y, ord), x.shape, dim, keepdim) * _direction(x, kept(y, x.shape, dim, keepdim), ord)
    ),
    domain=(NONZERO, Choice((2, 1, 3, 0.5, -1.5, 2.5, 0)), Dims(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\lVert {input} \rVert_{{{ord}}}",
    wide=True,
)
def _norm(input: Array, ord: float = 2, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""The p-norm, :math:`y = (\sum_i |x_i|^p)^{1/p}` for a finite p, and the number of non-zero elements for p = 0.

    :math:`p\,y^{p-1} dy = \sum_i p\,|x_i|^{p-1} \operatorname{sign}(x_i)\,dx_i`, so
    :math:`dy = \sum_i (|x_i| / y)^{p-1} \operatorname{sign}(x_i)\,dx_i`;
    0 where y is 0, the subgradient of smallest norm.
    """
    axis = axis_of(input, dim)
    if ord == 2:
        if axis is None and not keepdim:
            return np.sqrt(np.vdot(input, input))
        if input.ndim and axis in (-1, (input.ndim - 1,)):
            y = np.sqrt(np.vecdot(input, input))
            return y[..., None] if keepdim else y
        return np.sqrt(add_up(np.square(input), axis, keepdim))
    if ord == 0:
        return add_reduce(input != 0, axis=axis, keepdims=keepdim, dtype=input.dtype)
    with np.errstate(divide="ignore"):
        powers = np.absolute(input) if ord == 1 else np.absolute(input) ** ord
        y = add_up(powers, axis, keepdim)
        return y if ord == 1 else y ** (1 / ord)


def _scale(y: Array, p: float) -> Array:
    """What of the derivative of the p-norm y is the same for all elements: 0 for the zero vector."""
    return 1 if p == 1 else 0 if p == 0 else inverse(y) if p == 2 else y != 0


def _direction(x: Array, y: Array, p: float) -> Array:
    """The rest of it."""
    if p == 2:
        return x
    if p in (0, 1):
        return _sign(x)
    return where(x == 0, 1, absolute(x) / where(y == 0, 1, y)) ** (p - 1) * _sign(x)


# ------------------------------------------------------------------------------------------------- compositions


@convention("2-norm of the zero vector", [0.0, 0.0], gives=[0, 0], value=0)
@convention("2-norm of the zero vector, squared", [0.0, 0.0], gives=[0, 0], of=lambda x: vector_norm(x) ** 2)
@public
def vector_norm(input: Array, ord: Any = 2, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    r"""The p-norm over `dim`, or of all elements, as one vector; at the zero vector its gradient is 0.

    Args:
        ord: p; :math:`(\sum_i |x_i|^p)^{1/p}`, with `inf` the greatest and with `-inf` the least absolute value, with 0
            how many elements aren't 0.
        dtype: what to convert the elements to before.

    Raises:
        TypeError: `ord` isn't a number.
        RuntimeError: the elements or `dtype` aren't floating, `dtype` is narrower than the elements', or there is no
            element and p is infinite or negative.
        IndexError: there is no such dimension.
    """
    ord = ord.item() if getattr(ord, "shape", None) == () else ord
    if not isinstance(ord, int | float):
        raise TypeError(f"vector_norm: ord must be a number, not {type(ord).__name__} {ord!r}")
    refuse_integers("vector_norm", input)
    if dtype is not None:
        dtype = np.dtype(dtype)
        if dtype.kind not in "fc":
            raise RuntimeError(f"vector_norm: dtype should be floating, not {dtype}")
        if not np.can_cast(input.dtype, dtype):
            raise RuntimeError(f"vector_norm: elements of {input.dtype} can't become {dtype} without narrowing")
        input = cast(input, dtype)
    dims = dims_of("vector_norm", input.ndim, dim)
    if (ord < 0 or ord == math.inf) and not math.prod(input.shape[d] for d in dims):
        raise RuntimeError(
            f"vector_norm: the {ord} norm of no element has no value; the tensor of shape {input.shape} is empty over "
            f"{'its dims' if dim is None else f'dim {dim}'}"
        )
    if math.isinf(ord):
        return (amax if ord > 0 else amin)(absolute(input), dim, keepdim)
    return _norm(input, float(ord), None if dim is None else dims, keepdim)


@public
def norm(
    input: Array, p: float | str | None = "fro", dim: DimLike = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """`vector_norm` of order `p` over `dim`; the Frobenius norm "fro" is the 2-norm.

    Raises:
        RuntimeError: `p` is another string, also "nuc", which is the business of `linalg.matrix_norm`; or "fro" over
            more than two dimensions that are named.
    """
    if isinstance(p, str):
        if p != "fro":
            raise RuntimeError(f"norm: p must be 'fro' or a number, not {p!r}; linalg.matrix_norm has the nuclear norm")
        if dim is not None and not isinstance(dim, int) and len(dim) > 2:
            raise RuntimeError(f"norm: dim of 'fro' must be one or two dimensions, not {tuple(dim)}; p=2 takes any")
        p = 2
    return vector_norm(input, 2 if p is None else p, dim, keepdim, dtype=dtype)
