"""What computes for PyTorch, and isn't here: programs ask whether it is there, and set how it chooses."""

from . import cudnn, mps

__all__ = ["cudnn", "mps"]
