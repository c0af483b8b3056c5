"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` or `np.concatenate([t, u])` means, said with our ops.

Arguments and defaults are NumPy's here: `np.var(t)` divides by n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph import is_grad_enabled
from .op import Array, ufuncs, wrap
from .ops import arithmetic, compare, linalg, reduce, rounding, shape, trigonometric


def _var(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.var(a, axis, correction=ddof, keepdim=keepdims)


def _std(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.std(a, axis, correction=ddof, keepdim=keepdims)


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


def _round(a: Array, decimals: int = 0) -> Array:
    return rounding.round(a, decimals=decimals)


def _nan_to_num(x: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    return arithmetic.nan_to_num(x, nan, posinf, neginf)


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
    np.where: compare._where,
    np.clip: _clip,
    np.sinc: trigonometric.sinc,
    np.round: _round,
    np.nan_to_num: _nan_to_num,
    np.dot: linalg.matmul,
    np.ndim: lambda a: a.ndim,
    np.shape: lambda a: a.shape,
    np.size: lambda a: a.numel(),
}
"""NumPy's functions, and what each is on tensors."""


class NumPyProtocols:
    """The part of a tensor that NumPy calls."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = linalg.matmul if ufunc is np.matmul else ufuncs.get(ufunc)
        if method == "__call__" and function is not None and not kwargs:
            return function(*inputs)
        return _on_arrays(ufunc.__name__, getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        function = functions.get(func)
        return _on_arrays(func.__name__, func, args, kwargs) if function is None else function(*args, **kwargs)


def _on_arrays(name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """NumPy's own function on the tensors' arrays.

    Raises:
        TypeError: a tensor requires grad, and its gradient would be lost.
    """

    def plain(value: Any) -> Any:
        if isinstance(value, NumPyProtocols):
            if value.requires_grad and is_grad_enabled():  # type: ignore[attr-defined]  # the mixin of Tensor alone
                raise TypeError(
                    f"{name}: tinygrad_lab has no op for this NumPy function, so its gradient would be lost; call it "
                    "on .detach(), or define it with @tinygrad_lab.op"
                )
            return value.array  # type: ignore[attr-defined]
        return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value

    result = function(*plain(tuple(args)), **{key: plain(value) for key, value in kwargs.items()})
    return wrap(np.asarray(result)) if isinstance(result, (np.ndarray, np.generic)) else result
