"""PyTorch's old name for what a tensor has become."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


class _TensorsToo(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_TensorsToo):
    """The elements of a tensor as a leaf on the same memory, as `data.detach().requires_grad_(requires_grad)`.

    Programs from before PyTorch 0.4 wrap what they differentiate in it. Every tensor is an instance.

    Raises:
        TypeError: `data` isn't a tensor.
        RuntimeError: gradients are asked for, and the dtype isn't floating.
    """

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Tensor:  # type: ignore[misc]  # a plain tensor
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable: data must be a tensor, not {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)
