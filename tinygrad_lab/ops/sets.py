"""Sets and places: distinct elements, membership, positions in sorted rows; nothing here has a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..op import Array, wrap
from ..public import public
from .checks import refuse_bools
from .shape import dim_of

if TYPE_CHECKING:
    from ..tensor import Tensor


def array_of(x: Any) -> np.ndarray[Any, Any]:
    """The array of a tensor, or what an array or number is as one."""
    return np.asarray(getattr(x, "array", x))


@public
def unique(
    input: Array,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in ascending order, or the distinct slices along `dim`; no NaN equals another.

    Args:
        return_inverse: give also the index of each element, or slice, among the distinct ones.
        return_counts: give also how often each one occurs.

    Returns:
        the distinct elements, or a tuple of these and what else was asked for.

    Raises:
        IndexError: there is no such dimension.
    """
    x = array_of(input)
    axis = None if dim is None else dim_of("unique", dim, x.ndim)
    if axis is not None and not x.ndim:
        x, axis = x.reshape(1), 0
    found, inverse, counts = np.unique(x, return_inverse=True, return_counts=True, axis=axis, equal_nan=False)
    return _parts(found, inverse.reshape(x.shape if axis is None else -1), counts, return_inverse, return_counts)


@public
def unique_consecutive(
    input: Array, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements without those that equal the one before: of the flattened tensor, or the slices along `dim`.

    Args:
        return_inverse: give also the index of each element, or slice, among those that are left.
        return_counts: give also how many equal ones follow each other.

    Returns:
        the elements, or a tuple of these and what else was asked for.

    Raises:
        IndexError: there is no such dimension.
    """
    x = array_of(input)
    axis = 0 if dim is None else dim_of("unique_consecutive", dim, x.ndim)
    rows = np.moveaxis(x, axis, 0) if dim is not None and x.ndim else x.reshape(-1)
    differs = rows[1:] != rows[:-1]
    new = np.ones(len(rows), bool)
    new[1:] = differs.any(axis=tuple(range(1, rows.ndim)))
    inverse = np.cumsum(new) - 1
    counts = np.diff(np.append(np.flatnonzero(new), len(rows)))
    found = rows[new] if dim is None or not x.ndim else np.moveaxis(rows[new], 0, axis)
    return _parts(found, inverse.reshape(x.shape) if dim is None else inverse, counts, return_inverse, return_counts)


def _parts(found: Array, inverse: Array, counts: Array, return_inverse: bool, return_counts: bool) -> Any:
    parts = (found, *([inverse] if return_inverse else ()), *([counts] if return_counts else ()))
    return wrap(found) if len(parts) == 1 else tuple(map(wrap, parts))


@public
def isin(elements: Array, test_elements: Array, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each of `elements` is among `test_elements`, or with `invert` whether it isn't; either may be a number.

    Raises:
        ValueError: both are numbers.
    """
    if not hasattr(elements, "ndim") and not hasattr(test_elements, "ndim"):
        raise ValueError("isin: elements or test_elements must be a tensor; both are numbers")
    for operand in (elements, test_elements):
        refuse_bools("isin", operand)
    return wrap(np.isin(array_of(elements), array_of(test_elements), assume_unique=assume_unique, invert=invert))


@public
def searchsorted(
    sorted_sequence: Array,
    input: Array,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Array | None = None,
) -> Tensor:
    """Where each value would go into an ascending row so that it stays sorted.

    Args:
        sorted_sequence: one row `(n)`, or rows `(*, n)`.
        input: the values, of any shape for one row, `(*, m)` for rows; or a number for one row.
        out_int32: give int32, not int64.
        right: place a value behind those that equal it, not before them.
        side: "left" or "right", as `right` says.
        sorter: the indices that sort each row, if they aren't sorted.

    Raises:
        RuntimeError: the shapes don't fit, or `side` contradicts `right` or is another word.
    """
    refuse_bools("searchsorted", sorted_sequence)
    rows, values = array_of(sorted_sequence), array_of(input)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted: side must be 'left' or 'right', not {side!r}")
    if side == "left" and right:
        raise RuntimeError("searchsorted: side='left' contradicts right=True")
    if rows.ndim == 0:
        raise RuntimeError("searchsorted: sorted_sequence must have at least one dimension, not 0")
    if rows.ndim > 1 and (values.ndim != rows.ndim or values.shape[:-1] != rows.shape[:-1]):
        raise RuntimeError(
            f"searchsorted: sorted_sequence of shape {rows.shape} and values of shape {values.shape} must agree "
            "but for the last dimension"
        )
    if sorter is not None:
        order = array_of(sorter)
        if order.shape != rows.shape:
            raise RuntimeError(f"searchsorted: sorter of shape {order.shape} must have the shape {rows.shape}")
        if order.dtype != np.int64:
            raise RuntimeError(f"searchsorted: sorter must be of int64, not {order.dtype}")
        if order.size and not (0 <= order.min() and order.max() < rows.shape[-1]):
            raise RuntimeError(f"searchsorted: sorter's indices must be from 0 to {rows.shape[-1] - 1}")
        rows = np.take_along_axis(rows, order, -1)
    if getattr(sorted_sequence, "dtype", None) != getattr(input, "dtype", None) and hasattr(input, "dtype"):
        raise RuntimeError(f"searchsorted: values of {values.dtype} must have the dtype of the row, {rows.dtype}")
    way: Any = "right" if right or side == "right" else "left"
    out = np.empty(values.shape, np.int32 if out_int32 else np.int64)
    if rows.ndim == 1:
        out[...] = np.searchsorted(rows, values, way)
    else:
        for k in np.ndindex(rows.shape[:-1]):
            out[k] = np.searchsorted(rows[k], values[k], way)
    return wrap(out)


@public
def bucketize(input: Array, boundaries: Array, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the bucket between ascending `boundaries` that each value is in, as `searchsorted` finds it.

    Raises:
        RuntimeError: `boundaries` doesn't have one dimension.
    """
    if boundaries.ndim != 1:
        raise RuntimeError(f"bucketize: boundaries must have one dimension, not shape {tuple(boundaries.shape)}")
    refuse_bools("bucketize", boundaries)
    edges, values = array_of(boundaries), array_of(input)
    places = np.searchsorted(edges, values, "right" if right else "left")
    return wrap(np.asarray(places, np.int32 if out_int32 else np.int64))
