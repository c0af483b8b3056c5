"""What works on modules and sequences: PyTorch's `torch.nn.utils`."""

from . import rnn

__all__ = ["rnn"]
