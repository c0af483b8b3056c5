"""Diagonals, and the triangles on either side of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import devices
from ..devices import Device
from ..domain import Choice, Given, Reals
from ..op import Array, op, table, wrap
from ..public import public
from .cast import clone
from .checks import integer
from .shape import dim_of, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor


def _diagonals(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_diagonal`: a tensor, a diagonal, and two of its dimensions."""
    shape = draw.shape(min_dims=2)
    dim1, dim2 = draw.permutation(len(shape))[:2]
    return draw.reals(shape), draw.integers(-3, 3), dim1 % len(shape), dim2 % len(shape)


@op(
    lambda g, y, x, offset, dim1, dim2: _undiagonal(g, offset, dim1, dim2, x.shape),
    domain=(Reals(), Given(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_diagonals,
    view=True,
    tex=r"\operatorname{{diagonal}}({input})",
    analytic=True,
)
def _diagonal(input: Array, offset: int, dim1: int, dim2: int) -> Array:
    r"""The diagonal of the matrices in `dim1` and `dim2` as a last dimension, :math:`y_i = x_{i, i + o}`; a view.

    :math:`\bar x_{ij} = [j - i = o]\,g_i`: the cotangent goes back to the diagonal, the other elements get 0.
    """
    rest = [d for d in range(input.ndim) if d not in (dim1, dim2)]
    x = np.transpose(input, (*rest, dim1, dim2))[..., max(-offset, 0) :, max(offset, 0) :]
    n = min(x.shape[-2:])
    return np.einsum("...ii->...i", x[..., :n, :n])  # a view that can be written to; np.diagonal's can't


@op(
    lambda g, y, x, offset, dim1, dim2, shape: _diagonal(g, offset, dim1, dim2),
    domain=(Reals(), Given(), Given(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=lambda draw: draw.adjoint(table["diagonal"]),
    tex=r"\operatorname{{Diag}}({input})",
    analytic=True,
)
def _undiagonal(input: Array, offset: int, dim1: int, dim2: int, shape: tuple[int, ...]) -> Array:
    r"""Zeros of `shape` with the last dimension of `input` on the diagonal of `dim1` and `dim2`.

    The adjoint of `diagonal`: :math:`y_{ij} = [j - i = o]\,x_i`, so :math:`\bar x_i = g_{i, i + o}`.
    """
    out = np.zeros_like(input, shape=shape)
    _diagonal(out, offset, dim1, dim2)[...] = input
    return out


@op(
    lambda g, y, x, diagonal: _tril(g, diagonal),
    domain=(Reals(), Choice((0, 1, -1, 2, -4))),
    shapes="(*, n, m) -> (*, n, m)",
    tex=r"\operatorname{{tril}}({input})",
    analytic=True,
)
def _tril(input: Array, diagonal: int) -> Array:
    r"""The elements on and below a diagonal, :math:`y_{ij} = [j - i \le d]\,x_{ij}`.

    :math:`\bar x_{ij} = [j - i \le d]\,g_{ij}`: what is kept gets its cotangent, the rest 0.
    """
    return _kept(input, _below(input, diagonal))


@op(
    lambda g, y, x, diagonal: _triu(g, diagonal),
    domain=(Reals(), Choice((0, 1, -1, 2, -4))),
    shapes="(*, n, m) -> (*, n, m)",
    tex=r"\operatorname{{triu}}({input})",
    analytic=True,
)
def _triu(input: Array, diagonal: int) -> Array:
    r"""The elements on and above a diagonal, :math:`y_{ij} = [j - i \ge d]\,x_{ij}`.

    :math:`\bar x_{ij} = [j - i \ge d]\,g_{ij}`: what is kept gets its cotangent, the rest 0.
    """
    return _kept(input, ~_below(input, diagonal - 1))


def _below(x: Array, diagonal: int) -> Array:
    """Whether each place of a matrix is on or below a diagonal."""
    n, m = x.shape[-2:]
    return np.tri(n, m, diagonal, np.bool_)


def _kept(x: Array, where: Array) -> Array:
    """The elements where `where` holds, zeros elsewhere; twice as fast as NumPy's choice between two arrays."""
    out = np.zeros_like(x)
    np.copyto(out, x, where=where)
    return out


# ------------------------------------------------------------------------------------------------- compositions


@public
def tril(input: Array, diagonal: int = 0) -> Tensor:
    """The elements of matrices `(*, n, m)` on and below a diagonal, above the main one if positive; 0 elsewhere.

    Raises:
        RuntimeError: there are less than 2 dimensions.
    """
    return _tril(_matrices("tril", input), integer("tril", "diagonal", diagonal))


@public
def triu(input: Array, diagonal: int = 0) -> Tensor:
    """The elements of matrices `(*, n, m)` on and above a diagonal, above the main one if positive; 0 elsewhere.

    Raises:
        RuntimeError: there are less than 2 dimensions.
    """
    return _triu(_matrices("triu", input), integer("triu", "diagonal", diagonal))


def _matrices(name: str, x: Array) -> Array:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: of a tensor of at least 2 dimensions, not of shape {tuple(x.shape)}")
    return x


@public
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the matrices in `dim1` and `dim2` as a last dimension, a view.

    Args:
        offset: 0 the main diagonal, positive above it, negative below.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `dim1` is `dim2`.
    """
    return _diagonal(input, integer("diagonal", "offset", offset), *_plane("diagonal", input.ndim, dim1, dim2))


def _plane(name: str, ndim: int, dim1: int, dim2: int) -> tuple[int, int]:
    first, second = dim_of(name, dim1, ndim), dim_of(name, dim2, ndim)
    if first == second:
        raise RuntimeError(f"{name}: the two dimensions must differ, but are {dim1} and {dim2}")
    return first, second


@public
def diag_embed(input: Array, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with the last dimension of `input` on a diagonal of the new dimensions `dim1` and `dim2`.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `dim1` is `dim2`.
    """
    if not input.ndim:
        raise IndexError("diag_embed: a 0-d tensor has no dimension to lay on a diagonal")
    first, second = _plane("diag_embed", input.ndim + 1, dim1, dim2)
    offset = integer("diag_embed", "offset", offset)
    n = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for d in sorted((first, second)):
        shape.insert(d, n)
    return _undiagonal(input, offset, first, second, tuple(shape))


@public
def diag(input: Array, diagonal: int = 0) -> Tensor:
    """Of a vector the matrix with it on a diagonal; of a matrix a copy of its diagonal.

    Raises:
        RuntimeError: there are neither 1 nor 2 dimensions.
    """
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim == 2:
        return clone(_diagonal(input, integer("diag", "diagonal", diagonal), 0, 1))
    raise RuntimeError(f"diag: of a tensor of 1 or 2 dimensions, not of shape {tuple(input.shape)}")


@public
def diagflat(input: Array, offset: int = 0) -> Tensor:
    """The matrix with all elements of `input` on a diagonal."""
    return diag_embed(reshape(input, (-1,)), offset)


@public
def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Device = None) -> Tensor:
    """The row and column, `(2, k)`, of each element on and below a diagonal of a `(row, col)` matrix, row by row.

    Raises:
        RuntimeError: a size is negative, or the device isn't the CPU.
        NotImplementedError: `dtype` isn't int32 or int64.
    """
    return _places("tril_indices", np.tril, row, col, offset, dtype, device)


@public
def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = np.int64, device: Device = None) -> Tensor:
    """The row and column, `(2, k)`, of each element on and above a diagonal of a `(row, col)` matrix, row by row.

    Raises:
        RuntimeError: a size is negative, or the device isn't the CPU.
        NotImplementedError: `dtype` isn't int32 or int64.
    """
    return _places("triu_indices", np.triu, row, col, offset, dtype, device)


def _places(name: str, half: Any, row: int, col: int, offset: int, dtype: Any, device: Device) -> Tensor:
    if device is not None:
        devices.device(device)
    offset = integer(name, "offset", offset)
    for what, n in (("row", row), ("col", col)):
        if integer(name, what, n) < 0:
            raise RuntimeError(f"{name}: {what} must be non-negative, not {n}")
    if np.dtype(dtype) not in (np.int32, np.int64):
        raise NotImplementedError(f"{name}: dtype must be int32 or int64, not {np.dtype(dtype)}")
    return wrap(np.array(np.nonzero(half(np.ones((row, col), np.bool_), offset)), dtype))
