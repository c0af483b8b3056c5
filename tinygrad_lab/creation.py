"""Tensors from data, constants, ranges and random numbers.

Each of them refuses, with a RuntimeError, another `device` than the CPU.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from . import devices, memory
from .devices import Device
from .op import wrap
from .ops.checks import integer
from .ops.sampling import constant, normal_array, uniform_array
from .promotion import get_default_dtype
from .public import public
from .random import Generator, numpy_generator
from .tensor import DTypeLike, Tensor

MemoryFormat = Literal["K", "C"]
preserve_format: MemoryFormat = "K"  # NumPy's letters: as the other tensor lies in memory,
contiguous_format: MemoryFormat = "C"  # or in order


def _made(array: Any, requires_grad: bool, device: Device) -> Tensor:
    if device is not None:
        devices.device(device)
    return wrap(array).requires_grad_() if requires_grad else wrap(array)


@public
def tensor(data: Any, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None) -> Tensor:
    """A tensor with a copy of `data`: a number, nested lists, an array or a tensor.

    Python floats become the default dtype, float32; ints int64; arrays keep their dtype.

    Raises:
        ValueError: nested lists differ in length.
        TypeError: the elements aren't numbers or bools.
        RuntimeError: `requires_grad` of integers or bools.
    """
    return _made(_array("tensor", data, dtype, copy=True), requires_grad, device)


def _array(name: str, data: Any, dtype: DTypeLike, copy: bool | None) -> np.ndarray[Any, Any]:
    if isinstance(data, Tensor):
        data = data.array
    keeps = isinstance(data, (np.ndarray, np.generic))
    if not keeps and isinstance(data, Sequence):
        data, keeps = _plain(data)
    try:
        array = np.array(data, dtype=dtype, copy=copy)
    except OverflowError:  # an unsigned dtype counts negative numbers backwards from its greatest, as in PyTorch
        array = np.array(data)
        if array.dtype != np.int64 or not -np.iinfo(dtype).max <= array.min() <= array.max() <= np.iinfo(dtype).max:
            raise
        array = array.astype(dtype)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{name}: the nested sequences must have one length in each dimension: {error}") from error
    if copy is None:
        memory.keep_order(array)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name}: the elements must be numbers or bools, not {array.dtype}")
    if dtype is None and not keeps and (array.dtype == np.float64 or array.size == 0):
        array = array.astype(get_default_dtype())
    return memory.recognised(array)


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


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a tensor."""
    return isinstance(obj, Tensor)


@public
def as_tensor(data: Any, dtype: DTypeLike = None, device: Device = None) -> Tensor:
    """`data` as a tensor, on the same memory where it can be; a tensor of that dtype is returned as it is."""
    if device is not None:
        devices.device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return wrap(_array("as_tensor", data, dtype, copy=None))


@public
def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on the memory of `array`: a change of one shows in the other.

    Raises:
        TypeError: not a NumPy array of numbers or bools.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}; use tensor(...) to copy it")
    return wrap(_array("from_numpy", array, None, copy=None))


def _shape(name: str, sizes: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """The shape given as integers, one sequence, or by name.

    Raises:
        TypeError: a size isn't an integer.
        RuntimeError: a size is negative.
    """
    if size is not None:
        sizes = (size,)
    if len(sizes) == 1 and isinstance(sizes[0], Sequence) and not isinstance(sizes[0], str):
        sizes = tuple(sizes[0])
    try:
        shape = tuple(map(operator.index, sizes))
    except TypeError:
        shape = None
    if shape is None or bool in map(type, sizes):  # which Python counts among the integers, and PyTorch doesn't
        raise TypeError(f"{name}: a size must be an integer, not one of {sizes}")
    if min(shape, default=0) < 0:
        raise RuntimeError(f"{name}: a size must not be negative, as one of {shape} is")
    return shape


def _sequence(name: str, size: Any) -> tuple[int, ...]:
    """The shape given as one sequence.

    Raises:
        TypeError: it isn't a sequence of integers.
        RuntimeError: a size is negative.
    """
    if not isinstance(size, Sequence):
        raise TypeError(f"{name}: the size must be a tuple of integers, not {size!r}")
    return _shape(name, (size,))


def _array_of(name: str, input: Any) -> np.ndarray[Any, Any]:
    """The elements of a tensor.

    Raises:
        TypeError: it isn't one.
    """
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: the input must be a tensor, not {type(input).__name__}; use tensor(...) to make one")
    return input.array


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, (Tensor, np.generic, np.ndarray)) else value


@public
def zeros(
    *sizes: Any, size: Any = None, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Zeros of a shape given as integers or one sequence; float32 by default."""
    return _made(np.zeros(_shape("zeros", sizes, size), dtype or get_default_dtype()), requires_grad, device)


@public
def ones(
    *sizes: Any, size: Any = None, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Ones of a shape given as integers or one sequence; float32 by default."""
    return _made(np.ones(_shape("ones", sizes, size), dtype or get_default_dtype()), requires_grad, device)


@public
def empty(
    *sizes: Any, size: Any = None, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Whatever the memory holds, of a shape given as integers or one sequence; float32 by default."""
    return _made(np.empty(_shape("empty", sizes, size), dtype or get_default_dtype()), requires_grad, device)


@public
def full(
    size: Sequence[int], fill_value: Any, *, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """`fill_value` everywhere; the dtype is its own: float32 of a float, int64 of an int, bool of a bool.

    Raises:
        TypeError: `size` isn't a sequence of integers.
        RuntimeError: a size is negative, or integers can't require gradients.
    """
    fill = _array("full", fill_value, dtype, copy=None)
    return _made(np.full(_sequence("full", size), fill, fill.dtype), requires_grad, device)


@public
def zeros_like(
    input: Tensor,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Zeros of the shape and dtype of `input`."""
    return _made(np.zeros_like(_array_of("zeros_like", input), dtype, memory_format), requires_grad, device)


@public
def ones_like(
    input: Tensor,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Ones of the shape and dtype of `input`."""
    return _made(np.ones_like(_array_of("ones_like", input), dtype, memory_format), requires_grad, device)


@public
def empty_like(
    input: Tensor,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """Whatever the memory holds, of the shape and dtype of `input`."""
    return _made(np.empty_like(_array_of("empty_like", input), dtype, memory_format), requires_grad, device)


@public
def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
    memory_format: MemoryFormat = preserve_format,
) -> Tensor:
    """`fill_value` everywhere, of the shape and dtype of `input`."""
    like = _array_of("full_like", input)
    fill = np.asarray(_number(fill_value)).astype(dtype or like.dtype)
    return _made(np.full_like(like, fill, dtype, memory_format), requires_grad, device)


@public
def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """`start`, `start + step`, ... before `end`; `arange(n)` counts from 0. int64 of integers, else float32.

    In an integer dtype the limits are first rounded to zero.

    Raises:
        RuntimeError: `step` is 0 or leads away from `end`, or a limit is infinite or NaN.
    """
    if end is None:
        start, end = 0, start
    span = [_number(v) for v in (start, end, step)]
    if not all(map(math.isfinite, span)):
        raise RuntimeError(f"arange: from {span[0]} to {span[1]} in steps of {span[2]} isn't finite")
    dtype = np.dtype(dtype or (get_default_dtype() if any(isinstance(v, float) for v in span) else np.int64))
    if dtype == np.int64:
        span = [int(v) for v in span]
    start, end, step = span
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"arange: steps of {step} don't lead from {start} to {end}")
    count = max(0, math.ceil((end - start) / step))
    if dtype.kind != "f":
        start, step = int(start), int(step)
    return _made((start + step * np.arange(count)).astype(dtype, copy=False), requires_grad, device)


@public
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, evenly spaced; float32 by default.

    In an integer dtype they are rounded to zero.

    Raises:
        RuntimeError: `steps` is negative, or a tensor isn't 0-d.
        TypeError: `steps` isn't an integer.
    """
    dtype = np.dtype(dtype or get_default_dtype())
    return _made(_spaced("linspace", start, end, steps, dtype), requires_grad, device)


@public
def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """`steps` powers of `base`, their exponents evenly spaced from `start` to `end`; float32 by default.

    Raises:
        RuntimeError: `steps` is negative, or a tensor isn't 0-d.
        TypeError: `steps` isn't an integer.
    """
    dtype = np.dtype(dtype or get_default_dtype())
    if dtype.kind != "f":
        start, end = int(_number(start)), int(_number(end))
    powers = np.power(float(base), _spaced("logspace", start, end, steps, np.dtype(np.float64)))
    return _made(powers.astype(dtype), requires_grad, device)


def _spaced(name: str, start: Any, end: Any, steps: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Evenly spaced numbers, counted from the nearer end, as in PyTorch."""
    steps = integer(name, "steps", steps)
    if steps < 0:
        raise RuntimeError(f"{name}: steps must not be negative, but is {steps}")
    for limit in (start, end):
        if getattr(limit, "shape", ()) != ():
            raise RuntimeError(f"{name}: start and end must be numbers or 0-d tensors, not of shape {limit.shape}")
    start, end = _number(start), _number(end)
    if dtype.kind != "f":
        start, end = int(start), int(end)
    step = (end - start) / max(steps - 1, 1)
    i = np.arange(steps)
    spaced: np.ndarray[Any, Any] = np.where(i < (steps + 1) // 2, start + step * i, end - step * (steps - 1 - i))
    return spaced.astype(dtype)


@public
def eye(
    n: int, m: int | None = None, *, dtype: DTypeLike = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Ones on the diagonal of an n x m matrix, square by default; float32 by default.

    Raises:
        RuntimeError: a size is negative.
        TypeError: a size isn't an integer.
    """
    shape = _shape("eye", (n, n if m is None else m))
    return _made(np.eye(*shape, dtype=dtype or get_default_dtype()), requires_grad, device)


def _floating(name: str, dtype: DTypeLike) -> np.dtype[Any]:
    found = np.dtype(dtype or get_default_dtype())
    if found.kind != "f":
        raise NotImplementedError(f"{name}: the dtype must be floating, not {found}; use randint for integers")
    return found


@public
def rand(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Uniform numbers in [0, 1); float32 by default.

    Raises:
        RuntimeError: the dtype isn't floating.
    """
    dtype = _floating("rand", dtype)
    return _made(uniform_array(generator, _shape("rand", sizes, size), dtype), requires_grad, device)


@public
def randn(
    *sizes: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1; float32 by default.

    Raises:
        RuntimeError: the dtype isn't floating.
    """
    dtype = _floating("randn", dtype)
    return _made(normal_array(generator, _shape("randn", sizes, size), dtype), requires_grad, device)


@public
def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Uniform numbers in [0, 1) of the shape and dtype of `input`."""
    array = _array_of("rand_like", input)
    return rand(
        array.shape, generator=generator, dtype=dtype or array.dtype, requires_grad=requires_grad, device=device
    )


@public
def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Normal numbers of mean 0 and variance 1 of the shape and dtype of `input`."""
    array = _array_of("randn_like", input)
    return randn(
        array.shape, generator=generator, dtype=dtype or array.dtype, requires_grad=requires_grad, device=device
    )


@public
def randint(
    low: int = 0,
    high: Any = None,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = np.int64,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Integers from `low` to `high` - 1; `randint(high, size)` counts from 0. int64 by default.

    Raises:
        RuntimeError: `low` isn't less than `high`, or integers can't require gradients.
        TypeError: the size is missing or isn't a sequence of integers.
    """
    if isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    return _made(_integers("randint", generator, low, high, _sequence("randint", size), dtype), requires_grad, device)


@public
def randint_like(
    input: Tensor,
    low: int = 0,
    high: int | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Integers from `low` to `high` - 1, of the shape and dtype of `input`; `randint_like(x, high)` counts from 0."""
    if high is None:
        low, high = 0, low
    array = _array_of("randint_like", input)
    found = _integers("randint_like", generator, low, high, array.shape, dtype or array.dtype)
    return _made(found, requires_grad, device)


def _integers(
    name: str, generator: Generator | None, low: Any, high: Any, shape: tuple[int, ...], dtype: DTypeLike
) -> np.ndarray[Any, Any]:
    low, high = int(_number(low)), int(_number(high))
    if low >= high:
        raise RuntimeError(f"{name}: low must be less than high, but {low} isn't less than {high}")
    dtype = np.dtype(dtype)
    if dtype.kind in "iu" and high - 1 > np.iinfo(dtype).max:
        raise RuntimeError(f"{name}: {high - 1} is out of bounds for {dtype}")
    return numpy_generator(generator).integers(low, high, shape).astype(dtype, copy=False)


@public
def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = np.int64,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """The integers from 0 to n - 1 in random order, int64 by default.

    Raises:
        RuntimeError: n is negative.
        TypeError: n isn't an integer.
    """
    (n,) = _shape("randperm", (n,))
    return _made(numpy_generator(generator).permutation(n).astype(dtype, copy=False), requires_grad, device)


@public
def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """Normal numbers of `mean` and standard deviation `std`: numbers with a `size`, or tensors that broadcast.

    float32 of numbers by default, else the tensors' dtype. What is drawn doesn't depend on them in the graph: their
    gradient is 0.

    Raises:
        RuntimeError: a standard deviation is negative, or the shapes don't broadcast.
        TypeError: there is neither a size nor a tensor.
    """
    given = [v for v in (mean, std) if isinstance(v, Tensor)]
    if np.any(np.less(std.array if isinstance(std, Tensor) else std, 0)):
        raise RuntimeError("normal: the standard deviation must not be negative")
    if not given:
        drawn = randn(_sequence("normal", size), generator=generator, dtype=dtype, device=device)
        drawn.array *= std
        drawn.array += mean
        return drawn.requires_grad_(requires_grad)
    centre, spread = (v.detach() if isinstance(v, Tensor) else v for v in (mean, std))
    place = centre + 0 * spread
    return constant(randn_like(place, generator=generator, device=device) * spread + centre, *given)
