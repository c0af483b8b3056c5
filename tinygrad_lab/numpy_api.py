"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` or `np.concatenate([t, u])` means, said with our ops.

Arguments and defaults are NumPy's here: `np.var(t)` divides by n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph import is_grad_enabled
from .op import Array, ufuncs, wrap
from .ops import (
    arithmetic,
    arrange,
    compare,
    diagonal,
    einsum,
    extreme,
    index,
    join,
    linalg,
    masked,
    matrices,
    matrix_functions,
    reduce,
    rounding,
    scan,
    shape,
    sort,
    trigonometric,
)


def _var(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.var(a, axis, correction=ddof, keepdim=keepdims)


def _std(a: Array, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Array:
    return reduce.std(a, axis, correction=ddof, keepdim=keepdims)


def _mean(a: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return reduce.mean(a, axis, keepdims)


def _prod(a: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    return scan.prod(a, axis, keepdims)


def _scan(function: Callable[..., Array], a: Array, axis: int | None) -> Array:
    return function(shape.reshape(a, (-1,)), 0) if axis is None else function(a, axis)


def _cumsum(a: Array, axis: int | None = None) -> Array:
    return _scan(scan.cumsum, a, axis)


def _cumprod(a: Array, axis: int | None = None) -> Array:
    return _scan(scan.cumprod, a, axis)


def _sort(a: Array, axis: int | None = -1, *, stable: bool | None = None) -> Array:
    return _scan(lambda x, dim: sort.sort(x, dim).values, a, axis)


def _argsort(a: Array, axis: int | None = -1, *, stable: bool | None = None) -> Array:
    return _scan(sort.argsort, a, axis)


def _diff(a: Array, n: int = 1, axis: int = -1, prepend: Array = None, append: Array = None) -> Array:
    return scan.diff(a, n, axis, prepend, append)


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


def _flip(m: Array, axis: Any = None) -> Array:
    return arrange.flip(m, tuple(range(m.ndim)) if axis is None else axis)


def _roll(a: Array, shift: Any, axis: Any = None) -> Array:
    return arrange.roll(a, shift, axis)


def _rot90(m: Array, k: int = 1, axes: Sequence[int] = (0, 1)) -> Array:
    return arrange.rot90(m, k, axes)


def _tile(A: Array, reps: Any) -> Array:
    return arrange.tile(A, tuple(reps) if isinstance(reps, Sequence) else (reps,))


def _repeat(a: Array, repeats: Any, axis: int | None = None) -> Array:
    return arrange.repeat_interleave(a, np.asarray(repeats), axis)


def _tril(m: Array, k: int = 0) -> Array:
    return diagonal.tril(m, k)


def _triu(m: Array, k: int = 0) -> Array:
    return diagonal.triu(m, k)


def _diag(v: Array, k: int = 0) -> Array:
    return diagonal.diag(v, k)


def _diagonal(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return diagonal.diagonal(a, offset, axis1, axis2)


def _ravel(a: Array) -> Array:
    return shape.ravel(a)


def _joined(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda tup: function(tuple(tup))


def _clip(a: Array, a_min: Array = None, a_max: Array = None) -> Array:
    return arithmetic.clamp(a, a_min, a_max)


def _round(a: Array, decimals: int = 0) -> Array:
    return rounding.round(a, decimals=decimals)


def _nan_to_num(x: Array, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Array:
    return arithmetic.nan_to_num(x, nan, posinf, neginf)


def _dot(a: Array, b: Array) -> Array:
    if not (a.ndim and b.ndim):
        return arithmetic.mul(a, b)
    return linalg.tensordot(a, b, ([-1], [-2])) if b.ndim > 2 else linalg.matmul(a, b)


def _outer(a: Array, b: Array) -> Array:
    return linalg.outer(shape.reshape(a, (-1,)), shape.reshape(b, (-1,)))


def _vdot(a: Array, b: Array) -> Array:
    return linalg.vdot(shape.reshape(a, (-1,)), shape.reshape(b, (-1,)))


def _tensordot(a: Array, b: Array, axes: Any = 2) -> Array:
    return linalg.tensordot(a, b, axes)


def _einsum(*operands: Any, optimize: Any = None) -> Array:
    return einsum.einsum(*operands)


def _norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    return matrix_functions.norm(x, ord, axis, keepdims)


def _take(a: Array, indices: Array, axis: int | None = None) -> Array:
    return masked.take(a, indices) if axis is None else a[(slice(None),) * (axis % a.ndim) + (indices,)]


def _take_along_axis(arr: Array, indices: Array, axis: int | None = -1) -> Array:
    return masked.take_along_dim(arr, indices, axis)


functions: dict[Any, Callable[..., Any]] = {
    np.sum: reduce.sum,
    np.max: extreme.amax,
    np.amax: extreme.amax,
    np.min: extreme.amin,
    np.amin: extreme.amin,
    np.argmax: extreme.argmax,
    np.argmin: extreme.argmin,
    np.mean: _mean,
    np.var: _var,
    np.std: _std,
    np.prod: _prod,
    np.any: reduce.any,
    np.all: reduce.all,
    np.count_nonzero: reduce.count_nonzero,
    np.nansum: reduce.nansum,
    np.nanmean: reduce.nanmean,
    np.trace: reduce.trace,
    np.cumsum: _cumsum,
    np.cumprod: _cumprod,
    np.diff: _diff,
    np.sort: _sort,
    np.argsort: _argsort,
    np.reshape: shape.reshape,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.squeeze: _squeeze,
    np.expand_dims: shape.unsqueeze,
    np.broadcast_to: shape.expand,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.where: compare._where,
    np.vstack: _joined(join.vstack),
    np.hstack: _joined(join.hstack),
    np.dstack: _joined(join.dstack),
    np.column_stack: _joined(join.column_stack),
    np.atleast_1d: join.atleast_1d,
    np.atleast_2d: join.atleast_2d,
    np.atleast_3d: join.atleast_3d,
    np.broadcast_arrays: join.broadcast_tensors,
    np.ravel: _ravel,
    np.flip: _flip,
    np.fliplr: arrange.fliplr,
    np.flipud: arrange.flipud,
    np.roll: _roll,
    np.rot90: _rot90,
    np.tile: _tile,
    np.repeat: _repeat,
    np.moveaxis: arrange.movedim,
    np.tril: _tril,
    np.triu: _triu,
    np.diag: _diag,
    np.diagonal: _diagonal,
    np.where: compare.where,
    np.clip: _clip,
    np.sinc: trigonometric.sinc,
    np.round: _round,
    np.nan_to_num: _nan_to_num,
    np.take: _take,
    np.take_along_axis: _take_along_axis,
    np.nonzero: lambda a: index.nonzero(a, as_tuple=True),
    np.argwhere: index.argwhere,
    np.dot: linalg.matmul,
    np.dot: _dot,
    np.outer: _outer,
    np.inner: linalg.inner,
    np.vdot: _vdot,
    np.tensordot: _tensordot,
    np.kron: linalg.kron,
    np.einsum: _einsum,
    np.linalg.inv: matrices.inv,
    np.linalg.solve: matrices.solve,
    np.linalg.det: matrices.det,
    np.linalg.slogdet: matrices.slogdet,
    np.linalg.pinv: matrices.pinv,
    np.linalg.cholesky: matrices.cholesky,
    np.linalg.qr: matrices.qr,
    np.linalg.eigh: matrices.eigh,
    np.linalg.eigvalsh: matrices.eigvalsh,
    np.linalg.svd: matrices.svd,
    np.linalg.svdvals: matrices.svdvals,
    np.linalg.norm: _norm,
    np.linalg.cond: matrix_functions.cond,
    np.linalg.matrix_power: matrix_functions.matrix_power,
    np.linalg.multi_dot: matrix_functions.multi_dot,
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
