"""See the graph: a plain record of it, drawings made from the record, and the derivation of a gradient."""

from .derivation import Definition, Derivation, Formula, Step, Term
from .derive import derive
from .drawing import Drawing, draw, save
from .record import Edge, Record, Rule, Vertex
from .sites import sites
from .stats import Stats
from .writer import record

__all__ = [
    "Definition",
    "Derivation",
    "Drawing",
    "Edge",
    "Formula",
    "Record",
    "Rule",
    "Stats",
    "Step",
    "Term",
    "Vertex",
    "derive",
    "draw",
    "record",
    "save",
    "sites",
]
