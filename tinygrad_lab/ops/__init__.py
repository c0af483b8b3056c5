"""The ops, a family a file. Each is one definition: forward, rules, derivation, notation and domain together."""

from ..op import table
from . import arithmetic, cast, compare, conv, elementwise, index, linalg, loss, reduce, shape
