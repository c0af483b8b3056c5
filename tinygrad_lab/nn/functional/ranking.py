"""Losses with a margin: of scores, of labels +1 and -1, of classes, and of distances."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ...creation import as_tensor
from ...op import Array
from ...ops.arithmetic import minimum, square
from ...ops.checks import refuse_integers
from ...ops.compare import where
from ...ops.elementwise import relu, softplus, sqrt
from ...public import public
from ...tensor import Tensor
from .distance import pairwise_distance
from .reduction import checked, reduced, settled


@public
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""By how much scores are in the wrong order, :math:`\max(0, -y\,(x_1 - x_2) + m)`.

    Args:
        target: y, 1 where the first is to be greater and -1 where the second is.
        margin: m, by how much it is to be greater.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the tensors differ in dimensions, or the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    reduction = settled(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss: all tensors should have as many dimensions; shapes are {input1.shape}, "
            f"{input2.shape} and {target.shape}"
        )
    return reduced(relu(-target * (input1 - input2) + float(margin)), reduction)


@public
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Distances x of pairs that belong together (target 1), and :math:`\max(0, m - x)` of those that don't (-1).

    Args:
        margin: m, how far apart is far enough.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    reduction = settled(size_average, reduce, reduction)
    apart = where(target != 1, relu(margin - input), 0)
    return reduced(apart + where(target != -1, input, 0), reduction)


@public
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Logistic loss of scores, :math:`\ln(1 + e^{-y x})`, with targets y of 1 and -1; finite for any score.

    Args:
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
        NotImplementedError: the input isn't floating.
    """
    reduction = settled(size_average, reduce, reduction)
    refuse_integers("soft_margin_loss", input)
    return reduced(softplus(-(target * input)), reduction)


@public
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r""":math:`1 - \cos` of the angle between vectors that belong together, :math:`\max(0, \cos - m)` of those apart.

    Args:
        input1: `(n, d)` with targets `(n,)`, or `(d,)` with a 0-d target; `input2` likewise.
        target: 1 for together and -1 for apart.
        margin: m, from which cosine on two vectors are too close.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the dimensions don't fit, or the shapes don't broadcast.
        ValueError: the reduction is unknown.
    """
    reduction = settled(size_average, reduce, reduction)
    d = target.ndim
    if d > 1 or input1.ndim != d + 1 or input2.ndim != d + 1:
        raise RuntimeError(
            "cosine_embedding_loss: expected inputs (n, d) and target (n,), or inputs (d,) and a 0-d target; shapes "
            f"are {input1.shape}, {input2.shape} and {target.shape}"
        )
    tiny = 1e-12
    cosine = (input1 * input2).sum(d) / sqrt((square(input1).sum(d) + tiny) * (square(input2).sum(d) + tiny))
    losses = where(target == 1, 1 - cosine, 0) + where(target == -1, relu(cosine - margin), 0)
    return reduced(losses, reduction)


@public
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""How much nearer an anchor is to a negative than to a positive, :math:`\max(0, d(a, p) - d(a, n) + m)`.

    The distances are `pairwise_distance`, along the last dimension.

    Args:
        margin: m, how much farther away the negative is to be.
        p: the order of the distance's norm; `eps` is added to each difference.
        swap: take :math:`d(p, n)` for :math:`d(a, n)` if it is less (Balntas et al. 2016).
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: the tensors differ in dimensions, or the shapes don't broadcast.
        ValueError: `margin` isn't positive, or the reduction is unknown.
    """
    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=lambda a, b: pairwise_distance(a, b, p, eps),
        margin=margin,
        swap=swap,
        reduction=settled(size_average, reduce, reduction),
    )


@public
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with another distance, `distance_function(x1, x2)`; by default `pairwise_distance`.

    Raises:
        RuntimeError: the tensors differ in dimensions, or the shapes don't broadcast.
        ValueError: `margin` isn't positive, or the reduction is unknown.
    """
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "triplet_margin_loss: anchor, positive and negative should have as many dimensions; shapes are "
            f"{anchor.shape}, {positive.shape} and {negative.shape}"
        )
    distance = distance_function or pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(relu(margin + near - far), reduction)


@public
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Hinge loss of class scores, :math:`\tfrac1c \sum_{i \ne y} w_y \max(0, m - x_y + x_i)^p`.

    Args:
        input: scores x, `(n, c)`, or `(c,)` for one sample.
        target: classes y, int64 `(n,)`, or 0-d.
        p: 1 or 2.
        margin: m, by how much the right class is to be ahead.
        weight: w of each class, `(c,)`.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: shapes don't fit, the target isn't of int64, or a class is out of range.
        ValueError: another p, `weight` isn't a vector, or the reduction is unknown.
        NotImplementedError: the input isn't floating.
    """
    reduction = checked(settled(size_average, reduce, reduction))
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: only p == 1 and p == 2 supported, not {p}")
    if weight is not None and weight.ndim != 1:
        raise ValueError(f"multi_margin_loss: weight must be one-dimensional, not of shape {weight.shape}")
    rows, labels = _rows_and_labels("multi_margin_loss", input, as_tensor(target))
    n, c = rows.shape
    if labels.shape not in ((n,), ()) or labels.size != n:
        raise RuntimeError(
            f"multi_margin_loss: input of shape {input.shape} takes a target of shape ({n},), not {labels.shape}"
        )
    if labels.size and not (labels.min() >= 0 and labels.max() < c):
        raise RuntimeError(f"multi_margin_loss: target {labels.min()} to {labels.max()} is out of range, 0 to {c - 1}")
    if weight is not None and (weight.shape != (c,) or weight.dtype != rows.dtype):
        raise RuntimeError(
            f"multi_margin_loss: weight must be of shape {(c,)} and the input's dtype, {rows.dtype}, not of shape "
            f"{weight.shape} and {weight.dtype}"
        )
    column = labels.reshape(n, 1)
    behind = relu(margin - rows[np.arange(n)[:, None], column] + rows)
    behind = behind if p == 1 else square(behind)
    if weight is not None:
        behind = behind * weight[column]
    losses = where(column == np.arange(c), 0, behind).sum(1) / c
    return reduced(losses if labels.ndim else losses.reshape(()), reduction)


@public
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Hinge loss of class scores with several right classes, :math:`\tfrac1c \sum_{y, i} \max(0, 1 - x_y + x_i)`.

    y runs over the right classes, i over the others.

    Args:
        input: scores x, `(n, c)`, or `(c,)` for one sample.
        target: the right classes of each sample, int64 of the input's shape; those from the first -1 on don't count.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none".

    Raises:
        RuntimeError: shapes don't fit, the target isn't of int64, or a class is out of range.
        ValueError: the reduction is unknown.
        NotImplementedError: the input isn't floating.
    """
    reduction = checked(settled(size_average, reduce, reduction))
    target = as_tensor(target)
    if target.shape != input.shape and (input.ndim > 1 or target.ndim > 1 or target.numel() != input.numel()):
        raise RuntimeError(
            f"multilabel_margin_loss: inconsistent target size: {target.shape} for input of size: {input.shape}"
        )
    rows, labels = _rows_and_labels("multilabel_margin_loss", input, target)
    n, c = rows.shape
    labels = labels.reshape(n, c)
    if labels.size and not (labels.min() >= -1 and labels.max() < c):
        raise RuntimeError(f"multilabel_margin_loss: target is out of range: {labels.min()} to {labels.max()}, {c=}")
    counted = np.logical_and.accumulate(labels >= 0, axis=1)
    most = int(counted.sum(1).max(initial=0))
    labels, counted = np.where(counted, labels, 0)[:, :most], counted[:, :most]
    others = np.ones((n, c), np.bool_)
    sample, place = np.nonzero(counted)
    others[sample, labels[sample, place]] = False
    right = rows[np.arange(n)[:, None], labels]
    behind = relu(1 - right.reshape(n, most, 1) + rows.reshape(n, 1, c))
    losses = where(counted[:, :, None] & others[:, None, :], behind, 0).sum((1, 2)) / c
    return reduced(losses if input.ndim == 2 else losses.reshape(()), reduction)


def _rows_and_labels(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Array]:
    """The scores as `(n, c)`, and the target's array, of int64."""
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            f"{name}: expected non-empty vector or matrix with optional 0-dim batch size, but got: {input.shape}"
        )
    if target.dtype != np.int64:
        raise RuntimeError(f"{name}: expected a target of int64, not {target.dtype}; convert it with .long()")
    refuse_integers(name, input)
    return input if input.ndim == 2 else input.reshape(1, -1), target.array


@public
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Mean over the classes of the binary cross-entropy of logits, :math:`\zeta(x) - t x` with the softplus.

    Args:
        input: logits x, `(*, c)`.
        target: t, 1 for each class that is right and 0 for the others, `(*, c)`.
        weight: of each class, `(c,)`.
        size_average: deprecated, and so is `reduce`: see `reduction.settled`.
        reduction: "mean", "sum" or "none", which leaves `(*)`.

    Raises:
        RuntimeError: the shapes don't broadcast.
        ValueError: the reduction is unknown.
        NotImplementedError: the input isn't floating.
    """
    reduction = settled(size_average, reduce, reduction)
    refuse_integers("multilabel_soft_margin_loss", input)
    losses = softplus(input) - target * input
    if weight is not None:
        losses = losses * weight
    return reduced(losses.sum(-1) / input.shape[-1], reduction)
