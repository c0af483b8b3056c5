"""Scans: sums, products and recurrences of the elements up to each one along a dimension. And products of all.

`_recurrence` is the family's heart: the adjoint of a recurrence is a recurrence that runs the other way, and with it
the gradients of products need no division, those of sums of exponentials no overflow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import FLAG, REALS, Dim
from ..op import Array, op
from ..public import public
from .cast import cast, clone
from .checks import integer, refuse_integers
from .compare import bitwise_xor
from .elementwise import exp
from .reduce import axis_of, multiply_reduce, whole
from .shape import cat, dim_of, narrow, spread
from .softmax import gap

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    lambda g, y, x, dim, reverse: _cumsum(g, dim, not reverse),
    domain=(REALS, Dim(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\sum_{{j \le i}} {input}_j",
    analytic=True,
    wide=True,
)
def _cumsum(input: Array, dim: int, reverse: bool = False) -> Array:
    r"""Sums of the elements up to each one, :math:`y_i = \sum_{j \le i} x_j`, or with `reverse` from each one on.

    :math:`\bar x_j = \sum_{i \ge j} g_i`: element j is in every sum from its own on, so the cotangents are summed the
    other way round.
    """
    return _accumulate(np.add, input, dim, reverse)


def _accumulate(ufunc: Any, input: Array, dim: int, reverse: bool) -> Array:
    """`ufunc` over the elements up to each one, or from each one on."""
    if not input.ndim:
        return np.array(input, dtype=whole(input))
    back = slice(None, None, -1 if reverse else 1)
    x = np.moveaxis(input, dim, 0)[back]
    if x.size < _WIDE * max(len(x), 1) or abs(x.strides[0]) < abs(x.strides[-1]):
        y = ufunc.accumulate(x, axis=0, dtype=whole(input))
    else:  # whole rows at a time are five times faster than NumPy's way, which goes down one column after the other
        y = np.empty(x.shape, whole(input) or x.dtype)
        y[0] = x[0]
        for i in range(1, len(x)):
            ufunc(y[i - 1], x[i], out=y[i])
    return np.moveaxis(y[back], 0, dim)


_WIDE = 64  # elements of a row


@op(
    lambda g, y, a, b, dim, reverse: (
        _recurrence(shifted(a, dim, not reverse, 0), g, dim, not reverse) * shifted(y, dim, reverse, 0)
    ),
    lambda g, y, a, b, dim, reverse: _recurrence(shifted(a, dim, not reverse, 0), g, dim, not reverse),
    domain=(REALS, REALS, Dim(), FLAG),
    shapes="(*), (*) -> (...)",
    tex=r"y_i = {factor}_i\,y_{{i - 1}} + {input}_i",
    analytic=True,
)
def _recurrence(factor: Array, input: Array, dim: int, reverse: bool = False) -> Array:
    r"""The linear recurrence :math:`y_i = a_i y_{i-1} + b_i`, :math:`y_{-1} = 0`, along `dim`; or backwards.

    :math:`dy_i = a_i\,dy_{i-1} + y_{i-1}\,da_i + db_i`. What arrives at :math:`y_i`, directly and through
    :math:`y_{i+1}`, is :math:`\lambda_i = g_i + a_{i+1} \lambda_{i+1}`: the same recurrence the other way round. Then
    :math:`\bar b = \lambda` and :math:`\bar a_i = \lambda_i y_{i-1}`.

    Two steps in one are a step of the same kind, so log n rounds of doubling do: Hillis and Steele, Communications of
    the ACM 29 (1986) 1170.
    """
    if not input.ndim:
        return np.array(input)
    back = slice(None, None, -1 if reverse else 1)
    a, y = np.moveaxis(factor, dim, 0)[back].copy(), np.moveaxis(input, dim, 0)[back].copy()
    step = 1
    with np.errstate(over="ignore", invalid="ignore"):
        while step < len(y):
            y[step:] += a[step:] * y[:-step]
            a[step:] *= a[:-step].copy()
            step *= 2
    return np.moveaxis(y[back], 0, dim)


def shifted(x: Array, dim: int, reverse: bool, first: float | None = None) -> Array:
    """Each element replaced by the one before it along `dim`, by the one after it with `reverse`.

    What has none before it becomes `first`, or stays if that is None.
    """
    if x.ndim == 0:
        return x if first is None else np.full((), first, x.dtype)
    n = x.shape[dim]
    if n == 0:
        return x
    edge: Array = narrow(x, dim, n - 1 if reverse else 0, 1)
    if first is not None:
        edge = np.full(edge.shape, first, x.dtype)
    rest = narrow(x, dim, 1 if reverse else 0, n - 1)
    return cat([rest, edge] if reverse else [edge, rest], dim)


@op(
    lambda g, y, x, dim, reverse: (
        _recurrence(shifted(x, dim, not reverse, 1), g, dim, not reverse) * shifted(y, dim, reverse, 1)
    ),
    domain=(REALS, Dim(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\prod_{{j \le i}} {input}_j",
    analytic=True,
    wide=True,
)
def _cumprod(input: Array, dim: int, reverse: bool = False) -> Array:
    r"""Products of the elements up to each one, :math:`y_i = x_i\,y_{i-1}`, or with `reverse` from each one on.

    :math:`dy_i = x_i\,dy_{i-1} + y_{i-1}\,dx_i`: with the cotangent :math:`\lambda_i = g_i + x_{i+1} \lambda_{i+1}` of
    a recurrence, :math:`\bar x_i = \lambda_i y_{i-1}`. Nothing is divided, so zeros are exact, at any order.
    """
    return _accumulate(np.multiply, input, dim, reverse)


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * _others(x, dim),
    domain=(REALS, Dim(optional=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\prod {input}",
    analytic=True,
    wide=True,
)
def _prod(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    r"""Product over `dim`, :math:`y = \prod_i x_i`.

    :math:`dy = \sum_i dx_i \prod_{j \ne i} x_j`. The product of the others is that of those before times that of those
    after: nothing is divided, so zeros are exact, at any order.
    """
    return multiply_reduce(input, axis=axis_of(input, dim), dtype=whole(input), keepdims=keepdim)


def _others(x: Array, dim: int | None) -> Array:
    """For each element the product of all others along `dim`."""
    if dim is None:
        return _others(x.reshape(-1), 0).reshape(x.shape)
    before, after = _cumprod(x, dim, False), _cumprod(x, dim, True)
    return shifted(before, dim, False, 1) * shifted(after, dim, True, 1)


@op(
    lambda g, y, x, dim, reverse: (
        _recurrence(exp(gap(y, shifted(y, dim, not reverse))), g, dim, not reverse) * exp(gap(x, y))
    ),
    domain=(REALS, Dim(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\ln \sum_{{j \le i}} e^{{{input}_j}}",
    wide=True,
)
def _logcumsumexp(input: Array, dim: int, reverse: bool = False) -> Array:
    r"""Logarithm of the sum of exponentials up to each element, :math:`y_i = \ln \sum_{j \le i} e^{x_j}`.

    :math:`\bar x_j = \sum_{i \ge j} g_i e^{x_j - y_i} = e^{x_j - y_j} \lambda_j` with :math:`\lambda_j = g_j +
    e^{y_j - y_{j+1}} \lambda_{j+1}`: y never falls, so no exponential exceeds 1.
    """
    with np.errstate(invalid="ignore"):
        return _accumulate(np.logaddexp, input, dim, reverse)


# ------------------------------------------------------------------------------------------------- compositions


@public
def cumsum(input: Array, dim: int, *, dtype: Any = None) -> Tensor:
    """Sums of the elements up to each one along `dim`; integers and bools sum to int64.

    Args:
        dtype: what to convert the elements to before.

    Raises:
        IndexError: there is no such dimension.
    """
    y = _cumsum(input if dtype is None else cast(input, dtype), dim_of("cumsum", dim, input.ndim), False)
    return y if dtype is None else cast(y, dtype)


@convention("cumprod with one zero", [2.0, 0.0, 4.0], gives=[1, 10, 0], of=lambda x: cumprod(x, 0))
@convention("cumprod with two zeros", [2.0, 0.0, 0.0], gives=[1, 2, 0], of=lambda x: cumprod(x, 0))
@public
def cumprod(input: Array, dim: int, *, dtype: Any = None) -> Tensor:
    """Products of the elements up to each one along `dim`; those of integers and bools are int64.

    Args:
        dtype: what to convert the elements to before.

    Raises:
        IndexError: there is no such dimension.
    """
    y = _cumprod(input if dtype is None else cast(input, dtype), dim_of("cumprod", dim, input.ndim), False)
    return y if dtype is None else cast(y, dtype)


@convention("prod with one zero", [2.0, 0.0, 4.0], gives=[0, 8, 0], value=0)
@convention("prod with two zeros", [0.0, 0.0, 4.0], gives=[0, 0, 0], value=0)
@convention("prod of nothing", [], gives=[], value=1)
@public
def prod(input: Array, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Product over `dim`, or of everything; that of integers and bools is int64, that of nothing 1.

    Args:
        dtype: what to convert the elements to before.

    Raises:
        TypeError: `dim` isn't an integer.
        IndexError: there is no such dimension.
    """
    if dim is not None:
        dim = dim_of("prod", dim, input.ndim)
    y = _prod(input if dtype is None else cast(input, dtype), dim, keepdim)
    return y if dtype is None else cast(y, dtype)


@public
def logcumsumexp(input: Array, dim: int) -> Tensor:
    """Logarithm of the sum of exponentials of the elements up to each one along `dim`, without overflow.

    Raises:
        RuntimeError: the elements aren't floating.
        IndexError: there is no such dimension.
    """
    refuse_integers("logcumsumexp", input)
    return _logcumsumexp(input, dim_of("logcumsumexp", dim, input.ndim), False)


@public
def diff(input: Array, n: int = 1, dim: int = -1, prepend: Array | None = None, append: Array | None = None) -> Tensor:
    """Differences between neighbours along `dim`, taken `n` times: each time one element less. Of bools, whether they
    differ.

    Args:
        prepend, append: put before and after `input` along `dim` first; their other sizes must agree.

    Raises:
        RuntimeError: `input` is 0-d, `n` is negative, or the shapes don't fit.
        IndexError: there is no such dimension.
    """
    if input.ndim == 0:
        raise RuntimeError("diff: expected a tensor of at least one dimension, not a 0-d one")
    if integer("diff", "n", n) < 0:
        raise RuntimeError(f"diff: n must not be negative, but it is {n}")
    dim = dim_of("diff", dim, input.ndim)
    if n == 0:
        return clone(input)
    parts = [part for part in (prepend, input, append) if part is not None]
    for part in parts:
        if part.ndim != input.ndim or any(p != s for i, (p, s) in enumerate(zip(part.shape, input.shape)) if i != dim):
            raise RuntimeError(f"diff: shape {tuple(part.shape)} doesn't fit {tuple(input.shape)} but along dim {dim}")
    y = cat(parts, dim) if len(parts) > 1 else input
    for _ in range(min(n, y.shape[dim])):
        size = y.shape[dim]
        later, earlier = narrow(y, dim, min(1, size), max(size - 1, 0)), narrow(y, dim, 0, max(size - 1, 0))
        y = bitwise_xor(later, earlier) if y.dtype.kind == "b" else later - earlier
    return y
