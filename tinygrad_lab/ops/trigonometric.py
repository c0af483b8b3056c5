"""Trigonometric and hyperbolic functions and their inverses; angles in radians."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import NONZERO, REALS, Choice, Reals
from ..op import Array, op
from ..public import public
from .arithmetic import mul
from .checks import of_tensors, refuse_whole
from .compare import _where
from .elementwise import _or_nan, sqrt

if TYPE_CHECKING:
    from ..tensor import Tensor

INSIDE = Reals(low=-0.95, high=0.95)


@op(lambda g, y, x: g * cos(x), tex=r"\sin {input}", analytic=True, ufunc=np.sin)
def sin(input: Array) -> Array:
    r"""Sine, :math:`dy = \cos x\,dx`."""
    return np.sin(input)


@op(lambda g, y, x: -g * sin(x), tex=r"\cos {input}", analytic=True, ufunc=np.cos)
def cos(input: Array) -> Array:
    r"""Cosine, :math:`dy = -\sin x\,dx`."""
    return np.cos(input)


@op(
    lambda g, y, x: g * (1 + y * y),
    domain=Reals(low=-1.4, high=1.4),
    tex=r"\tan {input}",
    analytic=True,
    ufunc=np.tan,
)
def tan(input: Array) -> Array:
    r"""Tangent, :math:`dy = (1 + \tan^2 x)\,dx = (1 + y^2)\,dx`."""
    return np.tan(input)


@op(
    lambda g, y, x: g / sqrt((1 - x) * (1 + x)),
    domain=INSIDE,
    tex=r"\arcsin {input}",
    analytic=True,
    ufunc=np.arcsin,
)
def asin(input: Array) -> Array:
    r"""Inverse sine.

    :math:`x = \sin y`, so :math:`dx = \cos y\,dy` and :math:`dy = dx / \sqrt{(1 - x)(1 + x)}`; infinite at 1 and -1.
    """
    return np.arcsin(input)


@convention("arccos(1)", [1.0, 0.0, -1.0], gives=[-math.inf, -1, -math.inf])
@op(
    lambda g, y, x: -g / sqrt((1 - x) * (1 + x)),
    domain=INSIDE,
    tex=r"\arccos {input}",
    analytic=True,
    ufunc=np.arccos,
)
def acos(input: Array) -> Array:
    r"""Inverse cosine.

    :math:`x = \cos y`, so :math:`dx = -\sin y\,dy` and :math:`dy = -dx / \sqrt{(1 - x)(1 + x)}`; infinite at 1 and -1.
    """
    return np.arccos(input)


@op(lambda g, y, x: g / (1 + x * x), tex=r"\arctan {input}", analytic=True, ufunc=np.arctan)
def atan(input: Array) -> Array:
    r"""Inverse tangent.

    :math:`x = \tan y`, so :math:`dx = (1 + x^2)\,dy` and :math:`dy = dx / (1 + x^2)`.
    """
    return np.arctan(input)


@convention("atan2(0, 0)", 0.0, 0.0, gives=(0, 0), value=0)
@of_tensors(2)
@op(
    lambda g, y, a, b: g * _over_radius(b, a, b),
    lambda g, y, a, b: -g * _over_radius(a, a, b),
    domain=(NONZERO, NONZERO),
    tex=r"\operatorname{{atan2}}({input}, {other})",
    ufunc=np.arctan2,
)
def atan2(input: Array, other: Array) -> Array:
    r"""The angle of the point (b, a), :math:`y = \arctan(a / b)` in the right quadrant.

    :math:`dy = (b\,da - a\,db) / (a^2 + b^2)`; 0 at the origin.
    """
    return np.arctan2(input, other)


def _over_radius(p: Array, a: Array, b: Array) -> Array:
    """p / (a^2 + b^2), and 0 where a and b are 0; the squares neither overflow nor underflow."""
    r = _hypot(a, b)
    r = _where(r == 0, math.inf, r)
    return p / r / r


@convention("hypot(0, 0)", 0.0, 0.0, gives=(0, 0), value=0)
@op(
    lambda g, y, a, b: g * (a / _where(y == 0, 1, y)),
    lambda g, y, a, b: g * (b / _where(y == 0, 1, y)),
    domain=NONZERO,
    tex=r"\sqrt{{{input}^2 + {other}^2}}",
    ufunc=np.hypot,
)
def _hypot(input: Array, other: Array) -> Array:
    r"""Length of a right triangle's hypotenuse, :math:`y = \sqrt{a^2 + b^2}`.

    :math:`y^2 = a^2 + b^2`, so :math:`2 y\,dy = 2 a\,da + 2 b\,db` and :math:`dy = (a\,da + b\,db) / y`; at the origin
    the subgradient of smallest norm, 0.
    """
    refuse_whole(input, other)
    return np.hypot(input, other)


@op(lambda g, y, x: g * cosh(x), tex=r"\sinh {input}", analytic=True, ufunc=np.sinh)
def sinh(input: Array) -> Array:
    r"""Hyperbolic sine, :math:`dy = \cosh x\,dx`."""
    return np.sinh(input)


@op(lambda g, y, x: g * sinh(x), tex=r"\cosh {input}", analytic=True, ufunc=np.cosh)
def cosh(input: Array) -> Array:
    r"""Hyperbolic cosine, :math:`dy = \sinh x\,dx`."""
    return np.cosh(input)


@op(
    lambda g, y, x: g / sqrt(x * x + 1),
    tex=r"\operatorname{{arsinh}} {input}",
    analytic=True,
    ufunc=np.arcsinh,
)
def asinh(input: Array) -> Array:
    r"""Inverse hyperbolic sine.

    :math:`x = \sinh y`, so :math:`dx = \cosh y\,dy` and :math:`dy = dx / \sqrt{x^2 + 1}`.
    """
    return np.arcsinh(input)


@op(
    lambda g, y, x: g / (sqrt(x - 1) * sqrt(x + 1)),
    domain=Reals(low=1.1, high=4),
    tex=r"\operatorname{{arcosh}} {input}",
    analytic=True,
    ufunc=np.arccosh,
)
def acosh(input: Array) -> Array:
    r"""Inverse hyperbolic cosine.

    :math:`x = \cosh y`, so :math:`dx = \sinh y\,dy` and :math:`dy = dx / \sqrt{(x - 1)(x + 1)}`; infinite at 1, NaN
    below, since the function has no value there.
    """
    return np.arccosh(input)


@op(
    lambda g, y, x: g / _or_nan((1 - x) * (1 + x)),
    domain=INSIDE,
    tex=r"\operatorname{{artanh}} {input}",
    analytic=True,
    ufunc=np.arctanh,
)
def atanh(input: Array) -> Array:
    r"""Inverse hyperbolic tangent.

    :math:`x = \tanh y`, so :math:`dx = (1 - x^2)\,dy` and :math:`dy = dx / ((1 - x)(1 + x))`; infinite at 1 and -1, NaN
    beyond, since the function has no value there.
    """
    return np.arctanh(input)


@op(
    lambda g, y, x, order: g * _sinc(x, order + 1),
    domain=(REALS, Choice((0, 1, 2))),
    shapes="(*) -> (*)",
    tex=r"\operatorname{{sinc}}^{{({order})}} {input}",
    wide=True,
)
def _sinc(input: Array, order: int = 0) -> Array:
    r"""The derivative of a given order n of the normalized sinc, :math:`f(x) = \sin(\pi x) / (\pi x)`.

    Its derivative is the next order's, :math:`dy = f^{(n+1)}(x)\,dx`. Differentiating
    :math:`x f(x) = \sin(\pi x) / \pi` n times gives
    :math:`x f^{(n)} + n f^{(n-1)} = \pi^{n-1} \sin(\pi x + n \pi / 2)`, a recursion that is exact for large x. Near 0
    it would cancel; there :math:`f^{(n)}(x) = \pi^n \sum_{2k \ge n} (-1)^k (\pi x)^{2k-n} / ((2k + 1) (2k - n)!)`.
    """
    y = np.sinc(input)
    if order == 0:
        return y
    with np.errstate(divide="ignore", invalid="ignore"):
        for n in range(1, order + 1):
            y = (math.pi ** (n - 1) * _sine_of_turns(input, n) - n * y) / input
    z = np.clip(np.multiply(input, math.pi), -order, order)
    series, term = np.zeros_like(z), np.ones_like(z)
    for power in range(order + 28):
        if (power + order) % 2 == 0:
            series += term * ((-1) ** ((power + order) // 2) / (power + order + 1))
        term *= z / (power + 1)
    return np.where(np.abs(z) < order, math.pi**order * series, y)


def _sine_of_turns(x: Array, quarters: int) -> Array:
    """The sine of pi x and so many quarters of a turn."""
    f = (np.sin, np.cos)[quarters % 2]
    y = f(np.multiply(x, math.pi))
    return -y if quarters // 2 % 2 else y


# --------------------------------------------------------------------------------------------- compositions

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
hypot = of_tensors(2)(_hypot)


@convention("sinc(0)", [0.0, 1.0], gives=[0, -1])
@public
def sinc(input: Array) -> Tensor:
    r"""Normalized sinc, :math:`\sin(\pi x) / (\pi x)`, and 1 at 0."""
    return _sinc(input, 0)


@public
def deg2rad(input: Array) -> Tensor:
    """Degrees as radians."""
    return mul(input, math.pi / 180)


@public
def rad2deg(input: Array) -> Tensor:
    """Radians as degrees."""
    return mul(input, 180 / math.pi)
