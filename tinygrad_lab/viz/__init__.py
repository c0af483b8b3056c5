"""See the graph: a plain record of it, and drawings made from the record."""

from .drawing import Drawing, draw, save
from .record import Edge, Record, Rule, Vertex
from .sites import sites
from .stats import Stats
from .writer import record

__all__ = ["Drawing", "Edge", "Record", "Rule", "Stats", "Vertex", "draw", "record", "save", "sites"]
