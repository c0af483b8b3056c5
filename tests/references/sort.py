"""Sorting and order statistics, computed in another way: with Python's own sort, one row at a time."""

import statistics

import numpy as np

from .reduce import along


def order(v, descending=False):
    return sorted(range(len(v)), key=v.__getitem__, reverse=descending)


def rows(f):
    """The function that applies `f(row, *rest)` to each row along `dim`."""

    def apply(x, dim, *rest):
        if not x.ndim:
            return np.reshape(f([x.item()], *rest)[0], ())
        if not x.size:
            n = len(f([0.0] * x.shape[dim], *rest))
            return np.zeros([n if d == dim % x.ndim else s for d, s in enumerate(x.shape)])
        return np.apply_along_axis(lambda v: f(v.tolist(), *rest), dim, x)

    return apply


REFERENCES = {
    "argsort": rows(order),
    "top": lambda x, k, dim, largest: rows(lambda v: order(v, largest)[:k])(x, dim),
    "rank": lambda x, k, dim: rows(lambda v: [order(v)[k - 1]])(x, dim),
    "middle": rows(lambda v, _: [v.index(statistics.median_low(v))]),
    "median": lambda x, ignore_nan: along(lambda v: statistics.median_low(v) if v else np.nan)(x),
    "most_frequent": rows(lambda v: [v.index(min(v))]),
}
