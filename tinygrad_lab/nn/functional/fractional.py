"""Fractional max pooling: the greatest element of windows that lie at random, nearly evenly (Graham 2015).

https://arxiv.org/abs/1412.6071.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...creation import rand
from ...op import Array, wrap
from ...ops.checks import refuse_integers
from ...ops.index import gather
from ...public import public
from ...tensor import Tensor
from .windows import Ints, integers

Ratios = float | Sequence[float]


def _starts(samples: Array, size: int, windows: int, kernel: int) -> Array:
    r"""Where `windows` windows of `kernel` places begin among `size`, for each of the `samples` in [0, 1).

    The i-th at :math:`\lfloor \alpha (i + u) \rfloor - \lfloor \alpha u \rfloor` with
    :math:`\alpha = (\text{size} - \text{kernel}) / (\text{windows} - 1)`, the last one at the end.
    """
    starts = np.full((len(samples), windows), size - kernel)
    if windows > 1:
        alpha = samples.dtype.type(size - kernel) / samples.dtype.type(windows - 1)
        u = samples[:, None]
        starts[:, :-1] = np.floor((np.arange(windows - 1) + u) * alpha) - np.floor(u * alpha)
    return starts


def _pooled_sizes(
    name: str, input: Tensor, output_size: Ints | None, output_ratio: Ratios | None, n: int
) -> tuple[int, ...]:
    if output_size is not None:
        return integers(name, "output_size", output_size, n)
    if output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    ratios = tuple(output_ratio) if isinstance(output_ratio, Sequence) else (output_ratio,) * n
    if len(ratios) != n:
        raise ValueError(f"{name} requires output_ratio to be one number or {n}, not {output_ratio}")
    return tuple(int(size * ratio) for size, ratio in zip(input.shape[-n:], ratios))


def _fractional_max_pool(
    name: str,
    n: int,
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None,
    output_ratio: Ratios | None,
    _random_samples: Tensor | None,
) -> tuple[Tensor, Tensor]:
    kernel = integers(name, "kernel_size", kernel_size, n)
    if input.ndim not in (n + 1, n + 2) or 0 in input.shape[-n - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {n + 1}D or {n + 2}D tensor with non-empty dimensions other than the batch, but got: "
            f"{input.shape}"
        )
    refuse_integers(name, input)
    sizes = _pooled_sizes(name, input, output_size, output_ratio, n)
    for size, k, out in zip(input.shape[-n:], kernel, sizes):
        if not 1 <= k <= size - out + 1 or out < 1:
            raise RuntimeError(
                f"{name}: {out} windows of {k} places don't fit into {size} places: output_size + kernel_size - 1 must "
                "be at most the input's size, and both positive"
            )
    lead, image = input.shape[:-n], input.shape[-n:]
    batch = input.shape[0] if input.ndim == n + 2 else 1
    drawn = rand(batch, input.shape[-n - 1], n, dtype=input.dtype) if _random_samples is None else _random_samples
    samples = drawn.array
    if samples.dtype != input.dtype:
        raise RuntimeError(f"{name}: _random_samples of {samples.dtype} must have the input's dtype, {input.dtype}")
    if samples.ndim != 3 or samples.shape[0] < batch or samples.shape[1:] != (input.shape[-n - 1], n):
        raise RuntimeError(
            f"{name}: _random_samples must be of shape {(batch, input.shape[-n - 1], n)}, not {samples.shape}"
        )
    samples = samples[:batch].reshape(-1, n)
    places: Any = np.zeros((len(samples), *[1] * 2 * n), np.int64)  # of each plane, window by window, place by place
    for d, (size, k, out) in enumerate(zip(image, kernel, sizes)):
        of_dim = d if n == 3 else n - 1 - d  # in two dimensions PyTorch's samples have the width first
        where = _starts(samples[:, of_dim], size, out, k)[:, :, None] + np.arange(k)
        shape = [len(samples), *[1] * 2 * n]
        shape[1 + d], shape[1 + n + d] = out, k
        places = places * size + where.reshape(shape)
    places = places.reshape(len(samples), math.prod(sizes), math.prod(kernel))
    values = np.take_along_axis(input.array.reshape(len(samples), 1, math.prod(image)), places, -1)
    best = np.take_along_axis(places, values.argmax(-1, keepdims=True), -1)[..., 0]
    pooled = gather(input.reshape(len(samples), math.prod(image)), 1, wrap(best))
    return pooled.reshape(*lead, *sizes), wrap(best.reshape(*lead, *sizes))


@public
def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Ratios | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool2d` with `return_indices=True`, whatever is given for that."""
    return _fractional_max_pool(
        "fractional_max_pool2d", 2, input, kernel_size, output_size, output_ratio, _random_samples
    )


@public
def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Ratios | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """`fractional_max_pool3d` with `return_indices=True`, whatever is given for that."""
    return _fractional_max_pool(
        "fractional_max_pool3d", 3, input, kernel_size, output_size, output_ratio, _random_samples
    )


@public
def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Ratios | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    r"""The greatest element of windows of `([n,] c, h, w)`, that lie at random and may overlap.

    Args:
        kernel_size: of the windows; the arguments are for both dimensions, or one each.
        output_size: how many windows there are.
        output_ratio: or how many, as a part of the input's size.
        return_indices: return a pair with the places of the elements in h w, as `max_pool2d`.
        _random_samples: numbers in [0, 1), `(n, c, 2)`, that decide where the windows are; by default drawn anew.

    Raises:
        ValueError: neither `output_size` nor `output_ratio` is given.
        RuntimeError: the input has other dimensions, or the windows don't fit.
    """
    both = fractional_max_pool2d_with_indices(
        input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return both if return_indices else both[0]


@public
def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Ints,
    output_size: Ints | None = None,
    output_ratio: Ratios | None = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """`fractional_max_pool2d` of `([n,] c, d, h, w)`."""
    both = fractional_max_pool3d_with_indices(
        input, kernel_size, output_size, output_ratio, return_indices, _random_samples
    )
    return both if return_indices else both[0]
