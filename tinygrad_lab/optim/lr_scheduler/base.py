"""The base of the schedulers, and how they read and write the settings of an optimiser's groups."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed "
    "form is used instead of the new chainable form, where available."
)


class LRScheduler:
    """Sets the learning rates of an optimiser's groups, epoch by epoch. A subclass defines `get_lr`.

    Args:
        optimizer: whose `param_groups` to change.
        last_epoch: the epoch to go on from; -1 starts anew, from the learning rates that the groups have.

    Attributes:
        last_epoch: how often `step` was called.
        base_lrs: the learning rates at the start.

    Raises:
        TypeError: `optimizer` isn't one.
        KeyError: `last_epoch` isn't -1, but a group has no "initial_lr".
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _step_count: int
    _last_lr: list[Any]

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = require_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0; load the optimizer's state first, or start with last_epoch=-1"
                )
        self.base_lrs = settings(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler knows, but for the optimiser."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The learning rates that the last step set, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The learning rates of epoch `last_epoch`, computed from the groups' present ones; `step` calls it.

        Raises:
            NotImplementedError: a subclass doesn't define it.
        """
        raise NotImplementedError(f"{type(self).__name__} doesn't define get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or, deprecated, to epoch `epoch` by the closed form where there is one.

        Warns:
            UserWarning: the optimiser hasn't stepped yet, so that its first learning rate is never used; or `epoch`
                is given.
        """
        if self._step_count == 1 and not self.optimizer._stepped:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`; call them in the opposite order: "
                "`optimizer.step()` before `lr_scheduler.step()`, or the first value of the learning rate schedule is "
                "skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _closed_form_lr(self) -> list[Any] | None:
        """The learning rates of epoch `last_epoch`, computed from `base_lrs`; None where there is no such formula."""
        return None

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        with self._calling_get_lr():
            values = None if epoch is None else self._closed_form_lr()
            self._set_lr(self.get_lr() if values is None else values)

    @contextmanager
    def _calling_get_lr(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _set_lr(self, values: Sequence[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            set_setting(group, "lr", lr)
        self._last_lr = settings(self.optimizer, "lr")

    def _present_lr(self, factor: float = 1) -> list[Any]:
        """The groups' learning rates, times `factor`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )
        present = settings(self.optimizer, "lr")
        return present if factor == 1 else [lr * factor for lr in present]


def require_optimizer(optimizer: Any) -> Optimizer:
    """The optimiser.

    Raises:
        TypeError: it isn't one.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def _copied(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def settings(optimizer: Optimizer, key: str) -> list[Any]:
    """The setting `key` of each group; tensors are copied."""
    return [_copied(group[key]) for group in optimizer.param_groups]


def set_setting(group: dict[str, Any], key: str, value: Any) -> None:
    """Change a group's setting; a tensor is changed in place."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.item() if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A list or tuple with a value for each group, or one value for all, as a list.

    Raises:
        ValueError: there are more or fewer values than groups.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * groups
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {groups}."
        )
    return [_copied(v) for v in value]


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Change a group's momentum, which Adam and its kin call the first beta."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def start_momentum(optimizer: Optimizer, base: Any, most: Any, last_epoch: int) -> tuple[list[Any], list[Any]]:
    """The lowest and the greatest momentum of each group; the greatest is set where a schedule starts.

    Raises:
        ValueError: the optimiser has no momentum; or as `for_each_group`.
    """
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    bases = for_each_group("base_momentum", optimizer, base)
    greatest = for_each_group("max_momentum", optimizer, most)
    if last_epoch == -1:
        for low, high, group in zip(bases, greatest, optimizer.param_groups):
            set_momentum(group, high)
            group["max_momentum"], group["base_momentum"] = high, low
    return bases, greatest


def is_integer(value: Any, least: int) -> bool:
    """Whether it is an integer that isn't below `least`."""
    return isinstance(value, int) and value >= least


def saved_function(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """What is saved of a schedule's function: the attributes of an object; nothing of a plain function."""
    return None if function is None or isinstance(function, FunctionType) else dict(function.__dict__)
