"""Windows, computed in another way: one after the other."""

import numpy as np

from .index import added, places


def windows(x, dim, size, step):
    starts = range(0, x.shape[dim] - size + 1, step)
    return np.stack([np.moveaxis(np.take(x, range(s, s + size), dim), dim, -1) for s in starts], dim)


def laid_back(x, dim, step, length):
    shape = (*x.shape[:dim], length, *x.shape[dim + 1 : -1])
    return added(shape, places(shape, lambda p: windows(p, dim, x.shape[-1], step)), x)


REFERENCES = {"unfold_along": windows, "fold_along": laid_back}
