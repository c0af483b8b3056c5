"""Convolution on arrays: its value, its input gradient and its weight gradient, in any number of dimensions.

Each is a matrix product with what the window sees at its places, copied out; the shapes decide how:

- few input channels, and groups: a column for each place and sample. The batch stands last in memory, or space if its
  rows are longer, so that copies go in long runs;
- many: a row for each place and sample, and the channels stand last;
- many, 3x3: `winograd`;
- few, and a large batch: `conv_batches`, where nothing is copied out;
- depthwise, where each channel is by itself: no product to gain from, a multiplication for each number of the kernel.

People see `(n, c, *space)` always. Elementwise operations keep their operands' order in memory, so that it lasts from
one convolution to the next, which finds it as it likes it; any other order is right too, and costs a copy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..op import Array
from . import conv_batches, winograd

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

    def settings(self) -> dict[str, int | Shape]:
        """What was given to the convolution and isn't the default; one number where all dimensions have the same."""
        given = {"stride": (self.stride, 1), "padding": (self.before, 0), "dilation": (self.dilation, 1)}
        told: dict[str, int | Shape] = {
            name: sizes[0] if len(set(sizes)) == 1 else sizes
            for name, (sizes, default) in given.items()
            if any(size != default for size in sizes)
        }
        return told | ({"groups": self.groups} if self.groups != 1 else {})

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

    def turned(self, kernel: Sequence[int]) -> Window:
        """Over the output's cotangent, the window that gives the input gradient; the stride is 1 in each dimension."""
        spans = [d * (k - 1) for k, d in zip(kernel, self.dilation, strict=True)]
        before, after = (
            tuple(span - zeros for span, zeros in zip(spans, side, strict=True)) for side in (self.before, self.after)
        )
        return self._replace(before=before, after=after)

    def padded(self, x: Array, extent: Sequence[int], order: Shape) -> Array:
        """`x` with its zeros, cut to `extent`, its axes in memory in `order`; `x` itself if it is just that."""
        if x.shape[2:] == tuple(extent) and not any(self.before):
            return _arranged(x, order)
        padded = _new(np.zeros, (*x.shape[:2], *extent), x.dtype, order)
        inside = self._inside(padded, x.shape[2:])
        inside[...] = x[:, :, *map(slice, inside.shape[2:])]
        return padded

    def cropped(self, padded: Array, size: Shape, order: Shape) -> Array:
        """The adjoint of `padded`: the input of `size` without its zeros."""
        inside = self._inside(padded, size)
        if inside.shape[2:] == size:
            return inside
        x = _new(np.zeros, (*padded.shape[:2], *size), padded.dtype, order)
        x[:, :, *map(slice, inside.shape[2:])] = inside
        return x

    def _inside(self, padded: Array, size: Sequence[int]) -> Array:
        ends = (min(b + n, e) for n, b, e in zip(size, self.before, padded.shape[2:], strict=True))
        return padded[:, :, *(slice(b, max(end, b)) for b, end in zip(self.before, ends, strict=True))]


MANY = 32  # channels: from here on they stand last in memory
FEWEST = 3  # channels, and
LARGE = 64  # samples in a batch, with which products of single places pay
BLOCK = 2**20  # elements of what the windows see that are copied out at a time


def _channels_last(ndim: int) -> Shape:
    return (*range(2, ndim), 0, 1)


def _channels_first(ndim: int, batch_last: bool) -> Shape:
    return (1, *range(2, ndim), 0) if batch_last else (1, 0, *range(2, ndim))


def _new(make: Any, shape: Sequence[int], dtype: Any, order: Shape) -> Array:
    """An array of `shape` made by `np.empty` or `np.zeros`, its axes in memory in `order`."""
    return make([shape[a] for a in order], dtype).transpose(np.argsort(order))


def _arranged(x: Array, order: Shape) -> Array:
    """`x` with its axes in memory in `order`, copied if they aren't."""
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


def conv(x: Array, w: Array, how: Window) -> Array:
    """`(n, c, *size)` and `(m, c / groups, *kernel)` give `(n, m, *places)`."""
    places = how.outputs(x.shape[2:], w.shape[2:])
    if _suits_batches(x, w.shape, how):
        return _conv_of_batches(x, w, places, how)
    if _suits_winograd(x, w.shape, places, how):
        return winograd.conv(x, w, how.before, places)
    kernels = {"depthwise": _conv_depthwise, "many": _conv_of_many, "few": _conv_by_columns}
    return kernels[_channels(w.shape, how)](x, w, places, how)


def conv_input(g: Array, w: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(m, c / groups, *kernel)` give `(n, c, *size)`."""
    size = how.inputs(g.shape[2:], w.shape[2:])
    if _suits_batches(g, w.shape, how):
        turned = how.turned(w.shape[2:])
        if min(turned.before) >= 0:
            return _conv_of_batches(g, np.flip(w, tuple(range(2, w.ndim))).swapaxes(0, 1), size, turned)
    if _suits_winograd(g, w.shape, g.shape[2:], how):
        return winograd.conv(g, w, tuple(2 - b for b in how.before), size, turned=True)
    kernels = {"depthwise": _conv_input_depthwise, "many": _conv_input_of_many, "few": _conv_input_by_columns}
    return kernels[_channels(w.shape, how)](g, w, size, how)


def conv_weight(g: Array, x: Array, how: Window) -> Array:
    """`(n, m, *places)` and `(n, c, *size)` give `(m, c / groups, *kernel)`."""
    kernel = how.kernel(x.shape[2:], g.shape[2:])
    shape = g.shape[1], x.shape[1] // how.groups, *kernel
    if _suits_batches(x, shape, how):
        return _conv_weight_of_batches(g, x, kernel, how)
    if _suits_winograd(x, shape, g.shape[2:], how):
        return winograd.conv_weight(g, x, how.before)
    kernels = {"depthwise": _conv_weight_depthwise, "many": _conv_weight_of_many, "few": _conv_weight_by_columns}
    return np.moveaxis(kernels[_channels(shape, how)](g, x, kernel, how), -1, 1).copy()


def _channels(weight: Shape, how: Window) -> str:
    """Which kernel suits: for many input channels, for few, or for channels that are each a group with one output."""
    m, c = weight[:2]
    if how.groups == 1:
        return "many" if c >= MANY else "few"
    return "depthwise" if m == how.groups and c == 1 else "few"


def _suits_winograd(x: Array, weight: Shape, places: Shape, how: Window) -> bool:
    """Whether it is a 3x3 convolution of float32 with enough channels and places that fewer products save time."""
    return (
        weight[2:] == (3, 3)
        and x.dtype == np.float32
        and how.stride == how.dilation == (1, 1)
        and how.groups == 1
        and min(weight[:2]) >= MANY
        and min(places) >= 4
        and len(x) * math.prod(places) >= 1024
        and max(how.before) <= 2
    )


def _suits_batches(x: Array, weight: Shape, how: Window) -> bool:
    """Whether the batch is large, and the channels so few that to copy out what the windows see costs most."""
    m, c = weight[:2]
    return (
        how.groups == 1
        and set(how.stride) == {1}
        and how.dilation[-1] == 1
        and weight[-1] > 1
        and len(x) >= LARGE
        and FEWEST <= min(m, c)
        and max(m, c) <= MANY
        and len(x) * max(m, c) ** 2 * weight[-1] <= 10**6  # BLAS makes greater products in threads of its own
    )


# ------------------------------------------------------------------------------------------------ few, of a large batch


def _conv_of_batches(x: Array, w: Array, places: Shape, how: Window) -> Array:
    order = conv_batches.order(x.ndim)
    padded = how.padded(x, how.extent(places, w.shape[2:]), order).transpose(order)
    return conv_batches.conv(padded, w, places, how.dilation).transpose(np.argsort(order))


def _conv_weight_of_batches(g: Array, x: Array, kernel: Shape, how: Window) -> Array:
    order = conv_batches.order(x.ndim)
    padded = how.padded(x, how.extent(g.shape[2:], kernel), order).transpose(order)
    dw = conv_batches.conv_weight(_arranged(g, order).transpose(order), padded, kernel, how.dilation)
    return np.moveaxis(dw, -1, 1).copy()


# ------------------------------------------------------------------------------------- many channels, which stand last


def _taps(kernel: Shape, places: Sequence[int], how: Window) -> Iterator[tuple[Shape, tuple[slice, ...]]]:
    """Each element of the kernel, and what it sees of the input with its zeros."""
    for k in itertools.product(*map(range, kernel)):
        yield (
            k,
            tuple(
                slice(i * d, i * d + (o - 1) * s + 1, s)
                for i, o, s, d in zip(k, places, how.stride, how.dilation, strict=True)
            ),
        )


def _rows_seen(x: Array, kernel: Shape, places: Sequence[int], how: Window) -> Iterator[tuple[slice, Array]]:
    """What the windows see as rows `(places * n, kernel * c)`, and whose: some first places at a time."""
    n, c, order = len(x), x.shape[1], _channels_last(x.ndim)
    padded = how.padded(x, how.extent(places, kernel), order).transpose(order)
    *steps, sample, channel = padded.strides
    strides = (
        *(step * s for step, s in zip(steps, how.stride, strict=True)),
        sample,
        *(step * d for step, d in zip(steps, how.dilation, strict=True)),
        channel,
    )
    size = c * math.prod(kernel)
    step = max(1, BLOCK // max(math.prod(places[1:]) * n * size, 1))
    for i in range(0, places[0], step):
        shape = min(step, places[0] - i), *places[1:], n
        seen = np.lib.stride_tricks.as_strided(padded[i * how.stride[0] :], (*shape, *kernel, c), strides)
        yield slice(i, i + step), seen.reshape(math.prod(shape), size)


def _conv_of_many(x: Array, w: Array, places: Shape, how: Window) -> Array:
    """The rows times the weight."""
    weights = np.moveaxis(w, 1, -1).reshape(len(w), -1).T
    y = np.empty((*places, len(x), len(w)), x.dtype)
    for block, seen in _rows_seen(x, w.shape[2:], places, how):
        np.matmul(seen, weights, out=y[block].reshape(-1, len(w)))
    return y.transpose(np.argsort(_channels_last(x.ndim)))


def _conv_input_of_many(g: Array, w: Array, size: Shape, how: Window) -> Array:
    """For each element of the kernel a product `(places * n, m) @ (m, c)`, added where that element looked."""
    n, m, *places = g.shape
    c, order, kernel = w.shape[1], _channels_last(g.ndim), w.shape[2:]
    rows = _arranged(g, order).transpose(order).reshape(-1, m)
    padded = np.zeros((*how.extent(places, kernel), n, c), g.dtype)
    for k, seen in _taps(kernel, places, how):
        padded[seen] += np.matmul(rows, w[:, :, *k]).reshape(*places, n, c)
    return how.cropped(padded.transpose(np.argsort(order)), size, order)


def _conv_weight_of_many(g: Array, x: Array, kernel: Shape, how: Window) -> Array:
    """The cotangents, as rows, transposed times the rows: `(m, *kernel, c)`."""
    m, places, order = g.shape[1], g.shape[2:], _channels_last(g.ndim)
    g = _arranged(g, order).transpose(order)
    dw = np.zeros((m, x.shape[1] * math.prod(kernel)), g.dtype)
    for block, seen in _rows_seen(x, kernel, places, how):
        dw += np.matmul(g[block].reshape(-1, m).T, seen)
    return dw.reshape(m, *kernel, x.shape[1])


# ---------------------------------------------------------------------------- each channel by itself: depthwise


def _conv_depthwise(x: Array, w: Array, places: Shape, how: Window) -> Array:
    """The sum over the kernel of what it sees times its number for each channel, which stand last."""
    order, kernel = _channels_last(x.ndim), w.shape[2:]
    padded = how.padded(x, how.extent(places, kernel), order).transpose(order)
    numbers = np.ascontiguousarray(np.moveaxis(w[:, 0], 0, -1))
    y = np.zeros((*places, *x.shape[:2]), x.dtype)
    part = np.empty_like(y)
    for k, seen in _taps(kernel, places, how):
        y += np.multiply(padded[seen], numbers[k], out=part)
    return y.transpose(np.argsort(order))


def _conv_input_depthwise(g: Array, w: Array, size: Shape, how: Window) -> Array:
    """The adjoint in the input: each number's part of the cotangent is added where it looked."""
    n, c, *places = g.shape
    order, kernel = _channels_last(g.ndim), w.shape[2:]
    g = _arranged(g, order).transpose(order)
    numbers = np.ascontiguousarray(np.moveaxis(w[:, 0], 0, -1))
    padded = np.zeros((*how.extent(places, kernel), n, c), g.dtype)
    part = np.empty_like(g)
    for k, seen in _taps(kernel, places, how):
        padded[seen] += np.multiply(g, numbers[k], out=part)
    return how.cropped(padded.transpose(np.argsort(order)), size, order)


def _conv_weight_depthwise(g: Array, x: Array, kernel: Shape, how: Window) -> Array:
    """The adjoint in the weight, `(c, *kernel, 1)`: for each number the product of cotangent and input, summed."""
    n, c, *places = g.shape
    order, axes = _channels_last(g.ndim), list(range(g.ndim))
    padded = how.padded(x, how.extent(places, kernel), order).transpose(order)
    g = _arranged(g, order).transpose(order)
    sums: Array = np.empty((*kernel, n, c), g.dtype)
    for k, seen in _taps(kernel, places, how):
        np.einsum(g, axes, padded[seen], axes, axes[-2:], out=sums[k])
    return np.moveaxis(sums.sum(axis=-2, dtype=g.dtype), -1, 0)[..., None]


# -------------------------------------------------------------------- few channels: one product with all columns


class Columns:
    """What the window sees, a column for each place and sample: `(groups, kernel * c / groups, places * n)`.

    They are made a block of places, or of samples, at a time.
    """

    def __init__(self, n: int, c: int, kernel: Shape, places: Shape, how: Window, batch_last: bool) -> None:
        self.n, self.c, self.kernel, self.places, self.how, self.batch_last = n, c, kernel, places, how, batch_last
        self.order = _channels_first(len(kernel) + 2, batch_last)
        self.rows = c // how.groups * math.prod(kernel)

    def blocks(self) -> Iterator[slice]:
        """The blocks, along the first dimension of space or along the batch."""
        total = self.places[0] if self.batch_last else self.n
        elements = self.rows * self.how.groups * math.prod(self.places) * self.n
        step = max(1, total * BLOCK // max(elements, 1))
        return (slice(i, min(i + step, total)) for i in range(0, total, step))

    def outputs(self, y: Array, block: slice) -> Array:
        """A view of a block of `(n, m, *places)` as matrices `(groups, m / groups, places * n)`."""
        last = self.output_order(y.shape[1]) != self.order
        y = y[:, :, block] if self.batch_last else y[block]
        m, groups, count = y.shape[1], self.how.groups, len(y) * math.prod(y.shape[2:])
        if last:
            return y.transpose(_channels_last(y.ndim)).reshape(1, count, m).swapaxes(1, 2)
        return y.transpose(self.order).reshape(groups, m // groups, count)

    def output_order(self, m: int) -> Shape:
        """The order of an output of m channels."""
        last = self.batch_last and m >= MANY and self.how.groups == 1
        return _channels_last(len(self.order)) if last else self.order

    def _windows(self, padded: Array, block: slice) -> Array:
        """A view of what the windows of a block see: `(groups, *kernel, c / groups, *positions)`."""
        how = self.how
        n, c, *steps = padded.strides
        kernel = [(k, s * d) for k, s, d in zip(self.kernel, steps, how.dilation, strict=True)]
        places = [(o, s * t) for o, s, t in zip(self.places, steps, how.stride, strict=True)]
        if self.batch_last:
            positions = [(block.stop - block.start, places[0][1]), *places[1:], (self.n, n)]
            padded = padded[:, :, block.start * how.stride[0] :]
        else:
            positions = [(block.stop - block.start, n), *places]
            padded = padded[block]
        c_of_group = self.c // how.groups
        shape, strides = zip((how.groups, c * c_of_group), *kernel, (c_of_group, c), *positions, strict=True)
        return np.lib.stride_tricks.as_strided(padded, shape, strides)

    def unfold(self, padded: Array, block: slice) -> Array:
        """The columns of a block."""
        windows = self._windows(padded, block)
        count = math.prod(windows.shape[len(self.kernel) + 2 :])
        return windows.reshape(self.how.groups, self.rows, count)

    def fold(self, columns: Array, padded: Array, block: slice) -> None:
        """The adjoint of `unfold`: add to each input its elements in the columns."""
        windows = self._windows(padded, block)
        columns = columns.reshape(windows.shape)
        for k in itertools.product(*map(range, self.kernel)):
            seen = windows[:, *k]
            seen += columns[:, *k]


def _conv_by_columns(x: Array, w: Array, places: Shape, how: Window) -> Array:
    n, c, kernel = len(x), x.shape[1], w.shape[2:]
    columns = Columns(n, c, kernel, places, how, _batch_last(x, places))
    y = _new(np.empty, (n, len(w), *places), x.dtype, columns.output_order(len(w)))
    rows, padded = _rows(w, how), how.padded(x, how.extent(places, kernel), columns.order)
    for block in columns.blocks():
        seen, outputs = columns.unfold(padded, block), columns.outputs(y, block)
        for part in _parts(seen, len(w)):
            np.matmul(rows, seen[..., part], out=outputs[..., part])
    return y


def _conv_input_by_columns(g: Array, w: Array, size: Shape, how: Window) -> Array:
    n, m, *places = g.shape
    c, kernel = w.shape[1] * how.groups, w.shape[2:]
    columns = Columns(n, c, kernel, tuple(places), how, _batch_last(g, places))
    padded = _new(np.zeros, (n, c, *how.extent(places, kernel)), g.dtype, columns.order)
    rows, g = _rows(w, how).swapaxes(1, 2), _arranged(g, columns.output_order(m))
    for block in columns.blocks():
        columns.fold(np.matmul(rows, columns.outputs(g, block)), padded, block)
    return how.cropped(padded, size, columns.order)


def _conv_weight_by_columns(g: Array, x: Array, kernel: Shape, how: Window) -> Array:
    """`(m, *kernel, c / groups)`."""
    n, m, *places = g.shape
    columns = Columns(n, x.shape[1], kernel, tuple(places), how, _batch_last(x, places))
    padded, g = how.padded(x, how.extent(places, kernel), columns.order), _arranged(g, columns.output_order(m))
    dw = np.zeros((how.groups, columns.rows, m // how.groups), g.dtype)
    for block in columns.blocks():
        seen, outputs = columns.unfold(padded, block), columns.outputs(g, block).swapaxes(1, 2)
        for part in _parts(seen, m):
            dw += np.matmul(seen[..., part], outputs[:, part])  # twice as fast as the transposed product
    return dw.swapaxes(1, 2).reshape(m, *kernel, x.shape[1] // how.groups)


def _parts(columns: Array, m: int) -> Iterator[slice]:
    """Parts of the columns whose product with m rows BLAS does at once, in the thread that has just made them.

    OpenBLAS multiplies up to 10^6 pairs that way. To share more with another core costs more than it gains, unless
    there is much more of it: LeNet's first convolution takes 0.29 ms instead of 0.49, VGG's 1.4 instead of 1.1.
    """
    _, rows, count = columns.shape
    step = 10**6 // max(rows * m, 1)
    if not 0 < count <= 10 * step:
        step = max(count, 1)
    return (slice(i, i + step) for i in range(0, count, step))


def _batch_last(x: Array, places: Sequence[int]) -> bool:
    """Whether the batch makes longer runs than the rows of space, or stands last already."""
    return x.strides[0] <= x.strides[-1] or len(x) >= places[-1]


def _rows(w: Array, how: Window) -> Array:
    """The kernels as matrices `(groups, m / groups, kernel * c / groups)`."""
    return np.moveaxis(w, 1, -1).reshape(how.groups, len(w) // how.groups, math.prod(w.shape[1:]))
