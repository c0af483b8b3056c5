"""The derivation book: no op without its derivation, calls that show something, errors that tell right from wrong."""

import xml.etree.ElementTree

import numpy as np
import pytest
from book.derivation import MissingDerivationError, derivation, without_rule
from book.errors import curves
from book.plot import SLIP, plot
from book.sample import sample
from generate import own_ops, rules_of

import tinygrad_lab as tg
from tinygrad_lab.op import table


@pytest.fixture
def thrown_away():
    """Enters ops in the table, which forgets them after the test."""
    before = set(table)

    def enter(forward, *rules, **options):
        tg.op(*rules, **options)(forward)
        return table[forward.__name__]

    yield enter
    for name in set(table) - before:
        del table[name]


def of(doc):
    def throw_away(input):
        return np.tanh(input)

    throw_away.__doc__ = doc
    return throw_away


@pytest.mark.parametrize("op", own_ops(), ids=lambda op: op.name)
def test_every_docstring_has_its_derivation(op):
    assert derivation(op)


@pytest.mark.parametrize(
    "doc",
    [
        None,
        "Hyperbolic tangent.",
        r"Hyperbolic tangent, :math:`y = \tanh x`, whose slope is known to all.",
        r"""Hyperbolic tangent, :math:`d`, :math:`\operatorname{dim}`, :math:`\delta x`.

        Args:
            input: :math:`dy = (1 - y^2)\,dx`.
        """,
    ],
)
def test_a_docstring_without_derivation_is_refused(thrown_away, doc):
    with pytest.raises(MissingDerivationError, match="throw_away: its docstring has no derivation"):
        derivation(thrown_away(of(doc), lambda g, y, x: g * (1 - y * y)))


@pytest.mark.parametrize(
    "formula", [r":math:`dy = (1 - y^2)\,dx`", r":math:`\bar x = g (1 - y^2)`", ".. math::\n\n   dy = (1 - y^2) dx"]
)
def test_a_formula_that_derives_is_enough(thrown_away, formula):
    op = thrown_away(of(f"Hyperbolic tangent.\n\n{formula}"), lambda g, y, x: g * (1 - y * y))
    assert derivation(op) == op.doc


def test_an_op_without_rule_says_why(thrown_away):
    op = thrown_away(of("A secret."))
    with pytest.raises(MissingDerivationError, match="throw_away: .* nor that it is without gradient"):
        without_rule(op, np.zeros(2))
    assert "integers" in without_rule(op, np.zeros(2, int))
    assert "true and false" in without_rule(op, np.zeros(2, bool))


@pytest.mark.parametrize("name", ["exp", "div", "matmul", "where", "cat", "svd", "conv", "cross_entropy", "lstm"])
def test_a_call_shows_every_operand_that_has_a_rule(name):
    case = sample(table[name])
    assert len(case.variables) >= len(list(rules_of(table[name])))
    assert case.y.size
    for x, again in zip(case.variables, sample(table[name]).variables, strict=True):
        np.testing.assert_array_equal(x, again)


@pytest.mark.parametrize(
    ("name", "floors"),
    [("exp", (1e-9, 1e-12, 1e-15)), ("lgamma", (1e-9, 1e-11)), ("sum", (1e-14, 1e-14, 1e-14)), ("relu", (0, 0))],
)
def test_numeric_derivatives_agree_with_a_right_rule(name, floors):
    found = curves(sample(table[name]))
    assert [c.name for c in found] == ["central difference", "Richardson", "complex step"][: len(floors)]
    for curve, floor in zip(found, floors, strict=True):
        assert curve.floor <= floor
        assert len(curve.steps) == len(curve.errors) > 30


def test_no_curve_of_a_wrong_rule_rests_below_the_dashed_line(thrown_away):
    op = thrown_away(of(""), lambda g, y, x: g * (1 - y * y) * (1 + 1.01 * SLIP), analytic=True)
    assert all(np.median(curve.errors) > SLIP for curve in curves(sample(op)))


def test_the_plot_holds_every_curve_and_names_it():
    found = curves(sample(table["exp"]))
    svg = plot(found, "errors of exp")
    text = "".join(xml.etree.ElementTree.fromstring(svg).itertext())
    assert all(curve.name in text for curve in found)
    assert svg.count('class="line"') == 2 * len(found)
    assert "nan" not in svg
