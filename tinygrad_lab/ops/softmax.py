"""Sums of exponentials: logsumexp, softmax and its logarithm, for logits of any size."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import FLAG, REALS, Dim, Dims
from ..graph import add_up
from ..op import Array, op
from ..public import public
from .cast import cast
from .checks import refuse_integers
from .elementwise import exp
from .reduce import DimLike, _sum, add_reduce, axis_of, kept, max_reduce, min_reduce
from .shape import dim_of, dims_of

if TYPE_CHECKING:
    from ..tensor import Tensor


@convention("logsumexp of [-inf, 0]", [-math.inf, 0.0], gives=[0, 1], value=0, of=lambda x: logsumexp(x, 0))
@convention("logsumexp of all -inf", [-math.inf] * 2, gives=[0, 0], value=-math.inf, of=lambda x: logsumexp(x, 0))
@convention("logsumexp of [inf, 0]", [math.inf, 0.0], gives=[1, 0], value=math.inf, of=lambda x: logsumexp(x, 0))
@convention(
    "logsumexp of a lone finite logit beside a row of -inf",
    [[-1.0, -math.inf], [-math.inf, -math.inf]],
    gives=[[1, 0], [0, 0]],
    value=[-1, -math.inf],
    of=lambda x: logsumexp(x, 1),
)
@convention("logsumexp of nothing", [], gives=[], value=-math.inf, of=lambda x: logsumexp(x, 0))
@op(
    lambda g, y, x, dim, keepdim: kept(g, x.shape, dim, keepdim) * exp(gap(x, kept(y, x.shape, dim, keepdim))),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\ln \sum e^{{{input}}}",
    analytic=True,
    wide=True,
)
def logsumexp(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Logarithm of a sum of exponentials, :math:`y = \ln \sum_i e^{x_i}`, without overflow.

    :math:`dy = \sum_i e^{x_i} dx_i / \sum_j e^{x_j} = \sum_i e^{x_i - y} dx_i`: the weights are the softmax. The
    maximum m is taken out first, :math:`y = m + \ln \sum_i e^{x_i - m}`, so no exponential exceeds 1.
    """
    axis = axis_of(input, dim)
    input = input if input.dtype.kind in "fc" else input.astype(np.float64)
    if _moderate(input):
        return np.log(add_up(np.exp(input), axis, keepdim))
    top = max_reduce(input, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        y = np.log(add_up(np.exp(input - top), axis, True)) + top
    return y if keepdim else np.squeeze(y, dims_of("logsumexp", input.ndim, dim))


@op(lambda g, y, a, b: g, lambda g, y, a, b: -g, tex="{input} - {other}", analytic=True)
def gap(input: Array, other: Array) -> Array:
    r"""`input - other` as the exponent of a softmax weight.

    :math:`y = a - b`, so :math:`dy = da - db`. But :math:`\infty - \infty = 0` and :math:`-\infty + \infty = -\infty`,
    so equal infinite logits weigh 1, and a row that is all :math:`-\infty` weighs 0.
    """
    with np.errstate(invalid="ignore"):
        d = np.subtract(input, other)
    if np.isnan(add_reduce(d, axis=None)):
        equal = np.isinf(input) & (input == other)
        d = np.where(equal, np.where(np.less(input, 0), -np.inf, 0), d).astype(d.dtype, copy=False)
    return d


def _by_rows(f: Callable[..., None], x: Array, dim: int) -> Array:
    """The array that `f(x, out, dim)` fills, which treats each row along `dim` by itself.

    Rows that lie one after the other go in blocks that stay in the cache, which takes a third off the time.
    """
    out = np.empty(x.shape, x.dtype)
    if x.size <= 2 * _BLOCK or dim not in (-1, x.ndim - 1) or not x.flags.c_contiguous:
        f(x, out, dim)
        return out
    rows, results = x.reshape(-1, x.shape[-1]), out.reshape(-1, x.shape[-1])
    step = max(1, _BLOCK // x.shape[-1])
    for i in range(0, len(rows), step):
        f(rows[i : i + step], results[i : i + step], -1)
    return out


_BLOCK = 2**16  # elements


def _exponentials(x: Array, p: Array, dim: int) -> None:
    if _moderate(x):
        np.exp(x, out=p)
    else:
        _below_0(x, p, dim)
        np.exp(p, out=p)
    p /= add_up(p, dim, True)


def _below_0(x: Array, y: Array, dim: int) -> None:
    """The elements minus the greatest of them along `dim`."""
    with np.errstate(invalid="ignore"):
        np.subtract(x, max_reduce(x, axis=dim, keepdims=True, initial=-np.inf), out=y)


@op(
    lambda g, y, x, dim: y * (g - _sum(g * y, dim, True)),
    domain=(REALS, Dim()),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{softmax}} {input}",
    analytic=True,
    wide=True,
)
def _softmax(input: Array, dim: int) -> Array:
    r"""Softmax, :math:`p_k = e^{s_k} / \sum_c e^{s_c}`.

    :math:`\ln p_k = s_k - \ln \sum_c e^{s_c}`, so :math:`dp_k = p_k (ds_k - \sum_c p_c ds_c)`: the Jacobian is
    :math:`\operatorname{Diag}(p) - p p^T`. Adding a constant to every s_k changes nothing, so the maximum is taken out
    where exponentials could leave the range.
    """
    return _by_rows(_exponentials, input, dim)


def _logarithms(x: Array, y: Array, dim: int) -> None:
    _below_0(x, y, dim)
    with np.errstate(divide="ignore"):
        y -= np.log(add_up(np.exp(y), dim, True))


@op(
    lambda g, y, x, dim: g - exp(y) * _sum(g, dim, True),
    domain=(REALS, Dim()),
    shapes="(*) -> (...)",
    tex=r"\ln \operatorname{{softmax}} {input}",
    analytic=True,
    wide=True,
)
def _log_softmax(input: Array, dim: int) -> Array:
    r"""Logarithm of the softmax, :math:`y_k = s_k - \ln \sum_c e^{s_c}`, finite wherever the logits are.

    :math:`dy_k = ds_k - \sum_c p_c ds_c` with :math:`p = e^y`.
    """
    return _by_rows(_logarithms, input, dim)


def _moderate(x: Array) -> bool:
    """Whether sums of the elements' exponentials stay in range: then no row's maximum needs to be found."""
    return x.dtype.kind == "f" and x.size > 0 and bool(min_reduce(x) > -_MODERATE and max_reduce(x) < _MODERATE)


_MODERATE = 40  # e^40 is 2e17, and float32 goes to 3e38: there is room for sums of 10^20 elements


# ------------------------------------------------------------------------------------------------- compositions


@convention("softmax of a row that is all -inf", [-math.inf] * 2, gives=[math.nan] * 2, of=lambda x: softmax(x, 0)[0])
@public
def softmax(input: Array, dim: int | None = None, dtype: Array = None) -> Tensor:
    r"""Softmax along `dim`, :math:`e^{s_k} / \sum_c e^{s_c}`; a row of -inf gives NaN.

    Raises:
        TypeError: `dim` isn't given, or no integer.
        RuntimeError: the elements are integers or bools.
    """
    return _softmax(*_logits("softmax", input, dim, dtype))


@convention(
    "log_softmax of a row that is all -inf", [-math.inf] * 2, gives=[math.nan] * 2, of=lambda x: log_softmax(x, 0)[0]
)
@public
def log_softmax(input: Array, dim: int | None = None, dtype: Array = None) -> Tensor:
    r"""Logarithm of the softmax along `dim`, :math:`s_k - \ln \sum_c e^{s_c}`; a row of -inf gives NaN.

    Raises:
        TypeError: `dim` isn't given, or no integer.
        RuntimeError: the elements are integers or bools.
    """
    return _log_softmax(*_logits("log_softmax", input, dim, dtype))


def _logits(name: str, input: Array, dim: int | None, dtype: Array) -> tuple[Array, int]:
    if dim is None:
        raise TypeError(f"{name}: say along which dim, for example dim=-1 for the classes of (batch, classes) logits")
    input = input if dtype is None else cast(input, dtype)
    refuse_integers(name, input)
    return input, dim if type(dim) is int else dim_of(name, dim, input.ndim)
