"""Large arrays on every core: NumPy lets go of the interpreter's lock inside its loops.

BLAS has threads of its own; these are for the passes over memory between its calls.
"""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Array = np.ndarray[Any, Any]

WORTH = 2**19  # elements: a thread that has slept takes up to half a millisecond to begin
_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_pool: ThreadPoolExecutor | None = None


def get_num_threads() -> int:
    """How many threads work on one large array; at the start as many as there are cores to run on."""
    return _threads


def set_num_threads(num: int) -> None:
    """Let `num` threads work on one large array. BLAS, which multiplies matrices, has its own setting.

    Raises:
        RuntimeError: `num` isn't positive.
    """
    global _threads
    if num < 1:
        raise RuntimeError(f"set_num_threads: expected a positive number of threads, not {num}")
    _threads = num
    _forget_pool()


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_forget_pool)


def in_parts(work: Callable[[int, int], object], n: int, size: int) -> None:
    """Call `work(start, stop)` for parts of `range(n)` that are done in any order, at once if it pays.

    Args:
        n: the number of rows, or whatever the work is cut into.
        size: the number of elements that the whole work goes over.
    """
    global _pool
    parts = min(_threads, n)
    if parts <= 1 or size < WORTH:
        work(0, n)
        return
    if _pool is None:
        from concurrent.futures import ThreadPoolExecutor  # here, as it brings the logging that nobody may need

        _pool = ThreadPoolExecutor(_threads - 1, thread_name_prefix="tinygrad_lab")
    edges = [n * i // parts for i in range(parts + 1)]
    others = [
        _pool.submit(contextvars.copy_context().run, work, start, stop)  # the context holds NumPy's errstate
        for start, stop in pairwise(edges[1:])
    ]
    try:
        work(edges[0], edges[1])
    finally:
        for other in others:
            other.result()


def over_elements(f: Callable[..., object], *arrays: Array) -> Array:
    """The array that `f(*arrays, out)` writes, element by element; each core gets a part of long arrays.

    Arrays that lie in memory alike keep their layout.
    """
    first = arrays[0]
    out = np.empty_like(first)
    if first.size < WORTH:
        f(*arrays, out)
        return out
    order = sorted(range(first.ndim), key=lambda i: -first.strides[i])
    if all(a.strides == out.strides for a in arrays) and out.transpose(order).flags.c_contiguous:
        flat = [a.transpose(order).reshape(-1) for a in (*arrays, out)]
    else:
        out = np.empty(first.shape, first.dtype)
        flat = [np.ascontiguousarray(a).reshape(-1) for a in arrays] + [out.reshape(-1)]
    in_parts(lambda start, stop: f(*(a[start:stop] for a in flat)), out.size, out.size)
    return out


def spread(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """`ufunc`, in parts if its arguments are long arrays of one shape and floating dtype."""

    def call(x: Any, *more: Any) -> Any:
        if type(x) is not np.ndarray or x.size < WORTH or x.dtype.kind != "f":
            return ufunc(x, *more)
        alike = all(type(v) is np.ndarray and v.shape == x.shape and v.dtype == x.dtype for v in more)
        return over_elements(ufunc, x, *more) if alike else ufunc(x, *more)

    return call


def add_to(total: Any, x: Any) -> Any:
    """`total += x`, in parts if these are long arrays; returns the total, as a NumPy scalar isn't changed in place."""
    if total.size < WORTH or not total.flags.c_contiguous or not x.flags.c_contiguous:
        total += x
        return total
    sums, terms = total.reshape(-1), x.reshape(-1)

    def work(start: int, stop: int) -> None:
        sums[start:stop] += terms[start:stop]

    in_parts(work, sums.size, sums.size)
    return total
