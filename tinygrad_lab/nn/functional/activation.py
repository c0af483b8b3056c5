"""Activations as functions: compositions of ops, so that no gradient is written here."""

from __future__ import annotations

from ...ops import elementwise
from ...ops.compare import where
from ...tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Rectifier, max(0, x); its gradient at 0 is 0."""
    return input.relu_() if inplace else elementwise.relu(input)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    r"""Smooth rectifier, :math:`\ln(1 + e^{\beta x}) / \beta`; x itself where :math:`\beta x` is above `threshold`."""
    scaled = input * beta
    return where(scaled > threshold, input, elementwise.softplus(scaled) / beta)
