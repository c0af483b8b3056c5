"""Which worker of a loader this process is."""

from __future__ import annotations

from typing import Any, NamedTuple


class WorkerInfo(NamedTuple):
    """Which worker this process is.

    Attributes:
        id: from 0.
        num_workers: how many there are.
        seed: of this worker's default generator.
        dataset: this worker's copy of the data set.
    """

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Which worker of a `DataLoader` this process is, by which a stream can tell its share; None: it is none."""
    return _info


def set_worker_info(info: WorkerInfo) -> None:
    """Make this process the worker `info`."""
    global _info
    _info = info
