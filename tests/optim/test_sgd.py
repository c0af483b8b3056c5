"""SGD: trajectories against the formulas, and errors."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter
from tinygrad_lab.optim import SGD

OPTIONS = [
    {"momentum": mu, "dampening": tau, "weight_decay": decay, "nesterov": nesterov, "maximize": maximize}
    for mu, tau, decay, nesterov, maximize in itertools.product(
        [0, 0.9], [0, 0.3], [0, 0.1], [False, True], [False, True]
    )
    if not nesterov or (mu and not tau)
]


def trajectory(x, gradients, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """Sutskever's formulas in PyTorch's form, written without a thought for memory."""
    path, b = [], None
    for g in gradients:
        d = (-g if maximize else g) + weight_decay * x
        if momentum:
            b = d if b is None else momentum * b + (1 - dampening) * d
            d = d + momentum * b if nesterov else b
        x = x - lr * d
        path.append(x)
    return path


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: " ".join(k for k, v in o.items() if v) or "plain")
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3, 4), (500, 600), ()])
def test_trajectories(options, dtype, shape):
    rng = np.random.default_rng(0)
    x = np.asarray(rng.standard_normal(shape), dtype)
    gradients = [np.asarray(rng.standard_normal(shape), dtype) for _ in range(8)]
    expected = trajectory(x.astype(np.float64), [g.astype(np.float64) for g in gradients], 0.1, **options)
    p = Parameter(x.copy())
    optimizer = SGD([p], lr=0.1, **options)
    tolerance = {"rtol": 1e-12, "atol": 1e-14} if dtype == np.float64 else {"rtol": 1e-5, "atol": 1e-6}
    for g, point in zip(gradients, expected):
        p.grad = tg.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(p.detach(), point, **tolerance)


def test_a_valley_by_hand():
    """x^2 / 2 + 5 y^2 from (1, 1) at lr 0.1 with momentum 1/2: three steps on paper."""
    p = Parameter(tg.tensor(np.array([1.0, 1.0])))
    optimizer = SGD([p], lr=0.1, momentum=0.5)
    for point in [(0.9, 0), (0.76, -0.5), (0.614, -0.25)]:
        optimizer.zero_grad()
        (p * p * tg.tensor(np.array([0.5, 5]))).sum().backward()
        optimizer.step()
        np.testing.assert_allclose(p.detach(), point, atol=1e-15)


def test_settings_may_be_tensors_or_numpy_scalars():
    for lr in (tg.tensor(0.5), np.float64(0.5)):
        p = Parameter(tg.ones(2))
        p.grad = tg.ones(2)
        SGD([p], lr=lr).step()
        assert p.tolist() == [0.5, 0.5]
        assert p.dtype == np.float32


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"lr": -1}, "Invalid learning rate: -1"),
        ({"momentum": -1}, "Invalid momentum value: -1"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
        ({"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "Nesterov momentum requires a momentum and zero"),
    ],
)
def test_errors(settings, text):
    with pytest.raises(ValueError, match=text):
        SGD([Parameter(tg.ones(1))], **settings)
