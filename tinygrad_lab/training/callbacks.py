"""Callbacks: what is done around the steps of a trainer."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..io import save
from ..optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from .history import value_of

if TYPE_CHECKING:
    from .trainer import Trainer


class Callback:
    """The events of a training run; a subclass defines what it does at some of them."""

    def on_fit_start(self, trainer: Trainer) -> None:
        """The training starts, or is resumed."""

    def on_epoch_start(self, trainer: Trainer) -> None:
        """An epoch starts, or its rest, where a run was resumed within it. The model is in training mode."""

    def on_gradients(self, trainer: Trainer) -> None:
        """The gradients of a step are there, not clipped yet."""

    def on_step_end(self, trainer: Trainer) -> None:
        """The optimiser has made a step."""

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        """An epoch is done, and its validation; `row` holds its values, as the history does."""

    def on_rest(self, trainer: Trainer) -> None:
        """A step, or an epoch, is done, and every callback has seen it: the trainer's state is whole."""

    def on_fit_end(self, trainer: Trainer) -> None:
        """The training ended, was stopped, or interrupted by Ctrl-C; not after an error."""

    def close(self) -> None:
        """Let go of what is open; called at the end in any case."""

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run must know; empty if that is nothing."""
        return {}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""


class Schedule(Callback):
    """Step a learning-rate scheduler after each epoch, or after each step of the optimiser.

    Args:
        scheduler: of `optim.lr_scheduler`, of the trainer's optimiser.
        every: "epoch" or "step".
        monitor: the name of the epoch's value that `ReduceLROnPlateau` is given, as "validation_loss".

    Raises:
        ValueError: `every` is something else, or `monitor` is missing, or given to a schedule that watches nothing.
    """

    def __init__(self, scheduler: LRScheduler, every: str = "epoch", monitor: str | None = None) -> None:
        watches = isinstance(scheduler, ReduceLROnPlateau)
        if every not in ("epoch", "step") or (watches and every == "step"):
            raise ValueError(f'Schedule: {type(scheduler).__name__} every {every!r}; it should be "epoch" or "step"')
        if watches != (monitor is not None):
            raise ValueError(
                f"Schedule: {type(scheduler).__name__} "
                + ('watches a value: name it, as monitor="validation_loss"' if watches else "watches no value")
            )
        self.scheduler = scheduler
        self.every = every
        self.monitor = monitor

    def on_step_end(self, trainer: Trainer) -> None:
        if self.every == "step":
            self.scheduler.step()

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(value_of(row, self.monitor or ""))
        elif self.every == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return self.scheduler.state_dict()

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.scheduler.load_state_dict(state_dict)


class _Best(Callback):
    """Keeps the best value of one name; NaN is never better.

    Args:
        monitor: the name of the epoch's value.
        mode: "min" or "max": whether less or more is better.
        min_delta: by how much it must be better to count.

    Raises:
        ValueError: the mode is something else.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"{type(self).__name__}: mode should be 'min' or 'max', not {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = min_delta
        self.best = math.inf if mode == "min" else -math.inf
        self.waited = 0  # epochs since the best

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        value = value_of(row, self.monitor)
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.waited = value, 0
        else:
            self.waited += 1

    def state_dict(self) -> dict[str, Any]:
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.best, self.waited = state_dict["best"], state_dict["waited"]


class EarlyStopping(_Best):
    """Stop where a value hasn't got better for `patience` epochs.

    Args:
        monitor: the name of the epoch's value.
        patience: after how many epochs without an improvement.
        mode: "min" or "max": whether less or more is better.
        min_delta: by how much it must be better to count.

    Raises:
        ValueError: the mode is something else, or `patience` isn't positive.
    """

    def __init__(
        self, monitor: str = "validation_loss", patience: int = 5, mode: str = "min", min_delta: float = 0.0
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if patience < 1:
            raise ValueError(f"EarlyStopping: patience should be at least 1, not {patience}")
        self.patience = patience

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        super().on_epoch_end(trainer, row)
        if self.waited >= self.patience:
            trainer.stop(f"{self.monitor} hasn't got better than {self.best:.6g} for {self.waited} epochs")


class BestWeights(_Best):
    """Save the model's state dict whenever a value is the best so far.

    Args:
        path: the file, as `save` takes it; it is replaced whole.
        monitor: the name of the epoch's value.
        mode: "min" or "max": whether less or more is better.

    Raises:
        ValueError: the mode is something else.
    """

    def __init__(self, path: str | os.PathLike[str], monitor: str = "validation_loss", mode: str = "min") -> None:
        super().__init__(monitor, mode)
        self.path = path

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        super().on_epoch_end(trainer, row)
        if self.waited == 0:
            save(trainer.model.state_dict(), self.path)


class Checkpoint(Callback):
    """Save the trainer's whole state, for `fit(..., resume=path)`: between epochs, between steps, and at the end.

    The file is replaced whole: killed at any moment, the run goes on from the old state or from the new one.

    Args:
        path: the file, as `save` takes it.
        every_epochs: after how many epochs.
        every_steps: after how many steps of the optimiser, too; None: not between steps.

    Raises:
        ValueError: a number isn't positive.
    """

    def __init__(self, path: str | os.PathLike[str], every_epochs: int = 1, every_steps: int | None = None) -> None:
        if every_epochs < 1 or (every_steps is not None and every_steps < 1):
            raise ValueError(f"Checkpoint: every {every_epochs} epochs and {every_steps} steps; both must be positive")
        self.path = path
        self.every_epochs = every_epochs
        self.every_steps = every_steps
        self._saved: tuple[int, int] | None = None

    def on_rest(self, trainer: Trainer) -> None:
        if trainer.batch == 0:
            due = trainer.epoch % self.every_epochs == 0
        else:
            due = self.every_steps is not None and trainer.step % self.every_steps == 0
        if due:
            self._save(trainer)

    def on_fit_end(self, trainer: Trainer) -> None:
        if self._saved != (trainer.epoch, trainer.step):
            self._save(trainer)

    def _save(self, trainer: Trainer) -> None:
        save(trainer.state_dict(), self.path)
        self._saved = trainer.epoch, trainer.step
