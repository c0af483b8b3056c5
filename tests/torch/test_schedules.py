"""Learning rates and momenta beside PyTorch's own schedules, where it is installed."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:.*before `optimizer.step")]

SCHEDULES = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 0.95**t),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda t: 1 / (1 + t), lambda t: math.cos(t)]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9 if t % 2 else 1.05),
    "step": lambda s, o: s.StepLR(o, 7),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 11, 11, 20], gamma=0.5),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant 0.5": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=9),
    "linear": lambda s, o: s.LinearLR(o),
    "linear down": lambda s, o: s.LinearLR(o, 1.0, 0.1, total_iters=17),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o, total_iters=20, power=2.5),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 10, eta_min=0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4),
    "longer restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=2, eta_min=0.001),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=5),
    "cyclic 2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.3], 4, 7, "triangular2", base_momentum=[0.5, 0.6]),
    "cyclic exp": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 6, mode="exp_range", gamma=0.9, cycle_momentum=False),
    "cyclic own": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 6, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.1, total_steps=45),
    "one cycle linear": lambda s, o: s.OneCycleLR(o, [0.1, 0.2], epochs=9, steps_per_epoch=5, anneal_strategy="linear"),
    "one cycle in three": lambda s, o: s.OneCycleLR(o, 0.1, 50, three_phase=True, pct_start=0.4, cycle_momentum=False),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)]),
    "sequential": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9)], [7]),
    "warmup": lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1), s.CosineAnnealingLR(o, 20), s.StepLR(o, 3)], [5, 25]),
    "sequential restarts": lambda s, o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingWarmRestarts(o, 6)], [5]),
    "nested": lambda s, o: s.SequentialLR(
        o, [s.ChainedScheduler([s.LinearLR(o), s.StepLR(o, 2)]), s.ExponentialLR(o, 0.8)], [6]
    ),
}
CLOSED = ["step", "multistep", "constant 0.5", "linear down", "exponential", "polynomial", "cosine", "longer restarts"]


def optimizers(kind):
    settings = {"momentum": 0.9} if kind == "SGD" else {}
    return [
        (
            library.optim.lr_scheduler,
            getattr(library.optim, kind)([{"params": [p()]}, {"params": [p()], "lr": 0.3}], lr=0.1, **settings),
        )
        for library, p in ((tg, lambda: Parameter(np.ones(1))), (torch, lambda: torch.nn.Parameter(torch.ones(1))))
    ]


def rates(schedule, optimizer):
    momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in optimizer.param_groups]
    return [*schedule.get_last_lr(), *(g["lr"] for g in optimizer.param_groups), *momenta]


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "make"), SCHEDULES.items(), ids=SCHEDULES)
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_rates(name, make, kind):
    (a, ours), (b, theirs) = optimizers(kind)
    one, other = make(a, ours), make(b, theirs)
    for _ in range(44 if "one cycle" in name else 100):  # which ends after 45 steps, or 50
        close(rates(one, ours), rates(other, theirs))
        for part in (ours, theirs, one, other):
            part.step()
    close(rates(one, ours), rates(other, theirs))


@pytest.mark.parametrize("name", CLOSED)
def test_epochs(name):
    (a, ours), (b, theirs) = optimizers("SGD")
    one, other = SCHEDULES[name](a, ours), SCHEDULES[name](b, theirs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in (5, 2, 11, 30, None, 3, None):
            one.step(epoch)
            other.step(epoch)
            close(rates(one, ours), rates(other, theirs))


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_names_of_a_state_dict(make):
    (a, ours), (b, theirs) = optimizers("SGD")
    one, other = make(a, ours), make(b, theirs)
    for _ in range(3):
        one.step()
        other.step()
    assert set(one.state_dict()) == set(other.state_dict())
    twin, other = make(*optimizers("SGD")[0]), other.state_dict()
    twin.load_state_dict(other)
    assert twin.get_last_lr() == pytest.approx(one.get_last_lr())


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_going_on_mid_way(make):
    """From a saved schedule and optimiser, PyTorch's and ours go on alike."""
    pairs = []
    for library, optimizer in optimizers("SGD"):
        schedule = make(library, optimizer)
        for _ in range(7):
            optimizer.step()
            schedule.step()
        saved = schedule.state_dict(), optimizer.state_dict()
        pairs.append((library, *saved))
    fresh = []
    for (library, schedule_state, optimizer_state), (_, optimizer) in zip(pairs, optimizers("SGD"), strict=True):
        schedule = make(library, optimizer)
        optimizer.load_state_dict(optimizer_state)
        schedule.load_state_dict(schedule_state)
        fresh.append((schedule, optimizer))
    for _ in range(30):
        close(*(rates(*pair) for pair in fresh))
        for schedule, optimizer in fresh:
            optimizer.step()
            schedule.step()


LATER = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda t: 0.95**t, last_epoch=5),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9, last_epoch=5),
    "step": lambda s, o: s.StepLR(o, 3, last_epoch=5),
    "multistep": lambda s, o: s.MultiStepLR(o, [6, 9], last_epoch=5),
    "constant": lambda s, o: s.ConstantLR(o, 0.5, 9, last_epoch=5),
    "linear": lambda s, o: s.LinearLR(o, 0.1, total_iters=9, last_epoch=5),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=5),
    "polynomial": lambda s, o: s.PolynomialLR(o, 20, 2.5, last_epoch=5),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 10, 0.01, last_epoch=5),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, last_epoch=5),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, last_epoch=5),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.1, 45, last_epoch=5),
}


@pytest.mark.parametrize("make", LATER.values(), ids=LATER)
def test_going_on_by_last_epoch(make):
    made = []
    for library, optimizer in optimizers("SGD"):
        for group in optimizer.param_groups:
            known = {"max_lr": 0.1, "min_lr": 1e-5, "max_momentum": 0.95, "base_momentum": 0.85}
            group.update(known, initial_lr=group["lr"])
        made.append((make(library, optimizer), optimizer))
    for _ in range(30):
        close(*(rates(*pair) for pair in made))
        for schedule, optimizer in made:
            optimizer.step()
            schedule.step()


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("more", [{}, {"cooldown": 3, "min_lr": [0.02, 0.05]}, {"patience": 0, "factor": 0.9}])
def test_plateau(mode, threshold_mode, more):
    settings = {"mode": mode, "threshold_mode": threshold_mode, "threshold": 0.1, "patience": 2, **more}
    (a, ours), (b, theirs) = optimizers("SGD")
    one, other = a.ReduceLROnPlateau(ours, **settings), b.ReduceLROnPlateau(theirs, **settings)
    for metric in np.random.default_rng(0).uniform(0.5, 1.5, 60):
        one.step(metric)
        other.step(metric)
        close(rates(one, ours), rates(other, theirs))
        assert one.num_bad_epochs == other.num_bad_epochs
    assert set(one.state_dict()) == set(other.state_dict())


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("epochs", [0, 1, 7])
def test_swalr(strategy, epochs):
    (_, ours), (_, theirs) = optimizers("SGD")
    one = tg.optim.swa_utils.SWALR(ours, 0.05, epochs, strategy)
    other = torch.optim.swa_utils.SWALR(theirs, 0.05, epochs, strategy)
    for _ in range(12):
        close(rates(one, ours), rates(other, theirs))
        for part in (ours, theirs, one, other):
            part.step()
    assert set(one.state_dict()) == set(other.state_dict())
