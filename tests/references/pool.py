"""Pooling, windows and padding, computed in another way: window by window, or as a matrix written out."""

import itertools

import numpy as np


def windows(slides):
    """For each stop its index, and the places of the window that are inside, as pairs of number and index."""
    for stop in np.ndindex(*(s.out for s in slides)):
        seen = []
        for number, offset in enumerate(itertools.product(*(range(s.kernel) for s in slides))):
            at = [o * s.stride - s.padding + i * s.dilation for o, i, s in zip(stop, offset, slides, strict=True)]
            if all(0 <= a < s.size for a, s in zip(at, slides, strict=True)):
                seen.append((number, tuple(at)))
        yield stop, seen


def empty(x, slides, sizes):
    return np.zeros((*x.shape[: x.ndim - len(slides)], *sizes))


def greatest(x, slides):
    y = empty(x, slides, [s.out for s in slides])
    for stop, seen in windows(slides):
        y[(..., *stop)] = np.max([x[(..., *at)] for _, at in seen], axis=0, initial=-np.inf)
    return y


def winners(x, slides):
    y = empty(x, slides, [s.out for s in slides])
    for stop, seen in windows(slides):
        if seen:
            numbers = np.array([number for number, _ in seen])
            y[(..., *stop)] = numbers[np.argmax([x[(..., *at)] for _, at in seen], axis=0)]
    return y


def picked(x, won, slides):
    y = np.zeros(won.shape)
    for stop, seen in windows(slides):
        for number, at in seen:
            y[(..., *stop)] += np.where(won[(..., *stop)] == number, x[(..., *at)], 0)
    return y


def unpicked(g, won, slides):
    y = empty(g, slides, [s.size for s in slides])
    for stop, seen in windows(slides):
        for number, at in seen:
            y[(..., *at)] += np.where(won[(..., *stop)] == number, g[(..., *stop)], 0)
    return y


def unfolded(x, slides):
    n, c = x.shape[:2]
    stops = list(np.ndindex(*(s.out for s in slides)))
    kernel = int(np.prod([s.kernel for s in slides]))
    y = np.zeros((n, c, kernel, len(stops)))
    for (stop, seen), column in zip(windows(slides), itertools.count(), strict=False):
        for number, at in seen:
            y[:, :, number, stops.index(stop)] = x[(slice(None), slice(None), *at)]
        assert stops[column] == stop
    return y.reshape(n, c * kernel, len(stops))


def folded(x, slides):
    n, rows, _ = x.shape
    kernel = int(np.prod([s.kernel for s in slides]))
    blocks = x.reshape(n, rows // kernel, kernel, x.shape[-1])
    y = np.zeros((n, rows // kernel, *(s.size for s in slides)))
    for column, (_, seen) in enumerate(windows(slides)):
        for number, at in seen:
            y[(slice(None), slice(None), *at)] += blocks[:, :, number, column]
    return y


def resampled(x, dim, taps):
    matrix = np.zeros(taps.shape)
    for k, (row, column) in enumerate(zip(taps.rows, taps.columns, strict=True)):
        matrix[row, column] += 1 if taps.weights is None else taps.weights[k]
    return np.moveaxis(np.tensordot(matrix, x, (1, dim)), 0, dim)


def padded(x, margins, value):
    if x.ndim == 0:
        return x
    grown = np.pad(x, [(max(b, 0), max(a, 0)) for b, a in margins], constant_values=value)
    return grown[tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(grown.shape, margins, strict=True))]


def added_points(x, index, size):
    y = np.zeros((*x.shape[:2], size))
    for n, c, p in np.ndindex(x.shape):
        y[n, c, index[n, p]] += x[n, c, p]
    return y


def placed_points(x, index, size):
    y = np.zeros((*x.shape[:2], size))
    for n in range(len(x)):
        y[n][:, index[n]] = x[n]
    return y


REFERENCES = {
    "place_points": placed_points,
    "pick_points": lambda x, index: (
        np.array([x[n][:, index[n]] for n in range(len(x))]).reshape(*x.shape[:2], -1)
        if x.size and index.size
        else np.zeros((*x.shape[:2], index.shape[1]))
    ),
    "unpick_points": added_points,
    "max_pool": greatest,
    "winners": winners,
    "pick_won": picked,
    "unpick_won": unpicked,
    "unfold_windows": unfolded,
    "fold_windows": folded,
    "resample": resampled,
    "pad": padded,
}
