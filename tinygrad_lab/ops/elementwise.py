"""Elementwise functions of one variable."""

from __future__ import annotations

import math

import numpy as np

from ..convention import convention
from ..domain import POSITIVE, Reals
from ..op import Array, Fused, op
from .compare import sign, where


@op(lambda g, y, x: g * y, tex="e^{{{input}}}", analytic=True, ufunc=np.exp)
def exp(input: Array) -> Array:
    r"""Exponential, :math:`y = e^x`.

    :math:`dy = e^x\,dx = y\,dx`: the derivative is the output, which is already in hand.
    """
    return np.exp(input)


@op(lambda g, y, x: g * (y + 1), tex="e^{{{input}}} - 1", analytic=True, ufunc=np.expm1)
def expm1(input: Array) -> Array:
    r"""Exponential minus one, :math:`y = e^x - 1`, exact near 0.

    :math:`dy = e^x\,dx = (y + 1)\,dx`.
    """
    return np.expm1(input)


@op(lambda g, y, x: g / _or_nan(x), domain=POSITIVE, tex=r"\ln {input}", analytic=True, ufunc=np.log)
def log(input: Array) -> Array:
    r"""Natural logarithm, :math:`y = \ln x`.

    :math:`dy = dx / x`; infinite at 0, NaN where x < 0, since the function has no value there.
    """
    return np.log(input)


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
    return where(x < 0, math.nan, x)


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


@op(lambda g, y, x: g * cos(x), tex=r"\sin {input}", analytic=True, ufunc=np.sin)
def sin(input: Array) -> Array:
    r"""Sine, :math:`dy = \cos x\,dx`; x in radians."""
    return np.sin(input)


@op(lambda g, y, x: -g * sin(x), tex=r"\cos {input}", analytic=True, ufunc=np.cos)
def cos(input: Array) -> Array:
    r"""Cosine, :math:`dy = -\sin x\,dx`; x in radians."""
    return np.cos(input)


@op(
    lambda g, y, x: g * (1 + y * y),
    domain=Reals(low=-1.4, high=1.4),
    tex=r"\tan {input}",
    analytic=True,
    ufunc=np.tan,
)
def tan(input: Array) -> Array:
    r"""Tangent, :math:`dy = (1 + \tan^2 x)\,dx = (1 + y^2)\,dx`; x in radians."""
    return np.tan(input)


@op(lambda g, y, x: g * (1 - y * y), tex=r"\tanh {input}", analytic=True, ufunc=np.tanh)
def tanh(input: Array) -> Array:
    r"""Hyperbolic tangent, :math:`dy = (1 - \tanh^2 x)\,dx = (1 - y^2)\,dx`."""
    return np.tanh(input)


@op(lambda g, y, x: g * (y * (1 - y)), tex=r"\sigma({input})")
def sigmoid(input: Array) -> Array:
    r"""Logistic sigmoid, :math:`y = 1 / (1 + e^{-x})`.

    :math:`dy = e^{-x} / (1 + e^{-x})^2\,dx = y (1 - y)\,dx`. Computed from :math:`e^{-|x|}`, which can't overflow.
    """
    e = np.exp(-np.abs(input))
    return np.where(input >= 0, 1, e) / (1 + e)


def _relu(input: Array) -> tuple[Array, Array]:
    # an array of zeros is twice as fast as the number 0, which NumPy takes outside its vector loops
    y = np.zeros_like(input)
    np.maximum(input, y, out=y)
    return y, y


def _relu_rule(g: Array, y: Array, x: Array) -> Array:
    """g sign(y) in half the time: y is never negative, so its sign is a comparison, but for a NaN."""
    d = (y > 0).astype(g.dtype)
    if not np.maximum.reduce(y, axis=None, initial=0) >= 0:
        d[np.isnan(y)] = np.nan
    d *= g
    return d


@convention("relu at 0", [0.0, -0.0, 1.0, -1.0], gives=[0, 0, 1, 0])
@convention("relu of NaN", [math.nan], gives=[math.nan], value=[math.nan])
@op(
    lambda g, y, x: g * sign(y),
    domain=Reals(kinks=(0.0,)),
    tex=r"\max(0, {input})",
    fused=Fused(_relu, (_relu_rule,)),
)
def relu(input: Array) -> Array:
    r"""Rectifier, :math:`y = \max(0, x)`.

    :math:`dy = [x > 0]\,dx`, and :math:`[x > 0] = \operatorname{sign}(y)`; at 0 the subgradient of smallest norm, 0. A
    NaN stays NaN.
    """
    return _relu(input)[0]


@op(lambda g, y, x: g * sigmoid(x), tex=r"\ln(1 + e^{{{input}}})")
def softplus(input: Array) -> Array:
    r"""Smooth rectifier, :math:`y = \ln(1 + e^x)`.

    :math:`dy = e^x / (1 + e^x)\,dx = \sigma(x)\,dx`. Computed as :math:`\max(0, x) + \ln(1 + e^{-|x|})`.
    """
    return np.maximum(input, 0) + np.log1p(np.exp(-np.abs(input)))
