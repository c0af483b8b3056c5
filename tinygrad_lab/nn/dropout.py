"""Dropout as modules. The functions of `functional` say what they compute; in evaluation these do nothing."""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .functional.dropout import check_probability
from .module import Module


class _Dropout(Module):
    """What all kinds of dropout share: the probability and whether to write the result into the input."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p); else nothing.

    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html.

    Args:
        inplace: write the result into the input.

    Raises:
        ValueError: `p` isn't between 0 and 1.
    """

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """`Dropout` of whole channels of `(n, c, l)` or `(c, l)`."""

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """`Dropout` of whole channels of `(n, c, h, w)`."""

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """`Dropout` of whole channels of `(n, c, d, h, w)` or `(c, d, h, w)`."""

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean 0 and variance 1, for `SELU` (Klambauer et al. 2017, https://arxiv.org/abs/1706.02515)."""

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` to `(*)`."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels of `(n, c, *)`."""

    def forward(self, input: Tensor) -> Tensor:
        """To the same shape."""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
