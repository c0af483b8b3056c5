"""The tensors of a module: those that it trains, those that it keeps, and those of which it doesn't know the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..creation import as_tensor, empty
from ..devices import Device
from ..tensor import DTypeLike, Tensor


class Parameter(Tensor):
    """A tensor that becomes one of a `Module`'s parameters when it is assigned as an attribute.

    Operations on it return plain tensors; copying and pickling keep the class. It may have attributes of its own.

    Args:
        data: the elements, a tensor or array, whose memory is used; by default none, of shape (0,).
        requires_grad: ask for its gradient.

    Raises:
        RuntimeError: `requires_grad` of integers or bools.
    """

    __slots__ = ("__dict__",)

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        out: Parameter = super().__new__(cls)
        if data is not None:
            out.array = as_tensor(data).detach().array
        out.requires_grad_(requires_grad)
        return out

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that becomes one of a `Module`'s buffers when it is assigned as an attribute.

    Args:
        data: the elements, a tensor or array, whose memory is used; by default none, of shape (0,).
        persistent: whether it is in the `state_dict`.
    """

    __slots__ = ("persistent",)
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        out: Buffer = super().__new__(cls)
        if data is not None:
            out.array = as_tensor(data).detach().array
        out.persistent = persistent
        return out


class _Uninitialized:
    """A tensor of a dtype, but not yet of a shape."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Nothing yet.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer: run the module once on an input, or load "
            "a state_dict"
        )

    def _become(self: Any, cls: type[Tensor], shape: Sequence[int], device: Device, dtype: DTypeLike) -> None:
        self.array = empty(tuple(shape), device=device, dtype=self.array.dtype if dtype is None else dtype).array
        self.__class__ = cls

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape a lazy module finds out from its first input.

    Args:
        requires_grad: ask for its gradient.
        dtype: by default the default dtype.
    """

    __slots__ = ()

    def __new__(
        cls, requires_grad: bool = True, *, device: Device = None, dtype: DTypeLike = None
    ) -> UninitializedParameter:
        return super().__new__(cls, empty(0, device=device, dtype=dtype), requires_grad)  # type: ignore[return-value]  # of cls

    def materialize(self, shape: Sequence[int], device: Device = None, dtype: DTypeLike = None) -> None:
        """Become a `Parameter` of that shape, whose elements are whatever the memory holds."""
        self._become(Parameter, shape, device, dtype)


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape a lazy module finds out from its first input.

    Args:
        dtype: by default the default dtype.
    """

    __slots__ = ()

    def __new__(cls, *, device: Device = None, dtype: DTypeLike = None) -> UninitializedBuffer:
        out: UninitializedBuffer = super().__new__(cls)
        out.array = empty(0, device=device, dtype=dtype).array
        return out

    def materialize(self, shape: Sequence[int], device: Device = None, dtype: DTypeLike = None) -> None:
        """Become a tensor of that shape, whose elements are whatever the memory holds."""
        self._become(Tensor, shape, device, dtype)
