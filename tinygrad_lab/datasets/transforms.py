"""Transforms of images, as torchvision names them: objects that are called with an image and give another.

Images are tensors `(..., C, H, W)`; but for `ToTensor`, which makes them. What is random is drawn from the package's
generator, which `manual_seed` seeds, or from one of the transform's own; an image of more than three dimensions is one
image, all of it cropped and flipped alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..creation import from_numpy, tensor
from ..nn.functional import interpolate, pad
from ..ops.arrange import flip
from ..random import Generator, numpy_generator
from ..tensor import Tensor

_MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}


class Compose:
    """The transforms one after another."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        lines = "".join(f"    {transform}\n" for transform in self.transforms)
        return f"Compose(\n{lines})"


class ToTensor:
    """A tensor `(C, H, W)` of an array `(H, W, C)` or `(H, W)`; bytes become float32 from 0 to 1, other dtypes stay.

    Raises:
        TypeError: the image is no array, nor, as those of Pillow, one that NumPy can read.
        ValueError: it hasn't two or three dimensions.
    """

    def __call__(self, pic: Any) -> Tensor:
        if not isinstance(pic, np.ndarray) and (isinstance(pic, Tensor) or not hasattr(pic, "__array_interface__")):
            raise TypeError(f"ToTensor: pic should be PIL Image or ndarray. Got {type(pic)}")
        array = np.asarray(pic)
        if array.ndim not in (2, 3):
            raise ValueError(f"ToTensor: pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
        array = np.ascontiguousarray(np.moveaxis(np.atleast_3d(array), 2, 0))
        return from_numpy(np.divide(array, np.float32(255)) if array.dtype == np.uint8 else array)

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize:
    r"""Each channel less its mean, divided by its standard deviation, :math:`(x_c - m_c) / s_c`.

    Args:
        mean: of each channel.
        std: of each channel.
        inplace: change the image itself.
    """

    def __init__(self, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> None:
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def __call__(self, tensor: Tensor) -> Tensor:
        """The image `(..., C, H, W)`, normalised.

        Raises:
            TypeError: it is no tensor, or not of floats.
            ValueError: it has fewer than three dimensions, or a standard deviation is 0.
        """
        _check_image("Normalize", tensor)
        if tensor.dtype.kind not in "fc":
            raise TypeError(f"Normalize: Input tensor should be a float tensor. Got {tensor.dtype}.")
        if tensor.ndim < 3:
            raise ValueError(
                f"Normalize: Expected tensor to be a tensor image of size (..., C, H, W). Got shape {tensor.shape}."
            )
        mean, std = (_column(numbers, tensor) for numbers in (self.mean, self.std))
        if not std.array.all():
            raise ValueError(f"Normalize: std evaluated to zero after conversion to {tensor.dtype}, leading to NaN")
        return tensor.sub_(mean).div_(std) if self.inplace else (tensor - mean) / std

    def __repr__(self) -> str:
        return f"Normalize(mean={self.mean}, std={self.std})"


class Lambda:
    """The image that a function makes of it."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class _RandomFlip:
    """The image turned over along one dimension, with probability `p`.

    Args:
        generator: draws; None: the default generator.
    """

    dim: int

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        self.p = p
        self.generator = generator

    def __call__(self, img: Tensor) -> Tensor:
        _check_image(type(self).__name__, img)
        return flip(img, (self.dim,)) if numpy_generator(self.generator).random() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomHorizontalFlip(_RandomFlip):
    """The image with left and right exchanged, with probability `p`.

    Args:
        generator: draws; None: the default generator.
    """

    dim = -1


class RandomVerticalFlip(_RandomFlip):
    """The image with top and bottom exchanged, with probability `p`.

    Args:
        generator: draws; None: the default generator.
    """

    dim = -2


class Resize:
    """The image in another size, by linear interpolation, with all that lies between the places of a smaller one.

    Args:
        size: height and width; or one number for the shorter side, and the other keeps the proportion.

    Raises:
        ValueError: `size` has more than two numbers.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = size if isinstance(size, int) else _pair("Resize", size)

    def __call__(self, img: Tensor) -> Tensor:
        """`(..., H, W)`, of floats, in the new size."""
        _check_image("Resize", img)
        if isinstance(self.size, int):
            h, w = img.shape[-2:]
            short, long = self.size, int(self.size * max(h, w) / min(h, w))
            size = (long, short) if h > w else (short, long)
        else:
            size = self.size
        lead = img.shape[:-2]
        images = img.reshape(1, -1, *img.shape[-2:])
        return interpolate(images, size, mode="bilinear", antialias=True).reshape(*lead, *size)

    def __repr__(self) -> str:
        return f"Resize(size={self.size})"


class CenterCrop:
    """The middle of the image in the given size; zeros around an image that is smaller.

    Args:
        size: height and width, or one number for both.

    Raises:
        ValueError: `size` has more than two numbers.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        self.size = _pair("CenterCrop", size)

    def __call__(self, img: Tensor) -> Tensor:
        _check_image("CenterCrop", img)
        (height, width), (h, w) = self.size, img.shape[-2:]
        if h < height or w < width:
            y, x = max(0, height - h), max(0, width - w)
            img = pad(img, (x // 2, x - x // 2, y // 2, y - y // 2))
            h, w = img.shape[-2:]
        top, left = round((h - height) / 2), round((w - width) / 2)
        return img[..., top : top + height, left : left + width]

    def __repr__(self) -> str:
        return f"CenterCrop(size={self.size})"


class RandomCrop:
    """A part of the image of the given size, at a random place.

    Args:
        size: height and width, or one number for both.
        padding: how much to put around the image first: one number, (left and right, top and bottom), or (left, top,
            right, bottom).
        pad_if_needed: pad an image that is smaller than `size` on both of its sides by what it lacks.
        fill: the value of what is put there, in the mode "constant".
        padding_mode: "constant", "edge" (the outermost pixels again) or "reflect".
        generator: draws the place; None: the default generator.

    Raises:
        ValueError: `size` has more than two numbers, or `padding` another number of them, or the mode is unknown.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: float = 0,
        padding_mode: str = "constant",
        *,
        generator: Generator | None = None,
    ) -> None:
        if padding_mode not in _MODES:
            raise ValueError(f"RandomCrop: padding_mode should be one of {', '.join(_MODES)}, not {padding_mode!r}")
        self.size = _pair("RandomCrop", size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode
        self.generator = generator
        self._edges = _edges(padding)

    def __call__(self, img: Tensor) -> Tensor:
        """`(..., H, W)` to `(..., *size)`.

        Raises:
            ValueError: the image, padded, is smaller than `size`.
        """
        _check_image("RandomCrop", img)
        img = self._pad(img, self._edges)
        if self.pad_if_needed:
            lacking = [max(0, want - have) for want, have in zip(self.size, img.shape[-2:])]
            img = self._pad(img, _edges((lacking[1], lacking[0])))
        (height, width), (h, w) = self.size, img.shape[-2:]
        if h < height or w < width:
            raise ValueError(
                f"RandomCrop: Required crop size {self.size} is larger than input image size {(h, w)}; "
                "give a padding, or pad_if_needed=True"
            )
        rng = numpy_generator(self.generator)
        top, left = int(rng.integers(h - height + 1)), int(rng.integers(w - width + 1))
        return img[..., top : top + height, left : left + width]

    def _pad(self, img: Tensor, edges: tuple[int, int, int, int]) -> Tensor:
        if not any(edges):
            return img
        left, top, right, bottom = edges
        mode = _MODES[self.padding_mode]
        return pad(img, (left, right, top, bottom), mode, self.fill if mode == "constant" else None)

    def __repr__(self) -> str:
        return f"RandomCrop(size={self.size}, padding={self.padding})"


def _pair(name: str, size: int | Sequence[int]) -> tuple[int, int]:
    """Height and width."""
    sizes = (size,) if isinstance(size, int) else tuple(size)
    if len(sizes) not in (1, 2):
        raise ValueError(f"{name}: Please provide only two dimensions (h, w) for size, not {size}")
    return sizes[0], sizes[-1]


def _edges(padding: int | Sequence[int] | None) -> tuple[int, int, int, int]:
    """How much to put on the left, top, right and bottom."""
    numbers = [padding or 0] if isinstance(padding, int | None) else list(padding)
    if len(numbers) not in (1, 2, 4):
        raise ValueError(
            f"RandomCrop: Padding must be an int or a 1, 2, or 4 element tuple, not a {len(numbers)} element tuple"
        )
    left, top, right, bottom = (numbers * 4)[:4]
    return left, top, right, bottom


def _column(numbers: Sequence[float], like: Tensor) -> Tensor:
    """The numbers, one a channel, as `(C, 1, 1)`."""
    return tensor(np.asarray(numbers, like.dtype).reshape(-1, 1, 1))


def _check_image(name: str, img: Any) -> None:
    if not isinstance(img, Tensor):
        raise TypeError(f"{name}: img should be Tensor Image. Got {type(img)}; make one with ToTensor()")
