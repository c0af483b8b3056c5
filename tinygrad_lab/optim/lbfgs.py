"""L-BFGS, with a line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import memory
from ..graph import enable_grad
from ..op import Array, wrap
from .optimizer import Optimizer, Params, require_lr

Evaluate = Callable[[float], tuple[float, Array]]  # value and gradient after a step


class LBFGS(Optimizer):
    r"""Quasi-Newton steps :math:`x \leftarrow x - t H g`, H built of the last changes of point and gradient.

    For the last pairs :math:`s = \Delta x,\ y = \Delta g,\ \rho = 1 / y^T s` the product :math:`H g` takes two loops
    over them, from :math:`H_0 = (y^T s / y^T y) I` (Nocedal and Wright 2006, algorithm 7.4). The history takes
    `2 * history_size` times the memory of the parameters.

    Args:
        params: tensors; there is one group only.
        lr: the step t, or the first that the line search tries.
        max_iter: iterations in one `step`.
        max_eval: evaluations in one `step`; by default 5/4 of `max_iter`.
        tolerance_grad: stop where no element of the gradient is greater.
        tolerance_change: stop where neither a parameter nor the loss changes more.
        history_size: how many pairs are kept.
        line_search_fn: None or "strong_wolfe".

    Raises:
        ValueError: `lr` is negative, or there are several groups; or as `Optimizer`.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        require_lr(lr)
        settings = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, settings)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Some iterations, each of one evaluation or, with the line search, as many as it takes.

        Args:
            closure: computes the loss anew, with its backward.

        Returns:
            what `closure` returned first.

        Raises:
            TypeError: there is no `closure`.
            RuntimeError: the line search is unknown.
        """
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure that computes the loss anew, with its backward")
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, not {group['line_search_fn']!r}")
        params = group["params"]
        lr, tolerance, max_iter = float(group["lr"]), group["tolerance_change"], group["max_iter"]
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> tuple[Any, Array]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, np.concatenate([_flat_gradient(p) for p in params])

        first, g = evaluate()
        loss, evaluations = float(first), 1
        if _greatest(g) <= group["tolerance_grad"]:
            return first
        pairs = _Pairs(state, group["history_size"])
        d, t = state["d"].array if "d" in state else g, float(state.get("t", 0))
        before: Any = state["prev_flat_grad"].array if "prev_flat_grad" in state else None
        previous = loss
        for i in range(1, max_iter + 1):
            state["n_iter"] += 1
            if before is not None:
                pairs.add(g - before, d * t)
            d = pairs.direction(g)
            before, previous = g.copy(), loss
            t = lr if state["n_iter"] > 1 else min(1.0, 1.0 / float(np.abs(g).sum())) * lr
            slope = float(g @ d)
            if slope > -tolerance:
                break
            start = evaluations
            if group["line_search_fn"]:
                points = [p.array.copy() for p in params]

                def at(t: float, d: Array = d, points: list[Array] = points) -> tuple[float, Array]:
                    _move(params, points, t, d)
                    value, g = evaluate()
                    return float(value), g

                loss, g, t, count = strong_wolfe(at, t, d, loss, g, slope, group["max_eval"] - evaluations)
                evaluations += count
                _move(params, points, t, d)
            else:
                _move(params, [p.array for p in params], t, d)
                if i < max_iter:  # the last point is evaluated by the next step
                    value, g = evaluate()
                    loss, evaluations = float(value), start + 1
            if (
                i == max_iter
                or evaluations >= group["max_eval"]
                or _greatest(g) <= group["tolerance_grad"]
                or _greatest(d) * abs(t) <= tolerance
                or abs(loss - previous) < tolerance
            ):
                break
        pairs.save(state)
        state.update(d=wrap(d), t=t, prev_flat_grad=wrap(before), prev_loss=previous)
        return first


class _Pairs:
    """The last changes of point and gradient, and the direction they give."""

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.ys = [y.array for y in state.get("old_dirs") or []]
        self.ss = [s.array for s in state.get("old_stps") or []]
        self.rhos = [float(r) for r in state.get("ro") or []]
        self.scale = float(state.get("H_diag", 1))

    def add(self, y: Array, s: Array) -> None:
        """Remember a pair, if the function curves upwards along it, and forget the oldest of too many."""
        ys = float(y @ s)
        if ys > 1e-10:
            if len(self.ys) == self.size:
                for kept in (self.ys, self.ss, self.rhos):
                    kept.pop(0)
            self.ys.append(y)
            self.ss.append(s)
            self.rhos.append(1 / ys)
            self.scale = ys / float(y @ y)

    def direction(self, g: Array) -> Array:
        """:math:`-H g`."""
        q = -g
        shares = []
        for y, s, rho in zip(reversed(self.ys), reversed(self.ss), reversed(self.rhos)):
            shares.append(float(s @ q) * rho)
            q -= shares[-1] * y
        q *= self.scale
        for y, s, rho, share in zip(self.ys, self.ss, self.rhos, reversed(shares)):
            q += (share - float(y @ q) * rho) * s
        return q

    def save(self, state: dict[str, Any]) -> None:
        state.update(
            old_dirs=[wrap(y) for y in self.ys],
            old_stps=[wrap(s) for s in self.ss],
            ro=self.rhos,
            H_diag=self.scale,
        )


def _flat_gradient(p: Any) -> Array:
    return np.zeros(p.array.size, p.dtype) if p.grad is None else p.grad.array.reshape(-1)


def _greatest(a: Array) -> float:
    return float(np.abs(a).max(initial=0))


def _move(params: list[Any], points: list[Array], t: float, d: Array) -> None:
    """Put the parameters at `points` plus t d."""
    start = 0
    for p, point in zip(params, points, strict=True):
        end = start + point.size
        np.add(point, (t * d[start:end]).reshape(point.shape), out=p.array)
        start = end
    memory.touch("LBFGS.step", *(p.array for p in params))


def strong_wolfe(
    at: Evaluate,
    t: float,
    d: Array,
    f0: float,
    g0: Array,
    slope0: float,
    most: int,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance: float = 1e-9,
) -> tuple[float, Array, float, int]:
    r"""A step t with :math:`f(t) \le f(0) + c_1 t f'(0)` and :math:`|f'(t)| \le c_2 |f'(0)|`.

    A bracket is widened until it holds such a step, and then narrowed, both by cubic interpolation (Nocedal and Wright
    2006, algorithms 3.5 and 3.6, in the form of Schmidt's minFunc).

    Args:
        at: value and gradient after a step.
        t: the first step to try.
        d: the direction.
        f0, g0, slope0: value, gradient and derivative along d at the start.
        most: how many steps may be tried after the first.

    Returns:
        value, gradient, the step, and how many were tried.
    """
    Point = tuple[float, float, Array, float]  # step, value, gradient, derivative along d
    evaluations = 0

    def point(t: float) -> Point:
        nonlocal evaluations
        evaluations += 1
        value, g = at(t)
        return t, value, g, float(g @ d)

    def cubic(a: Point, b: Point, low: float, high: float) -> float:
        return cubic_minimum(a[0], a[1], a[3], b[0], b[1], b[3], low, high)

    origin = before = 0.0, f0, g0, slope0
    new = point(t)
    tries, done = 0, False
    bracket = [origin, new]
    while tries < most:
        if new[1] > f0 + c1 * new[0] * slope0 or (tries > 1 and new[1] >= before[1]):
            bracket = [before, new]
            break
        if abs(new[3]) <= -c2 * slope0:
            bracket, done = [new], True
            break
        if new[3] >= 0:
            bracket = [before, new]
            break
        t = cubic(before, new, new[0] + 0.01 * (new[0] - before[0]), new[0] * 10)
        before, new = new, point(t)
        bracket = [origin, new]
        tries += 1
    stuck = False
    low, high = (0, -1) if bracket[0][1] <= bracket[-1][1] else (-1, 0)
    largest = _greatest(d)
    while not done and tries < most:
        left, right = sorted((bracket[0][0], bracket[1][0]))
        if (right - left) * largest < tolerance:
            break
        t = cubic(bracket[0], bracket[1], left, right)
        margin = 0.1 * (right - left)
        if min(right - t, t - left) >= margin:
            stuck = False
        elif stuck or t >= right or t <= left:
            t = right - margin if abs(t - right) < abs(t - left) else left + margin
            stuck = False
        else:
            stuck = True
        new = point(t)
        tries += 1
        if new[1] > f0 + c1 * t * slope0 or new[1] >= bracket[low][1]:
            bracket[high] = new
            low, high = (0, -1) if bracket[0][1] <= bracket[1][1] else (-1, 0)
            continue
        done = abs(new[3]) <= -c2 * slope0
        if not done and new[3] * (bracket[high][0] - bracket[low][0]) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
    t, value, g, _ = bracket[low]
    return value, g, t, evaluations


def cubic_minimum(x1: float, f1: float, g1: float, x2: float, f2: float, g2: float, low: float, high: float) -> float:
    """Where the cubic through two values with two derivatives is least, between bounds; their middle if nowhere."""
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1 * d1 - g1 * g2
    if not square >= 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    if x1 > x2:
        x1, g1, x2, g2 = x2, g2, x1, g1
    below = g2 - g1 + 2 * d2
    return min(max(x2 - (x2 - x1) * ((g2 + d2 - d1) / below), low), high) if below else (low + high) / 2
