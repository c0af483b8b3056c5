"""The derivation in an op's docstring, and the refusal of a docstring that has none."""

from __future__ import annotations

import re

import numpy as np
from generate import rules_of

from tinygrad_lab.op import Op

FORMULA = re.compile(r":math:`([^`]*)`|^\s*\.\. math::(.*(?:\n(?:   .*|[ \t]*(?=\n|$)))*)", re.MULTILINE)
# A differential, as dy or dA; a cotangent, as \bar x; a partial derivative; an adjoint, by its scalar product.
DERIVES = re.compile(r"(?<![A-Za-z\\])d(?:[A-Za-z](?![A-Za-z])|\\[a-z]+)|\\bar|\\partial|\\langle")
SECTION = re.compile(r"^(?:Args|Raises|Returns):$", re.MULTILINE)


class MissingDerivationError(Exception):
    """An op's docstring doesn't say where its rule comes from, or why there is none."""


def derivation(op: Op) -> str:
    """The docstring, which holds the derivation.

    There must be a formula with a differential, a cotangent, a partial derivative or the scalar product
    of an adjoint, outside the descriptions of arguments and errors. An op that makes floats and has no rule must say
    "without gradient".

    Raises:
        MissingDerivationError: it doesn't.
    """
    text = SECTION.split(op.doc)[0]
    if any(True for _ in rules_of(op)):
        formulas = [a or b for a, b in FORMULA.findall(text)]
        if not any(DERIVES.search(formula) for formula in formulas):
            raise MissingDerivationError(
                f"{op.name}: its docstring has no derivation of its rule: no formula with a differential (dy), a "
                r"cotangent (\bar x), a partial derivative or an adjoint's scalar product"
            )
    return op.doc


def without_rule(op: Op, y: np.ndarray) -> str:
    """Why an op without rules has no gradient, told by what it makes.

    Raises:
        MissingDerivationError: it makes floats, and its docstring doesn't say "without gradient".
    """
    if y.dtype.kind == "b":
        return "Its values are true and false: they jump, and between the jumps nothing changes. So there is no rule."
    if y.dtype.kind in "iu":
        return "Its values are integers: they jump, and between the jumps nothing changes. So there is no rule."
    if "without gradient" not in op.doc:
        raise MissingDerivationError(f"{op.name}: its docstring says neither a rule nor that it is without gradient")
    return "There is no rule."
