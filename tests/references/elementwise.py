"""Elementwise ops, computed in another way; a NumPy ufunc of that meaning is its own reference."""

import numpy as np

from tinygrad_lab.op import table, ufuncs

REFERENCES = {
    **{o.name: ufunc for ufunc, call in ufuncs.items() for o in table.values() if o.call is call},
    "pow": lambda a, b: np.exp(b * np.log(a)),
    "reciprocal": lambda x: x**-1.0,
    "rsqrt": lambda x: x**-0.5,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "relu": lambda x: x * (x > 0),
    "softplus": lambda x: np.logaddexp(0, x),
    "where": lambda c, a, b: c * a + (1 - c) * b,
    "wins": lambda a, b, least: ((np.minimum if least else np.maximum)(a, b) == a) / 1.0,
    "cast": lambda x, dtype: x.astype(dtype),
    "clone": lambda x: x,
}
