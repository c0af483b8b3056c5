"""Random programs of tensors, and a naive evaluator that knows their gradients in another way.

Hypothesis builds programs of operations, views, changes in place, hooks, detached and unrecorded parts. The evaluator
runs the same program forward only: each number carries its derivatives by all elements of all leaves, and views are
NumPy's own. What the engine gives is right to rounding, or an error that a change in place has earned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, multiple, precondition, rule

import tinygrad_lab as tg

# ------------------------------------------------------------------------------------------------ the naive evaluator

UNARY = {
    "sin": (np.sin, np.cos),
    "tanh": (np.tanh, lambda v: 1 - np.tanh(v) ** 2),
    "exp": (lambda v: np.exp(v / 4), lambda v: np.exp(v / 4) / 4),
    "neg": (lambda v: -v, lambda v: -1 + 0 * v),
    "square": (lambda v: v * v, lambda v: 2 * v),
}
VIEWS = {
    "first": lambda a, k: a[(0, ..., *k)],
    "rest": lambda a, k: a[(slice(1, None), ..., *k)],
    "every": lambda a, k: a[(slice(None, None, 2), ..., *k)],
    "swap": lambda a, k: np.swapaxes(a, 0, 1),
}


@dataclass
class Dual:
    """A value and its derivatives: `slope` has one more dimension, over the elements of all leaves."""

    value: np.ndarray[Any, Any]
    slope: np.ndarray[Any, Any]

    def __post_init__(self) -> None:
        self.value = np.asarray(self.value)  # NumPy's operators give numbers for 0-d arrays

    def __mul__(self, other: Dual) -> Dual:
        slope = self.slope * other.value[..., None] + self.value[..., None] * other.slope
        return Dual(self.value * other.value, slope)

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.slope + other.slope)

    def put(self, other: Dual) -> None:
        self.value[...] = other.value
        self.slope[...] = other.slope


def evaluate(program: list[tuple[Any, ...]], leaves: list[np.ndarray[Any, Any]]) -> list[Dual]:
    """Every value that `program` makes from `leaves`, real or complex."""
    size = sum(a.size for a in leaves)
    units = np.eye(size, dtype=leaves[0].dtype)
    found: list[Dual] = []
    start = 0
    for a in leaves:
        found.append(Dual(a.copy(), units[start : start + a.size].reshape(*a.shape, size)))
        start += a.size
    for kind, *args in program:
        match kind:
            case "unary":
                name, i = args
                f, slope = UNARY[name]
                x = found[i]
                found.append(Dual(f(x.value), np.asarray(slope(x.value))[..., None] * x.slope))
            case "mul":
                found.append(found[args[0]] * found[args[1]])
            case "add":
                found.append(found[args[0]] + found[args[1]])
            case "sum":
                x = found[args[0]]
                found.append(Dual(x.value.sum(), x.slope.reshape(-1, size).sum(0)))
            case "view":
                name, i = args
                f, x = VIEWS[name], found[i]
                found.append(Dual(f(x.value, ()), f(x.slope, (slice(None),))))
            case "still":  # detached, or computed without recording
                x = found[args[0]]
                found.append(Dual(np.sin(x.value), np.zeros_like(x.slope)))
            case "hook":
                x = found[args[0]]
                found.append(Dual(x.value * 1, x.slope * args[1]))
            case "copy":
                x = found[args[0]]
                found.append(Dual(x.value.copy(), x.slope.copy()))
            case "mul_":
                found[args[0]].put(found[args[0]] * found[args[1]])
            case "add_":
                found[args[0]].put(found[args[0]] + found[args[1]])
            case "store":
                x = found[args[0]]
                Dual(x.value[0, ...], x.slope[0, ...]).put(found[args[1]])
    return found


# ------------------------------------------------------------------------------------------------------- the machine

SHAPES = ((2, 2), (2,))
CHANGED = "changed in place"


class Programs(RuleBasedStateMachine):
    """Builds a program on tensors and, for the evaluator, as data: a tensor is known by its number there."""

    values = Bundle("values")

    def __init__(self) -> None:
        super().__init__()
        self.program: list[tuple[Any, ...]] = []
        self.tensors: list[tg.Tensor] = []
        self.changed = False

    @initialize(target=values, seed=st.integers(0, 10))
    def leaves(self, seed: int) -> Any:
        random = np.random.default_rng(seed)
        self.starts = [random.uniform(0.5, 1.5, shape) for shape in SHAPES]
        self.tensors = [tg.tensor(a, requires_grad=True) for a in self.starts]
        return multiple(*range(len(SHAPES)))

    def made(self, tensor: tg.Tensor, *instruction: Any) -> int:
        self.program.append(instruction)
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def shape(self, i: int) -> tuple[int, ...]:
        return self.tensors[i].shape

    @rule(target=values, i=values, name=st.sampled_from(sorted(UNARY)))
    def unary(self, i: int, name: str) -> int:
        x = self.tensors[i]
        functions = {"sin": tg.sin, "tanh": tg.tanh, "exp": lambda t: (t / 4).exp(), "neg": tg.neg, "square": tg.square}
        return self.made(functions[name](x), "unary", name, i)

    @rule(target=values, i=values, j=values, kind=st.sampled_from(["mul", "add"]))
    def binary(self, i: int, j: int, kind: str) -> Any:
        try:
            np.broadcast_shapes(self.shape(i), self.shape(j))
        except ValueError:
            return multiple()
        x, y = self.tensors[i], self.tensors[j]
        return self.made(x * y if kind == "mul" else x + y, kind, i, j)

    @rule(target=values, i=values)
    def total(self, i: int) -> int:
        return self.made(self.tensors[i].sum(), "sum", i)

    @rule(target=values, i=values, name=st.sampled_from(sorted(VIEWS)))
    def view(self, i: int, name: str) -> Any:
        x = self.tensors[i]
        if x.ndim < (2 if name == "swap" else 1) or (name == "rest" and len(x) < 2):
            return multiple()  # no view has no element
        made = x.transpose(0, 1) if name == "swap" else VIEWS[name](x, ())
        return self.made(made, "view", name, i)

    @rule(target=values, i=values, how=st.sampled_from(["detach", "no_grad"]))
    def still(self, i: int, how: str) -> int:
        x = self.tensors[i]
        if how == "detach":
            return self.made(x.detach().sin(), "still", i)
        with tg.no_grad():
            return self.made(x.sin(), "still", i)

    @rule(target=values, i=values, factor=st.sampled_from([2.0, -1.0, 0.0]))
    def hook(self, i: int, factor: float) -> int:
        y = self.tensors[i] * 1
        if y.requires_grad:
            y.register_hook(lambda g: g * factor)
        return self.made(y, "hook", i, factor)

    @rule(target=values, i=values)
    def copy(self, i: int) -> int:
        return self.made(self.tensors[i].clone(), "copy", i)

    # --------------------------------------------------------------------------------------------- changes in place

    def fits(self, i: int, j: int, shape: tuple[int, ...]) -> bool:
        """Whether tensor i can take values of tensor j: of the same shape, recorded or not wanting a record."""
        x, y = self.tensors[i], self.tensors[j]
        if y.shape != shape or np.may_share_memory(x.array, y.array):
            return False
        return not any(np.may_share_memory(x.array, self.tensors[k].array) for k in range(len(SHAPES)))

    @rule(i=values, j=values, kind=st.sampled_from(["mul_", "add_"]))
    def arithmetic_in_place(self, i: int, j: int, kind: str) -> None:
        if not self.fits(i, j, self.shape(i)):
            return
        getattr(self.tensors[i], kind)(self.tensors[j])
        self.program.append((kind, i, j))
        self.changed = True

    @rule(i=values, j=values)
    def store(self, i: int, j: int) -> None:
        if not self.shape(i) or not self.fits(i, j, self.shape(i)[1:]):
            return
        self.tensors[i][0] = self.tensors[j]
        self.program.append(("store", i, j))
        self.changed = True

    # ------------------------------------------------------------------------------------------------- the gradients

    def duals(self, leaves: list[np.ndarray[Any, Any]] | None = None) -> dict[int, Dual]:
        """The evaluator's values by the tensors' numbers: changes in place make none."""
        return dict(enumerate(evaluate(self.program, leaves or self.starts)))

    def check_refusal(self, error: RuntimeError) -> None:
        """An error is a right answer only after a change in place, and says so."""
        if not self.changed or CHANGED not in str(error):
            raise error

    @rule(i=values, retain=st.booleans())
    def backward(self, i: int, retain: bool) -> None:
        y, dual = self.tensors[i], self.duals()[i]
        np.testing.assert_allclose(y.detach().numpy(), dual.value, rtol=1e-12, atol=1e-12)
        g = np.asarray(np.random.default_rng(i).uniform(0.5, 1.5, y.shape))
        want = np.tensordot(g, dual.slope, y.ndim)
        if not y.requires_grad:
            np.testing.assert_array_equal(want, 0)
            return
        leaves = self.tensors[: len(SHAPES)]
        for leaf in leaves:
            leaf.grad = None
        try:
            y.backward(tg.tensor(g), retain_graph=True)
            if not retain:  # twice the same walk adds up, and the second may use the graph up
                y.backward(tg.tensor(g), retain_graph=True)
                want = 2 * want
        except RuntimeError as error:
            self.check_refusal(error)
            return
        got = np.concatenate([np.zeros(x.array.size) if x.grad is None else x.grad.array.ravel() for x in leaves])
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9 * (1 + np.abs(want).max()))

    @precondition(lambda self: not {"hook", "still"} & {step[0] for step in self.program})
    @rule(i=values, k=st.integers(0, 5))
    def second_order(self, i: int, k: int) -> None:
        y = self.tensors[i]
        if not y.requires_grad:
            return
        g = np.asarray(np.random.default_rng(i).uniform(0.5, 1.5, y.shape))
        leaves = self.tensors[: len(SHAPES)]
        try:
            first = tg.autograd.grad(y, leaves, tg.tensor(g), create_graph=True, allow_unused=True)
            flat = [d.reshape(-1) for d in first if d is not None]
            picked = tg.cat(flat)[k % sum(d.array.size for d in flat)]
            if not picked.requires_grad:
                return
            second = tg.autograd.grad(picked, leaves, allow_unused=True, retain_graph=True)
        except RuntimeError as error:
            self.check_refusal(error)
            return
        pairs = zip(leaves, second, strict=True)
        got = np.concatenate([np.zeros(x.array.size) if d is None else d.array.ravel() for x, d in pairs])
        used = np.concatenate([np.full(x.array.size, d is not None) for x, d in zip(leaves, first, strict=True)])
        place = int(np.flatnonzero(used)[k % int(used.sum())])
        want = np.array([self.bent(i, g, place, j) for j in range(got.size)])
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-8 * (1 + np.abs(want).max()))

    def bent(self, i: int, g: np.ndarray[Any, Any], place: int, j: int) -> float:
        """The second derivative by elements `place` and `j`: a complex step of the evaluator's slope."""
        flat = np.concatenate([a.ravel() for a in self.starts]).astype(complex)
        flat[j] += 1e-30j
        ends = np.cumsum([math.prod(s) for s in SHAPES])
        leaves = [part.reshape(s) for part, s in zip(np.split(flat, ends[:-1]), SHAPES, strict=True)]
        dual = self.duals(leaves)[i]
        return float(np.tensordot(g, dual.slope, np.ndim(g))[place].imag / 1e-30)


Programs.TestCase.settings = settings(
    max_examples=400,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestPrograms = Programs.TestCase
