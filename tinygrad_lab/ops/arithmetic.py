"""Arithmetic: sums, products, quotients and powers. Operands broadcast; the engine sums their cotangents back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..domain import DISTINCT, NONZERO, POSITIVE, REALS, Reals
from ..op import Array, op
from .compare import sign, where, wins
from .elementwise import log

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(lambda g, y, a, b: g, lambda g, y, a, b: g, tex="{input} + {other}", analytic=True, ufunc=np.add)
def _add(input: Array, other: Array) -> Array:
    r"""Sum, :math:`y = a + b`.

    :math:`dy = da + db`: the cotangent goes to both operands as it is.
    """
    return np.add(input, other)


@op(lambda g, y, a, b: g, lambda g, y, a, b: -g, tex="{input} - {other}", analytic=True, ufunc=np.subtract)
def _sub(input: Array, other: Array) -> Array:
    r"""Difference, :math:`y = a - b`.

    :math:`dy = da - db`.
    """
    return np.subtract(input, other)


@op(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, tex=r"{input}\,{other}", analytic=True, ufunc=np.multiply)
def mul(input: Array, other: Array) -> Array:
    r"""Product, :math:`y = a b`.

    :math:`dy = b\,da + a\,db`: each operand's cotangent is scaled by the other operand.
    """
    return np.multiply(input, other)


@op(
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * (a / b) / b,
    domain=(REALS, Reals(low=0.3)),
    tex=r"\frac{{{input}}}{{{other}}}",
    analytic=True,
    ufunc=np.true_divide,
)
def _div(input: Array, other: Array) -> Array:
    r"""Quotient, :math:`y = a / b`.

    :math:`dy = da / b - a\,db / b^2`. The quotient is computed anew, so that y needn't be kept.
    """
    return np.true_divide(input, other)


@op(
    lambda g, y, a, b: g * (b * pow(a, _one_less(a, b))),
    lambda g, y, a, b: g * (pow(a, b) * _log_base(a, b)),
    domain=(POSITIVE, REALS),
    tex="{input}^{{{exponent}}}",
    analytic=True,
    ufunc=np.power,
)
def pow(input: Array, exponent: Array) -> Array:
    r"""Power, :math:`y = a^b`.

    :math:`dy = b\,a^{b-1}\,da + a^b \ln a\,db`. At b = 0 the power is constant in a, and at a = 0, b >= 0 it is
    constant in b: the derivative is 0 there. A negative base has no derivative in b: NaN.
    """
    return input**exponent  # NumPy's operator has fast ways for 2, 1/2 and -1, the ufunc has not


def _one_less(a: Array, b: Array) -> Array:
    """b - 1, but 1 where a and b are 0: there b a^(b - 1) is 0, too."""
    return (b - 1 if b != 0 else 1) if isinstance(b, (int, float)) else where((a == 0) & (b == 0), 1, b - 1)


def _log_base(a: Array, b: Array) -> Array:
    """ln a, but 0 where a is 0 and b isn't negative: there a^b doesn't depend on b."""
    if not hasattr(a, "dtype") or a.dtype.kind != "f":
        a = np.asarray(a, b.dtype)
    return log(where((a == 0) & (b >= 0), 1, a))


@op(lambda g, y, x: -g, tex="-{input}", analytic=True, ufunc=np.negative)
def neg(input: Array) -> Array:
    r"""Negation, :math:`y = -x`, :math:`dy = -dx`."""
    return np.negative(input)


@op(lambda g, y, x: g * 2 * x, tex="{input}^2", analytic=True, ufunc=np.square)
def square(input: Array) -> Array:
    r"""Square, :math:`y = x^2`, :math:`dy = 2 x\,dx`."""
    return np.square(input)


@op(lambda g, y, x: -g * y * y, domain=POSITIVE, tex=r"\frac{{1}}{{{input}}}", analytic=True, ufunc=np.reciprocal)
def reciprocal(input: Array) -> Array:
    r"""Reciprocal, :math:`y = 1 / x`.

    :math:`dy = -dx / x^2 = -y^2\,dx`.
    """
    return np.true_divide(1, input)


@op(lambda g, y, x: g * sign(x), domain=NONZERO, tex="|{input}|", ufunc=np.absolute)
def abs(input: Array) -> Array:
    r"""Absolute value, :math:`y = |x|`.

    :math:`dy = \operatorname{sign}(x)\,dx`; at 0 the subgradient of smallest norm, 0.
    """
    return np.absolute(input)


@op(
    lambda g, y, a, b: g * wins(a, b),
    lambda g, y, a, b: g * wins(b, a),
    domain=DISTINCT,
    tex=r"\max({input}, {other})",
    ufunc=np.maximum,
)
def maximum(input: Array, other: Array) -> Array:
    r"""The greater of two elements.

    The cotangent goes to the greater operand, half to each at a tie; a NaN goes to the operand that holds it.
    """
    return np.maximum(input, other)


@op(
    lambda g, y, a, b: g * wins(a, b, True),
    lambda g, y, a, b: g * wins(b, a, True),
    domain=DISTINCT,
    tex=r"\min({input}, {other})",
    ufunc=np.minimum,
)
def minimum(input: Array, other: Array) -> Array:
    r"""The lesser of two elements.

    The cotangent goes to the lesser operand, half to each at a tie; a NaN goes to the operand that holds it.
    """
    return np.minimum(input, other)


@op(domain=(REALS, Reals(low=0.3)), tex=r"\left\lfloor {input} / {other} \right\rfloor", ufunc=np.floor_divide)
def floor_divide(input: Array, other: Array) -> Array:
    """The quotient rounded down; without gradient, as in PyTorch."""
    return np.floor_divide(input, other)


@op(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * floor_divide(a, b),
    domain=(Reals(kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)), Reals(low=0.99, high=1.01)),
    tex=r"{input} \bmod {other}",
    ufunc=np.remainder,
)
def remainder(input: Array, other: Array) -> Array:
    r"""Remainder with the divisor's sign, :math:`y = a - b \lfloor a / b \rfloor`.

    Between the jumps the floor is constant, so :math:`dy = da - \lfloor a / b \rfloor\,db`.
    """
    return np.remainder(input, other)


def add(input: Array, other: Array, *, alpha: float = 1) -> Tensor:
    """`input + alpha * other`."""
    return _add(input, other if alpha == 1 else mul(other, alpha))


def sub(input: Array, other: Array, *, alpha: float = 1) -> Tensor:
    """`input - alpha * other`."""
    return _sub(input, other if alpha == 1 else mul(other, alpha))


def div(input: Array, other: Array, *, rounding_mode: str | None = None) -> Tensor:
    """`input / other`; `rounding_mode` "floor" or "trunc" rounds the quotient.

    Raises:
        ValueError: another rounding mode.
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode == "trunc":
        floor = floor_divide(input, other)
        if floor.dtype.kind != "f":
            return _add(floor, (floor < 0) & (floor * other != input))
        y = _div(input, other)
        return mul(sign(y), floor_divide(abs(y), 1))
    raise ValueError(f"div: rounding_mode must be None, 'floor' or 'trunc', not {rounding_mode!r}")


def clamp(input: Array, min: Array | None = None, max: Array | None = None) -> Tensor:
    r"""Elements limited to [`min`, `max`]; a bound may be a number, a tensor or None.

    The gradient is 1 strictly between the bounds and 0 elsewhere, at a bound too.

    Raises:
        RuntimeError: both bounds are None.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None")
    if min is not None:
        input = where(input <= min, min, input)
    return input if max is None else where(input >= max, max, input)
