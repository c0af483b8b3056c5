"""Elementwise functions: what PyTorch means at the edges, of numbers, integers and bools, and how exact they are."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg

inf, nan = math.inf, math.nan


def leaf(values):
    return tg.tensor(values, dtype=np.float64, requires_grad=True)


def same(got, want):
    np.testing.assert_array_equal(got.array if isinstance(got, tg.Tensor) else got, want)


# ----------------------------------------------------------------------------------------------- special functions


def test_erf_in_single_precision_is_exact_to_a_few_units_in_the_last_place():
    x = np.concatenate([np.linspace(-4.5, 4.5, 20001), 10.0 ** np.linspace(-37, 38, 500)]).astype(np.float32)
    want = np.vectorize(math.erf)(x.astype(np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = tg.erf(tg.tensor(x)).array
    assert got.dtype == np.float32
    assert (np.abs(got - want) <= 4 * np.spacing(np.abs(want).astype(np.float32))).all()
    same(tg.erf(tg.tensor([inf, -inf, nan, 0.0, -0.0])), np.float32([1, -1, nan, 0, -0.0]))


@pytest.mark.parametrize("name", ["erf", "erfc", "lgamma"])
def test_special_functions_in_double_precision(name):
    x = np.concatenate([np.linspace(-6.03, 26, 4001), 10.0 ** np.linspace(-300, 1.4, 300), [0.46875, 4.0, 1 + 1e-9]])
    if name == "lgamma":
        x = np.concatenate([np.abs(x) + 1e-300, -np.linspace(0.1, 1.9, 60), 10.0 ** np.linspace(2, 300, 50)])
        x = x[x != np.rint(x)]
    want = np.vectorize(getattr(math, name))(x)
    got = getattr(tg, name)(tg.tensor(x)).array
    np.testing.assert_allclose(
        got, want, rtol=2e-15 if name == "erf" else 1e-13, atol=1e-15 if name == "lgamma" else 1e-300
    )


def test_lgamma_keeps_its_digits_near_its_zeros():
    e = np.array([2.0**-30, -(2.0**-30)])
    euler = 0.57721566490153286
    at_1, at_2 = -euler * e + math.pi**2 / 12 * e**2, (1 - euler) * e + (math.pi**2 / 12 - 0.5) * e**2
    np.testing.assert_allclose(tg.lgamma(tg.tensor(1 + e)).array, at_1, rtol=1e-15)
    np.testing.assert_allclose(tg.lgamma(tg.tensor(2 + e)).array, at_2, rtol=1e-15)


def test_erfinv_inverts_erf():
    x = np.concatenate([np.linspace(-0.999999, 0.999999, 999), 10.0 ** np.linspace(-300, -1, 99)])
    y = tg.erfinv(tg.tensor(x)).array
    np.testing.assert_allclose(np.vectorize(math.erf)(y), x, rtol=1e-14)
    same(tg.erfinv(tg.tensor([1.0, -1.0, 1.5, nan])), [inf, -inf, nan, nan])


def test_gamma_functions_at_their_poles_and_limits():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(tg.lgamma(tg.tensor([0.0, -1.0, -7.0, 1.0, 2.0, inf, -inf, nan])), [inf, inf, inf, 0, 0, inf, inf, nan])
        same(tg.digamma(tg.tensor([0.0, -0.0, -1.0, inf, nan])), [-inf, inf, nan, inf, nan])
        same(tg.polygamma(1, tg.tensor([0.0, -1.0, inf])), [inf, inf, 0])


def test_polygamma():
    euler, zeta3 = 0.57721566490153286, 1.2020569031595942
    x = tg.tensor([1.0, 0.5, -0.5], dtype=np.float64)
    np.testing.assert_allclose(
        tg.digamma(x).array, [-euler, -euler - 2 * math.log(2), 2 - euler - 2 * math.log(2)], rtol=1e-14
    )
    np.testing.assert_allclose(
        tg.polygamma(1, x).array, [math.pi**2 / 6, math.pi**2 / 2, math.pi**2 / 2 + 4], rtol=1e-14
    )
    np.testing.assert_allclose(x.polygamma(2).array, [-2 * zeta3, -14 * zeta3, 16 - 14 * zeta3], rtol=1e-13)
    with pytest.raises(RuntimeError, match="polygamma: n must not be negative, but is -1"):
        tg.polygamma(-1, x)


@pytest.mark.parametrize("f", [tg.erf, tg.erfc, tg.erfinv, tg.lgamma, tg.digamma, tg.sigmoid, tg.sinc, tg.logit])
def test_a_real_function_of_integers_is_float32(f):
    for dtype in (np.int64, np.uint8, np.bool_):
        with np.errstate(divide="ignore"):
            assert f(tg.tensor([0, 1]).to(dtype)).dtype == np.float32
    assert f(tg.tensor([0.5])).dtype == np.float32
    assert f(tg.zeros(0, 3)).shape == (0, 3)
    assert f(tg.tensor(0.5, dtype=np.float64)).shape == ()


def test_sinc_has_derivatives_of_every_order_at_0():
    x = leaf([0.0, 1e-9, 2.0])
    (first,) = tg.autograd.grad(tg.sinc(x).sum(), x, create_graph=True)
    (second,) = tg.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(first.tolist(), [0, -(math.pi**2) / 3 * 1e-9, 0.5], rtol=1e-12)
    np.testing.assert_allclose(second.tolist(), [-(math.pi**2) / 3, -(math.pi**2) / 3, -0.5], rtol=1e-12)


def test_sigmoid_is_exact_where_it_is_small():
    np.testing.assert_allclose(tg.sigmoid(tg.tensor([-30.0])).array, [math.exp(-30)], rtol=1e-6)


# ----------------------------------------------------------------------------------------------- operands and errors

A, F, B = tg.tensor([1, 2]), tg.tensor([1.0, 2.0]), tg.tensor([True, False])
BYTES = tg.tensor([1, 2], dtype=np.uint8)

ERRORS = [
    (TypeError, lambda: tg.maximum(F, 2), "maximum: an operand must be a tensor, not the number 2"),
    (TypeError, lambda: tg.eq(2, F), "eq: an operand must be a tensor, not the number 2"),
    (TypeError, lambda: tg.exp(2.0), "exp: an operand must be a tensor or an array, not float 2.0"),
    (TypeError, lambda: tg.sign(2.0), "sign: 'input' must be a tensor, not 2.0"),
    (TypeError, lambda: tg.float_power(2, 3), "float_power: one operand must be a tensor"),
    (TypeError, lambda: tg.exp(F, 2), "exp(input): takes 1 arguments, 2 were given"),
    (TypeError, lambda: tg.exp(F, base=2), "exp(input): got an unexpected keyword argument 'base'"),
    (RuntimeError, lambda: tg.neg(B), "neg: The numpy boolean negative"),
    (RuntimeError, lambda: B - B, "sub: numpy boolean subtract"),
    (RuntimeError, lambda: tg.positive(B), "positive: bool elements have no sign"),
    (RuntimeError, lambda: tg.floor(B), "floor: bool elements can't be rounded"),
    (RuntimeError, lambda: tg.round(A, decimals=1), "round: decimals are for floating elements, not int64"),
    (RuntimeError, lambda: tg.frac(A), "frac: the elements must be floating, not int64"),
    (RuntimeError, lambda: tg.add(A, A, alpha=0.5), "add: of integers alpha must be an integer, not 0.5"),
    (RuntimeError, lambda: tg.sub(A, A, alpha=True), "sub: alpha can be a bool only of bools"),
    (RuntimeError, lambda: A // 0, "floor_divide: integers can't be divided by zero"),
    (RuntimeError, lambda: A % 0, "remainder: integers can't be divided by zero"),
    (RuntimeError, lambda: tg.fmod(A, 0), "fmod: integers can't be divided by zero"),
    (RuntimeError, lambda: tg.pow(A, -1), "pow: Integers to negative integer powers are not allowed"),
    (RuntimeError, lambda: tg.clamp(F), "clamp: at least one of 'min' or 'max' must not be None"),
    (TypeError, lambda: tg.clamp(F, F, 1.0), "clamp: the bounds must both be numbers or both be tensors"),
    (RuntimeError, lambda: tg.lerp(F, F.double(), 0.5), "lerp: end is of dtype float64"),
    (RuntimeError, lambda: tg.addcdiv(A, A, A), "addcdiv: a quotient of integers"),
    (RuntimeError, lambda: tg.where(A, F, F), "where: the condition must be bool, not int64"),
    (TypeError, lambda: tg.where(B, F), "where: takes a condition alone, or a condition, input and other"),
    (RuntimeError, lambda: tg.isclose(A, F), "isclose: the tensors' dtypes, int64 and float32, must be the same"),
    (RuntimeError, lambda: tg.isclose(F, F, rtol=-1), "isclose: rtol -1 and atol 1e-08 must not be negative"),
    (RuntimeError, lambda: tg.isclose(F, tg.ones(3)), "isclose: shapes (2,) and (3,) don't broadcast"),
    (ValueError, lambda: float(F), "only a tensor of one element can become a Python number"),
    (ValueError, lambda: int(F), "only a tensor of one element can become a Python number"),
    (RuntimeError, lambda: F.to("cuda"), "to: device: there is only 'cpu', not 'cuda'"),
    (TypeError, lambda: F.to(np.float64, 1, 2, 3), "to: takes a dtype, a tensor or 'cpu'"),
    (RuntimeError, lambda: A.clone().clamp_(0.5), "clamp_: a result of dtype float32 can't be written"),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS, ids=[text[:45] for _, _, text in ERRORS])
def test_errors(kind, call, text):
    with pytest.raises(kind) as error:
        call()
    assert text in str(error.value)


def test_numpy_functions_take_numbers():
    same(np.maximum(F, 1.5), [1.5, 2])
    same(np.heaviside(tg.tensor([-1.0, 0.0, 1.0]), 0.5), [0, 0.5, 1])
    same(np.round(tg.tensor([1.26]), 1), np.float32([1.3]))
    same(np.nan_to_num(tg.tensor([nan, inf]), posinf=1.0), [0, 1])


def test_steps_of_nan_are_0():
    x = tg.tensor([math.nan, 0.0, -2.0, math.inf])
    same(tg.sign(x), [0, 0, -1, 1])
    same(tg.heaviside(x, tg.tensor(0.5)), [0, 0.5, 0, 1])
    same(tg.heaviside(tg.tensor([0, 3]), tg.tensor([7, 7])), [7, 1])


@pytest.mark.parametrize(
    "name", ["remainder", "fmod", "floor_divide", "bitwise_left_shift", "pow", "hypot", "logaddexp"]
)
def test_what_bools_have_not(name):
    mask = tg.tensor([True, False])
    with pytest.raises(NotImplementedError, match=name):
        getattr(tg, name)(mask, tg.tensor([True, True]))


def test_what_bools_have():
    mask = tg.tensor([True, False])
    assert mask.char().dtype == tg.sum(mask, dtype=np.int8).dtype == np.int8
    assert tg.pow(mask, True).dtype == np.bool_


@pytest.mark.parametrize("name", ["abs", "relu", "floor", "round"])
def test_what_a_bool_has_not(name):
    with pytest.raises(NotImplementedError, match="bool"):
        getattr(tg, name)(tg.tensor([True, False]))


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"])
def test_bits(name):
    f, small = getattr(tg, name), tg.tensor([1, 2], dtype=np.int8)
    assert f(small, tg.tensor(1)).dtype == np.int8
    assert f(small, tg.tensor([1, 1], dtype=np.int32)).dtype == np.int32
    with pytest.raises(NotImplementedError, match=f"{name}: not defined for float32"):
        f(tg.ones(2), 1)


@pytest.mark.parametrize("other", [True, tg.tensor([True, False])])
def test_a_difference_from_bools_is_refused(other):
    with pytest.raises(RuntimeError, match="sub: bools have no difference"):
        tg.sub(tg.ones(2), other)


def test_xlog1py_of_0_and_infinity():
    same(tg.special.xlog1py(tg.zeros(2), tg.tensor([math.inf, -1.0])), [0, 0])


def test_where_of_numbers():
    assert tg.where(B, 1.0, 2).dtype == np.float32
    assert tg.where(B, 1, 2).dtype == np.int64
    assert tg.where(B, True, False).dtype == np.bool_
    assert tg.where(B, A, 0.5).dtype == np.float32
    same(tg.where(B, F, 0), [1, 0])
    same(F.where(B, 7.0), [1, 7])


def test_where_of_floats_on_arrays_as_in_a_rule_is_refused_as_no_dtype_is_right():
    c = np.array([True, False])
    with pytest.raises(TypeError, match=r"where: the numbers 1.0 and 0.1 don't tell .*where\(c, 1.0 \* g, 0.1 \* g\)"):
        tg.where(c, 1.0, 0.1)
    assert tg.where(c, np.ones(2), 0.1).dtype == np.float64


def test_where_of_a_condition_alone():
    rows, columns = tg.where(tg.tensor([[0.0, 3.0], [4.0, 0.0]]))
    assert (rows.tolist(), columns.tolist()) == ([0, 1], [1, 0])
    assert [i.tolist() for i in tg.where(tg.tensor(True))] == [[0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_])
def test_where_of_long_tensors(dtype):
    random = np.random.default_rng(0)
    c = random.random((80, 70)) < 0.5
    a, b = (random.integers(-9, 9, (80, 70)).astype(dtype) for _ in range(2))
    if np.dtype(dtype).kind == "f":
        a[0], b[1], a[2], b[3] = nan, inf, -0.0, nan
    for x, y in [
        (a, b),
        (a.T.copy().T, b),
        (a[:1], b),
        (a, b[:, :1]),
        (a, 0),
        (0, b),
        (a, -1),
        (1, b),
        (a[::-1], b[0]),
    ]:
        got = tg.where(tg.tensor(c), *(tg.tensor(v) if isinstance(v, np.ndarray) else v for v in (x, y)))
        want = np.where(c, x, y)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got.array, want)
        if want.dtype.kind == "f":
            np.testing.assert_array_equal(np.signbit(got.array), np.signbit(want))
    same(tg.where(tg.tensor(c.T), tg.tensor(a.T), 1), np.where(c.T, a.T, 1))
    assert tg.where(tg.tensor(c), 0.5, 0).dtype == np.float32


def test_integers():
    assert tg.square(B).dtype == np.int64
    assert tg.sign(B).dtype == np.bool_
    assert tg.floor(A).dtype == tg.round(A).dtype == tg.trunc(A).dtype == np.int64
    assert tg.round(tg.tensor([2**60 + 1])).tolist() == [2**60 + 1]
    same(tg.pow(tg.tensor([2, 1, -1, -1, 0]), tg.tensor([-1, -2, -3, -2, -1])), [0, 1, -1, 1, 0])
    same(BYTES * -1, np.uint8([255, 254]))
    same(tg.add(BYTES, BYTES, alpha=-3), np.uint8([254, 252]))
    same(A << 2, [4, 8])
    same(8 >> A, [4, 2])
    same(3 & A, [1, 2])
    same(tg.addcmul(A, A, A, value=1.5), [2, 6])
    assert tg.float_power(A, 2).dtype == np.float64


def test_alpha():
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    tg.sub(x, y, alpha=2).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([1, 1], [-2, -2])
    same(tg.rsub(F, 3, alpha=2), [1, -1])
    same(tg.add(F, 1, alpha=3), [4, 5])
    assert tg.add(B, B, alpha=True).dtype == np.bool_


def test_a_rounded_quotient_has_the_gradient_0():
    for mode in ("floor", "trunc"):
        x, y = leaf([5.0, -5.0]), leaf([2.0, 2.0])
        z = tg.div(x, y, rounding_mode=mode)
        assert z.tolist() == ([2, -3] if mode == "floor" else [2, -2])
        z.sum().backward()
        assert (x.grad.tolist(), y.grad.tolist()) == ([0, 0], [0, 0])
    assert not tg.floor_divide(x, y).requires_grad


def test_the_gradient_of_what_is_constant_is_0_even_if_the_cotangent_is_infinite():
    x = leaf([0.5])
    tg.floor(x).backward(tg.tensor([inf], dtype=np.float64))
    assert x.grad.tolist() == [0]


def test_clamp_by_tensors():
    x, low, high = leaf([-2.0, -1.0, 0.0, 1.0, 2.0]), leaf(-1.0), leaf(1.0)
    x.clamp(low, high).sum().backward()
    assert (x.grad.tolist(), low.grad.item(), high.grad.item()) == ([0, 1, 1, 1, 0], 1, 1)
    same(tg.clamp_min(F, tg.tensor(nan)), [nan, nan])
    same(tg.clamp(F, 3, 1), [1, 1])


@pytest.mark.parametrize("f", [tg.fmax, tg.fmin])
def test_fmax_and_fmin_leave_a_nan_aside(f):
    a, b = leaf([nan, 1.0, 2.0, nan]), leaf([1.0, nan, 2.0, nan])
    y = f(a, b)
    same(y.detach(), [1, 1, 2, nan])
    y.sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 1, 1, 1], [1, 0, 0, 0])


def test_nan_to_num():
    x = leaf([nan, inf, -inf, 1.0])
    y = tg.nan_to_num(x)
    most = np.finfo(np.float64).max
    assert y.tolist() == [0, most, -most, 1]
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 1]
    assert tg.nan_to_num(x, 1.0, posinf=2.0, neginf=3.0).tolist() == [1, 2, 3, 1]


def test_logit_with_eps():
    x = leaf([0.0, 0.5, 1.0])
    y = tg.logit(x, eps=0.25)
    np.testing.assert_allclose(y.tolist(), [-math.log(3), 0, math.log(3)])
    y.sum().backward()
    assert x.grad.tolist() == [0, 4, 0]


def test_close_and_equal():
    a, b = tg.tensor([1.0, nan, inf]), tg.tensor([1.000001, nan, inf])
    assert tg.isclose(a, b).tolist() == [True, False, True]
    assert tg.allclose(a, b, equal_nan=True) is True
    assert tg.equal(a, a.clone()) is False
    assert tg.equal(A, A.float()) is True
    assert tg.isclose(B, B).all()


def test_conversions():
    assert F.to(np.float32) is F
    assert F.to("cpu") is F.to(dtype=None) is F.cpu() is F
    assert F.to("cpu", np.float64).dtype == F.to(device="cpu", dtype=np.float64).dtype == np.float64
    assert F.to(A).dtype == F.type_as(A).dtype == np.int64
    copied = F.to(np.float32, copy=True)
    assert copied is not F
    assert copied.tolist() == F.tolist()
    assert [getattr(F, name)().dtype.name for name in ("half", "byte", "char", "short")] == [
        "float16", "uint8", "int8", "int16",
    ]  # fmt: skip
    assert float(tg.tensor([2.5])) == 2.5
    assert int(tg.tensor([[2]])) == 2


def test_in_place():
    x = tg.tensor([1.5, -1.5])
    assert x.floor_().abs_().add_(0.5).trunc_() is x
    assert x.tolist() == [1, 2]
    assert x.lerp_(tg.tensor([3.0, 4.0]), 0.5).tolist() == [2, 3]
    x //= 2
    x %= 1
    assert x.tolist() == [0, 0]
    b = tg.tensor([True, False])
    b &= True
    b |= False
    b ^= True
    assert b.tolist() == [False, True]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_relu_of_many_elements_sends_back_what_it_lets_through(dtype):
    x = np.random.default_rng(0).standard_normal((90, 60)).astype(dtype)
    x[0, :5] = 0.0, -0.0, np.inf, -np.inf, np.finfo(dtype).smallest_subnormal
    g = np.random.default_rng(1).standard_normal(x.shape).astype(dtype)
    for turned in (False, True):
        t = tg.tensor(x, requires_grad=True)
        y = tg.relu(t.T if turned else t)
        y.backward(tg.tensor(g.T if turned else g))
        np.testing.assert_array_equal(t.grad.array, np.where(x > 0, g, 0))
    x[1, 1] = np.nan
    t = tg.tensor(x, requires_grad=True)
    tg.relu(t).backward(tg.tensor(g))
    np.testing.assert_array_equal(t.grad.array, np.where(np.isnan(x), np.nan, np.where(x > 0, g, 0)))
