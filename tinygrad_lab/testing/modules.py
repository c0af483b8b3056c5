"""Whole models: the gradient of every parameter and input of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import autograd
from ..autograd.oracles import Array, cotangent, richardson
from ..graph import no_grad
from ..nn.module import Module
from ..tensor import Tensor

SAMPLES = 20  # elements of one parameter that are compared
RTOL, OF_GREATEST, UNCERTAIN = 1e-5, 1e-7, 1e-5


class Row(NamedTuple):
    """What was found of one parameter or input: the worst element that was compared."""

    name: str
    shape: tuple[int, ...]
    compared: int
    skipped: int
    worst: float
    at: tuple[int, ...]
    analytic: float
    numeric: float
    verdict: str


@dataclass(frozen=True)
class ModuleResult:
    """What `check_module` found: true if every gradient is right; printed, a table with a row a parameter."""

    rows: tuple[Row, ...]

    def __bool__(self) -> bool:
        return all(row.verdict == "right" for row in self.rows)

    def __str__(self) -> str:
        head = ("parameter", "shape", "compared", "worst error", "analytic", "numeric", "verdict")
        cells = [head]
        for r in self.rows:
            compared = f"{r.compared} of {int(np.prod(r.shape))}" + (f", {r.skipped} at kinks" if r.skipped else "")
            cells.append(
                (r.name, str(r.shape), compared, f"{r.worst:.2g}", f"{r.analytic:.6g}", f"{r.numeric:.6g}", r.verdict)
            )
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)


def check_module(
    module: Module,
    inputs: Tensor | Sequence[Any],
    loss: Callable[[Any], Tensor] | None = None,
    *,
    samples: int = SAMPLES,
    progress: bool = True,
) -> ModuleResult:
    """Compare the gradients of every parameter and floating input of a network with numeric ones.

    The module is checked in float64, on copies of its values that are put back; in train mode it must do the same on
    every call, so dropout must be off. Of a large parameter `samples` random elements are compared; an element whose
    numeric derivative can't be told, as at a ReLU's kink, is passed over and counted.

    Args:
        module: the network.
        inputs: what it is called with: a tensor, or a sequence of arguments.
        loss: makes one number of the module's result; by default the sum of its elements with random weights.
        samples: how many elements of each parameter to compare.
        progress: show a bar where tqdm is installed and the terminal is one.

    Raises:
        ValueError: nothing requires grad, or two calls of the module differ.
        TypeError: the module's result isn't a tensor and no `loss` is given.
    """
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    before = [(t, t.array) for t in (*module.parameters(), *module.buffers()) if t.dtype.kind == "f"]
    try:
        for t, array in before:
            t.array = array.astype(np.float64)
        return _checked(module, args, loss, samples, progress)
    finally:
        for t, array in before:
            t.array = array


def _checked(
    module: Module, args: list[Any], loss: Callable[[Any], Tensor] | None, samples: int, progress: bool
) -> ModuleResult:
    random = np.random.default_rng(0)
    values = [a.detach().double() if isinstance(a, Tensor) and a.dtype.kind == "f" else a for a in args]
    leaves: dict[str, Tensor] = {name: p for name, p in module.named_parameters() if p.requires_grad}
    for i, v in enumerate(values):
        if isinstance(v, Tensor) and v.dtype.kind == "f":
            leaves[f"input {i}"] = v.requires_grad_()
    if not leaves:
        raise ValueError(f"check_module: nothing of {type(module).__name__} requires grad")
    weights: list[Array] = []

    def number() -> Tensor:
        y = module(*values)
        if loss is not None:
            return loss(y)
        if not isinstance(y, Tensor):
            raise TypeError(
                f"check_module: the module returns {type(y).__name__}; give a loss= that makes a number of it"
            )
        if not weights:
            weights.append(cotangent(y.shape, random))
        return (y * weights[0]).sum()

    buffers = [(b, b.array.copy()) for b in module.buffers()]

    def value() -> float:
        for b, array in buffers:
            b.array = array.copy()  # as running statistics, which every call would move
        with no_grad():
            return float(number().item())

    if (first := value()) != value():
        raise ValueError(
            f"check_module: two calls of {type(module).__name__} gave {first:.9g} and another value; call .eval() to "
            "switch dropout off"
        )
    grads = autograd.grad(number(), list(leaves.values()), allow_unused=True)
    pairs = list(zip(leaves.items(), grads, strict=True))
    rows = [_row(name, leaf, g, value, random, samples) for (name, leaf), g in _bar(pairs, progress)]
    return ModuleResult(tuple(rows))


def _row(
    name: str, leaf: Tensor, g: Tensor | None, value: Callable[[], float], random: np.random.Generator, samples: int
) -> Row:
    gradient = np.zeros(leaf.shape) if g is None else g.array
    chosen = random.permutation(leaf.array.size)[:samples]
    greatest = float(np.max(np.abs(gradient), initial=0.0))
    worst, verdict, skipped = -1.0, "right", 0
    at: tuple[int, ...] = ()
    analytic = numeric = 0.0
    for flat in chosen:
        k = tuple(int(i) for i in np.unravel_index(int(flat), leaf.shape))
        kept = leaf.array[k].copy()

        def f(v: Array, k: tuple[int, ...] = k) -> Array:
            leaf.array[k] = v.item()
            return np.asarray(value())

        found = richardson(f, np.asarray(kept))
        leaf.array[k] = kept
        want, error, got = float(found.value), float(found.error), float(gradient[k])
        scale = max(greatest, abs(want), 1e-8)
        if not error <= UNCERTAIN * scale:
            skipped += 1
            continue
        off = abs(got - want)
        if off > RTOL * abs(want) + OF_GREATEST * scale + error:
            verdict = "wrong"
        if off > worst:
            worst, at, analytic, numeric = off, k, got, want
    return Row(name, leaf.shape, len(chosen) - skipped, skipped, max(worst, 0.0), at, analytic, numeric, verdict)


def _bar(items: list[Any], progress: bool) -> Iterable[Any]:
    if not progress:
        return items
    try:
        from tqdm import tqdm
    except ImportError:
        return items
    return tqdm(items, desc="check_module", unit="parameter", disable=None, leave=False)  # type: ignore[no-any-return]
