"""Operations in place: differentiable where they can be, an error where they can't.

An operation in place is the operation out of place, its result copied into the tensor's memory, and the tensor made to
stand for the new node. A view's base follows it, and every other tensor that looks at that memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import memory
from .graph import Leaf, Node, Retain, is_grad_enabled
from .op import wrap
from .ops import index
from .public import public

if TYPE_CHECKING:
    from .tensor import Tensor


def store(x: Tensor, name: str, function: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor:
    """Make `x`, in place, `function(x, *args, **kwargs)`; `name` is the operation's name. Returns `x`.

    Raises:
        RuntimeError: `x` is a leaf that requires grad, or a view of one, and operations are recorded; its memory can't
            be written; or the result doesn't have its shape, or a dtype that it can hold.
    """
    recording = is_grad_enabled()
    if recording:
        _refuse_leaf(x, name)
    _refuse_read_only(x, name)
    tracked = _tracked(recording, x, *args, *kwargs.values())
    old = wrap(x.array.copy() if tracked else x.array, x._node)
    new = function(old, *(old if a is x else a for a in args), **kwargs)
    if new.array.shape != x.array.shape:
        raise RuntimeError(
            f"{name}: the result of shape {new.array.shape} doesn't fit the tensor of shape {x.array.shape} that it is "
            "written to; use the out-of-place operation"
        )
    if not np.can_cast(new.array.dtype, x.array.dtype, "same_kind"):
        raise RuntimeError(
            f"{name}: a result of dtype {new.array.dtype} can't be written to a tensor of dtype {x.array.dtype}; "
            "use the out-of-place operation"
        )
    new = new.to(x.array.dtype)
    np.copyto(x.array, new.array)
    memory.touch(name, x.array)
    if new._node is not None:
        _stand_for(x, new._node)
        _rebase(x)
    return x


def assign(x: Tensor, key: Any, value: Any) -> None:
    """`x[key] = value`: what isn't recorded is written right away.

    Raises:
        RuntimeError: as `store` says, or the value doesn't fit.
        IndexError: the key doesn't fit.
    """
    recording = is_grad_enabled()
    if _tracked(recording, x, value):
        store(x, "__setitem__", index.setitem, key, value)
    else:
        if recording:
            _refuse_leaf(x, "__setitem__")
        _refuse_read_only(x, "__setitem__")
        index.write(x.array, key, value)
        memory.touch("__setitem__", x.array)


def _tracked(recording: bool, *operands: Any) -> bool:
    return recording and any(getattr(a, "_node", None) is not None for a in operands)


def _refuse_read_only(x: Tensor, name: str) -> None:
    if not x.array.flags.writeable:
        raise RuntimeError(
            f"{name}: this memory can't be written: an expanded tensor, whose elements share one place, or a read-only "
            "array; change a clone() instead"
        )


def method(name: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that is `function` in place."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return store(self, name, function, *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{function.__name__.strip('_')}`, in place. Returns the tensor itself."
    return public(call)


def rearranged(name: str, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that makes a tensor, in place, the view `function(tensor, ...)` of what it was."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if is_grad_enabled():
            _refuse_leaf(self, name)
        link, before = self._view, leave_behind(self)
        new = function(before, *args, **kwargs)
        self.array, self._view = new.array, new._view
        if not isinstance(self._node, Leaf):  # which asks for its gradient in whatever shape
            _stand_for(self, new._node)
        if link is None and new._view is not None:
            new._view.family.add(self)
        return self

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{function.__name__.strip('_')}`, in place: the tensor itself gets the other shape. Returns it."
    return public(call)


def become(x: Tensor, name: str, node: Node | None) -> Tensor:
    """Make `x`, which was changed in place by the function of that name, the result of `node`. Returns `x`.

    Raises:
        RuntimeError: `x` is a leaf that requires grad, or a view of one.
    """
    _refuse_leaf(x, name)
    _stand_for(x, node)
    _rebase(x)
    return x


def _refuse_leaf(x: Tensor, name: str) -> None:
    while True:
        if isinstance(x._node, Leaf):
            raise RuntimeError(
                f"{name}: a leaf tensor that requires grad, of shape {x.shape}, or a view of it, can't be changed in "
                "place while operations are recorded; do it inside `with no_grad():`, or change a clone()"
            )
        if x._view is None or x._view.parent is None:
            return
        x = x._view.parent


def leave_behind(x: Tensor) -> Tensor:
    """A tensor that is what `x` was; whatever looked at `x` looks at that, so `x` may get other memory."""
    before = wrap(x.array, x._node)
    before._view, x._view = x._view, None
    if before._view is not None:
        family = before._view.family
        for other in list(family):
            if other._view is not None and other._view.parent is x:
                other._view.parent = before
        family.add(before)
    return before


def _stand_for(x: Tensor, node: Node | None) -> None:
    """Make `x` the result of `node`. If `x` retains its gradient, that is now the gradient there; other hooks stay."""
    if node is not None and x._node is not None and x._node.hooks and Retain.of(x._node):
        node.hooks = [*(node.hooks or ()), x._node.hooks.pop()]
    x._node = node


def _rebase(x: Tensor) -> None:
    """After a recorded change of `x`: what `x` is a view of follows, and all other views of that memory are retaken."""
    link = x._view
    if link is None:
        return
    current = {id(x)}
    child = x
    while link.parent is not None:
        parent = link.parent
        followed = index._put_view(wrap(parent.array, parent._node), wrap(child.array, child._node), link.op, link.args)
        _stand_for(parent, followed._node)
        current.add(id(parent))
        child, link = parent, parent._view
    for other in [t for t in link.family if t._view is not None]:
        stale = []
        while id(other) not in current and np.may_share_memory(other.array, x.array):
            stale.append(other)
            current.add(id(other))
            other = other._view.parent
        for view in reversed(stale):
            _stand_for(view, view._view.op.call(view._view.parent, *view._view.args)._node)


def replaced(x: Tensor, value: Any) -> Tensor:
    """What a tensor becomes when `value`, a tensor or number that broadcasts to it, is copied into it."""
    return index.setitem(x, ..., value)
