"""Padding with a number. The other ways to pad are sparse matrices along a dimension: see `resample`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op


def _margins(draw: Any) -> tuple[Any, ...]:
    """Arguments of `pad`: margins that add places or crop them."""
    shape = draw.shape(max_size=6)
    margins = []
    for n in shape:
        before = draw.integers(-n, 2)
        margins.append((before, draw.integers(max(-n, -n - before), 1)))
    return draw.reals(shape), tuple(margins), draw.choice((0.0, 0.0, 2.5))


@op(
    lambda g, y, x, margins, value: pad(g, [(-before, -after) for before, after in margins], 0.0),
    domain=(Reals(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_margins,
    tex=r"\operatorname{{pad}}({input})",
    analytic=True,
)
def pad(input: Array, margins: Sequence[tuple[int, int]], value: float) -> Array:
    r"""Each dimension with as many places before and after as its pair of `margins` says, filled with `value`.

    A negative margin crops. With m places before, :math:`y_i = x_{i - m}`, so :math:`\bar x_i = g_{i + m}`, and 0 for
    what was cropped: the adjoint pads by the negative margins, with 0.
    """
    shape = [n + before + after for n, (before, after) in zip(input.shape, margins, strict=True)]
    y = np.full_like(input, value, shape=shape)
    pairs = list(zip(input.shape, margins, strict=True))
    to = tuple(slice(max(before, 0), max(before, 0) + _kept(n, before, after)) for n, (before, after) in pairs)
    at = tuple(slice(max(-before, 0), max(-before, 0) + _kept(n, before, after)) for n, (before, after) in pairs)
    y[to] = input[at]
    return y


def _kept(n: int, before: int, after: int) -> int:
    """How many of `n` places are left."""
    return max(n + min(before, 0) + min(after, 0), 0)
