"""Reductions, computed in another way."""

import math
import statistics

import numpy as np


def along(f):
    """The reduction that applies `f` to the list of the elements over `dim`."""

    def reduce(x, dim=None, keepdim=False, **rest):
        dims = tuple(range(x.ndim)) if dim in (None, ()) or x.ndim == 0 else np.atleast_1d(dim) % x.ndim
        kept = [d for d in range(x.ndim) if d not in dims]
        rows = np.transpose(x, [*kept, *dims]).reshape(*(x.shape[d] for d in kept), math.prod(x.shape[d] for d in dims))
        y = np.array([f(rows[k].tolist(), **rest) for k in np.ndindex(rows.shape[:-1])])
        return y.reshape([1 if d in dims else n for d, n in enumerate(x.shape)] if keepdim else rows.shape[:-1])

    return reduce


def each_row(f):
    """The function that applies `f` to each list of the elements along `dim`."""
    return lambda x, dim: np.apply_along_axis(f, dim, x) if x.size and x.ndim else np.reshape(f(x.ravel()), x.shape)


def std(x, dim, correction, keepdim):
    of_all, of_sample = along(statistics.pstdev), along(lambda v: statistics.stdev(v) if len(v) > 1 else math.nan)
    empty = along(lambda v: math.nan)
    size = np.size(along(len)(x, dim)) and np.max(along(len)(x, dim))
    return (of_sample if correction else of_all if size else empty)(x, dim, keepdim)


def var(x, dim, correction, keepdim):
    return std(x, dim, correction, keepdim) ** 2


def norm(x, ord, dim, keepdim):
    if ord == 0:
        return along(np.count_nonzero)(x, dim, keepdim)
    return along(lambda v: math.fsum(abs(e) ** ord for e in v) ** (1 / ord))(x, dim, keepdim)


def last_extreme(x, dim, least):
    best = min if least else max

    def places(v):
        return [max(j for j in range(i + 1) if v[j] == best(v[: i + 1])) for i in range(len(v))]

    return each_row(lambda v: np.array(places(v.tolist()), dtype=int))(x, dim)


def picked(x, dim, index):
    grid = np.ix_(*map(range, index.shape)) if x.ndim else ()
    return x[tuple(index if d == dim % x.ndim else g for d, g in enumerate(grid))]


def placed(x, dim, index, shape):
    out = np.zeros(shape)
    for k in np.ndindex(index.shape):
        at = list(k)
        if shape:
            at[dim] = index[k]
        out[tuple(at)] += x[k]
    return out


REFERENCES = {
    "mean": along(lambda v: math.fsum(v) / len(v) if v else math.nan),
    "sum": along(math.fsum),
    "amax": along(max),
    "amin": along(min),
    "any": along(any),
    "all": along(all),
    "argmax": along(lambda v: v.index(max(v))),
    "argmin": along(lambda v: v.index(min(v))),
    "logsumexp": along(lambda v: math.log(math.fsum(map(math.exp, v))) if v else -math.inf),
    "std": std,
    "var": var,
    "norm": norm,
    "count_nonzero": along(lambda v: sum(map(bool, v))),
    "last_extreme": last_extreme,
    "pick": picked,
    "place": placed,
    "softmax": each_row(lambda v: np.exp(v) / np.exp(v).sum()),
    "log_softmax": each_row(lambda v: np.log(np.exp(v) / np.exp(v).sum())),
    "ties": lambda x, extreme, dim: (x == extreme) / along(lambda v: v.count(True))(x == extreme, dim, True),
    "gap": lambda a, b: a + -1.0 * b,
}
