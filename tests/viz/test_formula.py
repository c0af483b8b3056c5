"""Rules as formulas."""

import pytest

from tinygrad_lab.op import table
from tinygrad_lab.viz.expression import Symbol, UnreadableError
from tinygrad_lab.viz.formula import op_formula, rule_formula
from tinygrad_lab.viz.latex import latex

x, y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize(
    ("name", "formula", "rules"),
    [
        ("exp", "e^{x}", [r"g \odot y"]),
        ("sqrt", r"\sqrt{x}", [r"\frac{g}{2 \, y}"]),
        ("tanh", r"\tanh x", [r"g \odot (1 - y^{2})"]),
        ("cos", r"\cos x", [r"-g \odot \sin x"]),
        ("sub", "a - b", ["g", "-g"]),
        ("div", r"\frac{a}{b}", [r"\frac{g}{b}", r"-\frac{g \odot \frac{a}{b}}{b}"]),
        ("matmul", r"a\,b", [r"g \, b^T", r"a^T \, g"]),
        ("softmax", r"\operatorname{softmax} x", [r"y \odot (g - \sum g \odot y)"]),
        ("getitem", r"x[\cdot]", [r"\sum_{[\cdot]} g"]),
        (
            "where",
            r"\begin{cases} a & c \\ b & \text{else} \end{cases}",
            [
                r"\begin{cases} g & c \\ 0 & \text{else} \end{cases}",
                r"\begin{cases} 0 & c \\ g & \text{else} \end{cases}",
            ],
        ),
    ],
)
def test_a_rule_called_on_names_is_its_formula(name, formula, rules):
    op = table[name]
    assert op_formula(op) == formula
    assert [rule_formula(op, i) for i, rule in enumerate(op.rules) if rule is not None] == rules


def test_private_helpers_are_read_and_public_ones_stand_by_their_name():
    assert rule_formula(table["log"], 0).startswith(r"\frac{g}{\begin{cases} \text{NaN} & x < 0")
    assert rule_formula(table["sum"], 0) == r"\operatorname{spread}(g)"


def test_a_flag_that_the_notation_leaves_out_is_written_below():
    assert rule_formula(table["minimum"], 0) == r"g \odot \operatorname{wins}(a, b)_{\text{least}}"


def test_what_asks_for_values_has_no_formula():
    assert rule_formula(table["put_view"], 1) is None


@pytest.mark.parametrize(
    ("written", "tex"),
    [
        ((x + y) * x, r"(x + y) \odot x"),
        (x - (y - x), "x - (y - x)"),
        (x - y + x, "x - y + x"),
        (-(x + y), "-(x + y)"),
        (-x * y, r"-x \odot y"),
        (x * -0.5, r"-0.5 \, x"),
        (2 / (x + 1), r"\frac{2}{x + 1}"),
        ((x + y) ** 2, "(x + y)^{2}"),
        (2**-x, "2^{-x}"),
        ((x > 0) & (y <= x), r"(x > 0) \land (y \le x)"),
        ((x + y).mT @ x, r"(x + y)^T \, x"),
        ((x / y).mT, r"(\frac{x}{y})^T"),
        (x * x * Symbol("x"), r"x^{2} \odot x"),
        (~(x == y), r"\lnot (x = y)"),
        (abs(x // y), r"\left|\left\lfloor x / y \right\rfloor\right|"),
        (x[..., None].reshape(1).sum(), r"\sum \operatorname{reshape}(x[\cdot])"),
    ],
)
def test_operators_bind_as_in_mathematics(written, tex):
    assert latex(written) == tex


def test_a_symbol_has_no_value():
    with pytest.raises(UnreadableError, match="the value of an expression is asked for"):
        bool(x < y)
    with pytest.raises(TypeError, match="not iterable"):
        iter(x)
    with pytest.raises(TypeError, match="unsupported operand"):
        x + "a"
