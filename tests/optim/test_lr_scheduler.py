"""The schedules: learning rates on paper, going on from a state dict, errors and warnings."""

import copy
import math
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import optim
from tinygrad_lab.nn import Parameter
from tinygrad_lab.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)
from tinygrad_lab.optim.swa_utils import SWALR


def sgd(lr=1.0, groups=1):
    """An optimiser that has made a step."""
    optimizer = optim.SGD([{"params": [Parameter(tg.ones(1))]} for _ in range(groups)], lr=lr, momentum=0.5)
    optimizer.step()
    return optimizer


HALF = math.sqrt(0.5)
BY_HAND = [
    (lambda o: LambdaLR(o, lambda t: 1 / (1 + t)), [1, 1 / 2, 1 / 3, 1 / 4]),
    (lambda o: MultiplicativeLR(o, lambda t: t), [1, 1, 2, 6]),
    (lambda o: StepLR(o, 2, 0.5), [1, 1, 0.5, 0.5, 0.25]),
    (lambda o: MultiStepLR(o, [1, 3, 3], 0.5), [1, 0.5, 0.5, 0.125]),
    (lambda o: ConstantLR(o, 0.25, 2), [0.25, 0.25, 1, 1]),
    (lambda o: LinearLR(o, 0.25, 1, 3), [0.25, 0.5, 0.75, 1, 1]),
    (lambda o: ExponentialLR(o, 0.5), [1, 0.5, 0.25]),
    (lambda o: PolynomialLR(o, 4, 2), [1, 9 / 16, 4 / 16, 1 / 16, 0, 0]),
    (lambda o: CosineAnnealingLR(o, 4), [1, (1 + HALF) / 2, 0.5, (1 - HALF) / 2, 0, (1 - HALF) / 2, 0.5]),
    (lambda o: CosineAnnealingWarmRestarts(o, 2, 2), [1, 0.5, 1, (1 + HALF) / 2, 0.5, (1 - HALF) / 2, 1]),
    (lambda o: CyclicLR(o, 1, 3, 2, mode="triangular2"), [1, 2, 3, 2, 1, 1.5, 2, 1.5]),
    (lambda o: CyclicLR(o, 1, 3, 2, mode="exp_range", gamma=0.5), [1, 1.5, 1.5, 1.125]),
    (lambda o: OneCycleLR(o, 1.0, 5, pct_start=0.6, anneal_strategy="linear"), [0.04, 0.52, 1, 0.500002, 4e-6]),
    (lambda o: ChainedScheduler([ConstantLR(o, 0.5, 2), ExponentialLR(o, 0.5)]), [0.5, 0.25, 0.25, 0.125]),
    (lambda o: SequentialLR(o, [ConstantLR(o, 0.5, 9), ExponentialLR(o, 0.5)], [2]), [0.5, 0.5, 1, 0.5, 0.25]),
    (lambda o: SWALR(o, 0.5, 2, "linear"), [1, 0.75, 0.5, 0.5]),
]
every_schedule = pytest.mark.parametrize("make", [make for make, _ in BY_HAND])


@pytest.mark.parametrize(("make", "rates"), BY_HAND)
def test_by_hand(make, rates):
    optimizer = sgd()
    schedule = make(optimizer)
    for i, rate in enumerate(rates, start=1):
        assert schedule.get_last_lr() == pytest.approx([rate], rel=1e-12, abs=1e-15)
        assert [g["lr"] for g in optimizer.param_groups] == schedule.get_last_lr()
        if i < len(rates):
            schedule.step()


@every_schedule
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_going_on_from_a_state_dict_is_going_on(make, copied):
    one = sgd()
    schedule = make(one)
    for _ in range(2):
        schedule.step()
    other = sgd()
    twin = make(other)
    other.load_state_dict(copied(one.state_dict()))
    saved = copied(schedule.state_dict())
    before = copy.deepcopy(saved)
    twin.load_state_dict(saved)
    assert saved == before
    for _ in range(2):
        assert twin.get_last_lr() == schedule.get_last_lr()
        assert other.param_groups[0]["momentum"] == one.param_groups[0]["momentum"]
        schedule.step()
        twin.step()
    assert twin.get_last_lr() == schedule.get_last_lr()


def test_a_callable_object_is_saved_with_its_attributes():
    class Factor:
        def __init__(self, base):
            self.base = base

        def __call__(self, t):
            return self.base**t

    for make in (LambdaLR, MultiplicativeLR):
        schedule = make(sgd(groups=2), [Factor(0.5), lambda t: 1])
        assert schedule.state_dict()["lr_lambdas"] == [{"base": 0.5}, None]
        twin = make(sgd(groups=2), [Factor(0.25), lambda t: 1])
        twin.load_state_dict(schedule.state_dict())
        assert twin.lr_lambdas[0].base == 0.5
    cyclic = CyclicLR(sgd(), 1, 2, scale_fn=Factor(0.5))
    twin = CyclicLR(sgd(), 1, 2, scale_fn=Factor(0.25))
    twin.load_state_dict(cyclic.state_dict())
    assert twin.scale_fn(1) == 0.5


@pytest.mark.parametrize("make", [CyclicLR, OneCycleLR])
@pytest.mark.parametrize("kind", [lambda p: optim.SGD(p, momentum=0.5), optim.Adam])
def test_momentum_goes_against_the_learning_rate(make, kind):
    optimizer = kind([Parameter(tg.ones(1))])
    optimizer.step()
    if make is CyclicLR:
        schedule = CyclicLR(optimizer, 0.1, 0.3, 2)
        expected = [0.9, 0.85, 0.8, 0.85, 0.9]
    else:
        schedule = OneCycleLR(optimizer, 0.3, 5, pct_start=0.6, anneal_strategy="linear")
        expected = [0.95, 0.9, 0.85, 0.9, 0.95]
    for i, momentum in enumerate(expected, start=1):
        (group,) = optimizer.param_groups
        assert (group["betas"][0] if "betas" in group else group["momentum"]) == pytest.approx(momentum)
        if i < len(expected):
            schedule.step()


def test_plateau():
    optimizer = sgd()
    schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1, threshold=0.1, cooldown=1, min_lr=0.2)
    rates = []
    for metric in [1, 0.95, 0.8, 0.79, 0.78, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, tg.tensor(0.7)]:
        schedule.step(metric)
        rates += schedule.get_last_lr()
    assert rates == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2]
    twin = ReduceLROnPlateau(sgd(), "max")
    twin.load_state_dict(schedule.state_dict())
    assert (twin.best, twin.mode, twin.min_lrs) == (0.7, "min", [0.2])


def test_plateau_of_new_groups():
    optimizer = sgd()
    loose, strict = (ReduceLROnPlateau(optimizer, patience=0, min_lr=least) for least in (0, [0]))
    optimizer.add_param_group({"params": [Parameter(tg.ones(1))]})
    loose.step(1)
    loose.step(1)
    assert loose.get_last_lr() == [0.1, 0.1]
    strict.step(1)
    with pytest.raises(RuntimeError, match=r"The number of param groups in the `optimizer` \(2\) differs"):
        strict.step(1)


def test_a_learning_rate_that_is_a_tensor_is_changed_in_place():
    lr = tg.tensor(1.0)
    optimizer = sgd(lr)
    schedule = ExponentialLR(optimizer, 0.5)
    schedule.step()
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == 0.5
    assert schedule.base_lrs[0].item() == 1


def test_stepping_before_the_optimiser_warns_once():
    optimizer = optim.SGD([Parameter(tg.ones(1))])
    schedule = ExponentialLR(optimizer, 0.5)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        schedule.step()
    schedule.step()
    for stepped in (optim.LBFGS([Parameter(tg.ones(1))]), sgd()):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stepped.step(lambda: 0.0) if isinstance(stepped, optim.LBFGS) else None
            ExponentialLR(stepped, 0.5).step()


def test_an_optimiser_with_its_own_step_says_that_it_stepped():
    class Own(optim.Optimizer):
        def step(self, closure=None):
            return None

    own = Own([Parameter(tg.ones(1))], {"lr": 1.0})
    schedule = ExponentialLR(own, 0.5)
    own.step()
    schedule.step()


def test_an_epoch_is_deprecated_and_takes_the_closed_form():
    optimizer = sgd()
    schedule = StepLR(optimizer, 2, 0.5)
    with pytest.warns(UserWarning, match="epoch parameter"):
        schedule.step(5)
    assert schedule.get_last_lr() == [0.25]
    plateau = ReduceLROnPlateau(optimizer)
    with pytest.warns(UserWarning, match="epoch parameter"):
        plateau.step(1.0, 7)
    assert plateau.last_epoch == 7
    restarts = CosineAnnealingWarmRestarts(sgd(), 2, 2)
    restarts.step(2.5)
    assert (restarts.T_cur, restarts.T_i, restarts.last_epoch) == (0.5, 4, 2)


def test_get_lr_out_of_step_warns():
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        ExponentialLR(sgd(), 0.5).get_lr()


def test_going_on_by_last_epoch():
    optimizer = sgd()
    schedule = ExponentialLR(optimizer, 0.5)
    schedule.step()
    schedule.step()
    again = ExponentialLR(optimizer, 0.5, last_epoch=2)
    assert again.last_epoch == 3
    assert again.base_lrs == [1]
    with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups"):
        ExponentialLR(sgd(), 0.5, last_epoch=2)


@pytest.mark.parametrize(
    ("error", "text", "make"),
    [
        (TypeError, "list is not an Optimizer", lambda o: StepLR([], 1)),
        (TypeError, "list is not an Optimizer", lambda o: CyclicLR([], 1, 2)),
        (TypeError, "list is not an Optimizer", lambda o: OneCycleLR([], 1)),
        (TypeError, "list is not an Optimizer", lambda o: ReduceLROnPlateau([])),
        (NotImplementedError, "LRScheduler doesn't define get_lr", LRScheduler),
        (ValueError, "Expected 1 lr_lambdas, but got 2", lambda o: LambdaLR(o, [abs, abs])),
        (TypeError, "lr_lambda should be a function, but got int", lambda o: MultiplicativeLR(o, 3)),
        (ValueError, "between 0 and 1", lambda o: ConstantLR(o, 1.5)),
        (ValueError, "Starting multiplicative factor", lambda o: LinearLR(o, 0.0)),
        (ValueError, "Ending multiplicative factor", lambda o: LinearLR(o, 0.5, 2.0)),
        (ValueError, "Expected positive integer T_0, but got 0", lambda o: CosineAnnealingWarmRestarts(o, 0)),
        (ValueError, "Expected integer T_mult >= 1, but got 0", lambda o: CosineAnnealingWarmRestarts(o, 1, 0)),
        (ValueError, "eta_min, but got x", lambda o: CosineAnnealingWarmRestarts(o, 1, 1, "x")),
        (ValueError, "non-negative epoch, but got -1", lambda o: CosineAnnealingWarmRestarts(o, 1).step(-1)),
        (ValueError, "mode is invalid and scale_fn is None", lambda o: CyclicLR(o, 1, 2, mode="x")),
        (ValueError, "max_lr must have the same length", lambda o: CyclicLR(o, 1, [2, 3])),
        (ValueError, "must support momentum or beta1", lambda o: CyclicLR(optim.Rprop([Parameter(tg.ones(1))]), 1, 2)),
        (ValueError, "either total_steps OR", lambda o: OneCycleLR(o, 1, epochs=3)),
        (ValueError, "positive integer total_steps, but got 0", lambda o: OneCycleLR(o, 1, 0)),
        (ValueError, "positive integer epochs, but got 0", lambda o: OneCycleLR(o, 1, epochs=0, steps_per_epoch=1)),
        (ValueError, "between 0 and 1 pct_start, but got 2", lambda o: OneCycleLR(o, 1, 5, pct_start=2)),
        (ValueError, "must be one of 'cos' or 'linear'", lambda o: OneCycleLR(o, 1, 5, anneal_strategy="x")),
        (ValueError, "Tried to step 4 times", lambda o: [s := OneCycleLR(o, 1, 3)] + [s.step() for _ in range(4)]),
        (ValueError, "Factor should be < 1.0", lambda o: ReduceLROnPlateau(o, factor=1)),
        (ValueError, "expected 1 min_lrs, got 2", lambda o: ReduceLROnPlateau(o, min_lr=[0, 0])),
        (ValueError, "mode x is unknown", lambda o: ReduceLROnPlateau(o, "x")),
        (ValueError, "threshold mode x is unknown", lambda o: ReduceLROnPlateau(o, threshold_mode="x")),
        (ValueError, "at least one scheduler", lambda o: ChainedScheduler([])),
        (TypeError, "should have `optimizer` as its attribute", lambda o: ChainedScheduler([3])),
        (ValueError, "does not support `ReduceLROnPlateau`", lambda o: ChainedScheduler([ReduceLROnPlateau(o)])),
        (ValueError, "the same optimizer", lambda o: SequentialLR(o, [StepLR(sgd(), 1)], [])),
        (ValueError, "one more than the number of milestone", lambda o: SequentialLR(o, [StepLR(o, 1)], [1])),
        (ValueError, "must be one of 'cos' or 'linear'", lambda o: SWALR(o, 1, anneal_strategy="x")),
        (ValueError, "equal or greater than 0, got -1", lambda o: SWALR(o, 1, -1)),
    ],
)
def test_errors(error, text, make):
    with pytest.raises(error, match=text):
        make(sgd())


def test_base_rates_are_of_the_groups():
    optimizer = optim.SGD([{"params": [Parameter(np.ones(1))], "lr": lr} for lr in (1.0, 0.1)])
    assert LinearLR(optimizer, 0.5).get_last_lr() == [0.5, 0.05]


def test_the_old_name_of_the_base():
    assert optim.lr_scheduler._LRScheduler is optim.lr_scheduler.LRScheduler
