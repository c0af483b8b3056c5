"""A run that was killed anywhere, or interrupted by Ctrl-C, goes on to the same bits as one that never stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tests.training.runs import EPOCHS, KillAt, Killed, fingerprint, run
from tinygrad_lab import nn
from tinygrad_lab.training import Callback, Checkpoint, EarlyStopping, Trainer
from tinygrad_lab.utils.data import DataLoader, TensorDataset

# The events of a run: one at the start, then for each epoch its start, 3 for each of its 3 steps, its end and rest.
EVENTS = 1 + EPOCHS * (1 + 3 * 3 + 2) + 1


@pytest.fixture(autouse=True)
def heard() -> Iterator[None]:
    """Ctrl-C is heard, as by a program that runs in the foreground: one started in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module", params=[False, True], ids=["default", "own"])
def whole(request: Any, tmp_path_factory: Any) -> Any:
    """Whether the loader has its own generator; the run that never stopped; its log."""
    folder = tmp_path_factory.mktemp("whole")
    trainer = run(folder, own=request.param)
    return request.param, fingerprint(trainer), (folder / "run.csv").read_text()


def die() -> None:
    raise Killed


@pytest.mark.parametrize("first", [True, False], ids=["before the checkpoint", "after"])
@pytest.mark.parametrize("n", [pytest.param(n, marks=[pytest.mark.slow] if n % 7 else []) for n in range(EVENTS)])
def test_killed_at_any_event(whole: Any, n: int, first: bool, tmp_path: Path) -> None:
    own, expected, log = whole
    kill = KillAt(n, die)
    with pytest.raises(Killed):
        run(tmp_path, own=own, before=[kill]) if first else run(tmp_path, kill, own=own)
    assert fingerprint(run(tmp_path, own=own)) == expected
    assert (tmp_path / "run.csv").read_text() == log


def test_killed_at_every_event_one_after_another(whole: Any, tmp_path: Path) -> None:
    own, expected, _ = whole
    for _ in range(40):  # each run is killed 8 events after its start, so it comes two steps further
        try:
            trainer = run(tmp_path, KillAt(8, die), own=own)
            break
        except Killed:
            pass
    assert fingerprint(trainer) == expected


@pytest.mark.parametrize("n", range(0, EVENTS, 6))
def test_interrupted_at_any_event(whole: Any, n: int, tmp_path: Path) -> None:
    own, expected, log = whole
    trainer = run(tmp_path, KillAt(n, lambda: signal.raise_signal(signal.SIGINT)), own=own, every_steps=None)
    assert trainer.interrupted
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    again = run(tmp_path, own=own, every_steps=None)
    assert not again.interrupted
    assert fingerprint(again) == expected
    assert (tmp_path / "run.csv").read_text() == log


@pytest.mark.parametrize("every_steps", [2, None])
def test_interrupted_in_a_validation(whole: Any, every_steps: int | None, tmp_path: Path, monkeypatch: Any) -> None:
    own, expected, _ = whole
    calls = 0

    def interrupting(self: Any, batch: Any) -> Any:
        nonlocal calls
        if not self.model.training:
            calls += 1
            if calls == 5:  # in the second epoch's, which has three batches
                signal.raise_signal(signal.SIGINT)
        *inputs, target = batch
        return self.model(*inputs), target

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "forward", interrupting)
        trainer = run(tmp_path, own=own, every_steps=every_steps)
    assert trainer.interrupted
    assert (trainer.epoch, trainer.step, len(trainer.history)) == (1, 6, 1)
    assert fingerprint(run(tmp_path, own=own)) == expected


def test_going_on_in_the_same_process_gives_the_same_bits(tmp_path: Path) -> None:
    def trainer() -> tuple[Trainer, Any]:
        tg.manual_seed(1)
        model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
        x = np.random.default_rng(0).standard_normal((10, 3)).astype(np.float32)
        loader: Any = DataLoader(TensorDataset(x, x), batch_size=2, shuffle=True)
        return Trainer(model, nn.MSELoss(), tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)), loader

    straight, loader = trainer()
    straight.fit(loader, 3)
    twice, loader = trainer()
    twice.callbacks = [KillAt(9, lambda: signal.raise_signal(signal.SIGINT))]
    twice.fit(loader, 3)
    assert twice.interrupted
    assert twice.batch == 3
    twice.fit(loader, 2)
    assert twice.epoch == 2
    twice.fit(loader, 3)
    assert fingerprint(twice) == fingerprint(straight)


def test_the_second_interrupt_is_one(tmp_path: Path) -> None:
    def press_twice() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, KillAt(5, press_twice))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_batches_that_are_no_loader_are_counted(tmp_path: Path) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(tg.zeros(1))

        def forward(self, x: tg.Tensor) -> tg.Tensor:
            return self.w * x

    def fit(*callbacks: Callback) -> Trainer:
        model = Model()
        optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
        trainer = Trainer(model, nn.MSELoss(), optimizer, callbacks=[Checkpoint(tmp_path / "x.npz"), *callbacks])
        batches = [(tg.ones(2, 1), tg.full((2, 1), float(i))) for i in range(4)]
        trainer.fit(batches, 2, resume=tmp_path / "x.npz")
        return trainer

    expected = fingerprint(fit())
    (tmp_path / "x.npz").unlink()
    fit(KillAt(3 + 3 * 5, lambda: signal.raise_signal(signal.SIGINT)))
    trainer = fit()
    assert fingerprint(trainer) == expected
    assert trainer.step == 8


def test_a_stopped_run_stays_stopped_and_a_longer_one_goes_on(tmp_path: Path) -> None:
    class Stop(Callback):
        def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
            if trainer.epoch == 2:
                trainer.stop("enough")

    short = run(tmp_path, Stop())
    assert (short.stopped, short.epoch) == ("enough", 2)
    assert run(tmp_path).epoch == 2
    other = tmp_path / "other"
    other.mkdir()
    run(other, epochs=1)
    assert run(other, epochs=2).epoch == 2
    assert (other / "run.csv").read_text() == (tmp_path / "run.csv").read_text()


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    run(tmp_path, epochs=1)
    with pytest.raises(RuntimeError, match="EarlyStopping, EarlyStopping, those of the saved run were"):
        run(tmp_path, EarlyStopping())
    model = nn.Linear(6, 3)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="missing optimizer, loader"):
        Trainer(model, nn.MSELoss(), optimizer).load_state_dict({"model": model.state_dict()})
    state = tg.load(tmp_path / "run.npz")
    state["callbacks"] = []
    with pytest.raises(RuntimeError, match=r'Missing key.*"weight", "bias"'):
        Trainer(model, nn.MSELoss(), optimizer).load_state_dict(state)


PROGRAM = """
import os, pathlib, signal, sys
sys.path.insert(0, {root!r})
from tests.training.runs import KillAt, fingerprint, run
n, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
die = lambda *args, **kwargs: os.kill(os.getpid(), signal.SIGKILL)
if sys.argv[3] == "event":
    trainer = run(folder, KillAt(n, die))
else:  # in the n-th call of a function of the system that a save makes
    real, left = getattr(os, sys.argv[3]), n
    def killing(*args):
        global left
        left -= 1
        return die() if left == 0 else real(*args)
    setattr(os, sys.argv[3], killing)
    trainer = run(folder)
print(hash(str(fingerprint(trainer))))
"""


def start(*args: Any) -> subprocess.CompletedProcess[str]:
    program = PROGRAM.format(root=str(Path(__file__).parents[2]))
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-c", program, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)


@pytest.mark.slow
def test_killed_for_good(tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    straight.mkdir()
    killed.mkdir()
    expected = start(-1, straight, "event")
    assert expected.returncode == 0, expected.stderr
    for n, where in ((9, "event"), (1, "replace"), (2, "fsync"), (3, "event"), (3, "replace"), (14, "event")):
        assert start(n, killed, where).returncode == -signal.SIGKILL
    assert start(-1, killed, "event").stdout == expected.stdout


def test_ctrl_c_with_workers_and_a_process_group(tmp_path: Path) -> None:
    program = """
import os, signal, sys
import numpy as np
import tinygrad_lab as tg
from tinygrad_lab import nn, training
from tinygrad_lab.utils.data import DataLoader, TensorDataset

class Press(training.Callback):
    def on_step_end(self, trainer):
        if trainer.step == 3:
            os.killpg(0, signal.SIGINT)

model = nn.Linear(2, 1)
loader = DataLoader(TensorDataset(np.ones((40, 2), np.float32), np.ones((40, 1), np.float32)), 2, num_workers=2)
callbacks = [Press(), training.Checkpoint(sys.argv[1])]
optimizer = tg.optim.SGD(model.parameters(), lr=0.01)
trainer = training.Trainer(model, nn.MSELoss(), optimizer, accumulate=2, callbacks=callbacks)
trainer.fit(loader, 1)
print(trainer.interrupted, trainer.step)
"""
    path = tmp_path / "x.npz"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        start_new_session=True,
    )
    assert (ran.stdout, ran.stderr) == ("True 3\n", "")
    assert tg.load(path)["progress"]["batch"] == 6
