"""Comparisons and choices: piecewise constant, so their gradient is zero, or none."""

from __future__ import annotations

import numpy as np

from ..domain import DISTINCT, FLAG, Booleans, Reals
from ..op import Array, op


@op(tex=r"{input} = {other}", ufunc=np.equal)
def eq(input: Array, other: Array) -> Array:
    """Whether elements are equal; a tensor of bool, without gradient."""
    return np.equal(input, other)


@op(tex=r"{input} \ne {other}", ufunc=np.not_equal)
def ne(input: Array, other: Array) -> Array:
    """Whether elements differ; a tensor of bool, without gradient."""
    return np.not_equal(input, other)


@op(tex=r"{input} < {other}", ufunc=np.less)
def lt(input: Array, other: Array) -> Array:
    """Whether `input` is less than `other`; a tensor of bool, without gradient."""
    return np.less(input, other)


@op(tex=r"{input} \le {other}", ufunc=np.less_equal)
def le(input: Array, other: Array) -> Array:
    """Whether `input` is at most `other`; a tensor of bool, without gradient."""
    return np.less_equal(input, other)


@op(tex=r"{input} > {other}", ufunc=np.greater)
def gt(input: Array, other: Array) -> Array:
    """Whether `input` is greater than `other`; a tensor of bool, without gradient."""
    return np.greater(input, other)


@op(tex=r"{input} \ge {other}", ufunc=np.greater_equal)
def ge(input: Array, other: Array) -> Array:
    """Whether `input` is at least `other`; a tensor of bool, without gradient."""
    return np.greater_equal(input, other)


@op(domain=Booleans(), tex=r"\lnot {input}", ufunc=np.logical_not)
def logical_not(input: Array) -> Array:
    """Whether elements are zero or False."""
    return np.logical_not(input)


@op(domain=Booleans(), tex=r"{input} \land {other}", ufunc=np.logical_and)
def logical_and(input: Array, other: Array) -> Array:
    """Whether both elements are non-zero."""
    return np.logical_and(input, other)


@op(domain=Booleans(), tex=r"{input} \lor {other}", ufunc=np.logical_or)
def logical_or(input: Array, other: Array) -> Array:
    """Whether one of the elements is non-zero."""
    return np.logical_or(input, other)


@op(domain=Booleans(), tex=r"\sim {input}", ufunc=np.bitwise_not)
def bitwise_not(input: Array) -> Array:
    """`~input`: logical not of bool, complement of integers."""
    return np.bitwise_not(input)


@op(domain=Booleans(), tex=r"{input} \mathbin{{\&}} {other}", ufunc=np.bitwise_and)
def bitwise_and(input: Array, other: Array) -> Array:
    """`input & other`, of bool or integers."""
    return np.bitwise_and(input, other)


@op(domain=Booleans(), tex=r"{input} \mathbin{{|}} {other}", ufunc=np.bitwise_or)
def bitwise_or(input: Array, other: Array) -> Array:
    """`input | other`, of bool or integers."""
    return np.bitwise_or(input, other)


@op(domain=Booleans(), tex=r"{input} \oplus {other}", ufunc=np.bitwise_xor)
def bitwise_xor(input: Array, other: Array) -> Array:
    """`input ^ other`, of bool or integers."""
    return np.bitwise_xor(input, other)


@op(tex=r"[{input} \text{{ is NaN}}]", ufunc=np.isnan)
def isnan(input: Array) -> Array:
    """Whether elements are NaN."""
    return np.isnan(input)


@op(tex=r"[|{input}| = \infty]", ufunc=np.isinf)
def isinf(input: Array) -> Array:
    """Whether elements are infinite."""
    return np.isinf(input)


@op(tex=r"[|{input}| < \infty]", ufunc=np.isfinite)
def isfinite(input: Array) -> Array:
    """Whether elements are neither infinite nor NaN."""
    return np.isfinite(input)


@op(
    lambda g, y, x: g * 0,
    domain=Reals(kinks=(0.0,)),
    tex=r"\operatorname{{sign}} {input}",
    ufunc=np.sign,
)
def sign(input: Array) -> Array:
    """Sign: -1, 0 or 1, NaN of NaN.

    Constant on either side of zero, so the derivative is 0, and 0 at the jump by convention.
    """
    return np.sign(input)


@op(
    None,
    lambda g, y, c, a, b: where(c, g, 0),
    lambda g, y, c, a, b: where(c, 0, g),
    domain=(Booleans(), Reals(), Reals()),
    selects=True,
    tex=r"\begin{{cases}} {input} & {condition} \\ {other} & \text{{else}} \end{{cases}}",
)
def where(condition: Array, input: Array, other: Array) -> Array:
    r"""Elements of `input` where `condition` holds, of `other` elsewhere.

    :math:`y = c\,a + (1 - c)\,b`, so :math:`\bar a = c\,g` and :math:`\bar b = (1 - c)\,g`. An element that is not
    chosen sends nothing back, through elementwise ops not even the NaN of 0 times infinity.
    """
    return np.where(condition, input, other)


@op(
    domain=(DISTINCT, DISTINCT, FLAG),
    shapes="(*), (*) -> (*)",
    broadcasts=True,
    tex=r"\operatorname{{wins}}({input}, {other})",
)
def wins(input: Array, other: Array, least: bool = False) -> Array:
    """The share of `maximum(input, other)`, or of the minimum with `least`, that is `input`'s.

    1 where it is chosen, 1/2 at a tie, NaN where it is NaN.
    """
    chosen = np.less(input, other) if least else np.greater(input, other)
    share = np.where(input == other, 0.5, np.where(input != input, np.nan, chosen))
    return share.astype(np.result_type(input, other), copy=False)
