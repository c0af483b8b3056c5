"""The same elements in another order, or several times: flipped, rolled, turned, repeated, dimensions moved."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import memory
from ..domain import Given, Reals
from ..op import Array, op, wrap
from ..public import public
from .cast import clone
from .checks import integer
from .shape import along, dim_of, dims_of, expand, permute, reshape, transpose

if TYPE_CHECKING:
    from ..tensor import Tensor

Ints = int | Sequence[int]


def _some_dims(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_flip`: a tensor and some of its dimensions."""
    shape = draw.shape()
    return draw.reals(shape), tuple(d for d in range(len(shape)) if draw.integers(0, 1))


@op(
    lambda g, y, x, dims: _flip(g, dims),
    domain=(Reals(), Given()),
    shapes="(*) -> (...)",
    sample=_some_dims,
    tex=r"\operatorname{{flip}}({input})",
    analytic=True,
)
def _flip(input: Array, dims: tuple[int, ...]) -> Array:
    r"""The elements in reverse order along `dims`, copied.

    :math:`y_i = x_{n-1-i}`, so :math:`\bar x_i = g_{n-1-i}`: flipping is its own inverse, and its own adjoint.
    """
    return np.array(input[tuple(slice(None, None, -1 if d in dims else 1) for d in range(input.ndim))])


def _shifts(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_roll`: a tensor, and places to shift it along some dimensions."""
    x, dims = _some_dims(draw)
    return x, tuple(draw.integers(-4, 4) for _ in dims), dims


@op(
    lambda g, y, x, shifts, dims: _roll(g, tuple(-n for n in shifts), dims),
    domain=(Reals(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_shifts,
    tex=r"\operatorname{{roll}}({input})",
    analytic=True,
)
def _roll(input: Array, shifts: tuple[int, ...], dims: tuple[int, ...]) -> Array:
    r"""The elements moved along `dims` by `shifts` places, those that leave at the end coming back at the start.

    :math:`y_i = x_{i - s}`, so :math:`\bar x_i = g_{i + s}`, counted in a circle: the cotangent is rolled back.
    """
    halves: list[list[tuple[slice, slice]]] = [[(slice(None), slice(None))] for _ in input.shape]
    for shift, d in zip(shifts, dims, strict=True):
        n = input.shape[d]
        k = shift % n if n else 0
        halves[d] = [(slice(k, None), slice(n - k)), (slice(k), slice(n - k, None))][: 2 if k else 1]
    out = np.empty_like(input, order="C")
    for pairs in itertools.product(*halves):
        to, at = tuple(t for t, _ in pairs), tuple(f for _, f in pairs)
        out[to] = input[at]
    return out


def _counts(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_repeat_interleave`: a tensor, how often each place along a dimension is repeated."""
    shape = draw.shape(min_dims=1, max_size=6)
    dim = draw.integers(0, len(shape) - 1)
    return draw.reals(shape), np.array([draw.integers(0, 2) for _ in range(shape[dim])], np.int64), dim


@op(
    lambda g, y, x, counts, dim: _sum_runs(g, counts, dim),
    domain=(Reals(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_counts,
    tex=r"\operatorname{{repeat}}({input})",
    analytic=True,
)
def _repeat_interleave(input: Array, counts: Array, dim: int) -> Array:
    r"""The i-th place along `dim` `counts[i]` times in a row.

    Places :math:`j \in R_i` make the run of i, :math:`y_j = x_i`, so :math:`\bar x_i = \sum_{j \in R_i} g_j`.
    """
    return np.repeat(input, counts, dim)


def _runs(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_sum_runs`: what `_repeat_interleave` makes."""
    x, counts, dim = _counts(draw)
    return draw.reals(np.repeat(x, counts, dim).shape), counts, dim


@op(
    lambda g, y, x, counts, dim: _repeat_interleave(g, counts, dim),
    domain=(Reals(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_runs,
    tex=r"\sum_{{\text{{runs}}}} {input}",
    analytic=True,
)
def _sum_runs(input: Array, counts: Array, dim: int) -> Array:
    r"""Sums of runs of `counts[i]` places along `dim`, the adjoint of repeating them.

    :math:`y_i = \sum_{j \in R_i} x_j`, so :math:`\bar x_j = g_i` at each place j of the run of i.
    """
    shape = (*input.shape[:dim], len(counts), *input.shape[dim + 1 :])
    if counts.size and (counts == counts[0]).all():  # faster by far: the k-th places of all runs at once
        runs = input.reshape(*input.shape[:dim], len(counts), counts[0], *input.shape[dim + 1 :])
        return functools.reduce(np.add, np.moveaxis(runs, dim + 1, 0), np.zeros_like(input, shape=shape))
    out = np.zeros_like(input, shape=shape)
    some = counts > 0
    if some.any():
        starts = np.cumsum(counts) - counts
        out[along(dim, some)] = np.add.reduceat(input, starts[some], dim)
    return out


# ------------------------------------------------------------------------------------------------- compositions


@public
def flip(input: Array, dims: Ints) -> Tensor:
    """The elements in reverse order along `dims`, in memory of its own.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    return _flip(input, dims_of("flip", input.ndim, dims) if dims != () and dims != [] else ())


@public
def fliplr(input: Array) -> Tensor:
    """The columns in reverse order: `flip` of dimension 1.

    Raises:
        RuntimeError: there are less than 2 dimensions.
    """
    if input.ndim < 2:
        raise RuntimeError(f"fliplr: of a tensor of at least 2 dimensions, not of shape {tuple(input.shape)}")
    return _flip(input, (1,))


@public
def flipud(input: Array) -> Tensor:
    """The rows in reverse order: `flip` of dimension 0.

    Raises:
        RuntimeError: the tensor is 0-d.
    """
    if input.ndim < 1:
        raise RuntimeError("flipud: of a tensor of at least 1 dimension, not of a 0-d one")
    return _flip(input, (0,))


@public
def rot90(input: Array, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned `k` times by 90 degrees in the plane of `dims`, from the first towards the second; copied.

    Raises:
        RuntimeError: `dims` aren't two different dimensions, or the tensor has less than two.
        IndexError: there is no such dimension.
    """
    if len(dims) != 2 or input.ndim < 2:
        raise RuntimeError(
            f"rot90: the plane takes 2 of at least 2 dimensions; dims are {dims} of shape {tuple(input.shape)}"
        )
    first, second = dim_of("rot90", dims[0], input.ndim), dim_of("rot90", dims[1], input.ndim)
    if first == second:
        raise RuntimeError(f"rot90: the plane takes 2 different dimensions, not {dims}")
    match integer("rot90", "k", k) % 4:
        case 0:
            return clone(input)
        case 1:
            return transpose(_flip(input, (second,)), first, second)
        case 2:
            return _flip(input, (first, second))
        case _:
            return transpose(_flip(input, (first,)), first, second)


@public
def roll(input: Array, shifts: Ints, dims: Ints | None = None) -> Tensor:
    """The elements moved along `dims` by `shifts` places, one for each; without `dims` in the flattened tensor.

    Raises:
        RuntimeError: there aren't as many shifts as dims.
        IndexError: there is no such dimension.
    """
    moves = tuple(integer("roll", "shifts", s) for s in (shifts if isinstance(shifts, (list, tuple)) else (shifts,)))
    named = () if dims is None else tuple(dims) if isinstance(dims, (list, tuple)) else (dims,)
    if not moves:
        raise RuntimeError("roll: shifts must not be empty")
    if not named and len(moves) == 1:
        return reshape(_roll(reshape(input, (-1,)), moves, (0,)), input.shape) if input.size else clone(input)
    if len(moves) != len(named):
        raise RuntimeError(f"roll: {len(moves)} shifts and {len(named)} dims don't fit: one shift for each dim")
    if not input.ndim:
        raise IndexError(f"roll: dims {named} of a 0-d tensor, which has none")
    together: dict[int, int] = {}
    for shift, d in zip(moves, named, strict=True):
        d = dim_of("roll", d, input.ndim)
        together[d] = together.get(d, 0) + shift
    return _roll(input, tuple(together.values()), tuple(together))


@public
def repeat(input: Array, repeats: Sequence[int]) -> Tensor:
    """The whole tensor again and again: `repeats[i]` times along dimension i; new dimensions come in front.

    Raises:
        RuntimeError: there are fewer repeats than dimensions, or a negative one.
    """
    lead = len(repeats) - input.ndim
    if lead < 0 or any(n < 0 for n in repeats):
        raise RuntimeError(
            f"repeat: repeats {tuple(repeats)} must be at least one for each dimension of shape {tuple(input.shape)}, "
            "none negative"
        )
    shape = (*[1] * lead, *input.shape)
    apart = reshape(input, [size for n in shape for size in (1, n)])
    many = expand(apart, [size for pair in zip(repeats, shape, strict=True) for size in pair])
    out = reshape(many, [k * n for k, n in zip(repeats, shape, strict=True)])
    shares = memory.owner(getattr(out, "array", out)) is memory.owner(getattr(input, "array", input))
    return clone(out) if shares else out


@public
def tile(input: Array, dims: Sequence[int]) -> Tensor:
    """`repeat`, where missing repeats are ones."""
    return repeat(input, (*[1] * (input.ndim - len(dims)), *dims))


@public
def repeat_interleave(
    input: Array, repeats: int | Array | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element several times in a row along `dim`; without `dim` of the flattened tensor.

    Args:
        repeats: how often, for all of them or a tensor with a number for each; left out, `input` holds the repeats,
            and the result is the position of each, as often.
        output_size: the size of the result along `dim`, as a check.

    Raises:
        RuntimeError: repeats are negative or of a shape that doesn't fit, or `output_size` isn't the size.
        IndexError: there is no such dimension.
        NotImplementedError: repeats aren't integers.
        TypeError: repeats are neither an integer nor a tensor.
    """
    if repeats is None:
        input, repeats, dim = wrap(np.arange(input.numel())), input, 0
    many = getattr(repeats, "array", repeats)
    if not isinstance(many, (np.ndarray, np.generic, int)):
        raise TypeError(f"repeat_interleave: repeats must be an integer or a tensor, not {many!r}")
    many = np.asarray(many)
    if many.ndim > 1:
        raise RuntimeError(f"repeat_interleave: repeats must be 0-d or 1-d, not of shape {many.shape}")
    if many.dtype.kind not in "iu":
        raise NotImplementedError(f"repeat_interleave: repeats must be integers, not {many.dtype}")
    if many.size and many.min() < 0:
        raise RuntimeError(f"repeat_interleave: repeats must not be negative, as {many.min()}")
    if dim is None:
        input, dim = reshape(input, (-1,)), 0
    if not input.ndim:
        raise IndexError(f"repeat_interleave: dim {dim} of a 0-d tensor, which has none")
    d = dim_of("repeat_interleave", dim, input.ndim)
    n = input.shape[d]
    if many.size not in (1, n):
        raise RuntimeError(f"repeat_interleave: {many.size} repeats don't fit size {n} of dim {dim}")
    size = int(many.sum()) if many.size == n else n * many.item()
    if output_size is not None and output_size != size:
        raise RuntimeError(f"repeat_interleave: output_size {output_size} isn't the size of the result, {size}")
    return _repeat_interleave(input, np.broadcast_to(many, (n,)), d)


@public
def movedim(input: Array, source: Ints, destination: Ints) -> Tensor:
    """The dimensions `source` moved to the places `destination`, the others in order around them; a view.

    Raises:
        RuntimeError: there aren't as many of one as of the other, or one is named twice.
        IndexError: there is no such dimension.
    """
    ends = [tuple(d) if isinstance(d, (list, tuple)) else (d,) for d in (source, destination)]
    if len(ends[0]) != len(ends[1]):
        raise RuntimeError(f"movedim: {source} can't move to {destination}: not as many dimensions")
    start, end = (dims_of("movedim", input.ndim, dims) if dims else () for dims in ends)
    order = [d for d in range(input.ndim) if d not in start]
    for to, d in sorted(zip(end, start, strict=True)):
        order.insert(to, d)
    return permute(input, order)


moveaxis = movedim
