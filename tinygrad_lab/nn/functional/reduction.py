"""What `reduction` means to every loss."""

from __future__ import annotations

from ...ops.reduce import mean
from ...tensor import Tensor


def reduce(losses: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of the losses, or each of them.

    Raises:
        ValueError: the reduction is unknown.
    """
    if reduction == "mean":
        return mean(losses, None, False)
    if reduction == "sum":
        return losses.sum()
    if reduction == "none":
        return losses
    raise ValueError(f"{reduction} is not a valid value for reduction; choose 'mean', 'sum' or 'none'")
