"""PyTorch's torch.utils: data loading, and checkpoints that save memory."""

from . import checkpoint, data

__all__ = ["checkpoint", "data"]
