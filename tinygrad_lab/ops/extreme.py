"""Extremes: the greatest and the least of many elements, their places, and the elements that stand at chosen places."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..convention import convention
from ..domain import DISTINCT, FLAG, REALS, Dim, Dims, Given, IndexAlong
from ..op import Array, op, table
from ..public import public
from .arithmetic import maximum, minimum
from .checks import refuse_bools
from .index import _gather
from .reduce import DimLike, add_reduce, axis_of, kept, max_reduce, min_reduce
from .shape import dim_of, squeeze

if TYPE_CHECKING:
    from ..tensor import Tensor


@convention("amax with a NaN", [math.nan, 1.0], gives=[math.nan, 0], value=math.nan)
@convention("amax of a tie", [3.0, 1.0, 3.0], gives=[0.5, 0, 0.5], value=3)
@op(
    lambda g, y, x, dim, keepdim: kept(g, x.shape, dim, keepdim) * ties(x, kept(y, x.shape, dim, keepdim), dim),
    domain=(DISTINCT, Dims(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\max {input}",
)
def amax(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Maximum over `dim`, :math:`y = \max_i x_i`.

    :math:`dy = dx_m` where m is the place of the greatest element: the cotangent goes there, in equal parts at a tie,
    which is the subgradient of smallest norm; a NaN gets NaN.

    Raises:
        RuntimeError: there is nothing to take the maximum of.
    """
    return max_reduce(input, axis=axis_of(input, dim), keepdims=keepdim)


@convention("amin of a tie", [1.0, 3.0, 1.0], gives=[0.5, 0, 0.5], value=1)
@op(
    lambda g, y, x, dim, keepdim: kept(g, x.shape, dim, keepdim) * ties(x, kept(y, x.shape, dim, keepdim), dim),
    domain=(DISTINCT, Dims(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\min {input}",
)
def amin(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Minimum over `dim`, :math:`y = \min_i x_i`.

    :math:`dy = dx_m` where m is the place of the least element: the cotangent goes there, in equal parts at a tie,
    which is the supergradient of smallest norm; a NaN gets NaN.

    Raises:
        RuntimeError: there is nothing to take the minimum of.
    """
    return min_reduce(input, axis=axis_of(input, dim), keepdims=keepdim)


def _with_extreme(draw: Any) -> tuple[Any, ...]:
    """Arguments of `ties`: a tensor and the extreme values that it has."""
    x, dim, _ = draw.arguments(table["amax"])
    top = table[draw.choice(("amax", "amin"))].forward(x, dim, True)
    return x, top, dim


@op(
    domain=(REALS, REALS, Dims(filled=True)),
    shapes="(*), (...) -> (...)",
    sample=_with_extreme,
    tex=r"[{input} = {extreme}] / \text{{ties}}",
)
def ties(input: Array, extreme: Array, dim: DimLike = None) -> Array:
    """Each element's share of the extreme value of `input` over `dim`: 1 / n for each of n elements that tie.

    NaN, which equals nothing, for an element that is NaN. Constant between ties, so without gradient.
    """
    hit = np.equal(input, extreme)
    n = add_reduce(hit, axis=axis_of(input, dim), keepdims=True)
    share = (hit / np.maximum(n, 1)).astype(input.dtype, copy=False)
    return share if n.all() else np.where(input == input, share, np.nan).astype(input.dtype, copy=False)


@op(domain=(DISTINCT, Dim(optional=True, filled=True), FLAG), shapes="(*) -> (...)", tex=r"\arg\max {input}")
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first greatest element along `dim`, or in the flattened tensor; int64, without gradient.

    Raises:
        IndexError: there is nothing to take the maximum of.
    """
    refuse_bools("argmax", input)
    if dim is None and not input.size:
        raise IndexError("there is nothing that could have a position; say along which dim")
    return np.argmax(input, axis=dim, keepdims=keepdim)


@op(domain=(DISTINCT, Dim(optional=True, filled=True), FLAG), shapes="(*) -> (...)", tex=r"\arg\min {input}")
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first least element along `dim`, or in the flattened tensor; int64, without gradient.

    Raises:
        IndexError: there is nothing to take the minimum of.
    """
    refuse_bools("argmin", input)
    if dim is None and not input.size:
        raise IndexError("there is nothing that could have a position; say along which dim")
    return np.argmin(input, axis=dim, keepdims=keepdim)


def _some_places(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_pick`: positions along a dimension, none of them twice."""
    shape = draw.shape()
    dim = draw.dim(shape)
    order = np.argsort(draw.reals(shape, DISTINCT), axis=dim if shape else None)
    if not shape:
        return draw.reals(shape), dim, order.reshape(())
    kept = draw.integers(0, shape[dim])
    return draw.reals(shape), dim, np.take(order, np.arange(kept), axis=dim)


@op(
    lambda g, y, x, dim, index: _place(g, dim, index, x.shape),
    domain=(REALS, Dim(), IndexAlong()),
    shapes="(*), (...) -> (...)",
    sample=_some_places,
    tex=r"{input}_{{{index}}}",
    analytic=True,
)
def _pick(input: Array, dim: int, index: Array) -> Array:
    r"""Elements at the positions `index` along `dim`, where none repeats: what sorting and extremes choose.

    :math:`y_k = x_{i_k}`, so :math:`\bar x_{i_k} = g_k`: each cotangent goes back to its place, and no sum is needed.
    """
    return np.take_along_axis(input, index, dim) if input.ndim else np.array(input)


@op(
    lambda g, y, x, dim, index, shape: _pick(g, dim, index),
    domain=(REALS, Dim(), IndexAlong(), Given()),
    shapes="(...), (...) -> (...)",
    sample=lambda draw: draw.adjoint(table["pick"]),
    tex=r"\sum_{{{index}}} {input}",
    analytic=True,
)
def _place(input: Array, dim: int, index: Array, shape: tuple[int, ...]) -> Array:
    r"""Zeros of `shape` with `input` at positions `index` along `dim`, where none repeats: the adjoint of picking.

    :math:`y_{i_k} = x_k`, so :math:`\bar x_k = g_{i_k}`.
    """
    if not shape:
        return np.array(input)
    out = np.zeros_like(input, shape=shape)
    np.put_along_axis(out, index, input, dim)
    return out


@op(
    domain=(DISTINCT, Dim(), FLAG),
    shapes="(*) -> (...)",
    broadcasts=False,
    tex=r"\arg\max_{{j \le i}} {input}_j",
)
def _last_extreme(input: Array, dim: int, least: bool) -> Array:
    """For each element the position of the greatest one up to it along `dim`, or of the least: the last if they tie.

    From the first NaN on, that of the last NaN. int64, without gradient.
    """
    if not input.ndim:
        return np.zeros((), np.int64)
    best = (np.minimum if least else np.maximum).accumulate(input, axis=dim)
    places = np.arange(input.shape[dim]).reshape([-1 if i == dim % input.ndim else 1 for i in range(input.ndim)])
    return np.maximum.accumulate(np.where((input == best) | (input != input), places, 0), axis=dim)


# ------------------------------------------------------------------------------------------------- compositions


class Extreme(NamedTuple):
    """What `max` and `min` along one dimension return."""

    values: Tensor
    indices: Tensor


class MinMax(NamedTuple):
    """What `aminmax` returns."""

    min: Tensor
    max: Tensor


@convention("max of a tie along one axis", [3.0, 3.0, 1.0], gives=[1, 0, 0], of=lambda x: max(x, 0).values)
@convention("max of nothing", [], raises=RuntimeError)
@public
def max(
    input: Array, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Array = None
) -> Tensor | Extreme:
    """The maximum: of everything; along `dim`, with the indices of the first greatest; or of two tensors.

    Raises:
        RuntimeError: there is nothing to take the maximum of.
        IndexError: there is no such dimension, or nothing along it.
    """
    return _extreme(input, dim, keepdim, other, amax, argmax, maximum)  # type: ignore[no-any-return]


@convention("min of a tie along one axis", [1.0, 3.0, 1.0], gives=[1, 0, 0], of=lambda x: min(x, 0).values)
@convention("min of nothing", [], raises=RuntimeError)
@public
def min(
    input: Array, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Array = None
) -> Tensor | Extreme:
    """The minimum: of everything; along `dim`, with the indices of the first least; or of two tensors.

    Raises:
        RuntimeError: there is nothing to take the minimum of.
        IndexError: there is no such dimension, or nothing along it.
    """
    return _extreme(input, dim, keepdim, other, amin, argmin, minimum)  # type: ignore[no-any-return]


def _extreme(input: Array, dim: Array, keepdim: bool, other: Array, of_all: Array, place: Array, of_two: Array) -> Any:
    if not hasattr(input, "dtype"):
        raise TypeError(f"{of_all.__name__[1:]}: input must be a tensor, not {type(input).__name__}")
    if other is not None or not (dim is None or isinstance(dim, _INTEGERS)):
        return of_two(input, dim if other is None else other)
    if dim is None:
        return of_all(input)
    return chosen(input, dim, place(input, dim, True), keepdim)


_INTEGERS: tuple[Any, ...] = (int, np.integer)


def chosen(input: Array, dim: int, index: Array, keepdim: bool) -> Extreme:
    """The elements of `input` at `index`, one along `dim`, with their indices."""
    values = _pick(input, dim, index)
    return Extreme(values, index) if keepdim else Extreme(squeeze(values, dim), squeeze(index, dim))


@public
def aminmax(input: Array, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The minimum and the maximum, over everything or along `dim`; at a tie the cotangent is split evenly.

    Raises:
        RuntimeError: there is nothing to take the extremes of.
        IndexError: there is no such dimension, or nothing along it.
    """
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


@convention("cummax of a tie", [3.0, 3.0, 1.0], gives=[1, 2, 0], of=lambda x: cummax(x, 0).values)
@public
def cummax(input: Array, dim: int) -> Extreme:
    """The greatest of the elements up to each one along `dim`, and its index: the last, if several are greatest.

    The gradient of each greatest element goes to that one; from the first NaN on, everything is NaN.

    Raises:
        IndexError: there is no such dimension.
    """
    return _running(input, dim, False)


@public
def cummin(input: Array, dim: int) -> Extreme:
    """The least of the elements up to each one along `dim`, and its index: the last, if several are least.

    Raises:
        IndexError: there is no such dimension.
    """
    return _running(input, dim, True)


def _running(input: Array, dim: int, least: bool) -> Extreme:
    dim = dim_of("cummin" if least else "cummax", dim, input.ndim)
    index = _last_extreme(input, dim, least)
    return Extreme(_gather(input, dim, getattr(index, "array", index)), index)
