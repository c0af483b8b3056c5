"""Changes of dtype, and copies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import devices
from ..domain import Choice, Reals
from ..op import Array, op
from ..public import public

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
    r"""The elements in another dtype, copied.

    But for rounding :math:`dy = dx`, so :math:`\bar x = g`, cast back. float64 becomes float16 by way of float32, as
    in PyTorch.
    """
    return np.array(input if dtype != np.float16 else input.astype(np.float32, copy=False), dtype=dtype)


@op(lambda g, y, x: g, tex="{input}", analytic=True)
def clone(input: Array) -> Array:
    """A copy in memory of its own, in the graph.

    :math:`y = x` and :math:`dy = dx`: the cotangent passes as it is.
    """
    return np.array(input, order="C")


# --------------------------------------------------------------------------------------------- compositions


def cast(input: Array, dtype: Any) -> Tensor:
    """The elements in `dtype`; the tensor itself if it has that dtype. Integers and bools have no gradient."""
    dtype = np.dtype(dtype)
    if input.dtype == dtype:
        return input  # type: ignore[no-any-return]  # a tensor, unless it was given an array
    return _cast(input.detach() if dtype.kind not in "fc" and hasattr(input, "detach") else input, dtype)


@public
def to(input: Array, *args: Any, **kwargs: Any) -> Tensor:
    """The elements in another dtype; the tensor itself if it has it, unless `copy`.

    Forms: `to(dtype)`, `to(other)` with a tensor whose dtype counts, and `to(device, dtype)`, where the
    device is the CPU or None; each with `non_blocking` and `copy`, False by default.

    Raises:
        TypeError: the arguments are of none of these forms.
        RuntimeError: another device.
    """
    dtype, copy = conversion(input.dtype, *args, **kwargs)
    found = cast(input, dtype)
    return clone(found) if copy and found is input else found


def conversion(
    own: Any,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    other: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
) -> tuple[Any, bool]:
    """The dtype that the arguments of `to` mean, `own` if they name none, and whether the result must be a copy."""
    rest = list(args)
    if rest and (rest[0] is None or isinstance(rest[0], devices.device) or _names_a_device(rest[0])):
        device = rest.pop(0)
        if rest and not isinstance(rest[0], bool):
            dtype = rest.pop(0)
    elif rest:
        dtype = rest.pop(0)
    if device is not None:
        devices.device(device)
    if len(rest) > 2 or not all(isinstance(flag, bool) for flag in rest):
        raise TypeError(f"to: takes a dtype, a tensor or 'cpu', then non_blocking and copy, not {args}")
    found = own if other is None and dtype is None else dtype if other is None else other
    if found is not None:  # of which NumPy would make float64
        found = np.dtype(found.dtype if hasattr(found, "array") else found)
    return found, rest[1] if len(rest) == 2 else copy


def _names_a_device(value: Any) -> bool:
    return isinstance(value, str) and value.partition(":")[0] in ("cpu", "cuda", "mps", "meta")


@public
def cpu(input: Array) -> Tensor:
    """The tensor itself: there is no other device."""
    return input  # type: ignore[no-any-return]  # a tensor, unless it was given an array


@public
def type_as(input: Array, other: Tensor) -> Tensor:
    """The elements in the dtype of `other`."""
    return cast(input, other.dtype)


@public
def half(input: Array) -> Tensor:
    """The elements in float16."""
    return cast(input, np.float16)


@public
def single(input: Array) -> Tensor:
    """The elements in float32."""
    return cast(input, np.float32)


@public
def double(input: Array) -> Tensor:
    """The elements in float64."""
    return cast(input, np.float64)


@public
def byte(input: Array) -> Tensor:
    """The elements in uint8."""
    return cast(input, np.uint8)


@public
def char(input: Array) -> Tensor:
    """The elements in int8."""
    return cast(input, np.int8)


@public
def short(input: Array) -> Tensor:
    """The elements in int16."""
    return cast(input, np.int16)


@public
def int32(input: Array) -> Tensor:
    """The elements in int32."""
    return cast(input, np.int32)


@public
def long(input: Array) -> Tensor:
    """The elements in int64."""
    return cast(input, np.int64)


@public
def boolean(input: Array) -> Tensor:
    """Whether the elements are non-zero."""
    return cast(input, np.bool_)


@public
def is_floating_point(input: Array) -> bool:
    """Whether the elements are floating numbers."""
    return bool(input.dtype.kind == "f")
