"""Vectors for class indices: one-hot ones, and rows of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import memory
from ...graph import no_grad
from ...op import wrap
from ...ops.cast import cast
from ...ops.checks import integer, refuse_integers
from ...ops.compare import where
from ...ops.index import _getitem, _unpick, arrays_of, gather, in_range, refuse_sparse
from ...public import public
from ...tensor import Tensor


@public
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Zeros with a one at each class: `(*)` of int64 gives `(*, num_classes)`, int64.

    Args:
        num_classes: by default one more than the greatest class.

    Raises:
        RuntimeError: not of int64, a class is negative or too great, or there is none to count from.
    """
    (classes,) = arrays_of("one_hot", input)
    num_classes = integer("one_hot", "num_classes", num_classes)
    if classes.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of integers, not {classes.dtype}; convert with .long()"
        )
    if not classes.size and num_classes <= 0:
        raise RuntimeError("one_hot: can not infer total number of classes from empty tensor; pass num_classes")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    if classes.size and classes.min() < 0:
        raise RuntimeError(f"one_hot: class values must be non-negative, found {classes.min()}")
    if classes.size and classes.max() >= num_classes:
        raise RuntimeError(
            f"one_hot: class values must be smaller than num_classes={num_classes}, found {classes.max()}"
        )
    return wrap((classes[..., None] == np.arange(num_classes)).astype(np.int64))


@public
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight`, `(n, d)`, at `input`: `(*)` of int64 or int32 gives `(*, d)`.

    Args:
        padding_idx: the row that gets no gradient; a negative one counts back.
        max_norm: rows that are looked up and whose norm is greater are scaled to it first, in `weight` itself.
        norm_type: which norm, 2 for the Euclidean.
        scale_grad_by_freq: divide a row's gradient by the number of times that it is looked up.
        sparse: must be False; gradients are dense.

    Raises:
        IndexError: an index is out of range.
        RuntimeError: `input` isn't of integers, or `weight` isn't a matrix.
        AssertionError: there is no row `padding_idx`, which is the class that PyTorch raises.
    """
    refuse_sparse("embedding", sparse)
    places, table = _looked_up("embedding", input, weight)
    in_range("embedding", places, table.shape[0], IndexError, "weight")
    padding = _padding("embedding", padding_idx, table.shape[0])
    if max_norm is not None:
        _limit_norms(weight, places, max_norm, norm_type)
    return _rows(weight, places, padding, scale_grad_by_freq)


def _rows(weight: Tensor, places: Any, padding: int | None, by_frequency: bool) -> Tensor:
    """The rows at `places`; that of `padding` gets no gradient, the others' may be divided by their frequency."""
    rows = _getitem(weight, places)
    if by_frequency:
        counts = np.bincount(places.reshape(-1), minlength=weight.shape[0])[places][..., None]
        fixed = rows.detach()
        rows = fixed + (rows - fixed) / counts.astype(weight.dtype)
    if padding is not None and (mask := places == padding).any():
        rows = where(mask[..., None], rows.detach(), rows)
    return rows


def _looked_up(name: str, input: Tensor, weight: Tensor) -> tuple[Any, Any]:
    """The arrays of indices and of the table.

    Raises:
        RuntimeError: they aren't integers, or it isn't a matrix.
    """
    places, table = arrays_of(name, input, weight)
    if places.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}: the indices must be of int64 or int32, not {places.dtype}; convert with .long()")
    if table.ndim != 2:
        raise RuntimeError(f"{name}: weight must be a matrix, not of shape {table.shape}")
    return places, table


def _padding(name: str, index: int | None, size: int, error: type[Exception] = AssertionError) -> int | None:
    if index is None:
        return None
    if not -size <= integer(name, "padding_idx", index) < size:
        raise error(f"{name}: padding_idx {index} must be within the {size} rows of weight")
    return index % size


@no_grad()
def _limit_norms(weight: Tensor, places: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows of `weight` at `places` that are longer than `max_norm` to that norm, in place."""
    used = np.unique(places)
    rows = weight.array[used]
    norms = np.linalg.norm(rows, ord=norm_type, axis=1)
    long = norms > max_norm
    if long.any():
        factors = (max_norm / (norms[long] + 1e-7)).astype(rows.dtype)
        weight.array[used[long]] = rows[long] * factors[:, None]
        memory.touch("embedding", weight.array)


@public
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The rows of `weight`, `(n, d)`, at `input`, reduced bag by bag to `(bags, d)`; an empty bag gives zeros.

    Args:
        input: int64 or int32, `(bags, size)`, or `(m,)` with `offsets`.
        offsets: where each bag begins.
        mode: "sum", "mean" or "max". Of rows that tie, the first gets the gradient.
        per_sample_weights: in the shape of `input`, multiplied with the rows before they are summed.
        include_last_offset: the last of `offsets` is the end of the last bag, not the beginning of another.
        padding_idx: the row that takes no part.

    For the other arguments see `embedding`.

    Raises:
        ValueError: another mode, wrong dimensions, `offsets` missing or too many, or shapes that differ.
        RuntimeError: `input` isn't of integers or is out of range, or `offsets` don't begin at 0 or don't fit.
        NotImplementedError: `per_sample_weights` with another mode than "sum", or `sparse`.
    """
    name = "embedding_bag"
    refuse_sparse(name, sparse)
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"{name}: mode has to be one of sum, mean or max, not {mode!r}")
    places, table = _looked_up(name, input, weight)
    in_range(name, places, table.shape[0], RuntimeError, "weight")
    refuse_integers(name, weight)
    if per_sample_weights is not None and per_sample_weights.dtype != weight.dtype:
        raise RuntimeError(
            f"{name}: per_sample_weights of {per_sample_weights.dtype} must have the weight's dtype, {weight.dtype}"
        )
    if per_sample_weights is not None and tuple(per_sample_weights.shape) != places.shape:
        raise ValueError(
            f"{name}: per_sample_weights must have the shape {places.shape} of input, not {per_sample_weights.shape}"
        )
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(f"{name}: per_sample_weights is only supported for mode 'sum', not {mode!r}")
    if scale_grad_by_freq and mode == "max":
        raise ValueError(f"{name}: max mode does not support scaling the gradient by the frequency")
    bags, count = _bags(places, offsets, include_last_offset)
    padding = _padding(name, padding_idx, table.shape[0], RuntimeError)
    places = places.reshape(-1)
    if max_norm is not None:
        _limit_norms(weight, places, max_norm, norm_type)
    kept = np.flatnonzero((bags < count) & (places != (-1 if padding is None else padding)))
    bags = bags[kept]
    rows = _rows(weight, places[kept], None, scale_grad_by_freq)
    rows = cast(rows, np.promote_types(rows.dtype, np.float32))  # sums of float16 are rounded once, at the end
    if per_sample_weights is not None:
        rows = rows * _getitem(per_sample_weights.reshape(-1), kept)[:, None]
    if mode == "max":
        return cast(_greatest(rows, bags, count), table.dtype)
    y = _unpick(rows, bags, (count, table.shape[1]))
    if mode == "sum":
        return cast(y, table.dtype)
    sizes = np.maximum(np.bincount(bags, minlength=count), 1).astype(table.dtype)
    return cast(y / sizes[:, None], table.dtype)


def _bags(places: Any, offsets: Tensor | None, include_last: bool) -> tuple[Any, int]:
    """The number of each index's bag, and how many bags there are; an index behind the last bag has its number, too."""
    if places.ndim == 2:
        if offsets is not None:
            raise ValueError("embedding_bag: offsets has to be None if input is 2-d, as its rows are the bags")
        return np.repeat(np.arange(places.shape[0]), places.shape[1]), places.shape[0]
    if places.ndim != 1:
        raise ValueError(f"embedding_bag: input has to be 1-d or 2-d, not of shape {places.shape}")
    if offsets is None or getattr(offsets, "ndim", 0) != 1:
        raise ValueError("embedding_bag: offsets has to be a vector if input is 1-d")
    (begins,) = arrays_of("embedding_bag", offsets)
    if begins.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"embedding_bag: offsets must be of int64 or int32, not {begins.dtype}")
    if include_last and not begins.size:
        raise RuntimeError("embedding_bag: include_last_offset needs at least one offset")
    if begins.size and (begins[0] != 0 or begins[-1] > places.size or (np.diff(begins) < 0).any()):
        raise RuntimeError(
            f"embedding_bag: offsets[0] has to be 0, and offsets must grow up to {places.size} at most: {begins}"
        )
    bags = np.searchsorted(begins, np.arange(places.size), side="right") - 1
    return bags, begins.size - include_last


def _greatest(rows: Tensor, bags: Any, count: int) -> Tensor:
    """The greatest element of each column among the rows of a bag; zeros where there are none."""
    n, width = rows.shape
    values = rows.array
    full, begins = np.unique(bags, return_index=True)
    if not full.size:
        return _unpick(rows, bags, (count, width))
    top = np.maximum.reduceat(values, begins, axis=0)
    hit = values == np.repeat(top, np.diff(begins, append=n), axis=0)
    first = np.minimum.reduceat(np.where(hit, np.arange(n)[:, None], n - 1), begins, axis=0)
    return _unpick(gather(rows, 0, first), full, (count, width))
