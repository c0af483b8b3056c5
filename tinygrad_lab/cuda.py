"""What `torch.cuda` says where there is no GPU: programs ask, and then do without."""

from __future__ import annotations


def is_available() -> bool:
    """Whether there are GPUs: no."""
    return False


def device_count() -> int:
    """The number of GPUs: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seed the generator of the current GPU: none."""


def manual_seed_all(seed: int) -> None:
    """Seed the generators of all GPUs: none."""


def empty_cache() -> None:
    """Free the memory of GPUs that isn't in use: none."""
