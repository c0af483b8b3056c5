"""Integrals and derivatives of sampled functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..op import Array
from ..public import public
from .arithmetic import add
from .reduce import sum
from .scan import cumsum, diff
from .shape import cat, dim_of, dims_of, narrow, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor


@public
def trapezoid(y: Array, x: Array | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    r"""The integral along `dim` by the trapezoidal rule, :math:`\sum_i \tfrac12 (y_i + y_{i+1}) (x_{i+1} - x_i)`.

    Args:
        x: where the samples lie, one place for each, or as many dimensions as broadcast with those of `y`.
        dx: how far they lie apart, if they do so evenly; by default 1.

    Raises:
        RuntimeError: `x` has not one place for each sample.
        TypeError: both `x` and `dx` are given.
        IndexError: there is no such dimension.
    """
    return sum(_trapezoids("trapezoid", y, x, dx, dim), dim)


@public
def trapz(y: Array, x: Array | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """`trapezoid` by its old name."""
    return trapezoid(y, x, dx=dx, dim=dim)


@public
def cumulative_trapezoid(y: Array, x: Array | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
    """The integrals from the first sample to each that follows, as `trapezoid`: one element less along `dim`."""
    return cumsum(_trapezoids("cumulative_trapezoid", y, x, dx, dim), dim)


def _trapezoids(name: str, y: Array, x: Array | None, dx: float | None, dim: int) -> Tensor:
    """The areas between neighbours."""
    if x is not None and dx is not None:
        raise TypeError(f"{name}: give either x, where the samples lie, or dx, how far apart")
    dim = dim_of(name, dim, y.ndim)
    size = y.shape[dim]
    both = add(narrow(y, dim, 0, max(size - 1, 0)), narrow(y, dim, min(1, size), max(size - 1, 0)))
    if x is None:
        return both * ((1.0 if dx is None else dx) / 2)
    if x.ndim == 1:
        if x.shape[0] != size:
            raise RuntimeError(f"{name}: there must be one x for each of {size} samples, not {x.shape[0]}")
        widths = reshape(diff(x), (-1, *[1] * (y.ndim - 1 - dim)))
    else:
        widths = diff(x, dim=dim - y.ndim)
    return both * widths / 2


@public
def gradient(
    input: Array,
    *,
    spacing: float | Sequence[float | Array] | None = None,
    dim: int | Sequence[int] | None = None,
    edge_order: int = 1,
) -> tuple[Tensor, ...]:
    r"""The derivative along each of `dim`, by default all, of samples.

    Where the slope is :math:`s` over the distance :math:`a` before a sample, and :math:`t` over :math:`b` behind it,
    the derivative there is :math:`(b s + a t) / (a + b)`, that of the parabola through the three samples.

    Args:
        spacing: how far the samples lie apart, by default 1: a number, or one for each dimension, or for each the
            places where they lie.
        edge_order: at both ends, 1: the slope to the neighbour, 2: that of the parabola through three samples.

    Raises:
        RuntimeError: there are less than `edge_order + 1` samples, or the spacings don't fit.
        IndexError: there is no such dimension.
    """
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order must be 1 or 2, not {edge_order}")
    dims = dims_of("gradient", input.ndim, dim) or tuple(range(input.ndim))
    each = spacing if isinstance(spacing, Sequence) else [1 if spacing is None else spacing] * len(dims)
    if len(each) != len(dims):
        raise RuntimeError(f"gradient: {len(dims)} dimensions need as many spacings, not {len(each)}")
    return tuple(_derivative(input, d, step, edge_order) for d, step in zip(dims, each, strict=True))


def _derivative(f: Array, dim: int, spacing: Any, edge_order: int) -> Tensor:
    n = f.shape[dim]
    if n < edge_order + 1:
        raise RuntimeError(f"gradient: edge_order {edge_order} needs {edge_order + 1} samples along dim {dim}, not {n}")
    slopes = diff(f, dim=dim)
    share: Any = 0.5  # of the distances before and behind a sample, the part before it
    if getattr(spacing, "ndim", 0):
        if spacing.shape != (n,):
            raise RuntimeError(f"gradient: {n} samples along dim {dim} need as many places, not {spacing.shape}")
        widths = reshape(diff(spacing), (-1, *[1] * (f.ndim - 1 - dim)))
        slopes = slopes / widths
        before = narrow(widths, 0, 0, n - 2)
        share = before / (before + narrow(widths, 0, 1, n - 2))
    else:
        slopes = slopes / spacing
    left, right = narrow(slopes, dim, 0, n - 2), narrow(slopes, dim, 1, n - 2)
    inside = left + (right - left) * share
    ends = [narrow(slopes, dim, 0, 1), narrow(slopes, dim, n - 2, 1)]
    if edge_order == 2:
        ends = [2 * end - narrow(inside, dim, i, 1) for end, i in zip(ends, (0, n - 3), strict=True)]
    return cat([ends[0], inside, ends[1]], dim)
