"""The ops, a family a file. Each is one definition: forward, rules, derivation, notation and domain together."""

from ..op import table
from . import (
    arithmetic,
    arrange,
    cast,
    compare,
    ctc,
    diagonal,
    elementwise,
    extreme,
    index,
    join,
    linalg,
    loss,
    norms,
    part,
    reduce,
    scan,
    shape,
    softmax,
)
