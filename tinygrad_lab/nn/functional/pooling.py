"""Pooling: one number for each window that slides over the image, its greatest or its average."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...convention import convention
from ...half import wide
from ...op import Array, wrap
from ...ops import pool
from ...ops.arithmetic import div
from ...ops.checks import integer, refuse_bools, refuse_integers
from ...ops.reduce import mean
from ...ops.resample import Taps, adaptive_bounds, adaptive_sums, resample, window_sums
from ...ops.window import Slide
from ...public import public
from ...tensor import Tensor
from .windows import Ints, integers, slides_over

Pooled = Any  # a tensor; with `return_indices` two
Sizes = int | Sequence[int | None]


# --------------------------------------------------------------------------------------------------- max pooling


def _max_pool(
    name: str,
    spatial: int,
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    dilation: Ints,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    slides = slides_over(name, input, kernel_size, stride, padding, dilation, ceil_mode, spatial)
    refuse_bools(name, input)
    if not return_indices:
        return pool.max_pool(input, slides)
    won = pool.winners(input, slides)
    sizes = [s.size for s in slides]
    index = pool.flat_index(_array(won), [s.inputs() for s in slides], sizes)
    return pool.pick_won(input, won, slides), wrap(index)


def _array(x: Array) -> Array:
    return getattr(x, "array", x)


@convention("max_pool tie", [[1.0, 2.0, 2.0, 0.0]], 4, gives=[[0, 1, 0, 0]], value=[[2]])
@public
def max_pool1d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The greatest element in each window: `([n,] c, l)` gives `([n,] c, l')`.

    At a tie the first one of the window gets the gradient; a NaN is greater than every number.

    Args:
        kernel_size: of the window.
        stride: how far it moves, by default its own size.
        padding: how far it starts before the first place and may end after the last, where there is nothing; at most
            half its size.
        dilation: the distance of its places.
        ceil_mode: the last window may end beyond the padding.
        return_indices: return the winners' places along the dimension, int64, too.

    Raises:
        RuntimeError: the input has other dimensions, an argument is out of range, or no window fits.
        TypeError: an argument isn't of integers.
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@public
def max_pool2d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The greatest element in each window: `([n,] c, h, w)` gives `([n,] c, h', w')`.

    Arguments and errors are those of `max_pool1d`, one integer for both dimensions or one each; indices are places in
    the flattened image.
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@public
def max_pool3d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Pooled:
    """The greatest element in each window: `([n,] c, d, h, w)` gives `([n,] c, d', h', w')`.

    Arguments and errors are those of `max_pool1d`, one integer for all dimensions or one each; indices are places in
    the flattened volume.
    """
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _with_indices(function: Callable[..., Pooled]) -> Callable[..., tuple[Tensor, Tensor]]:
    """`function` with its last argument, `return_indices`, set; PyTorch has these under names of their own."""
    others = len(inspect.signature(function).parameters) - 1

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = function(*args[:others], **{**kwargs, "return_indices": True})
        return found

    call.__name__ = call.__qualname__ = f"{function.__name__}_with_indices"
    return public(call)


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)


def _adaptive_sizes(name: str, input: Tensor, output_size: Any, spatial: int) -> tuple[int, ...]:
    """The sizes of the result; None keeps a size.

    Raises:
        RuntimeError: the input or `output_size` has other dimensions, or one is empty or negative.
        ValueError: the input has no dimension for the channels.
        TypeError: `output_size` isn't of integers.
    """
    if spatial > 1 and isinstance(output_size, list | tuple):
        if input.ndim <= len(output_size):
            raise ValueError(
                f"{name}: Input dimension should be at least {len(output_size) + 1}, not of shape {tuple(input.shape)}"
            )
        if len(output_size) != spatial:
            raise RuntimeError(f"{name}: output_size must be {spatial} integers or one for all, not {output_size}")
        kept = input.shape[input.ndim - spatial :]
        output_size = tuple(n if size is None else size for size, n in zip(output_size, kept, strict=True))
    elif isinstance(output_size, list | tuple) and len(output_size) != 1:
        raise RuntimeError(f"{name}: 'output_size' should contain one int, not {output_size}")
    sizes = integers(name, "output_size", output_size, spatial)
    if min(sizes) < 0:
        raise RuntimeError(
            f"{name}: Trying to create tensor with negative dimension: elements of output_size must be greater than or "
            f"equal to 0 but received {sizes}"
        )
    if input.ndim not in (spatial + 1, spatial + 2):
        raise RuntimeError(
            f"{name}: Expected {spatial + 1}D or {spatial + 2}D tensor, but got shape {tuple(input.shape)}"
        )
    if 0 in input.shape[input.ndim - spatial :]:
        raise RuntimeError(
            f"{name}: Expected input to have non-zero size for non-batch dimensions, but its shape is "
            f"{tuple(input.shape)}"
        )
    refuse_integers(name, input)
    return sizes


def _adaptive_max_pool(name: str, spatial: int, input: Tensor, output_size: Sizes, return_indices: bool) -> Any:
    """Max pooling over windows as equal as can be.

    Where their sizes differ, each window's places are laid out one after the other first, its last place repeated in
    the smaller ones.
    """
    outs = _adaptive_sizes(name, input, output_size, spatial)
    first = input.ndim - spatial
    sizes = input.shape[first:]
    x, slides, tables = input, [], []
    for d, (n, out) in enumerate(zip(sizes, outs, strict=True), first):
        starts, ends = adaptive_bounds(n, out)
        kernel = int((ends - starts).max(initial=1))
        table = np.minimum(starts[:, None] + np.arange(kernel), ends[:, None] - 1)
        if n % out if out else True:
            x = resample(x, d, Taps.picking(table.ravel(), n))
        slides.append(Slide(out * kernel, kernel, kernel, 0, 1, out))
        tables.append(table)
    if not return_indices:
        return pool.max_pool(x, tuple(slides))
    won = pool.winners(x, tuple(slides))
    return pool.pick_won(x, won, tuple(slides)), wrap(pool.flat_index(_array(won), tables, sizes))


@public
def adaptive_max_pool1d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """The greatest element in each of `output_size` windows that cover the last dimension, `([n,] c, l)`.

    The i-th of m windows over n places goes from floor(i n / m) to ceil((i + 1) n / m).

    Args:
        return_indices: return the winners' places along the dimension, int64, too.

    Raises:
        RuntimeError: the input or `output_size` has other dimensions, or is negative.
    """
    return _adaptive_max_pool("adaptive_max_pool1d", 1, input, output_size, return_indices)


@public
def adaptive_max_pool2d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """The greatest element in each of `output_size` windows that cover an image, `([n,] c, h, w)`.

    As `adaptive_max_pool1d`; `output_size` is one integer or a pair, in which None keeps the size. Indices are places
    in the flattened image.

    Raises:
        ValueError: the input has no dimension for the channels.
    """
    return _adaptive_max_pool("adaptive_max_pool2d", 2, input, output_size, return_indices)


@public
def adaptive_max_pool3d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Pooled:
    """The greatest element in each of `output_size` windows that cover a volume, `([n,] c, d, h, w)`.

    As `adaptive_max_pool2d`.
    """
    return _adaptive_max_pool("adaptive_max_pool3d", 3, input, output_size, return_indices)


adaptive_max_pool1d_with_indices = _with_indices(adaptive_max_pool1d)
adaptive_max_pool2d_with_indices = _with_indices(adaptive_max_pool2d)
adaptive_max_pool3d_with_indices = _with_indices(adaptive_max_pool3d)


# ----------------------------------------------------------------------------------------------- average pooling


def _avg_pool(
    name: str,
    spatial: int,
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: Any,
) -> Tensor:
    if divisor_override is not None:
        divisor_override = integer(name, "divisor_override", divisor_override)
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor must be not zero")
    slides = slides_over(name, input, kernel_size, stride, padding, 1, ceil_mode, spatial)
    refuse_bools(name, input)
    divisor = divisor_override or _counts(slides, bool(count_include_pad))
    return _averages(input, [window_sums(s) for s in slides], divisor)


@wide
def _averages(input: Tensor, sums: Sequence[Taps], divisor: Any) -> Tensor:
    """The sums over windows along the last dimensions, over a divisor."""
    y = input
    for d, taps in enumerate(sums, input.ndim - len(sums)):
        y = resample(y, d, taps)
    if y.dtype.kind != "f":
        return div(y, divisor, rounding_mode="trunc")
    return y / (divisor if isinstance(divisor, int) else divisor.astype(y.dtype))


@functools.lru_cache(256)
def _counts(slides: tuple[Slide, ...], include_pad: bool) -> Any:
    """The number of places in each window, those of the padding included or not; see `_product`."""
    return _product([_count(s, include_pad) for s in slides])


def _count(s: Slide, include_pad: bool) -> Array:
    """The number of places in each window along one dimension."""
    start = np.arange(s.out) * s.stride - s.padding
    end = np.minimum(start + s.kernel, s.size + s.padding)
    return end - start if include_pad else np.minimum(end, s.size) - np.maximum(start, 0)


def _product(counts: Sequence[Array]) -> Any:
    """The number of places in each window, an integer if it is the same for all."""
    if all(n.size and (n == n[0]).all() for n in counts):
        return math.prod(int(n[0]) for n in counts)
    return functools.reduce(np.multiply.outer, counts)


@public
def avg_pool1d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The average of each window: `([n,] c, l)` gives `([n,] c, l')`; of integers, rounded towards 0.

    Args:
        kernel_size: of the window.
        stride: how far it moves, by default its own size.
        padding: how far it starts before the first place and may end after the last; at most half its size.
        ceil_mode: the last window may end beyond the padding.
        count_include_pad: whether the padding counts as zeros.

    Raises:
        RuntimeError: the input has other dimensions, an argument is out of range, or no window fits.
        TypeError: an argument isn't of integers.
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@public
def avg_pool2d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The average of each window: `([n,] c, h, w)` gives `([n,] c, h', w')`.

    Arguments and errors are those of `avg_pool1d`, one integer for both dimensions or one each. `divisor_override`
    divides the sums by that number instead of the number of places.

    Raises:
        RuntimeError: `divisor_override` is 0.
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@public
def avg_pool3d(
    input: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The average of each window: `([n,] c, d, h, w)` gives `([n,] c, d', h', w')`; see `avg_pool2d`."""
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def _adaptive_avg_pool(name: str, spatial: int, input: Tensor, output_size: Sizes) -> Tensor:
    """The average over windows as equal as can be."""
    outs = _adaptive_sizes(name, input, output_size, spatial)
    first = input.ndim - spatial
    if set(outs) == {1}:
        return mean(input, tuple(range(first, input.ndim)), True)
    np.empty((*input.shape[:first], *outs), input.dtype)  # fails at once where there isn't memory for the result
    sums, counts = [], []
    for n, out in zip(input.shape[first:], outs, strict=True):
        starts, ends = adaptive_bounds(n, out)
        even = out and n % out == 0
        sums.append(window_sums(Slide.over(n, n // out, n // out)) if even else adaptive_sums(n, out))
        counts.append(ends - starts)
    return _averages(input, sums, _product(counts))


@public
def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """The average of each of `output_size` windows that cover the last dimension, `([n,] c, l)`.

    The i-th of m windows over n places goes from floor(i n / m) to ceil((i + 1) n / m).

    Raises:
        RuntimeError: the input or `output_size` has other dimensions, or is negative.
    """
    return _adaptive_avg_pool("adaptive_avg_pool1d", 1, input, output_size)


@public
def adaptive_avg_pool2d(input: Tensor, output_size: Sizes) -> Tensor:
    """The average of each of `output_size` windows that cover an image, `([n,] c, h, w)`.

    As `adaptive_avg_pool1d`; `output_size` is one integer or a pair, in which None keeps the size.

    Raises:
        ValueError: the input has no dimension for the channels.
    """
    return _adaptive_avg_pool("adaptive_avg_pool2d", 2, input, output_size)


@public
def adaptive_avg_pool3d(input: Tensor, output_size: Sizes) -> Tensor:
    """The average of each of `output_size` windows that cover a volume, `([n,] c, d, h, w)`.

    As `adaptive_avg_pool2d`.
    """
    return _adaptive_avg_pool("adaptive_avg_pool3d", 3, input, output_size)
