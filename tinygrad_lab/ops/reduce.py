"""Reductions: many elements to one, along the dimensions that `dim` names. With None, over everything."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..domain import DISTINCT, FLAG, REALS, Booleans, Choice, Dim, Dims
from ..op import Array, numpy_names, op, table
from .arithmetic import _add, _div, maximum, minimum, mul, square
from .cast import cast, clone
from .compare import where
from .elementwise import exp
from .index import gather
from .shape import cat, dims_of, narrow, reshape, spread, squeeze

if TYPE_CHECKING:
    from ..tensor import Tensor

DimLike = int | Sequence[int] | None

# NumPy's own reductions, without the wrapper of np.sum; its stubs know them only with a literal `keepdims`
_sum: Callable[..., Array] = np.add.reduce
_max: Callable[..., Array] = np.maximum.reduce
_min: Callable[..., Array] = np.minimum.reduce


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\sum {input}",
    analytic=True,
)
def sum(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Sum over `dim`, :math:`y = \sum_i x_i`.

    :math:`dy = \sum_i dx_i`: every summand gets the whole cotangent. Integers and bools sum to int64.
    """
    return _sum(input, axis=_axis(dim), keepdims=keepdim)


@op(
    lambda g, y, x, dim, keepdim: spread(g / _count(x.shape, dim), x.shape, dim, keepdim),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\tfrac1n \sum {input}",
    analytic=True,
)
def mean(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Arithmetic mean over `dim`, :math:`y = \tfrac1n \sum_i x_i`.

    :math:`dy = \tfrac1n \sum_i dx_i`: every element gets an n-th of the cotangent.

    Raises:
        RuntimeError: the elements are integers or bools.
    """
    if input.dtype.kind not in "fc":
        raise ValueError(f"the elements must be floating, not {input.dtype}; convert with .float() first")
    n = _count(input.shape, dim)
    return _sum(input, axis=_axis(dim), keepdims=keepdim) / (n or math.nan)


def _count(shape: Sequence[int], dim: DimLike) -> int:
    """The number of elements that are reduced to one."""
    return math.prod(shape if dim is None else [shape[d] for d in dims_of("mean", len(shape), dim)])


def _axis(dim: DimLike) -> int | tuple[int, ...] | None:
    return dim if dim is None or isinstance(dim, int) else tuple(dim) or None


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * ties(x, spread(y, x.shape, dim, keepdim), dim),
    domain=(DISTINCT, Dims(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\max {input}",
)
def amax(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Maximum over `dim`. The cotangent goes to the greatest element, in equal parts at a tie; a NaN gets NaN.

    Raises:
        RuntimeError: there is nothing to take the maximum of.
    """
    return _max(input, axis=_axis(dim), keepdims=keepdim)


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * ties(x, spread(y, x.shape, dim, keepdim), dim),
    domain=(DISTINCT, Dims(filled=True), FLAG),
    shapes="(*) -> (...)",
    tex=r"\min {input}",
)
def amin(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Minimum over `dim`. The cotangent goes to the least element, in equal parts at a tie; a NaN gets NaN.

    Raises:
        RuntimeError: there is nothing to take the minimum of.
    """
    return _min(input, axis=_axis(dim), keepdims=keepdim)


def _with_extreme(draw: Any) -> tuple[Any, ...]:
    """Arguments of `ties`: a tensor and the extreme values that it has."""
    x, dim, _ = draw.arguments(table["amax"])
    top = table[draw.choice(("amax", "amin"))].forward(x, dim, True)
    return x, np.broadcast_to(top, x.shape), dim


@op(
    domain=(REALS, REALS, Dims(filled=True)),
    shapes="(*), (*) -> (...)",
    sample=_with_extreme,
    tex=r"[{input} = {extreme}] / \text{{ties}}",
)
def ties(input: Array, extreme: Array, dim: DimLike = None) -> Array:
    """Each element's share of the extreme value of `input` over `dim`: 1 / n for each of n elements that tie.

    NaN where the extreme is NaN.
    """
    hit = np.equal(input, extreme)
    with np.errstate(invalid="ignore"):
        return (hit / _sum(hit, axis=_axis(dim), keepdims=True)).astype(input.dtype, copy=False)


@op(domain=(Booleans(), Dims(), FLAG), shapes="(*) -> (...)", tex=r"\exists {input}")
def any(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Whether some element over `dim` is non-zero."""
    return np.any(input, axis=_axis(dim), keepdims=keepdim)


@op(domain=(Booleans(), Dims(), FLAG), shapes="(*) -> (...)", tex=r"\forall {input}")
def all(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Whether every element over `dim` is non-zero."""
    return np.all(input, axis=_axis(dim), keepdims=keepdim)


@op(domain=(DISTINCT, Dim(optional=True, filled=True), FLAG), shapes="(*) -> (...)", tex=r"\arg\max {input}")
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first greatest element along `dim`, or in the flattened tensor; int64, without gradient.

    Raises:
        RuntimeError: there is nothing to take the maximum of.
    """
    return np.argmax(input, axis=dim, keepdims=keepdim)


@op(domain=(DISTINCT, Dim(optional=True, filled=True), FLAG), shapes="(*) -> (...)", tex=r"\arg\min {input}")
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """The position of the first least element along `dim`, or in the flattened tensor; int64, without gradient.

    Raises:
        RuntimeError: there is nothing to take the minimum of.
    """
    return np.argmin(input, axis=dim, keepdims=keepdim)


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim) * exp(gap(x, spread(y, x.shape, dim, keepdim))),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\ln \sum e^{{{input}}}",
    analytic=True,
)
def logsumexp(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Logarithm of a sum of exponentials, :math:`y = \ln \sum_i e^{x_i}`, without overflow.

    :math:`dy = \sum_i e^{x_i} dx_i / \sum_j e^{x_j} = \sum_i e^{x_i - y} dx_i`: the weights are the softmax. The
    maximum m is taken out first, :math:`y = m + \ln \sum_i e^{x_i - m}`, so no exponential exceeds 1.
    """
    axis = _axis(dim)
    input = input if input.dtype.kind in "fc" else input.astype(np.float64)
    top = _max(input, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        y = np.log(_sum(np.exp(input - top), axis=axis, keepdims=True)) + top
    return y if keepdim else y.reshape(_sum(input, axis=axis).shape)


@op(lambda g, y, a, b: g, lambda g, y, a, b: -g, tex="{input} - {other}", analytic=True)
def gap(input: Array, other: Array) -> Array:
    r"""`input - other` as the exponent of a softmax weight.

    :math:`\infty - \infty = 0` and :math:`-\infty + \infty = -\infty`, so equal infinite logits
    weigh 1, and a row that is all :math:`-\infty` weighs 0.
    """
    with np.errstate(invalid="ignore"):
        d = np.subtract(input, other)
    if np.isnan(_sum(d, axis=None)):
        d = np.where(input == other, np.where(np.less(input, 0), -np.inf, 0), d).astype(d.dtype, copy=False)
    return d


@op(
    lambda g, y, x, dim: y * (g - (g * y).sum(axis=dim, keepdims=True)),
    domain=(REALS, Dim()),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{softmax}} {input}",
    analytic=True,
)
def _softmax(input: Array, dim: int) -> Array:
    r"""Softmax, :math:`p_k = e^{s_k} / \sum_c e^{s_c}`.

    :math:`\ln p_k = s_k - \ln \sum_c e^{s_c}`, so :math:`dp_k = p_k (ds_k - \sum_c p_c ds_c)`: the Jacobian is
    :math:`\operatorname{Diag}(p) - p p^T`. Adding a constant to every s_k changes nothing, so the maximum is taken out.
    """
    with np.errstate(invalid="ignore"):
        p = np.asarray(input - _max(input, axis=dim, keepdims=True, initial=-np.inf))
    np.exp(p, out=p)
    p /= _sum(p, axis=dim, keepdims=True)
    return p


@op(
    lambda g, y, x, dim: g - exp(y) * g.sum(axis=dim, keepdims=True),
    domain=(REALS, Dim()),
    shapes="(*) -> (...)",
    tex=r"\ln \operatorname{{softmax}} {input}",
    analytic=True,
)
def _log_softmax(input: Array, dim: int) -> Array:
    r"""Logarithm of the softmax, :math:`y_k = s_k - \ln \sum_c e^{s_c}`, finite wherever the logits are.

    :math:`dy_k = ds_k - \sum_c p_c ds_c` with :math:`p = e^y`.
    """
    with np.errstate(invalid="ignore"):
        y = input - _max(input, axis=dim, keepdims=True, initial=-np.inf)
    with np.errstate(divide="ignore"):
        y -= np.log(_sum(np.exp(y), axis=dim, keepdims=True))
    return y


@op(
    lambda g, y, x, dim, correction, keepdim: (
        spread(g, x.shape, dim, keepdim) * _slope(x, spread(y, x.shape, dim, keepdim), dim, correction)
    ),
    domain=(DISTINCT, Dims(), Choice((0, 1)), FLAG),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{std}} {input}",
)
def _std(input: Array, dim: DimLike, correction: float, keepdim: bool) -> Array:
    r"""Standard deviation, :math:`y^2 = \sum_i (x_i - \bar x)^2 / (n - c)` with the correction c.

    :math:`2 y\,dy = 2 \sum_i (x_i - \bar x) dx_i / (n - c)`, as the deviations sum to 0; so
    :math:`dy = \sum_i (x_i - \bar x) dx_i / (y (n - c))`. Of equal elements it is 0, the subgradient of smallest norm;
    as each is measured from the first one, they are found to be equal exactly.
    """
    dims = dims_of("std", input.ndim, dim)
    d = input - input[tuple(slice(0, 1) if i in dims else slice(None) for i in range(input.ndim))]
    n = _count(input.shape, dim)
    with np.errstate(invalid="ignore", divide="ignore"):
        d = np.square(d - np.divide(_sum(d, axis=dims, keepdims=True), n))
        return np.sqrt(np.divide(_sum(d, axis=dims, keepdims=keepdim), builtins.max(n - correction, 0)))


def _slope(x: Array, y: Array, dim: DimLike, correction: float) -> Array:
    """The derivative of `_std` for each element, 0 where the elements are all equal."""
    deviation = x - mean(x, dim, True)
    return where(y == 0, 0, deviation / (where(y == 0, 1, y) * (_count(x.shape, dim) - correction)))


# ------------------------------------------------------------------------------------------------- compositions


class Extreme(NamedTuple):
    """What `max` and `min` along one dimension return."""

    values: Tensor
    indices: Tensor


@numpy_names
def max(
    input: Array, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Array = None
) -> Tensor | Extreme:
    """The maximum: of everything; along `dim`, with the indices of the first greatest; or of two tensors."""
    return _extreme(input, dim, keepdim, other, amax, argmax, maximum)  # type: ignore[no-any-return]


@numpy_names
def min(
    input: Array, dim: int | Tensor | None = None, keepdim: bool = False, *, other: Array = None
) -> Tensor | Extreme:
    """The minimum: of everything; along `dim`, with the indices of the first least; or of two tensors."""
    return _extreme(input, dim, keepdim, other, amin, argmin, minimum)  # type: ignore[no-any-return]


def _extreme(input: Array, dim: Array, keepdim: bool, other: Array, of_all: Array, place: Array, of_two: Array) -> Any:
    if other is not None or not (dim is None or isinstance(dim, int)):
        return of_two(input, dim if other is None else other)
    if dim is None:
        return of_all(input)
    indices = place(input, dim, True)
    values = gather(input, dim, indices)
    return Extreme(values, indices) if keepdim else Extreme(squeeze(values, dim), squeeze(indices, dim))


@numpy_names
def var(
    input: Array, dim: DimLike = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    r"""Variance over `dim`, :math:`\sum_i (x_i - \bar x)^2 / (n - c)`; c is 1 if `unbiased`, else 0."""
    freedom = builtins.max(_count(input.shape, dim) - _correction(unbiased, correction), 0)
    return _div(sum(square(input - mean(input, dim, True)), dim, keepdim), freedom or math.nan)


@numpy_names
def std(
    input: Array, dim: DimLike = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """Standard deviation over `dim`, the square root of `var`."""
    return _std(input, dims_of("std", input.ndim, dim), _correction(unbiased, correction), keepdim)


def _correction(unbiased: bool, correction: float | None) -> float:
    return correction if correction is not None else 1 if unbiased else 0


def _refuse_integers(name: str, x: Array) -> None:
    if x.dtype.kind not in "fc":
        raise RuntimeError(f"{name}: the elements must be floating, not {x.dtype}; convert with .float() first")


@numpy_names
def prod(input: Array, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Product over `dim`, or of everything.

    The elements are multiplied in pairs, the products in pairs, and so on: the gradient comes from `mul` alone and is
    exact with zeros among the elements, at any order.
    """
    x = clone(input if input.dtype.kind not in "bi" else cast(input, np.int64))
    if dim is None or input.ndim == 0:
        x, keepdim = reshape(x, (-1,)), False
    (d,) = dims_of("prod", x.ndim, dim or 0)
    while (n := x.shape[d]) > 1:
        half = n // 2
        pairs = mul(narrow(x, d, 0, half), narrow(x, d, half, half))
        x = cat([pairs, narrow(x, d, n - 1, 1)], d) if n % 2 else pairs
    if n == 0:
        return _add(sum(x, d, keepdim), 1)
    return x if keepdim else squeeze(x, d)


@numpy_names
def softmax(input: Array, dim: int | None = None, *, dtype: Array = None) -> Tensor:
    r"""Softmax along `dim`, :math:`e^{s_k} / \sum_c e^{s_c}`; a row of -inf gives NaN.

    Raises:
        TypeError: `dim` isn't given.
        RuntimeError: the elements are integers or bools.
    """
    return _softmax(*_logits("softmax", input, dim, dtype))


@numpy_names
def log_softmax(input: Array, dim: int | None = None, *, dtype: Array = None) -> Tensor:
    r"""Logarithm of the softmax along `dim`, :math:`s_k - \ln \sum_c e^{s_c}`; a row of -inf gives NaN.

    Raises:
        TypeError: `dim` isn't given.
        RuntimeError: the elements are integers or bools.
    """
    return _log_softmax(*_logits("log_softmax", input, dim, dtype))


def _logits(name: str, input: Array, dim: int | None, dtype: Array) -> tuple[Array, int]:
    if dim is None:
        raise TypeError(f"{name}: say along which dim, for example dim=-1 for the classes of (batch, classes) logits")
    input = input if dtype is None else cast(input, dtype)
    _refuse_integers(name, input)
    return input, dim
