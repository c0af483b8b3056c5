"""Special functions, computed in another way: by the standard library, or as an integral."""

import math
import statistics

import numpy as np


def each(f):
    return np.vectorize(f, otypes=[np.float64])


def polygamma(x, n):
    """The integral over t > 0, whose integrand decays as e^-xt, by the trapezoidal rule after t = exp(u - e^-u)."""
    u = np.linspace(-5, 8, 1500)
    t = np.exp(u - np.exp(-u))
    weights = t * (1 + np.exp(-u)) * (u[1] - u[0])
    with np.errstate(under="ignore"):
        f = t**n * np.exp(-np.asarray(x)[..., None] * t) / -np.expm1(-t)
        if n == 0:
            f = f - np.exp(-t) / t
    return (-1) ** (n + 1) * (f * weights).sum(-1)


REFERENCES = {
    "erf": each(math.erf),
    "erfc": each(math.erfc),
    "erfinv": each(lambda x: statistics.NormalDist().inv_cdf((1 + x) / 2) / 2**0.5),
    "lgamma": each(math.lgamma),
    "polygamma": polygamma,
}
