"""Brackets: picking elements out and putting them in. Each op's adjoint stands beside it: the families are closed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import Dim, Given, Index, IndexAlong, Reals
from ..op import Array, op, table, wrap
from ..public import public
from .brackets import POSITIONS, apart, plain_index
from .cast import cast
from .compare import where
from .shape import dim_of

if TYPE_CHECKING:
    from ..tensor import Tensor


def _never_repeats(index: Any) -> bool:
    """Whether no element can be picked twice: integers, slices, None, Ellipsis and masks only."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(p, np.ndarray) or p.dtype.kind == "b" for p in parts)


def _add_pieces(total: Array, g: Array, x: Array, index: Any) -> bool:
    """Add `g` to `total` at `index`: the pieces of a split, or the steps of a sequence, meet in one array."""
    if type(total) is not np.ndarray or not _never_repeats(index):
        return False
    total[index] += g
    return True


@convention(
    "x[i] with a repeated index",
    [1.0, 2.0, 3.0],
    gives=[13, 0, 2],
    of=lambda x: x[[0, 2, 0, 0]] * np.array([1, 2, 4, 8]),
)
@op(
    lambda g, y, x, index: _unpick(g, index, x.shape),
    domain=(Reals(), Index()),
    shapes="(*) -> (...)",
    tex=r"{input}[\cdot]",
    view=True,
    adds=_add_pieces,
    analytic=True,
)
def _getitem(input: Array, index: Any) -> Array:
    r"""Elements at `index`, :math:`y_k = x_{i_k}`: NumPy's basic indexing, a view, and its advanced one, a copy.

    :math:`\bar x_j = \sum_{k: i_k = j} g_k`: an element picked twice gets the sum.
    """
    if type(index) is np.ndarray and index.dtype.kind in "iu" and input.ndim and input.flags.c_contiguous:
        return input.take(index, 0)  # twice as fast as brackets, ten times for short rows
    y = input[index]
    # NumPy copies a single element out as a scalar; with an Ellipsis it stays a view
    return y if type(y) is np.ndarray else input[(*index, ...) if type(index) is tuple else (index, ...)]


@op(
    lambda g, y, x, index, shape: _getitem(g, index),
    domain=(Reals(), Index(), Given()),
    shapes="(...) -> (...)",
    sample=lambda draw: draw.adjoint(table["getitem"]),
    tex=r"\sum_{{[\cdot]}} {input}",
    analytic=True,
)
def _unpick(input: Array, index: Any, shape: tuple[int, ...]) -> Array:
    r"""Zeros of `shape` with the elements of `input` added at `index`.

    The adjoint of indexing: :math:`y_j = \sum_{k: i_k = j} x_k`, so :math:`\bar x_k = g_{i_k}`.
    """
    out = np.zeros_like(input, shape=shape, order="C")
    if _never_repeats(index):
        out[index] = input
    else:
        _add_at(out, index, input)
    return out


def _add_at(out: Array, index: Any, values: Array) -> None:
    """Add `values` to the zeros `out` at `index`.

    NumPy adds fast at one flat index. Of long rows that are fewer than the places, most are the only ones of theirs, or
    the last ones: these are assigned, which is faster still, and the others added element by element.
    """
    rows, width = rows_of(index, out.shape)
    values = values.reshape(rows.size, width)
    places = out.size // max(width, 1)
    if width > _SHORT and rows.size < places:
        last = np.empty(places, np.intp)
        order = np.arange(rows.size)
        last[rows] = order
        chosen = last[rows] == order
        if chosen.all():
            out.reshape(-1, width)[rows] = values
            return
        out.reshape(-1, width)[rows[chosen]] = values[chosen]
        rows, values = rows[~chosen], values[~chosen]
    flat = rows if width == 1 else (rows[:, None] * width + np.arange(width)).reshape(-1)
    np.add.at(out.reshape(-1), flat, values.reshape(-1))


_SHORT = 4  # elements of a row


def rows_of(index: Any, shape: tuple[int, ...]) -> tuple[Array, int]:
    """The numbers of the rows of an array of `shape` that `index` picks, and a row's size.

    A row is all that lies behind the dimensions that the index names; if slices stand between its arrays, one element.
    """
    parts = index if isinstance(index, tuple) else (index,)
    lead = next((i for i, p in enumerate(parts) if not isinstance(p, slice) or p != slice(None)), len(parts))
    arrays, sizes = parts[lead:], shape[lead:]
    if len(arrays) > len(sizes) or any(not isinstance(p, np.ndarray) or p.dtype.kind not in "iu" for p in arrays):
        return np.arange(math.prod(shape)).reshape(shape)[index].reshape(-1), 1
    rows = np.zeros((), np.intp)
    for p, n in zip(arrays, sizes):
        rows = rows * n + (p + n * (p < 0) if p.size and p.min() < 0 else p)
    if lead:
        before = np.arange(math.prod(shape[:lead])) * math.prod(sizes[: len(arrays)])
        rows = before.reshape(-1, *[1] * rows.ndim) + rows
    return rows.reshape(-1).astype(np.intp, copy=False), math.prod(sizes[len(arrays) :])


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

    :math:`dy_j` is the :math:`dv_k` of the last k with :math:`i_k = j`, or else :math:`dx_j`. So what was overwritten
    gets nothing, and `value` gets the cotangent of the places where it won.
    """
    out = np.array(input)
    out[index] = value
    return out


def last_write(index: Any, shape: tuple[int, ...]) -> Array:
    """Whether each write of `x[index] = value` is the last one to its place."""
    if _never_repeats(index):
        return np.True_
    places = np.arange(math.prod(shape)).reshape(shape)[index]
    winner = np.empty(math.prod(shape), np.intp)
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

    :math:`\bar x_{il} = \sum_{j: k_{ij} = l} g_{ij}`: an element picked more than once gets the sum of the cotangents.
    """
    if input.flags.c_contiguous and index.size:
        return input.reshape(-1).take(flat_along(dim, index, input.shape))  # twice as fast as brackets
    return input[along(dim, index)]


@op(
    lambda g, y, x, dim, index, shape: _gather(g, dim, index),
    domain=(Reals(), Dim(), IndexAlong(), Given()),
    shapes="(...), (...) -> (...)",
    wide=True,
    sample=lambda draw: draw.adjoint(table["gather"]),
    tex=r"\sum {input}[\cdot]",
    analytic=True,
)
def _ungather(input: Array, dim: int, index: Array, shape: tuple[int, ...]) -> Array:
    r"""Zeros of `shape` with the elements of `input` added where `gather` would pick: its adjoint.

    :math:`y_{il} = \sum_{j: k_{ij} = l} x_{ij}` for `dim` 1, so :math:`\bar x_{ij} = g_{i\,k_{ij}}`.
    """
    out = np.zeros_like(input, shape=shape, order="C")
    np.add.at(out.reshape(-1), flat_along(dim, index, shape).reshape(-1), input.reshape(-1))
    return out


def along(dim: int, index: Array) -> tuple[Array, ...]:
    """The full index that `index` along `dim` means: every other dimension at its own place."""
    if index.ndim == 0:
        return ()
    grid = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[dim] = index
    return tuple(grid)


def flat_along(dim: int, index: Array, shape: Sequence[int]) -> Array:
    """What `along` picks in the flattened array of `shape`."""
    steps = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
    flat = index.astype(np.intp) if not shape else np.multiply(index, steps[dim], dtype=np.intp)
    for i, n in enumerate(index.shape):
        if i != dim % index.ndim and n > 1:
            flat += (np.arange(n) * steps[i]).reshape([-1 if j == i else 1 for j in range(index.ndim)])
    return flat


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
    r"""A copy of `input` with `value` where the view op `view(input, *args)` looks: what a change through a view means.

    A view picks elements, :math:`V x`, so :math:`dy = dx - V^T V dx + V^T dv`: the base keeps the cotangent of the
    others, :math:`\bar x = g - V^T V g`, and `value` gets the view of it, :math:`\bar v = V g`.
    """
    out = np.array(input, order="C")  # in which every reshape is a view
    view.forward(out, *args)[...] = value
    return out


# ------------------------------------------------------------------------------------------------- compositions


def getitem(input: Array, index: Any) -> Tensor:
    """`input[index]`: integers, slices, None, Ellipsis, masks, and tensors or lists of integers, which broadcast.

    Raises:
        IndexError: the index doesn't fit the shape, or isn't one.
        ValueError: a slice has a step that isn't positive.
    """
    index = plain_index(index, input.ndim)
    two = apart(index)
    return _getitem(input, index) if two is None else _getitem(_getitem(input, two[0]), two[1])


@convention(
    "x[i] = v with a repeated index: the last write",
    [7.0, 8.0, 9.0],
    [1.0, 2.0, 3.0],
    gives=([0, 2, 0], [0, 4, 1]),
    of=lambda x, v: setitem(x, [0, 2, 0], v) * np.array([1, 2, 4]),
)
def setitem(input: Array, key: Any, value: Array) -> Tensor:
    """A copy of `input` after `input[key] = value`, which has the dtype of `input`.

    Raises:
        IndexError: the index doesn't fit the shape, or isn't one.
        ValueError: a slice has a step that isn't positive.
        RuntimeError: the value doesn't broadcast to the picked shape, or it has another dtype and is to be written at
            tensors.
        TypeError: the value is neither tensor, array nor number.
    """
    value = _value(input, value)
    index = plain_index(key, input.ndim)
    value = _writable(input, index, value)
    two = apart(index)
    if two is None:
        return _setitem(input, index, value)
    return _put_view(input, _setitem(_getitem(input, two[0]), two[1], value), table["getitem"], two[:1])


def write(array: np.ndarray[Any, Any], key: Any, value: Any) -> None:
    """`setitem` in place, on an array.

    Raises:
        As `setitem`.
    """
    value = _value(array, value)
    index = plain_index(key, array.ndim)
    value = _writable(array, index, value)
    two = apart(index)
    place, index = (array, index) if two is None else (array[two[0]], two[1])
    try:
        place[index] = getattr(value, "array", value)
    except Exception as error:
        raise table["setitem"].explain(error, (array, index, value)) from error


def _value(input: Array, value: Any) -> Any:
    """`value` as an array in the dtype of `input`, or as the tensor that it is."""
    if isinstance(value, (bool, int, float, np.generic)):
        return number("setitem", value, input.dtype)
    if isinstance(value, complex):
        raise RuntimeError(f"setitem: {value!r} can't be converted to {input.dtype} without loss")
    if isinstance(value, np.ndarray):
        return value.astype(input.dtype, copy=False)
    if not hasattr(value, "array"):
        raise TypeError(
            f"setitem: can't assign a {type(value).__name__} to elements of {input.dtype}; make it a tensor"
        )
    return value


def _writable(input: Array, index: Any, value: Any) -> Any:
    """`value`, a tensor or array, as it can be written into `input` at `index`."""
    if value.ndim and value.shape[0] == 1:  # NumPy doesn't accept them everywhere
        value = value.reshape(value.shape[next((i for i, n in enumerate(value.shape) if n != 1), value.ndim) :])
    if value.dtype == input.dtype:
        return value
    at_tensors = any(isinstance(p, np.ndarray) for p in (index if isinstance(index, tuple) else (index,)))
    if at_tensors and not (value.ndim == 0 and _never_repeats(index)):
        raise RuntimeError(
            f"setitem: a value of {value.dtype} can't be written at tensors into one of {input.dtype}; convert it with "
            ".to(...)"
        )
    return cast(value, input.dtype)


def number(name: str, value: Any, dtype: np.dtype[Any]) -> Array:
    """The number `value` as a 0-d array of `dtype`; of a fraction, an integer dtype keeps the whole part.

    Raises:
        RuntimeError: `dtype` can't hold it.
    """
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        if not limits.min <= value <= limits.max:
            raise RuntimeError(f"{name}: {value!r} can't be converted to {dtype} without overflow")
    return np.asarray(value).astype(dtype)


@public
def nonzero(input: Array, *, as_tuple: bool = False) -> Tensor | tuple[Tensor, ...]:
    """Where `input` isn't zero: one row of `(n, ndim)` for each place, int64, in order.

    Args:
        as_tuple: a tensor `(n,)` for each dimension instead, which is an index of `input`; a 0-d tensor counts as 1-d.
    """
    (array,) = arrays_of("nonzero", input)
    if as_tuple:
        return tuple(wrap(places) for places in np.nonzero(np.atleast_1d(array)))
    return wrap(np.argwhere(array))


@public
def argwhere(input: Array) -> Tensor:
    """Where `input` isn't zero: one row of `(n, ndim)` for each place, int64, in order."""
    return wrap(np.argwhere(*arrays_of("argwhere", input)))


@convention(
    "gather with a repeated index",
    [1.0, 2.0, 3.0],
    gives=[13, 0, 2],
    of=lambda x: gather(x, 0, np.array([0, 2, 0, 0])) * np.array([1, 2, 4, 8]),
)
@public
def gather(input: Array, dim: int, index: Array, *, sparse_grad: bool = False) -> Tensor:
    """Elements of `input` picked along `dim` by `index`, of as many dimensions; the result has its shape.

    Along the other dimensions `index` may be smaller than `input`. A 0-d tensor counts as 1-d; without an element,
    `index` may have any shape.

    Args:
        index: of int64 or int32.
        sparse_grad: must be False; gradients are dense.

    Raises:
        RuntimeError: `index` isn't of integers, is out of range, or its dimensions don't fit.
        IndexError: there is no such dimension.
    """
    refuse_sparse("gather", sparse_grad, "sparse_grad")
    shape = arrays_of("gather", input, index)[1].shape
    axis, places = positions("gather", input, dim, index)
    if not places.size:
        return _getitem(input.reshape(-1), np.zeros(shape, np.int64))
    if input.ndim and shape:
        return _gather(input, axis, places)
    return _gather(input if input.ndim else input.reshape(1), axis, places).reshape(shape)


def arrays_of(name: str, *operands: Array) -> tuple[np.ndarray[Any, Any], ...]:
    """The arrays of tensors.

    Raises:
        TypeError: one is neither tensor nor array.
    """
    found: tuple[Any, ...] = tuple(getattr(x, "array", x) for x in operands)
    for a in found:
        if not isinstance(a, np.ndarray):
            raise TypeError(f"{name}: needs a tensor, not {type(a).__name__} {a!r}; make it one with tensor(...)")
    return found


def refuse_sparse(name: str, sparse: bool, parameter: str = "sparse") -> None:
    """Say that there are no sparse gradients.

    Raises:
        NotImplementedError: they are asked for.
    """
    if sparse:
        raise NotImplementedError(f"{name}: gradients are dense here; leave {parameter} False")


def positions(name: str, input: Array, dim: int, index: Array) -> tuple[int, np.ndarray[Any, Any]]:
    """`dim` counted from the front and `index` as an array, which picks along that dimension of `input`.

    0-d counts as 1-d. An index without elements fits everything.

    Raises:
        RuntimeError: `index` isn't of integers, is out of range, or its dimensions don't fit.
        IndexError: there is no such dimension.
    """
    (places,) = arrays_of(name, index)
    axis = dim_of(name, dim, input.ndim)
    if not places.size:
        return axis, places
    if places.dtype not in POSITIONS:
        raise RuntimeError(f"{name}: index must be of int64 or int32, not {places.dtype}; convert with .long()")
    shape = input.shape or (1,)
    places = places if places.ndim else places.reshape(1)
    if places.ndim != len(shape):
        raise RuntimeError(
            f"{name}: index of shape {places.shape} and input of shape {input.shape} differ in dimensions"
        )
    if any(p > n for i, (p, n) in enumerate(zip(places.shape, shape)) if i != axis):
        raise RuntimeError(
            f"{name}: index of shape {places.shape} must not exceed input of shape {shape} but along dim {axis}"
        )
    in_range(name, places, shape[axis], RuntimeError, f"dim {axis}")
    return axis, places


def in_range(name: str, places: Array, size: int, error: type[Exception], what: str, negative: bool = False) -> None:
    """Refuse positions outside 0 to `size`, or, if they may be `negative`, outside -`size` to `size`.

    Raises:
        RuntimeError, IndexError: as `error` says.
    """
    if places.size:
        low, high = places.min(), places.max()
        if low < -size * negative or high >= size:
            wrong = high if high >= size else low
            raise error(f"{name}: index {wrong} is out of range for {what} of size {size}")
