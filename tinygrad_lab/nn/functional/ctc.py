"""The loss of sequences whose alignment isn't known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...creation import as_tensor
from ...op import Array
from ...ops.compare import where
from ...ops.ctc import _ctc
from ...ops.elementwise import exp
from ...public import public
from ...tensor import Tensor
from .reduction import checked, reduced


@public
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor | Sequence[int],
    target_lengths: Tensor | Sequence[int],
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    r"""Connectionist temporal classification: minus the log-probability of all alignments with the target sequences.

    An alignment names a label or the blank at each step; labels that repeat and then blanks are dropped (Graves et al.
    2006). The gradient by `log_probs` is that by the logits whose `log_softmax` they are, as in PyTorch.

    Args:
        log_probs: logarithms of the labels' probabilities, `(t, n, c)`, or `(t, c)` for one sample.
        targets: the labels, `(n, s)` padded, or all samples' labels one after the other.
        input_lengths: how many steps of each sample count, `(n,)`.
        target_lengths: how many labels each sample has, `(n,)`.
        blank: the label of the blank.
        reduction: "mean" of the losses divided by their target's length, "sum" or "none".
        zero_infinity: 0, and no gradient, where no alignment is possible and the loss is infinite.

    Raises:
        RuntimeError: shapes or lengths don't fit, or `blank` isn't one of the labels.
        TypeError: one of the lengths is a tensor, and the other isn't.
        ValueError: the reduction is unknown.
    """
    checked(reduction)
    if log_probs.dtype.kind != "f":
        raise NotImplementedError(f"ctc_loss: log_probs must be floating, not {log_probs.dtype}")
    single = log_probs.ndim == 2
    x = log_probs.reshape(log_probs.shape[0], 1, -1) if single else log_probs
    if x.ndim != 3 or x.numel() == 0:
        raise RuntimeError(f"ctc_loss: log_probs must be (t, n, c) or (t, c), not empty, not {log_probs.shape}")
    if isinstance(input_lengths, Tensor) != isinstance(target_lengths, Tensor):
        raise TypeError("ctc_loss: input_lengths and target_lengths must both be tensors or both sequences")
    t, n, c = x.shape
    if not 0 <= blank < c:
        raise RuntimeError(f"ctc_loss: blank {blank} must be in label range, 0 to {c - 1}")
    steps = _lengths("input_lengths", input_lengths, n, t)
    counts = _lengths("target_lengths", target_lengths, n, None)
    labels = _padded(as_tensor(targets).array, counts, c)

    spelled = np.full((n, 2 * labels.shape[1] + 1), blank)
    spelled[:, 1::2] = labels
    skip = spelled != blank
    skip[:, 2:] &= spelled[:, 2:] != spelled[:, :-2]
    emitted = x[np.arange(t)[:, None, None], np.arange(n)[:, None], spelled]
    losses = _ctc(emitted, skip, steps, 2 * counts + 1)
    if x.requires_grad:
        # The probabilities' sum is 1 at each step, a constant whose derivative moves the gradient into their plane
        counted = (np.arange(t)[:, None] < steps)[:, :, None]
        total = where(counted, exp(x), 0).sum((0, 2))
        losses = losses + (total - total.detach())
    if zero_infinity:
        losses = where(losses == np.inf, 0, losses)
    if reduction == "mean":
        losses = losses / np.maximum(counts, 1).astype(losses.dtype)
    return reduced(losses.reshape(()) if single else losses, reduction)


def _lengths(name: str, lengths: Tensor | Sequence[int], n: int, most: int | None) -> Array:
    """The lengths as n integers from 0 to `most`."""
    found = lengths.array if isinstance(lengths, Tensor) else np.array(lengths, np.int64)
    if found.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss: {name} must be integral, not {found.dtype}")
    found = found.reshape(-1).astype(np.int64)
    if len(found) != n:
        raise RuntimeError(f"ctc_loss: {name} must be of size batch_size, {n}, not {len(found)}")
    if found.min() < 0 or (most is not None and found.max() > most):
        raise RuntimeError(f"ctc_loss: expected {name} from 0 to {most}, but got {found.min()} to {found.max()}")
    return found


def _padded(targets: Array, counts: Array, c: int) -> Array:
    """The labels of each sample as a row, as long as the longest; what stands behind its end is 0.

    Raises:
        RuntimeError: there are more or fewer than the lengths say, or they aren't labels from 0 to c.
    """
    n, most = len(counts), int(counts.max())
    if targets.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss: targets must be integers, not {targets.dtype}; convert them with .long()")
    place = np.arange(most)
    within = place < counts[:, None]
    if targets.ndim == 1:
        if targets.size != counts.sum():
            raise RuntimeError(f"ctc_loss: expected {counts.sum()} targets, as their lengths say, not {targets.size}")
        start = np.cumsum(counts) - counts
        labels = np.zeros((n, most), np.int64)
        labels[within] = targets[(start[:, None] + place)[within]]
    else:
        if targets.ndim != 2 or len(targets) != n or targets.shape[1] < most:
            raise RuntimeError(
                f"ctc_loss: targets of shape {targets.shape} must be ({n}, {most} or more), or one after the other"
            )
        labels = np.where(within, targets[:, :most], 0)
    if labels.size and not (labels.min() >= 0 and labels.max() < c):
        raise RuntimeError(f"ctc_loss: targets {labels.min()} to {labels.max()} must be labels from 0 to {c - 1}")
    return labels
