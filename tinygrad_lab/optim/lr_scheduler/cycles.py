"""Schedules that move the learning rate up and down, and the momentum against it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..optimizer import Optimizer
from .base import (
    LRScheduler,
    for_each_group,
    is_integer,
    require_optimizer,
    saved_function,
    set_momentum,
    set_setting,
    start_momentum,
)

MODES = {"triangular": "cycle", "triangular2": "cycle", "exp_range": "iterations"}  # and what the height depends on


class CyclicLR(LRScheduler):
    r"""From `base_lr` to `max_lr` and back, again and again; the momentum from `max_momentum` down and back.

    Smith 2017, https://arxiv.org/abs/1506.01186. To be stepped after every batch.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        base_lr: the least learning rate, or one for each group.
        max_lr: the greatest, in the first cycle.
        step_size_up: the steps up.
        step_size_down: the steps down; by default as many.
        mode: the height of a cycle: "triangular" stays; "triangular2" halves; "exp_range" is times
            :math:`\gamma^t` in step t.
        gamma: :math:`\gamma`.
        scale_fn: a function of the cycle's number, from 1, or of the step that gives the height instead of `mode`.
        scale_mode: "cycle" or "iterations": what `scale_fn` is a function of.
        cycle_momentum: move the momentum, or the first beta, too.
        base_momentum: the least momentum, or one for each group.
        max_momentum: the greatest.

    Raises:
        ValueError: `mode` is none of these; there is no momentum to move; more or fewer values than groups.
        TypeError: `optimizer` isn't one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        base_lrs = for_each_group("base_lr", require_optimizer(optimizer), base_lr)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if mode not in MODES and scale_fn is None:
            raise ValueError(f"mode is invalid and scale_fn is None: {mode!r} isn't one of {', '.join(MODES)}")
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = MODES[mode] if scale_fn is None else scale_mode
        self.cycle_momentum = cycle_momentum
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups):
                set_setting(group, "lr", lr)
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            self.base_momentums, self.max_momentums = start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The height of cycle `x`, or at step `x`, as a part of the whole."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "exp_range":
            return float(self.gamma**x)
        return 1.0 if self.mode == "triangular" else float(1 / 2.0 ** (x - 1))

    def get_lr(self) -> list[Any]:
        self._present_lr()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                set_momentum(group, high - (high - low) * part * height)
        return [low + (high - low) * part * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All but the optimiser and a plain function; of an object that can be called, its attributes."""
        return {**super().state_dict(), "_scale_fn_custom": saved_function(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over what `state_dict` returned; a plain function stays."""
        function, saved = self._scale_fn_custom, state_dict["_scale_fn_custom"]
        super().load_state_dict({**state_dict, "_scale_fn_custom": function})
        if function is not None and saved is not None:
            function.__dict__.update(saved)


class OneCycleLR(LRScheduler):
    """Up to `max_lr` once and down to almost nothing, the momentum down and up.

    Smith and Topin 2018, https://arxiv.org/abs/1708.07120. To be stepped after every batch.

    Args:
        optimizer, last_epoch: as `LRScheduler`.
        max_lr: the greatest learning rate, or one for each group.
        total_steps: the length of the cycle; or
        epochs, steps_per_epoch: two numbers whose product it is.
        pct_start: the part of the cycle that goes up.
        anneal_strategy: "cos" or "linear".
        cycle_momentum: move the momentum, or the first beta, too.
        base_momentum: the least momentum, or one for each group.
        max_momentum: the greatest.
        div_factor: `max_lr` over the learning rate at the start.
        final_div_factor: the learning rate at the start over that at the end.
        three_phase: go down to the learning rate at the start first, in as many steps as up.

    Raises:
        ValueError: the length isn't known; a setting is out of range; there is no momentum to move; more or fewer
            values than groups; or, in `step`, the cycle is over.
        TypeError: `optimizer` isn't one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        require_optimizer(optimizer)
        if total_steps is not None:
            self.total_steps = _positive("total_steps", total_steps)
        elif epochs is not None and steps_per_epoch is not None:
            self.total_steps = _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)
        else:
            raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
        if type(pct_start) is not float or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_func_type = anneal_strategy
        top, end = pct_start * self.total_steps, self.total_steps - 1
        self._schedule_phases = [_phase(top - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if three_phase:
            self._schedule_phases += [
                _phase(2 * pct_start * self.total_steps - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                _phase(end, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases += [_phase(end, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        max_lrs = for_each_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for lr, group in zip(max_lrs, optimizer.param_groups):
                group["initial_lr"] = lr / div_factor
                group["max_lr"] = lr
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = "betas" in optimizer.defaults
            start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)
        return (end - start) * part + start

    def get_lr(self) -> list[Any]:
        self._present_lr()
        step, start = self.last_epoch, 0.0
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is {self.total_steps}")
        *before, last = self._schedule_phases
        for phase in before:
            if step <= phase["end_step"]:
                break
            start = phase["end_step"]
        else:
            phase = last
        part = (step - start) / (phase["end_step"] - start)
        if self.cycle_momentum:
            for group in self.optimizer.param_groups:
                set_momentum(group, self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], part))
        return [
            self._between(group[phase["start_lr"]], group[phase["end_lr"]], part)
            for group in self.optimizer.param_groups
        ]


def _positive(name: str, value: Any) -> int:
    """The value.

    Raises:
        ValueError: it isn't a positive integer.
    """
    if not is_integer(value, 1):
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return int(value)


def _phase(end: float, start_lr: str, end_lr: str, start_momentum: str, end_momentum: str) -> dict[str, Any]:
    """A part of a cycle: the step at its end, and between which settings of the groups it goes."""
    return {
        "end_step": end,
        "start_lr": start_lr,
        "end_lr": end_lr,
        "start_momentum": start_momentum,
        "end_momentum": end_momentum,
    }
