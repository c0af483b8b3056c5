"""Callbacks that show a run: a progress bar, files of its values, TensorBoard, curves in a notebook."""

from __future__ import annotations

import csv
import importlib
import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from .callbacks import Callback

if TYPE_CHECKING:
    from .trainer import Trainer


def _optional(who: str, module: str, extra: str) -> Any:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        raise ModuleNotFoundError(f'{who} needs {package}; pip install "tinygrad_lab[{extra}]"') from error


class Progress(Callback):
    """A bar over all batches of all epochs, with the means so far, by tqdm (the extra `plot`).

    Raises:
        ModuleNotFoundError: tqdm isn't installed.
    """

    def __init__(self) -> None:
        self._tqdm = _optional("Progress", "tqdm.auto", "plot").tqdm
        self._bar: Any = None
        self._done = 0  # batches of the epochs that are over

    def on_fit_start(self, trainer: Trainer) -> None:
        length = len(trainer.loader) if hasattr(trainer.loader, "__len__") else None
        self._done = trainer.epoch * (length or 0)
        total = None if length is None else length * trainer.epochs
        self._bar = self._tqdm(total=total, initial=self._done + trainer.batch, unit="batch")

    def on_epoch_start(self, trainer: Trainer) -> None:
        self._bar.set_description_str(f"epoch {trainer.epoch + 1}/{trainer.epochs}")

    def on_step_end(self, trainer: Trainer) -> None:
        last = trainer.history.epochs[-1] if trainer.history.epochs else {}
        validated = {name: value for name, value in last.items() if name.startswith("validation_")}
        self._bar.set_postfix(_shown(trainer.means() | validated), refresh=False)
        self._bar.update(self._done + trainer.batch - self._bar.n)

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        self._done = self._bar.n
        self._bar.set_postfix(_shown({n: v for n, v in row.items() if n not in ("epoch", "step", "lr")}))

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _shown(values: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.4g}" for name, value in values.items()}


class _Log(Callback):
    """A file with a line for each epoch. A resumed run writes those of its history anew, so none stands there twice.

    Args:
        path: the file; one that is there is overwritten when an epoch ends.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: TextIO | None = None

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._start(self._file, trainer.history.epochs)
        else:
            self._write(self._file, row)
        self._file.flush()

    def _start(self, file: TextIO, rows: Sequence[Mapping[str, float]]) -> None:
        for row in rows:
            self._write(file, row)

    def _write(self, file: TextIO, row: Mapping[str, float]) -> None:
        raise NotImplementedError

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class CSVLog(_Log):
    """The values of each epoch as a line of a CSV file, below a line of their names."""

    def _start(self, file: TextIO, rows: Sequence[Mapping[str, float]]) -> None:
        self._names = list(dict.fromkeys(name for row in rows for name in row))
        csv.writer(file, lineterminator="\n").writerow(self._names)
        super()._start(file, rows)

    def _write(self, file: TextIO, row: Mapping[str, float]) -> None:
        csv.writer(file, lineterminator="\n").writerow([row.get(name, "") for name in self._names])


class JSONLog(_Log):
    """The values of each epoch as a JSON object, one a line; null for what isn't finite."""

    def _write(self, file: TextIO, row: Mapping[str, float]) -> None:
        file.write(json.dumps({n: v if math.isfinite(v) else None for n, v in row.items()}) + "\n")


class TensorBoard(Callback):
    """Curves over the steps, for TensorBoard, written by tensorboardX (the extra `tensorboard`).

    Args:
        folder: where to write.
        every_steps: after how many steps to write the epoch's means so far; None: only the values of whole epochs.

    Raises:
        ModuleNotFoundError: tensorboardX isn't installed.
    """

    def __init__(self, folder: str | os.PathLike[str], every_steps: int | None = None) -> None:
        self._make = _optional("TensorBoard", "tensorboardX", "tensorboard").SummaryWriter
        self.folder = folder
        self.every_steps = every_steps
        self._writer: Any = None

    def on_fit_start(self, trainer: Trainer) -> None:
        # what a killed run wrote beyond the step that it is resumed from is left out of the curves
        self._writer = self._make(str(self.folder), purge_step=trainer.step + 1 if trainer.step else None)

    def on_step_end(self, trainer: Trainer) -> None:
        if self.every_steps and trainer.step % self.every_steps == 0:
            self._add("running", trainer.means(), trainer.step)

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        self._add("epoch", {n: v for n, v in row.items() if n not in ("epoch", "step")}, trainer.step)
        self._writer.flush()

    def _add(self, group: str, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


class Curves(Callback):
    """Curves over the epochs, drawn after each below a notebook's cell or in a file, by matplotlib (the extra `plot`).

    The loss and each metric have a panel, with the validation's curve beside that of the training.

    Args:
        path: the file, whose suffix names the format; None: the notebook.

    Raises:
        ModuleNotFoundError: matplotlib isn't installed, or without a path IPython isn't.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._figure = _optional("Curves", "matplotlib.figure", "plot").Figure
        self.path = path
        self._display = None
        if path is None:
            try:
                self._display = importlib.import_module("IPython.display")
            except ModuleNotFoundError as error:
                raise ModuleNotFoundError("Curves: without a notebook, name a file: Curves('curves.svg')") from error
        self._handle: Any = None

    def on_epoch_end(self, trainer: Trainer, row: Mapping[str, float]) -> None:
        figure = self._draw(trainer)
        if self._display is None:
            figure.savefig(self.path)
            return
        content = io.StringIO()
        figure.savefig(content, format="svg")
        picture = self._display.SVG(content.getvalue())
        if self._handle is None:
            self._handle = self._display.display(picture, display_id=True)
        else:
            self._handle.update(picture)

    def _draw(self, trainer: Trainer) -> Any:
        names = ["loss", *trainer.metrics]
        figure = self._figure(figsize=(4.2 * len(names), 3), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
            for label, key, colour in (("training", name, "#0072B2"), ("validation", f"validation_{name}", "#D55E00")):
                points = [(row["epoch"], row[key]) for row in trainer.history.epochs if key in row]
                if points:
                    axes.plot(*zip(*points), color=colour, label=label, marker="o" if len(points) < 20 else "", ms=4)
            axes.set(xlabel="epoch", title=name)
            axes.set_xlim(1, max(2, len(trainer.history)))
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
            axes.legend(frameon=False)
        return figure
