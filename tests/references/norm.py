"""Normalisation, one row at a time."""

import statistics

import numpy as np


def normalize(x, w, b, dims, eps, centred, known):
    """The rows along `dims` one by one, from Python's statistics."""
    y = np.empty(x.shape)
    kept = [n for d, n in enumerate(x.shape) if d not in dims]
    moved, out = (np.moveaxis(a, dims, range(-len(dims), 0)) for a in (x, y))
    for k in np.ndindex(*kept):
        row = moved[k].ravel().tolist()
        mu = statistics.fmean(row) if centred and row else 0.0
        mean_square = statistics.fmean([(v - mu) ** 2 for v in row]) if row else 0.0
        out[k] = (moved[k] - mu) / (mean_square + eps) ** 0.5
    return y * w + b


REFERENCES = {"normalize": normalize}
