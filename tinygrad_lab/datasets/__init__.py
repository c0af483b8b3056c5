"""Data sets: generated ones, and readers of official formats."""

from . import transforms
from .cifar import CIFAR10, CIFAR100
from .generated import linear, spirals, xor, xor_diagonal
from .idx import read_idx
from .mnist import MNIST, FashionMNIST
from .text import BytePairTokenizer, CharacterTokenizer, TextBlocks

__all__ = [
    "xor",
    "xor_diagonal",
    "linear",
    "spirals",
    "MNIST",
    "FashionMNIST",
    "CIFAR10",
    "CIFAR100",
    "read_idx",
    "CharacterTokenizer",
    "BytePairTokenizer",
    "TextBlocks",
    "transforms",
]
