"""Pooling as modules. The functions of `functional` say what they compute; these keep their settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..tensor import Tensor
from . import functional as F
from .functional.pooling import Sizes
from .functional.windows import Ints, integers
from .module import Module


class _Pooling(Module):
    """Pooling by a function of `functional`; `spatial` is how many dimensions it has."""

    spatial: ClassVar[int]
    _function: ClassVar[Callable[..., Any]]


# --------------------------------------------------------------------------------------------------------- windows


class _MaxPool(_Pooling):
    """The greatest element of each window; its subclasses say of how many dimensions."""

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        """`([n,] c, *)` to one place for each window, and the winners' places with `return_indices`.

        Raises:
            RuntimeError: the input has other dimensions, or no window fits.
        """
        return type(self)._function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """`functional.max_pool1d`: the greatest element of each window of `([n,] c, l)`."""

    spatial = 1
    _function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """`functional.max_pool2d`: the greatest element of each window of `([n,] c, h, w)`.

    Args:
        kernel_size: of the window; the arguments are for both dimensions, or one each.
        stride: how far it moves, by default its own size.
        padding: how far it starts before the first place and may end after the last.
        dilation: the distance of its places.
        return_indices: return the winners' places in the flattened image, too, as `MaxUnpool2d` takes them.
        ceil_mode: the last window may end beyond the padding.
    """

    spatial = 2
    _function = staticmethod(F.max_pool2d)


class MaxPool3d(_MaxPool):
    """`functional.max_pool3d`: the greatest element of each window of `([n,] c, d, h, w)`."""

    spatial = 3
    _function = staticmethod(F.max_pool3d)


class _MaxUnpool(_Pooling):
    """The inverse of max pooling; its subclasses say of how many dimensions."""

    def __init__(self, kernel_size: Ints, stride: Ints | None = None, padding: Ints = 0) -> None:
        super().__init__()
        name, n = type(self).__name__, self.spatial
        self.kernel_size = integers(name, "kernel_size", kernel_size, n)
        self.stride = self.kernel_size if stride is None else integers(name, "stride", stride, n)
        self.padding = integers(name, "padding", padding, n)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Zeros with `input` at `indices`, both of one shape, of the size `output_size` or the least possible.

        Raises:
            RuntimeError: the input has other dimensions, or the indices another shape, or are out of range.
            ValueError: `output_size` can't be what was pooled.
        """
        unpooled: Tensor = type(self)._function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
        return unpooled

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """`functional.max_unpool1d`, with the settings of the `MaxPool1d` whose indices it is given."""

    spatial = 1
    _function = staticmethod(F.max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """`functional.max_unpool2d`, with the settings of the `MaxPool2d` whose indices it is given."""

    spatial = 2
    _function = staticmethod(F.max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """`functional.max_unpool3d`, with the settings of the `MaxPool3d` whose indices it is given."""

    spatial = 3
    _function = staticmethod(F.max_unpool3d)


class AvgPool1d(Module):
    """`functional.avg_pool1d`: the mean of each window of `([n,] c, l)`; arguments as of `AvgPool2d`."""

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = integers("AvgPool1d", "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else integers("AvgPool1d", "stride", stride, 1)
        self.padding = integers("AvgPool1d", "padding", padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, l)` to one place for each window.

        Raises:
            RuntimeError: the input has other dimensions, or no window fits.
        """
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(_Pooling):
    """The mean of each window; its subclasses say of how many dimensions."""

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, *)` to one place for each window.

        Raises:
            RuntimeError: the input has other dimensions, or no window fits.
        """
        pooled: Tensor = type(self)._function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )
        return pooled

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """`functional.avg_pool2d`: the mean of each window of `([n,] c, h, w)`.

    Args:
        kernel_size: of the window; the arguments are for both dimensions, or one each.
        stride: how far it moves, by default its own size.
        padding: how far it starts before the first place and may end after the last.
        ceil_mode: the last window may end beyond the padding.
        count_include_pad: whether the zeros of the padding count.
        divisor_override: divide the sums by that number instead of the number of places.
    """

    spatial = 2
    _function = staticmethod(F.avg_pool2d)


class AvgPool3d(_AvgPool):
    """`functional.avg_pool3d`: the mean of each window of `([n,] c, d, h, w)`; arguments as of `AvgPool2d`."""

    spatial = 3
    _function = staticmethod(F.avg_pool3d)


class _LPPool(_Pooling):
    """The p-norm of each window; its subclasses say of how many dimensions."""

    def __init__(
        self, norm_type: float, kernel_size: Ints, stride: Ints | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, *)` to one place for each window.

        Raises:
            RuntimeError: the input has other dimensions, or no window fits.
        """
        pooled: Tensor = type(self)._function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )
        return pooled

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """`functional.lp_pool1d`: the norm of each window of `([n,] c, l)`."""

    spatial = 1
    _function = staticmethod(F.lp_pool1d)


class LPPool2d(_LPPool):
    """`functional.lp_pool2d`: the norm of each window of `([n,] c, h, w)`."""

    spatial = 2
    _function = staticmethod(F.lp_pool2d)


class LPPool3d(_LPPool):
    """`functional.lp_pool3d`: the norm of each window of `([n,] c, d, h, w)`."""

    spatial = 3
    _function = staticmethod(F.lp_pool3d)


# -------------------------------------------------------------------------------------------------------- adaptive


class _AdaptiveMaxPool(_Pooling):
    """The greatest elements of as many windows as are asked for."""

    def __init__(self, output_size: Sizes, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """`([n,] c, *)` to `([n,] c, *output_size)`, and the winners' places with `return_indices`."""
        return type(self)._function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """`functional.adaptive_max_pool1d`: `([n,] c, l)` to `([n,] c, output_size)`."""

    spatial = 1
    _function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """`functional.adaptive_max_pool2d`: one size for both dimensions or one each; None keeps it."""

    spatial = 2
    _function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """`functional.adaptive_max_pool3d`: one size for all dimensions or one each; None keeps it."""

    spatial = 3
    _function = staticmethod(F.adaptive_max_pool3d)


class _AdaptiveAvgPool(_Pooling):
    """The means of as many windows as are asked for."""

    def __init__(self, output_size: Sizes) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """`([n,] c, *)` to `([n,] c, *output_size)`."""
        pooled: Tensor = type(self)._function(input, self.output_size)
        return pooled

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """`functional.adaptive_avg_pool1d`: `([n,] c, l)` to `([n,] c, output_size)`."""

    spatial = 1
    _function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """`functional.adaptive_avg_pool2d`: one size for both dimensions or one each; None keeps it."""

    spatial = 2
    _function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """`functional.adaptive_avg_pool3d`: one size for all dimensions or one each; None keeps it."""

    spatial = 3
    _function = staticmethod(F.adaptive_avg_pool3d)
