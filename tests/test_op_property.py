"""The op property: what is true of every op, checked for every op of the table on arguments drawn from its definition.

And the test of this test: rules that are slightly wrong, wrong in one way only, or wrong at second order only.
"""

import dataclasses
import itertools
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase

import tinygrad_lab as tg
from tests.mutation.mutants import EQUIVALENT, killed, mutant, mutations, without_graph
from tests.properties import property_holds
from tinygrad_lab.op import _eager, op, table, ufuncs
from tinygrad_lab.testing import check_op, signature

MANY = 300


@pytest.mark.parametrize("name", table)
def test_the_op_property(name):
    property_holds(table[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", table)
def test_the_op_property_with_many_examples(name):
    property_holds(table[name], 100)


@pytest.mark.parametrize("name", table)
def test_the_table_says_what_it_should(name):
    record = table[name]
    assert len(record.domain) == len(record.params), "one domain for each parameter"
    assert record.doc.endswith("."), "a docstring"
    if record.rules:
        assert re.search(":math:|cotangent|derivative|adjoint", record.doc), "a derivation"
    shown = record.tex.format(**{p: f"<{p}>" for p in record.params})
    assert re.findall("<(.*?)>", shown), "a formula with the arguments in it"
    assert shown.count("{") == shown.count("}")
    operands, _ = signature.parse(record.shapes)
    if not record.variadic:
        assert len(operands) == sum(d.array for d in record.domain), "a shape for each operand"
        assert len(record.rules) <= len(record.params)


# ---------------------------------------------------------------------------------------------- the test of the test


def caught(record):
    with pytest.raises(AssertionError, match=f"^{record.name}: ") as failure:
        property_holds(record, MANY, (Phase.generate,))
    return str(failure.value)


FEW = ("exp", "div", "matmul", "amax", "getitem", "cat", "softmax", "cross_entropy")
SAMPLE = 9  # one mutant of so many is run; all of them are by `python -m tests.mutation`


@pytest.mark.parametrize(("name", "i", "mutation"), mutations(FEW))
def test_a_mutant_is_killed(name, i, mutation):
    assert killed(table[name], i, mutation)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "i", "mutation"), mutations(table)[::SAMPLE])
def test_a_mutant_of_any_rule_is_killed(name, i, mutation):
    assert (name, i, mutation) in EQUIVALENT or killed(table[name], i, mutation)


def test_an_unchanged_copy_passes():
    for name, i in dict.fromkeys((name, i) for name, i, _ in mutations(FEW)):
        property_holds(mutant(table[name], lambda rule: rule, i), 10)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("exp", lambda g, y, x: g * x),
        ("permute", lambda g, y, x, dims: g.reshape(x.shape)),
        ("softmax", lambda g, y, x, dim: y * (g - (g * y).sum(axis=0, keepdims=True)) if y.ndim else g * 0),
        ("softmax", lambda g, y, x, dim: y * (1 - y) * g),
        ("logsumexp", lambda g, y, x, dim, keepdim: tg.ops.shape.spread(g, x.shape, None, False)),
        ("setitem", lambda g, y, x, index, value: g),
        ("matmul", lambda g, y, a, b: g @ b),
    ],
)
def test_a_wrong_formula_is_caught(name, rule):
    wrong = dataclasses.replace(table[name], rules=(rule, *table[name].rules[1:]))
    wrong.call = _eager(wrong)
    with pytest.raises((AssertionError, ValueError, RuntimeError, AttributeError)):
        property_holds(wrong, MANY, (Phase.generate,))


def test_a_fused_rule_off_by_a_little_is_caught():
    record = table["cross_entropy"]
    (rule,) = record.fused.rules
    for wrong in (lambda g, *rest: rule(g, *rest) * 1.0005, lambda g, *rest: rule(g * 0 + 1, *rest)):
        copy = dataclasses.replace(record, fused=record.fused._replace(rules=(wrong,)))
        copy.call = _eager(copy)
        assert "gradient of input" in caught(copy)


@pytest.fixture
def scratch_table():
    ops, functions = dict(table), dict(ufuncs)
    yield
    for now, before in ((table, ops), (ufuncs, functions)):
        now.clear()
        now.update(before)


def cube(x):
    r"""Cube, :math:`y = x^3`, :math:`dy = 3 x^2\,dx`."""
    return x * x * x


def test_a_failure_names_the_op_the_arguments_the_element_and_the_values(scratch_table):
    op(lambda g, y, x: g * 3.0015 * x * x, tex="{x}^3", analytic=True)(cube)
    with pytest.raises(AssertionError) as failure:
        check_op(table["cube"], [np.array([[0.5, 2.0]])])
    assert str(failure.value).splitlines()[:2] == [
        "cube: d value / d x at [0, 1, 0, 1] is 12.006, numerically 12; off by 0.006, tolerance 1.2e-05",
        "  x = array([[0.5, 2. ]])",
    ]


def test_an_op_wrong_at_second_order_only_is_caught(scratch_table):
    op(lambda g, y, x: g * 3 * x * without_graph(x), tex="{x}^3", analytic=True)(cube)
    assert "d (gradient of x) / d x at" in caught(table["cube"])


PROGRAM = """
import sys, pytest
from tinygrad_lab import op

@op(lambda g, y, x: g * 3 * x * x, tex="{{x}}^3", analytic=True)
def cube(x):
    "Cube: the cotangent is multiplied with 3 x^2."
    return x * x * x

@op(lambda g, y, x: g * 3.0015 * x * x, tex="{{x}}^3", analytic=True)
def wrong_cube(x):
    "Cube: the cotangent is multiplied with 3 x^2."
    return x * x * x

sys.exit(pytest.main([{file!r}, "-q", "-p", "no:cacheprovider", "-k", "cube and (op_property or says)", *sys.argv[1:]]))
"""


def test_adding_an_op_to_the_table_adds_its_tests_with_no_other_edit():
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(file=__file__)],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },  # ours comes too late here
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = run.stdout.splitlines()
    failed = sorted(line.split(" - ")[0] for line in lines if line.startswith("FAILED"))
    assert [line.rpartition("::")[2] for line in failed] == ["test_the_op_property[wrong_cube]"], run.stdout
    assert re.search(r"1 failed, 3 passed", lines[-1]), run.stdout
    assert "wrong_cube: d value / d x " in run.stdout
    assert not any("cube" in name for name in itertools.chain(table))
