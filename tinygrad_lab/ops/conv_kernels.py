"""Convolution on arrays: its value, its input gradient and its weight gradient, in any number of dimensions.

All three are one matrix product over the same columns: under each place of the window, the inputs that it sees.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]


class Window(NamedTuple):
    """How a kernel goes over its input, a number for each dimension of space.

    `before` and `after` are the zeros around the input. A negative `after` leaves out what no window sees, so that the
    windows always fit exactly, and from the shapes of two of input, weight and output follows that of the third.
    """

    stride: Shape
    before: Shape
    after: Shape
    dilation: Shape
    groups: int

    def outputs(self, size: Sequence[int], kernel: Sequence[int]) -> Shape:
        """How many places the window has."""
        return tuple(
            (n + before + after - d * (k - 1) - 1) // s + 1
            for n, k, s, before, after, d in zip(size, kernel, *self[:4], strict=True)
        )

    def inputs(self, places: Sequence[int], kernel: Sequence[int]) -> Shape:
        """The size of the input that gives so many places."""
        extent = self.extent(places, kernel)
        return tuple(n - before - after for n, before, after in zip(extent, self.before, self.after, strict=True))

    def extent(self, places: Sequence[int], kernel: Sequence[int]) -> Shape:
        """The size of the input with its zeros, without what no window sees."""
        return tuple(
            (o - 1) * s + d * (k - 1) + 1 for o, k, s, d in zip(places, kernel, self.stride, self.dilation, strict=True)
        )

    def kernel(self, size: Sequence[int], places: Sequence[int]) -> Shape:
        """The size of the kernel that goes from `size` inputs to so many places."""
        return tuple(
            (n + before + after - (o - 1) * s - 1) // d + 1
            for n, o, s, before, after, d in zip(size, places, *self[:4], strict=True)
        )


def conv(x: Array, w: Array, how: Window) -> Array:
    """`(n, c, *size)` and `(m, c / groups, *kernel)` give `(n, m, *places)`."""
    columns, places = _unfold(x, w.shape[2:], how)
    y = np.matmul(_rows(w, how.groups), columns)
    return _batch_first(y.reshape(w.shape[0], *places, x.shape[0]))


def conv_input(g: Array, w: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(m, c / groups, *kernel)` give `(n, c, *size)`."""
    columns = np.matmul(_rows(w, how.groups).swapaxes(1, 2), _outputs(g, how.groups))
    return _fold(columns, g, w.shape, how)


def conv_weight(g: Array, x: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(n, c, *size)` give `(m, c / groups, *kernel)`."""
    kernel = how.kernel(x.shape[2:], g.shape[2:])
    columns, _ = _unfold(x, kernel, how)
    dw = np.empty((g.shape[1], x.shape[1] // how.groups, *kernel), np.result_type(g, x))
    np.matmul(_outputs(g, how.groups), columns.swapaxes(1, 2), out=_rows(dw, how.groups))
    return dw


def _outputs(g: Array, groups: int) -> Array:
    """The outputs as matrices `(groups, m / groups, places * n)`."""
    return _batch_last(g).reshape(groups, g.shape[1] // groups, math.prod(g.shape[2:]) * g.shape[0])


def _rows(w: Array, groups: int) -> Array:
    """The kernels as matrices `(groups, m / groups, c / groups * kernel)`."""
    return w.reshape(groups, w.shape[0] // groups, math.prod(w.shape[1:]))


def _batch_last(x: Array) -> Array:
    return np.moveaxis(x, 0, -1)


def _batch_first(x: Array) -> Array:
    return np.moveaxis(x, -1, 0)


def _unfold(x: Array, kernel: Shape, how: Window) -> tuple[Array, Shape]:
    """The columns `(groups, c / groups * kernel, places * n)`, and how many places there are."""
    n, c = x.shape[:2]
    places = how.outputs(x.shape[2:], kernel)
    padded = np.zeros((c, *how.extent(places, kernel), n), x.dtype)
    inside, seen = _inside(x.shape[2:], padded.shape[1:-1], how)
    padded[:, *inside] = _batch_last(x)[:, *seen]
    channel, *steps, last = padded.strides
    windows = np.lib.stride_tricks.as_strided(
        padded,
        (c, *kernel, *places, n),
        (
            channel,
            *(step * d for step, d in zip(steps, how.dilation, strict=True)),
            *(step * s for step, s in zip(steps, how.stride, strict=True)),
            last,
        ),
    )
    return windows.reshape(how.groups, c // how.groups * math.prod(kernel), math.prod(places) * n), places


def _fold(columns: Array, g: Array, weight: Shape, how: Window) -> Array:
    """The adjoint of `_unfold`: each input gets the sum of its elements in the columns."""
    n, places, kernel = g.shape[0], g.shape[2:], weight[2:]
    c = weight[1] * how.groups
    size = how.inputs(places, kernel)
    columns = columns.reshape(c, *kernel, *places, n)
    padded = np.zeros((c, *how.extent(places, kernel), n), columns.dtype)
    for k, seen in _taps(kernel, places, how):
        padded[:, *seen] += columns[:, *k]
    inside, used = _inside(size, padded.shape[1:-1], how)
    if min(how.after, default=0) >= 0:
        return _batch_first(padded[:, *inside])
    x = np.zeros((c, *size, n), columns.dtype)
    x[:, *used] = padded[:, *inside]
    return _batch_first(x)


def _taps(kernel: Shape, places: Shape, how: Window) -> Iterator[tuple[Shape, tuple[slice, ...]]]:
    """Each element of the kernel, and what it sees of the padded input."""
    for k in itertools.product(*map(range, kernel)):
        yield (
            k,
            tuple(
                slice(i * d, i * d + (o - 1) * s + 1, s)
                for i, o, s, d in zip(k, places, how.stride, how.dilation, strict=True)
            ),
        )


def _inside(size: Shape, extent: Shape, how: Window) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Where the input stands in the padded one, and what part of it stands there."""
    ends = [min(b + n, e) for n, b, e in zip(size, how.before, extent, strict=True)]
    return (
        tuple(slice(b, max(end, b)) for b, end in zip(how.before, ends, strict=True)),
        tuple(slice(0, max(end - b, 0)) for b, end in zip(how.before, ends, strict=True)),
    )
