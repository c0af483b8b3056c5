"""Numeric derivatives in float64: what a rule is held against.

A Jacobian of `f` at `x` is an array of shape `(*f(x).shape, *x.shape)`. Both oracles give one, with an estimate of
its error: the complex step, exact to rounding where `f` is analytic and its program accepts complex numbers, and
Richardson's extrapolation of central differences everywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..domain import Reals

Array = np.ndarray[Any, Any]

EPS = float(np.finfo(np.float64).eps)
TINY = 1e-30  # the complex step: its square vanishes beside 1, and far from float64's smallest number
REACH = 2.0**-5  # the longest real step, for numbers up to 1
HALVINGS = 6  # steps that `richardson` takes: REACH, REACH / 2, ... REACH / 32


class Jacobian(NamedTuple):
    """A numeric Jacobian and the estimate of its absolute error, element by element."""

    value: Array
    error: Array


def complex_step(f: Callable[[Array], Any], x: Array, step: float = TINY) -> Jacobian:
    r"""The Jacobian by complex steps, :math:`\partial_j f = \operatorname{Im} f(x + ih e_j) / h + O(h^2)`.

    Nothing is subtracted, so nothing cancels, and with h = 1e-30 the error of the formula is nothing either: what is
    left is the rounding of `f` itself. (Squire and Trapp, SIAM Review 40 (1998) 110; Martins, Sturdza and Alonso, ACM
    Transactions on Mathematical Software 29 (2003) 245.)

    Args:
        step: h; a longer one shows how the formula's error falls, and isn't in the estimate.

    Raises:
        TypeError: given complex numbers, `f` doesn't return complex numbers, so it isn't analytic as a program.
    """
    columns = []
    y = np.asarray(f(x.astype(np.complex128)))
    if y.dtype.kind != "c":
        raise TypeError(f"complex_step: of complex numbers the function makes {y.dtype}; it isn't analytic")
    for j in np.ndindex(x.shape):
        z = x.astype(np.complex128)
        z[j] += 1j * step
        columns.append(np.asarray(f(z)).imag / step)
    value = _jacobian(columns, y.shape, x.shape)
    return Jacobian(value, np.full_like(value, 32 * EPS * np.max(np.abs(value), initial=0.0)))


def richardson(f: Callable[[Array], Any], x: Array, room: Array | float = np.inf) -> Jacobian:
    r"""The Jacobian by central differences :math:`D(h) = (f(x + h) - f(x - h)) / 2h`, extrapolated to h = 0.

    The error of D is a series in :math:`h^2`. One extrapolation, :math:`D_1(h) = D(h/2) + (D(h/2) - D(h)) / 3`, removes
    its first term, and :math:`D_2(h) = D_1(h/2) + (D_1(h/2) - D_1(h)) / 15` the second: three levels. (Richardson,
    Philosophical Transactions A 210 (1911) 307.) Long steps leave the formula's error, short ones the rounding of f;
    of several h, each element takes the one whose D_2 differs least from the two D_1 that it was made of, and that
    difference is the error estimate. (Ridders, Advances in Engineering Software 4 (1982) 75.)

    Args:
        room: for each element of `x`, how far the function is smooth around it; no step is longer than a quarter.
    """
    columns, errors = [], []
    shape = np.asarray(f(x)).shape
    for j, h in zip(np.ndindex(x.shape), _steps(x, room), strict=True):
        with np.errstate(invalid="ignore"):
            d0 = np.array([_difference(f, x, j, h / 2**k) for k in range(HALVINGS)])
            d1, d2 = extrapolated(d0)
            differs = np.maximum(np.abs(d2 - d1[1:]), np.abs(d2 - d1[:-1]))
        best = np.argmin(differs, axis=0)[None]
        columns.append(np.take_along_axis(d2, best, 0)[0])
        errors.append(np.take_along_axis(differs, best, 0)[0])
    return Jacobian(_jacobian(columns, shape, x.shape), _jacobian(errors, shape, x.shape))


def central(f: Callable[[Array], Any], x: Array, step: float) -> Array:
    r"""The Jacobian by central differences, :math:`D(h) = (f(x + h) - f(x - h)) / 2h`, all with one step."""
    columns = [_difference(f, x, j, step) for j in np.ndindex(x.shape)]
    return _jacobian(columns, np.asarray(f(x)).shape, x.shape)


def extrapolated(d0: Array) -> tuple[Array, Array]:
    """The two extrapolations of central differences whose steps halve, each one step shorter than what it is made of.

    Args:
        d0: the differences, the first axis their steps.
    """
    d1 = d0[1:] + (d0[1:] - d0[:-1]) / 3
    return d1, d1[1:] + (d1[1:] - d1[:-1]) / 15


def one_sided(f: Callable[[Array], Any], x: Array, j: tuple[int, ...], side: int) -> Jacobian:
    r"""The derivative by element `j` from the right (`side` 1) or the left (-1): it tells a kink from a mistake.

    :math:`D(h) = (f(x + h) - f(x)) / h` has an error series in h, of which two extrapolations remove two terms; of
    several h each element of the result takes the one that agrees best, as in `richardson`.
    """
    base = np.array(x, order="C")
    y = np.asarray(f(base))
    h = 2.0 ** np.floor(np.log2(REACH * max(1.0, abs(float(x[j])))))
    d0 = []
    for k in range(3 * HALVINGS):
        moved = np.array(x, order="C")
        moved[j] += side * h / 2**k
        with np.errstate(all="ignore"):
            d0.append(np.asarray((f(moved) - y) / (moved[j] - base[j])))
    with np.errstate(invalid="ignore"):
        first = np.array(d0)
        second = 2 * first[1:] - first[:-1]
        third = second[1:] + (second[1:] - second[:-1]) / 3
        differs = np.maximum(np.abs(third - second[1:]), np.abs(third - second[:-1]))
    best = np.argmin(np.where(np.isnan(differs), np.inf, differs), axis=0)[None]
    return Jacobian(np.take_along_axis(third, best, 0)[0], np.take_along_axis(differs, best, 0)[0])


def taylor_slope(f: Callable[[Array], Any], x: Array, gradient: Array, direction: Array) -> float:
    r"""How fast the remainder :math:`|f(x + hd) - f(x) - h \langle \bar x, d \rangle|` of a scalar `f` falls with h.

    The slope of its logarithm against that of h: 2 or more if the gradient is right, 1 if it is wrong, whatever the
    step. It is infinite where the remainder is nothing but rounding, as for a linear function.
    """
    y = float(f(x))
    steps = 2.0 ** -np.arange(10.0, 17.0)  # long ones hide a small error behind the second order, short ones round
    remainders = np.array([float(f(x + h * direction)) - y - h * float(np.sum(gradient * direction)) for h in steps])
    if np.all(np.abs(remainders) <= 64 * EPS * max(1.0, abs(y))):
        return np.inf
    with np.errstate(divide="ignore"):
        return float(np.polyfit(np.log(steps), np.log(np.abs(remainders)), 1)[0])


def _steps(x: Array, room: Array | float) -> Iterator[float]:
    """The longest step for each element: a power of two, so that x + h and x - h are exact for round x."""
    longest = np.minimum(REACH * np.maximum(1, np.abs(x)), np.broadcast_to(room, x.shape) / 4)
    yield from (2.0 ** np.floor(np.log2(longest))).ravel().tolist()


def _difference(f: Callable[[Array], Any], x: Array, j: tuple[int, ...], h: float) -> Array:
    above, below = np.array(x, order="C"), np.array(x, order="C")
    above[j] += h
    below[j] -= h
    return np.asarray((f(above) - f(below)) / (above[j] - below[j]))


def _jacobian(columns: list[Array], y_shape: tuple[int, ...], x_shape: tuple[int, ...]) -> Array:
    """Columns of shape `y_shape`, one for each element of x, as one array."""
    stacked = np.stack(columns, axis=-1) if columns else np.zeros((*y_shape, 0))
    return stacked.reshape(y_shape + x_shape)


def cotangent(shape: tuple[int, ...], random: np.random.Generator | None = None) -> Array:
    """A cotangent with no two elements alike and none near 0: a uniform one hides what a rule drops."""
    random = random or np.random.default_rng(0)
    return np.asarray(random.uniform(0.5, 1.5, shape) * random.choice((-1, 1), shape))


def only(g: Array, k: tuple[int, ...]) -> Array:
    """`g` with every element 0 but the k-th."""
    unit = np.zeros_like(g)
    unit[k] = g[k]
    return unit


def room_around(x: Array, domain: Reals, others: Array) -> Array:
    """How far from each element the function is smooth: to the nearest border or kink of `domain`.

    Args:
        others: where the domain is distinct, every element of every operand that says so, those of `x` included: the
            nearest other one is a kink, too.
    """
    points = np.array([domain.low, domain.high, *domain.kinks, *(others.ravel() if domain.distinct else ())])
    distance = np.abs(x[..., None] - points)
    return np.asarray(np.min(distance, axis=-1, where=distance > 0, initial=np.inf))
