"""PyTorch's own settings of its optimisers, given to ours: text, steps, states and errors compared.

PyTorch ships the settings its test suite uses (`torch.testing._internal.common_optimizers.optim_db`). To see how ours
stand: `python -m tests.torch.optiminfo [NAME...]`.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

import tinygrad_lab as tg
from tests.torch.differences import Difference
from tests.torch.modinfo import Arguments, signature
from tests.torch.opinfo import DTYPES, SAMPLES, Result, UntranslatableError, close, command, show, spread

STEPS = 12
SHAPES = ((3, 4), (5, 2), (2, 2))  # matrices, as Muon asks for

NO_TENSOR_LIMITS = Difference("ensor", "a tensor for a number works in every combination here")

DIFFERENCES: dict[str, tuple[Difference, ...]] = {
    "Adam": (NO_TENSOR_LIMITS,),
    "AdamW": (NO_TENSOR_LIMITS,),
    "LBFGS": (
        Difference("torch.float32", "where it has converged, rounding decides on the steps, in both"),
        Difference("state H_diag", "where it has converged, a quotient of what rounding left"),
    ),
    "Muon": (Difference("lr=float32", "PyTorch multiplies the rate by a matrix's size in the dtype of the rate"),),
}
"""Where we differ from PyTorch and mean to, by the optimiser's name."""

LEFT_OUT = {"SparseAdam": "gradients here are never sparse"}
"""PyTorch's optimisers that we don't have, and why."""


SCRATCH = ("al",)  # memory of PyTorch's L-BFGS for its two loops, which no step reads from the one before


@contextmanager
def exact(dtype: torch.dtype) -> Iterator[None]:
    """PyTorch without the digits that it drops: numbers kept in the default dtype, and Muon's steps in bfloat16."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with mock.patch.object(torch.Tensor, "bfloat16", torch.Tensor.clone):
            yield
    finally:
        torch.set_default_dtype(before)


class Both:
    """The same parameters and optimiser in both libraries."""

    def __init__(self, info: Any, settings: dict[str, Any], dtype: torch.dtype, groups: int = 1, named: bool = False):
        given = Arguments((), settings)
        random = np.random.default_rng(0)
        arrays = [random.standard_normal(shape).astype(DTYPES[dtype]) for shape in SHAPES]
        self.xs = [torch.nn.Parameter(torch.tensor(a)) for a in arrays]
        self.us = [tg.nn.Parameter(a.copy()) for a in arrays]
        self.theirs = info.optim_cls(grouped(self.xs, groups, named), **given.theirs[1])
        self.ours = getattr(tg.optim, info.name)(grouped(self.us, groups, named), **given.ours[1])
        self.single = dtype is not torch.float64

    def close(self, problems: list[str]) -> None:
        for i, (u, x) in enumerate(zip(self.us, self.xs, strict=True)):
            close(f"parameter {i}", u, x, self.single, problems)

    def step(self, seed: int, problems: list[str]) -> None:
        """A step with a loss that a closure computes, which LBFGS needs, and the others allow."""
        weights = np.random.default_rng(seed).uniform(0.5, 1.5, len(SHAPES))

        def closure(library: Any, optimizer: Any, params: Any) -> Callable[[], Any]:
            def run() -> Any:
                optimizer.zero_grad()
                losses = [(p - i) ** 2 + 0.1 * library.cos(3 * p) for i, p in enumerate(params)]
                loss = sum(float(w) * y.sum() for w, y in zip(weights, losses, strict=True))
                loss.backward()
                return loss

            return run

        got = self.ours.step(closure(tg, self.ours, self.us))
        want = self.theirs.step(closure(torch, self.theirs, self.xs))
        close("the loss", got, want, self.single, problems)
        self.close(problems)

    def states(self, problems: list[str]) -> None:
        """Compare the names and the numbers of what is remembered."""
        got, want = self.ours.state_dict(), self.theirs.state_dict()
        groups, expected = (plain(sd["param_groups"]) for sd in (got, want))
        if groups != expected:
            problems.append(f"param_groups is {groups}, in PyTorch {expected}")
        for i, state in want["state"].items():
            mine = {k: v for k, v in got["state"].get(i, {}).items() if v is not None}
            state = {k: v for k, v in state.items() if v is not None and k not in SCRATCH}
            if set(mine) != set(state):
                problems.append(f"the state has {sorted(mine)}, in PyTorch {sorted(state)}")
                continue
            for key, value in state.items():
                if isinstance(value, torch.Tensor):
                    close(f"state {key}", np.asarray(mine[key]), value, self.single, problems, dtype=False)


def plain(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Groups with numbers for tensors of one."""
    return [{k: v.item() if hasattr(v, "item") else v for k, v in g.items()} for g in groups]


def grouped(params: list[Any], groups: int, named: bool) -> list[Any]:
    listed = [(f"p{i}", p) for i, p in enumerate(params)] if named else params
    return listed if groups == 1 else [{"params": listed[:1], "lr": 0.02}, {"params": listed[1:]}]


def check_settings(info: Any, settings: dict[str, Any], dtype: torch.dtype, groups: int, named: bool) -> list[str]:
    """How our optimiser with these settings differs from PyTorch's."""
    problems: list[str] = []
    try:
        both = Both(info, settings, dtype, groups, named)
    except Exception as error:  # whatever it is, it is a finding
        return [f"construction raises {type(error).__name__}: {error}"]
    if repr(both.ours) != repr(both.theirs):
        problems.append(f"reads {both.ours!r}, in PyTorch {both.theirs!r}")
    for seed in range(STEPS):
        both.step(seed, problems)
        if problems:
            return [f"step {seed}: {problems[0]}"]
    both.states(problems)
    if problems:
        return problems
    fresh = Both(info, settings, dtype, groups, named)  # goes on from PyTorch's state
    fresh.xs, fresh.theirs = both.xs, both.theirs
    for u, x in zip(fresh.us, both.xs, strict=True):
        u.data = tg.tensor(x.detach().numpy().copy())
    fresh.ours.load_state_dict(both.theirs.state_dict())
    for seed in range(STEPS):
        fresh.step(seed, problems)
    return [f"after load_state_dict, {p}" for p in problems]


def check_error(info: Any, error_input: Any) -> str | None:
    """Nothing if ours raises or warns of what PyTorch does, else what it does."""
    sample = error_input.optimizer_error_input
    params = sample.params if sample.params is not None else [torch.nn.Parameter(torch.randn(2, 2))]
    given = Arguments((params,), sample.kwargs, differentiate=True)
    expected = error_input.error_type
    args, kwargs = given.ours
    try:
        optimizer = getattr(tg.optim, info.name)(*args, **kwargs)
        if error_input.error_on is OptimizerErrorEnum.STEP_ERROR:
            optimizer.step()
    except expected:
        return None
    except Exception as error:
        return f"raises {type(error).__name__}: {error} -- in PyTorch {expected.__name__}: {error_input.error_regex}"
    return f"doesn't raise -- in PyTorch {expected.__name__}: {error_input.error_regex}"


def check(info: Any, count: int = SAMPLES) -> Result:
    """About `count` settings and all error inputs of one of PyTorch's optimisers."""
    result = Result(info.name)
    result.failures += signature(getattr(tg.optim, info.name), info.optim_cls)
    many = 2 if info.supports_param_groups else 1
    for sample in spread(iter(info.optim_inputs_func(device="cpu")), count):
        forms = [(torch.float64, 1, False), (torch.float64, many, True), (torch.float32, many, False)]
        for dtype, groups, named in forms:
            for flag in ({}, {"foreach": True}, {"fused": True}, {"capturable": False}):
                if flag and not set(flag) & set(inspect.signature(info.optim_cls).parameters):
                    continue
                settings = {**sample.kwargs, **flag}
                with exact(dtype):
                    problems = check_settings(info, settings, dtype, groups, named)
                if problems:
                    result.failures.append(f"{problems[0]}\n      {dtype}, {groups} groups: {show(settings)}")
                else:
                    result.passed += 1
    for error_input in info.optim_error_inputs_func(device="cpu", dtype=torch.float64):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                problem = check_error(info, error_input)
        except UntranslatableError:
            result.left_out += 1
            continue
        if problem:
            result.failures.append(f"{problem}\n      {show(error_input.optimizer_error_input.kwargs)}")
        else:
            result.passed += 1
    return result


def by_name() -> dict[str, Any]:
    """PyTorch's optimisers with settings, but for those we leave out."""
    return {info.name: info for info in optim_db if info.name not in LEFT_OUT}


if __name__ == "__main__":
    sys.exit(command(__doc__, {name: [info] for name, info in by_name().items()}, check, DIFFERENCES))
