"""Connectionist temporal classification: the sum over all paths that spell a label sequence, in logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op
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
    draw.assume(np.isfinite(_forward(x, skip, steps, last)).all())
    return x, skip, steps, last


def _forward(x: Array, skip: Array, steps: Array, states: Array) -> Array:
    t, n, count = x.shape
    row = np.arange(n)
    bar = np.where(skip, 0, -math.inf).astype(x.dtype)
    paths = np.full((n, count + 2), -math.inf, x.dtype)  # two states in front that no path reaches
    here = paths[:, 2:]
    here[:, :2] = x[0, :, :2]
    for k in range(1, t):
        ways = np.logaddexp(here, paths[:, 1:-1])
        ways = np.logaddexp(ways, paths[:, :-2] + bar)
        np.add(ways, x[k], out=here, where=(k < steps)[:, None])
    y = -np.logaddexp(paths[row, states + 1], paths[row, states])
    return np.where(steps == 0, np.where(states == 1, 0, math.inf), y).astype(x.dtype, copy=False)


@op(
    lambda g, y, x, skip, steps, states: g.reshape(1, -1, 1) * -_share(x, skip, steps, states),
    domain=(Reals(), Given(), Given(), Given()),
    shapes="(t, n, l) -> (n)",
    sample=_problem,
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
    return _forward(input, skip, steps, states)


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
    last = where((place == states[:, None] - 1) | (place == states[:, None] - 2), np.zeros_like(none[:, :1]), -math.inf)
    after = [last]
    for k in range(t - 2, -1, -1):
        b = after[-1] + x[k + 1]
        over = cat([where(skip, b, -math.inf), none], 1)[:, 2:]
        ways = logsumexp(stack([b, cat([b, none[:, :1]], 1)[:, 1:], over]), 0, False)
        after.append(where((k == steps - 1)[:, None], last, ways))
    through = stack(before) + stack(after[::-1])
    share = exp(gap(through, logsumexp(through, 2, True)))
    return where((np.arange(t)[:, None] < steps)[:, :, None], share, 0)
