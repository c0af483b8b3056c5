"""A small run that has everything in it whose state must be saved."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.training import Callback, Checkpoint, CSVLog, EarlyStopping, Schedule, Trainer, accuracy
from tinygrad_lab.utils.data import DataLoader, TensorDataset

EPOCHS = 3
EVENTS = "on_fit_start", "on_epoch_start", "on_gradients", "on_step_end", "on_epoch_end", "on_rest", "on_fit_end"


def data(n: int, seed: int) -> TensorDataset:
    rng = np.random.default_rng(seed)
    return TensorDataset(rng.standard_normal((n, 6)).astype(np.float32), rng.integers(3, size=n))


def run(
    folder: Path,
    *callbacks: Callback,
    own: bool = False,
    epochs: int = EPOCHS,
    accumulate: int = 2,
    file: str = "run.npz",
    every_steps: int | None = 2,
    before: Sequence[Callback] = (),
) -> Trainer:
    """Train a network with dropout and batch normalisation, from the start or from the checkpoint in the folder."""
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 3))
    optimizer = tg.optim.Adam(model.parameters(), lr=0.05, amsgrad=True)
    generator = tg.Generator(5) if own else None
    loader: Any = DataLoader(data(22, 0), batch_size=4, shuffle=True, generator=generator)  # 6 batches, the last of 2
    validation: Any = DataLoader(data(9, 1), batch_size=4, shuffle=True)
    trainer = Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        metrics={"accuracy": accuracy},
        accumulate=accumulate,
        clip_norm=1.0,
        callbacks=[
            *before,
            Checkpoint(folder / file, every_steps=every_steps),
            Schedule(tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=20), every="step"),
            Schedule(tg.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0), monitor="validation_loss"),
            EarlyStopping(patience=30),
            CSVLog(folder / "run.csv"),
            *callbacks,
        ],
    )
    trainer.fit(loader, epochs, validation=validation, resume=folder / file)
    return trainer


class Killed(BaseException):
    """What isn't caught: the run is over, whatever it was at."""


class KillAt(Callback):
    """Ends the run at the n-th event."""

    def __init__(self, n: int, kill: Any) -> None:
        self.left = itertools.count(n, -1)
        self.kill = kill

    def _event(self) -> None:
        if next(self.left) == 0:
            self.kill()

    def on_fit_start(self, trainer: Trainer) -> None:
        self._event()

    def on_epoch_start(self, trainer: Trainer) -> None:
        self._event()

    def on_gradients(self, trainer: Trainer) -> None:
        self._event()

    def on_step_end(self, trainer: Trainer) -> None:
        self._event()

    def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
        self._event()

    def on_rest(self, trainer: Trainer) -> None:
        self._event()

    def on_fit_end(self, trainer: Trainer) -> None:
        self._event()


def fingerprint(trainer: Trainer) -> Any:
    """All that a run has led to, to the bit."""

    def plain(value: Any) -> Any:
        if isinstance(value, tg.Tensor | np.ndarray):
            array = np.asarray(value)
            return array.dtype.str, array.shape, array.tobytes()
        if isinstance(value, dict):
            return [(str(key), plain(item)) for key, item in value.items()]
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return repr(value)

    return plain(trainer.state_dict())
