"""Random tensors that take their shape, or their distribution, from another tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import devices
from ..devices import Device
from ..op import Array, wrap
from ..public import public
from ..random import Generator, numpy_generator

if TYPE_CHECKING:
    from ..tensor import Tensor


def uniform_array(generator: Generator | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uniform numbers in [0, 1) of a floating dtype."""
    single_or_double = dtype if dtype in (np.float32, np.float64) else np.float32
    return numpy_generator(generator).random(shape, single_or_double).astype(dtype, copy=False)


def normal_array(generator: Generator | None, shape: tuple[int, ...], dtype: Any) -> Array:
    """Normal numbers of mean 0 and variance 1 of a floating dtype."""
    single_or_double = dtype if dtype in (np.float32, np.float64) else np.float32
    return numpy_generator(generator).standard_normal(shape, single_or_double).astype(dtype, copy=False)


def constant(sample: Tensor, *parameters: Tensor) -> Tensor:
    """A sample that belongs to the graph of its parameters, which have the gradient 0, as in PyTorch."""
    for p in parameters:
        if p.requires_grad:
            sample = sample + p * 0
    return sample


def _floating(name: str, input: Tensor) -> None:
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"{name}: the elements must be floating, not {input.array.dtype}")


@public
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element of `input` gives, or `p` if it is given; else 0; in its dtype.

    The gradient is 0.

    Raises:
        RuntimeError: a probability isn't in [0, 1], or the elements aren't floating.
    """
    if p is None:
        _floating("bernoulli", input)
    probability = input.array if p is None else getattr(p, "array", p)
    if not np.all(np.greater_equal(probability, 0) & np.less_equal(probability, 1)):
        raise RuntimeError("bernoulli: a probability must be in [0, 1]")
    drawn = numpy_generator(generator).random(input.shape) < probability
    return constant(wrap(np.asarray(drawn).astype(input.array.dtype)), *([input] if p is None else []))


def bernoulli_like(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability `p`, a number or a tensor, else 0, of the shape and dtype of `input`."""
    return bernoulli(input.detach(), p, generator=generator)


# `from` is a keyword in Python: the lower limit can't be a parameter of that name, but PyTorch's is
def uniform(input: Tensor, *limits: float, generator: Generator | None = None, **named: float) -> Tensor:
    """Uniform numbers in [from, to), [0, 1) by default, of the shape and dtype of `input`.

    Raises:
        RuntimeError: `from` is greater than `to`, or the elements aren't floating.
    """
    low, high = _limits("uniform", limits, named, 0.0, 1.0)
    _floating("uniform", input)
    if low > high:
        raise RuntimeError(f"uniform: from {low} must not be greater than to {high}")
    return wrap(np.asarray(uniform_array(generator, input.shape, input.dtype) * (high - low) + low))


def integers(input: Tensor, *limits: int, generator: Generator | None = None, **named: int) -> Tensor:
    """Integers in [from, to), of the shape and dtype of `input`; to the greatest that its dtype counts by default.

    Raises:
        RuntimeError: `from` isn't less than `to`.
    """
    if len(limits) == 1:
        limits = (0, *limits)
    dtype = input.array.dtype
    most = 2 if dtype.kind == "b" else 2 ** np.finfo(dtype).nmant if dtype.kind == "f" else np.iinfo(dtype).max
    low, high = _limits("random", limits, named, 0, most)
    if low >= high:
        raise RuntimeError(f"random: from {low} must be less than to {high}")
    return wrap(np.asarray(numpy_generator(generator).integers(low, high, input.shape)).astype(dtype))


def _limits(name: str, limits: tuple[Any, ...], named: dict[str, Any], low: Any, high: Any) -> tuple[Any, Any]:
    given = {**dict(zip(("from", "to"), limits, strict=False)), **named}
    if len(limits) > 2 or set(given) > {"from", "to"} or not set(given) <= {"from", "to"}:
        raise TypeError(f"{name}: takes from, to and a generator, not {[*limits, *named]}")
    return given.get("from", low), given.get("to", high)


def normal(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers of `mean` and standard deviation `std`, of the shape and dtype of `input`.

    Raises:
        RuntimeError: `std` is negative, or the elements aren't floating.
    """
    _floating("normal", input)
    if std < 0:
        raise RuntimeError(f"normal: the standard deviation {std} must not be negative")
    return wrap(np.asarray(normal_array(generator, input.shape, input.dtype) * std + mean))


def log_normal(input: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """The exponential of normal numbers of `mean` and standard deviation `std`.

    Raises:
        RuntimeError: `std` isn't positive, or the elements aren't floating.
    """
    if std <= 0:
        raise RuntimeError(f"log_normal: the standard deviation {std} must be positive")
    return wrap(np.asarray(np.exp(normal(input, mean, std, generator=generator).array)))


def exponential(input: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Exponentially distributed numbers of rate `lambd`, so of mean 1 / `lambd`.

    Raises:
        RuntimeError: the rate isn't positive, or the elements aren't floating.
    """
    _floating("exponential", input)
    if lambd <= 0:
        raise RuntimeError(f"exponential: the rate {lambd} must be positive")
    return wrap(np.asarray(numpy_generator(generator).exponential(1 / lambd, input.shape)).astype(input.dtype))


def cauchy(input: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Cauchy-distributed numbers around `median`, half of them within `sigma`.

    Raises:
        RuntimeError: `sigma` isn't positive, or the elements aren't floating.
    """
    _floating("cauchy", input)
    if sigma <= 0:
        raise RuntimeError(f"cauchy: sigma {sigma} must be positive")
    turns = numpy_generator(generator).random(input.shape) - 0.5
    return wrap(np.asarray(median + sigma * np.tan(math.pi * turns)).astype(input.dtype))


def geometric(input: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """How many trials of probability `p` it takes to succeed once.

    Raises:
        RuntimeError: `p` isn't between 0 and 1.
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric: p must be between 0 and 1, but is {p}")
    return wrap(np.asarray(numpy_generator(generator).geometric(p, input.shape)).astype(input.dtype))


@public
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson-distributed numbers whose means are the elements of `input`; the gradient is 0.

    Raises:
        RuntimeError: a mean is negative, or the elements aren't floating.
    """
    _floating("poisson", input)
    if not np.all(input.array >= 0):
        raise RuntimeError("poisson: the means must not be negative")
    return constant(wrap(np.asarray(numpy_generator(generator).poisson(input.array)).astype(input.dtype)), input)


@public
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn from each row of `input` in proportion to its elements: int64, of shape (..., num_samples).

    Args:
        input: the weights, of shape (n) or (m, n); they needn't sum to 1.
        replacement: whether an index may be drawn again.

    Raises:
        RuntimeError: the elements aren't floating, one is negative, infinite or NaN, a row sums to 0, or without
            replacement a row has fewer than `num_samples` elements.
    """
    _floating("multinomial", input)
    weights = input.array.astype(np.float64)
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: the weights must have 1 or 2 dimensions, not shape {weights.shape}")
    if num_samples <= 0:
        raise RuntimeError(f"multinomial: the number of samples must be positive, not {num_samples}")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(f"multinomial: {num_samples} of {weights.shape[-1]} can't be drawn without replacement")
    if not np.all(np.isfinite(weights) & (weights >= 0)):
        raise RuntimeError("multinomial: the weights must be finite and not negative")
    if not np.all(weights.sum(-1) > 0):
        raise RuntimeError("multinomial: the weights of a row must not sum to 0")
    random = numpy_generator(generator)
    if replacement:
        ends = weights.cumsum(-1)
        u = random.random((*weights.shape[:-1], num_samples)) * ends[..., -1:]
        drawn = (u[..., None] >= ends[..., None, :]).sum(-1)
    else:  # the least of exponentially distributed times, one for each weight's rate
        with np.errstate(divide="ignore"):
            times = random.exponential(1.0, weights.shape) / weights
        drawn = np.argsort(times, axis=-1)[..., :num_samples]
    return wrap(drawn.astype(np.int64))


# ------------------------------------------------------------------------------------------------- new tensors


def unset_or_given(dtype: Any, data: tuple[Any, ...]) -> Array:
    """What PyTorch's old constructors make: unset elements of the sizes given, or those of a list, array or tensor.

    Raises:
        TypeError: a tuple is given, of which PyTorch makes sizes or elements, as it comes from a shape or not.
    """
    given = data[0] if len(data) == 1 else None
    if isinstance(given, tuple):
        raise TypeError(f"Tensor: {given} may mean sizes or elements; say empty{given} or tensor({list(given)})")
    if isinstance(given, (Sequence, np.ndarray)) or hasattr(given, "array"):
        return np.array(getattr(given, "array", given), dtype)
    return np.empty(data or 0, dtype)


@public
def new(input: Tensor, *data: Any) -> Tensor:
    """PyTorch's old constructor in the dtype of `input`: `new(2, 3)` is `new_empty`, `new([2, 3])` is `new_tensor`."""
    return wrap(unset_or_given(input.dtype, data))


def _made(array: Array, requires_grad: bool, device: Device) -> Tensor:
    if device is not None:
        devices.device(device)
    return wrap(array).requires_grad_(requires_grad)


@public
def new_zeros(
    input: Tensor, size: Any, *, dtype: Any = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Zeros of shape `size` and, by default, the dtype of `input`."""
    return _made(np.zeros(tuple(size), dtype or input.dtype), requires_grad, device)


@public
def new_ones(
    input: Tensor, size: Any, *, dtype: Any = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Ones of shape `size` and, by default, the dtype of `input`."""
    return _made(np.ones(tuple(size), dtype or input.dtype), requires_grad, device)


@public
def new_empty(
    input: Tensor, size: Any, *, dtype: Any = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """Whatever the memory holds, of shape `size` and, by default, the dtype of `input`."""
    return _made(np.empty(tuple(size), dtype or input.dtype), requires_grad, device)


@public
def new_full(
    input: Tensor,
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    requires_grad: bool = False,
    device: Device = None,
) -> Tensor:
    """`fill_value` everywhere, of shape `size` and, by default, the dtype of `input`."""
    fill = getattr(fill_value, "array", fill_value)
    return _made(np.full(tuple(size), fill, dtype or input.dtype), requires_grad, device)


@public
def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, requires_grad: bool = False, device: Device = None
) -> Tensor:
    """A copy of `data`, by default in the dtype of `input`."""
    array = np.array(getattr(data, "array", data), dtype=dtype or input.dtype)
    return _made(array, requires_grad, device)
