"""The tensor that a module trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..creation import as_tensor
from ..op import get_default_dtype
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that becomes one of a `Module`'s parameters when it is assigned as an attribute.

    Operations on it return plain tensors; copying and pickling keep the class.

    Args:
        data: the elements, a tensor or array, whose memory is used; by default none, of shape (0,).
        requires_grad: ask for its gradient.

    Raises:
        RuntimeError: `requires_grad` of integers or bools.
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        out = super().__new__(cls)
        out.array = np.empty(0, get_default_dtype()) if data is None else as_tensor(data).array
        out._node = out._view = None
        out.requires_grad_(requires_grad)
        return out

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"
