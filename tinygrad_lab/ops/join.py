"""Several tensors to one, or to tensors that fit each other: stacked, laid on a grid, broadcast."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..op import Array, wrap
from ..public import public
from .shape import cat, check_tensors, expand, reshape, stack

if TYPE_CHECKING:
    from ..tensor import Tensor


def _given(name: str, tensors: tuple[Array, ...]) -> tuple[Array, ...]:
    """The tensors, given as separate arguments or as one sequence."""
    found = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    check_tensors(name, found)
    return found


def _some(name: str, tensors: Sequence[Array]) -> Sequence[Array]:
    """The tensors, if there are any."""
    check_tensors(name, tensors)
    if not tensors:
        raise RuntimeError(f"{name}: expected a non-empty list of tensors")
    return tensors


@public
def atleast_1d(*tensors: Array) -> Tensor | tuple[Tensor, ...]:
    """A 0-d tensor as one of a single element; others as they are. A tuple of a sequence or of several tensors."""
    return _each("atleast_1d", tensors, _at_least_1d)


@public
def atleast_2d(*tensors: Array) -> Tensor | tuple[Tensor, ...]:
    """`(n,)` as a row, `(1, n)`, and 0-d as `(1, 1)`; others as they are."""
    return _each("atleast_2d", tensors, _at_least_2d)


@public
def atleast_3d(*tensors: Array) -> Tensor | tuple[Tensor, ...]:
    """`(n, m)` as `(n, m, 1)`, `(n,)` as `(1, n, 1)`, and 0-d as `(1, 1, 1)`; others as they are."""
    return _each("atleast_3d", tensors, _at_least_3d)


def _each(name: str, tensors: tuple[Array, ...], function: Array) -> Tensor | tuple[Tensor, ...]:
    found = tuple(function(t) for t in _given(name, tensors))
    return found[0] if len(tensors) == 1 and found and not isinstance(tensors[0], (list, tuple)) else found


def _at_least_1d(x: Array) -> Array:
    return x if x.ndim else reshape(x, (1,))


def _at_least_2d(x: Array) -> Array:
    return x if x.ndim > 1 else reshape(x, (1, x.shape[0] if x.ndim else 1))


def _at_least_3d(x: Array) -> Array:
    if x.ndim > 2:
        return x
    return reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, x.shape[0] if x.ndim else 1, 1))


@public
def hstack(tensors: Sequence[Array]) -> Tensor:
    """Side by side: joined along dimension 1, vectors along their only one.

    Raises:
        RuntimeError: there is no tensor, or sizes differ.
    """
    full = [_at_least_1d(t) for t in _some("hstack", tensors)]
    return cat(full, 0 if full[0].ndim == 1 else 1)


@public
def vstack(tensors: Sequence[Array]) -> Tensor:
    """One above the other: joined along dimension 0, a vector as a row.

    Raises:
        RuntimeError: there is no tensor, or sizes differ.
    """
    return cat([_at_least_2d(t) for t in _some("vstack", tensors)], 0)


row_stack = vstack


@public
def dstack(tensors: Sequence[Array]) -> Tensor:
    """One behind the other: joined along dimension 2.

    Raises:
        RuntimeError: there is no tensor, or sizes differ.
    """
    return cat([_at_least_3d(t) for t in _some("dstack", tensors)], 2)


@public
def column_stack(tensors: Sequence[Array]) -> Tensor:
    """Side by side: joined along dimension 1, a vector as a column.

    Raises:
        RuntimeError: there is no tensor, or sizes differ.
    """
    columns = [t if t.ndim > 1 else reshape(t, (-1, 1)) for t in _some("column_stack", tensors)]
    return cat(columns, 1)


@public
def block_diag(*tensors: Array) -> Tensor:
    """A matrix with the tensors as blocks along its diagonal and zeros elsewhere; a vector is a row.

    Raises:
        RuntimeError: a tensor has more than two dimensions.
    """
    check_tensors("block_diag", tensors)
    for i, t in enumerate(tensors):
        if t.ndim > 2:
            raise RuntimeError(f"block_diag: tensor {i} of shape {tuple(t.shape)} has more than 2 dimensions")
    blocks = [_at_least_2d(t) for t in tensors or (wrap(np.zeros((1, 0), np.float32)),)]
    width, left, rows = sum(b.shape[1] for b in blocks), 0, []
    for b in blocks:
        n, m = b.shape
        right = width - left - m
        rows.append(cat([np.zeros((n, left), b.dtype), b, np.zeros((n, right), b.dtype)], 1))
        left += m
    return cat(rows, 0)


@public
def broadcast_shapes(*shapes: Sequence[int] | int) -> tuple[int, ...]:
    """The shape that tensors of these `shapes` broadcast to; an integer is a shape of one dimension.

    Raises:
        RuntimeError: they don't broadcast.
        ValueError: a size is negative.
    """
    full = [tuple(s) if isinstance(s, (list, tuple)) else (s,) for s in shapes]
    if any(n < 0 for s in full for n in s):
        raise ValueError(f"broadcast_shapes: a size is negative in {full}")
    try:
        return np.broadcast_shapes(*full)
    except ValueError:
        raise RuntimeError(
            f"broadcast: shapes {' and '.join(map(str, full))} don't broadcast: from the last dimension on, sizes must "
            "be equal or 1"
        ) from None


@public
def broadcast_tensors(*tensors: Array) -> tuple[Tensor, ...]:
    """The tensors expanded to the shape that they broadcast to: views, and those that have the shape themselves.

    Raises:
        RuntimeError: they don't broadcast.
    """
    check_tensors("broadcast_tensors", tensors)
    shape = broadcast_shapes(*(tuple(t.shape) for t in tensors))
    return tuple(t if t.shape == shape else expand(t, shape) for t in tensors)


@public
def meshgrid(*tensors: Array, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid's points, given those along each axis: views, one tensor for each axis.

    Args:
        tensors: 1-d or 0-d, of one dtype.
        indexing: "ij": the i-th tensor runs along dimension i; "xy": the first two change places, as in a picture.

    Raises:
        RuntimeError: there is no tensor, one has two dimensions or more, dtypes differ, or another `indexing`.
    """
    axes = _some("meshgrid", _given("meshgrid", tensors))
    for t in axes:
        if t.ndim > 1:
            raise RuntimeError(f"meshgrid: expected 0-d or 1-d tensors, not one of shape {tuple(t.shape)}")
    if len({t.dtype for t in axes}) > 1:
        raise RuntimeError(f"meshgrid: expected tensors of one dtype, not of {', '.join(str(t.dtype) for t in axes)}")
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'meshgrid: indexing must be one of "xy" or "ij", not {indexing!r}')
    places = list(range(len(axes)))
    if indexing == "xy":
        places[:2] = places[:2][::-1]
    shape = [1] * len(axes)
    for t, d in zip(axes, places, strict=True):
        shape[d] = t.shape[0] if t.ndim else 1
    lines = [reshape(t, [n if k == d else 1 for k, n in enumerate(shape)]) for t, d in zip(axes, places, strict=True)]
    return tuple(expand(t, shape) for t in lines)


@public
def cartesian_prod(*tensors: Array) -> Tensor:
    """Every choice of one element of each vector, a row each; of one vector the vector.

    Raises:
        RuntimeError: there is no tensor, one isn't a vector, or dtypes differ.
    """
    check_tensors("cartesian_prod", tensors)
    for t in tensors:
        if t.ndim != 1:
            raise RuntimeError(f"cartesian_prod: expected vectors, not a tensor of shape {tuple(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]  # type: ignore[no-any-return]  # a tensor, unless it was given an array
    return stack([reshape(t, (-1,)) for t in meshgrid(*tensors)], 1)


@public
def combinations(input: Array, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Every choice of `r` elements of a vector, in its order, a row each; with repetitions if `with_replacement`.

    Raises:
        RuntimeError: `input` isn't a vector, `r` is negative, or there are more choices than memory holds.
    """
    if input.ndim != 1:
        raise RuntimeError(f"combinations: expected a vector, not a tensor of shape {tuple(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations: expected a non-negative number, not {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    if r == 0:
        return wrap(np.zeros(0, input.dtype))
    n = len(input) + (r - 1 if with_replacement else 0)
    count = min(math.comb(n, r), sys.maxsize) if len(input) else 0
    chosen = np.empty((count, r), np.int64)  # fails at once where there isn't memory
    if count:
        chosen = np.fromiter(choose(range(len(input)), r), np.dtype((np.int64, r)), count)
    return input[chosen]  # type: ignore[no-any-return]
