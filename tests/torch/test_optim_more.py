"""L-BFGS, Muon, averages and what clips gradients, beside PyTorch's own, where it is installed."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import Parameter

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def quartic(library, x):
    a = library.tensor(np.linspace(1, 30, x.shape[0]))
    return (a * (x - 1) ** 2).sum() + ((x[1:] - x[:-1] ** 2) ** 2).sum() + 0.1 * (x**4).sum()


@pytest.mark.parametrize(
    "settings",
    [
        {"lr": 0.1},
        {"lr": 0.5, "history_size": 3, "max_iter": 7},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "history_size": 2, "max_iter": 5, "max_eval": 9},
        {"line_search_fn": "strong_wolfe", "lr": 20.0, "max_iter": 4},
        {"line_search_fn": "strong_wolfe", "lr": 1e-4, "max_iter": 3},
    ],
)
@pytest.mark.parametrize("resumed", [False, True])
def test_lbfgs(settings, resumed):
    start = np.random.default_rng(0).standard_normal(8)
    ours, theirs = Parameter(start.copy()), torch.nn.Parameter(torch.tensor(start))
    a, b = tg.optim.LBFGS([ours], **settings), torch.optim.LBFGS([theirs], **settings)

    def closure(library, p, o):
        def run():
            o.zero_grad()
            loss = quartic(library, p)
            loss.backward()
            return loss

        return run

    for _ in range(4):
        one, other = a.step(closure(tg, ours, a)), b.step(closure(torch, theirs, b))
        np.testing.assert_allclose(one.item(), other.item(), rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), rtol=1e-7, atol=1e-9)
        mine, its = a.state[ours], b.state[theirs]
        assert (mine["n_iter"], mine["func_evals"]) == (its["n_iter"], its["func_evals"])
        assert set(its) - {"al"} == set(mine) - {"al"}
        if resumed:
            saved = b.state_dict()
            a = tg.optim.LBFGS([ours], **settings)
            a.load_state_dict(saved)


@pytest.mark.parametrize(
    "settings", [{}, {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}, {"momentum": 0.5, "weight_decay": 0.0}]
)
def test_muon_is_pytorchs_but_for_bfloat16(settings, monkeypatch):
    rng = np.random.default_rng(0)
    for shape in ((6, 4), (3, 7)):
        start = rng.standard_normal(shape)
        ours, theirs, exact = (
            Parameter(start.copy()),
            *(torch.nn.Parameter(torch.tensor(start)) for _ in range(2)),
        )
        a, b = tg.optim.Muon([ours], lr=0.02, **settings), torch.optim.Muon([theirs], lr=0.02, **settings)
        c = torch.optim.Muon([exact], lr=0.02, **settings)
        for _ in range(30):
            g = rng.standard_normal(shape)
            ours.grad, theirs.grad, exact.grad = tg.tensor(g), torch.tensor(g), torch.tensor(g)
            a.step()
            b.step()
            with monkeypatch.context() as m:
                m.setattr(torch.Tensor, "bfloat16", lambda t: t.clone())
                c.step()
        np.testing.assert_allclose(ours.detach().numpy(), exact.detach().numpy(), rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=0.02)


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.5, np.inf, 0.5])
@pytest.mark.parametrize("greatest", [0.1, 1e3])
def test_clip_grad_norm(norm_type, greatest):
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        arrays = [np.asarray(rng.standard_normal(s), dtype) for s in [(3, 4), (), (5,)]]
        ours, theirs = [Parameter(a) for a in arrays], [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
        for p, q, a in zip(ours, theirs, arrays):
            p.grad, q.grad = tg.tensor(a * 2), torch.tensor(a * 2)
        one = nn.utils.clip_grad_norm_(ours, greatest, norm_type)
        other = torch.nn.utils.clip_grad_norm_(theirs, greatest, norm_type)
        assert one.dtype == dtype
        np.testing.assert_allclose(one.item(), other.item(), rtol=1e-6 if dtype == np.float32 else 1e-12)
        for p, q in zip(ours, theirs):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-6 if dtype == np.float32 else 1e-12)
        nn.utils.clip_grad_value_(ours, 0.05)
        torch.nn.utils.clip_grad_value_(theirs, 0.05)
        for p, q in zip(ours, theirs):
            np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-6)


SWA = [
    lambda u: {},
    lambda u: {"avg_fn": u.get_ema_avg_fn(0.9)},
    lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.8), "use_buffers": True},
    lambda u: {"avg_fn": u.get_swa_avg_fn(), "use_buffers": True},
    lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
]


@pytest.mark.parametrize("make", SWA)
def test_averaged_model(make):
    rng = np.random.default_rng(0)
    ours, theirs = tg.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    for m, t in ((ours, tg), (theirs, torch)):
        m.register_buffer("b", t.zeros(2))
    a = tg.optim.swa_utils.AveragedModel(ours, **make(tg.optim.swa_utils))
    b = torch.optim.swa_utils.AveragedModel(theirs, **make(torch.optim.swa_utils))
    for _ in range(5):
        new = {k: rng.standard_normal(v.shape).astype(np.float32) for k, v in ours.state_dict().items()}
        ours.load_state_dict(new)
        theirs.load_state_dict({k: torch.tensor(v) for k, v in new.items()})
        a.update_parameters(ours)
        b.update_parameters(theirs)
        assert list(a.state_dict()) == list(b.state_dict())
        for one, other in zip(a.state_dict().values(), b.state_dict().values()):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-5, atol=1e-6)
