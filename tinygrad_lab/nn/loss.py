"""Losses as modules. The functions of `functional` say what they compute; these keep their settings."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..devices import Device
from ..tensor import DTypeLike, Tensor
from . import functional as F
from .functional.reduction import settled
from .linear import Linear
from .module import Module


class _Loss(Module):
    """A loss with its reduction over the elements: "mean", "sum" or "none"."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = settled(size_average, reduce, reduction)


class _WeightedLoss(_Loss):
    """A loss with weights, a buffer."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class CrossEntropyLoss(_WeightedLoss):
    """`functional.cross_entropy` of logits and class indices or probabilities.

    Args:
        weight: of each class, `(c,)`.
        ignore_index: the class index that doesn't count.
        reduction: "mean", "sum" or "none".
        label_smoothing: the share of each target that is spread over all classes.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits `(n, c, *)` and targets `(n, *)` or `(n, c, *)` to a scalar, or to `(n, *)` without reduction."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class LinearCrossEntropyLoss(_WeightedLoss):
    """`functional.linear_cross_entropy` with a `Linear` layer of its own.

    Args:
        in_features: of the input.
        num_classes: c.
        out_features: the sizes `*` of several losses for each sample, by default none.
        bias: whether the layer has one.
        reduction, weight, label_smoothing: as `CrossEntropyLoss`.
        ignore_index: of class indices, by default -100.
        device: the CPU, or None.
        dtype: of the layer; by default the default dtype.

    Raises:
        RuntimeError: the shape of `weight` isn't `(num_classes,)`, or `label_smoothing` isn't in [0, 1].
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Device = None,
        dtype: DTypeLike = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {weight.shape}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(in_features, num_classes * math.prod(out_features), bias, device=device, dtype=dtype)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(n, in_features)` and targets `(n, *)` or `(n, c, *)` to a scalar, or to `(n, *)` without reduction."""
        shape = (self.num_classes, *self.out_features)
        bias: Tensor | None = self.linear.bias
        if bias is not None:
            bias = bias.reshape(*shape)
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*shape, self.linear.in_features),
            target,
            linear_bias=bias,
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, reduction={self.reduction}, "
            f"ignore_index={self.ignore_index}, label_smoothing={self.label_smoothing}, options=None"
        )


class NLLLoss(_WeightedLoss):
    """`functional.nll_loss` of log-probabilities and class indices.

    Args:
        weight: of each class, `(c,)`.
        ignore_index: the class index that doesn't count.
        reduction: "mean", "sum" or "none".
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Log-probabilities `(n, c, *)` and targets `(n, *)` to a scalar, or to `(n, *)` without reduction."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """`functional.binary_cross_entropy` of probabilities and targets.

    Args:
        weight: of each element, of a shape that broadcasts.
        reduction: "mean", "sum" or "none".
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Probabilities and targets `(*)` to a scalar, or to `(*)` without reduction."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """`functional.binary_cross_entropy_with_logits` of logits and targets.

    Args:
        weight: of each element, of a shape that broadcasts.
        reduction: "mean", "sum" or "none".
        pos_weight: of the positive targets, of a shape that broadcasts.
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Logits and targets `(*)` to a scalar, or to `(*)` without reduction."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MSELoss(_Loss):
    """`functional.mse_loss`, squared differences.

    Args:
        reduction: "mean", "sum" or "none".
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """`functional.l1_loss`, absolute differences.

    Args:
        reduction: "mean", "sum" or "none".
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(_Loss):
    """`functional.smooth_l1_loss`, squared differences up to `beta` and absolute ones beyond.

    Args:
        reduction: "mean", "sum" or "none".
        beta: where they change.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """`functional.huber_loss`, half the squared differences up to `delta` and `delta` times absolute ones beyond.

    Args:
        reduction: "mean", "sum" or "none".
        delta: where they change.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.huber_loss(input, target, self.reduction, self.delta)


class KLDivLoss(_Loss):
    """`functional.kl_div` of log-probabilities from a distribution.

    Args:
        reduction: "mean" of all elements, "batchmean" over the first dimension, "sum" or "none".
        log_target: the target holds logarithms, too.
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class GaussianNLLLoss(_Loss):
    """`functional.gaussian_nll_loss` of means and variances.

    Args:
        full: add the constant term.
        eps: the least variance that is taken.
        reduction: "mean", "sum" or "none".
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Means, samples and variances `(*)` to a scalar, or to `(*)` without reduction."""
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class PoissonNLLLoss(_Loss):
    """`functional.poisson_nll_loss` of rates, or their logarithms, and counts.

    Args:
        log_input: the input holds logarithms.
        full: add Stirling's approximation of the constant term.
        eps: added to a rate before its logarithm is taken.
        reduction: "mean", "sum" or "none".
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """`(*)` and `(*)` to a scalar, or to `(*)` without reduction."""
        return F.poisson_nll_loss(log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class CTCLoss(_Loss):
    """`functional.ctc_loss` of label sequences whose alignment isn't known.

    Args:
        blank: the label of the blank.
        reduction: "mean", "sum" or "none".
        zero_infinity: 0 where no alignment is possible.
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Log-probabilities `(t, n, c)` and targets `(n, s)` to a scalar, or to `(n,)` without reduction."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
