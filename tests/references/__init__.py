"""The value of every op computed in another way, for one element at a time where it can be."""

from . import conv, elementwise, index, linalg, loss, reduce, shape

FAMILIES = (elementwise, reduce, shape, index, linalg, loss, conv)
REFERENCES = {name: f for family in FAMILIES for name, f in family.REFERENCES.items()}
