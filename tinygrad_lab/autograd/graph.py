"""The graph's nodes, and what becomes of the values that they save: PyTorch's `torch.autograd.graph`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Away, Node, noter, watcher
from ..op import watch_outputs, wrap
from ..tensor import Tensor

__all__ = ["Node", "saved_tensors_hooks"]


class saved_tensors_hooks:
    """`with saved_tensors_hooks(pack, unpack):` keeps what `pack` makes of each value that an operation saves.

    In backward `unpack` makes the value of it again. So values can be kept in fewer bits, on disk, or be looked at.
    `pack` is given each value that a rule is going to read, operand or output, as a tensor outside the graph; `unpack`
    must return one of the same shape and dtype. With `retain_graph` the values stay as they are after the first walk.
    What an `autograd.Function` saves isn't packed. Of several blocks inside each other the innermost counts.

    Args:
        pack_hook: makes anything of a tensor.
        unpack_hook: makes the tensor of it again.

    Raises:
        TypeError: in backward, `unpack_hook` returns what isn't a tensor.
        RuntimeError: in backward, it returns another shape or dtype.
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        self._token = noter.set(self._note)
        watch_outputs(True)

    def __exit__(self, *exc: object) -> None:
        noter.reset(self._token)
        watch_outputs(watcher.get() is not None or noter.get() is not None)

    def _note(self, node: Node, output: Any) -> None:
        Away.give(node, _Parcel(self, node.op.thin(node.args, node.inputs), node.y))


class _Packed:
    """A value, as it was packed."""

    def __init__(self, hooks: saved_tensors_hooks, array: np.ndarray[Any, Any]) -> None:
        self.unpack_hook = hooks.unpack_hook
        self.shape, self.dtype = array.shape, array.dtype
        self.content = hooks.pack_hook(wrap(array))

    def unpacked(self) -> np.ndarray[Any, Any]:
        value = self.unpack_hook(self.content)
        if not isinstance(value, Tensor):
            raise TypeError(f"saved_tensors_hooks: unpack_hook must return a tensor, not {type(value).__name__}")
        if (value.shape, value.dtype) != (self.shape, self.dtype):
            raise RuntimeError(
                f"saved_tensors_hooks: of a value of shape {self.shape} and {self.dtype}, unpack_hook made one of "
                f"shape {value.shape} and {value.dtype}"
            )
        return value.array


class _Parcel:
    """The keeper of a node's packed values."""

    def __init__(self, hooks: saved_tensors_hooks, args: list[Any], y: Any) -> None:
        def pack(value: Any) -> Any:
            return _Packed(hooks, value) if type(value) is np.ndarray else value

        self.args, self.y = [pack(value) for value in args], _each(pack, y)

    def bring_back(self, node: Node) -> None:
        """Unpack the values for `node`."""

        def unpack(value: Any) -> Any:
            return value.unpacked() if isinstance(value, _Packed) else value

        args, y = [unpack(value) for value in self.args], _each(unpack, self.y)
        node.__class__ = Node
        node.args, node.y = args, y


def _each(function: Callable[[Any], Any], value: Any) -> Any:
    """A value, or nested tuples of them, with `function` applied to each."""
    if not isinstance(value, tuple):
        return function(value)
    parts = [_each(function, part) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
