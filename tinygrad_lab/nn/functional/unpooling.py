"""Max unpooling: the greatest elements put back to where max pooling found them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ...creation import as_tensor
from ...ops.checks import refuse_integers
from ...ops.points import place_points
from ...public import public
from ...tensor import Tensor
from .windows import Ints, empty, integers


def _max_unpool(
    name: str,
    spatial: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None,
    padding: Ints,
    output_size: Sequence[int] | None,
) -> Tensor:
    kernel = integers(name, "kernel_size", kernel_size, spatial)
    step = kernel if empty(stride) else integers(name, "stride", stride, spatial)
    pad = integers(name, "padding", padding, spatial)
    lead = input.ndim - spatial
    places = as_tensor(indices).array
    if places.dtype != np.int64:
        raise RuntimeError(f"{name}: elements in indices should be type int64 but got: {places.dtype}")
    if lead not in (1, 2):
        raise RuntimeError(
            f"{name}: input should be a {spatial + 1}d or {spatial + 2}d Tensor, but got a tensor with {input.ndim} "
            "dimensions"
        )
    if places.shape != input.shape:
        raise RuntimeError(
            f"{name}: Expected shape of indices to be same as that of the input tensor {tuple(input.shape)} but got "
            f"indices tensor with shape: {places.shape}"
        )
    if 0 in input.shape[1:]:
        raise RuntimeError(
            f"{name}: Expected input to have non-zero size for non-batch dimensions, but got {tuple(input.shape)}"
        )
    refuse_integers(name, input)
    sizes = _unpooled_sizes(name, input.shape[lead:], kernel, step, pad, output_size)
    volume = math.prod(sizes)
    wrong = places[(places < 0) | (places >= volume)]
    if wrong.size:
        raise RuntimeError(f"{name}: Found an invalid max index: {wrong[0]} (output volumes are of size {sizes})")
    rows = math.prod(input.shape[:lead])
    shape = (rows, math.prod(input.shape[lead:]))
    y = place_points(input.reshape(rows, 1, shape[1]), places.reshape(shape), volume)
    return y.reshape(*input.shape[:lead], *sizes)


def _unpooled_sizes(
    name: str,
    sizes: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    output_size: Sequence[int] | None,
) -> tuple[int, ...]:
    """The sizes that pooling made `sizes` of: `output_size` if it may be that, or what is certain.

    Raises:
        ValueError: it has other dimensions or can't be that.
    """
    usual = tuple((n - 1) * s + k - 2 * p for n, k, s, p in zip(sizes, kernel, stride, padding, strict=True))
    if output_size is not None:
        wanted = tuple(output_size)
        if len(wanted) == len(sizes) + 2:
            wanted = wanted[2:]
        if len(wanted) != len(sizes):
            raise ValueError(
                f"{name}: output_size should be a sequence containing {len(sizes)} or {len(sizes) + 2} elements, but "
                f"it has a length of '{len(wanted)}'"
            )
        for d, (n, u, s) in enumerate(zip(wanted, usual, stride)):
            if not u - s < n < u + s:
                raise ValueError(
                    f'{name}: invalid output_size "{wanted}" (dim {d} must be between {u - s} and {u + s})'
                )
        usual = wanted
    if min(usual) < 0:
        raise ValueError(f"{name}: output_size must contain non-negative spatial dimensions, but got {usual}")
    return usual


@public
def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the elements of `input` at `indices`, as `max_pool1d` gives them: its inverse, but for the losers.

    Where an index repeats, the last write wins, and all that was written there gets the gradient, as in PyTorch.

    Args:
        input: `([n,] c, l)`.
        indices: of the shape of `input`, int64: places along the dimension of the result.
        kernel_size: that of the pooling, as `stride` and `padding`.
        output_size: the size of what was pooled, with or without batch and channels; by default the least possible.

    Raises:
        RuntimeError: the input has other dimensions, or the indices another shape or dtype, or are out of range.
        ValueError: `output_size` can't be what was pooled.
    """
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


@public
def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the elements of `input` `([n,] c, h, w)` at `indices`, places in the flattened image.

    Arguments and errors are those of `max_unpool1d`.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


@public
def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Zeros with the elements of `input` `([n,] c, d, h, w)` at `indices`, places in the flattened volume.

    Arguments and errors are those of `max_unpool1d`.
    """
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)
