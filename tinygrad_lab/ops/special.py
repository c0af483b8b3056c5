"""The error function and the gamma function, with their kin.

NumPy has none of them, so each is evaluated here from a published approximation, with full double accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..domain import POSITIVE, Choice, Reals
from ..op import Array, Fused, op
from ..public import public
from ..threads import over_elements
from .arithmetic import _sub, mul, neg
from .compare import _where
from .elementwise import exp, log1p, xlogy

if TYPE_CHECKING:
    from ..tensor import Tensor

BLOCK = 1 << 17  # elements that stay in a core's cache while a polynomial is evaluated


def horner(x: Array, coefficients: Sequence[float]) -> Array:
    """The polynomial with these coefficients, the highest first."""
    y = x * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= x
    y += coefficients[-1]
    return y


def by_parts(x: Array, parts: Sequence[tuple[Array, Callable[[Array], Array]]]) -> Array:
    """`f(x)` where `mask` holds, for each (mask, f) of `parts`; NaN elsewhere."""
    out = np.full_like(x, math.nan)
    for mask, f in parts:
        if mask.all():
            return f(x)
        if mask.any():
            out[mask] = f(x[mask])
    return out


# ---------------------------------------------------------------------------------------------- error function

# Of Cody's approximations the numerators and denominators on [0, 15/32], [15/32, 4] and, in 1 / x^2, beyond 4.
_NEAR = (
    (
        1.85777706184603153e-1,
        3.16112374387056560e0,
        1.13864154151050156e2,
        3.77485237685302021e2,
        3.20937758913846947e3,
    ),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e0,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_FAR = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e0,
        1.87295284992346047e0,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)
# artanh(erf x) / x as a polynomial in x^2: minimax in the relative error of erf, found by Lawson's iteration
SINGLE = (
    1.3992288927511254e-07,
    -5.631935437122593e-06,
    8.739498298382387e-05,
    -6.19086786173284e-04,
    -1.9270625489298254e-04,
    1.0276947170495987e-01,
    1.128379225730896e00,
)


def _erf(x: Array) -> Array:
    if x.dtype == np.float32:
        return over_elements(_erf_single, np.asarray(x, order="C"))
    x = np.asarray(x, np.result_type(x, np.float64))
    near = np.abs(x) <= 0.46875

    def far(x: Array) -> Array:
        return np.copysign(1 - _erfc_far(np.abs(x)), x)

    return by_parts(x, [(near, lambda x: x * _ratio(x * x, _NEAR)), (~near, far)])


def _erf_single(x: Array, out: Array) -> None:
    x, out = x.reshape(-1), out.reshape(-1)
    squares = np.empty(min(BLOCK, x.size), np.float32)
    with np.errstate(over="ignore"):  # of squares: the polynomial's infinity has the right sign
        for start in range(0, x.size, BLOCK):
            a, b = x[start : start + BLOCK], out[start : start + BLOCK]
            t = squares[: a.size]
            np.multiply(a, a, t)
            np.multiply(t, SINGLE[0], b)
            for c in SINGLE[1:-1]:
                np.add(b, c, b)
                np.multiply(b, t, b)
            np.add(b, SINGLE[-1], b)
            np.multiply(b, a, b)
            np.tanh(b, b)


def _erf_rule(x: Array, g: Array, out: Array) -> None:
    np.multiply(x, x, out)
    np.negative(out, out)
    np.exp(out, out)
    np.multiply(out, 2 / math.sqrt(math.pi), out)
    np.multiply(g, out, out)


@op(
    lambda g, y, x: g * (2 / math.sqrt(math.pi) * exp(-x * x)),
    tex=r"\operatorname{{erf}} {input}",
    wide=True,
    fused=Fused(None, (lambda g, y, x: over_elements(_erf_rule, x, g),)),
)
def erf(input: Array) -> Array:
    r"""Error function, :math:`y = \tfrac{2}{\sqrt\pi} \int_0^x e^{-t^2}\,dt`.

    :math:`dy = \tfrac{2}{\sqrt\pi} e^{-x^2}\,dx`, the integrand. In float64 by Cody's rational approximations
    (Mathematics of Computation 23 (1969) 631), to 7e-16. In float32 as :math:`\tanh(x\,p(x^2))` with a minimax
    polynomial p of degree 6, to 3.2 units in the last place: 15 passes of NumPy's loops over blocks in the cache.
    """
    return _erf(input)


def _ratio(x: Array, polynomials: tuple[Sequence[float], Sequence[float]]) -> Array:
    above, below = polynomials
    return horner(x, above) / horner(x, below)


def _erfc_far(x: Array) -> Array:
    """erfc of x > 15/32, small relative error and all: the square in the exponent is split into two exact parts."""
    x = np.minimum(x, 30)  # where erfc has long underflown to 0; a NaN stays
    coarse = np.trunc(x * 16) / 16
    scale = np.exp(-coarse * coarse) * np.exp(-(x - coarse) * (x + coarse))

    def tail(x: Array) -> Array:
        z = 1 / (x * x)
        return (1 / math.sqrt(math.pi) - z * _ratio(z, _FAR)) / x

    return scale * by_parts(x, [(x <= 4, lambda x: _ratio(x, _MIDDLE)), (x > 4, tail)])


@op(lambda g, y, x: g * (-2 / math.sqrt(math.pi) * exp(-x * x)), tex=r"\operatorname{{erfc}} {input}", wide=True)
def erfc(input: Array) -> Array:
    r"""Complementary error function, :math:`y = 1 - \operatorname{erf} x`, exact where it is small.

    :math:`dy = -\tfrac{2}{\sqrt\pi} e^{-x^2}\,dx`. By Cody's rational approximations (Mathematics of Computation 23
    (1969) 631).
    """
    x = np.asarray(input, np.result_type(input, np.float32))

    def far(x: Array) -> Array:
        y = _erfc_far(np.abs(x))
        return np.where(x < 0, 2 - y, y)

    near = np.abs(x) <= 0.46875
    y = by_parts(x, [(near, lambda x: 1 - x * _ratio(x * x, _NEAR)), (~near, far)])
    return y.astype(np.result_type(input, np.float16), copy=False)


# Wichura's algorithm AS 241 (PPND16): numerators and denominators in the middle, the tails, and the far tails.
_CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
_TAIL = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
_FAR_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)


@op(
    lambda g, y, x: g * (math.sqrt(math.pi) / 2 * exp(y * y)),
    domain=Reals(low=-0.95, high=0.95),
    tex=r"\operatorname{{erf}}^{{-1}} {input}",
    wide=True,
)
def erfinv(input: Array) -> Array:
    r"""Inverse error function: the y with :math:`\operatorname{erf} y = x`; infinite at 1 and -1, NaN beyond.

    :math:`dx = \tfrac{2}{\sqrt\pi} e^{-y^2}\,dy`, so :math:`dy = \tfrac{\sqrt\pi}{2} e^{y^2}\,dx`. The normal
    distribution's quantile at (1 + x) / 2, by Wichura's algorithm AS 241 (Applied Statistics 37 (1988) 477), to 1e-16.
    """
    x = np.asarray(input, np.result_type(input, np.float64))  # in float32 the tails would lose their digits
    near = np.abs(x) <= 0.85

    def tails(x: Array) -> Array:
        r = np.sqrt(-np.log((1 - np.abs(x)) / 2))
        y = by_parts(r, [(r <= 5, lambda r: _ratio(r - 1.6, _TAIL)), (r > 5, lambda r: _ratio(r - 5, _FAR_TAIL))])
        return np.copysign(np.where(np.isinf(r), math.inf, y), x)

    with np.errstate(divide="ignore", invalid="ignore"):
        y = by_parts(x, [(near, lambda x: x / 2 * _ratio(0.180625 - x * x / 4, _CENTRE)), (~near, tails)])
    return (y / math.sqrt(2)).astype(np.result_type(input, np.float16), copy=False)


# ---------------------------------------------------------------------------------------------- gamma function

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)  # the 2nd, the 4th, ...


def _zeta_less_one(s: int) -> float:
    """Riemann's zeta function at s > 1, less 1: the sum to 15, and Euler's and Maclaurin's formula for the rest."""
    rest = 16.0 ** (1 - s) / (s - 1) + 0.5 * 16.0**-s
    factor = s * 16.0 ** (-s - 1)
    for k, b in enumerate(_BERNOULLI, 1):
        rest += b / math.factorial(2 * k) * factor
        factor *= (s + 2 * k - 1) * (s + 2 * k) / 256
    return math.fsum([*(n**-s for n in range(2, 16)), rest])


# ln gamma(2 + z) = (1 - Euler's constant) z + sum over k > 1 of (zeta(k) - 1) (-z)^k / k
_AROUND_2 = (*((-1) ** k * _zeta_less_one(k) / k for k in range(28, 1, -1)), 0.42278433509846713939, 0.0)
_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1))


@op(lambda g, y, x: g * _polygamma(x, 0), domain=POSITIVE, tex=r"\ln |\Gamma({input})|", wide=True)
def lgamma(input: Array) -> Array:
    r"""Logarithm of the gamma function's absolute value, :math:`y = \ln |\Gamma(x)|`; infinite at 0, -1, -2, ...

    :math:`dy = \psi(x)\,dx`, the digamma function by definition. By the Taylor series around 2, which keeps the zeros
    at 1 and 2 exact, with :math:`\Gamma(x + 1) = x \Gamma(x)` below 8, by Stirling's series above, and by
    :math:`\Gamma(x) \Gamma(-x) = -\pi / (x \sin \pi x)` for negative x (Abramowitz and Stegun, 6.1.15 to 6.1.41).
    """
    x = np.asarray(input, np.result_type(input, np.float64))  # in float32 the sums would lose digits
    a = np.abs(x)
    with np.errstate(all="ignore"):
        y = by_parts(
            a,
            [
                (a < 0.5, lambda a: horner(a, _AROUND_2) - np.log1p(a) - np.log(a)),
                ((a >= 0.5) & (a < 1.5), lambda a: horner(a - 1, _AROUND_2) - np.log1p(a - 1)),
                ((a >= 1.5) & (a < 8), _lgamma_by_steps),
                (a >= 8, _stirling),
            ],
        )
        reflected = np.log(math.pi / np.abs(np.sin(math.pi * (a - np.rint(a))))) - np.log(a) - y
        y = np.where((x < 0) & np.isfinite(x), reflected, y)
    return y.astype(np.result_type(input, np.float16), copy=False)


def _lgamma_by_steps(x: Array) -> Array:
    """ln gamma of 1.5 <= x < 8."""
    product = np.ones_like(x)
    for _ in range(6):
        high = x >= 2.5
        x = x - high
        product = product * np.where(high, x, 1)
    return np.log(product) + horner(x - 2, _AROUND_2)


def _stirling(x: Array) -> Array:
    """ln gamma of x >= 8."""
    series = horner(1 / (x * x), _STIRLING[::-1]) / x
    return np.where(x == math.inf, x, (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series)


@op(
    lambda g, y, x, n: g * _polygamma(x, n + 1),
    domain=(POSITIVE, Choice((0, 1, 2))),
    shapes="(*) -> (*)",
    tex=r"\psi^{{({n})}}({input})",
    wide=True,
)
def _polygamma(input: Array, n: int) -> Array:
    r"""The digamma function's n-th derivative, :math:`y = \psi^{(n)}(x)`.

    Its derivative is the next one's, :math:`dy = \psi^{(n+1)}(x)\,dx`. By
    :math:`\psi^{(n)}(x) = \psi^{(n)}(x + 1) - (-1)^n n!\,x^{-n-1}` up to where the asymptotic series is exact, and for
    x <= 0 by :math:`\psi(1 - x) - \psi(x) = \pi \cot \pi x`, differentiated n times (Abramowitz and Stegun, 6.3.7 to
    6.4.11).
    """
    x = np.asarray(input, np.result_type(input, np.float64))  # in float32 the sums would lose digits
    if n > _MOST:
        return np.full_like(input, (-1) ** (n + 1) * math.inf)
    low = x <= 0
    with np.errstate(all="ignore"):
        y = _polygamma_of_positive(np.where(low, 1 - x, x), n)
        if low.any():
            y = np.where(low, (-1) ** n * y - _cot_derivative(x, n), y)
            if n == 0:
                y = np.where((x < 0) & (x == np.rint(x)), math.nan, y)
    return y.astype(np.result_type(input, np.float16), copy=False)


_MOST = 155  # beyond it the factorials in the series are too large for float64


def _polygamma_of_positive(x: Array, n: int) -> Array:
    steps = np.zeros_like(x)
    for _ in range(12 + n):
        below = x < 12 + n
        steps += np.where(below, x ** -(n + 1.0), 0)
        x = x + below
    z = 1 / (x * x)
    series = [b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1)]
    whole = (math.factorial(n - 1) if n else -np.log(x)) + math.factorial(n) / 2 / x + z * horner(z, series[::-1])
    return (-1) ** (n + 1) * (whole / x**n + math.factorial(n) * steps)


def _cot_derivative(x: Array, n: int) -> Array:
    """The n-th derivative of pi cot(pi x): a polynomial in the cotangent c, as dc = -(1 + c^2) pi dx."""
    polynomial = np.polynomial.Polynomial([0, 1])
    for _ in range(n):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([-1, 0, -1])
    cot = 1 / np.tan(math.pi * np.where(x == 0, x, x - np.rint(x)))  # 0 keeps its sign
    return math.pi ** (n + 1) * horner(cot, polynomial.coef[::-1].tolist())


# --------------------------------------------------------------------------------------------- compositions


@public
def digamma(input: Array) -> Tensor:
    r"""The logarithmic derivative of the gamma function, :math:`\psi(x) = \Gamma'(x) / \Gamma(x)`.

    Infinite at 0, NaN at -1, -2, ...
    """
    return _polygamma(input, 0)


@public
def polygamma(n: int, input: Array) -> Tensor:
    """The n-th derivative of `digamma`, for n >= 0.

    Raises:
        RuntimeError: n is negative.
    """
    if n < 0:
        raise RuntimeError(f"polygamma: n must not be negative, but is {n}")
    return _polygamma(input, n)


@public
def ndtr(input: Array) -> Tensor:
    """The normal distribution function: the share below `input`, exact where it is small."""
    return mul(erfc(mul(input, -math.sqrt(0.5))), 0.5)


@public
def ndtri(input: Array) -> Tensor:
    """The normal distribution's quantile: the inverse of `ndtr`, to the digits that 2 x - 1 has."""
    return mul(erfinv(_sub(mul(input, 2.0), 1)), math.sqrt(2))


@public
def entr(input: Array) -> Tensor:
    r"""Entropy of its elements, :math:`-x \ln x`: 0 at 0, -inf below."""
    return _where(input < 0, -math.inf, neg(xlogy(input, input)))


@public
def xlog1py(input: Array, other: Array) -> Tensor:
    r""":math:`a \ln(1 + b)`, and 0 where a is 0, even if b is -1 or infinite; exact near b = 0."""
    zero = (input == 0) & ((other <= -1) | (other == math.inf))
    return _where(zero, 0, mul(input, log1p(_where(zero, 0, other))))
