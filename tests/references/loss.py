"""Fused losses, computed in another way."""

import itertools

import numpy as np


def over_paths(x, skip, steps, states):
    """Minus the log-probability of all paths, one path at a time."""
    losses = []
    for n, (t, last) in enumerate(zip(steps, states)):
        total = 0.0
        for path in itertools.product(range(last), repeat=int(t)):
            moves = [(b - a, skip[n, b]) for a, b in itertools.pairwise(path)]
            ends = not path or (path[0] < 2 and path[-1] >= last - 2)
            if ends and (path or last == 1) and all(d in (0, 1) or (d == 2 and may) for d, may in moves):
                total += np.exp(sum(x[k, n, s] for k, s in enumerate(path)))
        losses.append(-np.log(total))
    return np.array(losses)


REFERENCES = {
    "ctc": over_paths,
    "huber": lambda x, delta: np.where(abs(x) <= delta, x * x / 2, delta * (abs(x) - delta / 2)),
    "one_hot": lambda t, like: np.eye(like.shape[1])[t],
    "cross_entropy": lambda s, t: np.log(np.exp(s).sum(1)) - np.einsum("nk,nk->n", s, np.eye(s.shape[1])[t]),
}
