"""Elementwise formulas of long arrays, computed on all cores.

NumPy lets go of the interpreter while it computes, so threads do; each element is computed as it would be alone.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

PART = 1 << 16  # elements: shorter parts don't make up for the time that it takes to start a thread on them

_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_jobs: queue.SimpleQueue[Callable[[], object]] | None = None


def set_num_threads(threads: int) -> None:
    """Set on how many cores exponentials and the like of long tensors are computed; BLAS has a setting of its own.

    Raises:
        RuntimeError: not a positive number.
    """
    global _threads
    if threads < 1:
        raise RuntimeError(f"set_num_threads: the number of threads must be positive, not {threads}")
    _threads = threads


def get_num_threads() -> int:
    """On how many cores exponentials and the like of long tensors are computed: all there are, at the start."""
    return _threads


def _work(jobs: queue.SimpleQueue[Callable[[], object]]) -> None:
    while True:
        jobs.get()()


def _crew() -> queue.SimpleQueue[Callable[[], object]]:
    """Where to put jobs for the other threads, which are started when there is the first."""
    global _jobs
    if _jobs is None:
        _jobs = queue.SimpleQueue()
        for _ in range((os.cpu_count() or 1) - 1):
            threading.Thread(target=_work, args=(_jobs,), name="tinygrad_lab", daemon=True).start()
    return _jobs


def _forget_crew() -> None:
    global _jobs
    _jobs = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_crew)  # threads don't survive a fork


def in_parts(f: Callable[..., object], *arrays: Array) -> Array:
    """The array that `f(*arrays, out)` writes, element by element; each core gets one part of long arrays."""
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    count = min(_threads, out.size // PART)
    if count < 2:
        f(*arrays, out)
        return out
    flat = [a.reshape(-1) for a in (*arrays, out)]  # a copy of what doesn't lie in order
    ends = [out.size * i // (count * 64) * 64 for i in range(count)] + [out.size]
    first, *others = ([a[i:j] for a in flat] for i, j in itertools.pairwise(ends))
    done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for part in others:
        # the context has NumPy's errstate
        _crew().put(functools.partial(contextvars.copy_context().run, _report, done, f, part))
    f(*first)
    errors = [done.get() for _ in others]
    for error in filter(None, errors):
        raise error
    return out


def _report(done: queue.SimpleQueue[BaseException | None], f: Callable[..., object], part: list[Array]) -> None:
    """Compute a part; what goes wrong is for the thread that asked."""
    try:
        f(*part)
    except BaseException as error:
        done.put(error)
    else:
        done.put(None)


def spread(ufunc: Callable[..., Any]) -> Callable[[Array], Any]:
    """`ufunc` of one variable, in parts if that is long."""

    def call(x: Array) -> Any:
        if type(x) is np.ndarray and x.size >= 2 * PART and x.dtype.kind == "f" and x.flags.c_contiguous:
            return in_parts(ufunc, x)
        return ufunc(x)

    return call
