"""Layers that map or arrange features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..creation import empty
from ..devices import Device
from ..ops.einsum import bilinear
from ..ops.linalg import linear
from ..ops.shape import dims_of, flatten
from ..tensor import DTypeLike, Tensor
from . import init
from .module import Module
from .parameter import Parameter


class Linear(Module):
    r"""Affine map of the last dimension, :math:`y = x W^T + b`: `(*, in_features)` gives `(*, out_features)`.

    Weight and bias start uniform in :math:`\pm 1 / \sqrt{\text{in\_features}}`.

    Args:
        bias: whether there is a b.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.
    """

    weight: Parameter
    bias: Parameter  # or None, as it was asked for

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, *, device: Device = None, dtype: DTypeLike = None
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))  # uniform in 1 / sqrt(in_features)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """`(*, in_features)` to `(*, out_features)`."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Bilinear(Module):
    r"""Bilinear map of two last dimensions, :math:`y_o = x_1^T W_o x_2 + b_o`.

    Weight, (out_features, in1_features, in2_features), and bias start uniform in
    :math:`\pm 1 / \sqrt{\text{in1\_features}}`.

    Args:
        bias: whether there is a b.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        ValueError: `in1_features` isn't positive.
    """

    weight: Parameter
    bias: Parameter  # or None, as it was asked for

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"Bilinear: in1_features must be positive, not {in1_features}")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """`(*, in1_features)` and `(*, in2_features)` to `(*, out_features)`."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Identity(Module):
    """Its input, whatever the arguments of its making."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """The input."""
        return input


class Flatten(Module):
    """The dimensions from `start_dim` to `end_dim`, inclusive, as one; by default all but the batch."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """`(n, *)` to `(n, product of *)`."""
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Dimension `dim` as several, of sizes `unflattened_size`, one of which may be -1."""

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim = dim
        self.unflattened_size = tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """`(*, product of the sizes, *)` to `(*, sizes, *)`.

        Raises:
            IndexError: there is no such dimension.
            RuntimeError: its size isn't the product.
        """
        (dim,) = dims_of("unflatten", input.ndim, self.dim)
        return input.reshape(*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :])

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
