"""Windows that slide over the last dimensions: where each of their places lies, and unfold with its adjoint, fold."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op


class Slide(NamedTuple):
    """How a window slides along one dimension: `kernel` places, `dilation` apart, move by `stride`, `out` times.

    The dimension has `size` places; the window starts `padding` before the first.
    """

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    out: int

    @classmethod
    def over(
        cls, size: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, ceil: bool = False
    ) -> Slide:
        """The window that slides as far as it fits; with `ceil` its last stop may reach beyond the padding."""
        room = size + 2 * padding - dilation * (kernel - 1) - 1
        out = (room + (stride - 1 if ceil else 0)) // stride + 1
        if ceil and (out - 1) * stride >= size + padding:
            out -= 1
        return cls(size, kernel, stride, padding, dilation, out)

    def settings(self) -> dict[str, int]:
        """What was given to the pooling and isn't the default."""
        told = {"kernel_size": self.kernel}
        told |= {"stride": self.stride} if self.stride != self.kernel else {}
        told |= {"padding": self.padding} if self.padding else {}
        return told | ({"dilation": self.dilation} if self.dilation != 1 else {})

    def overlap(self, i: int) -> tuple[slice, slice]:
        """The stops at which the window's i-th place is inside, and the places where it is then."""
        first = i * self.dilation - self.padding
        low = max(0, -(first // self.stride))
        high = max(low, min(self.out, (self.size - 1 - first) // self.stride + 1))
        start = max(first + low * self.stride, 0)
        return slice(low, high), slice(
            start, start + (high - low - 1) * self.stride + 1 if high > low else start, self.stride
        )

    @property
    def inside(self) -> bool:
        """Whether the window never leaves the dimension."""
        return self.padding == 0 and (self.out - 1) * self.stride + (self.kernel - 1) * self.dilation < self.size

    @property
    def disjoint(self) -> bool:
        """Whether no place is in two windows."""
        return self.dilation == 1 and self.kernel <= self.stride

    @property
    def tiles(self) -> bool:
        """Whether every place is in exactly one window."""
        return self.inside and self.kernel == self.stride and self.dilation == 1 and self.out * self.stride == self.size

    def inputs(self) -> Array:
        """Where each place of the window is at each stop, `(out, kernel)`; outside the dimension, too."""
        starts = np.arange(self.out) * self.stride - self.padding
        return starts[:, None] + np.arange(self.kernel) * self.dilation


@functools.lru_cache(256)
def places(slides: tuple[Slide, ...]) -> Sequence[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """For each place of the window, in order: the stops at which it is inside, and where it is then, as indices."""
    found = []
    for offset in product(*(range(s.kernel) for s in slides)):
        overlaps = [s.overlap(i) for s, i in zip(slides, offset, strict=True)]
        found.append(((..., *(to for to, _ in overlaps)), (..., *(at for _, at in overlaps))))
    return found


def stops(shape: Sequence[int], slides: Sequence[Slide]) -> tuple[int, ...]:
    """The shape of what has one element for each stop of the window over the last dimensions of `shape`."""
    return (*shape[: len(shape) - len(slides)], *(s.out for s in slides))


def sizes(shape: Sequence[int], slides: Sequence[Slide]) -> tuple[int, ...]:
    """The shape of what the window slides over, given that of what has one element for each stop."""
    return (*shape[: len(shape) - len(slides)], *(s.size for s in slides))


def memory_order(x: Array) -> list[int]:
    """The dimensions of `x` in the order in which they lie in memory, the one with the longest steps first."""
    return sorted(range(x.ndim), key=lambda d: -abs(x.strides[d]))


def draw_slides(draw: Any, dims: int, most: int = 4) -> tuple[Slide, ...]:
    """Windows over `dims` dimensions, drawn."""
    drawn = []
    for _ in range(dims):
        kernel, stride, dilation = draw.integers(1, 3), draw.integers(1, 3), draw.choice((1, 1, 2))
        padding = draw.integers(0, (dilation * (kernel - 1) + 1) // 2)
        least = max(1, dilation * (kernel - 1) + 1 - 2 * padding)
        size = draw.integers(least, max(least, most))
        drawn.append(Slide.over(size, kernel, stride, padding, dilation, draw.choice((False, True))))
    return tuple(drawn)


def _blocks(draw: Any) -> tuple[Any, ...]:
    """Arguments of `unfold_windows`: images of few pixels."""
    slides = draw_slides(draw, draw.integers(1, 2), 3)
    return draw.reals((draw.integers(0, 2), draw.integers(1, 2), *(s.size for s in slides))), slides


@op(
    lambda g, y, x, slides: fold_windows(g, slides),
    domain=(Reals(), Given()),
    shapes="(*) -> (...)",
    sample=_blocks,
    tex=r"\operatorname{{unfold}}({input})",
    analytic=True,
)
def unfold_windows(input: Array, slides: tuple[Slide, ...]) -> Array:
    r"""The blocks that a window sees, as columns: `(n, c, *)` gives `(n, c * places, stops)`, zeros outside.

    Each element of a column is one of the input, :math:`y = U x` with one 1 a row in U, so :math:`\bar x = U^T g` sums
    the cotangents of all its copies: `fold_windows` is the adjoint.
    """
    n, c = input.shape[:2]
    kernel, out = [s.kernel for s in slides], [s.out for s in slides]
    make = np.empty if all(s.inside for s in slides) else np.zeros
    y = make((n, c, math.prod(kernel), *out), input.dtype)
    for k, (to, at) in enumerate(places(slides)):
        y[:, :, k][to] = input[at]
    return y.reshape(n, c * math.prod(kernel), math.prod(out))


def _columns(draw: Any) -> tuple[Any, ...]:
    """Arguments of `fold_windows`: columns as `unfold_windows` makes them."""
    x, slides = _blocks(draw)
    return draw.reals(unfold_windows(x, slides).shape), slides


@op(
    lambda g, y, x, slides: unfold_windows(g, slides),
    domain=(Reals(), Given()),
    shapes="(*) -> (...)",
    wide=True,
    sample=_columns,
    tex=r"\operatorname{{fold}}({input})",
    analytic=True,
)
def fold_windows(input: Array, slides: tuple[Slide, ...]) -> Array:
    r"""The blocks that a window saw, put back and summed: `(n, c * places, stops)` gives `(n, c, *)`.

    :math:`y = U^T x` with the U of `unfold_windows`, so :math:`\bar x = U g`: each gets the whole cotangent of its
    place.
    """
    n, rows, _ = input.shape
    kernel = math.prod(s.kernel for s in slides)
    blocks = input.reshape(n, rows // kernel, kernel, *(s.out for s in slides))
    y = np.zeros((n, rows // kernel, *(s.size for s in slides)), input.dtype)
    for k, (to, at) in enumerate(places(slides)):
        y[at] += blocks[:, :, k][to]
    return y
