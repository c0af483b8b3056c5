"""Arithmetic: sums, products, quotients and powers. Operands broadcast; the engine sums their cotangents back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import DISTINCT, NONZERO, POSITIVE, REALS, Choice, Reals
from ..half import wide
from ..op import Array, Fused, op
from ..public import public
from ..threads import WORTH, spread
from .cast import cast, clone
from .checks import of_tensors
from .compare import _sign, _where, floating, wins
from .elementwise import log
from .rounding import _floor_divide, _trunc_divide

if TYPE_CHECKING:
    from ..tensor import Tensor

_long_sum, _long_product = spread(np.add), spread(np.multiply)


def _product(a: Array, b: Array) -> Array:
    # asked here, before another call: every operation on small arrays pays for it
    return np.multiply(a, b) if type(a) is not np.ndarray or a.size < WORTH else _long_product(a, b)


@op(lambda g, y, a, b: g, lambda g, y, a, b: g, tex="{input} + {other}", analytic=True, ufunc=np.add)
def _add(input: Array, other: Array) -> Array:
    r"""Sum, :math:`y = a + b`.

    :math:`dy = da + db`: the cotangent goes to both operands as it is.
    """
    return np.add(input, other) if type(input) is not np.ndarray or input.size < WORTH else _long_sum(input, other)


@op(lambda g, y, a, b: g, lambda g, y, a, b: -g, tex="{input} - {other}", analytic=True, ufunc=np.subtract)
def _sub(input: Array, other: Array) -> Array:
    r"""Difference, :math:`y = a - b`.

    :math:`dy = da - db`.
    """
    return np.subtract(input, other)


@op(
    lambda g, y, a, b: g * b,
    lambda g, y, a, b: g * a,
    tex=r"{input}\,{other}",
    analytic=True,
    ufunc=np.multiply,
    fused=Fused(None, (lambda g, y, a, b: _product(g, b), lambda g, y, a, b: _product(g, a))),
)
def mul(input: Array, other: Array) -> Array:
    r"""Product, :math:`y = a b`.

    :math:`dy = b\,da + a\,db`: each operand's cotangent is scaled by the other operand.
    """
    return _product(input, other)


@convention("0/0", 0.0, 0.0, gives=(math.inf, math.nan))
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


@convention("pow(0, 0)", 0.0, 0.0, gives=(0, 0), value=1)
@convention("pow(0, .5)", 0.0, 0.5, gives=(math.inf, 0))
@convention("pow(0, 2)", 0.0, 2.0, gives=(0, 0))
@convention("pow(0, -1): d base", 0.0, -1, gives=-math.inf)
@convention("pow(-2, 2)", -2.0, 2.0, gives=(-4, math.nan), value=4)
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
    try:
        y = input**exponent  # NumPy's operator has fast ways for 2, 1/2 and -1, the ufunc has not
    except ValueError:  # of integers, where NumPy refuses what PyTorch refuses of a number only
        if not isinstance(exponent, np.ndarray):
            raise
        vanishing = (exponent < 0) & (np.absolute(input) != 1)
        return np.where(vanishing, 0, input).astype(np.result_type(input, exponent)) ** np.absolute(exponent)
    if y.dtype.char == "b" and kind_of(input) == "b":  # NumPy's powers of bools are int8
        if kind_of(exponent) != "b":
            return y.astype(getattr(exponent, "dtype", np.int64))
        return y.astype(np.bool_) if isinstance(exponent, bool) else y  # PyTorch refuses a tensor of bools
    return y


def _one_less(a: Array, b: Array) -> Array:
    """b - 1, but 1 where a and b are 0: there b a^(b - 1) is 0, too. For a number 0 it is 0 whatever a is."""
    return (b - 1 if b != 0 else 0) if isinstance(b, (int, float)) else _where((a == 0) & (b == 0), 1, b - 1)


def _log_base(a: Array, b: Array) -> Array:
    """ln a, but 0 where a is 0 and b isn't negative: there a^b doesn't depend on b."""
    return log(_where((a == 0) & (b >= 0), 1, floating(a, b)))


@op(lambda g, y, x: -g, tex="-{input}", analytic=True, ufunc=np.negative)
def neg(input: Array) -> Array:
    r"""Negation, :math:`y = -x`, :math:`dy = -dx`."""
    return np.negative(input)


@op(lambda g, y, x: g * 2 * x, tex="{input}^2", analytic=True, ufunc=np.square)
def square(input: Array) -> Array:
    r"""Square, :math:`y = x^2`, :math:`dy = 2 x\,dx`."""
    return np.square(input) if input.dtype.kind != "b" else input.astype(np.int64)


@convention("1/x at 0", 0.0, gives=-math.inf)
@op(lambda g, y, x: -g * y * y, domain=POSITIVE, tex=r"\frac{{1}}{{{input}}}", analytic=True, ufunc=np.reciprocal)
def reciprocal(input: Array) -> Array:
    r"""Reciprocal, :math:`y = 1 / x`.

    :math:`dy = -dx / x^2 = -y^2\,dx`.
    """
    return np.true_divide(1, input)


@convention("abs at 0", [0.0, -0.0, 2.0, -2.0], gives=[0, 0, 1, -1])
@op(lambda g, y, x: g * _sign(x), domain=NONZERO, tex="|{input}|", promotes=False, ufunc=np.absolute)
def abs(input: Array) -> Array:
    r"""Absolute value, :math:`y = |x|`.

    :math:`dy = \operatorname{sign}(x)\,dx`; at 0 the subgradient of smallest norm, 0.
    """
    return np.absolute(input)


@convention("maximum(a, a)", 2.0, 2.0, gives=(0.5, 0.5))
@convention("maximum(nan, 1)", [math.nan, 1.0], [1.0, math.nan], gives=([math.nan, 0], [0, math.nan]))
@of_tensors(2)
@op(
    lambda g, y, a, b: g * wins(a, b),
    lambda g, y, a, b: g * wins(b, a),
    domain=DISTINCT,
    tex=r"\max({input}, {other})",
    ufunc=np.maximum,
)
def maximum(input: Array, other: Array) -> Array:
    r"""The greater of two elements.

    :math:`dy = [a > b]\,da + [b > a]\,db`: the cotangent goes to the greater operand, half to each at a tie, which is
    the subgradient of smallest norm; a NaN goes to the operand that holds it.
    """
    return np.maximum(input, other)


@convention("minimum(a, a)", 2.0, 2.0, gives=(0.5, 0.5))
@convention("minimum(nan, 1)", [math.nan, 1.0], [1.0, math.nan], gives=([math.nan, 0], [0, math.nan]))
@of_tensors(2)
@op(
    lambda g, y, a, b: g * wins(a, b, True),
    lambda g, y, a, b: g * wins(b, a, True),
    domain=DISTINCT,
    tex=r"\min({input}, {other})",
    ufunc=np.minimum,
)
def minimum(input: Array, other: Array) -> Array:
    r"""The lesser of two elements.

    :math:`dy = [a < b]\,da + [b < a]\,db`: the cotangent goes to the lesser operand, half to each at a tie, which is
    the supergradient of smallest norm; a NaN goes to the operand that holds it.
    """
    return np.minimum(input, other)


@of_tensors(2)
@op(
    lambda g, y, a, b: _where((a >= b) | (b != b), g, 0),
    lambda g, y, a, b: _where((a >= b) | (b != b), 0, g),
    domain=DISTINCT,
    tex=r"\operatorname{{fmax}}({input}, {other})",
    ufunc=np.fmax,
)
def fmax(input: Array, other: Array) -> Array:
    r"""The greater of two elements, the other one of a NaN.

    :math:`dy = [a \ge b]\,da + [a < b]\,db`: the cotangent goes to the element that was taken, to the first at a tie.
    """
    return np.fmax(input, other)


@of_tensors(2)
@op(
    lambda g, y, a, b: _where((a <= b) | (b != b), g, 0),
    lambda g, y, a, b: _where((a <= b) | (b != b), 0, g),
    domain=DISTINCT,
    tex=r"\operatorname{{fmin}}({input}, {other})",
    ufunc=np.fmin,
)
def fmin(input: Array, other: Array) -> Array:
    r"""The lesser of two elements, the other one of a NaN.

    :math:`dy = [a \le b]\,da + [a > b]\,db`: the cotangent goes to the element that was taken, to the first at a tie.
    """
    return np.fmin(input, other)


@op(
    lambda g, y, a, b, w: g * (1 - w),
    lambda g, y, a, b, w: g * w,
    lambda g, y, a, b, w: g * (b - a),
    tex=r"{input} + {weight} ({end} - {input})",
    analytic=True,
    wide=True,
)
def _lerp(input: Array, end: Array, weight: Array) -> Array:
    r"""Linear interpolation, :math:`y = a + w (b - a)`.

    :math:`dy = (1 - w)\,da + w\,db + (b - a)\,dw`.
    """
    return input + np.multiply(weight, end - input)


@op(
    lambda g, y, x, low, high: _where(_inside(x, low, high), g, 0),
    domain=(Reals(kinks=(-1.0, 1.0)), Choice((-1.0, None)), Choice((1.0, None))),
    shapes="(*) -> (*)",
    selects=True,
    tex=r"\min(\max({input}, {min}), {max})",
)
def _clamp(input: Array, min: float | None, max: float | None) -> Array:
    r"""Elements limited to numbers, either of which may be None.

    :math:`dy = [l < x < h]\,dx` with the bounds l and h, at which the gradient is 0. What is cut off sends nothing
    back, not even the NaN of 0 times the infinite slope of a logarithm.
    """
    return np.clip(input, min, max)


def _inside(x: Array, low: float | None, high: float | None) -> Array:
    if low is None:
        return x == x if high is None else x < high
    return x > low if high is None else (x > low) & (x < high)


# --------------------------------------------------------------------------------------------- compositions


def _scaled(name: str, input: Array, other: Array, alpha: float) -> Array:
    """`alpha * other`, if `alpha` can be a factor of these dtypes.

    Raises:
        RuntimeError: a fraction for integers, or a bool for numbers.
    """
    if alpha == 1 and type(alpha) is int:
        return other
    kinds = {kind_of(input), kind_of(other)}
    if type(alpha) is float and "f" not in kinds:
        raise RuntimeError(f"{name}: of integers alpha must be an integer, not {alpha}")
    if type(alpha) is bool and kinds != {"b"}:
        raise RuntimeError(f"{name}: alpha can be a bool only of bools, not {alpha} of numbers")
    return mul(other, alpha) if hasattr(other, "dtype") else other * alpha


def kind_of(value: Array) -> str:
    """NumPy's letter for the kind of number: "f", "i", "u" or "b"."""
    return value.dtype.kind if hasattr(value, "dtype") else np.dtype(type(value)).kind


@public
def add(input: Array, other: Array, *, alpha: float = 1) -> Tensor:
    """`input + alpha * other`.

    Raises:
        RuntimeError: `alpha` is a fraction and the operands are integers.
    """
    return _add(input, _scaled("add", input, other, alpha))


@public
def sub(input: Array, other: Array, *, alpha: float = 1) -> Tensor:
    """`input - alpha * other`.

    Raises:
        RuntimeError: an operand is bool, or `alpha` is a fraction and the operands are integers.
    """
    _refuse_bools("sub", input, other)
    return _sub(input, _scaled("sub", input, other, alpha))


@of_tensors(1)
@public
def rsub(input: Array, other: Array, *, alpha: float = 1) -> Tensor:
    """`other - alpha * input`.

    Raises:
        RuntimeError: an operand is bool, or `alpha` is a fraction and the operands are integers.
    """
    _refuse_bools("rsub", input, other)
    return _sub(other, _scaled("rsub", other, input, alpha))


def _refuse_bools(name: str, *operands: Array) -> None:
    if any(type(v) is bool or getattr(v, "dtype", None) == np.bool_ for v in operands):
        raise RuntimeError(f"{name}: bools have no difference; use ^ or logical_not, or convert with .int() first")


@public
def div(input: Array, other: Array, *, rounding_mode: str | None = None) -> Tensor:
    """`input / other`, of integers too; `rounding_mode` "floor" or "trunc" rounds the quotient, with gradient 0.

    Raises:
        RuntimeError: another rounding mode, or integers are divided by zero and rounded.
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode == "floor":
        return _floor_divide(input, other)
    if rounding_mode == "trunc":
        return _trunc_divide(input, other)
    raise RuntimeError(f"div: rounding_mode must be None, 'floor' or 'trunc', not {rounding_mode!r}")


subtract, multiply, divide, true_divide = sub, mul, div, div
negative, absolute = neg, abs


@public
def positive(input: Array) -> Tensor:
    """The tensor itself.

    Raises:
        RuntimeError: it is bool.
    """
    if input.dtype.kind == "b":
        raise RuntimeError("positive: bool elements have no sign; convert with .int() first")
    return input  # type: ignore[no-any-return]  # a tensor, unless it was given an array


@public
def float_power(input: Array, exponent: Array) -> Tensor:
    """`input` to the power of `exponent`, computed in float64.

    Raises:
        TypeError: both are numbers.
    """
    for value in (input, exponent):
        if not hasattr(value, "dtype") and not isinstance(value, (bool, int, float)):
            raise TypeError(f"float_power: an operand must be a tensor or a number, not {value!r}")
    if not hasattr(input, "dtype") and not hasattr(exponent, "dtype"):
        raise TypeError(f"float_power: one operand must be a tensor, not both of {input!r} and {exponent!r} numbers")
    return pow(_double(input), _double(exponent))


def _double(value: Array) -> Array:
    return cast(value, np.float64) if hasattr(value, "detach") else np.asarray(value, np.float64)


@convention("clamp at a bound", [-2.0, -1.0, 0.0, 1.0, 2.0], -1, 1, gives=[0, 0, 1, 0, 0], value=[-1, -1, 0, 1, 1])
@public
def clamp(input: Array, min: Array | None = None, max: Array | None = None) -> Tensor:
    r"""Elements limited to [`min`, `max`]; a bound may be a number, a tensor or None.

    The gradient is 1 strictly between the bounds and 0 elsewhere, at a bound too if it is a number. A bound that is a
    tensor has the gradient of the elements that it limits, but not at a tie, where the input keeps it.

    Raises:
        RuntimeError: both bounds are None.
        TypeError: one bound is a tensor, the other a number.
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' or 'max' must not be None")
    numbers = [isinstance(bound, _NUMBERS) for bound in (min, max) if bound is not None]
    if all(numbers):
        return _clamp(input, min, max)
    if any(numbers):
        raise TypeError("clamp: the bounds must both be numbers or both be tensors")
    if min is not None:
        input = clamp_min(input, min)
    return input if max is None else clamp_max(input, max)


_NUMBERS: Any = (bool, int, float, np.generic)
clip = clamp


@of_tensors(1)
@public
def clamp_min(input: Array, min: Array) -> Tensor:
    """Elements limited to at least `min`, a number or a tensor; the gradient is that of `clamp`."""
    return _clamp(input, min, None) if isinstance(min, _NUMBERS) else _where((input < min) | (min != min), min, input)


@of_tensors(1)
@public
def clamp_max(input: Array, max: Array) -> Tensor:
    """Elements limited to at most `max`, a number or a tensor; the gradient is that of `clamp`."""
    return _clamp(input, None, max) if isinstance(max, _NUMBERS) else _where((input > max) | (max != max), max, input)


@public
def nan_to_num(
    input: Array, nan: float | None = None, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """The elements with `nan`, 0 if not given, for NaN, and `posinf` and `neginf` for infinities.

    The greatest and the least number of the dtype stand for infinities if they aren't given. What was replaced has no
    gradient.
    """
    if input.dtype.kind != "f":
        return clone(input)
    limits = np.finfo(input.dtype)
    input = _where(input != input, 0.0 if nan is None else nan, input)
    input = _where(input == math.inf, float(limits.max) if posinf is None else posinf, input)
    return _where(input == -math.inf, float(limits.min) if neginf is None else neginf, input)


@public
def lerp(input: Array, end: Array, weight: Array) -> Tensor:
    """From `input` to `end`, the part `weight` of the way: `input + weight * (end - input)`.

    Raises:
        RuntimeError: the tensors' dtypes differ, or aren't floating.
    """
    for name, t in (("end", end), ("weight", weight)):
        if not isinstance(t, np.generic) and getattr(t, "dtype", input.dtype) != input.dtype:
            raise RuntimeError(f"lerp: {name} is of dtype {t.dtype}, not of that of the input, {input.dtype}")
    if input.dtype.kind != "f":
        raise NotImplementedError(f"lerp: the elements must be floating, not {input.dtype}")
    return _lerp(input, end, weight)


@public
@wide
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1) -> Tensor:
    """`input + value * tensor1 * tensor2`."""
    product = mul(tensor1, tensor2)
    if product.dtype.kind != "f" and input.dtype.kind != "f":
        value = int(value)
    return _add(input, product if value == 1 else mul(product, value))


@public
@wide
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: float = 1) -> Tensor:
    """`input + value * tensor1 / tensor2`.

    Raises:
        RuntimeError: a quotient of integers.
    """
    if tensor1.dtype.kind != "f" and tensor2.dtype.kind != "f":
        raise RuntimeError("addcdiv: a quotient of integers; convert them with .float() first")
    quotient = _div(tensor1, tensor2)
    return _add(input, quotient if value == 1 else mul(quotient, value))
