"""The value of every op computed in another way, for one element at a time where it can be."""

from . import (
    activation,
    arrange,
    conv,
    diagonal,
    elementwise,
    index,
    linalg,
    loss,
    norm,
    part,
    pool,
    recurrent,
    reduce,
    scan,
    scatter,
    shape,
    sort,
    special,
)

FAMILIES = (
    elementwise,
    reduce,
    shape,
    index,
    linalg,
    loss,
    special,
    scan,
    sort,
    arrange,
    part,
    diagonal,
    scatter,
    pool,
    activation,
    norm,
    conv,
    recurrent,
)
REFERENCES = {name: f for family in FAMILIES for name, f in family.REFERENCES.items()}
