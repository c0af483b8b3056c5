"""Functions of images under the names, and with the arguments, that they have in PyTorch's top-level package."""

from __future__ import annotations

from collections.abc import Sequence

from ...public import public
from ...tensor import Tensor
from .grids import MODES, PADDINGS, affine_grid, grid_sample
from .padding import pad as pad_image
from .pooling import adaptive_max_pool1d_with_indices
from .vision import channel_shuffle
from .windows import Ints


@public
def adaptive_max_pool1d(input: Tensor, output_size: Ints) -> tuple[Tensor, Tensor]:
    """`nn.functional.adaptive_max_pool1d` with the indices."""
    return adaptive_max_pool1d_with_indices(input, output_size)


@public
def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """`nn.functional.affine_grid`."""
    return affine_grid(theta, size, bool(align_corners))


@public
def constant_pad_nd(input: Tensor, pad: Sequence[int], value: float = 0) -> Tensor:
    """`nn.functional.pad` with a number."""
    return pad_image(input, pad, "constant", value)


@public
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`nn.functional.grid_sample` with numbers for the modes.

    Args:
        interpolation_mode: 0 bilinear, 1 nearest, 2 bicubic.
        padding_mode: 0 zeros, 1 border, 2 reflection.

    Raises:
        ValueError: there is no such mode.
    """
    if interpolation_mode not in (0, 1, 2) or padding_mode not in (0, 1, 2):
        raise ValueError(f"grid_sampler: the modes must be 0, 1 or 2, not {interpolation_mode} and {padding_mode}")
    return grid_sample(input, grid, MODES[interpolation_mode], PADDINGS[padding_mode], bool(align_corners))


grid_sampler_2d = grid_sampler_3d = grid_sampler
native_channel_shuffle = channel_shuffle
