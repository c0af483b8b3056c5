"""The callbacks: when they act, what they write, and what they need."""

from __future__ import annotations

import csv
import json
import math
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.training import (
    BestWeights,
    Callback,
    Checkpoint,
    CSVLog,
    Curves,
    EarlyStopping,
    JSONLog,
    Progress,
    Schedule,
    TensorBoard,
    Trainer,
)

BATCHES: Any = [(tg.ones(2, 3), tg.zeros(2, 1))] * 3


def trainer(*callbacks: Callback, lr: float = 0.05, metrics: Any = None) -> Trainer:
    tg.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = tg.optim.SGD(model.parameters(), lr=lr)
    return Trainer(model, nn.MSELoss(), optimizer, metrics=metrics, callbacks=callbacks)


class Rows(Trainer):
    """A trainer whose epochs reach the given values."""

    def feed(self, values: list[float], monitor: str = "validation_loss") -> None:
        for value in values:
            self.epoch += 1
            self._tell("on_epoch_end", {monitor: value})
            if self.stopped:
                break


def rows(callback: Callback) -> Rows:
    model = nn.Linear(1, 1)
    return Rows(model, nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=1.0), callbacks=[callback])


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({"patience": 2}, [3.0, 2.0, 2.0, 2.5, 1.0], 4),
        ({"patience": 1}, [3.0, 2.0, 1.0], 3),
        ({"patience": 1, "min_delta": 0.5}, [3.0, 2.6, 1.0], 2),
        ({"patience": 1, "mode": "max"}, [0.5, 0.6, 0.6, 0.9], 3),
        ({"patience": 2}, [3.0, math.nan, math.nan, 1.0], 3),
    ],
)
def test_early_stopping(options: Any, values: list[float], epochs: int) -> None:
    found = rows(EarlyStopping(**options))
    found.feed(values)
    assert found.epoch == epochs
    assert bool(found.stopped) == (epochs < len(values) or (options["patience"] == 1 and len(values) == epochs == 4))


def test_early_stopping_says_why_and_refuses() -> None:
    found = rows(EarlyStopping("loss", patience=1))
    found.feed([1.0, 2.0], "loss")
    assert found.stopped == "loss hasn't got better than 1 for 1 epochs"
    with pytest.raises(KeyError, match="no value 'validation_loss' in this epoch; there are loss"):
        rows(EarlyStopping()).feed([1.0], "loss")
    with pytest.raises(ValueError, match="EarlyStopping: mode should be 'min' or 'max', not 'least'"):
        EarlyStopping(mode="least")
    with pytest.raises(ValueError, match="patience should be at least 1, not 0"):
        EarlyStopping(patience=0)


def test_the_best_weights_are_kept(tmp_path: Any) -> None:
    path = tmp_path / "best.npz"
    found = rows(BestWeights(path, "accuracy", mode="max"))
    for value, weight in ((0.5, 1.0), (0.7, 2.0), (0.6, 3.0)):
        with tg.no_grad():
            found.model.weight.fill_(weight)
        found.feed([value], "accuracy")
    assert tg.load(path, like=found.model.state_dict())["weight"].item() == 2.0


def test_schedules() -> None:
    seen: list[float] = []

    class Watch(Callback):
        def on_step_end(self, trainer: Trainer) -> None:
            seen.append(trainer.optimizer.param_groups[0]["lr"])

    found = trainer(Watch())
    schedulers = tg.optim.lr_scheduler
    found.callbacks += [
        Schedule(schedulers.LambdaLR(found.optimizer, lambda i: 0.5**i), every="step"),
        Schedule(schedulers.ExponentialLR(found.optimizer, 0.1)),
    ]
    history = found.fit(BATCHES, 2)
    np.testing.assert_allclose(seen, [0.05, 0.025, 0.0125, 0.000625, 0.003125, 0.0015625], rtol=1e-6)
    assert history["lr"] == pytest.approx([0.00625, 0.00078125])


def test_a_schedule_that_watches() -> None:
    found = rows(EarlyStopping(patience=9))
    plateau = tg.optim.lr_scheduler.ReduceLROnPlateau(found.optimizer, factor=0.5, patience=0)
    found.callbacks = [Schedule(plateau, monitor="loss")]
    found.feed([1.0, 2.0, 0.5, 0.7], "loss")
    assert found.optimizer.param_groups[0]["lr"] == 0.25
    with pytest.raises(ValueError, match="ReduceLROnPlateau watches a value: name it"):
        Schedule(plateau)
    with pytest.raises(ValueError, match="ReduceLROnPlateau every 'step'"):
        Schedule(plateau, every="step", monitor="loss")
    step = tg.optim.lr_scheduler.StepLR(found.optimizer, 1)
    with pytest.raises(ValueError, match="StepLR watches no value"):
        Schedule(step, monitor="loss")
    with pytest.raises(ValueError, match="StepLR every 'batch'"):
        Schedule(step, every="batch")


def test_checkpoints_when_they_are_due(tmp_path: Any, monkeypatch: Any) -> None:
    saved: list[tuple[int, int]] = []

    def note(state: Any, path: Any) -> None:
        saved.append((state["progress"]["epoch"], state["progress"]["step"]))

    monkeypatch.setattr("tinygrad_lab.training.callbacks.save", note)
    trainer(Checkpoint(tmp_path / "x.npz")).fit(BATCHES, 2)
    assert saved == [(1, 3), (2, 6)]
    saved.clear()
    trainer(Checkpoint(tmp_path / "x.npz", every_epochs=2, every_steps=2)).fit(BATCHES, 3)
    assert saved == [(0, 2), (1, 4), (1, 6), (2, 6), (2, 8), (3, 9)]
    with pytest.raises(ValueError, match="every 1 epochs and 0 steps"):
        Checkpoint("x.npz", every_steps=0)


def test_logs(tmp_path: Any) -> None:
    found = trainer(CSVLog(tmp_path / "x.csv"), JSONLog(tmp_path / "x.jsonl"), metrics={"nan": lambda y, t: math.nan})
    found.fit(BATCHES, 2)
    found.fit(BATCHES, 3, validation=BATCHES)
    with (tmp_path / "x.csv").open() as file:
        table = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert [float(row["loss"]) for row in table] == [line["loss"] for line in lines] == found.history["loss"]
    assert list(table[0]) == ["epoch", "step", "lr", "loss", "nan", "validation_loss", "validation_nan"]
    assert table[0]["validation_loss"] == ""
    assert float(table[2]["validation_loss"]) == lines[2]["validation_loss"]
    assert lines[0]["nan"] is None


def test_the_progress_bar(capsys: Any) -> None:
    found = trainer(Progress())
    found.fit(BATCHES, 2, validation=BATCHES)
    shown = capsys.readouterr().err
    assert "epoch 2/2: 100%" in shown
    assert "6/6" in shown
    assert f"loss={found.history['loss'][-1]:.4g}" in shown
    assert f"validation_loss={found.history['validation_loss'][-1]:.4g}" in shown
    found.fit(BATCHES, 4)
    assert "12/12" in capsys.readouterr().err
    found.fit(iter(BATCHES), 5)
    assert "epoch 5/5: 3batch" in capsys.readouterr().err


@pytest.mark.slow  # tensorboardX imports PyTorch where there is one
def test_tensorboard(tmp_path: Any) -> None:
    from tensorboardX.proto.event_pb2 import Event

    trainer(TensorBoard(tmp_path, every_steps=2)).fit(BATCHES, 2)
    (path,) = tmp_path.iterdir()
    content, points = path.read_bytes(), []
    while content:  # each record: its length in 8 bytes, their checksum in 4, the record, its checksum in 4
        size = int.from_bytes(content[:8], "little")
        event = Event.FromString(content[12 : 12 + size])
        points += [(v.tag, event.step) for v in event.summary.value]
        content = content[16 + size :]
    running = [("running/loss", step) for step in (2, 4, 6)]
    assert sorted(points) == sorted(running + [(f"epoch/{n}", s) for n in ("lr", "loss") for s in (3, 6)])


def test_curves_in_a_file(tmp_path: Any) -> None:
    found = trainer(Curves(tmp_path / "x.svg"), metrics={"worst": lambda y, t: (y - t).abs().max()})
    found.fit(BATCHES, 2, validation=BATCHES)
    assert (tmp_path / "x.svg").read_text().count("<svg") == 1
    figure = found.callbacks[0]._draw(found)
    assert [axes.get_title() for axes in figure.axes] == ["loss", "worst"]
    training, validation = figure.axes[1].lines
    np.testing.assert_array_equal(training.get_ydata(), found.history["worst"])
    np.testing.assert_array_equal(validation.get_ydata(), found.history["validation_worst"])


def test_curves_in_a_notebook_are_drawn_in_one_place(monkeypatch: Any) -> None:
    shown: list[Any] = []
    handle = SimpleNamespace(update=lambda picture: shown.append(("update", picture)))

    def display(picture: Any, *, display_id: bool) -> Any:
        shown.append(("display", picture))
        return handle

    module = SimpleNamespace(SVG=lambda text: text[:60], display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    trainer(Curves()).fit(BATCHES, 3)
    assert [what for what, _ in shown] == ["display", "update", "update"]
    assert all("<?xml" in picture for _, picture in shown)


@pytest.mark.parametrize(
    ("make", "module", "match"),
    [
        (Progress, "tqdm.auto", r"Progress needs tqdm; pip install \"tinygrad_lab\[plot\]\""),
        (lambda: TensorBoard("x"), "tensorboardX", r"TensorBoard needs tensorboardX; .*\[tensorboard\]"),
        (lambda: Curves("x.svg"), "matplotlib.figure", r"Curves needs matplotlib; .*\[plot\]"),
        (Curves, "IPython.display", r"without a notebook, name a file: Curves\('curves.svg'\)"),
    ],
)
def test_what_is_not_installed_is_named(make: Any, module: str, match: str, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=match):
        make()
