"""Tensors from data, constants, ranges and random numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .op import get_default_dtype, wrap
from .random import Generator, numpy_generator
from .tensor import DTypeLike, Tensor


def _made(array: Any, requires_grad: bool) -> Tensor:
    return wrap(array).requires_grad_() if requires_grad else wrap(array)


def tensor(data: Any, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: a number, nested lists, an array or a tensor.

    Python floats become the default dtype, float32; ints int64; arrays keep their dtype.

    Raises:
        ValueError: nested lists differ in length.
        TypeError: the elements aren't numbers or bools.
        RuntimeError: `requires_grad` of integers or bools.
    """
    return _made(_array("tensor", data, dtype, copy=True), requires_grad)


def _array(name: str, data: Any, dtype: DTypeLike, copy: bool | None) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        data = data.array
    keeps = isinstance(data, (np.ndarray, np.generic))
    if not keeps and isinstance(data, Sequence):
        data, keeps = _plain(data)
    try:
        array = np.array(data, dtype=dtype, copy=copy)
    except ValueError as error:
        raise ValueError(f"{name}: the nested sequences must have one length in each dimension: {error}") from error
    if array.dtype.kind not in "fiubc":
        raise TypeError(f"{name}: the elements must be numbers or bools, not {array.dtype}")
    if dtype is None and not keeps and (array.dtype == np.float64 or array.size == 0):
        array = array.astype(get_default_dtype())
    return array


def _plain(data: Sequence[Any]) -> tuple[Any, bool]:
    """Nested sequences with arrays for tensors, and whether an array in them brings its dtype."""
    keeps = False
    out = []
    for item in data:
        if isinstance(item, Tensor):
            item, keeps = item.array, True
        elif isinstance(item, (np.ndarray, np.generic)):
            keeps = True
        elif isinstance(item, (list, tuple)):
            item, inner = _plain(item)
            keeps = keeps or inner
        out.append(item)
    return out, keeps


def as_tensor(data: Any, dtype: DTypeLike = None) -> Tensor:
    """`data` as a tensor, on the same memory where it can be; a tensor of that dtype is returned as it is."""
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return wrap(_array("as_tensor", data, dtype, copy=None))


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of `array`: a change of one shows in the other.

    Raises:
        TypeError: not a NumPy array of numbers or bools.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}; use tensor(...) to copy it")
    return wrap(_array("from_numpy", array, None, copy=None))


def _size(size: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and not isinstance(size[0], (int, np.integer)) else tuple(size)


def zeros(*size: Any, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Zeros of a shape given as integers or one sequence; float32 by default."""
    return _made(np.zeros(_size(size), dtype or get_default_dtype()), requires_grad)


def ones(*size: Any, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Ones of a shape given as integers or one sequence; float32 by default."""
    return _made(np.ones(_size(size), dtype or get_default_dtype()), requires_grad)


def empty(*size: Any, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Whatever the memory holds, of a shape given as integers or one sequence; float32 by default."""
    return _made(np.empty(_size(size), dtype or get_default_dtype()), requires_grad)


def full(size: Sequence[int], fill_value: Any, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere; the dtype is its own: float32 of a float, int64 of an int, bool of a bool."""
    fill = _array("full", fill_value, dtype, copy=None)
    return _made(np.full(tuple(size), fill, fill.dtype), requires_grad)


def zeros_like(input: Tensor, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape and dtype of `input`."""
    return _made(np.zeros_like(input.array, dtype=dtype), requires_grad)


def ones_like(input: Tensor, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape and dtype of `input`."""
    return _made(np.ones_like(input.array, dtype=dtype), requires_grad)


def empty_like(input: Tensor, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Whatever the memory holds, of the shape and dtype of `input`."""
    return _made(np.empty_like(input.array, dtype=dtype), requires_grad)


def full_like(input: Tensor, fill_value: Any, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere, of the shape and dtype of `input`."""
    return _made(np.full_like(input.array, fill_value, dtype=dtype), requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: DTypeLike = None, requires_grad: bool = False
) -> Tensor:
    """`start`, `start + step`, ... below `end`; `arange(n)` counts from 0. int64 of integers, else float32."""
    span: Any = (0, start, step) if end is None else (start, end, step)
    floating = any(isinstance(v, float) for v in span)
    return _made(np.arange(*span, dtype=dtype or (get_default_dtype() if floating else np.int64)), requires_grad)


def linspace(start: float, end: float, steps: int, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, evenly spaced; float32 by default."""
    return _made(np.linspace(start, end, steps, dtype=dtype or get_default_dtype()), requires_grad)


def eye(n: int, m: int | None = None, *, dtype: DTypeLike = None, requires_grad: bool = False) -> Tensor:
    """Ones on the diagonal of an n x m matrix, square by default; float32 by default."""
    return _made(np.eye(n, m, dtype=dtype or get_default_dtype()), requires_grad)


def rand(
    *size: Any, generator: Generator | None = None, dtype: DTypeLike = None, requires_grad: bool = False
) -> Tensor:
    """Uniform numbers in [0, 1); float32 by default."""
    dtype = np.dtype(dtype or get_default_dtype())
    return _made(numpy_generator(generator).random(_size(size), dtype), requires_grad)


def randn(
    *size: Any, generator: Generator | None = None, dtype: DTypeLike = None, requires_grad: bool = False
) -> Tensor:
    """Normal numbers of mean 0 and variance 1; float32 by default."""
    dtype = np.dtype(dtype or get_default_dtype())
    return _made(numpy_generator(generator).standard_normal(_size(size), dtype), requires_grad)


def rand_like(input: Tensor, *, requires_grad: bool = False) -> Tensor:
    """Uniform numbers in [0, 1) of the shape and dtype of `input`."""
    return rand(input.shape, dtype=input.dtype, requires_grad=requires_grad)


def randn_like(input: Tensor, *, requires_grad: bool = False) -> Tensor:
    """Normal numbers of mean 0 and variance 1 of the shape and dtype of `input`."""
    return randn(input.shape, dtype=input.dtype, requires_grad=requires_grad)


def randint(
    low: int,
    high: Any,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = np.int64,
) -> Tensor:
    """Integers from `low` to `high` - 1; `randint(high, size)` counts from 0. int64 by default."""
    low, high, size = (0, low, high) if size is None else (low, high, size)
    return wrap(numpy_generator(generator).integers(low, high, tuple(size), dtype))


def randperm(n: int, *, generator: Generator | None = None) -> Tensor:
    """The integers from 0 to n - 1 in random order, int64."""
    return wrap(numpy_generator(generator).permutation(n))


def normal(mean: float, std: float, size: Sequence[int], *, generator: Generator | None = None) -> Tensor:
    """Normal numbers of `mean` and standard deviation `std`; float32 by default."""
    return randn(size, generator=generator) * std + mean


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` gives, else 0, in its dtype."""
    return wrap((numpy_generator(generator).random(input.shape) < input.array).astype(input.dtype))
