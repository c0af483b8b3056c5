"""Initial values: moments and bounds for a seed, structure, and errors."""

import math
import re

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter, init

SHAPE = (300, 400)


def drawn(function, *args, shape=SHAPE, dtype=np.float32, **kwargs):
    """What `function` fills a parameter with, for one seed."""
    p = Parameter(tg.empty(shape, dtype=dtype))
    assert function(p, *args, generator=tg.Generator(0), **kwargs) is p
    assert p.requires_grad
    assert p.is_leaf
    assert p.dtype == dtype
    return p.detach().numpy().astype(np.float64)


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        ("linear", None, 1),
        ("conv2d", None, 1),
        ("sigmoid", None, 1),
        ("tanh", None, 5 / 3),
        ("relu", None, math.sqrt(2)),
        ("leaky_relu", None, math.sqrt(2 / 1.0001)),
        ("leaky_relu", math.sqrt(5), math.sqrt(1 / 3)),
        ("selu", None, 0.75),
    ],
)
def test_gain(nonlinearity, param, gain):
    assert init.calculate_gain(nonlinearity, param) == pytest.approx(gain, rel=1e-15)


def test_gain_errors():
    with pytest.raises(ValueError, match="Unsupported nonlinearity foo; choose one of linear, "):
        init.calculate_gain("foo")
    with pytest.raises(ValueError, match="negative_slope x not a valid number"):
        init.calculate_gain("leaky_relu", "x")


FAN_IN, FAN_OUT = 400, 300
XAVIER = math.sqrt(2 / (FAN_IN + FAN_OUT))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("function", "settings", "mean", "std", "bound"),
    [
        (init.uniform_, {}, 0.5, 1 / math.sqrt(12), 1),
        (init.uniform_, {"a": -2, "b": 4}, 1, 6 / math.sqrt(12), 4),
        (init.normal_, {}, 0, 1, None),
        (init.normal_, {"mean": 3, "std": 0.1}, 3, 0.1, None),
        # variance of the normal cut at 2: 1 - 4 phi(2) / (2 Phi(2) - 1)
        (init.trunc_normal_, {}, 0, math.sqrt(1 - 4 * 0.05399097 / 0.95449974), 2),
        (init.trunc_normal_, {"std": 0.02}, 0, 0.02, 2),
        (init.xavier_uniform_, {}, 0, XAVIER, math.sqrt(3) * XAVIER),
        (init.xavier_uniform_, {"gain": 2}, 0, 2 * XAVIER, math.sqrt(12) * XAVIER),
        (init.xavier_normal_, {}, 0, XAVIER, None),
        (init.kaiming_uniform_, {}, 0, math.sqrt(2 / FAN_IN), math.sqrt(6 / FAN_IN)),
        (init.kaiming_uniform_, {"a": math.sqrt(5)}, 0, 1 / math.sqrt(3 * FAN_IN), 1 / math.sqrt(FAN_IN)),
        (init.kaiming_normal_, {"mode": "fan_out", "nonlinearity": "relu"}, 0, math.sqrt(2 / FAN_OUT), None),
        (init.kaiming_normal_, {"nonlinearity": "linear"}, 0, 1 / math.sqrt(FAN_IN), None),
    ],
)
def test_moments_and_bounds(function, settings, mean, std, bound, dtype):
    a = drawn(function, dtype=dtype, **settings)
    error = std / math.sqrt(a.size)
    assert abs(a.mean() - mean) < 4 * error
    assert a.std() == pytest.approx(std, rel=0.01)
    if bound is not None:
        assert np.abs(a).max() <= bound * (1 + 1e-6)
    np.testing.assert_array_equal(a, drawn(function, dtype=dtype, **settings))


def test_the_default_generator_is_the_package_one():
    tg.manual_seed(5)
    a = init.normal_(tg.empty(4)).tolist()
    tg.manual_seed(5)
    assert init.normal_(tg.empty(4)).tolist() == a


def test_fans_of_a_convolution():
    a = drawn(init.kaiming_normal_, shape=(200, 20, 5, 4))
    assert a.std() == pytest.approx(math.sqrt(2 / (20 * 5 * 4)), rel=0.01)
    a = drawn(init.kaiming_normal_, shape=(200, 20, 5, 4), mode="fan_out")
    assert a.std() == pytest.approx(math.sqrt(2 / (200 * 5 * 4)), rel=0.01)


def test_truncation_anywhere():
    a = drawn(init.trunc_normal_, mean=1, std=2, a=2.5, b=3)
    assert 2.5 <= a.min() < 2.51 < 2.99 < a.max() <= 3
    with pytest.raises(RuntimeError, match=re.escape("is within [-2.0, 2.0]; widen the bounds or move the mean")):
        init.trunc_normal_(tg.empty(3), mean=10)


def test_constants():
    assert init.constant_(tg.empty(2), 0.5).tolist() == [0.5, 0.5]
    assert init.ones_(tg.empty(2)).tolist() == [1, 1]
    assert init.zeros_(tg.empty(2)).tolist() == [0, 0]
    assert init.eye_(tg.empty(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(shape):
    a = drawn(init.orthogonal_, gain=2, shape=shape, dtype=np.float64).reshape(shape[0], -1)
    small = a @ a.T if len(a) <= a.shape[1] else a.T @ a
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-13)


def test_orthogonal_is_uniform():
    signs = np.sign([init.orthogonal_(tg.empty(2, 2), generator=tg.Generator(i)).array[0, 0] for i in range(200)])
    assert abs(signs.mean()) < 0.3, "the sign of QR's diagonal is taken out"


def test_sparse():
    a = drawn(init.sparse_, 0.1, std=0.5, shape=(25, 200))
    assert ((a == 0).sum(0) == 3).all()
    assert a[a != 0].std() == pytest.approx(0.5, rel=0.05)
    assert len({tuple(np.flatnonzero(column == 0)) for column in a.T}) > 50


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (RuntimeError, "range, but found from=3 > to=1", lambda t: init.uniform_(t, 3, 1)),
        (RuntimeError, "normal expects std >= 0.0, but found std -1", lambda t: init.normal_(t, 0, -1)),
        (ValueError, "Only tensors with 2 dimensions are supported", lambda t: init.eye_(t)),
        (ValueError, "Only tensors with 2 dimensions are supported", lambda t: init.sparse_(t, 0.1)),
        (ValueError, "Only tensors with 2 or more dimensions are supported", lambda t: init.orthogonal_(t)),
        (ValueError, "Fan in and fan out can not be computed", lambda t: init.xavier_uniform_(t)),
        (ValueError, "Fan in and fan out can not be computed", lambda t: init.kaiming_normal_(t)),
        (
            ValueError,
            re.escape("Mode x not supported, please use one of ['fan_in', 'fan_out']"),
            lambda t: init.kaiming_uniform_(t.reshape(1, 3), mode="x"),
        ),
    ],
)
def test_errors(error, text, call):
    with pytest.raises(error, match=text):
        call(tg.empty(3))


def test_nothing_to_initialise_warns():
    for function in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            function(tg.empty(3, 0))


def test_a_value_that_backward_needs_may_not_be_initialised_over():
    p = Parameter(tg.ones(2))
    y = (p * p).sum()
    init.zeros_(p)
    with pytest.raises(RuntimeError, match=r"changed in place by init.zeros_ at .*test_init.py"):
        y.backward()
