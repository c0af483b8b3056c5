"""Averages of a model's weights over training: PyTorch's `torch.optim.swa_utils`."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from .. import memory
from ..creation import tensor
from ..graph import no_grad
from ..nn.module import Module
from ..tensor import Tensor
from .lr_scheduler.base import LRScheduler, for_each_group, is_integer
from .optimizer import Optimizer, average

Average = Callable[[Tensor, Tensor, Any], Any]
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def _require_decay(decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    r"""The exponential moving average :math:`\delta a + (1 - \delta) x` of one tensor.

    Raises:
        ValueError: `decay` :math:`\delta` isn't in [0, 1].
    """
    _require_decay(decay)
    return lambda averaged, current, _: decay * averaged.detach() + (1 - decay) * current.detach()


def get_swa_avg_fn() -> Average:
    """The mean of one tensor, a + (x - a) / (n + 1), of which a is the mean of n so far."""
    return lambda averaged, current, n: averaged.detach() + (current.detach() - averaged.detach()) / (int(n) + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` for lists of tensors, in place.

    Raises:
        ValueError: `decay` isn't in [0, 1].
    """
    _require_decay(decay)
    return lambda averaged, current, _: _move_towards(averaged, current, decay)


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` for lists of tensors, in place."""
    return lambda averaged, current, n: _move_towards(averaged, current, 1 - 1 / (int(n) + 1))


def _move_towards(averaged: Sequence[Tensor], current: Sequence[Tensor], kept: float) -> None:
    for a, x in zip(averaged, current, strict=True):
        if a.dtype.kind == "f":
            average(a.array, x.array, kept, np.empty_like(a.array))
        else:
            np.copyto(a.array, a.array * kept + x.array * (1 - kept), casting="unsafe")
    memory.touch("update_parameters", *(a.array for a in averaged))


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's over training.

    Izmailov et al. 2018, https://arxiv.org/abs/1803.05407.

    Args:
        model: what to copy.
        avg_fn: the new average, of the old one, the model's parameter and the number of models so far; by default
            the mean of all.
        multi_avg_fn: the same for lists of tensors, in place.
        use_buffers: average the buffers, too; else they are copied.

    Attributes:
        module: the copy.
        n_averaged: how many models it is the average of.

    Raises:
        AssertionError: both functions are given.
    """

    module: Module
    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        *,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        self.register_buffer("n_averaged", tensor(0, dtype=np.int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of `model` into the averages; the first time they are copied."""
        own, new = self.module.parameters(), model.parameters()
        copied = list(zip(self.module.buffers(), model.buffers(), strict=True))
        if self.use_buffers:
            copied = []
        buffers = [(m.buffers() if self.use_buffers else ()) for m in (self.module, model)]
        averaged, current = ([t.detach() for t in chain(*both)] for both in zip((own, new), buffers))
        if self.n_averaged.item() == 0:
            copied += zip(averaged, current, strict=True)
        elif self.avg_fn is None:
            (self.multi_avg_fn or get_swa_multi_avg_fn())(averaged, current, self.n_averaged)
        else:
            with no_grad():
                copied += [(a, self.avg_fn(a, x, self.n_averaged)) for a, x in zip(averaged, current, strict=True)]
        for a, x in copied:
            np.copyto(a.array, x.array, casting="unsafe")
        memory.touch("update_parameters", *(a.array for a, _ in copied))
        self.n_averaged.array += 1


def update_bn(loader: Iterable[Any], model: Module) -> None:
    """Compute the running statistics of a model's batch norm layers anew, as means over all batches.

    Args:
        loader: batches; of a list or tuple the first element is the input.
        model: called on each batch, in training mode.
    """
    norms = [m for m in model.modules() if hasattr(m, "reset_running_stats") and "BatchNorm" in type(m).__name__]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    training = model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    try:
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """From the present learning rate to `swa_lr` in some epochs, where it stays.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        swa_lr: the last learning rate, or one for each group.
        anneal_epochs: the length of the way.
        anneal_strategy: "cos" or "linear".

    Raises:
        ValueError: the strategy is unknown, `anneal_epochs` isn't an integer of at least 0, or there are more or fewer
            values than groups.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(for_each_group("swa_lr", optimizer, swa_lr), optimizer.param_groups):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not is_integer(anneal_epochs, 0):
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _part(self, step: int) -> float:
        """The part of the way that is done."""
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        done, part = self._part(step - 1), self._part(step)
        ends = [group["swa_lr"] for group in self.optimizer.param_groups]
        starts = [
            end if done == 1 else (lr - done * end) / (1 - done)
            for lr, end in zip(self._present_lr(), ends, strict=True)
        ]
        return [end * part + start * (1 - part) for start, end in zip(starts, ends, strict=True)]
