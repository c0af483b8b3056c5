"""Losses of numbers against numbers."""

from __future__ import annotations

import math
import warnings

import numpy as np

from ...convention import convention
from ...creation import as_tensor
from ...op import wrap
from ...ops import elementwise
from ...ops.arithmetic import abs as absolute, square
from ...ops.checks import refuse_integers
from ...ops.compare import where
from ...ops.elementwise import exp, log, log1p
from ...ops.loss import huber
from ...ops.shape import unsqueeze
from ...public import public
from ...tensor import Tensor
from .reduction import reduced, settled


@convention(
    "BCE of probabilities 0 and 1, right and cut off",
    [0.0, 1.0, 1.0, 0.0],
    [0.0, 1.0, 0.0, 1.0],
    gives=([0.25, -0.25, 0, 0], [25, -25, -25, 25]),
    value=50,
)
@public
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Binary cross-entropy of probabilities, :math:`-w (t \ln p + (1 - t) \ln(1 - p))`.

    Logarithms are cut off at -100, as in PyTorch, so that the loss is finite; beyond the cut the gradient is 0.

    Args:
        input: probabilities p.
        target: t of the same shape, from 0 to 1.
        weight: of each element, of a shape that broadcasts.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: an element of input or target is outside [0, 1], or they differ in dtype.
        NotImplementedError: they aren't floating.
        ValueError: the shapes differ, or the reduction is unknown.
    """
    reduction = settled(size_average, reduce, reduction)
    target = _of_same_shape("binary_cross_entropy", input, target)
    if input.dtype != target.dtype:
        raise RuntimeError(f"binary_cross_entropy: target of {target.dtype} must have the input's dtype, {input.dtype}")
    refuse_integers("binary_cross_entropy", input)
    for what, x in (("input", input.array), ("target", target.array)):
        if x.size and not (x.min() >= 0 and x.max() <= 1):
            raise RuntimeError(
                f"binary_cross_entropy: all elements of {what} should be between 0 and 1, but they go from {x.min()} "
                f"to {x.max()}; logits belong into binary_cross_entropy_with_logits"
            )
    with np.errstate(divide="ignore"):
        log_p, log_q = log(input).clamp(min=-100), log1p(-input).clamp(min=-100)
    return _weighted(-(target * log_p + (1 - target) * log_q), weight, reduction)


@convention("BCE with logits at +-1000", [1000.0, -1000.0], [0.0, 1.0], gives=([0.5, -0.5], [-500, 500]), value=1000)
@public
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
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
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".
        pos_weight: v, the weight of the positive targets, of a shape that broadcasts.

    Raises:
        ValueError: the shapes differ, or the reduction is unknown.
        NotImplementedError: input or target isn't floating.
    """
    reduction = settled(size_average, reduce, reduction)
    target = _of_same_shape("binary_cross_entropy_with_logits", input, target)
    refuse_integers("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        losses = elementwise.softplus(input) - input * target
    else:
        losses = (1 - target) * input + ((pos_weight - 1) * target + 1) * elementwise.softplus(-input)
    return _weighted(losses, weight, reduction)


@public
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Squared differences, (input - target)^2. Shapes that differ broadcast, with a warning.

    Args:
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none"; with weights the mean is divided by their sum.
        weight: of each element, of the input's shape.

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown, or the weight's shape isn't the input's.
        NotImplementedError: neither input nor target is floating.
    """
    reduction = settled(size_average, reduce, reduction)
    difference = _difference(input, target)
    refuse_integers("mse_loss", difference)
    return _weighted_mean(square(difference), input, weight, reduction)


@convention("l1_loss at 0", [3.0, 1.0], [3.0, 2.0], gives=([0, -0.5], [0, 0.5]))
@public
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """Absolute differences, `|input - target|`; the gradient at 0 is 0. Shapes that differ broadcast, with a warning.

    Args:
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none"; with weights the mean is divided by their sum.
        weight: of each element, of the input's shape.

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown, or the weight's shape isn't the input's.
    """
    reduction = settled(size_average, reduce, reduction)
    return _weighted_mean(absolute(_difference(input, target)), input, weight, reduction)


@public
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    r"""Half the squared difference :math:`d^2 / 2` up to `delta`, and :math:`\delta (|d| - \delta / 2)` beyond.

    Shapes that differ broadcast, with a warning.

    Args:
        reduction: "mean", "sum" or "none"; of the weighted losses, if there are weights.
        weight: of each element, of the input's shape.

    Raises:
        RuntimeError: the shapes don't broadcast, or `delta` isn't positive.
        ValueError: the reduction is unknown, or the weight's shape isn't the input's.
        NotImplementedError: neither input nor target is floating.
    """
    difference = _difference(input, target)
    refuse_integers("huber_loss", difference)
    if not delta > 0:
        raise RuntimeError(f"huber_loss: delta must be positive, not {delta}")
    _check_weight(input, weight)
    return _weighted(huber(difference, delta), weight, reduction)


@public
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""The squared difference :math:`d^2 / 2 \beta` up to `beta`, and :math:`|d| - \beta / 2` beyond.

    That is `huber_loss` divided by beta, and `l1_loss` for beta 0. Shapes that differ broadcast, with a warning.

    Args:
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the shapes don't broadcast, or `beta` is negative.
        ValueError: the reduction is unknown.
        NotImplementedError: neither input nor target is floating.
    """
    reduction = settled(size_average, reduce, reduction)
    difference = _difference(input, target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss: beta must not be negative, as {beta}")
    if beta == 0:
        return reduced(absolute(difference), reduction)
    refuse_integers("smooth_l1_loss", difference)
    losses = huber(difference, beta)
    return reduced(losses if beta == 1 else losses / beta, reduction)


@public
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Pointwise Kullback-Leibler divergence of log-probabilities, :math:`t (\ln t - x)`; 0 ln 0 is 0.

    Args:
        input: log-probabilities x.
        target: probabilities t, or their logarithms with `log_target`.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean" over all elements; "batchmean", which is the divergence's mean over the first dimension;
            "sum" or "none".

    Raises:
        ValueError: the reduction is unknown.
        RuntimeError: the elements aren't floating.
    """
    refuse_integers("kl_div", input, target)
    meant = settled(size_average, reduce, "sum" if reduction == "batchmean" else reduction)
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = target * (log(where(target == 0, 1, target)) - input)
    total = reduced(losses, meant)
    return total / input.shape[0] if reduction == "batchmean" and input.ndim else total


@public
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Negative log-likelihood of a normal distribution, :math:`\tfrac12 (\ln v + (x - t)^2 / v)`.

    Args:
        input: means x.
        target: samples t.
        var: variances v of the input's shape; or with a last size of 1, without that dimension, with one other size of
            1, or a number. At least `eps` is taken, which doesn't change their gradient, as PyTorch has it.
        full: add the constant :math:`\tfrac12 \ln 2 \pi`.
        reduction: "mean", "sum" or "none".

    Raises:
        ValueError: a variance is negative or of a shape that doesn't fit, or the reduction is unknown.
        NotImplementedError: `var` isn't floating.
    """
    if not isinstance(var, Tensor):
        var = wrap(np.full(input.shape, var, input.dtype))
    refuse_integers("gaussian_nll_loss", var)
    if (var.array < 0).any():
        raise ValueError("gaussian_nll_loss: var has a negative entry")
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = unsqueeze(var, -1)
        elif var.ndim != input.ndim or sum(v for n, v in zip(input.shape, var.shape, strict=True) if n != v) != 1:
            raise ValueError(
                f"gaussian_nll_loss: var of shape {var.shape} is of incorrect size for input of shape {input.shape}"
            )
    v = var + wrap(np.maximum(var.array, np.asarray(eps, var.dtype)) - var.array)
    losses = (log(v) + square(input - target) / v) * 0.5
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


@public
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Negative log-likelihood of a Poisson distribution, :math:`e^x - t x` for logarithms x of the rate.

    Args:
        input: logarithms of the rate, or the rates r without `log_input`: then it is :math:`r - t \ln(r + \epsilon)`.
        target: counts t.
        full: add Stirling's approximation of :math:`\ln t!` where t > 1, :math:`t \ln t - t + \tfrac12 \ln 2 \pi t`.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    reduction = settled(size_average, reduce, reduction)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        t = where(target > 1, target, 1)
        losses = losses + where(target > 1, t * log(t) - t + log(t * (2 * math.pi)) * 0.5, 0)
    return reduced(losses, reduction)


def _of_same_shape(name: str, input: Tensor, target: Tensor) -> Tensor:
    target = as_tensor(target)
    if target.shape != input.shape:
        raise ValueError(f"{name}: target of shape {target.shape} must have the shape of the input, {input.shape}")
    return target


def _weighted(losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    return reduced(losses if weight is None else losses * weight, reduction)


def _weighted_mean(losses: Tensor, input: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """As `_weighted`, but the mean is divided by the sum of the weights."""
    _check_weight(input, weight)
    if weight is not None and reduction == "mean":
        return (losses * weight).sum() / weight.sum()
    return _weighted(losses, weight, reduction)


def _check_weight(input: Tensor, weight: Tensor | None) -> None:
    if weight is not None and weight.shape != input.shape:
        raise ValueError(f"weight of shape {weight.shape} must have the shape of the input, {input.shape}")


def _difference(input: Tensor, target: Tensor) -> Tensor:
    if target.shape != input.shape:
        warnings.warn(
            f"Using a target size {target.shape} that is different to the input size {input.shape}. This will likely "
            "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            stacklevel=4,
        )
    return input - target
