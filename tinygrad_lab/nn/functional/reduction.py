"""What `reduction`, and PyTorch's older `size_average` and `reduce`, mean to every loss."""

from __future__ import annotations

import warnings

from ...ops.checks import refuse_integers
from ...ops.reduce import _mean
from ...tensor import Tensor


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of the losses, or each of them.

    Raises:
        ValueError: the reduction is unknown.
        NotImplementedError: the mean of integers.
    """
    if reduction == "mean":
        refuse_integers("mean", losses)
        return _mean(losses, None, False)
    return losses.sum() if checked(reduction) == "sum" else losses


def checked(reduction: str) -> str:
    """The reduction, if it is known.

    Raises:
        ValueError: it isn't.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction; choose 'mean', 'sum' or 'none'")
    return reduction


def settled(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that is meant: `reduction`, unless one of the deprecated arguments is given, with a warning.

    Args:
        size_average: the mean, else the sum; True if only `reduce` is given.
        reduce: the mean or the sum, else each loss; True if only `size_average` is given.
    """
    if size_average is None and reduce is None:
        return reduction
    meant = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(f"size_average and reduce are deprecated, use reduction={meant!r} instead", stacklevel=4)
    return meant
