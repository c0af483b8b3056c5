"""Padding as modules. `functional.pad` says what they compute; these keep their settings.

`padding` is how many places come before and after in the last dimension, then in the last but one, and so on; one
integer is for all of them, and a negative one takes places away.
"""

from __future__ import annotations

from typing import ClassVar

from ..tensor import Tensor
from . import functional as F
from .functional.windows import Ints, integers
from .module import Module


class _Pad(Module):
    """Padding; its subclasses say of how many dimensions and by what."""

    spatial: ClassVar[int]
    mode: ClassVar[str] = "constant"

    def __init__(self, padding: Ints) -> None:
        super().__init__()
        self.padding = integers(type(self).__name__, "padding", padding, 2 * self.spatial)

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, *)` to larger sizes.

        Raises:
            RuntimeError: the input has too few places or dimensions.
            NotImplementedError: it has other dimensions.
        """
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """Padding by a number."""

    def __init__(self, padding: Ints, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to larger sizes of the last dimensions."""
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """The last dimension padded by `value`."""

    spatial = 1


class ConstantPad2d(_ConstantPad):
    """The last two dimensions padded by `value`."""

    spatial = 2


class ConstantPad3d(_ConstantPad):
    """The last three dimensions padded by `value`."""

    spatial = 3


class ZeroPad1d(ConstantPad1d):
    """The last dimension padded by zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """The last two dimensions padded by zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """The last three dimensions padded by zeros."""

    def __init__(self, padding: Ints) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """`([n,] c, l)` mirrored at its border places."""

    spatial = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """`([n,] c, h, w)` mirrored at its border places."""

    spatial = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """`([n,] c, d, h, w)` mirrored at its border places."""

    spatial = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """`([n,] c, l)` with its border places repeated."""

    spatial = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """`([n,] c, h, w)` with its border places repeated."""

    spatial = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """`([n,] c, d, h, w)` with its border places repeated."""

    spatial = 3
    mode = "replicate"


class _CircularPad(_Pad):
    """Padding by the image itself; its subclasses say of how many dimensions."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, *)` to larger sizes.

        Raises:
            ValueError: the input has other dimensions.
            RuntimeError: it has too few places.
        """
        if input.ndim not in (self.spatial + 1, self.spatial + 2):
            raise ValueError(
                f"{type(self).__name__}: expected {self.spatial + 1}D or {self.spatial + 2}D input "
                f"(got {input.ndim}D input)"
            )
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """`([n,] c, l)` continued by itself."""

    spatial = 1


class CircularPad2d(_CircularPad):
    """`([n,] c, h, w)` continued by itself."""

    spatial = 2


class CircularPad3d(_CircularPad):
    """`([n,] c, d, h, w)` continued by itself."""

    spatial = 3
