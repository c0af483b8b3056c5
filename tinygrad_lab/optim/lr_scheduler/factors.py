"""Schedules that multiply the learning rate by a factor."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, saved_function

Function = Callable[[int], float]


class _Lambdas(LRScheduler):
    """A schedule by functions of the epoch, one for each group or one for all."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Function | list[Function], last_epoch: int = -1) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(self.lr_lambdas) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(self.lr_lambdas)}")
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda should be a function, but got {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All but the optimiser and plain functions; of an object that can be called, its attributes."""
        return {**super().state_dict(), "lr_lambdas": [saved_function(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; plain functions stay."""
        functions = self.lr_lambdas
        super().load_state_dict({**state_dict, "lr_lambdas": functions})
        for function, saved in zip(functions, state_dict["lr_lambdas"]):
            if saved is not None:
                function.__dict__.update(saved)


class LambdaLR(_Lambdas):
    r"""The initial learning rate times a function of the epoch, :math:`\eta_t = \eta_0 f(t)`.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        lr_lambda: f, or one for each group.

    Raises:
        ValueError: there are more or fewer functions than groups.
        TypeError: one can't be called.
    """

    def get_lr(self) -> list[Any]:
        self._present_lr()
        return [base * f(self.last_epoch) for f, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_Lambdas):
    r"""The present learning rate times a function of the epoch, :math:`\eta_t = \eta_{t-1} f(t)`.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        lr_lambda: f, or one for each group.

    Raises:
        ValueError: there are more or fewer functions than groups.
        TypeError: one can't be called.
    """

    def get_lr(self) -> list[Any]:
        present = self._present_lr()
        if self._is_initial:
            return present
        return [lr * f(self.last_epoch) for f, lr in zip(self.lr_lambdas, present, strict=True)]


class StepLR(LRScheduler):
    r"""Times :math:`\gamma` every `step_size` epochs.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        step_size: how many epochs a learning rate stays.
        gamma: :math:`\gamma`.
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        now = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self._present_lr(self.gamma if now else 1)

    def _closed_form_lr(self) -> list[Any]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    r"""Times :math:`\gamma` at each milestone.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        milestones: epochs; one that stands there twice counts twice.
        gamma: :math:`\gamma`.
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        return self._present_lr(self.gamma ** self.milestones[self.last_epoch])

    def _closed_form_lr(self) -> list[Any]:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Times `factor` until epoch `total_iters`.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        factor: between 0 and 1.
        total_iters: the epoch from which on the learning rate is the whole one.

    Raises:
        ValueError: `factor` isn't between 0 and 1.
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if factor > 1 or factor < 0:
            raise ValueError(f"Constant multiplicative factor expected to be between 0 and 1, not {factor}.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self.last_epoch == 0:
            return self._present_lr(self.factor)
        return self._present_lr(1.0 / self.factor if self.last_epoch == self.total_iters else 1)

    def _closed_form_lr(self) -> list[Any]:
        factor = self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)
        return [base * factor for base in self.base_lrs]


class LinearLR(LRScheduler):
    """Times a factor that goes from `start_factor` to `end_factor` in a straight line.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        start_factor: at epoch 0; above 0 and at most 1.
        end_factor: from epoch `total_iters` on; between 0 and 1.
        total_iters: the length of the way.

    Raises:
        ValueError: a factor is out of range.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1 or start_factor <= 0:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal to 1, "
                f"not {start_factor}."
            )
        if end_factor > 1 or end_factor < 0:
            raise ValueError(f"Ending multiplicative factor expected to be between 0 and 1, not {end_factor}.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if self.last_epoch == 0:
            return self._present_lr(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self._present_lr()
        way = self.end_factor - self.start_factor
        return self._present_lr(1.0 + way / (self.total_iters * self.start_factor + (self.last_epoch - 1) * way))

    def _closed_form_lr(self) -> list[Any]:
        way = self.end_factor - self.start_factor
        factor = self.start_factor + way * min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * factor for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    r"""Times :math:`\gamma` every epoch.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        gamma: :math:`\gamma`.
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        return self._present_lr(1 if self._is_initial else self.gamma)

    def _closed_form_lr(self) -> list[Any]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    r"""Down to 0 by a power, :math:`\eta_t = \eta_0 (1 - \min(t, T) / T)^p`.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        total_iters: T.
        power: p.
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        t, T = self.last_epoch, self.total_iters
        if self._is_initial or t > T:
            return self._present_lr()
        return self._present_lr(((1.0 - t / T) / (1.0 - (t - 1) / T)) ** self.power)

    def _closed_form_lr(self) -> list[Any]:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
