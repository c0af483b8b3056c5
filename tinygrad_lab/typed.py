"""PyTorch's old constructors, one for each dtype: `LongTensor([1, 2])`, `FloatTensor(2, 3)`.

They make plain tensors, as `Tensor(...)` does in the default dtype, and stand for their dtype in `x.type(LongTensor)`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import wrap
from .ops.sampling import unset_or_given
from .tensor import Tensor


class _OfType:
    dtype: np.dtype[Any]

    def __new__(cls, *data: Any) -> Tensor:  # type: ignore[misc]  # a tensor, and no instance
        return wrap(unset_or_given(cls.dtype, data))


class BoolTensor(_OfType):
    """Bools: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.bool)


class ByteTensor(_OfType):
    """uint8: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.uint8)


class CharTensor(_OfType):
    """int8: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.int8)


class ShortTensor(_OfType):
    """int16: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.int16)


class IntTensor(_OfType):
    """int32: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.int32)


class LongTensor(_OfType):
    """int64: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.int64)


class HalfTensor(_OfType):
    """float16: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.float16)


class FloatTensor(_OfType):
    """float32: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.float32)


class DoubleTensor(_OfType):
    """float64: unset elements of the sizes given, or those of a list, array or tensor."""

    dtype = np.dtype(np.float64)
