"""NVIDIA's library for GPUs, which isn't there; its settings may be set, as in PyTorch without GPUs."""

from __future__ import annotations

benchmark = False
deterministic = False
enabled = False


def is_available() -> bool:
    """Whether it is there: no."""
    return False
