"""What a trainer computes: the steps that one would write, their means, and what it says when they diverge."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.autograd.anomaly import NonFiniteError
from tinygrad_lab.nn import functional as F
from tinygrad_lab.training import Callback, Trainer, accuracy
from tinygrad_lab.utils.data import DataLoader, TensorDataset


def network() -> nn.Module:
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def dataset(n: int = 20) -> TensorDataset:
    rng = np.random.default_rng(0)
    return TensorDataset(rng.standard_normal((n, 4)).astype(np.float32), rng.integers(3, size=n))


def weights(model: nn.Module) -> Any:
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


def sgd(model: nn.Module, lr: float = 0.1) -> tg.optim.SGD:
    return tg.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def test_the_steps_are_those_of_a_loop_written_by_hand() -> None:
    model = network()
    optimizer = sgd(model)
    rows = []
    for _ in range(3):
        losses = []
        for x, t in DataLoader(dataset(), batch_size=8, shuffle=True):
            loss = F.cross_entropy(model(x), t)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()
            losses += [loss.item()] * len(t)
        rows.append(np.mean(losses))
    other = network()
    loader: Any = DataLoader(dataset(), batch_size=8, shuffle=True)
    history = Trainer(other, F.cross_entropy, sgd(other), clip_norm=0.5).fit(loader, 3)
    np.testing.assert_array_equal(weights(other), weights(model))
    np.testing.assert_allclose(history["loss"], rows, rtol=1e-12)
    assert history["step"] == [3, 6, 9]
    assert history["epoch"] == [1, 2, 3]
    assert history["lr"] == [0.1] * 3


@pytest.mark.parametrize(("accumulate", "groups"), [(2, [(0, 8), (8, 16), (16, 18)]), (3, [(0, 12), (12, 18)])])
def test_accumulated_batches_make_the_step_of_one_batch(accumulate: int, groups: Any) -> None:
    x, t = (tensor.numpy()[:18] for tensor in dataset().tensors)
    loader: Any = DataLoader(TensorDataset(x, t), batch_size=4)  # the last of 2 samples
    whole: Any = [(tg.tensor(x[a:b]), tg.tensor(t[a:b])) for a, b in groups]
    model, other = network(), network()
    trainer = Trainer(model, F.cross_entropy, sgd(model), accumulate=accumulate)
    trainer.fit(loader, 2)
    Trainer(other, F.cross_entropy, sgd(other)).fit(whole, 2)
    np.testing.assert_allclose(weights(model), weights(other), rtol=1e-5, atol=1e-6)
    assert trainer.step == 2 * len(groups)


def test_means_are_over_samples_and_validation_changes_nothing() -> None:
    def fit(validation: Any) -> tuple[nn.Module, Trainer]:
        model = nn.Sequential(network(), nn.Dropout(0.5))
        model[0][1].eval()
        loader: Any = DataLoader(dataset(), batch_size=8, shuffle=True)
        trainer = Trainer(model, F.cross_entropy, sgd(model), metrics={"accuracy": accuracy})
        trainer.fit(loader, 2, validation=validation)
        return model, trainer

    plain, _ = fit(None)
    x, t = dataset(9).tensors
    model, trainer = fit(DataLoader(dataset(9), batch_size=4, shuffle=True))
    np.testing.assert_array_equal(weights(model), weights(plain))
    model.eval()
    with tg.no_grad():
        loss, right = F.cross_entropy(model(x), t).item(), accuracy(model(x), t)
    assert trainer.history["validation_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert trainer.history["validation_accuracy"][-1] == pytest.approx(right)
    model[0][1].train()
    modes = [m.training for m in model.modules()]
    assert trainer.evaluate([(x, t)]) == {"loss": pytest.approx(loss), "accuracy": pytest.approx(right)}
    assert [m.training for m in model.modules()] == modes
    assert "validation_loss" in repr(trainer.history)
    with pytest.raises(KeyError, match="no value 'f1' in this epoch; there are epoch, step, lr, loss, accuracy, val"):
        trainer.history["f1"]


def test_batches_of_another_shape() -> None:
    class Denoise(Trainer):
        def forward(self, batch: Any) -> Any:
            return self.model(batch["x"] + 1), {"clean": batch["x"]}

    model = nn.Linear(2, 2)
    trainer = Denoise(model, lambda y, t: F.mse_loss(y, t["clean"]), sgd(model))
    trainer.fit([{"x": tg.ones(5, 2)}, {"x": tg.ones(3, 2)}], 1)
    assert trainer._means.count == 0
    assert len(trainer.history["loss"]) == 1

    class Sum(nn.Module):
        def forward(self, a: tg.Tensor, b: tg.Tensor) -> tg.Tensor:
            return model(a) + b

    two = Trainer(Sum(), F.mse_loss, sgd(model))
    assert two.evaluate([(tg.ones(2, 2), tg.ones(2), tg.zeros(2, 2))])["loss"] >= 0


def test_accuracy() -> None:
    logits = tg.tensor([[1.0, 2.0], [3.0, 0.0], [0.0, 1.0]])
    assert accuracy(logits, tg.tensor([1, 1, 1])) == pytest.approx(2 / 3)
    assert accuracy(tg.zeros(2, 3, 4), tg.zeros(2, 4, dtype=np.int64)) == 1.0


class Frail(nn.Module):
    def __init__(self, forward: Any) -> None:
        super().__init__()
        self.w = nn.Parameter(tg.ones(2))
        self.compute = forward

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        return self.compute(self.w * x)


@pytest.mark.filterwarnings("ignore:(overflow|invalid value|divide by zero):RuntimeWarning")
@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize(
    ("forward", "bad", "match"),
    [
        (lambda h: h.exp(), 1000.0, "Trainer: the loss is inf at epoch 1, step 2: exp: its forward made inf first"),
        (lambda h: (h - 1).sqrt(), 0.5, "the loss is nan at epoch 1, step 2: sqrt: its forward made nan first"),
        (lambda h: (h - 1).sqrt(), 1.0, "gradients is inf at epoch 1, step 2: sqrt: its backward made inf first"),
    ],
)
def test_a_loss_or_gradient_that_is_not_finite(forward: Any, bad: float, match: str, accumulate: int) -> None:
    model = Frail(forward)
    good: Any = [(tg.full((2,), 3.0), tg.zeros(2))] * 2
    batches = [*good[:accumulate], (tg.full((2,), bad), tg.zeros(2)), *good]
    trainer = Trainer(model, lambda y, t: (y - t).sum(), sgd(model, 0.0), accumulate=accumulate)
    with pytest.raises(NonFiniteError, match=match) as found:
        trainer.fit(batches, 1)
    assert found.value.op in match
    assert "test_trainer.py" in found.value.site
    np.testing.assert_array_equal(model.w.detach(), [1, 1])
    assert trainer.step == 1


def test_a_diverged_loss_that_no_operation_is_to_blame_for() -> None:
    calls = iter([1.0, float("nan"), 1.0])
    model = nn.Linear(2, 2)
    trainer = Trainer(model, lambda y, t: F.mse_loss(y, t) * next(calls), sgd(model))
    with pytest.raises(NonFiniteError, match="the loss is nan at epoch 1, step 2; computed anew inside tg.auto"):
        trainer.fit([(tg.ones(2, 2), tg.ones(2, 2))] * 2, 1)


def test_the_events_in_their_order() -> None:
    seen: list[str] = []

    class Watch(Callback):
        def on_fit_start(self, trainer: Trainer) -> None:
            seen.append("fit")

        def on_epoch_start(self, trainer: Trainer) -> None:
            seen.append(f"epoch {trainer.epoch}")

        def on_gradients(self, trainer: Trainer) -> None:
            assert trainer.model.weight.grad is not None
            seen.append("gradients")

        def on_step_end(self, trainer: Trainer) -> None:
            seen.append(f"step {trainer.step} batch {trainer.batch} {sorted(trainer.means())}")

        def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
            seen.append(f"row {row['epoch']}")

        def on_rest(self, trainer: Trainer) -> None:
            seen.append("rest")

        def on_fit_end(self, trainer: Trainer) -> None:
            seen.append("end")

        def close(self) -> None:
            seen.append("close")

    model = nn.Linear(2, 2)
    Trainer(model, nn.MSELoss(), sgd(model), callbacks=[Watch()]).fit([(tg.ones(2, 2), tg.ones(2, 2))] * 2, 1)
    steps = [["gradients", f"step {i} batch {i} ['loss']", "rest"] for i in (1, 2)]
    assert seen == ["fit", "epoch 0", *steps[0], *steps[1], "row 1", "rest", "end", "close"]


def test_a_callback_stops_within_an_epoch_and_all_are_closed_after_an_error() -> None:
    class Stop(Callback):
        closed = 0

        def on_step_end(self, trainer: Trainer) -> None:
            if trainer.step == 2:
                trainer.stop("two are enough")
            if trainer.step == 5:
                raise OSError("disk")

        def close(self) -> None:
            self.closed += 1

    model, stop = nn.Linear(2, 2), Stop()
    trainer = Trainer(model, nn.MSELoss(), sgd(model), callbacks=[stop])
    batches = [(tg.ones(2, 2), tg.ones(2, 2))] * 9
    assert len(trainer.fit(batches, 3)) == 0
    assert (trainer.step, trainer.stopped) == (2, "two are enough")
    trainer.stopped = ""
    with pytest.raises(OSError, match="disk"):
        trainer.fit(batches, 3)
    assert stop.closed == 2


def test_outside_the_main_thread_no_signal_is_caught() -> None:
    model = nn.Linear(2, 2)
    trainer = Trainer(model, nn.MSELoss(), sgd(model))
    thread = threading.Thread(target=trainer.fit, args=([(tg.ones(2, 2), tg.ones(2, 2))], 2))
    thread.start()
    thread.join()
    assert trainer.epoch == 2


@pytest.mark.parametrize(
    ("options", "match"),
    [({"accumulate": 0}, "accumulate should be at least 1, not 0"), ({"clip_norm": 0}, "clip_norm should be positive")],
)
def test_arguments_that_make_no_sense(options: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Trainer(nn.Linear(1, 1), nn.MSELoss(), sgd(nn.Linear(1, 1)), **options)
