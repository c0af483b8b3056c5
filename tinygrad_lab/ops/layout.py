"""The order in which an array's elements lie in memory, which may be hidden behind its strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..op import Array

BLOCK = 2**15  # elements that stay in a core's cache through several passes


def memory_order(x: Array) -> tuple[int, ...]:
    """The dimensions in the order of memory, if the elements lie dense in it; else as they are."""
    order = tuple(range(x.ndim))
    if x.flags.c_contiguous:
        return order
    by_stride = tuple(sorted(order, key=lambda d: -x.strides[d]))
    return by_stride if x.transpose(by_stride).flags.c_contiguous else order


def alike(shape: Sequence[int], order: Sequence[int], dtype: Any) -> tuple[Array, Array]:
    """An empty array of `shape` in memory of its own, whose dimensions lie in `order`; and its elements as they lie."""
    lying = np.empty([shape[d] for d in order], dtype)
    if tuple(order) == tuple(range(len(order))):
        return lying, lying
    out = np.empty_like(lying.transpose(np.argsort(order)))  # keeps the order, and is no view
    return out, out.transpose(order)
