"""Sums of exponentials: logsumexp, softmax and its logarithm, for logits of any size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import FLAG, REALS, Dim, Dims
from ..op import Array, numpy_names, op
from .cast import cast
from .elementwise import exp
from .reduce import DimLike, add_reduce, axis_of, max_reduce, refuse_integers
from .shape import dims_of, spread

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
    axis = axis_of(input, dim)
    input = input if input.dtype.kind in "fc" else input.astype(np.float64)
    top = max_reduce(input, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    with np.errstate(divide="ignore"):
        y = np.log(add_reduce(np.exp(input - top), axis=axis, keepdims=True)) + top
    return y if keepdim else np.squeeze(y, dims_of("logsumexp", input.ndim, dim))


@op(lambda g, y, a, b: g, lambda g, y, a, b: -g, tex="{input} - {other}", analytic=True)
def gap(input: Array, other: Array) -> Array:
    r"""`input - other` as the exponent of a softmax weight.

    :math:`\infty - \infty = 0` and :math:`-\infty + \infty = -\infty`, so equal infinite logits
    weigh 1, and a row that is all :math:`-\infty` weighs 0.
    """
    with np.errstate(invalid="ignore"):
        d = np.subtract(input, other)
    if np.isnan(add_reduce(d, axis=None)):
        equal = np.isinf(input) & (input == other)
        d = np.where(equal, np.where(np.less(input, 0), -np.inf, 0), d).astype(d.dtype, copy=False)
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
        p = np.asarray(input - max_reduce(input, axis=dim, keepdims=True, initial=-np.inf))
    np.exp(p, out=p)
    p /= add_reduce(p, axis=dim, keepdims=True)
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
        y = input - max_reduce(input, axis=dim, keepdims=True, initial=-np.inf)
    with np.errstate(divide="ignore"):
        y -= np.log(add_reduce(np.exp(y), axis=dim, keepdims=True))
    return y


# ------------------------------------------------------------------------------------------------- compositions


@convention("softmax of a row that is all -inf", [-math.inf] * 2, gives=[math.nan] * 2, of=lambda x: softmax(x, 0)[0])
@numpy_names
def softmax(input: Array, dim: int | None = None, *, dtype: Array = None) -> Tensor:
    r"""Softmax along `dim`, :math:`e^{s_k} / \sum_c e^{s_c}`; a row of -inf gives NaN.

    Raises:
        TypeError: `dim` isn't given.
        RuntimeError: the elements are integers or bools.
    """
    return _softmax(*_logits("softmax", input, dim, dtype))


@convention(
    "log_softmax of a row that is all -inf", [-math.inf] * 2, gives=[math.nan] * 2, of=lambda x: log_softmax(x, 0)[0]
)
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
    refuse_integers(name, input)
    return input, dim
