"""Convolution on arrays: its value, its input gradient and its weight gradient, in any number of dimensions.

All three are matrix products with the same columns: for each place of the window, the inputs that it sees.
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


MANY = 32  # channels of an output: from here on they stand last
BLOCK = 2**22  # elements of the columns that are made at a time


class Layout(NamedTuple):
    """Where batch and channels stand in memory: before space, or after it.

    People see `(n, c, *space)` always, but other orders in memory run faster, since what is copied and added up then
    lies in longer runs. Elementwise operations keep their operands' order, so that it lasts until the next convolution.
    """

    batch_last: bool
    channels_last: bool

    def order(self, ndim: int) -> Shape:
        """The axes of `(n, c, *space)` in the order in which they stand in memory."""
        space = range(2, ndim)
        positions = (*space, 0) if self.batch_last else (0, *space)
        return (*positions, 1) if self.channels_last else (1, *positions)

    def new(self, make: Any, shape: Sequence[int], dtype: Any) -> Array:
        """An array `(n, c, *space)` in this layout, made by `np.empty` or `np.zeros`."""
        order = self.order(len(shape))
        return make([shape[a] for a in order], dtype).transpose(np.argsort(order))  # type: ignore[no-any-return]

    def arranged(self, x: Array) -> Array:
        """`x` in this layout, copied if it isn't."""
        order = self.order(x.ndim)
        return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))

    def beside(self, channels: int, how: Window) -> Layout:
        """The layout of an output of so many channels, or of an input that has this layout's output."""
        return Layout(self.batch_last, self.batch_last and how.groups == 1 and channels >= MANY)

    def matrices(self, x: Array, groups: int, block: slice) -> Array:
        """A view of a block of the positions of `x`, which is in this layout: `(groups, c / groups, positions)`."""
        x = x[:, :, block] if self.batch_last else x[block]
        c, count = x.shape[1], len(x) * math.prod(x.shape[2:])
        memory = x.transpose(self.order(x.ndim))
        if self.channels_last:
            return memory.reshape(1, count, c).swapaxes(1, 2)
        return memory.reshape(groups, c // groups, count)


class Columns:
    """What the window sees, a column for each place and sample: `(groups, kernel * c / groups, places * n)`.

    They are made a block of places, or of samples, at a time.
    """

    def __init__(self, n: int, c: int, kernel: Shape, places: Shape, how: Window, layout: Layout) -> None:
        self.n, self.c, self.kernel, self.places, self.how, self.layout = n, c, kernel, places, how, layout
        self.extent = how.extent(places, kernel)
        self.size = how.inputs(places, kernel)
        self.rows = c // how.groups * math.prod(kernel)

    def blocks(self) -> Iterator[slice]:
        """The blocks, along the first dimension of space or along the batch."""
        total = self.places[0] if self.layout.batch_last else self.n
        elements = self.c * math.prod(self.kernel) * math.prod(self.places) * self.n
        step = max(1, total * BLOCK // max(elements, 1))
        return (slice(i, min(i + step, total)) for i in range(0, total, step))

    def zeros(self, dtype: Any) -> Array:
        """An input of zeros, with the zeros around it."""
        return self.layout.new(np.zeros, (self.n, self.c, *self.extent), dtype)

    def inside(self, padded: Array) -> Array:
        """The part of the input with the zeros around it that is the input."""
        ends = (min(b + n, e) for n, b, e in zip(self.size, self.how.before, self.extent, strict=True))
        return padded[:, :, *(slice(b, max(end, b)) for b, end in zip(self.how.before, ends, strict=True))]

    def padded(self, x: Array) -> Array:
        """The input with the zeros around it, without what no window sees."""
        if self.extent == x.shape[2:] and not any(self.how.before):
            return self.layout.arranged(x)
        padded = self.zeros(x.dtype)
        inside = self.inside(padded)
        inside[...] = x[:, :, *map(slice, inside.shape[2:])]
        return padded

    def cropped(self, padded: Array) -> Array:
        """The adjoint of `padded`."""
        inside = self.inside(padded)
        if inside.shape[2:] == self.size:
            return inside
        x = self.layout.new(np.zeros, (self.n, self.c, *self.size), padded.dtype)
        x[:, :, *map(slice, inside.shape[2:])] = inside
        return x

    def _windows(self, padded: Array, block: slice) -> tuple[Array, ...]:
        """A view of what the windows see, its axes in the columns' order."""
        how, groups = self.how, self.how.groups
        n, c, *steps = padded.strides
        kernel = [(k, s * d) for k, s, d in zip(self.kernel, steps, how.dilation, strict=True)]
        places = [(o, s * t) for o, s, t in zip(self.places, steps, how.stride, strict=True)]
        batch = (self.n, n)
        part = block.stop - block.start
        if self.layout.batch_last:
            positions = [(part, places[0][1]), *places[1:], batch]
            padded = padded[:, :, block.start * how.stride[0] :]
        else:
            positions = [(part, n), *places]
            padded = padded[block]
        group, channel = (groups, c * (self.c // groups)), (self.c // groups, c)
        axes = (
            [*positions, group, *kernel, channel]
            if self.layout.channels_last
            else [group, *kernel, channel, *positions]
        )
        shape, strides = zip(*axes, strict=True)
        return np.lib.stride_tricks.as_strided(padded, shape, strides)

    def unfold(self, padded: Array, block: slice) -> Array:
        """The columns of a block: a copy, but for a kernel of one element."""
        windows = self._windows(padded, block)
        if self.layout.channels_last:
            return windows.reshape(1, -1, self.rows).swapaxes(1, 2)
        return windows.reshape(self.how.groups, self.rows, -1)

    def fold(self, columns: Array, padded: Array, block: slice) -> None:
        """The adjoint of `unfold`: add to each input its elements in the columns."""
        windows = self._windows(padded, block)
        last = self.layout.channels_last
        columns = (columns.swapaxes(1, 2) if last else columns).reshape(windows.shape)
        before = (slice(None),) * (windows.ndim - len(self.kernel) - 1 if last else 1)
        for k in itertools.product(*map(range, self.kernel)):
            seen = windows[*before, *k]
            seen += columns[*before, *k]


def conv(x: Array, w: Array, how: Window) -> Array:
    """`(n, c, *size)` and `(m, c / groups, *kernel)` give `(n, m, *places)`."""
    places = how.outputs(x.shape[2:], w.shape[2:])
    of_x = Layout(_batch_last(x, places), _channels_last(x, how))
    of_y = of_x.beside(len(w), how)
    columns = Columns(len(x), x.shape[1], w.shape[2:], places, how, of_x)
    y = of_y.new(np.empty, (len(x), len(w), *places), np.result_type(x, w))
    rows, padded = _rows(w, how), columns.padded(x)
    for block in columns.blocks():
        np.matmul(rows, columns.unfold(padded, block), out=of_y.matrices(y, how.groups, block))
    return y


def conv_input(g: Array, w: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(m, c / groups, *kernel)` give `(n, c, *size)`."""
    of_g = Layout(_batch_last(g, g.shape[2:]), _channels_last(g, how))
    of_x = of_g.beside(w.shape[1] * how.groups, how)
    columns = Columns(len(g), w.shape[1] * how.groups, w.shape[2:], g.shape[2:], how, of_x)
    padded = columns.zeros(np.result_type(g, w))
    rows, g = _rows(w, how).swapaxes(1, 2), of_g.arranged(g)
    for block in columns.blocks():
        outputs = of_g.matrices(g, how.groups, block)
        if of_x.channels_last:
            seen = np.matmul(outputs.swapaxes(1, 2), rows.swapaxes(1, 2)).swapaxes(1, 2)
        else:
            seen = np.matmul(rows, outputs)
        columns.fold(seen, padded, block)
    return columns.cropped(padded)


def conv_weight(g: Array, x: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(n, c, *size)` give `(m, c / groups, *kernel)`."""
    places, groups = g.shape[2:], how.groups
    kernel = how.kernel(x.shape[2:], places)
    of_x = Layout(_batch_last(x, places), _channels_last(x, how))
    of_g = Layout(of_x.batch_last, _channels_last(g, how))
    columns = Columns(len(x), x.shape[1], kernel, places, how, of_x)
    g, padded = of_g.arranged(g), columns.padded(x)
    dw = np.zeros((groups, g.shape[1] // groups, columns.rows), np.result_type(g, x))
    for block in columns.blocks():
        dw += np.matmul(of_g.matrices(g, groups, block), columns.unfold(padded, block).swapaxes(1, 2))
    dw = dw.reshape(g.shape[1], *kernel, x.shape[1] // groups)
    return np.moveaxis(dw, -1, 1).copy()


def _batch_last(x: Array, places: Shape) -> bool:
    return x.strides[0] <= x.strides[-1] or len(x) >= places[-1]


def _channels_last(x: Array, how: Window) -> bool:
    n, c, *space = x.strides
    return how.groups == 1 and c < min(n, *space)


def _rows(w: Array, how: Window) -> Array:
    """The kernels as matrices `(groups, m / groups, kernel * c / groups)`."""
    return np.moveaxis(w, 1, -1).reshape(how.groups, len(w) // how.groups, math.prod(w.shape[1:]))
