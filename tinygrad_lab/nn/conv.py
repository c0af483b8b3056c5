"""Convolutions and transposed convolutions as modules; those of `functional` say what they compute."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..creation import empty
from ..devices import Device
from ..tensor import DTypeLike, Tensor
from . import functional as F, init
from .functional.windows import Ints, integers
from .module import Module
from .parameter import Parameter

PADDING_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}
PADDING_STRINGS = ("same", "valid")


class _ConvNd(Module):
    """What all convolutions share: the settings, the parameters and how they are drawn."""

    spatial: ClassVar[int]
    transposed: ClassVar[bool] = False
    weight: Parameter
    bias: Parameter  # or None, as it was asked for

    def _prepare(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints,
        padding: Ints | str,
        dilation: Ints,
        output_padding: Ints,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Device,
        dtype: DTypeLike,
    ) -> None:
        name = type(self).__name__
        if groups <= 0:
            raise ValueError(f"{name}: groups must be a positive integer, not {groups}")
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name}: {what} must be divisible by groups, but {channels} isn't by {groups}")

        def each(what: str, value: Ints) -> tuple[int, ...]:
            return integers(name, what, value, self.spatial)

        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each("kernel_size", kernel_size)
        self.stride = each("stride", stride)
        if isinstance(padding, str):
            if padding not in PADDING_STRINGS:
                raise ValueError(f"{name}: Invalid padding string {padding!r}, should be one of {PADDING_STRINGS}")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(
                    f"{name}: padding='same' is not supported for strided convolutions, of stride {self.stride}"
                )
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"{name}: padding_mode must be one of {', '.join(PADDING_MODES)}, but got padding_mode={padding_mode!r}"
            )
        self.padding = padding if isinstance(padding, str) else each("padding", padding)
        self.dilation = each("dilation", dilation)
        self.output_padding = each("output_padding", output_padding)
        self.groups = groups
        self.padding_mode = padding_mode
        outer, inner = (in_channels, out_channels) if self.transposed else (out_channels, in_channels)
        self.weight = Parameter(empty(outer, inner // groups, *self.kernel_size, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # uniform in 1 / sqrt(fan in)
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        n = self.spatial
        settings = {
            "padding": (self.padding, (0,) * n),
            "dilation": (self.dilation, (1,) * n),
            "output_padding": (self.output_padding, (0,) * n),
            "groups": (self.groups, 1),
            "bias": (self.bias is not None, True),
            "padding_mode": (self.padding_mode, "zeros"),
        }
        shown = "".join(f", {name}={value}" for name, (value, usual) in settings.items() if value != usual)
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}{shown}"


class _Convolution(_ConvNd):
    """Convolution; its subclasses say of how many dimensions."""

    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints | str = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        settings = kernel_size, stride, padding, dilation, 0, groups, bias, padding_mode
        self._prepare(in_channels, out_channels, *settings, device, dtype)

    def _margins(self) -> list[int]:
        """How much to pad before and after, from the last dimension on, as `functional.pad` takes it."""
        if isinstance(self.padding, str):
            totals = [d * (k - 1) * (self.padding == "same") for d, k in zip(self.dilation, self.kernel_size)]
            pairs = [(total // 2, total - total // 2) for total in totals]
        else:
            pairs = [(p, p) for p in self.padding]
        return [margin for pair in reversed(pairs) for margin in pair]

    def forward(self, input: Tensor) -> Tensor:
        """`(n, in_channels, *)` or `(in_channels, *)` to that of `out_channels`.

        Raises:
            RuntimeError: the input has other dimensions or channels, or is smaller than the window.
        """
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._margins(), mode=PADDING_MODES[self.padding_mode]), 0
        return type(self)._function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv1d(_Convolution):
    r"""Convolution over one dimension of space: `(n, c, l)` gives `(n, out_channels, l')`; see `Conv2d`."""

    spatial = 1
    _function = staticmethod(F.conv1d)


class Conv2d(_Convolution):
    r"""Convolution over two dimensions of space: `(n, c, h, w)` gives `(n, out_channels, h', w')`.

    Weight, `(out_channels, c / groups, kh, kw)`, and bias start uniform in :math:`\pm 1 / \sqrt{c / groups\;kh\;kw}`.

    Args:
        kernel_size: of the window; this, `stride`, `padding` and `dilation` for all dimensions, or one each.
        stride: how far it moves.
        padding: how much is put around the image; "same" keeps its size, "valid" is 0.
        dilation: the distance of the window's places.
        groups: the channels are split in so many groups, which don't see each other.
        bias: whether one number for each channel is added.
        padding_mode: what is put there: "zeros", or "reflect", "replicate" or "circular" as in `functional.pad`.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        ValueError: `groups` isn't positive or doesn't divide the channels, or an unknown padding or mode.
    """

    spatial = 2
    _function = staticmethod(F.conv2d)


class Conv3d(_Convolution):
    r"""Convolution over three dimensions of space: `(n, c, d, h, w)`; see `Conv2d`."""

    spatial = 3
    _function = staticmethod(F.conv3d)


class _Transposed(_ConvNd):
    """Transposed convolution; its subclasses say of how many dimensions."""

    transposed = True
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Ints = 1,
        padding_mode: str = "zeros",
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        if padding_mode != "zeros":
            name = type(self).__name__
            raise ValueError(f'Only "zeros" padding mode is supported for {name}, not {padding_mode!r}')
        self._prepare(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """`(n, in_channels, *)` or `(in_channels, *)` to that of `out_channels`.

        Args:
            output_size: the sizes of the result, with or without batch and channels, instead of `output_padding`.

        Raises:
            ValueError: `output_size` has other dimensions, or isn't a size that the stride can make.
            RuntimeError: the input has other dimensions or channels.
        """
        missing = self.output_padding if output_size is None else self._missing(input, output_size)
        return type(self)._function(
            input, self.weight, self.bias, self.stride, self.padding, missing, self.groups, self.dilation
        )

    def _missing(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output padding that makes `output_size`."""
        n, name = self.spatial, type(self).__name__
        wanted = tuple(output_size)
        if len(wanted) == input.ndim:
            wanted = wanted[-n:]
        if len(wanted) != n:
            raise ValueError(
                f"{name}: for {input.ndim}D input, output_size must have {n} or {input.ndim} elements "
                f"(got {len(wanted)})"
            )
        settings: Any = (input.shape[-n:], self.stride, self.padding, self.kernel_size, self.dilation)
        least = tuple((m - 1) * s - 2 * p + d * (k - 1) + 1 for m, s, p, k, d in zip(*settings))
        most = tuple(m + s - 1 for m, s in zip(least, self.stride))
        if not all(low <= w <= high for low, w, high in zip(least, wanted, most)):
            raise ValueError(
                f"{name}: requested an output size of {wanted}, but valid sizes range from {least} to {most} "
                f"(for an input of {tuple(input.shape[-n:])})"
            )
        return tuple(w - m for w, m in zip(wanted, least))


class ConvTranspose1d(_Transposed):
    r"""Transposed convolution over one dimension of space: `(n, c, l)`; see `ConvTranspose2d`."""

    spatial = 1
    _function = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_Transposed):
    r"""Transposed convolution over two dimensions of space, which makes images larger: the adjoint of `Conv2d`.

    `(n, c, h, w)` gives `(n, out_channels, h', w')` with h' = (h - 1) `stride` - 2 `padding` +
    `dilation` (kh - 1) + `output_padding` + 1. Weight, `(c, out_channels / groups, kh, kw)`, and bias start uniform in
    :math:`\pm 1 / \sqrt{\text{out\_channels} / groups\;kh\;kw}`.

    Args:
        output_padding: how much is added to one side of the result, less than `stride` or `dilation`.

    For the other arguments see `Conv2d`; `padding` takes away from the result.

    Raises:
        ValueError: `groups` isn't positive or doesn't divide the channels, or `padding_mode` isn't "zeros".
    """

    spatial = 2
    _function = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_Transposed):
    r"""Transposed convolution over three dimensions of space: `(n, c, d, h, w)`; see `ConvTranspose2d`."""

    spatial = 3
    _function = staticmethod(F.conv_transpose3d)
