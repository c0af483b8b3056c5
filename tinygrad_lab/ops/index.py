"""Picking elements out and putting them in. Each op's adjoint stands beside it, so the families are closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..domain import Dim, Given, Index, IndexAlong, Reals
from ..op import Array, op, table, wrap
from .arithmetic import _add
from .compare import where

if TYPE_CHECKING:
    from ..tensor import Tensor


def _is_basic(index: Any) -> bool:
    """Whether no element can be picked twice: integers, slices, None and Ellipsis only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        isinstance(p, (int, np.integer, slice, type(None), type(...))) and not isinstance(p, bool) for p in parts
    )


@op(
    lambda g, y, x, index: _unpick(g, index, x.shape),
    domain=(Reals(), Index()),
    shapes="(*) -> (...)",
    tex=r"{input}[\cdot]",
    view=True,
    analytic=True,
)
def _getitem(input: Array, index: Any) -> Array:
    r"""Elements at `index`, :math:`y_k = x_{i_k}`: NumPy's basic indexing, a view, and its advanced one, a copy.

    :math:`\bar x_j = \sum_{k: i_k = j} g_k`: an element picked twice gets the sum.
    """
    y = input[index]
    # NumPy copies a single element out as a scalar; with an Ellipsis it stays a view
    return y if isinstance(y, np.ndarray) else input[(*index, ...) if isinstance(index, tuple) else (index, ...)]


@op(
    lambda g, y, x, index, shape: _getitem(g, index),
    domain=(Reals(), Index(), Given()),
    shapes="(...) -> (...)",
    sample=lambda draw: draw.adjoint(table["getitem"]),
    tex=r"\sum_{{[\cdot]}} {input}",
    analytic=True,
)
def _unpick(input: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with the elements of `input` added at `index`: the adjoint of indexing."""
    out = np.zeros_like(input, shape=shape)
    if _is_basic(index):
        out[index] = input
    else:
        np.add.at(out, index, input)
    return out


def _written(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_setitem`: a value that broadcasts to what the index picks."""
    x, index = draw.arguments(table["getitem"])
    return x, index, draw.reals(draw.narrower(x[index].shape))


@op(
    lambda g, y, x, index, value: _setitem(g, index, 0),
    None,
    lambda g, y, x, index, value: where(last_write(index, g.shape), _getitem(g, index), 0),
    domain=(Reals(), Index(), Reals()),
    shapes="(*), (...) -> (*)",
    sample=_written,
    broadcasts=True,
    tex=r"{input}[\cdot] \leftarrow {value}",
    analytic=True,
)
def _setitem(input: Array, index: Any, value: Array) -> Array:
    """A copy of `input` with `value` at `index`; where an index repeats, the last write wins.

    What was overwritten gets nothing; `value` gets the cotangent of the places where it won.
    """
    out = np.array(input)
    out[index] = value
    return out


def last_write(index: Any, shape: tuple[int, ...]) -> Array:
    """Whether each write of `x[index] = value` is the last one to its place."""
    if _is_basic(index):
        return np.True_
    places = np.arange(np.prod(shape, dtype=np.int64)).reshape(shape)[index]
    winner = np.zeros(np.prod(shape, dtype=np.int64), np.int64)
    order = np.arange(places.size).reshape(places.shape)
    winner[places] = order
    return winner[places] == order


@op(
    lambda g, y, x, dim, index: _ungather(g, dim, index, x.shape),
    domain=(Reals(), Dim(), IndexAlong()),
    shapes="(*), (...) -> (...)",
    tex=r"{input}[\cdot]",
    analytic=True,
)
def _gather(input: Array, dim: int, index: Array) -> Array:
    r"""Elements picked along `dim` by an index tensor, :math:`y_{ij} = x_{i\,k_{ij}}` for `dim` 1.

    An element picked more than once gets the sum of the cotangents.
    """
    return input[_along(index, dim)]


@op(
    lambda g, y, x, dim, index, shape: _gather(g, dim, index),
    domain=(Reals(), Dim(), IndexAlong(), Given()),
    shapes="(...), (...) -> (...)",
    sample=lambda draw: draw.adjoint(table["gather"]),
    tex=r"\sum {input}[\cdot]",
    analytic=True,
)
def _ungather(input: Array, dim: int, index: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of `shape` with the elements of `input` added where `gather` would pick: its adjoint."""
    out = np.zeros_like(input, shape=shape)
    np.add.at(out, _along(index, dim), input)
    return out


def _along(index: Array, dim: int) -> tuple[Array, ...]:
    """The full index that `index` along `dim` means: every other dimension at its own place."""
    if index.ndim == 0:
        return ()
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return tuple(grid)


def _through_view(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_put_view`: a value shaped like a view of the first operand."""
    view = table[draw.choice(("getitem", "permute", "reshape"))]
    x, *args = draw.arguments(view)
    y = view.forward(x, *args)
    draw.assume(np.may_share_memory(x, y))
    return x, draw.reals(y.shape), view, args


@op(
    lambda g, y, x, value, view, args: _put_view(g, 0, view, args),
    lambda g, y, x, value, view, args: view.call(g, *args),
    domain=(Reals(), Reals(), Given(), Given()),
    shapes="(*), (...) -> (*)",
    sample=_through_view,
    broadcasts=False,
    tex=r"{input} \leftarrow {value}",
    analytic=True,
)
def _put_view(input: Array, value: Array, view: Any, args: Sequence[Any]) -> Array:
    """A copy of `input` with `value` where the view op `view(input, *args)` looks: what a change through a view means.

    A view picks elements, so the base keeps the cotangent of the others, and `value` gets the view of it.
    """
    out = np.array(input)
    view.forward(out, *args)[...] = value
    return out


# ------------------------------------------------------------------------------------------------- compositions


def plain_index(index: Any) -> Any:
    """`index` with NumPy arrays for tensors and lists, as NumPy's brackets understand it."""
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    array = getattr(index, "array", index)
    return np.asarray(array) if isinstance(array, list) else array


def getitem(input: Array, index: Any) -> Tensor:
    """`input[index]`.

    Raises:
        IndexError: the index doesn't fit the shape.
    """
    return _getitem(input, plain_index(index))


def setitem(input: Array, key: Any, value: Array) -> Tensor:
    """A copy of `input` after `input[key] = value`.

    Raises:
        IndexError: the index doesn't fit the shape.
        RuntimeError: the value doesn't broadcast to the picked shape.
    """
    return _setitem(input, plain_index(key), value)


def index_put(input: Array, indices: Any, values: Array, accumulate: bool = False) -> Tensor:
    """A copy of `input` with `values` at `indices`; where a place repeats, the last write wins, or all are added."""
    index = plain_index(tuple(indices))
    if not accumulate:
        return _setitem(input, index, values)
    picked = input.array[index]
    return _add(input, _unpick(values.expand(picked.shape), index, input.shape))


def gather(input: Array, dim: int, index: Array) -> Tensor:
    """Elements of `input` picked along `dim` by `index`, int64 of as many dimensions; the result has its shape.

    Raises:
        RuntimeError: `index` isn't of integers, is out of range, or its dimensions don't fit.
    """
    return _gather(input, *_checked("gather", input, dim, index))


def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Tensor:
    """`input` with the elements of `src` added along `dim` at `index`; what meets in one place is summed.

    Raises:
        RuntimeError: `index` isn't of integers, or its dimensions or those of `src` don't fit.
        IndexError: an index is out of range.
    """
    dim, places = _checked("scatter_add", input, dim, index)
    part = src[tuple(slice(n) for n in places.shape)]
    if part.shape != places.shape:
        raise RuntimeError(
            f"scatter_add: src of shape {tuple(src.shape)} must not be smaller than index of shape {places.shape}"
        )
    return _add(input, _ungather(part, dim, places, input.shape))


def _checked(name: str, input: Array, dim: int, index: Array) -> tuple[int, Array]:
    """`dim` counted from the front and `index` as an array, if they fit `input`."""
    places = plain_index(index)
    if places.dtype.kind not in "iu":
        raise RuntimeError(f"{name}: index must be of integers, not {places.dtype}")
    n = input.ndim
    if places.ndim != n:
        raise RuntimeError(
            f"{name}: index of shape {places.shape} and input of shape {input.shape} differ in dimensions"
        )
    if not -max(n, 1) <= dim < max(n, 1):
        raise IndexError(f"{name}: dim {dim} is out of range for {n} dimensions")
    dim %= max(n, 1)
    size = input.shape[dim] if n else 1
    if places.size and not (0 <= places.min() and places.max() < size):
        raise RuntimeError(
            f"{name}: index {places.min()} to {places.max()} is out of range for size {size} of dim {dim}"
        )
    if any(p > s for i, (p, s) in enumerate(zip(places.shape, input.shape, strict=True)) if i != dim):
        raise RuntimeError(
            f"{name}: index of shape {places.shape} must not exceed shape {input.shape} but along dim {dim}"
        )
    return dim, places


def masked_fill(input: Array, mask: Array, value: Array) -> Tensor:
    """`value` where `mask` holds, `input` elsewhere; `mask` broadcasts to the shape of `input`.

    Raises:
        RuntimeError: `mask` isn't of bool.
    """
    if mask.dtype.kind != "b":
        raise RuntimeError(f"masked_fill: mask must be of bool, not {mask.dtype}; compare to make one, as in x < 0")
    return where(mask, value, input)


def nonzero(input: Array, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Where `input` isn't zero: one row of `(n, ndim)` for each place, int64, in order.

    Args:
        as_tuple: a tensor `(n,)` for each dimension instead, which is an index of `input`; a 0-d tensor counts as 1-d.
    """
    array = getattr(input, "array", input)
    if as_tuple:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(array)))
    return wrap(np.argwhere(array))


def argwhere(input: Array) -> Tensor:
    """Where `input` isn't zero: one row of `(n, ndim)` for each place, int64, in order."""
    return wrap(np.argwhere(getattr(input, "array", input)))
