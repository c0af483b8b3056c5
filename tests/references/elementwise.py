"""Elementwise ops, computed in another way; a NumPy ufunc of that meaning is its own reference."""

import numpy as np

from tinygrad_lab.op import table, ufuncs


def sinc(x, order):
    """The mean of cos(pi x t) over t from 0 to 1, differentiated under the integral, by Gauss's rule."""
    t, weights = np.polynomial.legendre.leggauss(40)
    t = (t + 1) / 2 * np.pi
    waves = t**order * np.cos(np.asarray(x)[..., None] * t + order * np.pi / 2)
    return waves @ weights / 2


REFERENCES = {
    **{o.name: ufunc for ufunc, call in ufuncs.items() for o in table.values() if o.call is call},
    "pow": lambda a, b: np.exp(b * np.log(a)),
    "reciprocal": lambda x: x**-1.0,
    "rsqrt": lambda x: x**-0.5,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "relu": lambda x: x * (x > 0),
    "softplus": lambda x: np.logaddexp(0, x),
    "clamp": lambda x, low, high: np.minimum(np.maximum(x, low or -np.inf), high or np.inf),
    "logit": lambda x: np.log(x) - np.log1p(-x),
    "xlogy": lambda a, b: np.log(b**a) if isinstance(a, np.ndarray) and a.dtype.kind != "f" else a * np.log(b),
    "lerp": lambda a, b, w: (1 - w) * a + w * b,
    "isposinf": lambda x: np.isinf(x) & (x > 0),
    "isneginf": lambda x: np.isinf(x) & (x < 0),
    "round": lambda x, decimals: np.round(x, decimals),
    "trunc_divide": lambda a, b: np.sign(a / b) * (abs(a / b) // 1),
    "sinc": sinc,
    "where": lambda c, a, b: c * a + (1 - c) * b,
    "wins": lambda a, b, least: ((np.minimum if least else np.maximum)(a, b) == a) / 1.0,
    "cast": lambda x, dtype: x.astype(dtype),
    "clone": lambda x: x,
}
