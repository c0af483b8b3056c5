"""Writing along a dimension, computed in another way: element by element."""

import numpy as np


def brought(x, dim, index, src):
    """For each place of `x` the list of what `src` brings there."""
    found = {k: [] for k in np.ndindex(x.shape)}
    for k in np.ndindex(index.shape):
        place = list(k)
        if k:
            place[dim] = int(index[k])
        found[tuple(place)].append(src[k])
    return found


def extreme(x, dim, index, src, least, include_self):
    out = np.empty(x.shape)
    for k, values in brought(x, dim, index, src).items():
        mine = [x[k]] if include_self or not values else []
        out[k] = (min if least else max)(mine + values)
    return out


def share(x, dim, index, src, extreme, include_self, of_src):
    out = np.zeros(src.shape if of_src else x.shape)
    numbers = brought(x, dim, index, np.arange(src.size).reshape(src.shape))
    for k, values in brought(x, dim, index, src).items():
        mine = [x[k]] if include_self or not values else []
        part = 1 / (mine + values).count(extreme[k])
        if of_src:
            for number, value in zip(numbers[k], values, strict=True):
                out.reshape(-1)[number] = part * (value == extreme[k])
        else:
            out[k] = part * (x[k] in mine and x[k] == extreme[k])
    return out


REFERENCES = {"scatter_extreme": extreme, "extreme_share": share}
