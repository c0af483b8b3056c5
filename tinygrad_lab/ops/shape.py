"""Shapes: the same elements in another arrangement. Most results are views of their operand's memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import memory
from ..domain import Given, NewShape, Permutation, Reals, WiderShape
from ..graph import sum_to
from ..op import Array, op
from ..public import public
from .cast import cast, clone
from .checks import integer, refuse_many

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    lambda g, y, x, shape: g.reshape(x.shape),
    domain=(Reals(), NewShape()),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{reshape}}({input})",
    view=True,
    analytic=True,
)
def _reshape(input: Array, shape: Sequence[int]) -> Array:
    r"""The elements in the same order in another shape.

    Every element keeps its number n, :math:`dy_n = dx_n`, so :math:`\bar x_n = g_n`: the cotangent is arranged back.
    """
    return np.reshape(input, shape)


@op(
    lambda g, y, x, dims: permute(g, _inverse(dims)),
    domain=(Reals(), Permutation()),
    shapes="(*) -> (...)",
    tex=r"\operatorname{{permute}}({input})",
    view=True,
    analytic=True,
)
def permute(input: Array, dims: Sequence[int]) -> Array:
    r"""The dimensions in the order `dims`.

    :math:`dy = P\,dx` with a permutation P of the elements, so :math:`\bar x = P^T g = P^{-1} g`: the cotangent's
    dimensions are put back in order.
    """
    return np.transpose(input, dims)


def _inverse(dims: Sequence[int]) -> list[int]:
    """The permutation that undoes `dims`."""
    return sorted(range(len(dims)), key=[d % len(dims) for d in dims].__getitem__)


@op(
    lambda g, y, x, size: g,
    domain=(Reals(), WiderShape()),
    shapes="(*) -> (...)",
    broadcasts=True,
    tex=r"\operatorname{{expand}}({input})",
    view=True,
    analytic=True,
)
def expand(input: Array, size: Sequence[int]) -> Array:
    r"""Dimensions of size 1 repeated to `size`, without copying; new ones in front; -1 keeps a size.

    :math:`y_{ij} = x_j`, so :math:`\bar x_j = \sum_i g_{ij}`: each element stands in many places, whose cotangents the
    engine sums, as after any broadcasting.
    """
    lead = len(size) - input.ndim
    full = [input.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(size)]
    whole = full[lead:] == list(input.shape) and full[:lead] == [1] * lead  # and can be written to, as any view
    return input.reshape(full) if whole else np.broadcast_to(input, full)


def _pieces(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_cat`: tensors that differ in size along one dimension."""
    shape = draw.shape(min_dims=1)
    dim = draw.integers(0, len(shape) - 1)
    sizes = [draw.integers(0, 3) for _ in range(draw.integers(1, 3))]
    return dim, sizes, *(draw.reals((*shape[:dim], n, *shape[dim + 1 :])) for n in sizes)


@op(
    each=lambda i, g, y, dim, sizes, *_: narrow(g, dim, sum(sizes[:i]), sizes[i]),
    domain=(Given(), Given(), Reals()),
    shapes="(*), ... -> (...)",
    sample=_pieces,
    tex=r"\operatorname{{cat}}({tensors})",
    analytic=True,
)
def _cat(dim: int, sizes: Sequence[int], *tensors: Array) -> Array:
    r"""Tensors one after the other along `dim`.

    :math:`dy = (dx_1, \dots, dx_n)`, so :math:`g = (\bar x_1, \dots, \bar x_n)`: each one gets back its own piece.
    """
    return np.concatenate(tensors, axis=dim)


def _alike(draw: Any) -> tuple[Any, ...]:
    """Arguments of `_stack`: tensors of one shape."""
    shape = draw.shape(max_size=4)
    return draw.integers(0, len(shape)), *(draw.reals(shape) for _ in range(draw.integers(1, 3)))


@op(
    each=lambda i, g, y, dim, *_: g[(slice(None),) * dim + (i,)],
    domain=(Given(), Reals()),
    shapes="(*), ... -> (...)",
    sample=_alike,
    tex=r"\operatorname{{stack}}({tensors})",
    analytic=True,
)
def _stack(dim: int, *tensors: Array) -> Array:
    r"""Tensors of one shape side by side along a new dimension.

    :math:`dy_{ij} = (dx_i)_j`, so :math:`(\bar x_i)_j = g_{ij}`: each one gets back its own slice of the cotangent.
    """
    return np.stack(tensors, axis=dim)


# ------------------------------------------------------------------------------------------------- compositions


@public
def reshape(input: Array, shape: Sequence[int]) -> Tensor:
    """The elements in the same order in another shape; one size may be -1. A view wherever PyTorch's is one.

    Raises:
        RuntimeError: the shape has another number of elements, or -1 is not clear.
    """
    if min(shape, default=0) < -1:
        raise RuntimeError(f"reshape: invalid shape {tuple(shape)}: a size is at least 0, or -1 for what is left")
    array = getattr(input, "array", None)
    if array is not None and memory.lies_freely(input) and _copied(_reshape(array, shape), array):
        memory.lay_in_order(input)
    return _reshape(input, shape)


def _copied(result: Array, source: Array) -> bool:
    return memory.owner(result) is not memory.owner(source)


@public
def cat(tensors: Sequence[Array], dim: int = 0) -> Tensor:
    """Tensors one after the other along the existing dimension `dim`; their other sizes must agree.

    Raises:
        ValueError: there is no tensor.
        TypeError: not a list or tuple of tensors.
        RuntimeError: sizes differ, or the tensors are 0-d.
    """
    check_tensors("cat", tensors)
    if not tensors:
        raise ValueError("cat: expected a non-empty list of tensors")
    kept = [t for t in tensors if t.shape != (0,)]  # PyTorch's habit: tensor([]) fits everywhere
    if 0 < len(kept) < len(tensors):
        dtype = np.result_type(*([t.dtype for t in tensors if t.dtype.kind == "f"] or [t.dtype for t in tensors]))
        kept = [cast(t, dtype) for t in kept]
    kept = kept or list(tensors)
    if kept[0].ndim == 0:
        raise RuntimeError("cat: 0-d tensors have no dimension to join along; use stack")
    dim = dim_of("cat", dim, kept[0].ndim)
    return _cat(dim, tuple(t.shape[dim] if t.ndim > dim else 0 for t in kept), *kept)


concat = concatenate = cat


@public
def stack(tensors: Sequence[Array], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension `dim`.

    Raises:
        RuntimeError: there is no tensor, or shapes differ.
        TypeError: not a list or tuple of tensors.
    """
    check_tensors("stack", tensors)
    if not tensors:
        raise RuntimeError("stack: expected a non-empty list of tensors")
    shapes = {tuple(t.shape) for t in tensors}
    if len(shapes) > 1:
        raise RuntimeError(f"stack: expected tensors of one shape, got {sorted(shapes)}")
    return _stack(dim_of("stack", dim, tensors[0].ndim + 1), *tensors)


@public
def sum_to_size(input: Array, size: Sequence[int]) -> Tensor:
    """Summed over the dimensions along which a tensor of shape `size` would be broadcast to this one.

    Raises:
        RuntimeError: it doesn't broadcast to this shape.
    """
    shape = tuple(size)
    lead = input.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, input.shape[lead:], strict=True)):
        raise RuntimeError(f"sum_to_size: size {shape} is not expandable to shape {tuple(input.shape)}")
    summed: Tensor = sum_to(input, shape) if shape else input.sum()
    return summed


def check_tensors(name: str, tensors: Any) -> None:
    """Refuse anything but a sequence of tensors or arrays.

    Raises:
        TypeError: that.
    """
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}: expected a list or tuple of tensors, not {type(tensors).__name__}")
    for i, t in enumerate(tensors):
        if not hasattr(t, "shape"):
            raise TypeError(f"{name}: expected a tensor as element {i}, not {type(t).__name__} {t!r}")


@public
def view(input: Array, size: Sequence[int]) -> Tensor:
    """`reshape`, but never a copy.

    Raises:
        RuntimeError: the elements don't lie in memory as that shape needs them.
    """
    out = reshape(input, size)
    if out.array.size and _copied(out.array, input.array):
        raise RuntimeError(
            f"view: shape {tuple(size)} needs a copy of this tensor of shape {input.shape}, whose elements aren't "
            "contiguous; use reshape(...) instead"
        )
    return out


@public
def broadcast_to(input: Array, size: Sequence[int]) -> Tensor:
    """`expand` by NumPy's name."""
    return expand(input, size)


@public
def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim`, inclusive, as one; the tensor itself if that is one already."""
    first, last = dim_of("flatten", start_dim, input.ndim), dim_of("flatten", end_dim, input.ndim)
    if input.ndim == 0:
        return reshape(input, (1,))
    if first > last:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    shape = input.shape
    if first == last:
        return input  # type: ignore[no-any-return]  # a tensor, unless it was given an array
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


@public
def transpose(input: Array, dim0: int, dim1: int) -> Tensor:
    """Dimensions `dim0` and `dim1` swapped."""
    dims = list(range(input.ndim))
    i, j = dim_of("transpose", dim0, input.ndim), dim_of("transpose", dim1, input.ndim)
    if dims:
        dims[i], dims[j] = dims[j], dims[i]
    return permute(input, dims)


@public
def swapaxes(input: Array, axis0: int, axis1: int) -> Tensor:
    """`transpose` by NumPy's name."""
    return transpose(input, axis0, axis1)


@public
def swapdims(input: Array, dim0: int, dim1: int) -> Tensor:
    """`transpose` by another name."""
    return transpose(input, dim0, dim1)


@public
def t(input: Array) -> Tensor:
    """The transpose of a matrix; a vector or 0-d tensor as it is.

    Raises:
        RuntimeError: there are more than two dimensions.
    """
    if input.ndim > 2:
        raise RuntimeError(
            f"t: of a tensor of at most 2 dimensions, not of shape {tuple(input.shape)}; use mT or transpose"
        )
    return permute(input, range(input.ndim)[::-1])


@public
def adjoint(input: Array) -> Tensor:
    """The last two dimensions swapped, as `mT`.

    Raises:
        RuntimeError: there is one dimension.
    """
    if input.ndim == 1:
        raise RuntimeError(f"adjoint: of matrices or batches of them, not of a vector of shape {tuple(input.shape)}")
    return transpose(input, -2, -1) if input.ndim else input


@public
def ravel(input: Array) -> Tensor:
    """All elements in one dimension, in order in memory; a view if they lie so already."""
    flat = reshape(input, (-1,))
    array: Array = getattr(flat, "array", flat)
    return flat if array.flags.c_contiguous else clone(flat)


@public
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Tensor:
    """Without the dimensions of size 1, or without those of them that `dim` names."""
    n = input.ndim
    named = range(n) if dim is None else dims_of("squeeze", n, dim) if _names_some(dim) else ()
    return reshape(input, [size for i, size in enumerate(input.shape) if size != 1 or i not in named])


@public
def unsqueeze(input: Array, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`."""
    i = dim_of("unsqueeze", dim, input.ndim + 1)
    return reshape(input, (*input.shape[:i], 1, *input.shape[i:]))


@public
def numel(input: Array) -> int:
    """The number of elements."""
    return math.prod(input.shape)


@public
def narrow(input: Array, dim: int, start: int | Tensor, length: int) -> Tensor:
    """The `length` places from `start` on along `dim`, a view; a negative `start` counts from the end.

    Raises:
        IndexError: `start` isn't on the dimension.
        RuntimeError: there aren't as many places, or `start` is a tensor but not one integer.
    """
    size, length = size_of("narrow", input, dim), integer("narrow", "length", length)
    if getattr(start, "ndim", 0) or getattr(start, "dtype", np.dtype(int)).kind not in "iu":
        raise RuntimeError(f"narrow: start must be an integer or a 0-d tensor of one, not {start!r}")
    start = integer("narrow", "start", start)
    if not -size <= start <= size:
        raise IndexError(f"narrow: start {start} is out of range for dim {dim} of size {size}")
    first = start + size if start < 0 else start
    if not 0 <= length <= size - first:
        raise RuntimeError(f"narrow: {length} places from {start} on don't fit in dim {dim} of size {size}")
    return input[along(dim_of("narrow", dim, input.ndim), slice(first, first + length))]  # type: ignore[no-any-return]


def along(dim: int, part: Any) -> tuple[Any, ...]:
    """What stands in brackets for `part` along dimension `dim`, counted from the front."""
    return (*(slice(None),) * dim, part)


@public
def split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along `dim`: of one size, the last may be smaller, or of the sizes in a list. Views.

    Raises:
        RuntimeError: the sizes don't add up to the dimension's, or a size is negative.
    """
    total = size_of("split", tensor, dim)
    sections = split_size_or_sections
    if not isinstance(sections, (list, tuple)):
        size = integer("split", "split_size_or_sections", sections)
        if size < 0 or (size == 0 and total):
            raise RuntimeError(f"split: the size of a piece must be positive, not {size}")
        refuse_many("split", total // (size or 1))
        sections = [min(size, total - i) for i in range(0, total, size or 1)] or [0]
    if sum(sections) != total or min(sections, default=0) < 0:
        raise RuntimeError(f"split: sizes {list(sections)} must add up to {total}, the size of dim {dim}")
    ends = np.cumsum(sections).tolist()
    return tuple(narrow(tensor, dim, end - size, size) for end, size in zip(ends, sections, strict=True))


@public
def split_with_sizes(input: Array, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """`split` into pieces of the sizes in a list."""
    return split(input, tuple(split_sizes), dim)


@public
def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of one size along `dim`; the last may be smaller. Views.

    Raises:
        RuntimeError: `chunks` isn't positive.
    """
    if integer("chunk", "chunks", chunks) < 1:
        raise RuntimeError(f"chunk: expected at least 1 chunk, not {chunks}")
    size = size_of("chunk", input, dim)
    if not size:
        refuse_many("chunk", chunks)
    return split(input, -(-size // chunks) if size else [0] * chunks, dim)


def size_of(name: str, x: Array, dim: int) -> int:
    """The size of dimension `dim`.

    Raises:
        RuntimeError: there is no dimension at all.
        IndexError: there is no such dimension.
    """
    if x.ndim == 0:
        raise RuntimeError(f"{name}: a 0-d tensor has no dimension to take a part of")
    size: int = x.shape[dim_of(name, dim, x.ndim)]
    return size


def dim_of(name: str, dim: int, ndim: int) -> int:
    """`dim` counted from the front; a 0-d tensor has one.

    Raises:
        IndexError: there is no such dimension.
        TypeError: `dim` isn't an integer.
    """
    n = max(ndim, 1)
    dim = integer(name, "dim", dim)
    if not -n <= dim < n:
        raise IndexError(f"{name}: dim {dim} is out of range for {ndim} dimensions: expected {-n} to {n - 1}")
    return dim % n


def dims_of(name: str, ndim: int, dim: int | Sequence[int] | None) -> tuple[int, ...]:
    """The dimensions of `ndim` that `dim` names, counted from the front; None names all.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: one is named twice.
    """
    if dim is None or not _names_some(dim):
        return tuple(range(ndim))
    dims = tuple(dim_of(name, d, ndim) for d in (dim if isinstance(dim, (list, tuple)) else (dim,)))
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"{name}: a dim appears more than once in {dim}")
    return dims if ndim else ()


def _names_some(dim: int | Sequence[int]) -> bool:
    return not isinstance(dim, (list, tuple)) or len(dim) > 0


def spread(g: Array, shape: Sequence[int], dim: int | Sequence[int] | None, keepdim: bool) -> Array:
    """`g`, of a tensor of `shape` reduced over `dim`, repeated to that shape: the adjoint of summing."""
    if dim is None and isinstance(g, (np.ndarray, np.generic)):
        whole = np.empty(shape, g.dtype)  # to fill it is faster than to make a view, or than np.full
        whole[...] = g
        return whole
    if dim is not None and not keepdim:
        dims = dims_of("expand", len(shape), dim)
        g = g.reshape([1 if i in dims else n for i, n in enumerate(shape)])
    return expand(g, shape)
