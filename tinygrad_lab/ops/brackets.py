"""What stands in brackets, as PyTorch reads it, in NumPy's terms."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np


def plain_index(index: Any, ndim: int) -> Any:
    """`index` into `ndim` dimensions, as PyTorch reads it, in plain integers, slices, and arrays of integers or bool.

    A 0-d integer tensor is an integer. A list that holds sequences, slices, None or tensors is a tuple, which PyTorch
    warns of; so it does of a tensor of uint8, which is a mask.

    Raises:
        IndexError: a part is none of these.
        ValueError: the step of a slice isn't positive.
        TypeError: a bound of a slice isn't an integer, or a part is text.
    """
    if isinstance(index, list) and len(index) <= 32 and any(_is_no_number(part) for part in index):
        warnings.warn(
            "indexing with a list that isn't of numbers means x[tuple(list)]; write that, or x[tensor(list)]",
            UserWarning,
            stacklevel=3,
        )
        index = tuple(index)
    if not isinstance(index, tuple):
        return _part(index)
    parts = tuple([p if type(p) is int else _part(p) for p in index])
    if _SIMPLE.issuperset(map(type, parts)):
        return parts
    places = [i for i, p in enumerate(parts) if p is ...]
    if len(places) > 1:
        if len(parts) - places[1] != len(places) - 1:
            raise IndexError("index: nothing can follow a second ellipsis")
        parts = parts[: places[1]]
    if places and any(isinstance(p, np.ndarray) for p in parts) and sum(map(_taken, parts)) == ndim:
        parts = tuple(p for p in parts if p is not ...)  # to NumPy it stands between arrays even if it means nothing
    return parts


def _taken(part: Any) -> int:
    """The dimensions that a part of an index takes."""
    if isinstance(part, np.ndarray):
        return part.ndim if part.dtype.kind == "b" else 1
    return int(part is not None and part is not ... and not isinstance(part, bool))


def _is_no_number(part: Any) -> bool:
    return part is None or part is ... or hasattr(part, "ndim") or isinstance(part, (slice, list, tuple, range))


def _part(part: Any) -> Any:
    """One part of what stands in brackets."""
    if part is None or part is ... or isinstance(part, int):
        return part
    if isinstance(part, slice):
        start, stop, step = part.start, part.stop, part.step
        if step is not None and operator.index(step) < 1:
            raise ValueError(f"index: the step of a slice must be greater than zero, not {step}; use flip(...)")
        if type(start) in _BOUND and type(stop) in _BOUND and type(step) in _BOUND:
            return part
        return slice(*(b if b is None else operator.index(b) for b in (start, stop, step)))
    array = getattr(part, "array", part)
    if isinstance(array, (list, tuple, range)):
        array = np.asarray(array) if len(array) else np.empty(0, np.int64)
    if isinstance(array, str) or (isinstance(array, np.ndarray) and array.dtype.kind in "USO"):
        raise TypeError(f"index: {part!r} can't stand in brackets")
    kind = getattr(array, "dtype", None)
    if kind == np.uint8:
        warnings.warn("indexing with uint8 means a mask; use bool, or int64 for positions", UserWarning, stacklevel=4)
        array, kind = array.astype(np.bool_), np.dtype(np.bool_)
    if kind is not None and not array.ndim and kind.kind in "biu":
        return array.item()
    if kind not in _INDEXING:
        what = type(part).__name__ if kind is None else f"a tensor of {kind}"
        raise IndexError(
            f"index: only integers, slices, ..., None and tensors of int64, int32 or bool are valid, not {what}; "
            "convert with .long()"
        )
    return array


POSITIONS = (np.dtype(np.int64), np.dtype(np.int32))
_BOUND = (int, type(None))
_SIMPLE = frozenset((int, slice, type(None)))
_INDEXING = (*POSITIONS, np.dtype(np.bool_))


def apart(index: Any) -> tuple[Any, Any] | None:
    """`index` in two steps, without arrays and with them, where NumPy would move dimensions and PyTorch doesn't.

    To NumPy an integer beside arrays is an array too, and if a slice stands between them, the dimensions they make come
    first. PyTorch takes the integers before.
    """
    if type(index) is not tuple or _SIMPLE.issuperset(map(type, index)):
        return None
    arrays = [isinstance(p, (np.ndarray, bool)) for p in index]
    integers = [isinstance(p, int) and not isinstance(p, bool) for p in index]
    places = [i for i, (a, b) in enumerate(zip(arrays, integers)) if a or b]
    if not any(arrays) or not any(integers) or places[-1] - places[0] < len(places):
        return None
    basic: list[Any] = []
    rest: list[Any] = []
    for p, is_array, is_integer in zip(index, arrays, integers):
        if is_integer:
            basic.append(p)
        elif isinstance(p, bool):
            basic.append(None)
            rest.append(np.arange(int(p)))
        elif is_array:
            basic += [slice(None)] * (p.ndim if p.dtype.kind == "b" else 1)
            rest.append(p)
        else:
            basic.append(p)
            rest.append(p if p is ... else slice(None))
    return tuple(basic), tuple(rest)
