"""float16, computed in float32 and rounded once at the end.

What PyTorch's kernels do: in float16 squares overflow from 256 on, and sums stop growing at 2048 ones. The graph holds
the conversions, so gradients are computed in float32, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

HALF = np.dtype(np.float16)


def wide(function: F) -> F:
    """A composition that is computed in float32 if its first argument is of float16, as an op that is `wide`."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args and getattr(args[0], "dtype", None) is HALF:
            return in_single(function, *args, **kwargs)
        return function(*args, **kwargs)

    return call  # type: ignore[return-value]  # wraps keeps the signature


def in_single(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`function` of float16 tensors or arrays, computed in float32; the result is of float16 unless others are wider.

    As always, a 0-d operand doesn't widen those that have dimensions.
    """
    given = [a for a in (*args, *kwargs.values()) if getattr(getattr(a, "dtype", None), "kind", "") == "f"]
    y = function(*map(_single, args), **{name: _single(value) for name, value in kwargs.items()})
    leading = [a.dtype for a in given if a.ndim] or [a.dtype for a in given]
    return _cast(y, HALF) if np.result_type(*leading) == HALF else y


def _single(value: Any) -> Any:
    return _cast(value, np.float32) if getattr(value, "dtype", None) is HALF else value


def _cast(value: Any, dtype: Any) -> Any:
    return value.to(dtype) if hasattr(value, "to") else value.astype(dtype)
