"""Reductions: many elements to one, along the dimensions that `dim` names. With None, over everything."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..convention import convention
from ..domain import DISTINCT, FLAG, REALS, Booleans, Choice, Dims
from ..graph import add_up
from ..op import Array, op
from ..public import public
from .cast import cast
from .checks import integer, refuse_bools, refuse_integers
from .compare import isnan, logical_not, where
from .shape import dims_of, reshape, spread

if TYPE_CHECKING:
    from ..tensor import Tensor

DimLike = int | Sequence[int] | None

# NumPy's own reductions, without the wrapper of np.sum; its stubs know them only with a literal `keepdims`
add_reduce: Callable[..., Array] = np.add.reduce
multiply_reduce: Callable[..., Array] = np.multiply.reduce
_max: Callable[..., Array] = np.maximum.reduce
_min: Callable[..., Array] = np.minimum.reduce
any_reduce: Callable[..., Array] = np.logical_or.reduce
all_reduce: Callable[..., Array] = np.logical_and.reduce


@op(
    lambda g, y, x, dim, keepdim: spread(g, x.shape, dim, keepdim),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\sum {input}",
    analytic=True,
)
def _sum(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Sum over `dim`, :math:`y = \sum_i x_i`.

    :math:`dy = \sum_i dx_i`: every summand gets the whole cotangent. Integers and bools sum to int64.
    """
    axis, dtype = axis_of(input, dim), whole(input)
    if dtype is not None:
        return add_reduce(input, axis=axis, dtype=dtype, keepdims=keepdim)
    return add_up(input, axis, keepdim)


@op(
    lambda g, y, x, dim, keepdim: spread(g / count(x.shape, dim), x.shape, dim, keepdim),
    domain=(REALS, Dims(), FLAG),
    shapes="(*) -> (...)",
    tex=r"\tfrac1n \sum {input}",
    analytic=True,
    wide=True,
)
def _mean(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    r"""Arithmetic mean over `dim`, :math:`y = \tfrac1n \sum_i x_i`.

    :math:`dy = \tfrac1n \sum_i dx_i`: every element gets an n-th of the cotangent.
    """
    n = number(input.shape, dim)
    return add_up(input, axis_of(input, dim), keepdim) / (n or math.nan)


def kept(g: Array, shape: Sequence[int], dim: DimLike, keepdim: bool) -> Array:
    """`g`, of a tensor of `shape` reduced over `dim`, in a shape that broadcasts to that one."""
    if keepdim or dim is None:
        return g
    dims = dims_of("expand", len(shape), dim)
    return g.reshape([1 if i in dims else n for i, n in enumerate(shape)])


def count(shape: Sequence[int], dim: DimLike) -> int:
    """The number of elements that are reduced to one, as a divisor of their gradients: 1 where there are none."""
    return number(shape, dim) or 1


def number(shape: Sequence[int], dim: DimLike) -> int:
    """The number of elements that are reduced to one."""
    return math.prod(shape if dim is None else [shape[d] for d in dims_of("mean", len(shape), dim)])


def axis_of(input: Array, dim: DimLike) -> int | tuple[int, ...] | None:
    """`dim` as NumPy's `axis`; of a 0-d tensor, any `dim` that fits names everything."""
    if dim is None or isinstance(dim, int):
        return dim
    if not isinstance(dim, (tuple, list)):
        return integer("dim", "dim", dim)
    return tuple(dim) or None if input.ndim else dims_of("dim", 0, dim) or None


def max_reduce(x: Array, axis: Any = None, keepdims: bool = False, **initial: float) -> Array:
    """`np.maximum.reduce`, which is slow for short rows: their transpose has long ones."""
    if (short := _short_rows(x, axis)) is not None:
        return _max(short, axis=0).reshape(x.shape[:-1] + (1,) * keepdims)
    return _max(x, axis=axis, keepdims=keepdims, **initial)


def min_reduce(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    """`np.minimum.reduce`, as `max_reduce`."""
    if (short := _short_rows(x, axis)) is not None:
        return _min(short, axis=0).reshape(x.shape[:-1] + (1,) * keepdims)
    return _min(x, axis=axis, keepdims=keepdims)


def _short_rows(x: Array, axis: Any) -> Array:
    """If the last of several dimensions is reduced and many rows are short, the array of their columns."""
    if x.size < 1024 or x.ndim < 2 or axis not in (-1, x.ndim - 1) or x.shape[-1] > 32:
        return None
    return np.ascontiguousarray(x.reshape(-1, x.shape[-1]).T)


def whole(input: Array) -> Any:
    """The dtype in which elements are summed: int64 for integers and bools, else None for their own."""
    return np.int64 if input.dtype.kind in "biu" else None


@op(domain=(Booleans(), Dims(), FLAG), shapes="(*) -> (...)", tex=r"\exists {input}")
def _any(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Whether some element over `dim` is non-zero; uint8 stays uint8."""
    y = any_reduce(input, axis=axis_of(input, dim), keepdims=keepdim)
    return y.astype(np.uint8) if input.dtype == np.uint8 else y


@op(domain=(Booleans(), Dims(), FLAG), shapes="(*) -> (...)", tex=r"\forall {input}")
def _all(input: Array, dim: DimLike = None, keepdim: bool = False) -> Array:
    """Whether every element over `dim` is non-zero; uint8 stays uint8."""
    y = all_reduce(input, axis=axis_of(input, dim), keepdims=keepdim)
    return y.astype(np.uint8) if input.dtype == np.uint8 else y


@op(domain=(Booleans(), Dims()), shapes="(*) -> (...)", tex=r"\#\{{{input} \ne 0\}}")
def count_nonzero(input: Array, dim: DimLike = None) -> Array:
    """How many elements over `dim` aren't zero; int64, without gradient."""
    return np.asarray(np.count_nonzero(input, axis=axis_of(input, dim)))


@op(
    lambda g, y, x, dim, correction, keepdim: (
        kept(g * _share(x, dim, correction), x.shape, dim, keepdim) * (x - _mean(x, dim, True))
    ),
    domain=(REALS, Dims(), Choice((0, 1)), FLAG),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{var}} {input}",
    analytic=True,
    wide=True,
)
def _var(input: Array, dim: DimLike = None, correction: float = 1, keepdim: bool = False) -> Array:
    r"""Variance, :math:`y = \sum_i (x_i - \bar x)^2 / (n - c)` with the correction c.

    :math:`dy = 2 \sum_i (x_i - \bar x) dx_i / (n - c)`, as the deviations sum to 0.
    """
    return _mean_square(input, dim, correction, keepdim)


def freedom(shape: Sequence[int], dim: DimLike, correction: float) -> float:
    """n - c, and 0 where that is negative."""
    return builtins.max(number(shape, dim) - correction, 0)


def _share(x: Array, dim: DimLike, correction: float) -> float:
    """2 / (n - c), infinite where that is 0; of no element, which has no gradient, 0."""
    n = freedom(x.shape, dim, correction)
    return 2 / n if n else math.inf if number(x.shape, dim) else 0.0


def _mean_square(input: Array, dim: DimLike, correction: float, keepdim: bool) -> Array:
    """The sum of the squared deviations from the mean over n - c: infinite where that isn't positive, NaN for 0 / 0.

    Each element is measured from the first one, so that equal elements are found to be equal exactly.
    """
    dims = dims_of("var", input.ndim, dim)
    d = np.asarray(input - input[tuple(slice(0, 1) if i in dims else slice(None) for i in range(input.ndim))])
    n = number(input.shape, dim)
    d -= add_up(d, dims, True) / (n or 1)
    np.square(d, out=d)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.divide(add_up(d, dims, keepdim), freedom(input.shape, dim, correction))


@op(
    lambda g, y, x, dim, correction, keepdim: (
        kept(g * inverse(y * freedom(x.shape, dim, correction)), x.shape, dim, keepdim) * (x - _mean(x, dim, True))
    ),
    domain=(DISTINCT, Dims(), Choice((0, 1)), FLAG),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{std}} {input}",
    wide=True,
)
def _std(input: Array, dim: DimLike = None, correction: float = 1, keepdim: bool = False) -> Array:
    r"""Standard deviation, :math:`y^2 = \sum_i (x_i - \bar x)^2 / (n - c)` with the correction c.

    :math:`2 y\,dy = 2 \sum_i (x_i - \bar x) dx_i / (n - c)`, as the deviations sum to 0; so
    :math:`dy = \sum_i (x_i - \bar x) dx_i / (y (n - c))`. Of equal elements it is 0, the subgradient of smallest norm.
    """
    return np.sqrt(_mean_square(input, dim, correction, keepdim))


def inverse(y: Array) -> Array:
    """1 / y, and 0 where y is 0."""
    return where(y == 0, 0, 1 / where(y == 0, 1, y))


# ------------------------------------------------------------------------------------------------- compositions


@convention("sum of nothing", [], gives=[], value=0)
@public
def sum(input: Array, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Sum over `dim`, one dimension, several or all; integers and bools sum to int64.

    Args:
        dtype: what to convert the elements to before.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    if dtype is None:
        return _sum(input, dim, keepdim)
    return cast(_sum(cast(input, dtype), dim, keepdim), dtype)


@public
def any(input: Array, dim: DimLike = None, keepdim: bool = False) -> Tensor:
    """Whether some element over `dim` is non-zero; a tensor of bool, of uint8 of uint8.

    An empty `dim` names no dimension, as in PyTorch, where it means all of them to every other reduction.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: a dimension is named twice.
    """
    return _any(input[None], 0) if _empty(dim) else _any(input, dim, keepdim)


@public
def all(input: Array, dim: DimLike = None, keepdim: bool = False) -> Tensor:
    """Whether every element over `dim` is non-zero; for the arguments see `any`."""
    return _all(input[None], 0) if _empty(dim) else _all(input, dim, keepdim)


def _empty(dim: DimLike) -> bool:
    return isinstance(dim, (tuple, list)) and not dim


@convention("mean of nothing", [], gives=[], value=math.nan)
@public
def mean(input: Array, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """Arithmetic mean over `dim`, one dimension, several or all; of nothing it is NaN.

    Args:
        dtype: what to convert the elements to before.

    Raises:
        RuntimeError: the elements, or `dtype`, aren't floating; or a dimension is named twice.
        IndexError: there is no such dimension.
    """
    input = input if dtype is None else cast(input, dtype)
    refuse_integers("mean", input)
    return _mean(input, dim, keepdim)


@public
def nansum(input: Array, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """`sum` of the elements that aren't NaN; a NaN gets the gradient 0."""
    return sum(_without_nan(input), dim, keepdim, dtype=dtype)


@public
def nanmean(input: Array, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """`mean` of the elements that aren't NaN; a NaN gets the gradient 0.

    Raises:
        RuntimeError: the elements aren't floating.
    """
    refuse_integers("nanmean", input)
    if dtype is not None:
        refuse_integers("nanmean", np.empty(0, dtype))
    total = nansum(input, dim, keepdim, dtype=dtype)
    with np.errstate(invalid="ignore"):
        return total / sum(logical_not(isnan(input)), dim, keepdim, dtype=total.dtype)


def _without_nan(x: Array) -> Array:
    return where(isnan(x), 0, x) if x.dtype.kind == "f" else x


@public
def var(
    input: Array,
    dim: DimLike | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    r"""Variance over `dim`, :math:`\sum_i (x_i - \bar x)^2 / (n - c)`.

    Args:
        dim: one dimension, several, or None for all. A bool stands for `unbiased`, over all.
        unbiased: c is 1 if true, which is the default, else 0.
        correction: c itself.

    Raises:
        TypeError: both `unbiased` and `correction` are given.
        RuntimeError: the elements aren't floating, or a dimension is named twice.
        IndexError: there is no such dimension.
    """
    return _var(*_spread_of("var", input, dim, unbiased, correction), keepdim)


@convention("std of a constant vector", [3.0, 3.0, 3.0], gives=[0, 0, 0], value=0)
@convention("std of one element", [5.0], gives=[math.nan], value=math.nan)
@public
def std(
    input: Array,
    dim: DimLike | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """Standard deviation over `dim`, the square root of `var`, with the same arguments; of equal elements its gradient
    is 0."""
    return _std(*_spread_of("std", input, dim, unbiased, correction), keepdim)


@public
def var_mean(
    input: Array,
    dim: DimLike | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """`var` and `mean`, with the arguments of `var`."""
    given = _spread_of("var_mean", input, dim, unbiased, correction)
    return _var(*given, keepdim), _mean(input, given[1], keepdim)


@public
def std_mean(
    input: Array,
    dim: DimLike | bool = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """`std` and `mean`, with the arguments of `var`."""
    given = _spread_of("std_mean", input, dim, unbiased, correction)
    return _std(*given, keepdim), _mean(input, given[1], keepdim)


def _spread_of(
    name: str, input: Array, dim: DimLike | bool, unbiased: bool | None, correction: float | None
) -> tuple[Array, DimLike, float]:
    """The first three arguments of `_var` and `_std`, checked."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{name}: give unbiased or correction, not both")
    refuse_integers(name, input)
    if correction is None:
        correction = 0 if unbiased is False else 1
    return input, None if dim is None else dims_of(name, input.ndim, dim), correction


@public
def trace(input: Array) -> Tensor:
    """Sum of the diagonal of a matrix.

    Raises:
        RuntimeError: `input` doesn't have two dimensions.
    """
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, not a tensor of shape {tuple(input.shape)}")
    refuse_bools("trace", input)
    n, m = input.shape
    end = builtins.max((builtins.min(n, m) - 1) * (m + 1) + 1, 0)
    return _sum(reshape(input, (-1,))[: end if n and m else 0 : m + 1], None, False)
