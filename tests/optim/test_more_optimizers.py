"""The other optimisers: a step by hand, errors, state, memory."""

import copy
import math
import tracemalloc

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import optim
from tinygrad_lab.nn import Parameter
from tinygrad_lab.optim.lbfgs import cubic_minimum
from tinygrad_lab.optim.optimizer import CHUNK


def stepped(kind, x, gradients, **settings):
    """The parameter after steps with these gradients, and its state."""
    p = Parameter(np.array(x, np.float64))
    optimizer = kind([p], **settings)
    for g in gradients:
        p.grad = tg.tensor(np.array(g, np.float64))
        optimizer.step()
    return p.tolist(), optimizer.state[p]


# From x = 1 with the gradients 2 and -1, worked out on paper.
BY_HAND = [
    # m = 1, u = 2; then m = 0, u = 1: 1 - 0.1 * (1 / 0.5) / 2 = 0.9, and no further
    (optim.Adamax, {"lr": 0.1, "betas": (0.5, 0.5), "eps": 0}, [0.9, 0.9]),
    # mu = 1/4, next 1/4: m = 1, v = 2, v / (1 - 1/2) = 4: (1/4 / (1 - 1/16) + 2) / 2
    (optim.NAdam, {"lr": 0.1, "betas": (0.5, 0.5), "eps": 0, "momentum_decay": 0}, [1 - 0.1 * (4 / 15 + 2) / 2]),
    # rho never exceeds 2 / (1 - 1/2) - 1 = 3: m_hat is 2, then 0
    (optim.RAdam, {"lr": 0.1, "betas": (0.5, 0.5)}, [0.8, 0.8]),
    # v = 1, g / sqrt(v) = 2; v = 3/4 + 1/4 = 1
    (optim.RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 0}, [0.8, 0.9]),
    # v - m^2 = 2 - 1, then 3/2 - 0; b = 2, then 1 - 1 / sqrt(3/2)
    (
        optim.RMSprop,
        {"lr": 0.1, "alpha": 0.5, "eps": 0, "centered": True, "momentum": 0.5},
        [0.8, 0.8 - 0.1 * (1 - math.sqrt(2 / 3))],
    ),
    # s = 4, then 5, the rate 0.1, then 0.05
    (optim.Adagrad, {"lr": 0.1, "lr_decay": 1, "eps": 0}, [0.9, 0.9 + 0.05 / math.sqrt(5)]),
    # v = 2, d = 2 sqrt(1 / 3)
    (optim.Adadelta, {"rho": 0.5, "eps": 1}, [1 - 2 / math.sqrt(3)]),
    # 1 * (1 - 0.05) - 0.2; then the rate is 0.1 / 1.05
    (optim.ASGD, {"lr": 0.1, "lambd": 0.5, "alpha": 1}, [0.75, 0.75 * (1 - 0.05 / 1.05) + 0.1 / 1.05]),
    # the sign turns: no step
    (optim.Rprop, {"lr": 0.1}, [0.9, 0.9]),
    # V = g^2, U = 1, alpha = RMS(x) * 0.01
    (optim.Adafactor, {}, [0.99]),
]


@pytest.mark.parametrize(("kind", "settings", "points"), BY_HAND)
def test_by_hand(kind, settings, points):
    for i, point in enumerate(points, start=1):
        (x,), _ = stepped(kind, [1.0], [[2.0], [-1.0]][:i], **settings)
        assert x == pytest.approx(point, rel=1e-12)
        (y,), _ = stepped(kind, [-1.0], [[2.0], [-1.0]][:i], maximize=True, **settings)
        assert y == pytest.approx(-point, rel=1e-12)


def test_rprop_grows_and_shrinks_within_its_bounds():
    _, state = stepped(optim.Rprop, [0.0, 0.0, 0.0], [[1.0, 1, 1], [1.0, -1, 0]], lr=1.0)
    assert state["step_size"].tolist() == [1.2, 0.5, 1]
    assert state["prev"].tolist() == [1, 0, 0]
    _, state = stepped(optim.Rprop, [0.0, 0.0], [[1.0, 1], [1.0, -1]], lr=1.0, step_sizes=(0.7, 1.1))
    assert state["step_size"].tolist() == [1.1, 0.7]


def test_asgd_keeps_the_mean_of_its_points_but_the_first():
    points, mean = [], None
    for steps in range(1, 6):
        (x,), state = stepped(optim.ASGD, [0.0], [[1.0]] * steps, lr=1.0, lambd=0.0, t0=0)
        points.append(x)
        mean = state["ax"].item()
    assert points == [-1, -2, -3, -4, -5]
    assert mean == np.mean(points[1:])


def test_adafactor_of_a_matrix_of_rank_one_divides_by_its_magnitude():
    g = np.outer([1.0, 2, 3], [4.0, -5])
    x, state = stepped(optim.Adafactor, np.ones((3, 2)), [g])
    np.testing.assert_allclose(x, 1 - 0.01 * np.sign(g), rtol=1e-12)
    assert state["row_var"].shape == (3, 1)
    assert state["col_var"].shape == (1, 2)


def test_muon_takes_singular_values_near_1():
    rng = np.random.default_rng(0)
    for shape in ((20, 8), (8, 20)):
        x, state = stepped(optim.Muon, np.zeros(shape), [rng.standard_normal(shape)], lr=1.0, momentum=0.0)
        singular = np.linalg.svd(np.array(x), compute_uv=False) / math.sqrt(max(1, shape[0] / shape[1]))
        assert singular.min() > 0.5
        assert singular.max() < 1.3
        assert list(state) == ["momentum_buffer"]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (optim.Adamax, ["step", "exp_avg", "exp_inf"]),
        (optim.NAdam, ["step", "mu_product", "exp_avg", "exp_avg_sq"]),
        (optim.RAdam, ["step", "exp_avg", "exp_avg_sq"]),
        (optim.RMSprop, ["step", "square_avg"]),
        (optim.Adagrad, ["step", "sum"]),
        (optim.Adadelta, ["step", "square_avg", "acc_delta"]),
        (optim.ASGD, ["step", "eta", "mu", "ax"]),
        (optim.Rprop, ["step", "prev", "step_size"]),
        (optim.Adafactor, ["step", "variance"]),
    ],
)
def test_keys_and_memory(kind, keys):
    """A step on a great parameter takes no memory that is as great as two pieces for each of its arrays."""
    n = 16 * CHUNK
    p = Parameter(np.ones(n, np.float32))
    p.grad = tg.tensor(np.ones(n, np.float32))
    optimizer = kind([p])
    optimizer.step()
    assert sorted(optimizer.state[p]) == sorted(keys)
    tracemalloc.start()
    try:
        optimizer.step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * 4 * CHUNK
    assert peak < 4 * n / 2


def test_adafactors_memory_for_a_matrix():
    p = Parameter(np.ones((2048, 2048), np.float32))
    p.grad = tg.tensor(np.ones((2048, 2048), np.float32))
    optimizer = optim.Adafactor([p])
    optimizer.step()
    tracemalloc.start()
    try:
        optimizer.step()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 4 * CHUNK


SHARED = [({"lr": -1}, "Invalid learning rate: -1"), ({"weight_decay": -1}, "Invalid weight_decay value: -1")]
EPS = [({"eps": -1}, "Invalid epsilon value: -1")]
BETAS = [({"betas": (1.0, 0)}, "beta parameter at index 0: 1.0"), ({"betas": (0, -1)}, "beta parameter at index 1: -1")]
ERRORS = {
    optim.Adamax: SHARED + EPS + BETAS,
    optim.NAdam: [*SHARED, *EPS, *BETAS, ({"momentum_decay": -1}, "Invalid momentum_decay value: -1")],
    optim.RAdam: SHARED + EPS + BETAS,
    optim.RMSprop: [*SHARED, *EPS, ({"alpha": -1}, "alpha value: -1"), ({"momentum": -1}, "momentum value: -1")],
    optim.Adagrad: [
        *SHARED,
        *EPS,
        ({"lr_decay": -1}, "Invalid lr_decay value: -1"),
        ({"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value: -1"),
    ],
    optim.Adadelta: [*SHARED, *EPS, ({"rho": 1.5}, "Invalid rho value: 1.5")],
    optim.ASGD: SHARED,
    optim.Rprop: [({"lr": -1}, "Invalid learning rate: -1"), ({"etas": (0.5, 1.0)}, "Invalid eta values: 0.5, 1.0")],
    optim.Adafactor: [
        ({"lr": -1}, "Learning rate should be >= 0 but is: -1"),
        ({"beta2_decay": 1}, "beta2_decay should be <= 0 but is: 1"),
        ({"eps": (-1, 0)}, "epsilon1 should be >= 0 but is: -1"),
        ({"eps": (None, -1)}, "epsilon2 should be >= 0 but is: -1"),
        ({"d": 0.5}, "Clipping threshold d should be >= 1 but is: 0.5"),
        ({"weight_decay": -1}, "weight_decay should be >= 0 but is: -1"),
    ],
    optim.Muon: [
        ({}, r"Muon only supports 2D parameters whereas we found a parameter with size: \(1,\)"),
        ({"lr": -1}, "Learning rate should be >= 0 but is: -1"),
        ({"momentum": -1}, "momentum should be >= 0 but is: -1"),
        ({"weight_decay": -1}, "weight decay should be >= 0 but is: -1"),
        ({"adjust_lr_fn": "x"}, "Adjust learning rate function x is not supported"),
    ],
    optim.LBFGS: [({"lr": -1}, "Invalid learning rate: -1")],
}


@pytest.mark.parametrize(("kind", "settings", "text"), [(k, *row) for k, rows in ERRORS.items() for row in rows])
def test_errors(kind, settings, text):
    with pytest.raises(ValueError, match=text):
        kind([Parameter(tg.ones(1))], **settings)


# --------------------------------------------------------------------------------------------------------- L-BFGS


def quadratic(p, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = ((p - 3) ** 2 * tg.tensor(np.array([1.0, 10.0]))).sum()
        loss.backward()
        return loss

    return closure


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_minimum(search):
    p = Parameter(np.zeros(2))
    optimizer = optim.LBFGS([p], lr=0.5 if search is None else 1, line_search_fn=search, max_iter=60)
    with tg.no_grad():
        assert optimizer.step(quadratic(p, optimizer)).item() == 99
    np.testing.assert_allclose(p.detach(), [3, 3], rtol=1e-4)


def test_lbfgs_first_step_by_hand():
    """The gradient is (-6, -60), so the first step is it over its 1-norm."""
    p = Parameter(np.zeros(2))
    optimizer = optim.LBFGS([p], max_iter=1)
    optimizer.step(quadratic(p, optimizer))
    np.testing.assert_allclose(p.detach(), [6 / 66, 60 / 66], rtol=1e-12)


def test_lbfgs_goes_on_from_its_state_to_the_same_bits():
    p = Parameter(np.zeros(2))
    optimizer = optim.LBFGS([p], max_iter=3, lr=0.1)
    optimizer.step(quadratic(p, optimizer))
    q = Parameter(p.detach().clone())
    other = optim.LBFGS([q], max_iter=3, lr=0.1)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for _ in range(2):
        optimizer.step(quadratic(p, optimizer))
        other.step(quadratic(q, other))
    assert p.tolist() == q.tolist()


def test_lbfgs_errors():
    p, q = Parameter(np.zeros(2)), Parameter(np.zeros(2))
    with pytest.raises(ValueError, match="doesn't support per-parameter options"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])
    with pytest.raises(TypeError, match="needs a closure"):
        optim.LBFGS([p]).step()
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported, not 'armijo'"):
        optim.LBFGS([p], line_search_fn="armijo").step(lambda: 0)


def test_cubic_minimum():
    f, df = lambda x: x**3 - 3 * x, lambda x: 3 * x**2 - 3  # least at 1
    assert cubic_minimum(0, f(0), df(0), 3, f(3), df(3), 0, 3) == pytest.approx(1)
    assert cubic_minimum(3, f(3), df(3), 0, f(0), df(0), 0, 3) == pytest.approx(1)
    assert cubic_minimum(0, f(0), df(0), 3, f(3), df(3), 2, 3) == 2
    assert cubic_minimum(0, 0, 1, 1, 0.5, 1, 0, 1) == 0.5  # no minimum
