"""Exponentials, logarithms and roots, and what is made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import NONZERO, POSITIVE, REALS, Reals
from ..op import Array, Fused, op
from ..public import public
from ..threads import over_elements, spread
from .checks import of_tensors, refuse_whole
from .compare import _sign, _where, floating

if TYPE_CHECKING:
    from ..tensor import Tensor

LN2 = math.log(2)

_exp, _log, _tanh = (spread(f) for f in (np.exp, np.log, np.tanh))


@op(lambda g, y, x: g * y, tex="e^{{{input}}}", analytic=True, ufunc=np.exp)
def exp(input: Array) -> Array:
    r"""Exponential, :math:`y = e^x`.

    :math:`dy = e^x\,dx = y\,dx`: the derivative is the output, which is already in hand.
    """
    return _exp(input)


@op(lambda g, y, x: g * (y * LN2), tex="2^{{{input}}}", analytic=True, ufunc=np.exp2)
def exp2(input: Array) -> Array:
    r"""Power of two, :math:`y = 2^x`, :math:`dy = 2^x \ln 2\,dx = y \ln 2\,dx`."""
    return np.exp2(input)


@op(lambda g, y, x: g * (y + 1), tex="e^{{{input}}} - 1", analytic=True, ufunc=np.expm1)
def expm1(input: Array) -> Array:
    r"""Exponential minus one, :math:`y = e^x - 1`, exact near 0.

    :math:`dy = e^x\,dx = (y + 1)\,dx`.
    """
    return np.expm1(input)


@convention("log at 0; at -1", [0.0, -1.0, 2.0], gives=[math.inf, math.nan, 0.5])
@op(lambda g, y, x: g / _or_nan(x), domain=POSITIVE, tex=r"\ln {input}", analytic=True, ufunc=np.log)
def log(input: Array) -> Array:
    r"""Natural logarithm, :math:`y = \ln x`.

    :math:`dy = dx / x`; infinite at 0, NaN where x < 0, since the function has no value there.
    """
    return _log(input)


@op(lambda g, y, x: g / (_or_nan(x) * LN2), domain=POSITIVE, tex=r"\log_2 {input}", analytic=True, ufunc=np.log2)
def log2(input: Array) -> Array:
    r"""Logarithm to base 2, :math:`y = \ln x / \ln 2`, :math:`dy = dx / (x \ln 2)`; at 0 and below as `log`."""
    return np.log2(input)


@op(
    lambda g, y, x: g / (_or_nan(x) * math.log(10)),
    domain=POSITIVE,
    tex=r"\log_{{10}} {input}",
    analytic=True,
    ufunc=np.log10,
)
def log10(input: Array) -> Array:
    r"""Logarithm to base 10, :math:`y = \ln x / \ln 10`, :math:`dy = dx / (x \ln 10)`; at 0 and below as `log`."""
    return np.log10(input)


@convention("log1p at -1; at -2", [-1.0, -2.0, 1.0], gives=[math.inf, math.nan, 0.5])
@op(
    lambda g, y, x: g / _or_nan(1 + x),
    domain=Reals(low=-0.9),
    tex=r"\ln(1 + {input})",
    analytic=True,
    ufunc=np.log1p,
)
def log1p(input: Array) -> Array:
    r"""Logarithm of one plus x, :math:`y = \ln(1 + x)`, exact near 0.

    :math:`dy = dx / (1 + x)`; infinite at -1, NaN below.
    """
    return np.log1p(input)


def _or_nan(x: Array) -> Array:
    """x, or NaN where it is negative and its logarithm has no value."""
    return _where(x < 0, math.nan, x)


@convention("logaddexp(-inf, -inf)", -math.inf, -math.inf, gives=(0, 0), value=-math.inf)
@convention("logaddexp(inf, 0)", math.inf, 0.0, gives=(1, 0), value=math.inf)
@of_tensors(2)
@op(
    lambda g, y, a, b: g * _where(y == -math.inf, 0, sigmoid(_gap(a, b))),
    lambda g, y, a, b: g * _where(y == -math.inf, 0, sigmoid(_gap(b, a))),
    tex=r"\ln(e^{{{input}}} + e^{{{other}}})",
    wide=True,
    ufunc=np.logaddexp,
)
def logaddexp(input: Array, other: Array) -> Array:
    r"""Logarithm of a sum of exponentials, :math:`y = \ln(e^a + e^b)`, where neither overflows.

    :math:`dy = e^{a - y}\,da + e^{b - y}\,db`, and :math:`e^{a - y} = \sigma(a - b)`; 0 where both are -inf.
    """
    refuse_whole(input, other)
    return np.logaddexp(input, other)


@of_tensors(2)
@op(
    lambda g, y, a, b: g * _where(y == -math.inf, 0, sigmoid(_gap(a, b) * LN2)),
    lambda g, y, a, b: g * _where(y == -math.inf, 0, sigmoid(_gap(b, a) * LN2)),
    tex=r"\log_2(2^{{{input}}} + 2^{{{other}}})",
    ufunc=np.logaddexp2,
)
def logaddexp2(input: Array, other: Array) -> Array:
    r"""Logarithm to base 2 of a sum of powers of two, :math:`y = \log_2(2^a + 2^b)`.

    :math:`dy = 2^{a - y}\,da + 2^{b - y}\,db`, and :math:`2^{a - y} = \sigma((a - b) \ln 2)`; 0 where both are -inf.
    """
    refuse_whole(input, other)
    return np.logaddexp2(input, other)


def _gap(a: Array, b: Array) -> Array:
    """a - b, and 0 between equal infinities."""
    return _where((a == b) & (abs(a) == math.inf), 0, a - b)


@convention("sqrt at 0", [0.0, 4.0], gives=[math.inf, 0.25])
@convention("sqrt(x) ** 2 at 0", [0.0, 4.0], gives=[math.nan, 1], of=lambda x: sqrt(x) ** 2)
@op(lambda g, y, x: g / (2 * y), domain=POSITIVE, tex=r"\sqrt{{{input}}}", analytic=True, ufunc=np.sqrt)
def sqrt(input: Array) -> Array:
    r"""Square root, :math:`y = \sqrt x`.

    :math:`x = y^2`, so :math:`dx = 2 y\,dy` and :math:`dy = dx / 2y`; infinite at 0.
    """
    return np.sqrt(input)


@op(lambda g, y, x: g * (y * y * y) * -0.5, domain=POSITIVE, tex=r"\frac{{1}}{{\sqrt{{{input}}}}}", analytic=True)
def rsqrt(input: Array) -> Array:
    r"""Reciprocal square root, :math:`y = x^{-1/2}`.

    :math:`dy = -\tfrac12 x^{-3/2}\,dx = -\tfrac12 y^3\,dx`.
    """
    return 1 / np.sqrt(input)


def _sigmoid(x: Array, out: Array) -> None:
    with np.errstate(over="ignore"):
        np.negative(x, out)
        np.exp(out, out)
    np.add(out, 1, out)
    np.divide(1, out, out)


def _sigmoid_rule(y: Array, g: Array, out: Array) -> None:
    np.subtract(1, y, out)
    np.multiply(y, out, out)
    np.multiply(g, out, out)


def _pulled_back(rule: Callable[[Array, Array, Array], None]) -> Callable[[Array, Array, Array], Array]:
    """The fused rule that is `rule(y, g, out)`, in parts."""
    return lambda g, y, x: over_elements(rule, y, g)


@convention("sigmoid at +-1000", [-1000.0, 1000.0], gives=[0, 0], value=[0, 1])
@op(
    lambda g, y, x: g * (y * (1 - y)),
    tex=r"\sigma({input})",
    analytic=True,
    wide=True,
    fused=Fused(None, (_pulled_back(_sigmoid_rule),)),
)
def sigmoid(input: Array) -> Array:
    r"""Logistic sigmoid, :math:`y = 1 / (1 + e^{-x})`.

    :math:`dy = e^{-x} / (1 + e^{-x})^2\,dx = y (1 - y)\,dx`. Where :math:`e^{-x}` overflows, y is 0, as it should be.
    """
    return _logistic(input)


def _logistic(x: Array) -> Array:
    return over_elements(_sigmoid, x if x.dtype.kind in "fc" else x.astype(np.float64))


def _tanh_rule(y: Array, g: Array, out: Array) -> None:
    np.multiply(y, y, out)
    np.subtract(1, out, out)
    np.multiply(g, out, out)


@convention("tanh at +-1000", [-1000.0, 1000.0], gives=[0, 0], value=[-1, 1])
@op(
    lambda g, y, x: g * (1 - y * y),
    tex=r"\tanh {input}",
    analytic=True,
    wide=True,
    ufunc=np.tanh,
    fused=Fused(None, (_pulled_back(_tanh_rule),)),
)
def tanh(input: Array) -> Array:
    r"""Hyperbolic tangent, :math:`dy = (1 - \tanh^2 x)\,dx = (1 - y^2)\,dx`."""
    return _tanh(input)


_SMALL = 4096  # elements: calls cost more than loops


_INTEGERS = {"e": (np.uint16, np.int16), "f": (np.uint32, np.int32), "d": (np.uint64, np.int64)}


def _relu_rule(g: Array, y: Array, x: Array) -> Array:
    """g sign(y), for many elements in half the time: the bits of a positive number, negated and shifted, are a mask."""
    if y.size <= _SMALL or y.dtype != g.dtype or y.dtype.char not in _INTEGERS:
        return g * np.sign(y)
    unsigned, signed = _INTEGERS[y.dtype.char]
    # unsigned, the bits of -0, of NaN and of what is negative are greater than those of infinity
    if y.view(unsigned).max() > np.array(np.inf, y.dtype).view(unsigned):
        return g * np.sign(y)
    d = np.empty_like(g)
    mask = d.view(signed)
    np.negative(y.view(signed), out=mask)
    np.right_shift(mask, 8 * y.itemsize - 1, out=mask)
    np.bitwise_and(mask, g.view(signed), out=mask)
    return d


@convention("relu at 0", [0.0, -0.0, 1.0, -1.0], gives=[0, 0, 1, 0])
@convention("relu of NaN", [math.nan], gives=[math.nan], value=[math.nan])
@op(
    lambda g, y, x: g * _sign(y),
    domain=NONZERO,
    tex=r"\max(0, {input})",
    promotes=False,
    fused=Fused(None, (_relu_rule,)),
)
def relu(input: Array) -> Array:
    r"""Rectifier, :math:`y = \max(0, x)`.

    :math:`dy = [x > 0]\,dx`, and :math:`[x > 0] = \operatorname{sign}(y)`; at 0 the subgradient of smallest norm, 0. A
    NaN stays NaN.
    """
    if input.size <= _SMALL:
        return np.maximum(input, input.dtype.type(0))  # of bools it is bool, and refused
    y = np.zeros_like(input)  # without AVX-512 an array of zeros is twice as fast as the number 0
    return np.maximum(input, y, out=y)


@op(lambda g, y, x: g * sigmoid(x), tex=r"\ln(1 + e^{{{input}}})", wide=True)
def softplus(input: Array) -> Array:
    r"""Smooth rectifier, :math:`y = \ln(1 + e^x)`.

    :math:`dy = e^x / (1 + e^x)\,dx = \sigma(x)\,dx`. Computed as :math:`\max(0, x) + \ln(1 + e^{-|x|})`.
    """
    return np.maximum(input, 0) + np.log1p(np.exp(-np.abs(input)))


@convention("xlogy(0, 0)", 0.0, 0.0, gives=(0, 0), value=0)
@op(
    lambda g, y, a, b: g * _where((a == 0) & (b <= 0), 0, log(floating(b, a))),
    lambda g, y, a, b: g * (a / _where((a == 0) & (b == 0), 1, b)),
    domain=(REALS, POSITIVE),
    tex=r"{input} \ln {other}",
)
def xlogy(input: Array, other: Array) -> Array:
    r"""Product with a logarithm, :math:`y = a \ln b`, and 0 where a is 0, even if b is 0 or negative.

    :math:`dy = \ln b\,da + a\,db / b`; at a = 0 both are 0 where b is 0, the first where b is negative, too.
    """
    dtype = np.result_type(input, other)
    other = np.asarray(other, dtype if dtype.kind in "fc" else np.float64)
    return np.multiply(input, np.log(np.where(np.equal(input, 0) & ~np.isnan(other), 1, other)))


@op(
    lambda g, y, x: g / _or_nan(x * (1 - x)),
    domain=Reals(0.02, 0.98),
    tex=r"\ln\frac{{{input}}}{{1 - {input}}}",
    analytic=True,
)
def _logit(input: Array) -> Array:
    r"""Log-odds, :math:`y = \ln(x / (1 - x))`, the inverse of the sigmoid.

    :math:`x = \sigma(y)`, so :math:`dx = x (1 - x)\,dy` and :math:`dy = dx / (x (1 - x))`; infinite at 0 and 1, NaN
    outside.
    """
    return np.log(np.true_divide(input, np.subtract(1, input)))


# --------------------------------------------------------------------------------------------- compositions


@public
def logit(input: Array, eps: float | None = None) -> Tensor:
    r"""The inverse of `sigmoid`, :math:`\ln(x / (1 - x))`; x is first limited to [eps, 1 - eps] if `eps` is given.

    The gradient is 0 where x is limited.
    """
    if eps is not None:
        low, high = eps, 1 - eps
        input = _where(input < low, low, _where(input > high, high, input))
    return _logit(input)


expit = sigmoid
