"""Gradient conventions: what a gradient is where the derivative isn't, row by row."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.convention import conventions
from tinygrad_lab.nn import functional as F

inf, nan = math.inf, math.nan


def gradients(f, *values, cotangent=None):
    """The gradients of `f` at `values`, read on arrays; the reading on tensors must give the same.

    NumPy's warnings of infinite values and NaN are left out: here they are what is asked for.
    """
    leaves = [tg.tensor(v, dtype=np.float64, requires_grad=True) for v in values]
    with np.errstate(all="ignore"):
        y = f(*leaves)
        g = tg.ones_like(y) if cotangent is None else tg.tensor(cotangent, dtype=np.float64)
        on_tensors = tg.autograd.grad(y, leaves, g, create_graph=True)
        y.backward(g)
    on_arrays = [x.grad.tolist() for x in leaves]
    for tensor, array in zip(on_tensors, on_arrays, strict=True):
        np.testing.assert_array_equal(tensor.tolist(), array)
    return on_arrays


def gradient(f, *values, cotangent=None):
    """The gradient of `f` by its only argument."""
    (found,) = gradients(f, *values, cotangent=cotangent)
    return found


def second(f, value):
    """The matrix of second derivatives of a sum of `f`."""
    x = tg.tensor(value, dtype=np.float64, requires_grad=True)
    with np.errstate(all="ignore"):
        (g,) = tg.autograd.grad(f(x).sum(), x, create_graph=True)
        return [tg.autograd.grad(d, x, retain_graph=True)[0].tolist() for d in g]


def same(got, want):
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("case", conventions, ids=lambda c: c.case)
def test_a_declared_convention(case):
    places = [i for i, a in enumerate(case.args) if isinstance(a, float) or is_floats(a)]

    def f(*leaves):
        args = list(case.args)
        for i, x in zip(places, leaves, strict=True):
            args[i] = x
        return case.function(*args)

    values = [case.args[i] for i in places]
    if case.raises:
        with pytest.raises(case.raises):
            gradients(f, *values)
        return
    for got, want in zip(gradients(f, *values), case.gradients, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=0)
    if case.value is not None:
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(f(*map(tg.tensor, values)).tolist(), case.value, rtol=1e-6, atol=0)


def is_floats(value):
    """Whether `value` is a list of floats, of whatever depth."""
    return isinstance(value, list) and all(isinstance(v, float) or is_floats(v) for v in value)


# ------------------------------------------------------------------------------------------------ kinks and jumps


def test_relu_at_0():
    assert gradient(tg.relu, [0.0, -0.0, 1.0, -1.0]) == [0, 0, 1, 0]


def test_abs_at_0():
    assert gradient(tg.abs, [0.0, -0.0, 2.0, -2.0]) == [0, 0, 1, -1]


def test_sign_anywhere():
    assert gradient(tg.sign, [0.0, 2.0, -2.0]) == [0, 0, 0]


@pytest.mark.parametrize("f", [tg.maximum, tg.minimum])
def test_maximum_and_minimum_of_equals(f):
    assert gradients(f, 2.0, 2.0) == [0.5, 0.5]
    x = tg.tensor(2.0, requires_grad=True)
    f(x, x).backward()
    assert x.grad.item() == 1


@pytest.mark.parametrize("f", [tg.amax, tg.amin])
def test_a_tie_over_everything_or_several_axes_is_split_evenly(f):
    assert gradient(f, [3.0, 3.0]) == [0.5, 0.5]
    sign = 1 if f is tg.amax else -1
    x = sign * np.array([[[1.0, 5.0], [5.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]]])
    want = [[[0, 0.5], [0.5, 0]], [[0.25, 0.25], [0.25, 0.25]]]
    assert gradient(lambda t: f(t, dim=(1, 2)), x) == want
    assert gradient(lambda t: f(t, dim=1), sign * np.array([[4.0, 4.0, 1.0]])) == [[0.5, 0.5, 0]]


@pytest.mark.parametrize("f", [tg.max, tg.min])
def test_a_tie_over_everything_is_split_by_max_and_min_too(f):
    assert gradient(f, [3.0, 3.0]) == [0.5, 0.5]


@pytest.mark.parametrize("f", [tg.max, tg.min])
def test_a_tie_along_one_axis_with_indices_goes_to_the_first(f):
    assert gradient(lambda x: f(x, 1).values, [[3.0, 3.0, 3.0]]) == [[1, 0, 0]]
    assert f(tg.tensor([[3.0, 3.0, 3.0]]), 1).indices.tolist() == [0]


def test_clamp_exactly_at_a_bound():
    x = [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert gradient(lambda t: t.clamp(-1, 1), x) == [0, 0, 1, 0, 0]
    assert gradient(lambda t: t.clamp(min=-1), x) == [0, 0, 1, 1, 1]
    assert gradient(lambda t: t.clamp(max=1), x) == [1, 1, 1, 0, 0]


# ------------------------------------------------------------------------------------------- roots, powers, logs


def test_sqrt_at_0():
    assert gradient(tg.sqrt, [0.0, 4.0]) == [inf, 0.25]


def test_sqrt_squared_at_0_is_nan():
    same(gradient(lambda x: tg.sqrt(x) ** 2, [0.0, 4.0]), [nan, 1])


@pytest.mark.parametrize("value", [1.0, 0.1, 1e-3, 1e6 / 3])
def test_std_of_equal_elements(value):
    assert gradient(tg.std, [value] * 3) == [0, 0, 0]
    assert gradient(lambda x: x.std(1), [[value] * 7, [value] * 7]) == [[0] * 7] * 2
    x = tg.full((7,), value).requires_grad_()
    tg.std(x).backward()
    assert x.grad.tolist() == [0] * 7


def test_std_of_one_element():
    same(gradient(tg.std, [5.0]), [nan])
    assert gradient(lambda x: x.std(correction=0), [5.0]) == [0]
    assert math.isnan(tg.tensor([5.0]).std().item())


def test_pow_0_0():
    assert gradients(tg.pow, 0.0, 0.0) == [0, 0]
    assert gradient(lambda x: x**0, 0.0) == 0
    assert gradient(lambda x: x**0.0, [0.0, 3.0]) == [0, 0]
    assert gradient(lambda b: 0.0**b, 0.0) == 0


@pytest.mark.parametrize(("exponent", "slope"), [(0.5, inf), (1, 1), (1.5, 0), (2, 0), (3, 0), (-1, -inf)])
def test_pow_of_0_by_its_base(exponent, slope):
    assert gradient(lambda x: x**exponent, 0.0) == slope
    same(gradients(tg.pow, 0.0, exponent)[0], slope)


def test_pow_of_0_by_its_exponent():
    assert gradient(lambda b: 0.0**b, [0.0, 0.5, 2.0]) == [0, 0, 0]
    assert gradients(tg.pow, [0.0, 0.0], [0.5, 2.0])[1] == [0, 0]


def test_pow_of_a_negative_base():
    same(gradients(tg.pow, -2.0, 2.0), [-4, nan])
    assert gradient(lambda x: x ** tg.tensor(2.0, dtype=np.float64), -2.0) == -4
    assert gradient(lambda x: x**2, -2.0) == -4
    assert gradient(lambda x: x**3, -2.0) == 12


@pytest.mark.parametrize("f", [tg.nn.functional.elu, tg.nn.functional.celu, tg.nn.functional.selu])
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_the_second_derivative_of_elu_at_0_is_that_of_smaller_norm(f, zero):
    assert second(f, [zero]) == [[0]]
    assert second(f, [-1e-9])[0][0] > 0.9


def test_the_gradient_of_selu_is_not_rounded_to_float32():
    slope = 1.0507009873554804934193349852946
    x = tg.tensor([2.0], dtype=np.float64, requires_grad=True)
    (g,) = tg.autograd.grad(tg.nn.functional.selu(x).sum(), x, create_graph=True)
    assert g.item() == slope


def test_second_derivatives_of_pow_where_its_rule_takes_care():
    assert second(lambda x: x**2, [0.0, -1.0]) == [[2, 0], [0, 2]]
    assert second(lambda x: x**1, [0.0, 3.0]) == [[0, 0], [0, 0]]
    a, b = (tg.tensor(v, dtype=np.float64, requires_grad=True) for v in (2.0, 0.0))
    (da,) = tg.autograd.grad(a**b, a, create_graph=True)
    assert [d.item() for d in tg.autograd.grad(da, (a, b))] == [0, 0.5]  # d/db (b a^(b-1)) = 1/a at b = 0


def test_log_at_0_and_below():
    same(gradient(tg.log, [0.0, -1.0, 2.0]), [inf, nan, 0.5])
    same(gradient(tg.log1p, [-1.0, -2.0, 1.0]), [inf, nan, 0.5])


def test_1_over_0_and_0_over_0():
    assert gradient(tg.reciprocal, 0.0) == -inf
    assert gradient(lambda x: 1 / x, 0.0) == -inf
    same(gradients(tg.div, 0.0, 0.0), [inf, nan])


# ---------------------------------------------------------------------------------------------------------- where

MASKED = [0.0, -1.0, 2.0]


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: tg.where(x > 0, tg.log(x), 0), 0.5),
        (lambda x: tg.where(x <= 0, 0, tg.log(x)), 0.5),
        (lambda x: tg.where(x > 0, tg.log(x) * 3 + 1, 0), 1.5),
        (lambda x: tg.where(x > 0, x.sqrt().log().neg(), 0), -0.25),
        (lambda x: tg.where(x > 0, tg.log(x) * tg.sqrt(x), 0), 0.5 * 2**0.5 + math.log(2) / 8**0.5),
        (lambda x: tg.where(x > 0, tg.log(x) + tg.log(x), tg.zeros_like(x)), 1),
        (lambda x: tg.where(x > 0, tg.where(x > -5, tg.log(x), 0), 0), 0.5),
        (lambda x: tg.where(x > -5, tg.where(x > 0, tg.log(x), 0), 0) * 2, 1),
        (lambda x: tg.log(x).masked_fill(x <= 0, 0), 0.5),
    ],
)
def test_what_where_masks_sends_nothing_back(f, slope):
    np.testing.assert_allclose(gradient(f, MASKED), [0, 0, slope], rtol=1e-15)


def test_where_at_second_order():
    assert second(lambda x: tg.where(x > 0, tg.log(x), 0), MASKED) == [[0, 0, 0], [0, 0, 0], [0, 0, -0.25]]


def test_a_value_inside_and_outside_of_where_keeps_its_nan():
    def f(x):
        y = tg.log(x)
        return tg.where(x > 0, y, 0) + y

    same(gradient(f, MASKED), [inf, nan, 1])


def test_where_hides_no_other_nan():
    same(gradient(lambda x: tg.sqrt(x) ** 2 + tg.where(x > 0, tg.log(x), 0), [0.0, 4.0]), [nan, 1.25])
    same(gradient(lambda x: tg.where(x > 0, tg.log(x), 0) * tg.sqrt(x - x), [4.0]), [nan])
    same(gradient(lambda x: tg.where(x >= 0, tg.sqrt(x) ** 2, 0), [0.0]), [nan])
    same(gradient(lambda x: tg.where(x > 0, x, 0), [1.0, 2.0], cotangent=[nan, 1.0]), [nan, 1])


def test_where_with_a_broadcast_operand():
    x, c = tg.tensor([2.0], requires_grad=True), tg.tensor([True, False])
    tg.where(c, tg.log(x), 0).sum().backward()
    assert x.grad.tolist() == [0.5]


# ------------------------------------------------------------------------------------- exponentials of great numbers


def test_logsumexp_with_infinite_elements():
    assert gradient(lambda x: x.logsumexp(0), [-inf, 0.0]) == [0, 1]
    assert gradient(lambda x: x.logsumexp(0), [-inf, -inf]) == [0, 0]
    assert gradient(lambda x: x.logsumexp(0), [inf, 0.0]) == [1, 0]
    assert tg.logsumexp(tg.tensor([-inf, -inf]), 0).item() == -inf
    assert tg.logsumexp(tg.tensor([inf, 0.0]), 0).item() == inf


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_softmax_of_a_row_that_is_all_minus_inf(f):
    rows = [[-inf, -inf], [0.0, 0.0]]
    assert np.isnan(f(tg.tensor(rows), 1).tolist()).tolist() == [[True, True], [False, False]]
    got = gradient(lambda x: f(x, 1), rows, cotangent=[[1.0, 0.0], [1.0, 0.0]])
    same(got, [[nan, nan], [0.25, -0.25] if f is tg.softmax else [0.5, -0.5]])


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_softmax_with_one_logit_at_minus_inf(f):
    got = gradient(lambda x: f(x, 0), [-inf, 0.0, 0.0], cotangent=[0.0, 1.0, 0.0])
    assert got == ([0, 0.25, -0.25] if f is tg.softmax else [0, 0.5, -0.5])


def test_cross_entropy_with_a_logit_at_minus_inf_off_the_target():
    target = tg.tensor([1])
    assert gradient(lambda s: F.cross_entropy(s, target), [[-inf, 0.0, 0.0]]) == [[0, -0.5, 0.5]]


def test_cross_entropy_with_every_target_ignored():
    s, target = tg.tensor([[1.0, 2.0]], requires_grad=True), tg.tensor([-100])
    loss = F.cross_entropy(s, target)
    loss.backward()
    assert math.isnan(loss.item())
    assert s.grad.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("f", "values", "slopes"),
    [
        (tg.sigmoid, [0, 1], [0, 0]),
        (tg.tanh, [-1, 1], [0, 0]),
        (F.softplus, [0, 1000], [0, 1]),
        (lambda x: F.binary_cross_entropy_with_logits(x, tg.ones_like(x), reduction="none"), [1000, 0], [-1, 0]),
        (lambda x: F.binary_cross_entropy_with_logits(x, tg.zeros_like(x), reduction="none"), [0, 1000], [0, 1]),
        (lambda x: x.logsumexp(0, keepdim=True), [1000], [0, 1]),
        (lambda x: x.softmax(0), [0, 1], [0, 0]),
        (lambda x: x.log_softmax(0), [-2000, 0], [1, -1]),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_great_logits_are_finite_and_nothing_overflows(f, values, slopes, dtype):
    x = tg.tensor([-1000.0, 1000.0], dtype=dtype, requires_grad=True)
    y = f(x)
    assert y.tolist() == values
    y.backward(tg.ones_like(y))
    assert x.grad.tolist() == slopes
    (g,) = tg.autograd.grad(f(x).sum(), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    assert h.tolist() == [0, 0]


# -------------------------------------------------------------------------------------- products, picks and nothing


@pytest.mark.parametrize(
    ("x", "first"),
    [([2.0, 3.0, 4.0], [12, 8, 6]), ([2.0, 0.0, 4.0], [0, 8, 0]), ([0.0, 0.0, 4.0], [0, 0, 0])],
)
def test_prod_with_zeros(x, first):
    assert gradient(tg.prod, x) == first
    a, b, c = x
    assert second(tg.prod, x) == [[0, c, b], [c, 0, a], [b, a, 0]]
    assert gradient(lambda t: t.prod(1), [x, x]) == [first, first]


@pytest.mark.parametrize("f", [tg.sum, tg.mean, tg.prod, lambda x: tg.logsumexp(x, 0)])
def test_a_reduction_of_nothing_has_an_empty_gradient(f):
    assert gradient(f, []) == []


def test_values_of_reductions_of_nothing():
    x = tg.tensor([])
    assert (x.sum().item(), x.prod().item(), x.logsumexp(0).item()) == (0, 1, -inf)
    with np.errstate(invalid="ignore"):
        assert math.isnan(x.mean().item())


@pytest.mark.parametrize("f", [tg.max, tg.min, tg.amax, tg.amin, tg.argmax, tg.argmin])
def test_the_extreme_of_nothing_is_an_error(f):
    with pytest.raises((RuntimeError, IndexError), match="zero-size|empty|nothing"):
        f(tg.tensor([]))


# ------------------------------------------------------------------------------------------------------------- NaN


@pytest.mark.parametrize("f", [tg.maximum, tg.minimum])
def test_a_nan_is_passed_on_to_the_operand_that_holds_it(f):
    same(gradients(f, [nan, 1.0], [1.0, nan]), [[nan, 0], [0, nan]])
    same(gradients(f, nan, nan), [nan, nan])
    assert math.isnan(f(tg.tensor(nan), tg.tensor(1.0)).item())


def test_relu_of_nan():
    same(gradient(tg.relu, [nan, 1.0]), [nan, 1])
    assert math.isnan(tg.relu(tg.tensor(nan)).item())
