"""The loop: epochs of steps, validated, saved between any two steps, resumed to the same bits."""

from __future__ import annotations

import math
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any, NoReturn

from ..autograd.anomaly import NonFiniteError, detect_anomaly
from ..creation import full_like
from ..graph import no_grad
from ..io import load
from ..nn import Module
from ..nn.utils import clip_grads_with_norm_, get_total_norm
from ..optim import Optimizer
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from .callbacks import Callback
from .history import History, Means

Function = Callable[[Any, Any], Any]


class _Interrupted(Exception):  # noqa: N818  # no error
    """A validation was left for the Ctrl-C that came in it."""


class Trainer:
    """A model, its loss and its optimiser, and what is done around each step of training.

    A batch is `(input, target)`, or `(*inputs, target)`: `loss(model(*inputs), target)` is what is minimised. For
    batches of another shape, override `forward`. The loss and the metrics are means over the batch's samples.

    Whatever is between two steps is in `state_dict`: the model, the optimiser, the loader's place in its epoch, the
    random generator, the callbacks (which schedules are, too), and the sums of the epoch's means. So a run that was
    killed and resumed from a `Checkpoint` gives the same weights, to the bit, as one that never stopped.

    Args:
        model: what is trained.
        loss: `loss(output, target)`, a 0-d tensor, as the functions of `nn.functional` and the modules of `nn` are.
        optimizer: of the model's parameters. One that needs a closure, as LBFGS does, needs a loop of your own.
        metrics: further values by name, `metric(output, target)`, a number or a 0-d tensor.
        accumulate: how many batches make one step; its gradient is that of one batch of all their samples. The last
            step of an epoch may have fewer.
        clip_norm: the greatest norm of all gradients together; None: they aren't clipped.
        callbacks: are called at the events that `Callback` lists, in this order.

    Attributes:
        epoch: how many epochs are done.
        epochs: how many are asked for.
        batch: how many batches of the running epoch are done.
        step: how many steps the optimiser has made.
        history: the values of each epoch.
        stopped: why a callback ended the training, else "".
        interrupted: whether Ctrl-C ended the last `fit`.

    Raises:
        ValueError: `accumulate` isn't positive, or `clip_norm` isn't.
    """

    def __init__(
        self,
        model: Module,
        loss: Function,
        optimizer: Optimizer,
        *,
        metrics: Mapping[str, Function] | None = None,
        accumulate: int = 1,
        clip_norm: float | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        if accumulate < 1:
            raise ValueError(f"Trainer: accumulate should be at least 1, not {accumulate}")
        if clip_norm is not None and not clip_norm > 0:
            raise ValueError(f"Trainer: clip_norm should be positive, or None, not {clip_norm}")
        self.model = model
        self.loss = loss
        self.optimizer = optimizer
        self.metrics = dict(metrics or {})
        self.accumulate = accumulate
        self.clip_norm = clip_norm
        self.callbacks = list(callbacks)
        self.epoch = self.epochs = self.batch = self.step = 0
        self.history = History()
        self.stopped = ""
        self.interrupted = False
        self.loader: Any = None
        self._trained = False  # all steps of the running epoch are made, its validation isn't
        self._means = Means()
        self._place: Mapping[str, Any] | None = None  # where the loader is to continue
        self._group: list[tuple[Any, Any]] = []  # the batches of the next step, and the random state before each
        self._samples = 0  # in them

    def forward(self, batch: Any) -> tuple[Any, Any]:
        """The output of the model for a batch, and the target."""
        *inputs, target = batch
        return self.model(*inputs), target

    def fit(
        self,
        loader: Iterable[Any],
        epochs: int,
        *,
        validation: Iterable[Any] | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train until `epochs` epochs are done in all, those of earlier calls and of a resumed run included.

        The first Ctrl-C ends the training after the step that is being made, with all that callbacks do at the end;
        the second one is a KeyboardInterrupt as ever.

        Args:
            loader: gives the batches of an epoch, a `DataLoader` or any iterable that gives the same ones each time.
            epochs: how many.
            validation: gives the batches to validate with after each epoch.
            resume: a file that `Checkpoint` wrote, to go on from if it is there.

        Returns:
            the history.

        Raises:
            NonFiniteError: the loss or a gradient is NaN or infinite. The batch is computed anew inside
                `detect_anomaly`, and the error names the operation that made the first one. The weights are as they
                were before that step.
            RuntimeError: the file to resume from isn't whole, or is of another model, optimiser or other callbacks.
        """
        self.loader, self.epochs = loader, epochs
        self.interrupted = False
        if resume is not None and os.path.exists(resume):
            self.load_state_dict(load(resume))
        with self._catching_interrupts(), ExitStack() as stack:
            for callback in self.callbacks:
                stack.callback(callback.close)
            self._tell("on_fit_start")
            while self.epoch < epochs and not self._ending:
                try:
                    self._run_epoch(validation)
                except _Interrupted:
                    break
            self._tell("on_fit_end")
        return self.history

    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """The means of loss and metrics over a loader's samples, in evaluation mode.

        Modes and the random generator are afterwards as before, so validating more or less often changes no weight.
        """
        means, random = Means(), get_rng_state()
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with no_grad():
                for batch in loader:
                    output, target = self.forward(batch)
                    loss = self.loss(output, target)
                    means.add(self._measured(loss, output, target), _samples(target))
        finally:
            for module, mode in modes:
                module.training = mode
            set_rng_state(random)
        return means.values()

    def stop(self, reason: str) -> None:
        """End the training after this step or epoch; a callback says why. A resumed run stays ended."""
        self.stopped = reason

    def means(self) -> dict[str, float]:
        """The means of loss and metrics over the running epoch so far."""
        return self._means.values()

    def state_dict(self) -> dict[str, Any]:
        """All that is between two steps: plain data and tensors, for `save`."""
        place = self._place
        if place is None and hasattr(self.loader, "state_dict"):
            place = self.loader.state_dict()
        stateful = [(type(c).__name__, c.state_dict()) for c in self.callbacks]
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "loader": place,
            "random": get_rng_state(),
            "callbacks": [[name, state] for name, state in stateful if state],
            "progress": {name: getattr(self, name) for name in _PROGRESS},
            "means": self._means.state_dict(),
            "history": self.history.epochs,
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned, of a trainer made alike; `fit` goes on from there.

        Raises:
            RuntimeError: lists what is missing, unexpected or of another shape.
        """
        missing = [name for name in _PARTS if name not in state_dict]
        if missing:
            raise RuntimeError(f"Trainer: this is no state of a trainer: missing {', '.join(missing)}")
        stateful = [c for c in self.callbacks if c.state_dict()]
        names, saved = [type(c).__name__ for c in stateful], [name for name, _ in state_dict["callbacks"]]
        if names != saved:
            raise RuntimeError(
                f"Trainer: the callbacks with a state are {', '.join(names) or 'none'}, those of the saved run were "
                f"{', '.join(saved) or 'none'}; give the same ones in the same order"
            )
        self.model.load_state_dict(state_dict["model"])
        self.optimizer.load_state_dict(state_dict["optimizer"])
        for callback, (_, state) in zip(stateful, state_dict["callbacks"]):
            callback.load_state_dict(state)
        for name in _PROGRESS:
            setattr(self, name, state_dict["progress"][name])
        self._place = state_dict["loader"]
        self._means.load_state_dict(state_dict["means"])
        self.history.epochs = [dict(row) for row in state_dict["history"]]
        set_rng_state(state_dict["random"])

    # --------------------------------------------------------------------------------------------- one epoch

    @property
    def _ending(self) -> bool:
        return bool(self.stopped) or self.interrupted

    def _tell(self, event: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *args)

    def _run_epoch(self, validation: Iterable[Any] | None) -> None:
        """The steps that are left of an epoch, and its end, unless it is left early."""
        self.model.train()
        self._tell("on_epoch_start")
        if not self._trained:
            self._trained = self._train()
            if not self._trained:
                return
        row = {"epoch": self.epoch + 1, "step": self.step, "lr": _number(self.optimizer.param_groups[0]["lr"])}
        row |= self.means()
        if validation is not None:
            found = self.evaluate(self._unless_interrupted(validation))
            row |= {f"validation_{name}": value for name, value in found.items()}
        self.history.epochs.append(row)
        self.epoch, self.batch, self._trained, self._means = self.epoch + 1, 0, False, Means()
        self._tell("on_epoch_end", row)
        self._tell("on_rest")

    def _unless_interrupted(self, loader: Iterable[Any]) -> Iterator[Any]:
        for batch in loader:
            if self.interrupted:
                raise _Interrupted
            yield batch

    def _train(self) -> bool:
        """Make the steps that are left of an epoch; whether it is at its end."""
        self.optimizer.zero_grad()
        self._group, self._samples = [], 0
        for batch in self._batches():
            self._add(batch)
            if len(self._group) == self.accumulate:
                self._step()
                if self._ending:
                    return False
        if self._group:
            self._step()
        return not self._ending

    def _batches(self) -> Iterator[Any]:
        """The batches that are left of the epoch."""
        if not hasattr(self.loader, "load_state_dict"):
            return islice(self.loader, self.batch, None)
        if self._place is not None or self.batch:
            self.loader.load_state_dict(self._place or self.loader.state_dict())
            self._place = None
        return iter(self.loader)

    def _add(self, batch: Any) -> None:
        """Add a batch's gradient, times its number of samples if a step has several batches."""
        self._group.append((batch, get_rng_state()))
        output, target = self.forward(batch)
        loss = self.loss(output, target)
        values, size = self._measured(loss, output, target), _samples(target)
        if not math.isfinite(values["loss"]):
            self._give_up(f"the loss is {values['loss']}")
        loss.backward(None if self.accumulate == 1 else full_like(loss, size))
        self._means.add(values, size)
        self._samples += size

    def _step(self) -> None:
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        if self.accumulate > 1:
            for p in parameters:
                p.grad.div_(self._samples)
        self._tell("on_gradients")
        norm = get_total_norm([p.grad for p in parameters])
        if not math.isfinite(norm.item()):
            self._give_up(f"the norm of the gradients is {norm.item()}")
        if self.clip_norm is not None:
            clip_grads_with_norm_(parameters, self.clip_norm, norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        self.batch += len(self._group)
        self._group, self._samples = [], 0
        self._tell("on_step_end")
        self._tell("on_rest")

    def _measured(self, loss: Tensor, output: Any, target: Any) -> dict[str, float]:
        with no_grad():
            metrics = {name: _number(metric(output, target)) for name, metric in self.metrics.items()}
        return {"loss": loss.item(), **metrics}

    def _give_up(self, what: str) -> NoReturn:
        """Compute the group's batches anew where the first NaN is looked for, and raise.

        Raises:
            NonFiniteError: always.
        """
        where = f"Trainer: {what} at epoch {self.epoch + 1}, step {self.step + 1}"
        try:
            with detect_anomaly():
                for batch, random in self._group:
                    set_rng_state(random)
                    self.loss(*self.forward(batch)).backward()
        except NonFiniteError as error:
            raise NonFiniteError(f"{where}: {error}", error.op, error.site, error.path) from error
        raise NonFiniteError(
            f"{where}; computed anew inside tg.autograd.detect_anomaly(), no operation made a NaN or an infinity: "
            "lower the learning rate, or set clip_norm",
            op="",
            site="",
        )

    @contextmanager
    def _catching_interrupts(self) -> Iterator[None]:
        """Let the first Ctrl-C be noted, where signals can be caught: in the main thread."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT) or signal.default_int_handler

        def note(*_: Any) -> None:
            self.interrupted = True
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


_PROGRESS = "epoch", "batch", "step", "stopped", "_trained"
_PARTS = "model", "optimizer", "loader", "random", "callbacks", "progress", "means", "history"


def accuracy(output: Any, target: Any) -> float:
    """The share of samples whose greatest logit is at the target's class: a metric.

    Args:
        output: logits `(n, classes, *)`.
        target: classes `(n, *)`.
    """
    return float((output.argmax(dim=1) == target).double().mean().item())


def _samples(target: Any) -> int:
    """How many samples a batch with this target has; 1 if it has no first dimension."""
    while isinstance(target, (Mapping, list, tuple)):
        target = next(iter(target.values() if isinstance(target, Mapping) else target), None)
    shape = getattr(target, "shape", ())
    return int(shape[0]) if shape else 1


def _number(value: Any) -> float:
    return float(value.item() if isinstance(value, Tensor) else value)
