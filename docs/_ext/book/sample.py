"""One call of an op, drawn from its declared domain as the tests draw theirs: what the book draws and measures."""

from __future__ import annotations

from typing import Any

import hypothesis
import numpy as np
from generate import rules_of

from tinygrad_lab.op import Op
from tinygrad_lab.testing.properties import Case
from tinygrad_lab.testing.strategies import arguments

EXAMPLES = 30
FEW, MANY = 4, 9  # elements of all variables together, between which a drawing and a Jacobian are easy to read


def calls(op: Op) -> list[tuple[Any, ...]]:
    """Arguments that the op can be called with, the same in every build."""
    found: list[tuple[Any, ...]] = []

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    @hypothesis.given(arguments(op))
    def collect(args: tuple[Any, ...]) -> None:
        found.append(args)

    collect()
    return found


def sample(op: Op) -> Case:
    """The call that shows most: a variable for every operand with a rule, of a few elements, a plain memory layout."""
    return max((Case(op, args) for args in calls(op)), key=_shows)


def _shows(case: Case) -> tuple[bool | int, ...]:
    size = sum(x.size for x in case.variables) or sum(np.size(a) for a in case.args if isinstance(a, np.ndarray))
    return (
        all(np.size(a) for a in case.args if isinstance(a, np.ndarray)) and case.y.size > 0,
        min(len(case.variables), sum(1 for _ in rules_of(case.op)) or 1),
        -max(FEW - size, size - MANY, 0),
        len({x.tobytes() for x in case.variables}),
        case.y.size > 1,
        max((np.unique(x).size for x in case.variables), default=0),
        case.y.ndim,
    )
