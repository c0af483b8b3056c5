"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ...ops.shape import cat
from ...tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters in one vector, differentiable."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Make each parameter's value its part of `vec`, on the memory of `vec`; what `parameters_to_vector` inverts.

    Raises:
        TypeError: `vec` isn't a tensor.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a tensor, but got: {type(vec).__name__}")
    vec, start = vec.detach(), 0
    for p in parameters:
        end = start + p.array.size
        p.data = vec[start:end].reshape(p.shape)
        start = end
