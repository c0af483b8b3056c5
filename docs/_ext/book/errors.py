"""How far numeric derivatives are from an op's rule, step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinygrad_lab.autograd.oracles import Array, central, complex_step, extrapolated
from tinygrad_lab.testing.properties import Case

# The longest step, and how often it halves. It is no power of two, with which round numbers wouldn't be rounded.
FIRST, HALVINGS = 0.3, 38


class Curve(NamedTuple):
    """For each step the greatest error of an element of the Jacobian, relative to the greatest element."""

    name: str
    steps: list[float]
    errors: list[float]

    @property
    def floor(self) -> float:
        return min(self.errors)


def curves(case: Case) -> list[Curve]:
    """The errors of central differences, their extrapolation, and complex steps where the op is analytic.

    A step is never so long that it would cross a kink or leave the domain.
    """
    exact = case.jacobians()
    scale = max((float(np.max(np.abs(j), initial=0.0)) for j in exact), default=0.0) or 1.0
    room = min(float(np.min(case.room(j), initial=np.inf)) for j in range(len(case.variables)))
    steps = [h for h in (FIRST / 2.0 ** np.arange(HALVINGS)).tolist() if h < room]

    def worst(numeric: list[Array]) -> float:
        return max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in zip(numeric, exact, strict=True)) / scale

    variables = [(case.along(j), x) for j, x in enumerate(case.variables)]
    differences = [[central(f, x, h) for f, x in variables] for h in steps]
    found = [Curve("central difference", steps, [worst(d) for d in differences])]
    if len(steps) > 2:
        thirds = zip(differences, differences[1:], differences[2:], strict=False)
        better = [[extrapolated(np.array(d))[1][0] for d in zip(*three, strict=True)] for three in thirds]
        found.append(Curve("Richardson", steps[:-2], [worst(d) for d in better]))
    if case.op.analytic:
        by_complex = [[complex_step(f, x, h).value for f, x in variables] for h in steps]
        found.append(Curve("complex step", steps, [worst(d) for d in by_complex]))
    return found
