"""Data sets: generated ones, and readers of official formats."""

from .generated import linear, spirals, xor, xor_diagonal
from .idx import read_idx
from .mnist import MNIST, FashionMNIST

__all__ = ["xor", "xor_diagonal", "linear", "spirals", "MNIST", "FashionMNIST", "read_idx"]
