"""The order in which an array's elements lie in memory, which may be hidden behind its strides."""

from __future__ import annotations

from collections.abc import Sequence

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


def unrolled(x: Array) -> tuple[Array, tuple[int, ...]]:
    """The elements in the order of memory as a vector, and the order of the dimensions there."""
    order = memory_order(x)
    return np.ascontiguousarray(x.transpose(order)).reshape(-1), order


def rolled(elements: Array, shape: Sequence[int], order: Sequence[int]) -> Array:
    """The array of `shape` whose elements in the order of memory are `elements`."""
    return elements.reshape([shape[d] for d in order]).transpose(np.argsort(order))
