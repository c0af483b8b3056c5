"""Windows whose powers are summed: the p-norm of each window, and normalization by neighbouring channels."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...convention import convention
from ...ops.arithmetic import abs as absolute, pow as power
from ...ops.compare import where
from ...ops.pad import pad
from ...ops.resample import resample, window_sums
from ...ops.window import Slide
from ...public import public
from ...tensor import Tensor
from .pooling import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from .windows import Ints, integers


def _lp_pool(
    name: str,
    spatial: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Ints,
    stride: Ints | None,
    ceil_mode: bool,
    averages: Callable[..., Tensor],
    greatest: Callable[..., Any],
) -> Tensor:
    if norm_type in (math.inf, -math.inf):
        sign = 1 if norm_type > 0 else -1
        return greatest(absolute(input) * sign, kernel_size, stride, 0, 1, ceil_mode) * sign  # type: ignore[no-any-return]
    places = math.prod(integers(name, "kernel_size", kernel_size, spatial))
    average = averages(power(input, norm_type), kernel_size, stride, 0, ceil_mode)
    nothing = average == 0
    root = power(where(nothing, 1, average) * places, 1.0 / norm_type)
    return where(nothing, 0, root)


@convention("lp_pool of zeros", [[0.0, 0.0]], 2, 2, gives=[[0, 0]], value=[[0]])
@public
def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    r"""The power average of each window, :math:`(\sum_i x_i^p)^{1/p}`: `([n,] c, l)` gives `([n,] c, l')`.

    Of zeros it is 0, and so is its gradient.

    Args:
        norm_type: p; infinite for the greatest magnitude. Powers are of x, not of its magnitude.
        kernel_size: of the window.
        stride: how far it moves, by default its own size.
        ceil_mode: the last window may end beyond the last place.

    Raises:
        RuntimeError: the input has other dimensions, or no window fits.
    """
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode, avg_pool1d, max_pool1d)


@public
def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    r"""The power average of each window, :math:`(\sum_i x_i^p)^{1/p}`: `([n,] c, h, w)` gives `([n,] c, h', w')`.

    Arguments and errors are those of `lp_pool1d`.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode, avg_pool2d, max_pool2d)


@public
def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
) -> Tensor:
    r"""The power average of each window of a volume: `([n,] c, d, h, w)` gives `([n,] c, d', h', w')`.

    Arguments and errors are those of `lp_pool1d`.
    """
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode, avg_pool3d, max_pool3d)


@public
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    r"""Each element divided by :math:`(k + \tfrac{\alpha}{n} \sum_j x_j^2)^\beta`, of the n channels around its own.

    (Krizhevsky, Sutskever, Hinton 2012.) Channels are dimension 1 of `(n, c, *)`; beyond them there are zeros.

    Args:
        size: n.

    Raises:
        ValueError: the input has less than 3 dimensions.
        RuntimeError: `size` isn't positive.
    """
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if size < 1:
        raise RuntimeError(f"local_response_norm: size must be greater than zero, but got {size}")
    if 0 in input.shape:
        return input
    margins = [(size // 2, (size - 1) // 2) if d == 1 else (0, 0) for d in range(input.ndim)]
    squares = pad(input * input, margins, 0.0)
    slide = Slide.over(squares.shape[1], size)
    return input / power(resample(squares, 1, window_sums(slide)) * (alpha / size) + k, beta)
