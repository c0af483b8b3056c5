"""The op property: what is true of every op, checked for every op of the table on arguments drawn from its definition.

And the test of this test: rules that are slightly wrong, wrong in one way only, or wrong at second order only.
"""

import dataclasses
import itertools
import re
import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import Phase

import tinygrad_lab as tg
from tests.references import REFERENCES
from tinygrad_lab.op import Each, _eager, op, table, ufuncs
from tinygrad_lab.testing import check_op, signature
from tinygrad_lab.testing.strategies import arguments

EXAMPLES = 25
MANY = 300

# ------------------------------------------------------------------------------------------------------ the property


def property_holds(record, examples=EXAMPLES, phases=(Phase.generate, Phase.shrink), drawn_for=None):
    """Check `record` on arguments drawn for it, or for the op `drawn_for`, the same in every run.

    Raises:
        AssertionError: it doesn't hold.
    """

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
    )
    @hypothesis.given(arguments(drawn_for or record))
    def check(args):
        check_op(record, args, REFERENCES.get(record.name))

    check()


@pytest.mark.parametrize("name", table)
def test_the_op_property(name):
    property_holds(table[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", table)
def test_the_op_property_with_many_examples(name):
    property_holds(table[name], MANY)


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


def written_out(f, count):
    """`f(g, y, *args)` with `count` arguments by name: the engine reads off a rule's text which arguments it needs."""
    names = ", ".join(f"a{i}" for i in range(count))
    return eval(f"lambda g, y, {names}: f(g, y, {names})", {"f": f})


def mutant(record, change, i=0, **changes):
    """A copy of `record` whose i-th rule is `change(rule)`."""
    if isinstance(record.rules, Each):
        changed = change(record.rules.rule)
        rules = Each(lambda i, g, y, *args: changed(i, g, y, *args), record.rules.skip)
    else:
        rules = list(record.rules)
        rules[i] = written_out(change(rules[i]), len(record.params))
    copy = dataclasses.replace(record, **{"rules": rules, "fused": None, "selects": False, **changes})
    copy.call = _eager(copy)
    return copy


def caught(record):
    with pytest.raises(AssertionError, match=f"^{record.name}: ") as failure:
        property_holds(record, MANY, (Phase.generate,))
    return str(failure.value)


def without_graph(value):
    return value.detach() if isinstance(value, tg.Tensor) else value


def from_g(f):
    """A change that does `f(rule, before, g, after)` to the cotangent or the result, whatever comes before g."""

    def change(rule):
        def wrong(*args):
            at = 1 if isinstance(args[0], int) else 0
            return f(lambda g: rule(*args[:at], g, *args[at + 1 :]), args[at])

        return wrong

    return change


MUTATIONS = {
    "off by 0.05 %": from_g(lambda rule, g: rule(g) * 1.0005),
    "sign": from_g(lambda rule, g: -rule(g)),
    "dropped": from_g(lambda rule, g: rule(g) * 0),
    "dropped cotangent": from_g(lambda rule, g: rule(g * 0 + 1)),
    "sign of the cotangent lost": from_g(lambda rule, g: rule(abs(g))),
    "detached numbers": from_g(lambda rule, g: without_graph(rule(g))),
    "0.05 % off at second order": from_g(lambda rule, g: rule(g) + 0.0005 * (rule(g) - without_graph(rule(g)))),
}
# ops with a rule that is 0, so that a factor, a sign or a cotangent more or less makes no difference
ZERO = {"sign", "floor", "ceil", "trunc", "round", "floor_divide", "trunc_divide", "copysign"}
FEW = ("exp", "div", "matmul", "amax", "getitem", "cat", "softmax", "cross_entropy")


def rules_of(names):
    """The name of each op and the number of each of its rules."""
    found = []
    for name in sorted(names):
        rules = table[name].rules
        listed = [rules.rule] if isinstance(rules, Each) else rules
        found += [(name, i) for i, rule in enumerate(listed) if rule is not None]
    return found


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(("name", "i"), rules_of(FEW))
def test_a_mutant_is_caught(name, i, mutation):
    caught(mutant(table[name], MUTATIONS[mutation], i))


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(("name", "i"), rules_of(set(table) - ZERO))
def test_a_mutant_of_any_rule_is_caught(name, i, mutation):
    caught(mutant(table[name], MUTATIONS[mutation], i))


def test_an_unchanged_copy_passes():
    for name, i in rules_of(FEW):
        property_holds(mutant(table[name], lambda rule: rule, i), 10)


@pytest.mark.parametrize("name", ["sub", "div", "matmul", "pow", "maximum", "where"])
def test_swapped_operands_are_caught(name):
    first, *rest = table[name].rules
    swapped = dataclasses.replace(table[name], rules=(first, *rest[::-1]) if first is None else (*rest, first))
    swapped.call = _eager(swapped)
    caught(swapped)


@pytest.mark.parametrize("name", ["add", "mul", "matmul", "expand", "where"])
def test_a_missing_reduction_is_caught(name):
    lost = dataclasses.replace(table[name], broadcasts=False)
    lost.call = _eager(lost)
    with pytest.raises(AssertionError, match="the gradient of .* has shape"):
        property_holds(lost, MANY, (Phase.generate,), drawn_for=table[name])


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
        [sys.executable, "-c", PROGRAM.format(file=__file__)], capture_output=True, text=True, timeout=300
    )
    lines = run.stdout.splitlines()
    failed = sorted(line.split(" - ")[0] for line in lines if line.startswith("FAILED"))
    assert [line.rpartition("::")[2] for line in failed] == ["test_the_op_property[wrong_cube]"], run.stdout
    assert re.search(r"1 failed, 3 passed", lines[-1]), run.stdout
    assert "wrong_cube: d value / d x " in run.stdout
    assert not any("cube" in name for name in itertools.chain(table))
