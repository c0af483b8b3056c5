"""Picking and writing by masks, by flat positions, and through slices and diagonals: compositions of brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..op import Array, wrap
from ..public import public
from .arithmetic import _add
from .cast import cast
from .compare import where
from .index import _getitem, _setitem, _unpick, arrays_of, gather, in_range
from .scatter import _same_dtype, _single
from .shape import dim_of, expand, permute, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor


@public
def masked_fill(input: Array, mask: Array, value: Array | float) -> Tensor:
    """`value`, a number or 0-d tensor, where `mask` holds, `input` elsewhere; mask and input broadcast.

    Raises:
        RuntimeError: `mask` isn't of bool, `value` has dimensions, or the dtype of `input` can't hold it.
        TypeError: `value` is neither number nor tensor.
    """
    _check_mask("masked_fill", input, mask)
    return where(mask, _single("masked_fill", value, input.dtype), input)


@public
def fill_diagonal(input: Array, fill_value: float, wrap: bool = False) -> Tensor:
    """`fill_value` on the diagonal, where all indices are equal.

    Args:
        wrap: after the end of a matrix with more rows than columns, a row is left out and another diagonal begins.

    Raises:
        RuntimeError: there are less than two dimensions, or more of several sizes.
    """
    if input.ndim < 2 or (input.ndim > 2 and len(set(input.shape)) > 1):
        raise RuntimeError(
            f"fill_diagonal: of a matrix, or of a tensor whose dimensions are of one size, not of shape {input.shape}"
        )
    on = np.zeros(input.shape, bool)
    np.fill_diagonal(on, True, wrap)
    return masked_fill(input, on, fill_value)


@public
def masked_select(input: Array, mask: Array) -> Tensor:
    """The elements where `mask` holds, as a vector; mask and input broadcast.

    Raises:
        RuntimeError: `mask` isn't of bool, or doesn't broadcast.
    """
    shape = _check_mask("masked_select", input, mask)
    return _getitem(_wide(input, shape), np.broadcast_to(arrays_of("masked_select", mask)[0], shape))


@public
def masked_scatter(input: Array, mask: Array, source: Array) -> Tensor:
    """A copy of `input` with the elements of `source`, one by one, where `mask` holds; mask and input broadcast.

    Raises:
        RuntimeError: `mask` isn't of bool, dtypes differ, or `source` has too few elements.
    """
    shape = _check_mask("masked_scatter", input, mask)
    arrays_of("masked_scatter", source)
    _same_dtype("masked_scatter", input, source)
    places = np.broadcast_to(arrays_of("masked_scatter", mask)[0], shape)
    n = int(np.count_nonzero(places))
    flat = reshape(source, (-1,))
    if flat.shape[0] < n:
        raise RuntimeError(f"masked_scatter: source has {flat.shape[0]} elements, the mask {n} places")
    return _setitem(_wide(input, shape), places, _getitem(flat, slice(n)))


def _check_mask(name: str, input: Array, mask: Array) -> tuple[int, ...]:
    """The shape to which `input` and `mask` broadcast.

    Raises:
        TypeError: one isn't a tensor.
        RuntimeError: `mask` isn't of bool, or they don't broadcast.
    """
    x, m = arrays_of(name, input, mask)
    if m.dtype.kind != "b":
        raise RuntimeError(f"{name}: mask must be of bool, not {m.dtype}; compare to make one, as in x < 0")
    try:
        return np.broadcast_shapes(x.shape, m.shape)
    except ValueError:
        raise RuntimeError(f"{name}: mask of shape {m.shape} doesn't broadcast with input of shape {x.shape}") from None


def _wide(input: Array, shape: tuple[int, ...]) -> Array:
    return input if input.shape == shape else expand(input, shape)


@public
def take(input: Array, index: Array) -> Tensor:
    """The elements of the flattened `input` at `index`, int64, in the shape of `index`; a negative one counts back.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: `index` isn't of int64.
    """
    places = _flat_places("take", input, index)
    return _getitem(reshape(input, (-1,)), places) if places.ndim else take(input, places.reshape(1)).reshape(())


@public
def put(input: Array, index: Array, source: Array, accumulate: bool = False) -> Tensor:
    """A copy of `input` with the elements of `source` at `index` of the flattened tensor.

    Args:
        index: int64, as many as `source` has elements; a negative one counts back.
        accumulate: add to what is there; else the last write to a place wins.

    Raises:
        IndexError: an index is out of range, or there are more or fewer of them than elements.
        RuntimeError: `index` isn't of int64, or dtypes differ.
    """
    places = _flat_places("put", input, index).reshape(-1)
    arrays_of("put", source)
    _same_dtype("put", input, source)
    values, flat = reshape(source, (-1,)), reshape(input, (-1,))
    if values.shape != places.shape:
        raise IndexError(f"put: source has {values.shape[0]} elements, index {places.size}")
    y = _add(flat, _unpick(values, places, flat.shape)) if accumulate else _setitem(flat, places, values)
    return reshape(y, input.shape)


def _flat_places(name: str, input: Array, index: Array) -> np.ndarray[Any, Any]:
    x, places = arrays_of(name, input, index)
    if places.dtype != np.int64:
        raise RuntimeError(f"{name}: index must be of int64, not {places.dtype}; convert with .long()")
    in_range(name, places, x.size, IndexError, "a tensor", negative=True)
    return places


@public
def take_along_dim(input: Array, indices: Array, dim: int | None = None) -> Tensor:
    """`gather` whose operands broadcast: the elements of `input` along `dim` at `indices`.

    Args:
        indices: int64; a negative one counts back.
        dim: by default both are flattened.

    Raises:
        RuntimeError: `indices` isn't of int64, is out of range, or the dimensions don't fit.
    """
    _, places = arrays_of("take_along_dim", input, indices)
    if places.dtype != np.int64:
        raise RuntimeError(f"take_along_dim: indices must be of int64, not {places.dtype}; convert with .long()")
    if dim is None:
        input, places, axis = reshape(input, (-1,)), places.reshape(-1), 0
    elif input.ndim != places.ndim:
        raise RuntimeError(f"take_along_dim: input has {input.ndim} dimensions, indices has {places.ndim}")
    else:
        axis = dim_of("take_along_dim", dim, input.ndim)
    if not input.ndim:
        return take(input, places)
    size = input.shape[axis]
    in_range("take_along_dim", places, size, RuntimeError, f"dim {axis}", negative=True)
    other = [n for i, n in enumerate(input.shape) if i != axis], [n for i, n in enumerate(places.shape) if i != axis]
    try:
        common = np.broadcast_shapes(*map(tuple, other))
    except ValueError:
        raise RuntimeError(
            f"take_along_dim: input of shape {tuple(input.shape)} and indices of shape {places.shape} must broadcast "
            f"but along dim {axis}"
        ) from None
    places = np.broadcast_to(places + size * (places < 0), (*common[:axis], places.shape[axis], *common[axis:]))
    return gather(_wide(input, (*common[:axis], size, *common[axis:])), axis, places)


@public
def unravel_index(indices: Array, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The coordinates in a tensor of `shape` of positions in the flattened one: a tensor for each dimension.

    A negative position counts back.

    Raises:
        ValueError: a position is out of range, or a size is negative.
        TypeError: `indices` or `shape` isn't of integers.
    """
    (places,) = arrays_of("unravel_index", indices)
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if places.dtype.kind not in "iu" or any(not isinstance(n, int) for n in sizes):
        raise TypeError(f"unravel_index: indices of {places.dtype} and shape {shape!r} must be of integers")
    if any(n < 0 for n in sizes):
        raise ValueError(f"unravel_index: shape {sizes} has a negative size")
    size = math.prod(sizes)
    in_range("unravel_index", places, size, ValueError, f"shape {sizes}", negative=True)
    return tuple(wrap(np.asarray(a)) for a in np.unravel_index(places + size * (places < 0), sizes))


# ------------------------------------------------------------------------------------------ through a view


@public
def select_scatter(input: Array, src: Array, dim: int, index: int) -> Tensor:
    """A copy of `input` with `src` in the entry `index` along `dim`.

    Raises:
        IndexError: there is no such entry.
        RuntimeError: `src` doesn't have the shape of the entry.
    """
    arrays_of("select_scatter", input, src)
    if not input.ndim:
        raise IndexError("select_scatter: a 0-d tensor has no entries")
    axis = dim_of("select_scatter", dim, input.ndim)
    in_range("select_scatter", np.asarray(index), input.shape[axis], IndexError, f"dim {axis}", negative=True)
    return _put("select_scatter", input, (slice(None),) * axis + (index,), src)


@public
def slice_scatter(
    input: Array, src: Array, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of `input` with `src` in the entries from `start` to `end`, exclusive, along `dim`, every `step`-th.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `src` doesn't have the shape of the slice, or `step` isn't positive.
    """
    arrays_of("slice_scatter", input, src)
    if step < 1:
        raise RuntimeError(f"slice_scatter: step must be positive, not {step}")
    axis = dim_of("slice_scatter", dim, input.ndim)
    return _put("slice_scatter", input, (slice(None),) * axis + (slice(start, end, step),), src)


@public
def diagonal_scatter(input: Array, src: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of `input` with `src` on the diagonal of the matrices that `dim1` and `dim2` make.

    Args:
        src: of shape `(*, n)`: the other dimensions, then the diagonal.
        offset: which diagonal: above the main one if positive, below if negative.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `src` doesn't have the shape of the diagonal, or the two dimensions are one.
    """
    arrays_of("diagonal_scatter", input, src)
    i, j = dim_of("diagonal_scatter", dim1, input.ndim), dim_of("diagonal_scatter", dim2, input.ndim)
    if i == j:
        raise RuntimeError(f"diagonal_scatter: dim1 and dim2 must differ, both are {dim1}")
    rest = [d for d in range(input.ndim) if d not in (i, j)]
    n = max(0, min(input.shape[i] + min(offset, 0), input.shape[j] - max(offset, 0)))
    rows, columns = np.arange(n) + max(-offset, 0), np.arange(n) + max(offset, 0)
    want = (*(input.shape[d] for d in rest), n)
    _check_shape("diagonal_scatter", src, want)
    back = np.argsort([i, j, *rest]).tolist()
    matrices = permute(input, (i, j, *rest))
    y = _setitem(matrices, (rows, columns), permute(cast(src, input.dtype), (len(rest), *range(len(rest)))))
    return permute(y, back)


def _put(name: str, input: Array, index: Any, src: Array) -> Tensor:
    _check_shape(name, src, arrays_of(name, input)[0][index].shape)
    return _setitem(input, index, cast(src, input.dtype))


def _check_shape(name: str, src: Array, shape: tuple[int, ...]) -> None:
    if tuple(src.shape) != shape:
        raise RuntimeError(f"{name}: src of shape {tuple(src.shape)} must have the shape {shape} of what it replaces")
