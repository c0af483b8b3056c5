"""Convolution, computed in another way: one product of input and weight at a time."""

import itertools

import numpy as np


def pairs(how, size, kernel, places):
    """For each input, element of the kernel and output that meet, their places."""
    for o, k in itertools.product(np.ndindex(*places), np.ndindex(*kernel)):
        i = tuple(s * a + d * b - p for a, b, s, p, d in zip(o, k, how.stride, how.before, how.dilation, strict=True))
        if all(0 <= j < n for j, n in zip(i, size, strict=True)):
            yield i, k, o


def channels(c, m, groups):
    """For each input channel and output channel that meet: them, and the weight's input channel."""
    for j in range(m):
        group = j // (m // groups)
        for k in range(c // groups):
            yield group * (c // groups) + k, j, k


def conv(x, w, bias, how):
    size, kernel = x.shape[2:], w.shape[2:]
    places = how.outputs(size, kernel)
    y = np.zeros((len(x), len(w), *places))
    if bias is not None:
        y += np.reshape(bias, (1, -1, *[1] * len(places)))
    for i, k, o in pairs(how, size, kernel, places):
        for a, b, c in channels(x.shape[1], len(w), how.groups):
            y[:, b, *o] += x[:, a, *i] * w[b, c, *k]
    return y


def conv_input(g, w, how):
    places, kernel = g.shape[2:], w.shape[2:]
    size = how.inputs(places, kernel)
    x = np.zeros((len(g), w.shape[1] * how.groups, *size))
    for i, k, o in pairs(how, size, kernel, places):
        for a, b, c in channels(x.shape[1], len(w), how.groups):
            x[:, a, *i] += g[:, b, *o] * w[b, c, *k]
    return x


def conv_weight(g, x, how):
    places, size = g.shape[2:], x.shape[2:]
    kernel = how.kernel(size, places)
    w = np.zeros((g.shape[1], x.shape[1] // how.groups, *kernel))
    for i, k, o in pairs(how, size, kernel, places):
        for a, b, c in channels(x.shape[1], len(w), how.groups):
            w[b, c, *k] += np.dot(g[:, b, *o], x[:, a, *i])
    return w


REFERENCES = {"conv": conv, "conv_input": conv_input, "conv_weight": conv_weight}
