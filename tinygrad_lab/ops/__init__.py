"""The ops, a family a file. Each is one definition: forward, rules, derivation, notation and domain together."""

from ..op import table
from . import (
    activation,
    arithmetic,
    attention,
    cast,
    compare,
    elementwise,
    index,
    linalg,
    loss,
    norm,
    reduce,
    rounding,
    sampling,
    shape,
    special,
    trigonometric,
)
