"""Dropout as a module."""

from __future__ import annotations

from ..tensor import Tensor
from .functional.dropout import check_probability, dropout
from .module import Module


class Dropout(Module):
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p); else nothing.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    Args:
        inplace: write the result into the input.

    Raises:
        ValueError: `p` isn't between 0 and 1.
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
