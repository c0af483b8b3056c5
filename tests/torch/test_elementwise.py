"""Elementwise functions and creation beside PyTorch's: the keywords, the methods and those in place, by name."""

import inspect

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

X = [0.5, -0.25, 0.75]
Y = [1.0, 2.0, -0.5]
W = [0.1, 0.2, 0.9]

ONE = """abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil cos
cosh deg2rad digamma erf erfc erfinv exp exp2 expm1 fix floor frac isfinite isinf isnan isneginf isposinf lgamma
log log10 log1p log2 logical_not logit nan_to_num neg negative positive rad2deg reciprocal round rsqrt sgn
sigmoid sign signbit sin sinc sinh sqrt square tan tanh trunc""".split()
TWO = """add arctan2 atan2 copysign div divide eq float_power floor_divide fmax fmin fmod ge greater greater_equal gt
heaviside hypot isclose le less less_equal logaddexp logaddexp2 logical_and logical_or logical_xor lt maximum minimum
mul multiply ne not_equal remainder rsub sub subtract true_divide xlogy""".split()
KEYWORDS = [
    ("add", {"other": Y, "alpha": 2}),
    ("sub", {"other": Y, "alpha": 0.5}),
    ("rsub", {"other": Y, "alpha": 2}),
    ("div", {"other": Y, "rounding_mode": "floor"}),
    ("div", {"other": Y, "rounding_mode": "trunc"}),
    ("divide", {"other": Y, "rounding_mode": None}),
    ("clamp", {"min": -0.1, "max": 0.6}),
    ("clip", {"max": 0.6}),
    ("clamp", {"min": Y}),
    ("clamp_min", {"min": 0.1}),
    ("clamp_max", {"max": 0.1}),
    ("round", {"decimals": 1}),
    ("pow", {"exponent": 2}),
    ("float_power", {"exponent": 2}),
    ("lerp", {"end": Y, "weight": 0.25}),
    ("lerp", {"end": Y, "weight": W}),
    ("addcmul", {"tensor1": Y, "tensor2": W, "value": 2}),
    ("addcdiv", {"tensor1": Y, "tensor2": W, "value": 0.5}),
    ("logit", {"eps": 0.3}),
    ("nan_to_num", {"nan": 1.0, "posinf": 2.0, "neginf": 3.0}),
    ("heaviside", {"values": Y}),
    ("isclose", {"other": Y, "rtol": 1.0, "atol": 0.1, "equal_nan": True}),
    ("copysign", {"other": -1}),
    ("where", {"condition": [True, False, True], "other": Y}),
]


def tensors(make, dtype, value):
    if isinstance(value, list):
        return make(value) if isinstance(value[0], bool) else make(value, dtype=dtype)
    return value


def both(name, args, kwargs, method):
    """Our result and PyTorch's, as function or method."""
    found = []
    for module, dtype in ((tg, np.float64), (torch, torch.float64)):
        given = [tensors(module.tensor, dtype, v) for v in args]
        named = {k: tensors(module.tensor, dtype, v) for k, v in kwargs.items()}
        if method:
            found.append(getattr(given[0], name)(*given[1:], **named))
        else:
            found.append(getattr(module, name)(*given, **named))
    return found


def compare(got, want):
    want = want.numpy()
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got.array, want, rtol=1e-12, atol=1e-15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ONE + TWO)
def test_functions_and_methods(name):
    args = [X] if name in ONE else [X, Y]
    compare(*both(name, args, {}, method=False))
    if hasattr(torch.Tensor, name) and name != "rsub":
        compare(*both(name, args, {}, method=True))
        keyword = {"heaviside": "values", "float_power": "exponent"}.get(name, "other")
        compare(*both(name, args[:1], {keyword: args[1]} if len(args) == 2 else {}, method=True))
    if hasattr(torch.Tensor, name + "_"):
        got, want = both(name + "_", args, {}, method=True)
        compare(got, want)


@pytest.mark.parametrize(("name", "kwargs"), KEYWORDS, ids=[f"{name} {' '.join(kwargs)}" for name, kwargs in KEYWORDS])
def test_keywords(name, kwargs):
    if name == "where":
        compare(*both(name, [X], {**kwargs}, method=True))
        return
    compare(*both(name, [X], kwargs, method=False))
    compare(*both(name, [], {"input": X, **kwargs}, method=False))
    if name != "rsub":
        compare(*both(name, [X], kwargs, method=True))


@pytest.mark.parametrize("name", ["and", "or", "xor", "left_shift", "right_shift", "not"])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_bitwise(name, dtype):
    a, b = np.array([12, 10, 7], dtype), np.array([1, 2, 3], dtype)
    args = [a] if name == "not" else [a, b]
    got = getattr(tg, "bitwise_" + name)(*map(tg.tensor, args))
    want = getattr(torch, "bitwise_" + name)(*map(torch.from_numpy, args)).numpy()
    assert got.dtype == want.dtype
    np.testing.assert_array_equal(got.array, want)


DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name", ["add", "mul", "div", "pow", "maximum", "atan2", "fmod", "floor_divide", "where", "eq"]
)
def test_promotion(name):
    """Of every pair of dtypes, dimensions and numbers, the result's dtype."""
    wrong = []
    for first in DTYPES:
        for second in [*DTYPES, True, 2, 0.5]:
            for shapes in (((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())):
                a = np.ones(shapes[0], first)
                b = np.ones(shapes[1], second) if isinstance(second, str) else second
                found = []
                for module, make in ((tg, tg.tensor), (torch, lambda v: torch.tensor(v))):
                    args = [make(v) if isinstance(v, np.ndarray) else v for v in (a, b)]
                    if name == "where":
                        args = [make(np.array([True, False])), *args]
                    try:
                        found.append(str(getattr(module, name)(*args).dtype).removeprefix("torch."))
                    except (RuntimeError, TypeError):
                        found.append("error")
                if found[0] != found[1] and found[1] != "error":
                    wrong.append((first, second, shapes, *found))
    assert not wrong


def test_every_function_in_place_is_a_method_in_place():
    """PyTorch's methods with an underscore, of all our functions."""
    functions = [n for n in dir(tg) if callable(getattr(tg, n)) and not inspect.isclass(getattr(tg, n))]
    wanted = {n + "_" for n in functions if hasattr(torch.Tensor, n + "_")}
    assert wanted - set(dir(tg.Tensor)) <= {"softmax_"}
