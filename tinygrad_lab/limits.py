"""What numbers a dtype holds: PyTorch's `finfo` and `iinfo`, in Python's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .promotion import get_default_dtype


class finfo:
    """The limits of a floating dtype, by default the default dtype.

    Attributes:
        bits: of one number.
        eps: the difference of 1 and the next greater number.
        max: the greatest number, `min` the least.
        tiny: the smallest positive number that isn't subnormal, `smallest_normal` the same.
        resolution: 10 to the minus the number of decimal digits that it holds.
        dtype: its name.

    Raises:
        TypeError: the dtype isn't floating.
    """

    def __init__(self, type: Any = None) -> None:
        dtype = get_default_dtype() if type is None else np.dtype(type)
        if dtype.kind != "f":
            raise TypeError(f"finfo: {dtype} isn't a floating dtype; iinfo is for integers")
        found = np.finfo(dtype)
        self.bits: int = found.bits
        self.eps, self.max, self.min = float(found.eps), float(found.max), float(found.min)
        self.tiny = self.smallest_normal = float(found.tiny)
        self.resolution = 10.0**-found.precision
        self.dtype = dtype.name

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype.

    Attributes:
        bits: of one number.
        max: the greatest number, `min` the least.
        dtype: its name.

    Raises:
        TypeError: the dtype isn't of integers.
    """

    def __init__(self, type: Any) -> None:
        dtype = np.dtype(type)
        if dtype.kind not in "iu":
            raise TypeError(f"iinfo: {dtype} isn't a dtype of integers; finfo is for floating ones")
        found = np.iinfo(dtype)
        self.bits, self.max, self.min, self.dtype = found.bits, int(found.max), int(found.min), dtype.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
