"""Shapes: the same elements in another arrangement. Most results are views of their operand's memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import memory
from ..domain import Given, NewShape, Permutation, Reals, WiderShape
from ..op import Array, numpy_names, op

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
def reshape(input: Array, shape: Sequence[int]) -> Array:
    r"""The elements in the same order in another shape; one size may be -1.

    Nothing is computed, so the cotangent is arranged back.
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

    The cotangent's dimensions are put back in order: the adjoint of a permutation is its inverse.
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

    Each element stands in many places, so their cotangents are summed: the engine's adjoint of broadcasting.
    """
    lead = len(size) - input.ndim
    full = [input.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(size)]
    return np.broadcast_to(input, full)


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

    Each one gets back its own piece of the cotangent.
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

    Each one gets back its own slice of the cotangent.
    """
    return np.stack(tensors, axis=dim)


# ------------------------------------------------------------------------------------------------- compositions


@numpy_names
def cat(tensors: Sequence[Array], dim: int = 0) -> Tensor:
    """Tensors one after the other along the existing dimension `dim`; their other sizes must agree.

    Raises:
        RuntimeError: there is no tensor, or sizes differ.
    """
    if not tensors:
        raise RuntimeError("cat: expected a non-empty list of tensors")
    tensors = [t for t in tensors if t.shape != (0,)] or tensors  # PyTorch's habit: tensor([]) fits everywhere
    dim = _dim("cat", dim, tensors[0].ndim)
    return _cat(dim, tuple(t.shape[dim] if t.ndim > dim else 0 for t in tensors), *tensors)


@numpy_names
def stack(tensors: Sequence[Array], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension `dim`.

    Raises:
        RuntimeError: there is no tensor, or shapes differ.
    """
    if not tensors:
        raise RuntimeError("stack: expected a non-empty list of tensors")
    shapes = {tuple(t.shape) for t in tensors}
    if len(shapes) > 1:
        raise RuntimeError(f"stack: expected tensors of one shape, got {sorted(shapes)}")
    return _stack(_dim("stack", dim, tensors[0].ndim + 1), *tensors)


def view(input: Array, shape: Sequence[int]) -> Tensor:
    """`reshape`, but never a copy.

    Raises:
        RuntimeError: the elements don't lie in memory as that shape needs them.
    """
    out = reshape(input, shape)
    if out.array.size and memory.owner(out.array) is not memory.owner(input.array):
        raise RuntimeError(
            f"view: shape {tuple(shape)} needs a copy of this tensor of shape {input.shape}, whose elements aren't "
            "contiguous; use reshape(...) instead"
        )
    return out


def flatten(input: Array, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim`, inclusive, as one."""
    if input.ndim == 0:
        return reshape(input, (1,))
    first, last = _dim("flatten", start_dim, input.ndim), _dim("flatten", end_dim, input.ndim)
    if first > last:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    shape = input.shape
    return reshape(input, (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :]))


def transpose(input: Array, dim0: int, dim1: int) -> Tensor:
    """Dimensions `dim0` and `dim1` swapped."""
    dims = list(range(input.ndim))
    i, j = _dim("transpose", dim0, input.ndim), _dim("transpose", dim1, input.ndim)
    if dims:
        dims[i], dims[j] = dims[j], dims[i]
    return permute(input, dims)


@numpy_names
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Tensor:
    """Without the dimensions of size 1, or without those of them that `dim` names."""
    n = input.ndim
    named = range(n) if dim is None else [_dim("squeeze", d, n) for d in ((dim,) if isinstance(dim, int) else dim)]
    return reshape(input, [size for i, size in enumerate(input.shape) if size != 1 or i not in named])


@numpy_names
def unsqueeze(input: Array, dim: int) -> Tensor:
    """With a new dimension of size 1 at `dim`."""
    i = _dim("unsqueeze", dim, input.ndim + 1)
    return reshape(input, (*input.shape[:i], 1, *input.shape[i:]))


def narrow(input: Array, dim: int, start: int, length: int) -> Tensor:
    """The `length` places from `start` on along `dim`, a view; a negative `start` counts from the end.

    Raises:
        RuntimeError: there aren't as many.
    """
    size = _size("narrow", input, dim)
    first = start + size if start < 0 else start
    if not 0 <= first <= first + length <= size:
        raise RuntimeError(f"narrow: {length} places from {start} on don't fit in dim {dim} of size {size}")
    return input[(slice(None),) * _dim("narrow", dim, input.ndim) + (slice(first, first + length),)]  # type: ignore[no-any-return]


def split(tensor: Array, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along `dim`: of one size, the last may be smaller, or of the sizes in a list. Views.

    Raises:
        RuntimeError: the sizes don't add up to the dimension's, or a size is negative.
    """
    total = _size("split", tensor, dim)
    sections = split_size_or_sections
    if isinstance(sections, int):
        if sections < 0 or (sections == 0 and total):
            raise RuntimeError(f"split: the size of a piece must be positive, not {sections}")
        sections = [min(sections, total - i) for i in range(0, total, sections or 1)] or [0]
    if sum(sections) != total or min(sections, default=0) < 0:
        raise RuntimeError(f"split: sizes {list(sections)} must add up to {total}, the size of dim {dim}")
    ends = np.cumsum(sections).tolist()
    return tuple(narrow(tensor, dim, end - size, size) for end, size in zip(ends, sections, strict=True))


def chunk(input: Array, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of one size along `dim`; the last may be smaller. Views.

    Raises:
        RuntimeError: `chunks` isn't positive.
    """
    if chunks < 1:
        raise RuntimeError(f"chunk: expected at least 1 chunk, not {chunks}")
    size = _size("chunk", input, dim)
    return split(input, -(-size // chunks) if size else [0] * chunks, dim)


def _size(name: str, x: Array, dim: int) -> int:
    """The size of dimension `dim`.

    Raises:
        RuntimeError: there is no dimension at all.
        IndexError: there is no such dimension.
    """
    if x.ndim == 0:
        raise RuntimeError(f"{name}: a 0-d tensor has no dimension to take a part of")
    size: int = x.shape[_dim(name, dim, x.ndim)]
    return size


def _dim(name: str, dim: int, ndim: int) -> int:
    """`dim` counted from the front.

    Raises:
        IndexError: there is no such dimension.
    """
    n = max(ndim, 1)
    if not -n <= dim < n:
        raise IndexError(f"{name}: dim {dim} is out of range for {ndim} dimensions: expected {-n} to {n - 1}")
    return dim % n


def dims_of(name: str, ndim: int, dim: int | Sequence[int] | None) -> tuple[int, ...]:
    """The dimensions of `ndim` that `dim` names, counted from the front; None names all.

    Raises:
        IndexError: there is no such dimension.
        RuntimeError: one is named twice.
    """
    if dim is None or dim in ((), []):
        return tuple(range(ndim))
    dims = tuple(_dim(name, d, ndim) for d in ((dim,) if isinstance(dim, int) else dim))
    if len(set(dims)) < len(dims):
        raise RuntimeError(f"{name}: a dim appears more than once in {dim}")
    return dims if ndim else ()


def spread(g: Array, shape: Sequence[int], dim: int | Sequence[int] | None, keepdim: bool) -> Array:
    """`g`, of a tensor of `shape` reduced over `dim`, repeated to that shape: the adjoint of summing."""
    if dim is None and isinstance(g, (np.ndarray, np.generic)):
        return np.full(shape, g, g.dtype)  # faster than making a view
    if dim is not None and not keepdim:
        dims = dims_of("expand", len(shape), dim)
        g = g.reshape([1 if i in dims else n for i, n in enumerate(shape)])
    return expand(g, shape)
