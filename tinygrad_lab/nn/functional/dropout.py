"""Functions that zero what chance picks."""

from __future__ import annotations

import numpy as np

from ...op import wrap
from ...random import numpy_generator
from ...tensor import Tensor


def check_probability(p: float) -> None:
    """Refuse a dropout probability outside [0, 1].

    Raises:
        ValueError: that.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """In training, zero each element with probability `p` and scale the others by 1 / (1 - p); else the input.

    So the expectation stays (Srivastava et al. 2014). The numbers come from the default generator.

    Args:
        inplace: write the result into the input.

    Raises:
        ValueError: `p` isn't between 0 and 1.
    """
    check_probability(p)
    if not training or p == 0:
        return input
    kept = numpy_generator(None).random(input.shape, np.float32) >= p
    scale = wrap(np.multiply(kept, 1 / (1 - p) if p < 1 else 0, dtype=input.dtype))
    return input.mul_(scale) if inplace else input * scale
