"""Activations as modules."""

from __future__ import annotations

from ..ops.elementwise import sigmoid, tanh
from ..ops.softmax import log_softmax, softmax
from ..tensor import Tensor
from .functional import relu, softplus
from .module import Module


class ReLU(Module):
    """Rectifier, max(0, x).

    Args:
        inplace: write the result into the input.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return relu(input, self.inplace)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """Logistic sigmoid, 1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return tanh(input)


class Softplus(Module):
    """Smooth rectifier, log(1 + exp(beta x)) / beta; x itself where beta x is above `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Softmax(Module):
    """Softmax along `dim`.

    Raises:
        TypeError: when called, if `dim` wasn't given.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """Logarithm of the softmax along `dim`.

    Raises:
        TypeError: when called, if `dim` wasn't given.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
