"""Drawings of graphs: on the screen of a notebook, and in files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..tensor import Tensor
from .dot import Direction, render, to_dot
from .record import Record
from .writer import Names, record

_FORMATS = (".dot", ".pdf", ".png", ".svg")


@dataclass(frozen=True)
class Drawing:
    """A drawing of `record`; a notebook shows it."""

    record: Record
    direction: Direction = "TB"

    @property
    def source(self) -> str:
        """The drawing in DOT, the language of Graphviz."""
        return str(to_dot(self.record, self.direction).source)

    def render(self, format: str = "svg") -> bytes:
        """The picture as "svg", "png" or "pdf".

        Raises:
            ImportError: there is no Graphviz to lay it out.
        """
        return render(to_dot(self.record, self.direction), format)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing in the format that the suffix names: .svg, .png, .pdf or .dot.

        Raises:
            ImportError: there is no Graphviz to lay it out; .dot needs none.
            ValueError: another suffix.
        """
        path = Path(path)
        format = path.suffix.lower()
        if format not in _FORMATS:
            raise ValueError(f"save: {path.name!r} must end in one of {', '.join(_FORMATS)}")
        write(path, self.source.encode() if format == ".dot" else self.render(format[1:]))
        return path

    def _repr_svg_(self) -> str:
        return self.render("svg").decode()


def draw(y: Tensor | Sequence[Tensor] | Record, names: Names = None, *, direction: Direction = "TB") -> Drawing:
    """Draw the graph of a result: parameters orange, operations blue, constants grey.

    Args:
        y: a result, several, or a record made earlier.
        names: what the tensors are called, a module or a dict from name to tensor; see `record`.
        direction: the way from inputs to results: "TB" from the top down, "LR" left to right.

    Raises:
        RuntimeError: a result doesn't require grad, so it has no graph.
    """
    return Drawing(y if isinstance(y, Record) else record(y, names), direction)


def save(
    y: Tensor | Sequence[Tensor] | Record,
    path: str | os.PathLike[str],
    names: Names = None,
    *,
    direction: Direction = "TB",
) -> Path:
    """Draw the graph of a result into a file: .svg, .png, .pdf or .dot. Returns the path.

    For the arguments see `draw`. A system `dot` lays the drawing out, or the Graphviz inside
    pygraphviz (`pip install "tinygrad_lab[render]"`).

    Raises:
        ImportError: there is no Graphviz; .dot needs none.
        RuntimeError: a result doesn't require grad, so it has no graph.
        ValueError: the path ends in another suffix.
    """
    return draw(y, names, direction=direction).save(path)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
