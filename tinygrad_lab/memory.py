"""What was changed in place, when and where: the reason why a stale value never makes a wrong gradient.

One clock ticks whenever a node is made and whenever an array is changed in place. A value that a node saved is stale
if its memory changed after the node was made. Memory is known by the array that owns it, so every view, detached
tensor and NumPy alias of one array shares one record, and an operation that changes nothing pays nothing.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

tick = itertools.count(1).__next__

# The C library gives the memory of a freed large array back to the system, and the next one pays for every page anew,
# until it has seen an array of that size freed once. So it is shown one, which costs nothing, as no page is touched.
np.empty(2**25 - 2**16, np.uint8)

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_changes: dict[int, tuple[weakref.ref[Any], Change]] = {}


class Change(NamedTuple):
    """The last change in place of some memory: its tick, the operation's name and the line that asked for it."""

    time: int
    op: str
    site: str


last_change = 0


def user_site() -> str:
    """`file:line` of the innermost frame outside this package: the line that a person wrote."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def owner(array: Any) -> Any:
    """The array that owns the memory `array` looks at."""
    while (base := getattr(array, "base", None)) is not None:
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # NumPy's as_strided puts an object of its own in between
            if not isinstance(base, np.ndarray):
                break
        array = base
    return array


def recognised(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The array, with NumPy's own dtype object: an unpickled array has a copy of it, which `is` doesn't know."""
    dtype = np.dtype(array.dtype.type)
    return array if array.dtype is dtype or array.dtype != dtype else array.view(dtype)


def touch(op: str, *arrays: Any, site: str | None = None) -> None:
    """Note that the memory of `arrays` was changed in place by `op`."""
    global last_change
    last_change = tick()
    change = Change(last_change, op, site or user_site())
    for array in arrays:
        whole = owner(array)
        key = id(whole)
        known = _changes.get(key)
        ref = known[0] if known else weakref.ref(whole, functools.partial(_forget, key))
        _changes[key] = ref, change


def _forget(key: int, _: Any) -> None:
    _changes.pop(key, None)


def changed_since(array: Any, time: int) -> Change | None:
    """The last change in place of the memory of `array`, if it came after `time`."""
    known = _changes.get(id(owner(array)))
    return known[1] if known and known[1].time > time else None


class View:
    """How a tensor looks at another's memory: `op(parent, *args)`, and all tensors that look at the same memory."""

    __slots__ = ("args", "family", "op", "parent")

    family: weakref.WeakSet[Any]

    def __init__(self, view: Any, parent: Any, op: Any, args: Sequence[Any]) -> None:
        self.parent = parent
        self.op = op
        self.args = args
        above = parent._view
        if above is None:
            above = parent._view = View.__new__(View)
            above.parent, above.op, above.args, above.family = None, None, (), weakref.WeakSet((parent,))
        self.family = above.family
        self.family.add(view)


_shared: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()


def keep_order(array: np.ndarray[Any, Any]) -> None:
    """Note that others share this memory who aren't views, so that no tensor on it is given other memory."""
    if not array.flags.c_contiguous:
        whole = owner(array)
        _shared[id(whole)] = whole


def base_of(tensor: Any) -> Any:
    """The tensor that `tensor` is a view of, over however many views; itself if it is none."""
    while tensor._view is not None and tensor._view.parent is not None:
        tensor = tensor._view.parent
    return tensor


def lies_freely(tensor: Any) -> bool:
    """Whether an op chose the order in which the elements lie in memory, and not a person, with a view or an array.

    In what order a result lies is the op's own affair, until somebody asks for it or shares the memory.
    """
    if tensor.array.flags.c_contiguous:
        return False
    array = base_of(tensor).array
    return not array.flags.c_contiguous and id(owner(array)) not in _shared


def lay_in_order(tensor: Any) -> None:
    """Give a tensor that lies freely the order of its dimensions in memory, and what it is a view of, and their views.

    What is saved for backward is the old memory, which nobody changes any more.
    """
    if not lies_freely(tensor):
        return
    base = base_of(tensor)
    base.array = np.ascontiguousarray(base.array)
    if base._view is not None:
        laid = {id(base)}
        for view in tuple(base._view.family):
            _follow(view, laid)


def _follow(tensor: Any, laid: set[int]) -> None:
    link = tensor._view
    if id(tensor) not in laid and link is not None and link.parent is not None:
        laid.add(id(tensor))
        _follow(link.parent, laid)
        tensor.array = link.op.forward(link.parent.array, *link.args)
