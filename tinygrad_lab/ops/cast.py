"""Changes of dtype, and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..domain import Choice, Reals
from ..op import Array, op

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    lambda g, y, x, dtype: _cast(g, x.dtype),
    domain=(Reals(), Choice((np.dtype(np.float64),))),
    shapes="(*) -> (*)",
    broadcasts=False,
    typed=True,
    tex=r"\operatorname{{cast}} {input}",
)
def _cast(input: Array, dtype: Any) -> Array:
    """The elements in another dtype, copied. The cotangent is cast back."""
    return np.array(input, dtype=dtype)


def cast(input: Array, dtype: Any) -> Tensor:
    """The elements in `dtype`; the tensor itself if it has that dtype. Integers and bools have no gradient."""
    dtype = np.dtype(dtype)
    same: Tensor = input.detach() if dtype.kind not in "fc" and hasattr(input, "detach") else input
    return same if same.dtype == dtype else _cast(same, dtype)


def is_floating_point(input: Array) -> bool:
    """Whether the elements are floating numbers."""
    return bool(input.dtype.kind == "f")


@op(lambda g, y, x: g, tex="{input}", analytic=True)
def clone(input: Array) -> Array:
    """A copy in memory of its own, in the graph: the cotangent passes as it is."""
    return np.array(input)
