"""Writing along a dimension, picking by masks and by flat positions: what PyTorch has beside brackets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import DISTINCT, FLAG, Dim, IndexAlong
from ..op import Array, op, wrap
from ..public import public
from .arithmetic import _add, _div, mul
from .brackets import plain_index
from .cast import cast, clone
from .index import (
    _gather,
    _getitem,
    _setitem,
    _ungather,
    _unpick,
    along,
    arrays_of,
    flat_along,
    in_range,
    number,
    positions,
)
from .rounding import floor_divide
from .shape import cat, dim_of, expand, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor

Reduction = str
REDUCTIONS = ("sum", "prod", "mean", "amax", "amin")


def _scattered(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_scatter_extreme`: all elements differ."""
    x = draw.reals(draw.shape(), DISTINCT)
    dim = draw.dim(x.shape)
    index = draw.index_along(x.shape, dim)
    return x, dim, index, draw.reals(index.shape, DISTINCT), draw.choice((False, True)), draw.choice((False, True))


@op(
    lambda g, y, x, dim, index, src, least, include_self: (
        g * _extreme_share(x, dim, index, src, y, include_self, False)
    ),
    None,
    None,
    lambda g, y, x, dim, index, src, least, include_self: (
        _gather(g, dim, index) * _extreme_share(x, dim, index, src, y, include_self, True)
    ),
    domain=(DISTINCT, Dim(), IndexAlong(), DISTINCT, FLAG, FLAG),
    shapes="(*), (...), (...) -> (*)",
    sample=_scattered,
    tex=r"\max({input}, {src}[\cdot])",
)
def _scatter_extreme(input: Array, dim: int, index: Array, src: Array, least: bool, include_self: bool) -> Array:
    """The greatest, or least, of an element of `input` and of what `src` brings to its place along `dim`.

    :math:`dy = dx` where the element itself is the extreme one, else :math:`dy = ds` of the one that was brought: the
    cotangent goes to the extreme element, in equal parts at a tie; a NaN gets NaN.
    """
    out = np.array(input, order="C")
    places = along(dim, index)
    if not include_self:
        out[places] = src
    flat = flat_along(dim, index, out.shape).reshape(-1)
    with np.errstate(invalid="ignore"):
        (np.minimum if least else np.maximum).at(out.reshape(-1), flat, src.reshape(-1))
    return out


def _with_extremes(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_extreme_share`: elements, and the extreme values that they have; ties too."""
    x = draw.reals(draw.shape())
    dim = draw.dim(x.shape)
    index = draw.index_along(x.shape, dim)
    src, include_self = draw.reals(index.shape), draw.choice((False, True))
    extreme = _scatter_extreme(x, dim, index, src, draw.choice((False, True)), include_self)
    return x, dim, index, src, extreme, include_self, draw.choice((False, True))


@op(
    domain=(DISTINCT, Dim(), IndexAlong(), DISTINCT, DISTINCT, FLAG, FLAG),
    shapes="(...), (...), (...), (...) -> (...)",
    sample=_with_extremes,
    tex=r"\operatorname{{share}}({input}, {src}, {extreme})",
)
def _extreme_share(
    input: Array, dim: int, index: Array, src: Array, extreme: Array, include_self: bool, of_src: bool
) -> Array:
    """The share that each element of `src`, or of `input`, has in the extreme of its place: 1 / n for each of n.

    Constant between ties, so without gradient.
    """
    places = along(dim, index)
    hit = np.array(np.equal(input, extreme), extreme.dtype)
    if not include_self:
        hit[places] = 0
    hit_src = np.equal(src, extreme[places]).astype(extreme.dtype)
    with np.errstate(invalid="ignore"):
        count = hit + _ungather(hit_src, dim, index, input.shape)
        return hit_src / count[places] if of_src else hit / count


# -------------------------------------------------------------------------------------------- along a dimension


@public
def scatter(
    input: Array,
    dim: int,
    index: Array,
    src: Array | float | None = None,
    *,
    value: float | None = None,
    reduce: str | None = None,
) -> Tensor:
    """A copy of `input` with the elements of `src`, or a number, written along `dim` at `index`.

    Where a place repeats, the last write wins.

    Args:
        index: of int64 or int32, of as many dimensions as `input`, not greater than `src`.
        src: a tensor, or a number, which may be called `value` too.
        reduce: "add" or "multiply": what is there isn't overwritten but added to or multiplied with.

    Raises:
        RuntimeError: `index` isn't of integers, is out of range, or dimensions or dtypes don't fit.
        TypeError: there is neither `src` nor `value`, or there are both.
    """
    if (src is None) == (value is None):
        raise TypeError("scatter: takes either src, a tensor, or value, a number")
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(f"scatter: reduce must be 'add' or 'multiply', not {reduce!r}")
    axis, places = positions("scatter", input, dim, index)
    written = src if value is None else value
    if isinstance(written, (bool, int, float)):
        part: Array = np.full(places.shape, number("scatter", written, input.dtype))
    else:
        part = _source("scatter", input, places, written)
    if not places.size:
        return clone(input)
    if reduce is not None:
        return _reduced(input, axis, places, part, "sum" if reduce == "add" else "prod", True)
    return _as(input, _setitem(_filled(input), along(axis, places), part))


@convention(
    "scatter_add with a repeated index",
    [7.0, 8.0, 9.0],
    [1.0, 2.0, 3.0],
    gives=([1, 1, 1], [1, 1, 1]),
    value=[11, 8, 11],
    of=lambda x, src: scatter_add(x, 0, np.array([0, 2, 0]), src),
)
@public
def scatter_add(input: Array, dim: int, index: Array, src: Array) -> Tensor:
    """`input` with the elements of `src` added along `dim` at `index`; what meets in one place is summed.

    Raises:
        RuntimeError: `index` isn't of integers, is out of range, or dimensions or dtypes don't fit.
    """
    axis, places = positions("scatter_add", input, dim, index)
    return _reduced(input, axis, places, _source("scatter_add", input, places, src), "sum", True)


@convention(
    "scatter_reduce amax of a tie",
    [3.0, 1.0, 5.0],
    [3.0, 3.0, 2.0, 5.0],
    gives=([1 / 3, 0, 0.5], [1 / 3, 1 / 3, 1, 0.5]),
    of=lambda x, src: scatter_reduce(x, 0, np.array([0, 0, 1, 2]), src, "amax"),
)
@public
def scatter_reduce(
    input: Array, dim: int, index: Array, src: Array, reduce: Reduction, *, include_self: bool = True
) -> Tensor:
    """`input` reduced with what `src` brings along `dim` to `index`.

    Args:
        reduce: "sum", "prod", "mean", "amax" or "amin". Of extremes that tie, each has an equal part of the gradient.
        include_self: whether the elements of `input` take part; where nothing is brought, they stay either way.

    Raises:
        RuntimeError: another reduction; `index` isn't of integers, is out of range, or dimensions or dtypes don't fit.
    """
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"scatter_reduce: reduce must be one of {', '.join(REDUCTIONS)}, not {reduce!r}")
    axis, places = positions("scatter_reduce", input, dim, index)
    return _reduced(input, axis, places, _source("scatter_reduce", input, places, src), reduce, include_self)


def _source(name: str, input: Array, places: Array, src: Array) -> Array:
    """The part of `src` that goes to `places`, in their shape.

    Raises:
        TypeError: it isn't a tensor.
        RuntimeError: its dtype isn't that of `input`, or it is too small.
    """
    arrays_of(name, src)
    _same_dtype(name, input, src)
    if not places.size:
        return src
    src = _filled(src)
    if src.ndim != places.ndim or any(p > n for p, n in zip(places.shape, src.shape)):
        raise RuntimeError(
            f"{name}: src of shape {tuple(src.shape)} must not be smaller than index of shape {places.shape}"
        )
    return src if src.shape == places.shape else _getitem(src, tuple(map(slice, places.shape)))


def _same_dtype(name: str, input: Array, src: Array) -> None:
    if src.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: the source's dtype {src.dtype} must be that of input, {input.dtype}; convert it with .to(...)"
        )


def _filled(x: Array) -> Array:
    """A 0-d tensor as 1-d."""
    return x if x.ndim else reshape(x, (1,))


def _as(input: Array, y: Array) -> Tensor:
    """`y` in the shape of `input`."""
    return y if y.ndim == input.ndim else reshape(y, input.shape)


def _reduced(input: Array, dim: int, places: Array, src: Array, reduce: Reduction, include_self: bool) -> Tensor:
    """`input` reduced with `src` along `dim` at `places`, all checked."""
    if not places.size:
        return clone(input)
    x = _filled(input)
    if reduce in ("amax", "amin"):
        return _as(input, _scatter_extreme(x, dim, places, src, reduce == "amin", include_self))
    if reduce == "prod":
        return _as(input, _multiplied(x, flat_along(dim, places, x.shape).reshape(-1), src, include_self))
    if reduce == "mean" and x.dtype.kind == "b":
        raise RuntimeError("scatter_reduce: bools have no mean; convert with .float()")
    base = x if include_self else _setitem(x, along(dim, places), 0)
    y: Any = _add(base, _ungather(src, dim, places, x.shape))
    if reduce == "mean":
        count: Any = _ungather(np.ones(places.shape, x.dtype), dim, places, x.shape)
        count = count + 1 if include_self else np.maximum(count, 1)
        y = _div(y, count) if x.dtype.kind == "f" else floor_divide(y, count)
    return _as(input, y)


def _multiplied(x: Array, place: Array, src: Array, include_self: bool) -> Any:
    """`x` multiplied with `src` at `place`, flat positions.

    What meets in one place is multiplied in pairs, the products in pairs, and so on, at all places at once: the
    gradient comes from `mul` alone and is exact with zeros among the elements, at any order.
    """
    alone = np.ones(math.prod(x.shape), np.bool_)
    if not include_self:
        alone[place] = False
    own = np.flatnonzero(alone)
    place = np.concatenate([own, place])
    keys = np.sort(place * place.size + np.arange(place.size))  # much faster than a stable argsort
    place, order = np.divmod(keys, place.size)
    e = _getitem(cat([_getitem(reshape(x, (-1,)), own), reshape(src, (-1,))]), order)
    while True:
        first = np.concatenate([[True], place[1:] != place[:-1]])
        if first.all():
            return reshape(e, x.shape)
        starts = np.flatnonzero(first)
        rank = np.arange(place.size) - np.repeat(starts, np.diff(starts, append=place.size))
        odd = np.flatnonzero(rank % 2)
        even = np.flatnonzero(rank % 2 == 0)
        e = _getitem(_setitem(e, odd - 1, mul(_getitem(e, odd - 1), _getitem(e, odd))), even)
        place = place[even]


@public
def index_select(input: Array, dim: int, index: Array) -> Tensor:
    """The entries of `input` along `dim` that `index` names, a vector or a 0-d tensor; a copy.

    Raises:
        IndexError: `index` has more than one dimension, or is out of range, or there is no such `dim`.
        RuntimeError: `index` isn't of integers, or takes more than one element of a 0-d tensor.
    """
    axis, places = _vector("index_select", input, dim, index)
    if input.ndim == 0 and places.size != 1:
        raise RuntimeError(f"index_select: of a 0-d tensor only one element can be taken, not {places.size}")
    y = _getitem(_filled(input), _at(axis, places))
    return y if input.ndim else reshape(y, ())


@convention(
    "index_add with a repeated index",
    [7.0, 8.0, 9.0],
    [1.0, 2.0, 3.0],
    gives=([1, 1, 1], [1, 1, 1]),
    value=[11, 8, 11],
    of=lambda x, source: index_add(x, 0, np.array([0, 2, 0]), source),
)
@public
def index_add(input: Array, dim: int, index: Array, source: Array, *, alpha: float = 1) -> Tensor:
    """`input` with `alpha * source` added to the entries along `dim` that `index`, a vector, names.

    An entry that is named twice gets the sum.

    Raises:
        IndexError: `index` isn't a vector, or is out of range, or there is no such `dim`.
        RuntimeError: `index` isn't of integers, or shapes or dtypes don't fit.
    """
    axis, places = _vector("index_add", input, dim, index)
    _check_entries("index_add", input, axis, places, source)
    if alpha != 1:
        source = mul(source, alpha if input.dtype.kind == "f" else np.asarray(alpha).astype(input.dtype).item())
    x = _filled(input)
    return _as(input, _add(x, _unpick(_filled(source), _at(axis, places), x.shape)))


@public
def index_copy(input: Array, dim: int, index: Array, source: Array) -> Tensor:
    """A copy of `input` with the entries along `dim` that `index`, a vector, names replaced by those of `source`.

    Of an entry that is named twice, the last write wins.

    Raises:
        IndexError: `index` isn't a vector or is out of range, or the dimensions of `source` or the number of its
            entries don't fit.
        RuntimeError: `index` isn't of int64, or shapes or dtypes don't fit.
    """
    axis, places = _vector("index_copy", input, dim, index, RuntimeError)
    arrays_of("index_copy", source)
    if source.ndim and input.ndim and source.ndim != input.ndim:
        raise IndexError(f"index_copy: source has {source.ndim} dimensions, input {input.ndim}")
    if places.size != (source.shape[axis] if source.ndim else 1):
        raise IndexError(
            f"index_copy: index names {places.size} entries, source of shape {tuple(source.shape)} has another number"
        )
    _check_entries("index_copy", input, axis, places, _filled(source) if input.ndim else source)
    return _as(input, _setitem(_filled(input), _at(axis, places), _filled(source)))


@public
def index_fill(input: Array, dim: int, index: Array, value: Array | float) -> Tensor:
    """A copy of `input` with `value`, a number or 0-d tensor, in the entries along `dim` that `index` names.

    Raises:
        IndexError: `index` isn't of int64, or is out of range, or there is no such `dim`.
        RuntimeError: `index` has more than one dimension, or `value` has one.
    """
    axis, places = _vector("index_fill", input, dim, index, IndexError, negative=True)
    written = _single("index_fill", value, input.dtype)
    return _as(input, _setitem(_filled(input), _at(axis, places), written))


@public
def index_reduce(
    input: Array, dim: int, index: Array, source: Array, reduce: Reduction, *, include_self: bool = True
) -> Tensor:
    """`input` with the entries along `dim` that `index`, a vector, names reduced with those of `source`.

    Args:
        reduce: "prod", "mean", "amax" or "amin", as in `scatter_reduce`.
        include_self: whether the entries of `input` take part.

    Raises:
        IndexError: `index` isn't a vector, or is out of range, or there is no such `dim`.
        RuntimeError: another reduction; `index` isn't of integers, or shapes or dtypes don't fit.
    """
    if reduce not in REDUCTIONS[1:]:
        raise RuntimeError(f"index_reduce: reduce must be one of {', '.join(REDUCTIONS[1:])}, not {reduce!r}")
    axis, places = _vector("index_reduce", input, dim, index)
    _check_entries("index_reduce", input, axis, places, source)
    src = _filled(source)
    whole = np.broadcast_to(places.reshape([-1 if i == axis else 1 for i in range(src.ndim)]), src.shape)
    return _reduced(input, axis, whole, src, reduce, include_self)


def _at(dim: int, places: Array) -> Any:
    return (slice(None),) * dim + (places,) if dim else places


def _vector(
    name: str,
    input: Array,
    dim: int,
    index: Array,
    strict: type[Exception] | None = None,
    negative: bool = False,
) -> tuple[int, np.ndarray[Any, Any]]:
    """`dim` counted from the front and `index` as a vector of positions along it.

    `strict`: int32 won't do, and the error of a wrong dtype. `negative`: positions may count from the end.
    """
    _, places = arrays_of(name, input, index)
    axis = dim_of(name, dim, input.ndim)
    if places.ndim > 1:
        error = RuntimeError if negative else IndexError
        raise error(f"{name}: index must be a vector, not of shape {places.shape}")
    if places.dtype != np.int64 and (strict or places.dtype != np.int32):
        raise (strict or RuntimeError)(f"{name}: index must be of int64, not {places.dtype}; convert with .long()")
    in_range(name, places, (input.shape or (1,))[axis], IndexError, f"dim {axis}", negative)
    return axis, places.reshape(-1)


def _check_entries(name: str, input: Array, dim: int, places: Array, source: Array) -> None:
    """Refuse a `source` without the dtype of `input`, or its shape but for one entry for each of `places`."""
    arrays_of(name, source)
    _same_dtype(name, input, source)
    want = tuple(places.size if i == dim else n for i, n in enumerate(input.shape))
    if tuple(source.shape) != want or (not want and places.size != 1):
        raise RuntimeError(
            f"{name}: source of shape {tuple(source.shape)} doesn't fit {places.size} entries along dim {dim} of input "
            f"of shape {tuple(input.shape)}: expected {want}"
        )


def _single(name: str, value: Array | float, dtype: np.dtype[Any]) -> Array:
    """`value`, a number or a 0-d tensor, in `dtype`.

    Raises:
        TypeError: it is neither.
        RuntimeError: it has dimensions, or `dtype` can't hold it.
    """
    if isinstance(value, (bool, int, float, np.generic)):
        return number(name, value, dtype)
    if isinstance(value, complex):
        raise RuntimeError(f"{name}: {value!r} can't be converted to {dtype} without loss")
    arrays_of(name, value)
    if value.ndim:
        raise RuntimeError(f"{name}: value must be a number or a 0-d tensor, not of shape {tuple(value.shape)}")
    return cast(value, dtype)


@convention(
    "index_put with a repeated index: the last write",
    [7.0, 8.0, 9.0],
    [1.0, 2.0, 3.0],
    gives=([0, 1, 0], [0, 1, 1]),
    value=[3, 8, 2],
    of=lambda x, values: index_put(x, (np.array([0, 2, 0]),), values),
)
@convention(
    "index_put with a repeated index, accumulated",
    [7.0, 8.0, 9.0],
    [1.0, 2.0, 3.0],
    gives=([1, 1, 1], [1, 1, 1]),
    value=[11, 8, 11],
    of=lambda x, values: index_put(x, (np.array([0, 2, 0]),), values, accumulate=True),
)
@public
def index_put(input: Array, indices: Sequence[Array], values: Array, accumulate: bool = False) -> Tensor:
    """A copy of `input` with `values` at `indices`; where a place repeats, the last write wins, or all are added.

    Args:
        indices: a tensor of integers or a mask for each dimension, the leading ones; they broadcast.
        values: broadcasts to what the indices pick.
        accumulate: add to what is there.

    Raises:
        IndexError: the indices don't fit the shape.
        RuntimeError: `values` doesn't broadcast to the picked shape, or has another dtype.
        TypeError: `indices` isn't a tuple or list of tensors, or `values` not a tensor.
    """
    if not isinstance(indices, (tuple, list)):
        raise TypeError(f"index_put: indices must be a tuple of tensors, not {type(indices).__name__}")
    index = plain_index(tuple(wrap(a) for a in arrays_of("index_put", *indices)), input.ndim)
    array, given = arrays_of("index_put", input, values)
    _same_dtype("index_put", input, values)
    picked = array[index].shape
    if given.ndim > len(picked) or any(n not in (1, m) for n, m in zip(given.shape[::-1], picked[::-1])):
        raise RuntimeError(f"index_put: values of shape {given.shape} don't broadcast to the picked shape {picked}")
    if not accumulate:
        return _setitem(input, index, values)
    return _add(input, _unpick(values if given.shape == picked else expand(values, picked), index, input.shape))
