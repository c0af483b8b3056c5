"""NumPy's protocols: what `np.exp(t)`, `np.sum(t)` or `np.concatenate([t, u])` means, said with our ops.

Arguments and defaults are NumPy's here: `np.var(t)` divides by n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from . import memory
from .graph import is_grad_enabled, no_grad
from .op import Array, ufuncs, wrap
from .ops import (
    arithmetic,
    arrange,
    cast,
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
    part,
    reduce,
    rounding,
    scan,
    shape,
    sort,
    trigonometric,
)


def _refuse_out(out: Any) -> None:
    if out is not None:
        raise TypeError("out: an array to write to must be given by its name, out=...")


def _reduction(function: Callable[..., Array]) -> Callable[..., Array]:
    """A reduction with NumPy's order of arguments."""

    def call(a: Array, axis: Any = None, out: Any = None, keepdims: bool = False) -> Array:
        _refuse_out(out)
        return function(a, axis, keepdims)

    return call


def _typed(function: Callable[..., Array]) -> Callable[..., Array]:
    """A reduction that has a dtype, too."""

    def call(a: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Array:
        _refuse_out(out)
        return function(a, axis, keepdims, dtype=dtype)

    return call


def _spread(function: Callable[..., Array]) -> Callable[..., Array]:
    """A variance or standard deviation, which divides by `n - ddof`."""

    def call(
        a: Array,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        correction: float | None = None,
    ) -> Array:
        _refuse_out(out)
        a = a if dtype is None else a.to(dtype)
        return function(a, axis, correction=ddof if correction is None else correction, keepdim=keepdims)

    return call


def _prod(a: Array, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Array:
    _refuse_out(out)
    if not isinstance(axis, tuple):
        return scan.prod(a, axis, keepdims, dtype=dtype)
    for dim in sorted((d % a.ndim for d in axis), reverse=True):
        a = scan.prod(a, dim, keepdims, dtype=dtype)
    return a


def _scan(function: Callable[..., Array], a: Array, axis: int | None) -> Array:
    return function(shape.reshape(a, (-1,)), 0) if axis is None else function(a, axis)


def _cumsum(a: Array, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    _refuse_out(out)
    return _scan(scan.cumsum, a if dtype is None else a.to(dtype), axis)


def _cumprod(a: Array, axis: int | None = None, dtype: Any = None, out: Any = None) -> Array:
    _refuse_out(out)
    return _scan(scan.cumprod, a if dtype is None else a.to(dtype), axis)


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


def _concatenate(arrays: Sequence[Array], axis: int | None = 0) -> Array:
    return shape.cat([shape.reshape(a, (-1,)) for a in arrays] if axis is None else arrays, axis or 0)


def _append(arr: Array, values: Array, axis: int | None = None) -> Array:
    return _concatenate((arr, values), axis)


def _array_split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    return list(part.tensor_split(ary, indices_or_sections, axis))


def _split(ary: Array, indices_or_sections: Any, axis: int = 0) -> list[Array]:
    if isinstance(indices_or_sections, int) and ary.shape[axis] % indices_or_sections:
        raise ValueError(f"split: {ary.shape[axis]} places can't be cut into {indices_or_sections} equal parts")
    return _array_split(ary, indices_or_sections, axis)


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


def _clip(
    a: Array, a_min: Array = None, a_max: Array = None, out: Any = None, *, min: Array = None, max: Array = None
) -> Array:
    _refuse_out(out)
    return arithmetic.clamp(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _round(a: Array, decimals: int = 0, out: Any = None) -> Array:
    _refuse_out(out)
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


def _trace(a: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    return reduce.sum(diagonal.diagonal(a, offset, axis1, axis2), -1)


def _size(a: Array, axis: int | None = None) -> Any:
    return a.numel() if axis is None else a.shape[axis]


def _einsum(*operands: Any, optimize: Any = None) -> Array:
    return einsum.einsum(*operands)


def _norm(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    return matrix_functions.norm(x, ord, axis, keepdims)


def _take(a: Array, indices: Array, axis: int | None = None) -> Array:
    indices = np.asarray(indices)
    return masked.take(a, indices) if axis is None else a[(slice(None),) * (axis % a.ndim) + (indices,)]


def _take_along_axis(arr: Array, indices: Array, axis: int | None = -1) -> Array:
    return masked.take_along_dim(arr, indices, axis)


functions: dict[Any, Callable[..., Any]] = {
    np.sum: _typed(reduce.sum),
    np.max: _reduction(extreme.amax),
    np.amax: _reduction(extreme.amax),
    np.min: _reduction(extreme.amin),
    np.amin: _reduction(extreme.amin),
    np.argmax: _reduction(extreme.argmax),
    np.argmin: _reduction(extreme.argmin),
    np.mean: _typed(reduce.mean),
    np.var: _spread(reduce.var),
    np.std: _spread(reduce.std),
    np.prod: _prod,
    np.any: _reduction(reduce.any),
    np.all: _reduction(reduce.all),
    np.count_nonzero: reduce.count_nonzero,
    np.nansum: _typed(reduce.nansum),
    np.nanmean: _typed(reduce.nanmean),
    np.trace: _trace,
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
    np.append: _append,
    np.split: _split,
    np.array_split: _array_split,
    np.copy: lambda a: cast.clone(a),
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
    np.dot: _dot,
    np.outer: _outer,
    np.inner: linalg.inner,
    np.vdot: _vdot,
    np.tensordot: _tensordot,
    np.kron: linalg.kron,
    np.cross: lambda a, b, axis=-1: linalg.cross(a, b, dim=axis),
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
    np.size: _size,
}
"""NumPy's functions, and what each is on tensors."""


_composed: dict[Any, Callable[..., Any]] = {
    np.positive: cast.clone,
    np.fabs: arithmetic.abs,
    np.rint: rounding.round,
    np.deg2rad: trigonometric.deg2rad,
    np.radians: trigonometric.deg2rad,
    np.rad2deg: trigonometric.rad2deg,
    np.degrees: trigonometric.rad2deg,
    np.matmul: linalg.matmul,
}
"""NumPy's ufuncs that are compositions here."""

_reductions: dict[Any, Callable[..., Any]] = {
    np.add: reduce.sum,
    np.multiply: lambda a, axis, keepdims: _prod(a, axis, keepdims=keepdims),
    np.maximum: extreme.amax,
    np.minimum: extreme.amin,
    np.logical_and: reduce.all,
    np.logical_or: reduce.any,
}
_scans: dict[Any, Callable[..., Any]] = {np.add: scan.cumsum, np.multiply: scan.cumprod}

_flat = {
    *(np.zeros_like, np.ones_like, np.empty_like, np.isclose, np.allclose, np.array_equal, np.array_equiv),
    *(np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.result_type, np.can_cast),
    *(np.shares_memory, np.may_share_memory),
}
"""Functions of which nobody expects a gradient: it is 0 everywhere."""

_writes = {np.copyto, np.put, np.putmask, np.place, np.put_along_axis, np.fill_diagonal}
"""Functions that change their first argument."""


class NumPyProtocols:
    """The part of a tensor that NumPy calls."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = _composed.get(ufunc) or ufuncs.get(ufunc)
        if method == "__call__" and function is not None and not kwargs:
            return function(*inputs)
        if method == "outer" and function is not None and not kwargs:
            a, b = inputs
            return function(shape.reshape(a, (*np.shape(a), *[1] * np.ndim(b))), b)
        if method == "reduce" and ufunc in _reductions and kwargs.keys() <= {"axis", "keepdims"}:
            return _reductions[ufunc](inputs[0], kwargs.get("axis", 0), kwargs.get("keepdims", False))
        if method == "accumulate" and ufunc in _scans and kwargs.keys() <= {"axis"}:
            return _scans[ufunc](inputs[0], kwargs.get("axis", 0))
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        written = inputs[:1] if method == "at" else kwargs.get("out", ())
        return _on_arrays(name, getattr(ufunc, method), inputs, kwargs, written)

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        function = functions.get(func)
        if function is not None:
            kwargs = {key: value for key, value in kwargs.items() if value is not None or key not in ("out", "dtype")}
            if not kwargs.keys() & {"out", "where", "initial", "order"}:
                return function(*args, **kwargs)
        if func in _writes:
            written: tuple[Any, ...] = (*args, *kwargs.values())[:1]
        else:
            written = (kwargs["out"],) if "out" in kwargs else ()
        with no_grad() if func in _flat else nullcontext():
            return _on_arrays(func.__name__, func, args, kwargs, written)


def _on_arrays(
    name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], written: Sequence[Any]
) -> Any:
    """NumPy's own function on the tensors' arrays; `written` are those of its arguments that it changes.

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
            return value.array  # type: ignore[attr-defined]  # as above
        return type(value)(map(plain, value)) if isinstance(value, (list, tuple)) else value

    def lifted(value: Any) -> Any:
        if type(value) in (list, tuple):
            return type(value)(map(lifted, value))
        for target in written:
            if value is getattr(target, "array", target):
                return target
        return wrap(np.asarray(value)) if isinstance(value, (np.ndarray, np.generic)) else value

    result = function(*plain(tuple(args)), **{key: plain(value) for key, value in kwargs.items()})
    changed = [t.array for t in written if isinstance(t, NumPyProtocols)]  # type: ignore[attr-defined]  # as above
    if changed:
        memory.touch(name, *changed)
    return lifted(result)
