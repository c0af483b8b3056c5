"""Losses of class indices and of class probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...convention import convention
from ...creation import as_tensor
from ...op import Array
from ...ops import loss
from ...ops.compare import where
from ...ops.linalg import linear
from ...ops.softmax import log_softmax
from ...public import public
from ...tensor import Tensor
from .reduction import reduced, settled


@convention("cross_entropy: a -inf logit off the target", [[-math.inf, 0.0, 0.0]], [1], gives=[[0, -0.5, 0.5]])
@convention("cross_entropy: every target ignored", [[1.0, 2.0]], [-100], gives=[[0, 0]], value=math.nan)
@public
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Softmax cross-entropy of logits, :math:`-\sum_c w_c\,t_c \ln p_c` with the softmax p.

    For class indices that is :math:`w_t (\ln \sum_c e^{s_c} - s_t)`, by the fused op that stays finite.

    Args:
        input: logits, `(n, c, *)`, or `(c,)` for one sample.
        target: class indices, integers `(n, *)`; or class probabilities of the logits' shape.
        weight: of each class, `(c,)`; for class indices of the logits' dtype.
        ignore_index: targets of this index don't count, and send no gradient back.
        reduction: "mean", "sum", or "none" for a loss of the shape `(n, *)`. The mean of class indices is over the
            weights of the targets that count, NaN if none does; that of probabilities is over the samples.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        label_smoothing: the share of each target that is spread evenly over all classes (Szegedy et al. 2016).

    Raises:
        IndexError: a class index is out of range.
        RuntimeError: the dtype of the target doesn't fit, or the dtype or number of the weights, `label_smoothing` is
            outside [0, 1], or `ignore_index` is given with probabilities.
        ValueError: the batch sizes differ, or the reduction is unknown.
    """
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    reduction = settled(size_average, reduce, reduction)
    if not isinstance(target, Tensor):
        target = as_tensor(target)
    if input.shape == target.shape:
        return _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    labels, ignored = _labels("cross_entropy", input, target, weight, ignore_index)
    rows = input if input.ndim == 2 else _rows(input)
    if label_smoothing:
        log_p = log_softmax(rows, 1)
        weighted = log_p if weight is None else log_p * weight
        picked = weighted[np.arange(len(labels)), labels]
        losses = picked * (label_smoothing - 1) - weighted.sum(1) * (label_smoothing / rows.shape[1])
    else:
        losses = loss.cross_entropy(rows, labels)
        if weight is not None:
            losses = losses * weight[labels]
    return _reduce_counted(losses, labels, ignored, weight, reduction, target.shape if input.ndim > 1 else ())


@public
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
) -> Tensor:
    """`cross_entropy` of the logits that a linear map makes.

    Args:
        input: `(n, in_features)`, or `(in_features,)` for one sample.
        linear_weight: `(c, *, in_features)` for c classes, of each of the losses `*`.
        target: as `cross_entropy` takes it of logits `(n, c, *)`.
        linear_bias: `(c, *)`.
        weight, reduction, label_smoothing: as `cross_entropy`.
        ignore_index: of class indices, by default -100.

    Raises:
        RuntimeError: a shape doesn't fit, or `ignore_index` is given with probabilities; and as `cross_entropy`.
    """
    name = "linear_cross_entropy"
    if input.ndim not in (1, 2):
        raise RuntimeError(f"{name}: expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(f"{name}: expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}")
    *outputs, features = linear_weight.shape
    if input.shape[-1] != features:
        raise RuntimeError(
            f"{name}: expected equal input and linear_weight last dimensions (in_features), got {input.shape[-1]} and "
            f"{features}, respectively"
        )
    if linear_bias is not None and linear_bias.shape != tuple(outputs):
        raise RuntimeError(f"{name}: expected linear_bias shape {tuple(outputs)}, got {linear_bias.shape}")
    if len(outputs) > 1 and input.ndim == 1:
        raise RuntimeError(
            f"{name}: K-dimensional loss defined by linear_weight shape {linear_weight.shape} requires batched input, "
            f"(N, {features}), got unbatched input with shape {input.shape}"
        )
    flat_bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = linear(input, linear_weight.reshape(-1, features), flat_bias).reshape(*input.shape[:-1], *outputs)
    if ignore_index is not None and as_tensor(target).shape == logits.shape:
        raise RuntimeError(f"{name}: ignore_index cannot be specified when target contains probabilities")
    return cross_entropy(
        logits,
        target,
        weight,
        ignore_index=-100 if ignore_index is None else ignore_index,
        reduction=reduction,
        label_smoothing=label_smoothing,
    )


def _cross_entropy_of_probabilities(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Tensor:
    """The cross-entropy of a target of the logits' shape; 0 ln 0 is 0."""
    if target.dtype.kind != "f":
        raise RuntimeError(
            f"cross_entropy: a target of the input's shape {input.shape} holds class probabilities, which must be "
            f"floating, not {target.dtype}; class indices have no dimension for the classes"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy: ignore_index is not supported for a target of class probabilities")
    dim = min(1, input.ndim - 1)
    _check_weight("cross_entropy", weight, input.shape[dim])
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[dim]
    log_p = log_softmax(input, dim)
    if np.isneginf(log_p.array).any():
        log_p = where((target == 0) & (log_p == -np.inf), 0, log_p)
    if weight is not None:
        log_p = log_p * weight.reshape(-1, *[1] * (input.ndim - 1 - dim))
    return reduced(-(log_p * target).sum(dim), reduction)


@public
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Negative log-likelihood of class indices, :math:`-w_t \ln p_t`, of log-probabilities as `log_softmax` gives.

    Arguments, reductions and errors are those of `cross_entropy` with class indices.
    """
    reduction = settled(size_average, reduce, reduction)
    target = as_tensor(target)
    labels, ignored = _labels("nll_loss", input, target, weight, ignore_index)
    losses = -_rows(input)[np.arange(len(labels)), labels]
    if weight is not None:
        losses = losses * weight[labels]
    return _reduce_counted(losses, labels, ignored, weight, reduction, target.shape if input.ndim > 1 else ())


def _rows(input: Tensor) -> Tensor:
    """`(n, c, *)` or `(c,)` as rows of classes, `(m, c)`."""
    if input.ndim == 1:
        return input.reshape(1, -1)
    if input.ndim == 2:
        return input
    return input.permute(0, *range(2, input.ndim), 1).reshape(-1, input.shape[1])


def _labels(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Array, Array | None]:
    """The class index of each row, 0 for one to ignore; and which are to ignore, None if none is."""
    labels, shape = target.array, input.shape
    if not shape or input.dtype.kind != "f":
        kind = NotImplementedError if shape else ValueError if name == "nll_loss" else RuntimeError
        raise kind(
            f"{name}: input must be floating and have a dimension for the classes; it has shape {shape} and dtype "
            f"{input.dtype}"
        )
    samples = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if labels.shape != samples and not (len(shape) == 1 and labels.shape == (1,)):
        of_batch = labels.ndim == 0 or (labels.shape[0] != shape[0] if len(shape) > 1 else labels.ndim == 1)
        or_probabilities = ", or probabilities of its own shape" if name == "cross_entropy" else ""
        raise (ValueError if of_batch else RuntimeError)(
            f"{name}: input of shape {shape} takes class indices of shape {samples}{or_probabilities}; "
            f"target has shape {labels.shape}"
        )
    if labels.dtype.kind == "u":
        labels = labels.astype(np.int64)
    elif labels.dtype.kind != "i":
        raise RuntimeError(
            f"{name}: a target of shape {labels.shape} holds class indices, which must be integers, not "
            f"{labels.dtype}; convert it with .long()"
        )
    classes = shape[1] if len(shape) > 1 else shape[0]
    _check_weight(name, weight, classes)
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"{name}: weight of {weight.dtype} must have the input's dtype, {input.dtype}")
    labels = labels.reshape(-1)
    # without its sign a negative index is a great one, so one reduction finds whatever is out of range
    greatest = np.maximum.reduce(labels.view(_UNSIGNED[labels.itemsize])) if labels.size else 0
    if greatest < classes and not 0 <= ignore_index < classes:
        return labels, None
    ignored = labels == ignore_index
    wrong = labels[((labels < 0) | (labels >= classes)) & ~ignored]
    if wrong.size:
        raise IndexError(
            f"{name}: target {wrong[0]} is out of range for {classes} classes: expected 0 to {classes - 1}, or "
            f"ignore_index={ignore_index} for a target that doesn't count"
        )
    return (np.where(ignored, 0, labels), ignored) if ignored.any() else (labels, None)


_UNSIGNED = {np.dtype(t).itemsize: t for t in (np.uint8, np.uint16, np.uint32, np.uint64)}


def _check_weight(name: str, weight: Tensor | None, classes: int) -> None:
    if weight is not None and weight.shape != (classes,):
        raise RuntimeError(
            f"{name}: weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {weight.shape}"
        )


def _reduce_counted(
    losses: Tensor,
    labels: Array,
    ignored: Array | None,
    weight: Tensor | None,
    reduction: str,
    shape: tuple[int, ...],
) -> Tensor:
    """The losses of all rows reduced, or in `shape`; the mean is over the weights of the rows that count."""
    if ignored is not None:
        losses = where(ignored, 0, losses)
    if reduction != "mean" or (ignored is None and weight is None):
        return reduced(losses if losses.ndim == len(shape) else losses.reshape(shape), reduction)
    counted: Any = np.ones(len(labels), losses.dtype) if weight is None else weight[labels]
    if ignored is not None:
        counted = where(ignored, 0, counted)
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN if nothing counts
        return losses.sum() / counted.sum()  # type: ignore[no-any-return]
