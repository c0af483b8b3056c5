"""Apple's GPUs, which aren't used."""

from __future__ import annotations


def is_available() -> bool:
    """Whether they can be used: no."""
    return False


def is_built() -> bool:
    """Whether this library could use them: no."""
    return False
