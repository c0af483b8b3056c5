"""The numeric Jacobians: how exact they are, and that they know it."""

import math

import numpy as np
import pytest

from tinygrad_lab.autograd.oracles import room_around
from tinygrad_lab.domain import Reals
from tinygrad_lab.testing import complex_step, richardson

X = np.array([0.5, -1.25, 2.0])
CASES = {
    "exp": (np.exp, lambda x: np.diag(np.exp(x))),
    "sin": (np.sin, lambda x: np.diag(np.cos(x))),
    "logsumexp": (lambda x: np.log(np.exp(x).sum()), lambda x: np.exp(x) / np.exp(x).sum()),
    "linear": (lambda x: np.arange(6.0).reshape(2, 3) @ x, lambda x: np.arange(6.0).reshape(2, 3)),
    "outer": (
        lambda x: x[:, None] * x,
        lambda x: np.eye(3)[:, None, :] * x[None, :, None] + np.eye(3)[None] * x[:, None, None],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_complex_step_is_exact_to_rounding(name):
    f, jacobian = CASES[name]
    value, error = complex_step(f, X)
    off = np.abs(value - jacobian(X))
    assert value.shape == np.shape(f(X)) + X.shape
    assert np.all(off <= error)
    assert np.max(error) <= 1e-13


@pytest.mark.parametrize("name", CASES)
def test_richardson_is_good_to_1e_11_and_estimates_its_error(name):
    f, jacobian = CASES[name]
    value, error = richardson(f, X)
    off = np.abs(value - jacobian(X))
    assert value.shape == np.shape(f(X)) + X.shape
    assert np.max(off) <= 1e-11
    assert np.all(off <= error + 1e-12)
    assert np.max(error) <= 1e-9


def test_close_to_a_border_steps_are_short():
    x = np.array([0.01])
    blind, error = richardson(lambda x: np.log(np.abs(x)), x)
    assert abs(blind.item() / 100 - 1) < 1e-3 or error.item() > 1
    told, error = richardson(np.log, x, room=np.array([0.01]))
    assert abs(told.item() / 100 - 1) < 1e-9
    assert error.item() < 1e-4


def test_a_kink_within_reach_shows_in_the_error():
    for near in (1e-3, 1e-4):
        _, error = richardson(np.abs, np.array([near]))
        assert error.item() > 1e-3
    value, error = richardson(np.abs, np.array([5e-3]))
    assert abs(value.item() - 1) <= error.item() + 1e-12 < 1e-9, "the shortest steps stay on one side"


@pytest.mark.parametrize("oracle", [complex_step, richardson])
def test_0_d_and_empty_arrays(oracle):
    value, _ = oracle(np.sin, np.array(0.5))
    assert value.shape == ()
    assert math.isclose(value, math.cos(0.5), rel_tol=1e-12)
    assert oracle(np.sin, np.zeros((2, 0)))[0].shape == (2, 0, 2, 0)
    assert oracle(lambda x: x.sum(), np.zeros(0))[0].shape == (0,)
    assert oracle(lambda x: x[:0], X)[0].shape == (0, 3)


def test_the_complex_step_refuses_a_function_that_is_not_analytic():
    with pytest.raises(TypeError, match="isn't analytic"):
        complex_step(np.abs, X)


@pytest.mark.parametrize("oracle", [complex_step, richardson])
def test_the_argument_is_left_alone(oracle):
    x = np.broadcast_to(np.array([0.5]), (3,))
    oracle(np.sin, x)
    assert x.tolist() == [0.5] * 3


def test_room_around():
    x = np.array([-2.0, 0.5, 2.75])
    assert room_around(x, Reals(), x).tolist() == [1, 2.5, 0.25]
    assert room_around(x, Reals(kinks=(0.0, 3.0)), x).tolist() == [1, 0.5, 0.25]
    assert room_around(x, Reals(distinct=True), np.array([-2.0, 0.5, 2.75, 0.625])).tolist() == [1, 0.125, 0.25]
