"""Layers that find out from their first input how many features it has."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

import numpy as np

from ..creation import tensor
from ..devices import Device
from ..tensor import DTypeLike, Tensor
from .conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
    _ConvNd,
    _Convolution,
    _Transposed,
)
from .functional.windows import Ints
from .linear import Linear
from .module import Module
from .normalization import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    InstanceNorm1d,
    InstanceNorm2d,
    InstanceNorm3d,
    _ByChannel,
)
from .parameter import UninitializedBuffer, UninitializedParameter
from .saving import SHAPELESS


class LazyModuleMixin(Module):
    """A module some of whose parameters get their shapes in its first call, in which it becomes `cls_to_become`.

    A subclass defines `initialize_parameters`, which is given the arguments of `forward`, and calls `materialize` on
    each `UninitializedParameter` and `UninitializedBuffer`.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer has no shape yet."""
        own = itertools.chain(self.parameters(recurse=False), self.buffers(recurse=False))
        return any(isinstance(t, SHAPELESS) for t in own)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give shapes and first values to what has none.

        Raises:
            NotImplementedError: a subclass doesn't define it.
        """
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {type(self).__name__} has not been fully initialized")
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become  # type: ignore[assignment]  # of which this class is one
            return self(*args, **kwargs)
        return super().__call__(*args, **kwargs)


class LazyLinear(LazyModuleMixin, Linear):
    """`Linear`, whose `in_features` are those of its first input."""

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, *, device: Device = None, dtype: DTypeLike = None) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if self.in_features and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of features of `(*, in_features)`."""
        unknown, self.in_features = self.has_uninitialized_params(), input.shape[-1]
        _materialize(self.weight, (self.out_features, self.in_features))
        _materialize(self.bias, (self.out_features,))
        if unknown:
            self.reset_parameters()


def _materialize(t: Any, shape: tuple[int, ...]) -> None:
    """Give a tensor its shape, unless it has one, or there is none."""
    if isinstance(t, SHAPELESS):
        t.materialize(shape)


class _LazyConvNd(LazyModuleMixin, _ConvNd):
    """What lazy convolutions share."""

    def _forget_channels(self, out_channels: int, bias: bool, device: Device, dtype: DTypeLike) -> None:
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if self.in_channels and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take the number of channels of `([n,] in_channels, *)`.

        Raises:
            RuntimeError: the input has other dimensions.
            ValueError: `groups` doesn't divide the channels.
        """
        name, unknown = type(self).__name__, self.has_uninitialized_params()
        if input.ndim not in (self.spatial + 1, self.spatial + 2):
            raise RuntimeError(
                f"Expected {self.spatial + 1}D (unbatched) or {self.spatial + 2}D (batched) input to {name}, but got "
                f"input of size: {input.shape}"
            )
        self.in_channels = input.shape[-self.spatial - 1]
        if self.in_channels % self.groups:
            raise ValueError(
                f"{name}: in_channels must be divisible by groups, but {self.in_channels} isn't by {self.groups}"
            )
        outer, inner = self.in_channels, self.out_channels
        if not self.transposed:
            outer, inner = inner, outer
        _materialize(self.weight, (outer, inner // self.groups, *self.kernel_size))
        _materialize(self.bias, (self.out_channels,))
        if unknown:
            self.reset_parameters()


class _LazyConv(_LazyConvNd, _Convolution):
    """Convolution; its subclasses say of how many dimensions."""

    def __init__(
        self,
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
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._forget_channels(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConv, Conv1d):
    """`Conv1d`, whose `in_channels` are those of its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """`Conv2d`, whose `in_channels` are those of its first input."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """`Conv3d`, whose `in_channels` are those of its first input."""

    cls_to_become = Conv3d


class _LazyTransposed(_LazyConvNd, _Transposed):
    """Transposed convolution; its subclasses say of how many dimensions."""

    def __init__(
        self,
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
        settings = kernel_size, stride, padding, output_padding, groups, False, dilation, padding_mode
        super().__init__(0, 0, *settings, device=device, dtype=dtype)
        self._forget_channels(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyTransposed, ConvTranspose1d):
    """`ConvTranspose1d`, whose `in_channels` are those of its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposed, ConvTranspose2d):
    """`ConvTranspose2d`, whose `in_channels` are those of its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposed, ConvTranspose3d):
    """`ConvTranspose3d`, whose `in_channels` are those of its first input."""

    cls_to_become = ConvTranspose3d


class _LazyNorm(LazyModuleMixin, _ByChannel):
    """Normalisation of channels; its subclasses say which.

    Args:
        affine, track_running_stats: both by default, in instance normalisation too, as PyTorch has it.
    """

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        Module.__init__(self)
        self._prepare(0, eps, momentum, False, False, False, device, dtype)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=np.int64)

    def reset_parameters(self) -> None:
        """Set all to the beginning, once it has a shape."""
        if self.num_features and not self.has_uninitialized_params():
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Take the number of channels, the second dimension."""
        unknown, self.num_features = self.has_uninitialized_params(), input.shape[1]
        for t in (self.weight, self.bias, self.running_mean, self.running_var):
            _materialize(t, (self.num_features,))
        if unknown:
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """`BatchNorm1d`, whose `num_features` are those of its first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """`BatchNorm2d`, whose `num_features` are those of its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """`BatchNorm3d`, whose `num_features` are those of its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """`InstanceNorm1d`, whose `num_features` are those of its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """`InstanceNorm2d`, whose `num_features` are those of its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """`InstanceNorm3d`, whose `num_features` are those of its first input."""

    cls_to_become = InstanceNorm3d
