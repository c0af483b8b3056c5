"""Python's operators on tensors, as NumPy and PyTorch have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import inplace
from .ops import arithmetic, compare, index, linalg, rounding

if TYPE_CHECKING:
    from .tensor import Tensor


class Operators:
    """What `+`, `@`, `<`, `[...]` and their like do."""

    __slots__ = ()

    __add__ = arithmetic._add
    __sub__ = arithmetic._sub
    __mul__ = arithmetic.mul
    __truediv__ = arithmetic._div
    __floordiv__ = rounding.floor_divide
    __mod__ = rounding.remainder
    __pow__ = arithmetic.pow
    __neg__ = arithmetic.neg
    __abs__ = arithmetic.abs
    __matmul__ = linalg.matmul
    __lt__ = compare.lt
    __le__ = compare.le
    __gt__ = compare.gt
    __ge__ = compare.ge
    __and__ = compare.bitwise_and
    __or__ = compare.bitwise_or
    __xor__ = compare.bitwise_xor
    __lshift__ = compare.bitwise_left_shift
    __rshift__ = compare.bitwise_right_shift
    __getitem__ = index.getitem

    def __invert__(self: Any) -> Tensor:
        """Logical not of bools, complement of integers.

        Raises:
            TypeError: the elements are floating.
        """
        if self.dtype.kind == "f":
            raise TypeError(f"~: of integers and bools, not of {self.dtype}; logical_not() takes any")
        return compare.bitwise_not(self)

    __iadd__ = inplace.method("__iadd__", arithmetic._add)
    __isub__ = inplace.method("__isub__", arithmetic._sub)
    __imul__ = inplace.method("__imul__", arithmetic.mul)
    __itruediv__ = inplace.method("__itruediv__", arithmetic._div)
    __ifloordiv__ = inplace.method("__ifloordiv__", rounding.floor_divide)
    __imod__ = inplace.method("__imod__", rounding.remainder)
    __ipow__ = inplace.method("__ipow__", arithmetic.pow)
    __iand__ = inplace.method("__iand__", compare.bitwise_and)
    __ior__ = inplace.method("__ior__", compare.bitwise_or)
    __ixor__ = inplace.method("__ixor__", compare.bitwise_xor)
    __ilshift__ = inplace.method("__ilshift__", compare.bitwise_left_shift)
    __irshift__ = inplace.method("__irshift__", compare.bitwise_right_shift)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]  # elementwise, as NumPy's
        return compare.eq(self, other) if _comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return compare.ne(self, other) if _comparable(other) else NotImplemented

    def __pos__(self: Tensor) -> Tensor:  # type: ignore[misc]
        return self

    def __radd__(self, other: Any) -> Tensor:
        return arithmetic._add(other, self)

    def __rsub__(self, other: Any) -> Tensor:
        return arithmetic._sub(other, self)

    def __rmul__(self, other: Any) -> Tensor:
        return arithmetic.mul(other, self)

    def __rtruediv__(self, other: Any) -> Tensor:
        return arithmetic._div(other, self)

    __rdiv__ = __rtruediv__

    def __rfloordiv__(self, other: Any) -> Tensor:
        return rounding.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Tensor:
        return rounding.remainder(other, self)

    def __rpow__(self, other: Any) -> Tensor:
        return arithmetic.pow(other, self)

    def __rand__(self, other: Any) -> Tensor:
        return compare.bitwise_and(other, self)

    def __ror__(self, other: Any) -> Tensor:
        return compare.bitwise_or(other, self)

    def __rxor__(self, other: Any) -> Tensor:
        return compare.bitwise_xor(other, self)

    def __rlshift__(self, other: Any) -> Tensor:
        return compare.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> Tensor:
        return compare.bitwise_right_shift(other, self)

    def __rmatmul__(self, other: Any) -> Tensor:
        return linalg.matmul(other, self)

    def __setitem__(self: Tensor, key: Any, value: Any) -> None:  # type: ignore[misc]
        inplace.assign(self, key, value)

    __hash__ = object.__hash__  # by identity, though `==` is elementwise


def _comparable(value: Any) -> bool:
    return isinstance(value, (Operators, np.ndarray, np.generic, bool, int, float))
