"""What is wrong with a wrong gradient: the likely mistake, by its name.

A gradient is compared as a Jacobian of shape `(*y.shape, *x.shape)`. Each hypothesis says what the Jacobian would be
if one mistake had been made; the first that fits is named.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

FITS = 1e-4  # of the greatest element: a hypothesis needn't be as exact as a gradient, only unlikely by chance


class Mistake(NamedTuple):
    """A likely mistake: its name, as "sign" or "factor", and a sentence."""

    name: str
    text: str


def fits(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape are the same but for rounding."""
    scale = float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= FITS * scale + 1e-12))


def of_jacobian(
    got: Array, want: Array, x_shape: Shape, others: Mapping[str, Array] | None = None, sizes: Sequence[int] = ()
) -> Mistake | None:
    """The mistake that makes `got` of the right Jacobian `want`, if one is known that does.

    Args:
        x_shape: of the operand; the Jacobians' last dimensions.
        others: the right Jacobians by other operands, by their names.
        sizes: numbers that might stand for a factor n, as the batch size.
    """
    if not want.size or got.shape != want.shape or not np.all(np.isfinite(got)):
        return None
    if not got.any():
        return Mistake("zero", "the gradient is zero: is the operand detached, or a product with it dropped?")
    if fits(got, -want):
        return Mistake("sign", "it is the right gradient with the wrong sign")
    for name, other in (others or {}).items():
        if other.shape == want.shape and fits(got, other):
            return Mistake("swapped operands", f"it is the gradient by {name}: are the operands swapped?")
    return (
        _transposed(got, want, x_shape)
        or _scaled(got, want, sizes)
        or _some_signs(got, want)
        or _missing_off_diagonal(got, want, x_shape)
        or _lost_along(got, want, x_shape)
    )


def _transposed(got: Array, want: Array, x_shape: Shape) -> Mistake | None:
    lead = want.ndim - len(x_shape)
    if len(x_shape) >= 2 and x_shape[-1] == x_shape[-2] and fits(got, np.swapaxes(want, -1, -2)):
        return Mistake("transpose", "it is the transpose of the right gradient")
    m, n = math.prod(want.shape[:lead]), math.prod(x_shape)
    if m == n > 1 and fits(got.reshape(m, n), want.reshape(m, n).T):
        return Mistake("transpose", "the Jacobian is transposed: a vector-Jacobian product is J^T g, not J g")
    return None


def _scaled(got: Array, want: Array, sizes: Sequence[int]) -> Mistake | None:
    norm = float(np.sum(want * want))
    c = float(np.sum(got * want)) / norm if norm else 0.0
    if c == 0 or not fits(got, c * want):
        return None
    for n in sorted({n for n in sizes if n > 1}):
        if math.isclose(c, n, rel_tol=1e-3):
            return Mistake(
                "factor", f"it is {n} times too great: a sum over {n} where a mean belongs, or added {n} times"
            )
        if math.isclose(c, 1 / n, rel_tol=1e-3):
            return Mistake(
                "factor", f"it is 1/{n} of the right one: a mean over {n} where a sum belongs, or 1/{n} twice"
            )
    known = {2.0: "2: a derivative of x^2, or added twice", 0.5: "1/2: the 2 of a square is lost"}
    for value, why in known.items():
        if math.isclose(c, value, rel_tol=1e-3):
            return Mistake("factor", f"it is off by the factor {why}")
    return Mistake("factor", f"it is {c:.6g} times the right one")


def _some_signs(got: Array, want: Array) -> Mistake | None:
    if not fits(np.abs(got), np.abs(want)):
        return None
    wrong = np.sum(np.abs(got + want) < np.abs(got - want))
    return Mistake(
        "sign",
        f"{wrong} of {want.size} elements have the wrong sign, with the right size: a plus for a minus in a term",
    )


def _missing_off_diagonal(got: Array, want: Array, x_shape: Shape) -> Mistake | None:
    lead = want.shape[: want.ndim - len(x_shape)]
    if lead != x_shape:
        return None
    n = math.prod(x_shape)
    a, b = got.reshape(n, n), want.reshape(n, n)
    if fits(a, np.diag(np.diag(b))) and not fits(b, np.diag(np.diag(b))):
        text = "only the Jacobian's diagonal is right: the off-diagonal terms are missing, as -p_i p_j of a softmax"
        return Mistake("missing off-diagonal term", text)
    return None


def _lost_along(got: Array, want: Array, x_shape: Shape) -> Mistake | None:
    """Right for the first element along an axis of the result, and zero for the others: a sum that wasn't taken."""
    for axis in range(want.ndim - len(x_shape)):
        n = want.shape[axis]
        for k in range(n if n > 1 else 0):
            only = np.zeros_like(want)
            place = (slice(None),) * axis + (k,)
            only[place] = want[place]
            if fits(got, only):
                text = f"only element {k} along axis {axis} of the result counts: a sum over that axis is missing"
                return Mistake("missing sum", text)
    return None


def of_shape(got: Array, want: Array, y_shape: Shape) -> Mistake | None:
    """The mistake behind a vector-Jacobian product `got` that hasn't the shape of the right one, `want`."""
    if got.ndim == want.ndim and got.shape == want.shape[::-1] and fits(got.T, want):
        return Mistake("transpose", "its transpose is right")
    if got.ndim >= 2 and want.ndim >= 2 and np.swapaxes(got, -1, -2).shape == want.shape:
        if fits(np.swapaxes(got, -1, -2), want):
            return Mistake("transpose", "its transpose is right")
    for summed, axes in _sums(got, want.shape):
        if summed.shape == want.shape and fits(summed, want):
            shown = ", ".join(map(str, axes))
            return Mistake("missing sum", f"summed over axis {shown} it is right: the operand was broadcast along it")
    if got.ndim == 0 or got.size == 1:
        return Mistake("wrong shape", f"one number for an operand of shape {want.shape}")
    return None


def _sums(got: Array, shape: Shape) -> Iterator[tuple[Array, tuple[int, ...]]]:
    """`got` summed to `shape` over the axes along which that was broadcast; and over each single axis."""
    lead = got.ndim - len(shape)
    if lead >= 0:
        axes = tuple(i for i, n in enumerate(got.shape) if i < lead or (shape[i - lead] == 1 and n != 1))
        if axes:
            summed = np.sum(got, axis=axes)
            if summed.size == math.prod(shape):
                yield summed.reshape(shape), axes
    for axis in range(got.ndim):
        yield np.sum(got, axis=axis), (axis,)
