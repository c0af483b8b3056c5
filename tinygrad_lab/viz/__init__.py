"""See the graph: a plain record of it, and drawings made from the record."""

from .drawing import Drawing, draw, save
from .record import Edge, Record, Vertex, record

__all__ = ["Drawing", "Edge", "Record", "Vertex", "draw", "record", "save"]
