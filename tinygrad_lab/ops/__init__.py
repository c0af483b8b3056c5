"""The ops, a family a file. Each is one definition: forward, rules, derivation, notation and domain together."""

from ..op import table
from . import (
    arithmetic,
    cast,
    compare,
    distance,
    einsum,
    elementwise,
    extreme,
    factor,
    index,
    legacy,
    linalg,
    loss,
    matrices,
    matrix_functions,
    norms,
    reduce,
    scan,
    sets,
    shape,
    softmax,
    solve,
    sort,
    statistics,
)
