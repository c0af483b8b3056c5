"""Rounding: constant between its jumps, so its gradient is zero, and what is left over from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..convention import convention
from ..domain import NONZERO, Choice, Reals
from ..op import Array, op
from ..public import public
from .checks import of_tensors
from .compare import _sign, nothing

if TYPE_CHECKING:
    from ..tensor import Tensor

STEPS = Reals(kinks=(-2.0, -1.0, 0.0, 1.0, 2.0))
HALVES = Reals(kinks=(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5))
QUOTIENTS = (STEPS, Reals(low=0.99, high=1.01))


@convention("floor anywhere", [1.0, 1.5], gives=[0, 0], value=[1, 1])
@op(lambda g, y, x: nothing(g), domain=STEPS, tex=r"\lfloor {input} \rfloor", ufunc=np.floor)
def floor(input: Array) -> Array:
    """The greatest integer that isn't greater.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    return np.floor(_counted(input))


@convention("ceil anywhere", [1.0, 1.5], gives=[0, 0], value=[1, 2])
@op(lambda g, y, x: nothing(g), domain=STEPS, tex=r"\lceil {input} \rceil", ufunc=np.ceil)
def ceil(input: Array) -> Array:
    """The least integer that isn't less.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    return np.ceil(_counted(input))


@op(lambda g, y, x: nothing(g), domain=STEPS, tex=r"\operatorname{{trunc}} {input}", ufunc=np.trunc)
def trunc(input: Array) -> Array:
    """The integer part, rounded to zero.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    return np.trunc(_counted(input))


@convention("round anywhere", [1.0, 1.5, 2.5], gives=[0, 0, 0], value=[1, 2, 2], of=lambda x: _round(x))
@op(
    lambda g, y, x, decimals: nothing(g),
    domain=(HALVES, Choice((0, -1))),
    shapes="(*) -> (*)",
    tex=r"\operatorname{{round}}_{{{decimals}}} {input}",
)
def _round(input: Array, decimals: int = 0) -> Array:
    """The nearest multiple of :math:`10^{-decimals}`, the even one of two.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    if decimals == 0:
        return np.rint(input) if _counted(input).dtype.kind == "f" else np.array(input)
    if input.dtype.kind != "f":
        raise NotImplementedError(f"round: decimals are for floating elements, not {input.dtype}; use .float() first")
    scale = np.power(10.0, abs(decimals)).astype(input.dtype)
    return np.rint(input * scale) / scale if decimals > 0 else np.rint(input / scale) * scale


def _counted(input: Array) -> Array:
    """`input`, if it isn't bool.

    Raises:
        NotImplementedError: it is.
    """
    if input.dtype.kind == "b":
        raise NotImplementedError("bool elements can't be rounded; convert with .int() first")
    return input


def _check_divisor(input: Array, other: Array) -> None:
    """Refuse what PyTorch refuses.

    Raises:
        ValueError: integers are divided by zero.
    """
    if np.result_type(input, other).kind in "iu" and not np.all(other):
        raise ValueError("integers can't be divided by zero")


@op(
    lambda g, y, a, b: nothing(g),
    lambda g, y, a, b: nothing(g),
    domain=QUOTIENTS,
    tex=r"\left\lfloor {input} / {other} \right\rfloor",
    ufunc=np.floor_divide,
)
def _floor_divide(input: Array, other: Array) -> Array:
    """The quotient rounded down.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    _check_divisor(input, other)
    return np.floor_divide(input, other)


@op(
    lambda g, y, a, b: nothing(g),
    lambda g, y, a, b: nothing(g),
    domain=QUOTIENTS,
    tex=r"\operatorname{{trunc}}({input} / {other})",
)
def _trunc_divide(input: Array, other: Array) -> Array:
    """The quotient rounded to zero, exact of integers.

    Constant between the jumps, so :math:`dy = 0`; at the jumps, too, by convention.
    """
    _check_divisor(input, other)
    if np.result_type(input, other).kind == "f":
        return np.trunc(np.true_divide(input, other))
    floor = np.floor_divide(input, other)
    return floor + ((floor < 0) & (floor * other != input))


@op(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * _floor_divide(a, b),
    domain=QUOTIENTS,
    tex=r"{input} \bmod {other}",
    ufunc=np.remainder,
)
def remainder(input: Array, other: Array) -> Array:
    r"""Remainder with the divisor's sign, :math:`y = a - b \lfloor a / b \rfloor`.

    Between the jumps the floor is constant, so :math:`dy = da - \lfloor a / b \rfloor\,db`.

    Raises:
        RuntimeError: integers are divided by zero.
    """
    _check_divisor(input, other)
    return np.remainder(input, other)


@of_tensors(1)
@op(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * _trunc_divide(a, b),
    domain=QUOTIENTS,
    tex=r"{input} - {other} \operatorname{{trunc}}({input} / {other})",
    ufunc=np.fmod,
)
def fmod(input: Array, other: Array) -> Array:
    r"""Remainder with the dividend's sign, :math:`y = a - b \operatorname{trunc}(a / b)`.

    Between the jumps the quotient is constant, so :math:`dy = da - \operatorname{trunc}(a / b)\,db`.

    Raises:
        RuntimeError: integers are divided by zero.
    """
    _check_divisor(input, other)
    return np.fmod(input, other)


@of_tensors(1)
@op(
    lambda g, y, a, b: g * (_sign(y) * _sign(a)),
    lambda g, y, a, b: nothing(g),
    domain=NONZERO,
    tex=r"|{input}| \operatorname{{sign}} {other}",
    ufunc=np.copysign,
)
def copysign(input: Array, other: Array) -> Array:
    r"""The size of one number with the sign of another, :math:`y = |a| \operatorname{sign}(b)`; -0 counts as negative.

    :math:`dy = \operatorname{sign}(a) \operatorname{sign}(b)\,da`: 1 or -1 as the sign is kept or not, 0 at 0. In b the
    value is constant between the jumps.
    """
    return np.copysign(input, other)


# --------------------------------------------------------------------------------------------- compositions

fix = trunc


@public
def round(input: Array, *, decimals: int = 0) -> Tensor:
    """The nearest integer, the even one of two; or the nearest multiple of 10 to the power of -`decimals`.

    Raises:
        NotImplementedError: `decimals` of integers, or the elements are bool.
    """
    return _round(input, decimals)


@public
def frac(input: Array) -> Tensor:
    """What is left of the integer part, with the number's sign.

    Raises:
        NotImplementedError: the elements aren't floating.
    """
    if input.dtype.kind != "f":
        raise NotImplementedError(f"frac: the elements must be floating, not {input.dtype}")
    rest: Tensor = input - trunc(input)
    return rest


@public
def floor_divide(input: Array, other: Array) -> Tensor:
    """The quotient rounded down, outside the graph as in PyTorch; `div(rounding_mode="floor")` has the gradient 0.

    Raises:
        RuntimeError: integers are divided by zero.
    """
    return _floor_divide(input, other).detach()
