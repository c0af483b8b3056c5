"""Losses of numbers against numbers."""

from __future__ import annotations

import warnings

import numpy as np

from ...creation import as_tensor
from ...ops import elementwise
from ...ops.arithmetic import abs as absolute, square
from ...ops.elementwise import log, log1p
from ...tensor import Tensor
from .reduction import reduce


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    r"""Binary cross-entropy of probabilities, :math:`-w (t \ln p + (1 - t) \ln(1 - p))`.

    Logarithms are cut off at -100, as in PyTorch, so that the loss is finite; beyond the cut the gradient is 0.

    Args:
        input: probabilities p.
        target: t of the same shape, from 0 to 1.
        weight: of each element, of a shape that broadcasts.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: an element of input or target is outside [0, 1].
        ValueError: the shapes differ, or the reduction is unknown.
    """
    target = _of_same_shape("binary_cross_entropy", input, target)
    for what, x in (("input", input.array), ("target", target.array)):
        if x.size and not (x.min() >= 0 and x.max() <= 1):
            raise RuntimeError(
                f"binary_cross_entropy: all elements of {what} should be between 0 and 1, but they go from {x.min()} "
                f"to {x.max()}; logits belong into binary_cross_entropy_with_logits"
            )
    with np.errstate(divide="ignore"):
        log_p, log_q = log(input).clamp(min=-100), log1p(-input).clamp(min=-100)
    return _weighted(-(target * log_p + (1 - target) * log_q), weight, reduction)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Binary cross-entropy of logits, :math:`-w (v\,t \ln\sigma(x) + (1 - t) \ln(1 - \sigma(x)))`, for any logits.

    With :math:`\ln\sigma(x) = -\zeta(-x)` and :math:`\zeta(-x) = \zeta(x) - x` of the softplus :math:`\zeta` it is
    :math:`\zeta(x) - x t` without v, and :math:`(1 - t)\,x + (1 + (v - 1)\,t)\,\zeta(-x)` with it.

    Args:
        input: logits x.
        target: t of the same shape, from 0 to 1.
        weight: w of each element, of a shape that broadcasts.
        reduction: "mean", "sum" or "none".
        pos_weight: v, the weight of the positive targets, of a shape that broadcasts.

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.
    """
    target = _of_same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        losses = elementwise.softplus(input) - input * target
    else:
        losses = (1 - target) * input + ((pos_weight - 1) * target + 1) * elementwise.softplus(-input)
    return _weighted(losses, weight, reduction)


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Squared differences, (input - target)^2. Shapes that differ broadcast, with a warning.

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    return reduce(square(_difference(input, target)), reduction)


def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """Absolute differences, |input - target|; the gradient at 0 is 0. Shapes that differ broadcast, with a warning.

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    return reduce(absolute(_difference(input, target)), reduction)


def _of_same_shape(name: str, input: Tensor, target: Tensor) -> Tensor:
    target = as_tensor(target)
    if target.shape != input.shape:
        raise ValueError(f"{name}: target of shape {target.shape} must have the shape of the input, {input.shape}")
    return target


def _weighted(losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    return reduce(losses if weight is None else losses * weight, reduction)


def _difference(input: Tensor, target: Tensor) -> Tensor:
    if target.shape != input.shape:
        warnings.warn(
            f"Using a target size {target.shape} that is different to the input size {input.shape}. This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=3,
        )
    return input - target
