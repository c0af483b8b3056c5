"""Images sampled at any places: spatial transformers (Jaderberg et al. 2015)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from ...op import Array
from ...ops.arithmetic import clamp
from ...ops.cast import cast
from ...ops.compare import where
from ...ops.linalg import matmul
from ...ops.points import pick_points
from ...public import public
from ...tensor import Tensor

MODES = ("bilinear", "nearest", "bicubic")
PADDINGS = ("zeros", "border", "reflection")

_DEFAULT = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


@public
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The images at the places of `grid`, between which is interpolated; differentiable by both.

    Args:
        input: `(n, c, h, w)` or `(n, c, d, h, w)`.
        grid: `(n, h', w', 2)` or `(n, d', h', w', 3)`: the places (x, y) or (x, y, z), each from -1, the left, upper or
            front end of the image, to 1. NaN means -1.
        mode: "bilinear" (of volumes it is trilinear), "nearest", or "bicubic" of images.
        padding_mode: what stands outside: "zeros", the "border" repeated, or its "reflection".
        align_corners: the ends are the centres of the corner places; else, and by default, the outer edges of these.

    Returns:
        `(n, c, h', w')` or `(n, c, d', h', w')`.

    Raises:
        ValueError: an unknown mode or padding mode.
        RuntimeError: the shapes or dtypes don't fit, or the images are empty.
    """
    if mode not in MODES:
        raise ValueError(f"grid_sample: expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}")
    if padding_mode not in PADDINGS:
        raise ValueError(
            f"grid_sample: expected padding_mode to be 'zeros', 'border', or 'reflection', but got: {padding_mode!r}"
        )
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=3)
        align_corners = False
    _check(input, grid, mode)
    n, c, *sizes = input.shape
    out = grid.shape[1:-1]
    if np.isnan(grid.array).any():
        grid = where(np.isnan(grid.array), -1, grid)
    taps = []
    for d, size in enumerate(sizes):
        x = grid[..., len(sizes) - 1 - d].reshape(n, math.prod(out))
        taps.append(_taps(_coordinate(x, size, align_corners), size, mode, padding_mode, align_corners))
    flat = input.reshape(n, c, math.prod(sizes))
    with np.errstate(all="ignore"):
        finite = np.isfinite(np.add.reduce(input.array, axis=None))  # then a weight of 0 makes 0 of every value
    y: Any = None
    for corner in product(*taps):
        index: Any = 0
        inside: Any = True
        weight: Any = None
        for (at, w), size in zip(corner, sizes):
            index = index * size + at.clip(0, size - 1)
            inside = inside & (at >= 0) & (at < size)
            weight = w if weight is None else weight * w
        value = pick_points(flat, index)
        if not inside.all():
            if finite and weight is not None:
                weight = where(inside, weight, 0)
            else:
                value = where(inside[:, None], value, 0)
        if weight is not None:
            value = value * weight.reshape(n, 1, math.prod(out))
        y = value if y is None else y + value
    return y.reshape(n, c, *out)  # type: ignore[no-any-return]


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    n = input.ndim - 2
    if n not in (2, 3) or grid.ndim != input.ndim:
        raise RuntimeError(
            "grid_sample: expected 4D or 5D input and grid with same number of dimensions, but got input with sizes "
            f"{tuple(input.shape)} and grid with sizes {tuple(grid.shape)}"
        )
    if input.shape[0] != grid.shape[0] or grid.shape[-1] != n:
        raise RuntimeError(
            f"grid_sample: expected grid to have the batch size of input and size {n} in last dimension, but got input "
            f"with sizes {tuple(input.shape)} and grid with sizes {tuple(grid.shape)}"
        )
    if 0 in input.shape[2:]:
        raise RuntimeError(
            f"grid_sample: expected input to have non-empty spatial dimensions, but its sizes are {tuple(input.shape)}"
        )
    if input.dtype != grid.dtype or input.dtype.kind != "f":
        raise RuntimeError(
            f"grid_sample: expected input and grid to have same floating dtype, but got {input.dtype} and {grid.dtype}"
        )
    if mode == "bicubic" and n != 2:
        raise RuntimeError("grid_sample: bicubic interpolation only supports 4D input")


def _coordinate(x: Tensor, size: int, align_corners: bool) -> Tensor:
    """The places from -1 to 1 as those of the `size` pixels, from 0 on."""
    x = x + 1
    if align_corners:
        return x * ((size - 1) / 2)
    if x.dtype == np.float32:  # rounded once, as by the fused multiply-add that PyTorch's kernels are compiled to
        return cast(cast(x, np.float64) * (size / 2) - 0.5, np.float32)
    return (x * size - 1) / 2


def _taps(x: Tensor, size: int, mode: str, padding_mode: str, align_corners: bool) -> list[tuple[Array, Any]]:
    """The places along one dimension that count at coordinate `x`, each with its weight; None for weight 1."""
    if mode == "bicubic":
        low = np.floor(_finite(x).array)
        t = _finite(x) - low
        weights = (_far(t + 1), _near(t), _near(1 - t), _far(2 - t))
        return [(_place(low + i, size, padding_mode, align_corners), w) for i, w in zip((-1, 0, 1, 2), weights)]
    if padding_mode == "reflection":
        x = _reflected(_finite(x), size, align_corners)
    if padding_mode != "zeros":
        x = clamp(x, 0, size - 1)
    x = _finite(x)
    if mode == "nearest":
        flat = x * 0 + 1 if x.requires_grad else None  # so that the grid's gradient is 0, and not missing
        return [(np.rint(x.array).clip(-1, size).astype(np.int64), flat)]
    low = np.floor(x.array)
    place = low.clip(-2, size).astype(np.int64)
    return [(place, low + 1 - x), (place + 1, x - low)]


def _finite(x: Tensor) -> Tensor:
    """An infinite coordinate is far outside."""
    return x if np.isfinite(x.array).all() else where(np.isfinite(x.array), x, -100)


def _place(at: Array, size: int, padding_mode: str, align_corners: bool) -> Array:
    """Whole coordinates as places, those outside moved inside."""
    if padding_mode == "reflection":
        at = _reflected(at, size, align_corners)
    if padding_mode != "zeros":
        at = at.clip(0, size - 1)
    return at.clip(-1, size).astype(np.int64)


def _reflected(x: Any, size: int, align_corners: bool) -> Any:
    """Coordinates reflected at the ends, as often as it takes."""
    low, span = (0.0, size - 1) if align_corners else (-0.5, size)
    if span == 0:
        return x * 0
    distance = x - low
    distance = where(distance < 0, -distance, distance)
    flips = np.floor(getattr(distance, "array", distance) / span)
    rest = distance - flips * span
    return where(flips % 2 == 0, rest, span - rest) + low


def _near(t: Tensor, a: float = -0.75) -> Tensor:
    """The cubic convolution kernel at distances of 0 to 1."""
    return ((a + 2) * t - (a + 3)) * t * t + 1


def _far(t: Tensor, a: float = -0.75) -> Tensor:
    """The cubic convolution kernel at distances of 1 to 2."""
    return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a


@public
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid for `grid_sample` that maps the result's places by affine maps.

    Args:
        theta: `(n, 2, 3)` of images, `(n, 3, 4)` of volumes: a matrix and a translation side by side.
        size: of the result, `(n, c, h, w)` or `(n, c, d, h, w)`.
        align_corners: as in `grid_sample`.

    Returns:
        `(n, h, w, 2)` or `(n, d, h, w, 3)`.

    Raises:
        ValueError: `theta` isn't floating or has another shape, or a size isn't positive.
        NotImplementedError: `size` is of another length.
    """
    if align_corners is None:
        warnings.warn(_DEFAULT, stacklevel=3)
        align_corners = False
    if theta.dtype.kind != "f":
        raise ValueError(f"affine_grid: Expected theta to have floating point type, but got {theta.dtype}")
    n = len(size) - 2
    if n not in (2, 3):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms; got {size}"
        )
    if theta.ndim != 3 or theta.shape[1:] != (n, n + 1):
        raise ValueError(
            f"affine_grid: Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got "
            f"{tuple(theta.shape)}."
        )
    if min(size) <= 0:
        raise ValueError(f"affine_grid: Expected non-zero, positive output size. Got {size}")
    if size[0] != theta.shape[0]:
        raise RuntimeError(f"affine_grid: {theta.shape[0]} maps don't fit a batch of {size[0]}")
    sizes = tuple(size[2:])
    base = np.ones((*sizes, n + 1), theta.dtype)
    for d, m in enumerate(sizes):
        ends = np.linspace(-1, 1, m) if m > 1 else np.zeros(1)
        ends = ends if align_corners else ends * ((m - 1) / m)
        base[..., n - 1 - d] = ends.reshape([-1 if i == d else 1 for i in range(n)])
    points = matmul(base.reshape(-1, n + 1), theta.mT)
    return points.reshape(theta.shape[0], *sizes, n)
