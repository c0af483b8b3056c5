"""Parts of a tensor along a dimension, as views: one place, pieces, windows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, op
from ..public import public
from .checks import integer, refuse_many
from .shape import along, dim_of, reshape, size_of

if TYPE_CHECKING:
    from ..tensor import Tensor


def _windows(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_unfold_along`: a tensor, one of its dimensions, a window on it and a step."""
    shape = draw.shape(min_dims=1)
    dim = draw.integers(0, len(shape) - 1)
    return draw.reals(shape), dim, draw.integers(0, shape[dim]), draw.integers(1, 3)


@op(
    lambda g, y, x, dim, size, step: _fold_along(g, dim, step, x.shape[dim]),
    domain=(Reals(), Given(), Given(), Given()),
    shapes="(*) -> (...)",
    sample=_windows,
    view=True,
    tex=r"\operatorname{{windows}}({input})",
    analytic=True,
)
def _unfold_along(input: Array, dim: int, size: int, step: int) -> Array:
    r"""Windows of `size` places, every `step` places along `dim`, :math:`y_{w k} = x_{w s + k}`; a view.

    An element stands in several windows, so :math:`\bar x_i = \sum_{w s + k = i} g_{w k}`: the windows are laid back
    over each other. Windows that overlap can't be written to.
    """
    count = (input.shape[dim] - size) // step + 1
    shape = (*input.shape[:dim], count, *input.shape[dim + 1 :], size)
    strides = (*input.strides[:dim], input.strides[dim] * step, *input.strides[dim + 1 :], input.strides[dim])
    return np.lib.stride_tricks.as_strided(input, shape, strides, writeable=input.flags.writeable and step >= size)


def _windows_back(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_fold_along`: the windows of a tensor."""
    x, dim, size, step = _windows(draw)
    return draw.reals(_unfold_along(x, dim, size, step).shape), dim, step, x.shape[dim]


@op(
    lambda g, y, x, dim, step, length: _unfold_along(g, dim, x.shape[-1], step),
    domain=(Reals(), Given(), Given(), Given()),
    shapes="(*) -> (...)",
    wide=True,
    sample=_windows_back,
    tex=r"\sum \operatorname{{windows}}({input})",
    analytic=True,
)
def _fold_along(input: Array, dim: int, step: int, length: int) -> Array:
    r"""Windows, whose places are the last dimension, summed back to `length` places along `dim`.

    :math:`y_i = \sum_{w s + k = i} x_{w k}`, the adjoint of taking windows, so :math:`\bar x_{w k} = g_{w s + k}`: each
    takes the cotangent of its places.
    """
    count, size = input.shape[dim], input.shape[-1]
    out = np.zeros_like(input, shape=(*input.shape[:dim], length, *input.shape[dim + 1 : -1]))
    if count <= size:  # a window at a time, or its k-th places of all windows: whichever takes fewer steps
        back = (*range(dim), -1, *range(dim, input.ndim - 2))
        for w in range(count):
            out[along(dim, slice(w * step, w * step + size))] += input[along(dim, w)].transpose(back)
    else:
        for k in range(size):
            out[along(dim, slice(k, k + (count - 1) * step + 1, step))] += input[..., k]
    return out


# ------------------------------------------------------------------------------------------------- compositions


@public
def unfold(input: Array, dimension: int, size: int, step: int) -> Tensor:
    """Windows of `size` places, every `step` places along `dimension`: a view with a last dimension of that size.

    A dimension of size n holds (n - size) // step + 1 of them.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: `size` is negative or greater than the dimension, or `step` isn't positive.
    """
    dim = dim_of("unfold", dimension, input.ndim)
    whole = input if input.ndim else reshape(input, (1,))
    if not 0 <= size <= whole.shape[dim]:
        raise RuntimeError(f"unfold: size {size} must be from 0 to {whole.shape[dim]}, the size of dim {dimension}")
    if step <= 0:
        raise RuntimeError(f"unfold: step must be positive, not {step}")
    windows = _unfold_along(whole, dim, size, step)
    return windows if input.ndim else windows[0]


@public
def select(input: Array, dim: int, index: int | Tensor) -> Tensor:
    """The place `index` along `dim`, a view without that dimension; a negative index counts from the end.

    Raises:
        IndexError: there is no such dimension, or no such place on it.
    """
    if not input.ndim:
        raise IndexError("select: a 0-d tensor has no dimension to select from")
    d, place = dim_of("select", dim, input.ndim), integer("select", "index", index)
    size = input.shape[d]
    if not -size <= place < size:
        raise IndexError(f"select: index {place} is out of range for dim {dim} of size {size}")
    return input[along(d, place)]  # type: ignore[no-any-return]


@public
def unbind(input: Array, dim: int = 0) -> tuple[Tensor, ...]:
    """A view of each place along `dim`.

    Raises:
        IndexError: there is no such dimension.
    """
    if not input.ndim:
        raise IndexError("unbind: a 0-d tensor has no dimension to take apart")
    d = dim_of("unbind", dim, input.ndim)
    refuse_many("unbind", input.shape[d])
    return tuple(input[along(d, i)] for i in range(input.shape[d]))


@public
def unflatten(input: Array, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` as several, of `sizes`, one of which may be -1; a view.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the sizes don't multiply to the size of the dimension.
        TypeError: sizes aren't a sequence.
    """
    if not isinstance(sizes, (list, tuple)):
        raise TypeError(f"unflatten: sizes must be a tuple of integers, not {sizes!r}")
    if not input.ndim or not sizes:
        raise RuntimeError(f"unflatten: a dimension and its sizes are needed; shape {input.shape}, sizes {sizes}")
    d = dim_of("unflatten", dim, input.ndim)
    if min(sizes) < -1:
        raise RuntimeError(f"unflatten: invalid sizes {list(sizes)}: a size is at least 0, or -1 for what is left")
    try:
        full = np.empty(input.shape[d], np.bool_).reshape(sizes).shape
    except ValueError:
        raise RuntimeError(
            f"unflatten: sizes {list(sizes)} don't multiply up to {input.shape[d]}, the size of dim {dim}"
        ) from None
    return reshape(input, (*input.shape[:d], *full, *input.shape[d + 1 :]))


def _named_sections(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let PyTorch's other names stand for `indices_or_sections`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for name in ("sections", "indices", "tensor_indices_or_sections"):
            if name in kwargs and "indices_or_sections" not in kwargs:
                kwargs["indices_or_sections"] = kwargs.pop(name)
        return function(*args, **kwargs)

    return call


@_named_sections
@public
def tensor_split(input: Array, indices_or_sections: int | Sequence[int] | Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """So many pieces along `dim`, the first ones longer by one place if they can't be equal; or cut at indices. Views.

    Args:
        indices_or_sections: the number of pieces, or where to cut: integers, or an int64 tensor of them.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: the number isn't positive, `input` is 0-d, or the tensor isn't 0-d or 1-d or not of int64.
    """
    if not input.ndim:
        raise RuntimeError("tensor_split: a 0-d tensor has no dimension to split")
    cuts: Any = indices_or_sections
    if hasattr(cuts, "dtype") and not isinstance(cuts, np.generic):
        if cuts.ndim > 1 or cuts.dtype != np.int64:
            raise RuntimeError(
                f"tensor_split: expected a 0-d or 1-d tensor of int64, not one of shape {cuts.shape} and {cuts.dtype}"
            )
        cuts = cuts.tolist()
    n = size_of("tensor_split", input, dim)
    if not isinstance(cuts, (list, tuple)):
        pieces = integer("tensor_split", "indices_or_sections", cuts)
        if pieces < 1:
            raise RuntimeError(f"tensor_split: the number of sections must be larger than 0, not {pieces}")
        refuse_many("tensor_split", pieces)
        cuts = [n // pieces * i + min(i, n % pieces) for i in range(1, pieces)]
    d = dim_of("tensor_split", dim, input.ndim)
    return tuple(input[along(d, slice(a, b))] for a, b in zip((0, *cuts), (*cuts, n), strict=True))


@_named_sections
@public
def hsplit(input: Array, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Pieces side by side: equal ones along dimension 1, of a vector along its only one; or cut at indices. Views.

    Raises:
        RuntimeError: the tensor is 0-d, or can't be split into as many equal pieces.
    """
    return _equal_parts("hsplit", input, indices_or_sections, 1, 0 if input.ndim == 1 else 1)


@_named_sections
@public
def vsplit(input: Array, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Pieces one above the other: equal ones along dimension 0, or cut at indices. Views.

    Raises:
        RuntimeError: there are less than 2 dimensions, or it can't be split into as many equal pieces.
    """
    return _equal_parts("vsplit", input, indices_or_sections, 2, 0)


@_named_sections
@public
def dsplit(input: Array, indices_or_sections: int | Sequence[int]) -> tuple[Tensor, ...]:
    """Pieces one behind the other: equal ones along dimension 2, or cut at indices. Views.

    Raises:
        RuntimeError: there are less than 3 dimensions, or it can't be split into as many equal pieces.
    """
    return _equal_parts("dsplit", input, indices_or_sections, 3, 2)


def _equal_parts(
    name: str, input: Array, indices_or_sections: int | Sequence[int], min_dims: int, dim: int
) -> tuple[Tensor, ...]:
    if input.ndim < min_dims:
        raise RuntimeError(f"{name}: a tensor of at least {min_dims} dimensions, not of shape {tuple(input.shape)}")
    if isinstance(indices_or_sections, int):
        n = input.shape[dim]
        if indices_or_sections < 1 or n % indices_or_sections:
            raise RuntimeError(f"{name}: size {n} of dim {dim} is not divisible by {indices_or_sections}")
    found: tuple[Tensor, ...] = tensor_split(input, indices_or_sections, dim)
    return found
