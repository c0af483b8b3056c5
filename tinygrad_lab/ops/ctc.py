"""Connectionist temporal classification: the sum over all paths that spell a label sequence, in logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, Fused, op
from .compare import where
from .elementwise import exp
from .shape import cat, stack
from .softmax import gap, logsumexp


def _problem(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_ctc`: a few steps, samples and states, with some way through them."""
    t, n, states = draw.integers(1, 3), draw.integers(1, 2), draw.choice((3, 1, 5))
    skip = draw.booleans((n, states))
    steps = np.array([draw.integers(0, t) for _ in range(n)])
    last = np.array([draw.choice((1, 3, 5)[: states // 2 + 1]) for _ in range(n)])
    x = draw.reals((t, n, states))
    draw.assume(np.isfinite(_forward(x, skip, steps, last)[0]).all())
    return x, skip, steps, last


def _forward(x: Array, skip: Array, steps: Array, states: Array) -> tuple[Array, Any]:
    """The losses, and for the rule the sums over the paths up to each state at each step."""
    t, n, count = x.shape
    bar = np.where(skip, 0, -math.inf).astype(x.dtype)
    sums = np.full((t, n, count + 2), -math.inf, x.dtype)  # two states in front that no path reaches
    sums[0, :, 2:4] = x[0, :, :2]
    for k in range(1, t):
        ways = np.logaddexp(sums[k - 1, :, 2:], sums[k - 1, :, 1:-1])
        np.logaddexp(ways, sums[k - 1, :, :-2] + bar, out=ways)
        np.add(ways, x[k], out=sums[k, :, 2:])
    row = np.arange(n)
    y = -np.logaddexp(sums[steps - 1, row, states + 1], sums[steps - 1, row, states])
    y = np.where(steps == 0, np.where(states == 1, 0, math.inf), y).astype(x.dtype, copy=False)
    return y, (sums[:, :, 2:], bar, y)


def _rule(g: Array, residual: Any, x: Array, skip: Array, steps: Array, states: Array) -> Array:
    """As `_share`, with what the forward knows: a third of the work, and none of the calls of ops."""
    before, bar, y = residual
    t, n, count = x.shape
    out = np.zeros_like(x, order="C")
    last = np.where(_ends(count, states), 0, -math.inf).astype(x.dtype)
    after = last
    ahead = np.full((n, count + 2), -math.inf, x.dtype)
    for k in range(t - 1, -1, -1):
        if k < t - 1:
            np.add(after, x[k + 1], out=ahead[:, :count])
            ways = np.logaddexp(ahead[:, :count], ahead[:, 1:-1])
            ahead[:, :count] += bar
            after = np.where((k == steps - 1)[:, None], last, np.logaddexp(ways, ahead[:, 2:]))
        np.add(before[k], after, out=out[k])
    out = np.exp(gap(out, np.broadcast_to(-y[:, None], out.shape)))
    out *= -g[:, None]
    out[np.arange(t)[:, None] >= steps] = 0
    return out


def _ends(count: int, states: Array) -> Array:
    """Whether a path may end in each of `count` states: the last two."""
    behind = states[:, None] - np.arange(count)
    return (behind == 1) | (behind == 2)


@op(
    lambda g, y, x, skip, steps, states: g.reshape(1, -1, 1) * -_share(x, skip, steps, states),
    domain=(Reals(), Given(), Given(), Given()),
    shapes="(t, n, l) -> (n)",
    wide=True,
    sample=_problem,
    fused=Fused(_forward, (_rule,)),
    tex=r"-\ln \sum_\pi e^{{\sum_t {input}_{{t \pi_t}}}}",
)
def _ctc(input: Array, skip: Array, steps: Array, states: Array) -> Array:
    r"""Minus the logarithm of the probability of all paths, :math:`y = -\ln \sum_\pi e^{\sum_t x_{t \pi_t}}`.

    A path starts in one of the first two states, stays, steps to the next one or, where that is allowed, over one, and
    ends in one of the last two. The sum :math:`a_{t l}` over the paths that end in l is built step by step (Graves et
    al. 2006). :math:`dy = -\sum_{t l} q_{t l}\,dx_{t l}` with the share q of the paths through l at t: the rule is that
    share, from the sums before and after.

    Args:
        input: logarithms of the probability of each state at each step, `(t, n, l)`.
        skip: whether the step over one to a state is allowed, `(n, l)`.
        steps: how many steps of each sample count, `(n,)`.
        states: how many states of each sample count, `(n,)`.
    """
    return _forward(input, skip, steps, states)[0]


def _share(x: Array, skip: Array, steps: Array, states: Array) -> Array:
    """The share of the paths that are in each state at each step, the softmax over paths; 0 where there is no path."""
    t, n, count = x.shape
    place = np.arange(count)
    none = np.full((n, 2), -math.inf, x.dtype)
    before = [where(place < 2, x[0], -math.inf)]
    for k in range(1, t):
        a = before[-1]
        over = where(skip, cat([none, a], 1)[:, :count], -math.inf)
        before.append(logsumexp(stack([a, cat([none[:, :1], a], 1)[:, :count], over]), 0, False) + x[k])
    last = where(_ends(count, states), np.zeros_like(none[:, :1]), -math.inf)
    after = [last]
    for k in range(t - 2, -1, -1):
        b = after[-1] + x[k + 1]
        over = cat([where(skip, b, -math.inf), none], 1)[:, 2:]
        ways = logsumexp(stack([b, cat([b, none[:, :1]], 1)[:, 1:], over]), 0, False)
        after.append(where((k == steps - 1)[:, None], last, ways))
    through = stack(before) + stack(after[::-1])
    share = exp(gap(through, logsumexp(through, 2, True)))
    return where((np.arange(t)[:, None] < steps)[:, :, None], share, 0)
