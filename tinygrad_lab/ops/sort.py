"""Sorting and order statistics: places are found without gradient, and elements are picked at them.

Equal elements keep their order, whichever way they are sorted. NaN is greater than every number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import DISTINCT, FLAG, Dim, Given
from ..op import Array, op
from ..public import public
from .checks import integer, refuse_bools
from .extreme import Extreme, _pick, chosen, ties
from .reduce import kept, max_reduce
from .shape import dim_of, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    domain=(DISTINCT, Dim(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{argsort}} {input}",
)
def _argsort(input: Array, dim: int = -1, descending: bool = False) -> Array:
    """The positions along `dim` that sort `input`; int64, without gradient."""
    return _order(input, dim, descending)


def _order(x: Array, dim: int, descending: bool) -> Array:
    """The stable order of the elements along `dim`."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return _ascending(x, dim)
    # read from its end, x is sorted upwards, and the result is read from its end: equal elements keep their order
    back = (slice(None),) * (dim % x.ndim) + (slice(None, None, -1),)
    return (x.shape[dim] - 1 - _ascending(x[back], dim))[back]


def _ascending(x: Array, dim: int) -> Array:
    """The stable ascending order.

    Where no two elements of a row are equal there is but one, and NumPy's fastest way finds it in half the time.
    """
    if x.size < _LARGE or x.dtype.kind != "f":
        return np.argsort(x, axis=dim, kind="stable")
    rows = np.moveaxis(x, dim, -1)
    order = np.argsort(rows, axis=-1)
    y = np.take_along_axis(rows, order, -1)
    unclear = ~(y[..., 1:] > y[..., :-1]).all(axis=-1)
    if unclear.any():
        order[unclear] = np.argsort(rows[unclear], axis=-1, kind="stable")
    return np.moveaxis(order, -1, dim)


_LARGE = 4096  # elements


def _taken(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_top` and `_rank`: a tensor, a number of elements along one of its dimensions, and that."""
    x = draw.reals(draw.shape(), DISTINCT)
    dim = draw.dim(x.shape, filled=True)
    return x, draw.integers(1, x.shape[dim] if x.ndim else 1), dim


@op(
    domain=(DISTINCT, Given(), Given(), FLAG),
    shapes="(*) -> (...)",
    sample=lambda draw: (*_taken(draw), draw.choice((True, False))),
    tex=r"\operatorname{{arg\,top}}_{{{k}}} {input}",
)
def _top(input: Array, k: int, dim: int, largest: bool) -> Array:
    """The positions of the `k` greatest or least elements along `dim`, the most extreme first; without gradient."""
    if not input.ndim:
        return np.zeros((), np.int64)
    rows = np.moveaxis(input, dim, -1)
    n = rows.shape[-1]
    nan = rows.dtype.kind == "f" and np.isnan(max_reduce(rows, axis=None, initial=-np.inf))
    if nan or not 0 < 4 * k <= n or n < _WORTH_A_PARTITION:
        return np.moveaxis(_order(rows, -1, largest)[..., :k], -1, dim)
    # all beyond the k-th element, and of those that equal it the first: k of each row, found without sorting the rest
    at = n - k if largest else k - 1
    limit = np.partition(rows, at, axis=-1)[..., at : at + 1]
    beyond, equal = (rows > limit if largest else rows < limit), rows == limit
    wanted = k - np.count_nonzero(beyond, axis=-1, keepdims=True)
    if np.any(np.count_nonzero(equal, axis=-1, keepdims=True) > wanted):
        equal &= np.cumsum(equal, axis=-1) <= wanted
    places = np.nonzero(beyond | equal)[-1].reshape(*rows.shape[:-1], k)
    order = _order(np.take_along_axis(rows, places, -1), -1, largest)
    return np.moveaxis(np.take_along_axis(places, order, -1), -1, dim)


_WORTH_A_PARTITION = 64  # elements of a row


@op(
    domain=(DISTINCT, Given(), Given()),
    shapes="(*) -> (...)",
    sample=lambda draw: _taken(draw),
    tex=r"\operatorname{{arg\,rank}}_{{{k}}} {input}",
)
def _rank(input: Array, k: int, dim: int) -> Array:
    """The position of the `k`-th least element along `dim`, the first of equal ones; without gradient."""
    return _at_rank(input, k, dim)


def _at_rank(input: Array, k: int, dim: int) -> Array:
    if not input.ndim:
        return np.zeros((), np.int64)
    return _first(input, np.take(np.partition(input, k - 1, axis=dim), [k - 1], axis=dim), dim)


def _first(input: Array, value: Array, dim: int) -> Array:
    """The first position of `value` along `dim`."""
    hit = input == value
    if input.dtype.kind == "f":
        hit |= np.isnan(input) & np.isnan(value)
    return np.argmax(hit, axis=dim, keepdims=True)


@op(
    domain=(DISTINCT, Dim(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\arg\operatorname{{median}} {input}",
)
def _middle(input: Array, dim: int, ignore_nan: bool) -> Array:
    """The position of the median along `dim`, the lesser of two; of a NaN if there is one, unless they are ignored."""
    return _at_middle(input, dim, ignore_nan)


def _at_middle(input: Array, dim: int, ignore_nan: bool) -> Array:
    if not input.ndim:
        return np.zeros((), np.int64)
    if input.dtype.kind != "f":
        return _at_rank(input, (input.shape[dim] + 1) // 2, dim)
    if ignore_nan:
        numbers = np.count_nonzero(~np.isnan(input), axis=dim, keepdims=True)
        value = np.take_along_axis(np.sort(input, axis=dim), np.maximum(numbers - 1, 0) // 2, dim)
    else:
        k = (input.shape[dim] - 1) // 2
        value = np.take(np.partition(input, k, axis=dim), [k], axis=dim)
        value = np.where(np.isnan(max_reduce(input, axis=dim, keepdims=True)), np.nan, value)
    return _first(input, value, dim)


@op(
    lambda g, y, x, ignore_nan: kept(g, x.shape, -1, False) * ties(x, kept(y, x.shape, -1, False), -1),
    domain=(DISTINCT, FLAG),
    shapes="(*, n) -> (*)",
    tex=r"\operatorname{{median}} {input}",
)
def _median(input: Array, ignore_nan: bool = False) -> Array:
    """The median of each row, the lesser of the two in the middle; NaN of nothing.

    :math:`dy = dx_m` where m is the place of the element in the middle: the cotangent goes there, in equal parts to
    those that equal it.
    """
    if not input.shape[-1]:
        return np.full(input.shape[:-1], np.nan, input.dtype)
    return np.take_along_axis(input, _at_middle(input, -1, ignore_nan), -1)[..., 0]


@op(
    domain=(DISTINCT, Dim(filled=True)),
    shapes="(*) -> (...)",
    tex=r"\arg\operatorname{{mode}} {input}",
)
def _most_frequent(input: Array, dim: int) -> Array:
    """The last position along `dim` of the element that is there most often, of the least such; without gradient."""
    if not input.ndim:
        return np.zeros((), np.int64)
    x = np.moveaxis(input, dim, -1)
    order = np.argsort(x, axis=-1, kind="stable")
    x = np.take_along_axis(x, order, -1)
    places = np.arange(x.shape[-1])
    starts = np.zeros(x.shape, np.int64)
    np.copyto(starts[..., 1:], places[1:], where=x[..., 1:] != x[..., :-1])
    longest = np.argmax(places - np.maximum.accumulate(starts, axis=-1), axis=-1, keepdims=True)
    return np.moveaxis(np.take_along_axis(order, longest, -1), -1, dim)


# ------------------------------------------------------------------------------------------------- compositions


@convention(
    "sort of a tie: a stable permutation",
    [2.0, 1.0, 2.0],
    gives=[4, 1, 9],
    of=lambda x: sort(x, 0).values * np.array([1.0, 4.0, 9.0]),
)
@public
def sort(input: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Extreme:
    """The elements in ascending order along `dim`, with their indices; equal ones always keep their order.

    Raises:
        IndexError: there is no such dimension.
    """
    dim = dim_of("sort", dim, input.ndim)
    index = _argsort(input, dim, bool(descending))
    return Extreme(_pick(input, dim, index), index)


@public
def argsort(input: Array, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The indices that sort the elements along `dim`; equal ones always keep their order.

    Raises:
        IndexError: there is no such dimension.
    """
    return _argsort(input, dim_of("argsort", dim, input.ndim), bool(descending))


@public
def msort(input: Array) -> Tensor:
    """The elements in ascending order along the first dimension."""
    return sort(input, 0).values


@convention("topk of a tie: the first ones", [2.0, 1.0, 2.0, 2.0], gives=[1, 0, 1, 0], of=lambda x: topk(x, 2).values)
@public
def topk(input: Array, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Extreme:
    """The `k` greatest elements along `dim`, or with `largest=False` the least, with their indices.

    They are in order, the most extreme first, whether `sorted` asks for it or not; of equal ones the first are taken.

    Raises:
        RuntimeError: there aren't `k` elements along `dim`.
        IndexError: there is no such dimension.
    """
    dim = dim_of("topk", dim, input.ndim)
    k = _rank_of("topk", input, k, dim, 0)
    index = _top(input, k, dim, largest)
    return Extreme(_pick(input, dim, index), index)


@public
def kthvalue(input: Array, k: int, dim: int = -1, keepdim: bool = False) -> Extreme:
    """The `k`-th least element along `dim`, counted from 1, with its index.

    Raises:
        RuntimeError: there aren't `k` elements along `dim`.
        IndexError: there is no such dimension, or nothing along it.
    """
    dim = _filled_dim("kthvalue", input, dim)
    k = _rank_of("kthvalue", input, k, dim, 1)
    return chosen(input, dim, _rank(input, k, dim), keepdim)


def _rank_of(name: str, input: Array, k: Any, dim: int, lowest: int) -> int:
    refuse_bools(name, input)
    n, rank = input.shape[dim] if input.ndim else 1, integer(name, "k", k)
    if not lowest <= rank <= n:
        raise RuntimeError(f"{name}: k must be from {lowest} to {n}, the size of dim {dim}, not {rank}")
    return rank


def _filled_dim(name: str, input: Array, dim: int) -> int:
    """`dim` counted from the front, if there is something along it.

    Raises:
        IndexError: there isn't.
    """
    dim = dim_of(name, dim, input.ndim)
    if input.ndim and not input.shape[dim]:
        raise IndexError(f"{name}: a tensor of shape {tuple(input.shape)} has nothing along dim {dim} to choose from")
    return dim


@convention("median of equal elements", [2.0, 1.0, 2.0, 3.0], gives=[0.5, 0, 0.5, 0], value=2)
@public
def median(input: Array, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
    """The median, the lesser of two in the middle: of everything, or along `dim` with its index; NaN if there is one.

    Raises:
        IndexError: there is no such dimension, or nothing along it.
    """
    return _middle_of("median", input, dim, keepdim)  # type: ignore[no-any-return]


@public
def nanmedian(input: Array, dim: int | None = None, keepdim: bool = False) -> Tensor | Extreme:
    """`median` of the elements that aren't NaN, and NaN if there are none.

    Raises:
        IndexError: there is no such dimension, or nothing along it.
    """
    return _middle_of("nanmedian", input, dim, keepdim)  # type: ignore[no-any-return]


def _middle_of(name: str, input: Array, dim: int | None, keepdim: bool) -> Any:
    ignore_nan = name == "nanmedian"
    refuse_bools(name, input)
    if dim is None:
        return _median(reshape(input, (-1,)), ignore_nan)
    dim = _filled_dim(name, input, dim)
    return chosen(input, dim, _middle(input, dim, ignore_nan), keepdim)


@public
def mode(input: Array, dim: int = -1, keepdim: bool = False) -> Extreme:
    """The element that is there most often along `dim`, the least of several such, with the index of its last place.

    Raises:
        IndexError: there is no such dimension, or nothing along it.
    """
    dim = _filled_dim("mode", input, dim)
    return chosen(input, dim, _most_frequent(input, dim), keepdim)
