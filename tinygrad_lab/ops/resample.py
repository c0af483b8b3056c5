"""Sparse matrices along one dimension, and the one op that applies them: sums over windows, padding, interpolation."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..domain import Dim, Given, Reals
from ..op import Array, op
from .window import Slide, memory_order

MOST_RUNS = 16  # slices, of which each costs some microseconds
BLOCK = 64  # rows that are written out together, with the columns between their first and their last one
DENSE = 2**18  # elements of all blocks, at most: a product with them does more than it must, but BLAS is fast


class Run(NamedTuple):
    """Places of a result that get places of the input, both evenly spaced: `result[to] += input[at]`.

    One place for many means their sum, or the same for all.
    """

    to: slice
    at: slice

    @property
    def transposed(self) -> Run:
        return Run(self.at, self.to)


class Taps:
    """A sparse matrix: place `rows[k]` of the result gets `weights[k]` times place `columns[k]` of the input.

    Attributes:
        rows: in increasing order.
        columns: as many.
        weights: as many, float64; None if all are 1.
        shape: the size of the result and of the input.
        runs: the same as few runs of equal weight 1, if that is possible.
    """

    def __init__(
        self,
        rows: Array,
        columns: Array,
        weights: Array | None,
        shape: tuple[int, int],
        runs: Sequence[Run] | None = None,
    ) -> None:
        self.rows = rows
        self.columns = columns
        self.weights = weights
        self.shape = shape
        self.runs = runs
        self._blocks: dict[Any, list[tuple[slice, slice, Array]]] = {}

    @classmethod
    def picking(cls, columns: Sequence[int] | Array, size: int) -> Taps:
        """The matrix that picks the places `columns` of a dimension of `size`."""
        at = np.asarray(columns, np.int64)
        to = np.arange(len(at))
        return cls(to, at, None, (len(at), size), _runs(to, at))

    def __repr__(self) -> str:
        return f"Taps({self.rows.tolist()}, {self.columns.tolist()}, {self.weights}, {self.shape})"

    @functools.cached_property
    def T(self) -> Taps:
        """The transpose."""
        order = np.argsort(self.columns, kind="stable")
        weights = None if self.weights is None else self.weights[order]
        runs = None if self.runs is None else [run.transposed for run in self.runs]
        transposed = Taps(self.columns[order], self.rows[order], weights, self.shape[::-1], runs)
        transposed.T = self
        return transposed

    def dense(self) -> Array:
        """The matrix written out."""
        matrix = np.zeros(self.shape)
        np.add.at(matrix, (self.rows, self.columns), 1 if self.weights is None else self.weights)
        return matrix

    @functools.cached_property
    def _bands(self) -> list[tuple[slice, slice]] | None:
        """Blocks of rows and the columns that they need; None if that is too much."""
        bands, area = [], 0
        for row in range(0, self.shape[0], BLOCK):
            first, last = np.searchsorted(self.rows, (row, row + BLOCK))
            columns = self.columns[first:last]
            band = slice(int(columns.min()), int(columns.max()) + 1) if columns.size else slice(0, 0)
            bands.append((slice(row, min(row + BLOCK, self.shape[0])), band))
            area += BLOCK * (band.stop - band.start)
        return bands if area <= DENSE else None

    def _written_out(self, dtype: Any) -> list[tuple[slice, slice, Array]]:
        """The blocks of `_bands`, and what the matrix has there."""
        if dtype not in self._blocks:
            assert self._bands is not None
            matrix = self.dense().astype(dtype)
            self._blocks[dtype] = [(to, at, matrix[to, at].copy()) for to, at in self._bands]
        return self._blocks[dtype]

    @functools.cached_property
    def _steps(self) -> tuple[list[tuple[Run, bool]], bool]:
        """The runs, with whether each is the first to write to its places; and whether these are all places."""
        assert self.runs is not None
        written = np.zeros(self.shape[0], bool)
        steps, complete = [], True
        for run in sorted(self.runs, key=lambda run: -len(range(self.shape[0])[run.to])):
            first = not written[run.to].any()
            complete &= first or bool(written[run.to].all())
            steps.append((run, first))
            written[run.to] = True
        return steps, complete and bool(written.all())

    def along(self, x: Array, dim: int) -> Array:
        """The matrix times `x` along `dim`; the result lies in memory in the order of `x`."""
        order = memory_order(x)
        x = x.transpose(order)
        d = order.index(dim % x.ndim)
        y = None
        if self.runs is not None:
            y = self._by_runs(x, d)
        elif x.dtype.char in "fd" and self._bands is not None:
            y = self._by_product(x, d)
        if y is None:
            y = self._by_sums(x, d)
        return y.transpose(np.argsort(order))

    def _by_runs(self, x: Array, d: int) -> Array:
        steps, complete = self._steps
        lead = (slice(None),) * d
        y = (np.empty if complete else np.zeros)((*x.shape[:d], self.shape[0], *x.shape[d + 1 :]), x.dtype)
        for (to, at), first in steps:
            part, target = x[(*lead, at)], y[(*lead, to)]
            if target.shape[d] == 1 != part.shape[d]:
                part = np.add.reduce(part, axis=d, keepdims=True, dtype=x.dtype)
            if first:
                target[...] = part
            else:
                np.add(target, part, out=target)
        return y

    def _by_product(self, x: Array, d: int) -> Array | None:
        """The product with the blocks written out; None where their zeros would meet an infinity."""
        with np.errstate(all="ignore"):
            if not np.isfinite(np.add.reduce(x, axis=None)):
                return None
        before, after = x.shape[:d], x.shape[d + 1 :]
        x = x.reshape(math.prod(before), x.shape[d], math.prod(after))
        y = np.empty((len(x), self.shape[0], x.shape[2]), x.dtype)
        for to, at, block in self._written_out(x.dtype):
            if x.shape[2] == 1:
                np.matmul(x[:, at, 0], block.T, out=y[:, to, 0])
            else:
                np.matmul(block, x[:, at], out=y[:, to])
        return y.reshape(*before, self.shape[0], *after)

    def _by_sums(self, x: Array, d: int) -> Array:
        taken = np.take(x, self.columns, axis=d)
        if self.weights is not None:
            weights = self.weights.astype(x.dtype, copy=False) if x.dtype.kind == "f" else self.weights
            with np.errstate(invalid="ignore"):  # an infinity may have weight 0: NaN, as in PyTorch
                taken = taken * weights.reshape([-1 if i == d else 1 for i in range(x.ndim)])
        starts = np.flatnonzero(np.diff(self.rows, prepend=-1))
        if len(starts) == len(self.rows) == self.shape[0]:
            return taken
        y = np.zeros((*x.shape[:d], self.shape[0], *x.shape[d + 1 :]), taken.dtype)
        if len(starts):
            y[(slice(None),) * d + (self.rows[starts],)] = np.add.reduceat(taken, starts, axis=d, dtype=taken.dtype)
        return y


def _runs(rows: Array, columns: Array) -> list[Run] | None:
    """The pairs as few runs, every so many of them together, or None."""
    best: list[Run] | None = None
    for period in (1, 2, 3, 4):
        found: list[Run] = []
        for phase in range(period):
            found += _even_parts(rows[phase::period], columns[phase::period])
        if len(found) <= MOST_RUNS and (best is None or len(found) < len(best)):
            best = found
    return best


def _even_parts(rows: Array, columns: Array) -> list[Run]:
    """The pairs cut where the distance to the next one changes; at most one part more than `MOST_RUNS`."""
    parts: list[Run] = []
    steps = np.stack([np.diff(rows), np.diff(columns)])
    changes = np.flatnonzero((steps[:, 1:] != steps[:, :-1]).any(axis=0)) + 1
    start = 0
    while start < len(rows) and len(parts) <= MOST_RUNS:
        later = changes[np.searchsorted(changes, start + 1) :]
        end = int(later[0]) + 1 if len(later) else len(rows)
        count = end - start
        to, at = (int(steps[0, start]), int(steps[1, start])) if count > 1 else (1, 1)
        parts.append(Run(_slice(int(rows[start]), to, count), _slice(int(columns[start]), at, count)))
        start = end
    return parts


def _slice(start: int, step: int, count: int) -> slice:
    """`count` places from `start` on, `step` apart; one place if `step` is 0."""
    if step == 0:
        return slice(start, start + 1)
    stop = start + step * count
    return slice(start, None if stop < 0 else stop, step)


def _any_taps(draw: Any) -> tuple[Any, ...]:
    """Arguments of `resample`: a matrix with rows that get nothing, one place, evenly spaced ones, or any."""
    shape = draw.shape(min_dims=1)
    dim = draw.dim(shape)
    size, out = shape[dim], draw.integers(0, 4)
    kind = draw.integers(0, 3)
    if kind == 0 and size:
        kernel = draw.integers(1, size)
        slide = Slide.over(
            size, kernel, draw.integers(1, 3), draw.integers(0, kernel // 2), 1, draw.choice((False, True))
        )
        return draw.reals(shape), dim, window_sums(slide)
    if kind == 1 and size:
        return draw.reals(shape), dim, Taps.picking([draw.integers(0, size - 1) for _ in range(out)], size)
    count = draw.integers(0, 6) if size and out else 0
    rows = np.sort([draw.integers(0, out - 1) for _ in range(count)]).astype(np.int64)
    columns = np.array([draw.integers(0, size - 1) for _ in range(count)], np.int64)
    weights = np.array([draw.integers(-4, 4) / 4 for _ in range(count)])
    return draw.reals(shape), dim, Taps(rows, columns, weights if kind == 2 else None, (out, size))


@op(
    lambda g, y, x, dim, taps: resample(g, dim, taps.T),
    domain=(Reals(), Dim(), Given()),
    shapes="(*) -> (...)",
    wide=True,
    sample=_any_taps,
    tex="A {input}",
    analytic=True,
)
def resample(input: Array, dim: int, taps: Taps) -> Array:
    r"""A sparse matrix times the tensor along `dim`, :math:`y = A x`.

    :math:`dy = A\,dx`, and :math:`\langle g, A\,dx \rangle = \langle A^T g, dx \rangle`: the adjoint is the transpose.
    """
    return taps.along(input, dim)


# --------------------------------------------------------------------------------------------------- matrices


@functools.lru_cache(256)
def window_sums(slide: Slide) -> Taps:
    """The sum over each window that slides along a dimension."""
    at = slide.inputs()
    inside = (at >= 0) & (at < slide.size)
    if slide.out == 1 and slide.dilation == 1:
        places = at[inside]
        runs = [Run(slice(0, 1), slice(int(places[0]), int(places[-1]) + 1))] if places.size else None
    elif slide.kernel <= MOST_RUNS:
        runs = [run for i in range(slide.kernel) if (run := Run(*slide.overlap(i))).to.start < run.to.stop]
    else:
        runs = None
    return Taps(np.nonzero(inside)[0], at[inside], None, (slide.out, slide.size), runs)


@functools.lru_cache(256)
def adaptive_sums(size: int, out: int) -> Taps:
    """The sum over each of `out` windows that cover a dimension, of sizes as equal as can be."""
    starts, ends = adaptive_bounds(size, out)
    lengths = ends - starts
    rows = np.repeat(np.arange(out), lengths)
    columns = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(starts, lengths)
    return Taps(rows, columns, None, (out, size))


def adaptive_bounds(size: int, out: int) -> tuple[Array, Array]:
    r"""Starts and ends of adaptive windows, :math:`\lfloor i n / m \rfloor` and :math:`\lceil (i + 1) n / m \rceil`."""
    i = np.arange(out)
    return i * size // max(out, 1), -(-(i + 1) * size // max(out, 1))


@functools.lru_cache(256)
def padding(size: int, before: int, after: int, mode: str) -> Taps:
    """The dimension continued beyond its ends; negative padding crops.

    `mode`: "reflect" mirrors it at its end places, "replicate" repeats these, "circular" starts anew on the other side.
    """
    places = np.arange(-before, size + after)
    if mode == "replicate":
        places = places.clip(0, size - 1)
    elif mode == "reflect":
        places = np.where(places >= size, 2 * (size - 1) - places, np.abs(places))
    else:
        start, end = max(-before, 0), size - max(-after, 0)
        places = start + (places - start) % (end - start)
    return Taps.picking(places, size)


@functools.lru_cache(256)
def interpolation(
    size: int, out: int, mode: str, align_corners: bool, scale: float | None, antialias: bool, single: bool
) -> Taps:
    """Interpolation of a dimension of `size` at `out` places.

    Args:
        mode: "nearest", "nearest-exact", "linear", "cubic" or, with `antialias`, "lanczos".
        align_corners: the first and last places are those of the input; else the edges are, half a place further out.
        scale: the factor that the caller asked for, which may differ from `out / size`.
        antialias: the filter is stretched when there are fewer places than before.
        single: compute the places in float32, as PyTorch does for float32; the nearest ones it rounds so anyway.
    """
    real: Any = np.float32 if single else np.float64
    per = real(1 / scale) if scale else real(size) / real(out)
    i = np.arange(out, dtype=real)
    if mode in ("nearest", "nearest-exact"):
        at = (i if mode == "nearest" else i + real(0.5)) * per
        return Taps.picking(np.minimum(np.floor(at.astype(np.float32)).astype(np.int64), size - 1), size)
    if align_corners:
        per = real(size - 1) / real(out - 1) if out > 1 else real(0)
    if antialias:
        return _stretched(size, per, i, mode)
    if size == out:
        return Taps.picking(np.arange(size), size)
    if align_corners:
        at = i * per
    else:  # rounded once, as by the fused multiplication and addition that PyTorch's kernels are compiled to
        at = ((i + real(0.5)).astype(np.float64) * per - 0.5).astype(real)
    if mode == "linear":
        at = np.maximum(at, 0)
        low = np.minimum(at.astype(np.int64), size - 1)
        t = np.clip(at - low.astype(real), 0, 1)
        columns, weights = np.stack([low, np.minimum(low + 1, size - 1)], 1), np.stack([1 - t, t], 1)
    else:
        low = np.floor(at).astype(np.int64)
        t = at - low.astype(real)
        columns = np.clip(low[:, None] + np.arange(-1, 3), 0, size - 1)
        weights = np.stack([cubic(t + 1), cubic(t), cubic(1 - t), cubic(2 - t)], 1)
    rows = np.repeat(np.arange(out), columns.shape[1])
    return Taps(rows, columns.ravel(), weights.ravel().astype(np.float64), (out, size))


def cubic(x: Array, a: float = -0.75) -> Array:
    """The cubic convolution kernel at distances `x` of 0 to 2 (Keys, IEEE Transactions on ASSP 29 (1981) 1153)."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _stretched(size: int, per: Any, i: Array, mode: str) -> Taps:
    """Interpolation with a filter as wide as the distance between places, so that none is left out."""
    reach, out = {"linear": 1, "cubic": 2, "lanczos": 3}[mode], len(i)
    stretch = max(per, 1)
    center = per * (i + i.dtype.type(0.5))
    low = np.maximum((center - reach * stretch + 0.5).astype(np.int64), 0)
    high = np.minimum((center + reach * stretch + 0.5).astype(np.int64), size)
    lengths = high - low
    rows = np.repeat(np.arange(out), lengths)
    columns = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(low, lengths)
    distance = np.abs(columns - center[rows] + 0.5) / stretch
    if mode == "linear":
        weights = np.maximum(1 - distance, 0)
    elif mode == "cubic":
        weights = cubic(distance, -0.5)
    else:
        weights = np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
    total = np.zeros(out)
    np.add.at(total, rows, weights)
    return Taps(rows, columns, weights / total[rows], (out, size))
