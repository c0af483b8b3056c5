"""Adam and AdamW: trajectories against the formulas, and errors."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter
from tinygrad_lab.optim import Adam, AdamW

OPTIONS = [
    {"weight_decay": decay, "amsgrad": amsgrad, "maximize": maximize, "betas": betas}
    for decay, amsgrad, maximize, betas in itertools.product(
        [0, 0.1], [False, True], [False, True], [(0.9, 0.999), (0.5, 0.6)]
    )
]


def trajectory(x, gradients, lr, betas, eps, weight_decay, amsgrad, maximize, decoupled):
    """Kingma and Ba's formulas, written without a thought for memory."""
    path, m, v, top = [], 0.0, 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        g = -g if maximize else g
        if decoupled:
            x = x - lr * weight_decay * x
        else:
            g = g + weight_decay * x
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        top = np.maximum(top, v)
        m_hat, v_hat = m / (1 - betas[0] ** t), (top if amsgrad else v) / (1 - betas[1] ** t)
        x = x - lr * m_hat / (np.sqrt(v_hat) + eps)
        path.append(x)
    return path


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: " ".join(f"{k}={v}" for k, v in o.items() if v))
@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(3, 4), (500, 600), ()])
def test_trajectories(options, kind, dtype, shape):
    rng = np.random.default_rng(0)
    x = np.asarray(rng.standard_normal(shape), dtype)
    gradients = [np.asarray(rng.standard_normal(shape), dtype) for _ in range(8)]
    expected = trajectory(
        x.astype(np.float64),
        [g.astype(np.float64) for g in gradients],
        lr=0.01,
        eps=1e-8,
        decoupled=kind is AdamW,
        **options,
    )
    p = Parameter(x.copy())
    optimizer = kind([p], lr=0.01, **options)
    tolerance = {"rtol": 1e-10, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-4, "atol": 1e-5}
    for g, point in zip(gradients, expected):
        p.grad = tg.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(p.detach(), point, **tolerance)


def test_the_first_step_is_the_learning_rate_whatever_the_gradient():
    p = Parameter(tg.tensor(np.zeros(4)))
    p.grad = tg.tensor(np.array([1e-4, -1, 1e4, 0]))
    Adam([p], lr=0.5).step()
    np.testing.assert_allclose(p.detach(), [-0.5, 0.5, -0.5, 0], rtol=1e-3)


def test_adamw_is_adam_with_decoupled_decay():
    group = AdamW([Parameter(tg.ones(1))]).param_groups[0]
    assert group["decoupled_weight_decay"] is True
    assert group["weight_decay"] == 0.01
    assert Adam([Parameter(tg.ones(1))]).param_groups[0]["weight_decay"] == 0


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"lr": -1}, "Invalid learning rate: -1"),
        ({"eps": -1}, "Invalid epsilon value: -1"),
        ({"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
        ({"betas": (0.9, -1.0)}, "Invalid beta parameter at index 1: -1.0"),
        ({"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ],
)
def test_errors(kind, settings, text):
    with pytest.raises(ValueError, match=text):
        kind([Parameter(tg.ones(1))], **settings)
