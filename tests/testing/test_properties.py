"""`check_op`: each thing that can be wrong with an op is found, and named."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.op import Fused, op, table
from tinygrad_lab.testing import check_op

X = np.array([[0.5, -1.25, 2.0], [1.0, -0.75, 0.25]])
Y = np.array([1.5, 0.25, -2.0])


@pytest.fixture
def enter():
    """Enter a forward as an op with these rules, for one test; returns its record."""
    before = dict(table)

    def enter(*rules, **options):
        def record(forward):
            op(*rules, tex="", **options)(forward)
            return table[forward.__name__.strip("_")]

        return record

    yield enter
    table.clear()
    table.update(before)


def refused(record, *args, match, reference=None):
    with pytest.raises(AssertionError, match=match) as failure:
        check_op(record, args, reference)
    assert str(failure.value).startswith(f"{record.name}: ")


def test_a_right_op_passes(enter):
    @enter(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a, analytic=True)
    def times(a, b):
        return a * b

    check_op(times, [X, Y], lambda a, b: b * a)
    check_op(times, [X, X])
    check_op(times, [X[:, ::-1], np.broadcast_to(Y[:1], 3)])
    check_op(times, [X, 2.0])
    check_op(times, [X, np.array([1, 2, 3])])
    check_op(times, [X[:0], Y])
    check_op(times, [X, np.array(2.0)])


def test_a_wrong_value(enter):
    @enter(lambda g, y, x: g * tg.cos(x), analytic=True)
    def sine(x):
        return np.sin(x)

    refused(sine, X, match=r"the value at \[0, 2\] is 0.909.*, by the reference 2; off by 1.09,", reference=lambda x: x)


def test_a_value_that_loses_digits(enter):
    @enter(lambda g, y, x: g, analytic=True)
    def cancels(x):
        return (x + 1e8) - 1e8

    refused(cancels, X / 3, match="in extended precision")


def test_a_value_that_depends_on_the_layout(enter):
    @enter(lambda g, y, x: g, analytic=True)
    def memory(x):
        return x.ravel("K").reshape(x.shape)

    refused(memory, np.asfortranarray(X), match="from another memory layout")


def test_a_result_whose_shape_is_not_as_declared(enter):
    @enter(lambda g, y, x: g.reshape(2, 3), shapes="(n, k) -> (n, k)", analytic=True)
    def turned(x):
        return np.array(x.T)

    refused(turned, X, match=r"the value has shape \(3, 2\); .* says \(2, 3\)")


def test_a_view_that_is_not_declared(enter):
    @enter(lambda g, y, x: g, analytic=True)
    def same(x):
        return x

    refused(same, X, match="looks at an argument's memory")


def test_a_rule_off_by_little_at_first_and_at_second_order(enter):
    @enter(lambda g, y, x: g * 1.0005 * tg.cos(x), analytic=True)
    def sine(x):
        return np.sin(x)

    @enter(lambda g, y, x: -g * sine.call(x), analytic=True)
    def cosine(x):
        return np.cos(x)

    refused(sine, X, match=r"d value / d x at \[1, 2, 1, 2\] is .*, numerically .*; off by .*, tolerance ")
    refused(cosine, X, match=r"d \(gradient of x\) / d x at \[1, 2, 1, 2\]")


def test_numbers_cut_off_from_the_graph(enter):
    @enter(lambda g, y, x: g * np.cos(x.array if isinstance(x, tg.Tensor) else x), analytic=True)
    def by_x(x):
        return np.sin(x)

    @enter(lambda g, y, x: tg.cos(x) * (g.detach() if isinstance(g, tg.Tensor) else g), analytic=True)
    def by_g(x):
        return np.sin(x)

    refused(by_x, X, match=r"d \(gradient of x\) / d x at .* is 0,")
    refused(by_g, X, match=r"d \(gradient of x\) / d cotangent at .* is 0,")


def test_a_kink_that_is_not_declared(enter):
    @enter(lambda g, y, x: g * (x > 1e-3))
    def ramp(x):
        return np.maximum(x, 1e-3)

    refused(ramp, np.array([0.0]), match="is there a kink that the domain doesn't declare")


def test_a_program_that_is_not_analytic_as_declared(enter):
    @enter(lambda g, y, x: g * tg.sign(x), analytic=True)
    def size(x):
        return np.abs(x)

    with pytest.raises(TypeError, match="isn't analytic"):
        check_op(size, [X])


def test_an_elementwise_op_that_is_not(enter):
    @enter(lambda g, y, x: g.sum() + 0 * x, analytic=True)
    def total(x):
        return x.sum() + 0 * x

    refused(total, X, match="isn't elementwise in x")


def test_a_rule_that_is_not_linear_in_the_cotangent(enter):
    @enter(lambda g, y, x: g + 0.1 * (g * g).sum() * (g == 0), analytic=True)
    def same(x):
        return x + 0

    refused(same, X, match="d value / d x|summed over")


def test_float64_from_float32(enter):
    @enter(lambda g, y, x: g, analytic=True)
    def widens(x):
        return x + np.zeros(1) if x.ndim else x + 0

    @enter(lambda g, y, x: g * np.ones(3), analytic=True)
    def widens_back(x):
        return x + 0

    refused(widens, X, match="of float32 it makes float64")
    check_op(widens_back, [X])  # the engine casts what it delivers


def test_a_gradient_far_off_in_float32(enter):
    @enter(lambda g, y, x: g * ((x + 1e5) - 1e5) * 2, analytic=True)
    def squared(x):
        return x * x

    refused(squared, X / 7, match="the gradient of x in float32 at")


def test_writing_to_an_argument(enter):
    @enter(lambda g, y, x: g, analytic=True)
    def doubles(x):
        y = np.array(x)
        x *= 2
        return y

    refused(doubles, X.copy(), match="the forward wrote to an argument")


def test_a_rule_that_writes(enter):
    def on_g(g, y, x):
        g *= 2
        return g / 2

    def on_y(g, y, x):
        y *= 2
        return g * y / 2

    for rule in (on_g, on_y):
        record = enter(rule, analytic=True)(lambda x: np.exp(x))
        refused(record, X.copy(), match="a rule wrote to an argument, the output or the cotangent")
        del table[record.name]


def test_other_bits_the_second_time(enter):
    drift = itertools.count(1)

    @enter(lambda g, y, x: g * (1 + next(drift) * 1e-14), analytic=True)
    def same(x):
        return x + 0

    refused(same, X, match="the gradient of x (computed twice|read on tensors)")


def test_readings_that_differ(enter):
    @enter(lambda g, y, x: g * (1 if isinstance(g, np.ndarray) else 1 + 1e-12), analytic=True)
    def same(x):
        return x + 0

    refused(same, X, match="the gradient of x read on tensors at")


def test_a_fused_rule_that_differs(enter):
    fused = Fused(lambda x: (x + 0, None), (lambda g, residual, x: g * 1.0001,))

    @enter(lambda g, y, x: g, analytic=True, fused=fused)
    def same(x):
        return x + 0

    refused(same, X, match="the (fused gradient of x|gradient of x in float32)")


def test_a_fused_forward_that_differs(enter):
    fused = Fused(lambda x: (x + 1e-6, None), (lambda g, residual, x: g,))

    @enter(lambda g, y, x: g, analytic=True, fused=fused)
    def same(x):
        return x + 0

    refused(same, X, match="the value at .* on arrays")


def test_a_gradient_of_the_wrong_shape(enter):
    @enter(lambda g, y, x: g.sum(axis=0), shapes="(*) -> (...)", analytic=True)
    def same(x):
        return x + 0

    refused(same, X, match=r"shape \(3,\), not \(2, 3\)")


def test_an_op_without_rules(enter):
    @enter()
    def steps(x):
        return np.floor(x)

    check_op(steps, [X], np.floor)
    refused(steps, X, match="by the reference", reference=np.ceil)


def test_the_message_shows_layouts_and_arrays_that_stand_twice(enter):
    @enter(lambda g, y, a, b: g, lambda g, y, a, b: g * 2, analytic=True)
    def plus(a, b):
        return a + b

    x = Y[::-1]
    with pytest.raises(AssertionError) as failure:
        check_op(plus, [x, x])
    lines = str(failure.value).splitlines()
    assert lines[0].startswith("plus: d value / d a at [1, 1] is 3, numerically 2; off by 1, tolerance")
    assert lines[1:3] == [
        "  a = array([-2.  ,  0.25,  1.5 ]), strides (-8,)",
        "  b = array([-2.  ,  0.25,  1.5 ]), strides (-8,), the very array of a",
    ]
    assert lines[3].startswith("  cotangent = ")
