"""Max pooling: which place of the window wins, and picking it, with its adjoint: a family closed under differentiation.

What is kept for the backward pass is the winner's number in the window, a byte for each output. All loops go over the
places of the window, never over elements, and results keep their operand's order in memory.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..domain import DISTINCT, Given, Ordinals, Reals
from ..op import Array, Fused, op
from .window import Slide, draw_slides, memory_order, places, sizes, stops


def _contest(x: Array, slides: tuple[Slide, ...]) -> tuple[Array, Array]:
    """The greatest element in each window, and the number of the first place that holds it, or of the last NaN."""
    count = math.prod(s.kernel for s in slides)
    kind = np.int8 if count <= 127 else np.int32
    if count >= _MANY and all(s.inside and s.kernel == s.size for s in slides):
        return _contest_of_all(x, slides, kind)
    seats = list(enumerate(places(slides)))
    if all(s.inside for s in slides):
        _, (_, at) = seats.pop(0)
        y = np.array(x[at])
        won = np.zeros_like(y, kind)
    else:
        y = np.full_like(x, _lowest(x.dtype), shape=stops(x.shape, slides))
        won = np.empty_like(y, kind)
        won[...] = _first_inside(slides)
    for k, (to, at) in seats:
        v, best, winner = _together(x[at]), y[to], won[to]
        if kind is np.int8:
            greater = np.greater(v, best).view(np.int8)
            greater *= np.int8(k)
            np.maximum(winner, greater, out=winner)
        else:
            np.copyto(winner, k, where=np.greater(v, best))
        np.maximum(best, v, out=best)
    if y.dtype.kind == "f" and y.size and np.isnan(np.maximum.reduce(y, axis=None)):
        for k, (to, at) in enumerate(places(slides)):
            np.copyto(won[to], k, where=np.isnan(x[at]))
    return y, won


_MANY = 16  # places of a window, from which on it is faster not to go through them one by one


def _contest_of_all(x: Array, slides: tuple[Slide, ...], kind: Any) -> tuple[Array, Array]:
    """The contest where the one window sees everything."""
    order = memory_order(x)
    at = [order.index(d) for d in _slid(x, slides)]
    if at != list(range(at[0], at[0] + len(at))):
        order, at = list(range(x.ndim)), list(_slid(x, slides))
    d = at[0]
    lying = x.transpose(order)
    flat = lying.reshape(*lying.shape[:d], math.prod(s.size for s in slides), *lying.shape[d + len(at) :])
    won = np.argmax(flat, axis=d, keepdims=True)
    y = np.take_along_axis(flat, won, d)
    if y.dtype.kind == "f" and np.isnan(y).any():
        won = np.where(np.isnan(y), flat.shape[d] - 1 - np.argmax(np.flip(flat, d), axis=d, keepdims=True), won)
    shape = [1 if i in at else n for i, n in enumerate(lying.shape)]
    back = np.argsort(order)
    return y.reshape(shape).transpose(back), won.astype(kind).reshape(shape).transpose(back)


def _together(x: Array) -> Array:
    """`x`, or a copy if all its elements lie apart in memory: it is read twice."""
    return x if x.itemsize in x.strides else np.array(x)


def _lowest(dtype: np.dtype[Any]) -> Any:
    """What is less than every other number of `dtype`, or as low."""
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min if dtype.kind in "iu" else False


def _first_inside(slides: tuple[Slide, ...]) -> Array:
    """For each stop the number of the first place of the window that is inside."""
    number = np.zeros([1] * len(slides), np.int32)
    for d, s in enumerate(slides):
        first = np.argmax(s.inputs() >= 0, axis=1)
        number = number * s.kernel + first.reshape([-1 if i == d else 1 for i in range(len(slides))])
    return number


def _greatest(x: Array, slides: tuple[Slide, ...]) -> Array:
    """The greatest element in each window, one dimension after the other."""
    for i, s in reversed(list(enumerate(slides, x.ndim - len(slides)))):
        lead = (slice(None),) * i
        cuts = [s.overlap(j) for j in range(s.kernel)]
        if s.inside:
            y = np.array(x[(*lead, cuts.pop(0)[1])])
        else:
            y = np.full_like(x, _lowest(x.dtype), shape=(*x.shape[:i], s.out, *x.shape[i + 1 :]))
        for to, at in cuts:
            best = y[(*lead, to)]
            np.maximum(best, x[(*lead, at)], out=best)
        x = y
    return x


def _put(out: Array, value: Array, mask: Array, add: bool) -> None:
    """`out = value` where `mask` holds, else 0; or added to what is there."""
    if value.dtype.char in "fd":  # as integers, so that 0 times an infinite cotangent is 0; twice as fast as a choice
        bits = np.int32 if value.dtype.char == "f" else np.int64
        if not add:
            np.multiply(value.view(bits), mask, out=out.view(bits))
            return
        out += np.multiply(value.view(bits), mask).view(value.dtype)
    elif add:
        out += np.where(mask, value, 0)
    else:
        out[...] = np.where(mask, value, 0)


def _all_win(slides: tuple[Slide, ...]) -> bool:
    """Whether every window has a place inside."""
    return all(s.dilation == 1 or s.padding == 0 for s in slides)


def _slid(x: Array, slides: tuple[Slide, ...]) -> range:
    """The dimensions that the window slides over."""
    return range(x.ndim - len(slides), x.ndim)


def _index(won: Array, shape: Sequence[int], dims: Sequence[int], slides: tuple[Slide, ...]) -> Array:
    """Where the winners stand in a flattened array of `shape`; the window slides over its dimensions `dims`."""
    steps = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    table = np.zeros(1, np.int64)
    for d, s in zip(dims, slides, strict=True):
        table = np.add.outer(table, (np.arange(s.kernel) * s.dilation - s.padding) * steps[d]).reshape(-1)
    index = np.asarray(table.take(won))
    strides = dict(zip(dims, (s.stride for s in slides), strict=True))
    starts: list[Any] = [np.arange(n) * (steps[d] * strides.get(d, 1)) for d, n in enumerate(won.shape)]
    half = len(starts) // 2  # so that the sums of both halves are small
    outer = functools.reduce(np.add.outer, starts[:half], 0)
    index += np.reshape(outer, np.shape(outer) + (1,) * (len(starts) - half))
    index += functools.reduce(np.add.outer, starts[half:], 0)
    return index


def _distinct(draw: Any) -> tuple[Any, ...]:
    """Arguments of `max_pool`: images of few pixels, no two alike."""
    slides = draw_slides(draw, draw.integers(1, 2))
    draw.assume(all(((s.inputs() >= 0) & (s.inputs() < s.size)).any(axis=1).all() for s in slides))
    lead = draw.choice(((), (2,), (1, 2), (0,)))
    return draw.reals((*lead, *(s.size for s in slides)), DISTINCT), slides


def _won(draw: Any) -> tuple[Any, ...]:
    """Arguments of `pick_won`: images and a winner in each window."""
    x, slides = _distinct(draw)
    return draw.reals(x.shape), _contest(x, slides)[1], slides


def _of_winners(draw: Any) -> tuple[Any, ...]:
    """Arguments of `unpick_won`: a number for each window, and its winner."""
    _, won, slides = _won(draw)
    return draw.reals(won.shape), won, slides


@op(
    lambda g, y, x, won, slides: unpick_won(g, won, slides),
    domain=(Reals(), Ordinals(), Given()),
    shapes="(...), (...) -> (...)",
    sample=_won,
    tex=r"{input}_{{{won}}}",
    analytic=True,
)
def pick_won(input: Array, won: Array, slides: tuple[Slide, ...]) -> Array:
    r"""The winner's element of each window, :math:`y_o = x_{w(o)}`.

    :math:`\bar x_i = \sum_{o: w(o) = i} g_o`: an element that wins in several windows gets the sum of their cotangents.
    The adjoint is `unpick_won`.
    """
    if not _all_win(slides):
        y = np.zeros_like(won, input.dtype)
        for k, (to, at) in enumerate(places(slides)):
            np.copyto(y[to], input[at], where=won[to] == k)
        return y
    order = memory_order(input)
    index = _index(
        won.transpose(order), [input.shape[d] for d in order], [order.index(d) for d in _slid(input, slides)], slides
    )
    return np.take(input.transpose(order).reshape(-1), index).transpose(np.argsort(order))


@op(
    lambda g, y, x, won, slides: pick_won(g, won, slides),
    domain=(Reals(), Ordinals(), Given()),
    shapes="(...), (...) -> (...)",
    sample=_of_winners,
    tex=r"\sum_{{{won}}} {input}",
    analytic=True,
)
def unpick_won(input: Array, won: Array, slides: tuple[Slide, ...]) -> Array:
    r"""Zeros, and each window's number added at its winner: the adjoint of `pick_won`.

    :math:`y_i = \sum_{o: w(o) = i} x_o`, so :math:`\bar x_o = g_{w(o)}`.
    """
    shape = sizes(won.shape, slides)
    order = memory_order(won)
    few = math.prod(s.kernel for s in slides) < _MANY
    if (few and all(s.disjoint for s in slides)) or not _all_win(slides):
        make = np.empty_like if all(s.tiles for s in slides) else np.zeros_like
        y = make(won, input.dtype, shape=shape)
        input = np.ascontiguousarray(input.transpose(order)).transpose(np.argsort(order))
        for k, (to, at) in enumerate(places(slides)):
            _put(y[at], input[to], won[to] == k, not all(s.disjoint for s in slides))
        return y
    index = _index(
        won.transpose(order), [shape[d] for d in order], [order.index(d) for d in _slid(won, slides)], slides
    )
    flat = np.zeros(math.prod(shape), input.dtype)
    np.add.at(flat, index.reshape(-1), input.transpose(order).reshape(-1))  # of one dimension it is fast
    return flat.reshape([shape[d] for d in order]).transpose(np.argsort(order))


@op(domain=(DISTINCT, Given()), shapes="(*) -> (...)", sample=_distinct, typed=True, tex=r"\arg\max {input}")
def winners(input: Array, slides: tuple[Slide, ...]) -> Array:
    """The number in its window of each window's greatest element; of the first at a tie, of the last NaN."""
    return _contest(input, slides)[1]


@op(
    lambda g, y, x, slides: unpick_won(g, winners(x, slides), slides),
    domain=(DISTINCT, Given()),
    shapes="(*) -> (...)",
    sample=_distinct,
    tex=r"\max_{{\text{{window}}}} {input}",
    fused=Fused(_contest, (lambda g, won, x, slides: unpick_won(g, won, slides),)),
)
def max_pool(input: Array, slides: tuple[Slide, ...]) -> Array:
    r"""The greatest element in each window that slides over the last dimensions; outside there is nothing.

    :math:`dy_o = dx_{w(o)}` with the place w of the greatest element, the first in the window at a tie; a NaN wins. So
    :math:`\bar x_i = \sum_{o: w(o) = i} g_o`.
    """
    return _greatest(input, slides)


def flat_index(won: Array, tables: Sequence[Array], sizes: Sequence[int]) -> Array:
    """Where the winners stand in the flattened last dimensions, of `sizes`; int64.

    `tables[d][o, i]` is where the window's i-th place along dimension d is at the o-th stop.
    """
    rest = won.astype(np.int64)
    index, step = np.zeros_like(rest), 1
    for d in reversed(range(len(tables))):
        stop = np.arange(len(tables[d])).reshape([-1 if i == d else 1 for i in range(len(tables))])
        rest, i = np.divmod(rest, tables[d].shape[1])
        index += tables[d][stop, i] * step
        step *= sizes[d]
    return index
