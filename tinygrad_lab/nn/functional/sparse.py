"""Vectors for class indices."""

from __future__ import annotations

import numpy as np

from ...op import wrap
from ...tensor import Tensor


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Zeros with a one at each class: `(*)` of integers gives `(*, num_classes)`, int64.

    Args:
        num_classes: by default one more than the greatest class.

    Raises:
        RuntimeError: not of integers, a class is negative or too great, or there is none to count from.
    """
    classes = tensor.array
    if classes.dtype.kind not in "iu":
        raise RuntimeError(f"one_hot is only applicable to index tensor of integers, not {classes.dtype}")
    if num_classes == -1:
        if not classes.size:
            raise RuntimeError("one_hot: can not infer total number of classes from empty tensor; pass num_classes")
        num_classes = int(classes.max()) + 1
    if classes.size and classes.min() < 0:
        raise RuntimeError(f"one_hot: class values must be non-negative, found {classes.min()}")
    if classes.size and classes.max() >= num_classes:
        raise RuntimeError(
            f"one_hot: class values must be smaller than num_classes={num_classes}, found {classes.max()}"
        )
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))
