"""Rewrite rules: each is true, whatever the values; and what is multiplied out is equal to what it was."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tinygrad_lab.graph import sum_to
from tinygrad_lab.op import table
from tinygrad_lab.ops.reduce import kept
from tinygrad_lab.ops.shape import spread
from tinygrad_lab.viz.expression import Size, Symbol, cost, evaluate, full, indicator, made, reshaped
from tinygrad_lab.viz.latex import latex
from tinygrad_lab.viz.rewriting import REWRITES, Context, Rewrite, simplify
from tinygrad_lab.viz.ring import forms, shortest, split_scalar

QUICK = settings(max_examples=50, deadline=None)

a, b, z = (Symbol(name, dims=(3, 2)) for name in "abz")
X, Y = Symbol("X", dims=(3, 4)), Symbol("Y", dims=(4, 2))
s, v, t = Symbol("s", dims=()), Symbol("v", dims=(2,)), Symbol("t", dims=(3,))
h, q, w, u, p = (
    Symbol(name, dims=dims) for name, dims in zip("hqwup", [(3, 2), (3, 2), (3,), (3, 2), (3, 2)], strict=True)
)
DEFINITIONS = {
    "h": made(table["relu"], z),
    "q": made(table["log_softmax"], z, 1),
    "w": made(table["logsumexp"], z, 1, False),
    "u": made(table["log"], made(operator.add, made(operator.mul, z, z), 1)),
    "p": made(table["softmax"], z, 1),
}
CONTEXT = Context(
    DEFINITIONS,
    holds=lambda condition: "u is a logarithm of more than 1" if condition.args[0] is u else None,
    unit_rows={"c": "each row of c sums to 1"},
    fresh=lambda e: (p, "p is that"),
)
c = Symbol("c", dims=(3, 2))

SUBJECTS: dict[str, Symbol] = {
    "operators": made(table["mul"], a, b),
    "squared": made(table["square"], a),
    "permuted": made(table["permute"], X, (1, 0)),
    "constant_moved": made(spread, s, (3, 2), None, False),
    "nothing_summed": made(sum_to, a, (3, 2)),
    "number_inside": made(full, made(full, s, ()), (3, 2)),
    "same_numbers": made(table["cast"], a, np.dtype(np.float64)),
    "transposed_twice": X.mT.mT,
    "transposed_product": (X @ Y).mT,
    "number_passed": made(operator.matmul, made(operator.truediv, X, s), Y),
    "domain": made(table["where"], a * a < 0, np.nan, b),
    "chosen": made(table["where"], a > 0, b, 0),
    "rectifier": made(table["sign"], h),
    "holds": made(indicator, u > -100),
    "exponential_of_log_softmax": made(table["exp"], q),
    "exponential_of_gap": made(table["exp"], made(table["gap"], z, made(kept, w, (3, 2), 1, False))),
    "named": made(table["softmax"], z, 1),
    "rows_of_one": made(table["sum"], c, 1, True),
    "sum_of_constant": made(table["sum"], made(full, s, (3, 2)), 1, False),
    "picked": made(table["unpick"], made(full, s, (3,)), (np.arange(3), t), (3, 2)),
}
MORE: list[tuple[str, Symbol]] = [
    ("constant_moved", made(full, s, (3, 2)).mT),
    ("constant_moved", made(reshaped, made(full, 2, (3,)), (3, 1))),
    ("number_passed", made(table["sum"], -(a / s), 1, False)),
    ("number_passed", made(sum_to, a * s - b * s, (2,))),
    ("number_passed", made(spread, w * s, (3, 2), 1, False)),
    ("chosen", made(table["where"], a > 0, 0, b)),
    ("exponential_of_gap", made(table["exp"], z - made(reshaped, w, (3, 1)))),
    ("rows_of_one", made(table["sum"], p, 1, False)),
    ("rows_of_one", made(table["sum"], made(table["one_hot"], t, a), 1, True)),
]


def values(seed: int) -> dict[str, Any]:
    rng = np.random.RandomState(seed)
    found: dict[str, Any] = {
        symbol.name: np.asarray(rng.randn(*symbol.dims)) for symbol in (a, b, z, X, Y, s, v) if symbol.dims is not None
    }
    found["t"] = rng.randint(0, 2, 3)
    found["c"] = rng.dirichlet(np.ones(2), 3)
    for name, definition in DEFINITIONS.items():
        found[name] = evaluate(definition, found)
    return found


def rule(name: str) -> Rewrite:
    return next(r for r in REWRITES if r.name == name)


def test_every_rule_has_a_subject() -> None:
    assert set(SUBJECTS) == {r.name for r in REWRITES}


@pytest.mark.parametrize(("name", "subject"), [*SUBJECTS.items(), *MORE])
@given(seed=st.integers(0, 2**16))
@settings(max_examples=10, deadline=None)
def test_a_rule_is_an_equation(name: str, subject: Symbol, seed: int) -> None:
    other = rule(name).apply(subject, CONTEXT)
    assert other is not None
    other, reason = (other, rule(name).reason) if isinstance(other, Symbol) else other
    env = values(seed)
    before, after = evaluate(subject, env), evaluate(other, env)
    assert np.shape(before) == np.shape(after) == subject.dims == other.dims
    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-12)
    assert isinstance(reason, str)


def test_a_rule_keeps_silent_where_it_has_no_say() -> None:
    others = [a + b, X @ Y, made(table["exp"], z), made(table["sign"], a), made(table["sum"], a, 1, True), a.mT]
    for r in REWRITES:
        for e in others:
            assert r.apply(e, CONTEXT) is None, (r.name, latex(e))


def numbers() -> st.SearchStrategy[Any]:
    return st.sampled_from([1, 2, -3, 0.5, 0])


RINGS = st.recursive(
    st.one_of(st.sampled_from([a, b, v, s, c, made(full, 2, (3, 2))]), numbers()),
    lambda inner: st.one_of(
        st.builds(
            lambda f, x, y: made(f, x, y), st.sampled_from([operator.add, operator.sub, operator.mul]), inner, inner
        ),
        st.builds(lambda x: made(operator.neg, x), inner),
        st.builds(lambda x, y: made(operator.truediv, x, made(operator.add, y, 9)), inner, st.sampled_from([a, b, s])),
        st.builds(lambda x: made(operator.pow, x, 2), inner),
    ),
    max_leaves=8,
).filter(lambda e: isinstance(e, Symbol) and e.head is not None)


@QUICK
@given(RINGS, st.integers(0, 2**16))
def test_what_is_multiplied_out_is_the_same(e: Symbol, seed: int) -> None:
    env = values(seed)
    right = evaluate(e, env)
    for form in forms(e):
        np.testing.assert_allclose(np.broadcast_to(evaluate(form, env), np.shape(right)), right, rtol=1e-7, atol=1e-9)
    best = shortest(e)
    assert best.dims == e.dims == np.shape(evaluate(best, env))
    assert cost(best) <= cost(e)
    if (split := split_scalar(e)) is not None:
        np.testing.assert_allclose(evaluate(split[0], env) * evaluate(split[1], env), right, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("e", "shown"),
    [
        ((-(c / a) + (1 - c) / (1 - a)) * (a * (1 - a)), "a - c"),
        (a * b - b * a, r"\mathbf{0}"),
        (made(full, -1, (3, 2)) * a, "-a"),
        ((a - b) / s - a / s, r"-\frac{b}{s}"),
        (a * (b * (1 - b)), r"a \odot b \odot (1 - b)"),
        (made(table["pow"], a, 2.0) * made(table["pow"], a, 1), "a^{3}"),
        (a / 4 - c / 4, r"\frac{a - c}{4}"),
        (made(operator.truediv, a, Size(4, "B", 4)) + made(operator.truediv, b, Size(4, "B", 4)), r"\frac{a + b}{B}"),
        (X @ (Y * -0.5), r"-\frac{1}{2} \, X \, Y"),
        ((X.mT @ (a / s)).mT, r"\frac{1}{s} \, a^T \, X"),
        (z * made(table["sign"], h), r"z \odot \mathbf{1}[z > 0]"),
    ],
)
def test_it_reads_as_one_writes_it(e: Symbol, shown: str) -> None:
    assert latex(simplify(e, CONTEXT)[0]) == shown
