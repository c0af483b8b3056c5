"""Normalisation as modules. The functions of `functional` say what they compute; these keep parameters and statistics.

Weights start at 1 and biases at 0; running means at 0 and running variances at 1.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ..creation import empty, ones, tensor, zeros
from ..devices import Device
from ..tensor import DTypeLike, Tensor
from . import functional as F, init
from .module import Module
from .parameter import Parameter


class _Affine(Module):
    """A weight and a bias of one shape, each or both None."""

    weight: Parameter  # or None, as it was asked for, and so the bias
    bias: Parameter

    def _make(self, shape: Sequence[int], weight: bool, bias: bool, device: Device, dtype: DTypeLike) -> None:
        self.register_parameter("weight", Parameter(empty(*shape, device=device, dtype=dtype)) if weight else None)
        self.register_parameter("bias", Parameter(empty(*shape, device=device, dtype=dtype)) if bias else None)

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# ---------------------------------------------------------------------------------------------- batch and instance


class _ByChannel(_Affine):
    """Normalisation of channels, which may keep running statistics."""

    dims: ClassVar[tuple[int, ...]]  # how many dimensions an input may have
    running_mean: Tensor  # or None without `track_running_stats`, as the next two
    running_var: Tensor
    num_batches_tracked: Tensor

    def _prepare(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
        device: Device,
        dtype: DTypeLike,
    ) -> None:
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._make((num_features,), affine, affine and bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=np.int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count of batches to 0."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Set the weight to 1, the bias to 0, and the running statistics to their beginning."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_dims(self, input: Tensor) -> None:
        if input.ndim not in self.dims:
            expected = " or ".join(f"{n}D" for n in self.dims)
            raise ValueError(f"{type(self).__name__}: expected {expected} input (got {input.ndim}D input)")

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ByChannel):
    """Batch normalisation; its subclasses say of which dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self._prepare(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape.

        Raises:
            ValueError: the input has other dimensions, or in training one value for each channel.
            RuntimeError: it has another number of channels.
        """
        self._check_dims(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1 / self.num_batches_tracked.item()
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        used = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if used else None,
            self.running_var if used else None,
            self.weight,
            self.bias,
            by_batch,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Each channel of `(n, c)` or `(n, c, l)` normalised over the batch; see `BatchNorm2d`."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    r"""Each channel of `(n, c, h, w)` normalised over the batch (Ioffe and Szegedy 2015).

    In training by the mean and variance of the batch, towards which the running ones move; in evaluation by the running
    ones, or by the batch's without `track_running_stats`. https://arxiv.org/abs/1502.03167.

    Args:
        num_features: c.
        eps: added to the variance.
        momentum: how far the running statistics move; None makes them the average over all batches.
        affine: whether there is a weight, and a `bias`.
        device: the CPU, or None.
        dtype: of parameters and statistics; by default the default dtype.
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Each channel of `(n, c, d, h, w)` normalised over the batch; see `BatchNorm2d`."""

    dims = (5,)


class _InstanceNorm(_ByChannel):
    """Instance normalisation; its subclasses say of which dimensions, without a batch and with one."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self._prepare(num_features, eps, momentum, affine, track_running_stats, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape; a warning if the channels aren't `num_features` and nothing depends on it.

        Raises:
            ValueError: the input has other dimensions, or one place only, or, if `affine`, other channels.
        """
        self._check_dims(input)
        dim = input.ndim - self.dims[0]
        if input.shape[dim] != self.num_features:
            differ = (
                f"{type(self).__name__}: expected input's size at dim={dim} to match num_features "
                f"({self.num_features}), but got: {input.shape[dim]}"
            )
            if self.affine:
                raise ValueError(differ)
            warnings.warn(f"{differ}; num_features is not used because affine=False", stacklevel=2)
        y = F.instance_norm(
            input if dim else input.unsqueeze(0),
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return y if dim else y.squeeze(0)


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample of `(n, c, l)` or `(c, l)` normalised; see `InstanceNorm2d`."""

    dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Each channel of each sample of `(n, c, h, w)` or `(c, h, w)` normalised (Ulyanov et al. 2017).

    In training and evaluation alike, unless `track_running_stats` asks for running statistics, which evaluation then
    uses. https://arxiv.org/abs/1607.08022. Arguments as of `BatchNorm2d`, but for the defaults.
    """

    dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Each channel of each sample of `(n, c, d, h, w)` or `(c, d, h, w)` normalised; see `InstanceNorm2d`."""

    dims = (4, 5)


# -------------------------------------------------------------------------------------------------- layer and group


def _shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int | np.integer) else tuple(normalized_shape)


class LayerNorm(_Affine):
    """The last dimensions, of sizes `normalized_shape`, normalised together (Ba et al. 2016).

    https://arxiv.org/abs/1607.06450.

    Args:
        normalized_shape: the sizes; an integer is the last dimension's.
        eps: added to the variance.
        elementwise_affine: whether there is a weight of that shape, and a `bias`.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        self._make(self.normalized_shape, elementwise_affine, elementwise_affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """`(*, normalized_shape)` to the same shape.

        Raises:
            RuntimeError: the last sizes are others.
        """
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The last dimensions divided by their root mean square (Zhang and Sennrich 2019).

    https://arxiv.org/abs/1910.07467.

    Args:
        normalized_shape: their sizes; an integer is the last dimension's.
        eps: added to the mean square; by default that of the dtype.
        elementwise_affine: whether there is a weight of that shape.
        device: the CPU, or None.
        dtype: of the weight; by default the default dtype.
    """

    weight: Parameter  # or None, as it was asked for

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(empty(*self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """`(*, normalized_shape)` to the same shape.

        Raises:
            RuntimeError: the last sizes are others.
        """
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(_Affine):
    """Each of `num_groups` groups of channels of each sample normalised (Wu and He 2018).

    https://arxiv.org/abs/1803.08494.

    Args:
        eps: added to the variance.
        affine: whether there is a weight, and a `bias`, of one number for each channel.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        ValueError: `num_groups` doesn't divide `num_channels`.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._make((num_channels,), affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """`(n, num_channels, *)` to the same shape.

        Raises:
            RuntimeError: there are other channels.
        """
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Each place divided by a power of the squares of `size` channels around it: `functional.local_response_norm`."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """`(n, c, *)` to the same shape."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
