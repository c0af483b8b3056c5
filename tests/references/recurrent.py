"""Recurrent layers, computed in another way: one sequence, one step and one unit at a time."""

import math

import numpy as np


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def scanned(x, sizes, reverse, first, step):
    """The states `(parts, t, n, h)` where `step(t, n, state)` gives a living sequence's next one."""
    t, n = x.shape[:2]
    y = np.zeros((len(first), t, n, first[0].shape[1]))
    for j in range(n):
        state = [np.array(part[j], float) for part in first]
        for k in reversed(range(t)) if reverse else range(t):
            if sizes is None or j < sizes[k]:
                state = step(k, j, state)
            y[:, k, j] = state
    return y


def lstm(x, w, h, c, sizes, reverse):
    units = h.shape[1]

    def step(t, n, state):
        hidden, cell = state
        new = np.zeros((2, units))
        for u in range(units):
            i, f, g, o = (x[t, n, p * units + u] + sum(w[p * units + u] * hidden) for p in range(4))
            new[1, u] = sigmoid(f) * cell[u] + sigmoid(i) * math.tanh(g)
            new[0, u] = sigmoid(o) * math.tanh(new[1, u])
        return new

    return scanned(x, sizes, reverse, (h, c), step)


def gru(x, w, b, h, sizes, reverse):
    units = h.shape[1]

    def step(t, n, state):
        new = np.zeros((1, units))
        for u in range(units):
            a = [x[t, n, p * units + u] for p in range(3)]
            s = [b[p * units + u] + sum(w[p * units + u] * state[0]) for p in range(3)]
            r, z = sigmoid(a[0] + s[0]), sigmoid(a[1] + s[1])
            new[0, u] = (1 - z) * math.tanh(a[2] + r * s[2]) + z * state[0][u]
        return new

    return scanned(x, sizes, reverse, (h,), step)[0]


def rnn(x, w, h, sizes, reverse):
    def step(t, n, state):
        return [np.array([math.tanh(x[t, n, u] + sum(w[u] * state[0])) for u in range(h.shape[1])])]

    return scanned(x, sizes, reverse, (h,), step)[0]


REFERENCES = {f.__name__: f for f in (lstm, gru, rnn)}
