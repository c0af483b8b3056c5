"""Dtypes as PyTorch has them: what an op's operands are brought to, where NumPy would make something else of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .domain import Bits, Reals
from .public import public

_default_dtype: np.dtype[Any] = np.dtype(np.float32)


@public
def set_default_dtype(dtype: Any) -> None:
    """Set the dtype of tensors made from Python floats and of real functions of integers; float32 at the start.

    Raises:
        TypeError: `dtype` isn't floating.
    """
    global _default_dtype
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"set_default_dtype: {np.dtype(dtype)} isn't a floating dtype")
    _default_dtype = np.dtype(dtype)


def get_default_dtype() -> np.dtype[Any]:
    """The dtype of tensors made from Python floats."""
    return _default_dtype


def settled(op: Any, args: Sequence[Any], values: Sequence[Any], y: Any) -> list[Any] | None:
    """Arguments to call `op`, a record of the table, with again where NumPy's dtypes aren't PyTorch's; else None.

    NumPy scalars are as weak as Python's; among tensors, integers take the dtype of the floating ones and 0-d tensors
    that of the others; a real function of integers gives the default dtype; a wider floating operand widens the others,
    and that cast is recorded.

    Args:
        args: what it was called with.
        values: the same, with arrays for the tensors.
        y: what it made of them.

    Raises:
        TypeError: an operand is neither tensor, array nor number, or the result is complex.
        RuntimeError: the operands' dtypes differ, and the op doesn't bring them to one.
        NotImplementedError: they are of bool, which such an op hasn't either.
    """
    again = list(args)
    for i, v in enumerate(values):
        if isinstance(v, np.generic):
            again[i] = v.item()
        elif isinstance(v, (list, tuple, str)) and op.operand(i):
            op.refuse(v)
    complex_step = any(type(v) is np.ndarray and v.dtype.kind == "c" for v in values)
    if y.dtype.kind not in "fiub" and not complex_step:
        raise TypeError(f"{op.name}: the result is of {y.dtype}; there are real numbers, integers and bools only")
    bools = y.dtype == np.int8 and not op.typed and all(v.dtype.kind == "b" for v in values if type(v) is np.ndarray)
    if bools or (y.dtype.kind == "b" and not op.promotes):  # NumPy computes with bools as with small integers
        raise NotImplementedError(f"{op.name}: not defined for bool; convert with .to(...) first")
    if y.dtype.kind in "fiu" and not op.typed:
        last = len(op.domain) - 1
        reals = [
            i
            for i, v in enumerate(values)
            if type(v) is np.ndarray and isinstance(op.domain[min(i, last)], Reals | Bits)
        ]
        if y.dtype.kind != "f":
            reals = [i for i in reals if values[i].dtype.kind in "iu"]
        alike = [values[i] for i in reals if y.dtype.kind != "f" or values[i].dtype.kind == "f"]
        leading = [v.dtype for v in alike if v.ndim] or [v.dtype for v in alike] or [_default_dtype]
        target = np.result_type(*leading)
        for i in reals:
            if values[i].dtype != target:
                if not op.promotes:
                    op.refuse_mixed(values)
                again[i] = args[i].to(target) if hasattr(args[i], "to") else values[i].astype(target)
    return None if all(a is b for a, b in zip(args, again, strict=True)) else again


def wrapped(op: Any, args: Sequence[Any]) -> list[Any] | None:
    """Arguments to call `op` with again: numbers that the tensors' integers don't count to, modulo 2 to the bits.

    None if there are none, or one that no integer counts to.
    """
    dtypes = [a.dtype for a in args if hasattr(a, "to") and a.dtype.kind in "iu"]
    dtype = np.result_type(*dtypes) if dtypes else np.dtype(np.int64)
    numbers = [type(a) is int and op.operand(i) for i, a in enumerate(args)]
    if not all(-(2**63) <= a < 2**64 for a in itertools.compress(args, numbers)):
        return None
    again = [np.asarray(a).astype(dtype) if n else a for a, n in zip(args, numbers, strict=True)]
    return again if any(numbers) else None


def set_float32_matmul_precision(precision: str) -> None:
    """Has no effect: products of float32 are computed in float32, PyTorch's "highest" precision."""
