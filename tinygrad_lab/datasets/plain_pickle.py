"""Pickles of plain data and arrays, read without running anything that they name.

A pickle is a program that may call any function it names. This reader knows four names, those that write down an array
of numbers, puts inert classes of its own in their place, and refuses every other name. What it then built is copied
into arrays, dicts, lists, tuples, strings, bytes and numbers.
"""

from __future__ import annotations

import os
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NDARRAY = "the class of arrays"  # a text, so that the pickle can't call it


class _DType:
    """What `numpy.dtype(code)` and its state say: a dtype of numbers."""

    def __init__(self, code: Any, align: Any = False, copy: Any = False) -> None:
        code = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(code, str) or not re.fullmatch(r"[biuf]\d{1,2}", code):
            raise pickle.UnpicklingError(f"it has an array of dtype {code!r}, which isn't of numbers")
        self.dtype: np.dtype[Any] = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        _, order, *rest = state
        if any(part is not None for part in rest[:3]):
            raise pickle.UnpicklingError("it has an array of records")
        if order not in ("|", "=", "<", ">", b"|", b"=", b"<", b">"):
            raise pickle.UnpicklingError(f"it has an array of byte order {order!r}")
        code = self.dtype.str[1:]
        self.dtype = np.dtype((order.decode("ascii") if isinstance(order, bytes) else order) + code)


class _Array:
    """What `numpy.core.multiarray._reconstruct(ndarray, shape, code)` and the state after it say: an array."""

    def __init__(self, kind: Any, shape: Any, code: Any) -> None:
        if kind is not NDARRAY:
            raise pickle.UnpicklingError("it has an array of another class than numpy.ndarray")
        self.array: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, content = state
        if not isinstance(dtype, _DType) or not isinstance(content, bytes):
            raise pickle.UnpicklingError("it has an array that isn't of numbers")
        numbers = np.frombuffer(content, dtype.dtype).reshape(shape, order="F" if fortran else "C")
        self.array = numbers.astype(dtype.dtype.newbyteorder("="))


class _Bytes(bytes):
    """What `_codecs.encode(text, "latin1")` says, as Python 3 writes bytes for Python 2."""

    def __new__(cls, text: str, encoding: str = "latin1") -> _Bytes:
        if encoding != "latin1":
            raise pickle.UnpicklingError(f"it has bytes in the encoding {encoding!r}")
        return super().__new__(cls, text.encode("latin1"))

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes bytes")


_NAMES: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): NDARRAY,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _Bytes,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which isn't looked up or called")
        return _NAMES[module, name]


def read_plain_pickle(path: str | os.PathLike[str]) -> Any:
    """The arrays, dicts, lists, tuples, strings, bytes and numbers in a pickle, one written by Python 2 too.

    Strings that Python 2 wrote come as bytes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it isn't a pickle, or is truncated, or names anything but what writes down an array of numbers.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _plain(_Unpickler(file, encoding="bytes").load())
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except pickle.UnpicklingError as error:
        raise ValueError(f"{path}: not a pickle of plain data: {error}; get the official file") from error
    except (ArithmeticError, AttributeError, EOFError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: corrupt or truncated pickle ({error!r}); get it anew") from error


def _plain(value: Any) -> Any:
    """A copy of `value` without the classes above.

    Raises:
        UnpicklingError: it has something else.
    """
    if isinstance(value, _Array) and value.array is not None:
        return value.array
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, bytes):
        return bytes(value)
    if value is None or type(value) in (str, bool, int, float):
        return value
    raise pickle.UnpicklingError(f"it has a {type(value).__name__}")
