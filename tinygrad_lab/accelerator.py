"""What `torch.accelerator` says where there is none."""

from __future__ import annotations

from .devices import device


def is_available() -> bool:
    """Whether there is an accelerator: no."""
    return False


def current_accelerator() -> device | None:
    """The accelerator in use: none."""
    return None


def device_count() -> int:
    """The number of accelerators: 0."""
    return 0
