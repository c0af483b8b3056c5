"""Images made larger, smaller, or rearranged."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ops.cast import clone
from ...ops.checks import refuse_integers
from ...ops.resample import interpolation, resample
from ...ops.shape import permute, reshape
from ...public import public
from ...tensor import Tensor
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

Factors = float | Sequence[float]

_KINDS = {
    "linear": ("linear", 3),
    "bilinear": ("linear", 4),
    "trilinear": ("linear", 5),
    "bicubic": ("cubic", 4),
    "lanczos": ("lanczos", 4),
}
_AREA = {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}


@public
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: Factors | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Images of `(n, c, *)` with 1 to 3 dimensions resized.

    Args:
        size: the sizes of the result, one for all dimensions or one each; or else
        scale_factor: by what the sizes are multiplied, one number for all or one each; rounded down.
        mode: "nearest" (the place before), "nearest-exact" (the place around), "linear" of 1 dimension, "bilinear",
            "bicubic" and, with `antialias`, "lanczos" of 2, "trilinear" of 3, or "area" (averages of windows, as
            adaptive pooling).
        align_corners: of the linear ones and "bicubic": the centres of the corner places stay where they are; else the
            outer edges do.
        recompute_scale_factor: interpolate by the ratio of the sizes instead of `scale_factor` itself.
        antialias: of images of 2 dimensions: average over what lies between the places of a smaller image.

    Raises:
        ValueError: none or both of `size` and `scale_factor` are given, or not one for each dimension; or another
            argument isn't for this mode.
        NotImplementedError: the mode isn't for that many dimensions or that dtype.
        TypeError: `size` isn't of integers.
        RuntimeError: a size isn't positive, or something other than the batch is empty.
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "interpolate: align_corners option can only be set with the interpolating modes: linear | bilinear | "
                "bicubic | trilinear"
            )
    n = input.ndim - 2
    kept = input.shape[2:]
    scales: list[float | None] = [None] * n
    if (size is None) == (scale_factor is None):
        both = "only one of size or scale_factor" if size is not None else "either size or scale_factor"
        raise ValueError(f"interpolate: {both} should be defined")
    if size is not None:
        if recompute_scale_factor:
            raise ValueError("interpolate: recompute_scale_factor is not meaningful with an explicit size.")
        sizes = _sizes(size, kept)
    else:
        factors: list[Any] = list(scale_factor) if isinstance(scale_factor, list | tuple) else [scale_factor] * n
        if len(factors) != n:
            raise ValueError(
                "interpolate: Input and scale_factor must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(kept)} and scale_factor of shape {scale_factor}"
            )
        sizes = [math.floor(k * f) for k, f in zip(kept, factors)]
        if not recompute_scale_factor:
            scales = factors
    if antialias and (mode not in ("bilinear", "bicubic", "lanczos") or input.ndim != 4):
        raise ValueError(
            "interpolate: Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D "
            "tensor as input"
        )
    if mode == "lanczos" and input.ndim == 4 and (align_corners or not antialias):
        raise ValueError("interpolate: Lanczos mode requires antialias=True and does not support align_corners=True")
    if mode == "area" and input.ndim in _AREA:
        return _AREA[input.ndim](input, sizes)
    kind, ndim = _KINDS.get(mode, (mode, input.ndim if mode in ("nearest", "nearest-exact") else -1))
    if input.ndim != ndim or ndim not in (3, 4, 5):
        raise NotImplementedError(
            "interpolate: Only 3D, 4D and 5D input Tensors supported, of 3D linear, of 4D bilinear and bicubic, of 5D "
            f"trilinear, of each nearest, nearest-exact and area; got {input.ndim}D input and mode {mode!r}"
        )
    if min((*sizes, *kept)) <= 0:
        raise RuntimeError(
            f"interpolate: Input and output sizes should be greater than 0, but got input {tuple(kept)} and output "
            f"{tuple(sizes)}"
        )
    if input.shape[1] == 0:
        raise RuntimeError(f"interpolate: Non-empty {ndim}D data tensor expected but got shape {tuple(input.shape)}")
    if mode in _KINDS or input.dtype != np.uint8:
        refuse_integers("interpolate", input)
    np.empty((*input.shape[:2], *sizes), input.dtype)  # fails at once where there isn't memory for the result
    y = input
    single = input.dtype.itemsize <= 4
    for d, (k, s, f) in enumerate(zip(kept, sizes, scales), 2):
        factor = None if f is None or f <= 0 else float(f)
        y = resample(y, d, interpolation(k, s, kind, bool(align_corners), factor, antialias, single))
    return y


def _sizes(size: Any, kept: Sequence[int]) -> list[int]:
    """`size` for each dimension."""
    given = list(size) if isinstance(size, list | tuple) else [size] * len(kept)
    if len(given) != len(kept):
        raise ValueError(
            "interpolate: Input and output must have the same number of spatial dimensions, but got input with spatial "
            f"dimensions of {list(kept)} and output size of {size}"
        )
    try:
        return [operator.index(s) for s in given]
    except TypeError:
        raise TypeError(f"interpolate: expected size to be an integer or a tuple of them, not {size!r}") from None


@public
def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: Factors | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """`interpolate`, under its old name: warns."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


@public
def upsample_nearest(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: Factors | None = None
) -> Tensor:
    """`interpolate` with mode "nearest", under its old name: warns."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


@public
def upsample_bilinear(
    input: Tensor, size: int | Sequence[int] | None = None, scale_factor: Factors | None = None
) -> Tensor:
    """`interpolate` with mode "bilinear" and aligned corners, under its old name: warns."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _deprecated(name: str) -> None:
    warnings.warn(f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=4)


@public
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels laid out as pixels: `(*, c r^2, h, w)` gives `(*, c, h r, w r)` (Shi et al. 2016).

    Raises:
        RuntimeError: there are less than 3 dimensions, `upscale_factor` isn't positive, or its square doesn't divide
            the channels.
    """
    r = _factor("pixel_shuffle", "upscale_factor", upscale_factor, input)
    *batch, c, h, w = input.shape
    if c % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={c} is not divisible by {r * r}"
        )
    k = len(batch)
    split = reshape(input, (*batch, c // (r * r), r, r, h, w))
    pixels = clone(permute(split, (*range(k), k, k + 3, k + 1, k + 4, k + 2)))
    return reshape(pixels, (*batch, c // (r * r), h * r, w * r))


@public
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels laid out as channels, the inverse of `pixel_shuffle`: `(*, c, h r, w r)` gives `(*, c r^2, h, w)`.

    Raises:
        RuntimeError: there are less than 3 dimensions, `downscale_factor` isn't positive, or it doesn't divide the
            sizes.
    """
    r = _factor("pixel_unshuffle", "downscale_factor", downscale_factor, input)
    *batch, c, h, w = input.shape
    if h % r or w % r:
        raise RuntimeError(
            f"pixel_unshuffle expects height and width to be divisible by downscale_factor, but ({h}, {w}) are not "
            f"divisible by {r}"
        )
    k = len(batch)
    split = reshape(input, (*batch, c, h // r, r, w // r, r))
    channels = clone(permute(split, (*range(k), k, k + 2, k + 4, k + 1, k + 3)))
    return reshape(channels, (*batch, c * r * r, h // r, w // r))


@public
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of `(n, c, *)` dealt out: those of all groups' first, then their second, ... (Zhang et al. 2018).

    Raises:
        RuntimeError: there are less than 3 dimensions, `groups` isn't positive, or it doesn't divide the channels.
    """
    r = _factor("channel_shuffle", "groups", groups, input)
    n, c, *sizes = input.shape
    if c % r:
        raise RuntimeError(
            f"channel_shuffle: number of channels must be divisible by groups. Got {c} channels and {r} groups"
        )
    split = reshape(input, (n, r, c // r, *sizes))
    return reshape(clone(permute(split, (0, 2, 1, *range(3, split.ndim)))), (n, c, *sizes))


def _factor(name: str, what: str, factor: Any, input: Tensor) -> int:
    try:
        r = operator.index(factor)
    except TypeError:
        raise TypeError(f"{name}: argument '{what}' must be int, not {factor!r}") from None
    if input.ndim < 3:
        raise RuntimeError(f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim}")
    if r < 1:
        raise RuntimeError(f"{name} expects a positive {what}, but got {r}")
    return r
