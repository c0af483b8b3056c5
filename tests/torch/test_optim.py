"""Optimisers beside PyTorch's own, where it is installed: trajectories, and state dicts in both directions."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SHAPES = [(3, 4), (), (5,), (500, 600)]
KINDS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1}),
    ("AdamW", {"maximize": True, "betas": (0.5, 0.6)}),
    ("AdamW", {"amsgrad": True, "eps": 1e-3}),
]
every_kind = pytest.mark.parametrize(("kind", "settings"), KINDS)


def pairs(kind, settings):
    """The same parameters and optimiser, ours and PyTorch's, in two groups."""
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal(shape)) for shape in SHAPES]
    ours = [Parameter(a.copy()) for a in arrays]
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
    made = [
        getattr(optim, kind)([{"params": p[:1], "lr": 0.03}, {"params": p[1:]}], lr=0.1, **settings)
        for optim, p in ((tg.optim, ours), (torch.optim, theirs))
    ]
    return ours, theirs, *made


def step_both(ours, theirs, a, b, steps, seed):
    rng = np.random.default_rng(seed)
    for i in range(steps):
        for j, (p, q) in enumerate(zip(ours, theirs)):
            g = np.asarray(rng.standard_normal(p.shape))
            p.grad, q.grad = (None, None) if (i + j) % 4 == 3 else (tg.tensor(g), torch.tensor(g))
        a.step()
        b.step()
    for p, q in zip(ours, theirs):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=1e-9, atol=1e-11)


@every_kind
def test_trajectories(kind, settings):
    step_both(*pairs(kind, settings), steps=8, seed=1)


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
        i: {k: v if k == "step" else torch.tensor(v.numpy()) for k, v in s.items()} for i, s in state["state"].items()
    }
    b2.load_state_dict({"state": as_torch, "param_groups": b.state_dict()["param_groups"]})
    step_both(ours, theirs, a2, b2, steps=3, seed=3)
