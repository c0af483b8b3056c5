"""Optimisers beside PyTorch's own, where it is installed: trajectories, and state dicts in both directions."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SHAPES = [(3, 4), (), (5,), (500, 600), (2, 3, 4, 5)]
KINDS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"maximize": True, "betas": (0.5, 0.6)}),
    ("AdamW", {"amsgrad": True, "eps": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"betas": (0.5, 0.6), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"betas": (0.5, 0.6), "weight_decay": 0.1, "maximize": True, "momentum_decay": 0.1, "eps": 1e-3}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"betas": (0.5, 0.9), "weight_decay": 0.1, "maximize": True, "eps": 1e-3}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.5, "eps": 1e-3, "weight_decay": 0.1, "momentum": 0.9, "maximize": True}),
    ("RMSprop", {"centered": True, "eps": 0.1}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "eps": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("ASGD", {}),
    ("ASGD", {"lambd": 0.1, "alpha": 0.5, "t0": 2, "weight_decay": 0.1, "maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"etas": (0.3, 2.0), "step_sizes": (0.05, 0.3), "maximize": True}),
    ("Adafactor", {}),
    ("Adafactor", {"beta2_decay": -0.3, "eps": (1e-3, 0.1), "d": 2.0, "weight_decay": 0.1, "maximize": True}),
]


@pytest.fixture(autouse=True)
def _float64():
    """PyTorch keeps numbers such as NAdam's product of momenta in the default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


every_kind = pytest.mark.parametrize(("kind", "settings"), KINDS)


def pairs(kind, settings, dtype=np.float64):
    """The same parameters and optimiser, ours and PyTorch's, in two groups."""
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal(shape), dtype) for shape in SHAPES]
    ours = [Parameter(a.copy()) for a in arrays]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
    made = [
        getattr(optim, kind)([{"params": p[:1], "lr": 0.03}, {"params": p[1:]}], lr=0.1, **settings)
        for optim, p in ((tg.optim, ours), (torch.optim, theirs))
    ]
    return ours, theirs, *made


def step_both(ours, theirs, a, b, steps, seed, tolerance=1e-10):
    rng = np.random.default_rng(seed)
    for i in range(steps):
        for j, (p, q) in enumerate(zip(ours, theirs)):
            g = np.asarray(rng.standard_normal(p.shape), p.dtype)
            p.grad, q.grad = (None, None) if (i + j) % 4 == 3 else (tg.tensor(g), torch.tensor(g))
        a.step()
        b.step()
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=tolerance, atol=tolerance)


@every_kind
def test_trajectories(kind, settings):
    step_both(*pairs(kind, settings), steps=30, seed=1)


@every_kind
def test_trajectories_in_float32(kind, settings):
    step_both(*pairs(kind, settings, np.float32), steps=30, seed=1, tolerance=1e-5)


@every_kind
def test_going_on_from_pytorch_and_back(kind, settings):
    ours, theirs, a, b = pairs(kind, settings)
    step_both(ours, theirs, a, b, steps=3, seed=1)
    *_, a2, b2 = pairs(kind, settings)
    a2.param_groups, b2.param_groups = a.param_groups, b.param_groups
    a2.load_state_dict(b.state_dict())
    step_both(ours, theirs, a2, b, steps=3, seed=2)
    state = a2.state_dict()
    as_torch = {
        i: {k: torch.tensor(v.numpy() if isinstance(v, tg.Tensor) else float(v)) for k, v in s.items()}
        for i, s in state["state"].items()
    }
    b2.load_state_dict({"state": as_torch, "param_groups": b.state_dict()["param_groups"]})
    step_both(ours, theirs, a2, b2, steps=3, seed=3)
