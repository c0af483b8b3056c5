"""What every public function made of ops does with its arguments: it knows NumPy's names, and its errors name it.

PyTorch checks each argument before a function begins. Here functions just begin, as checks take time and say again what
the body says; only when one fails is it asked which argument was wrong.
"""

from __future__ import annotations

import functools
import inspect
import re
import reprlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

_TOLD = (
    *(AttributeError, LookupError, ValueError, TypeError, RuntimeError, ArithmeticError, NameError, AssertionError),
    MemoryError,
)
# the classes that PyTorch raises besides TypeError
_KEPT = (NotImplementedError, IndexError, OverflowError, RuntimeError, ValueError, AssertionError)
# what is said of a tensor or a sequence that stands where a number or a flag belongs
_NO_NUMBER = re.compile(
    r"^item: |neither true nor false|become a Python number|truth value|inhomogeneous|with a sequence|to unpack"
    r"|for int\(\)"
)
# what is said of a size that memory can't hold, or of an integer that the dtype can't
_TOO_LARGE = re.compile(
    r"Unable to allocate|Maximum allowed|array is too big|iterator is too large|out of bounds for u?int"
)


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters, that of `*rest` at the end; `inspect.signature` takes 20 times as long.

    Raises:
        TypeError: `function` isn't written in Python.
    """
    code = getattr(function, "__code__", None)
    if code is None:
        raise TypeError(f"op: a forward or a rule must be a Python function, not {function!r}")
    count = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & inspect.CO_VARARGS)
    return tuple(code.co_varnames[:count])


def renamed(kwargs: dict[str, Any], params: Collection[str]) -> dict[str, Any]:
    """`kwargs` with PyTorch's names for NumPy's `axis` and `keepdims`, where `params` has those."""
    names = {"axis": "dim", "keepdims": "keepdim"}
    return {names[k] if names.get(k) in params and names[k] not in kwargs else k: v for k, v in kwargs.items()}


def public(function: F) -> F:
    """A function made of ops, as people call it: it understands `axis` and `keepdims`, and its errors name it.

    What Python or NumPy say of wrong arguments, somewhere inside, gets the class that PyTorch raises, the function's
    name and the arguments.
    """
    params = parameters(function)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and ("axis" in kwargs or "keepdims" in kwargs):
            kwargs = renamed(kwargs, params)
        try:
            return function(*args, **kwargs)
        except Exception as error:
            told = retold(function.__name__, error, dict(zip(params, args, strict=False)) | kwargs)
            if told is error:
                raise
            raise told from error

    return call  # type: ignore[return-value]  # wraps keeps the signature


def retold(name: str, error: Exception, given: Mapping[str, Any]) -> Exception:
    """The error that a person should see instead of `error`: `error` itself if it names the function, or is the user's.

    Args:
        name: the function's.
        given: its arguments, by the parameters' names.
    """
    text = str(error) or type(error).__name__
    odd = isinstance(error, np.exceptions.AxisError) or not isinstance(error, (TypeError, *_KEPT))
    own = type(error).__module__.partition(".")[0] in ("builtins", "numpy")
    if (
        not own
        or not isinstance(error, _TOLD)
        or (not odd and re.search(rf"\b{re.escape(name.rstrip('_'))}_*[:(]", text))
    ):
        return error
    for parameter, value in given.items():
        if isinstance(error, AttributeError) and error.obj is value:
            return TypeError(f"{name}: '{parameter}' must be a tensor, not {_shown(value)}")
    if not re.match(r"\w+: ", text):  # Python's or NumPy's own words
        text += f" (given {', '.join(f'{p}: {_shown(v)}' for p, v in given.items()) or 'nothing'})"
    kind: type[Exception] = next((k for k in _KEPT if isinstance(error, k)), TypeError)
    if isinstance(error, np.exceptions.AxisError):
        kind = IndexError
    elif _NO_NUMBER.search(text):
        kind = TypeError
    elif (
        isinstance(error, (MemoryError, ZeroDivisionError, FloatingPointError))
        or _TOO_LARGE.search(text)
        or (kind is ValueError and "could not be broadcast" in text)
    ):
        kind = RuntimeError
    return kind(f"{name}: {text}")


def _shown(value: Any) -> str:
    """A value in a few words: a tensor's dtype and shape."""
    if isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "dtype"):
        return f"{value.dtype} of shape {value.shape}"
    plain = value is None or isinstance(value, bool | int | float | str)
    return reprlib.repr(value) if plain else f"{type(value).__name__} {reprlib.repr(value)}"
