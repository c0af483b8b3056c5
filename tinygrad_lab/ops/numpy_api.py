"""NumPy's functions on tensors: what `np.sum(t)` or `np.concatenate([t, u])` means, said with our ops.

Arguments and defaults are NumPy's here: `np.var(t)` divides by n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..op import Array
from . import arithmetic, compare, linalg, reduce, shape


def _var(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.var(a, axis, correction=ddof, keepdim=keepdims)


def _std(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.std(a, axis, ddof, keepdims)


def _mean(a: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return reduce.mean(a, axis, keepdims)


def _prod(a: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return reduce.prod(a, axis, keepdims)


def _transpose(a: Array, axes: Sequence[int] | None = None) -> Array:
    return shape.permute(a, tuple(range(a.ndim))[::-1] if axes is None else axes)


def _swapaxes(a: Array, axis1: int, axis2: int) -> Array:
    return shape.transpose(a, axis1, axis2)


def _concatenate(arrays: Sequence[Array], axis: int = 0) -> Array:
    return shape.cat(arrays, axis)


def _stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    return shape.stack(arrays, axis)


def _squeeze(a: Array, axis: Any = None) -> Array:
    return shape.squeeze(a, axis)


def _clip(a: Array, a_min: Array = None, a_max: Array = None) -> Array:
    return arithmetic.clamp(a, a_min, a_max)


functions: dict[Any, Callable[..., Any]] = {
    np.sum: reduce.sum,
    np.max: reduce.amax,
    np.amax: reduce.amax,
    np.min: reduce.amin,
    np.amin: reduce.amin,
    np.argmax: reduce.argmax,
    np.argmin: reduce.argmin,
    np.mean: _mean,
    np.var: _var,
    np.std: _std,
    np.prod: _prod,
    np.reshape: shape.reshape,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.squeeze: _squeeze,
    np.expand_dims: shape.unsqueeze,
    np.broadcast_to: shape.expand,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.where: compare.where,
    np.clip: _clip,
    np.dot: linalg.matmul,
    np.matmul: linalg.matmul,
}
"""NumPy's functions, and what each is on tensors."""
