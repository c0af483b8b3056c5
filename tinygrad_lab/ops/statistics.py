"""Statistics of data: quantiles, covariances, counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..op import Array, wrap
from ..promotion import get_default_dtype
from ..public import public
from .arithmetic import clamp
from .cast import cast
from .checks import refuse_integers
from .compare import where
from .elementwise import sqrt
from .index import _gather
from .linalg import matmul
from .reduce import sum
from .sets import array_of
from .shape import dim_of, permute, reshape, squeeze, transpose
from .sort import sort

if TYPE_CHECKING:
    from ..tensor import Tensor


@public
def quantile(
    input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The values below which the fraction `q` of the elements lies: of everything, or along `dim`; NaN if there is one.

    Args:
        q: a number from 0 to 1, or a tensor of them of one dimension, which comes first in the result.
        interpolation: between the elements next to the place q (n - 1) of the sorted ones: "linear", "lower", "higher",
            "nearest" or "midpoint".

    Raises:
        RuntimeError: the elements aren't floating, there are none, or a q isn't between 0 and 1 or of another dtype.
        ValueError: another interpolation.
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@public
def nanquantile(
    input: Array, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """`quantile` of the elements that aren't NaN, with the same arguments; NaN if there are none."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(name: str, input: Array, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Tensor:
    refuse_integers(name, input)
    if interpolation not in ("linear", "lower", "higher", "nearest", "midpoint"):
        raise ValueError(
            f"{name}: interpolation must be 'linear', 'lower', 'higher', 'nearest' or 'midpoint', not {interpolation!r}"
        )
    if not hasattr(q, "dtype") or isinstance(q, np.generic):
        q = np.asarray(q, input.dtype)
    if q.ndim > 1:
        raise RuntimeError(f"{name}: q must be a number or have one dimension, not shape {tuple(q.shape)}")
    if q.dtype != input.dtype:
        raise RuntimeError(f"{name}: q of {q.dtype} must have the dtype of the elements, {input.dtype}")
    if not np.all((array_of(q) >= 0) & (array_of(q) <= 1)):
        raise RuntimeError(f"{name}: q must be between 0 and 1, not {array_of(q).tolist()}")
    shape: tuple[int, ...] = tuple(input.shape)
    if 0 in shape:
        raise RuntimeError(f"{name}: a tensor of shape {shape} is empty, so it has no quantile")
    x, rest, kept = reshape(input, (-1,)), shape[:0], (1,) * len(shape)
    at = 0 if dim is None else dim_of(name, dim, input.ndim)
    if dim is not None and shape:
        x = permute(input, [*(i for i in range(len(shape)) if i != at), at])
        rest, kept = x.shape[:-1], (*shape[:at], 1, *shape[at + 1 :])
    y = _between(sort(x).values, reshape(q, (-1,)), interpolation, name == "nanquantile")
    y = permute(y, [len(rest), *range(len(rest))])
    return reshape(y, (*tuple(q.shape), *(kept if keepdim else rest)))


def _between(x: Array, q: Array, interpolation: str, ignore_nan: bool) -> Array:
    """The quantiles `q` of each sorted row `(*, n)`: `(*, len(q))`."""
    nan = np.isnan(array_of(x))
    last = np.maximum(x.shape[-1] - np.count_nonzero(nan, axis=-1, keepdims=True) - 1, 0).astype(x.dtype)
    ranks = q * last
    if not ignore_nan:  # NaN stands last
        ranks = where(nan[..., -1:], np.asarray(x.shape[-1] - 1, x.dtype), ranks)
    plain = array_of(ranks)
    if interpolation in ("lower", "higher", "nearest"):
        place = np.floor(plain) if interpolation == "lower" else np.ceil(plain) if interpolation == "higher" else plain
        return _gather(x, -1, np.round(place).astype(np.int64))
    below, above = np.floor(plain).astype(np.int64), np.ceil(plain).astype(np.int64)
    low, high = _gather(x, -1, below), _gather(x, -1, above)
    weight = 0.5 if interpolation == "midpoint" else ranks - below.astype(x.dtype)
    with np.errstate(invalid="ignore"):
        return where(below == above, low, low + (high - low) * weight)


@public
def cov(input: Array, *, correction: int = 1, fweights: Array | None = None, aweights: Array | None = None) -> Tensor:
    r"""Covariances of the rows of `(variables, observations)`, or the variance of one variable.

    :math:`\sum_k w_k (x_{ik} - \bar x_i)(x_{jk} - \bar x_j) / d` with weighted means.

    Args:
        correction: c in the divisor d, which is n - c without weights.
        fweights: how often each observation counts, integers f; :math:`d = \sum f - c`.
        aweights: how much each observation weighs, a; with :math:`w = f a`,
            :math:`d = \sum w - c \sum w a / \sum w`.

    Raises:
        RuntimeError: there are more than two dimensions, the elements are bools, or the weights don't fit or are
            negative.
    """
    if input.dtype.kind == "b":
        raise RuntimeError("cov: the elements must be numbers, not bool")
    if input.ndim > 2:
        raise RuntimeError(f"cov: expected at most two dimensions, not shape {tuple(input.shape)}")
    x = reshape(input, (1, -1)) if input.ndim < 2 else input
    n = x.shape[1]
    for name, weights, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if weights is None:
            continue
        if weights.ndim > 1 or weights.dtype.kind not in kinds:
            raise RuntimeError(
                f"cov: {name} must have one dimension and be {'integers' if kinds == 'iu' else 'floating'}, not "
                f"{weights.dtype} of shape {tuple(weights.shape)}"
            )
        if math.prod(weights.shape) != n:
            raise RuntimeError(f"cov: {name} of shape {tuple(weights.shape)} doesn't fit {n} observations")
        if (array_of(weights) < 0).any():
            raise RuntimeError(f"cov: {name} must not be negative")
    x = x if x.dtype.kind == "f" else cast(x, get_default_dtype())
    w = fweights if aweights is None else aweights if fweights is None else fweights * aweights
    total = n if w is None else sum(w)
    if w is not None and n and not array_of(total):
        raise RuntimeError("cov: the weights sum to zero")
    with np.errstate(divide="ignore", invalid="ignore"):
        d = x - sum(x if w is None else x * w, 1, True) / (total or math.nan if w is None else total)
        spread = total - (correction if aweights is None else correction * (sum(w * aweights) / total))
        divisor = spread if array_of(spread) > 0 else np.zeros((), x.dtype)
        return squeeze(matmul(d, transpose(d if w is None else d * w, 0, 1)) / divisor)


@public
def corrcoef(input: Array) -> Tensor:
    r"""Correlations of the rows of `(variables, observations)`, :math:`c_{ij} / \sqrt{c_{ii} c_{jj}}`, within [-1, 1].

    Raises:
        RuntimeError: there are more than two dimensions.
    """
    c = cov(input)
    if c.ndim == 0:
        return c / c
    n = c.shape[0]
    deviation = sqrt(c.reshape(-1)[:: n + 1])
    return clamp(c / deviation.reshape(-1, 1) / deviation.reshape(1, -1), -1, 1)


@public
def bincount(input: Array, weights: Array | None = None, minlength: int = 0) -> Tensor:
    """How often each of the numbers 0, 1, 2, ... is there, or the sum of its weights; without gradient.

    Args:
        input: integers, none negative, of one dimension.
        weights: of the same shape.
        minlength: give at least as many counts.

    Raises:
        RuntimeError: `input`, `weights` or `minlength` isn't as said.
    """
    x = array_of(input)
    if x.ndim != 1 or x.dtype.kind not in "iu" or (x.size and x.min() < 0):
        raise RuntimeError(
            f"bincount: input must be of non-negative integers in one dimension, not {x.dtype} of shape {x.shape}"
        )
    if minlength < 0:
        raise RuntimeError(f"bincount: minlength must not be negative, but it is {minlength}")
    if weights is None:
        return wrap(np.bincount(x, minlength=minlength))
    w = array_of(weights)
    if w.shape != x.shape:
        raise RuntimeError(f"bincount: weights of shape {w.shape} must have the shape of the input, {x.shape}")
    return wrap(np.bincount(x, w, minlength).astype(np.float32 if w.dtype == np.float32 else np.float64))


@public
def histc(input: Array, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements are in each of `bins` equal parts of [`min`, `max`]; without gradient.

    If `min` equals `max`, the range is that of the elements, or one to either side if these are all equal. What is
    outside isn't counted.

    Raises:
        RuntimeError: the elements aren't floating, `bins` isn't positive, or the range isn't one of finite numbers.
    """
    refuse_integers("histc", input)
    x = array_of(input).reshape(-1)
    if bins <= 0:
        raise RuntimeError(f"histc: bins must be positive, not {bins}")
    low, high = float(min), float(max)
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"histc: the range from {low} to {high} isn't finite")
    if low > high:
        raise RuntimeError(f"histc: max must not be less than min; they are {high} and {low}")
    x = x[(x >= low) & (x <= high)]
    place = np.minimum(((x - low) * bins / (high - low)).astype(np.int64), bins - 1)
    return wrap(np.bincount(place, minlength=bins).astype(input.dtype))
