"""What several families refuse alike."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def of_tensors(count: int) -> Callable[[F], F]:
    """Let a function refuse Python numbers for its first `count` operands, where PyTorch wants tensors.

    The decorated function raises a TypeError.
    """

    def declare(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            for a in args[:count]:
                if a is None or isinstance(a, (int, float)):
                    what = "" if a is None else "the number "
                    raise TypeError(
                        f"{function.__name__.strip('_')}: an operand must be a tensor, not {what}{a!r}; make it one "
                        "with tinygrad_lab.tensor(...)"
                    )
            return function(*args, **kwargs)

        return call  # type: ignore[return-value]  # wraps keeps the signature

    return declare


def refuse_integers(name: str, *inputs: Any) -> None:
    """Refuse inputs that aren't floating.

    Raises:
        TypeError: one isn't a tensor.
        NotImplementedError: the elements of one are integers or bools.
    """
    for x in inputs:
        if not hasattr(x, "dtype"):
            raise TypeError(f"{name}: the input must be a tensor, not {type(x).__name__} {x!r}")
        if x.dtype.kind not in "fc":
            raise NotImplementedError(
                f"{name}: the elements must be floating, not {x.dtype}; convert with .float() first"
            )


def refuse_many(name: str, count: int) -> None:
    """Refuse to make so many tensors that memory can't hold them, before the first is made.

    Raises:
        RuntimeError: they don't fit.
    """
    try:
        np.empty((count, _TENSOR), np.uint8)
    except (MemoryError, ValueError):  # which NumPy raises for what no address counts to
        raise RuntimeError(f"{name}: memory can't hold {count} tensors") from None


_TENSOR = 500  # bytes of a view: its tensor, its array and how it looks at the other's memory


def refuse_whole(*operands: Any) -> None:
    """Refuse operands of which none is floating, in an op that PyTorch has for floating ones only.

    Raises:
        NotImplementedError: none is.
    """
    if np.result_type(*operands).kind in "iub":
        raise NotImplementedError("one operand must be floating; convert it with .float() first")


def refuse_bools(name: str, input: Any) -> None:
    """Refuse elements that are bools.

    Raises:
        NotImplementedError: they are.
    """
    if getattr(input, "dtype", None) == np.bool_:
        raise NotImplementedError(f"{name}: not implemented for bool; convert with .int() or .float() first")


def integer(name: str, what: str, value: Any) -> int:
    """`value` as Python's integer, of NumPy's or a tensor of one element; a bool isn't one, nor a float.

    Raises:
        TypeError: it isn't an integer.
    """
    try:
        return operator.index(value if type(value) is not bool else None)  # type: ignore[arg-type]  # its error is awaited
    except TypeError:
        raise TypeError(f"{name}: {what} must be an integer, not {value!r}") from None
