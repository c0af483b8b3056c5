"""Drawings of graphs: on the screen of a notebook, and in files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..backward import run_backward
from ..graph import Leaf, toposort
from ..tensor import Tensor
from .dot import TOO_MANY, Direction, render, to_dot
from .page import to_html
from .palette import Theme
from .record import Record
from .scene import LIMIT, Scene, View, scene
from .text import to_mermaid, to_text
from .writer import Names, named, record, without_hooks

_FORMATS = (".dot", ".html", ".json", ".md", ".pdf", ".png", ".svg", ".txt")
_STEPS = 400  # vertices: up to so many, a page walks through the gradients, which `save` then computes


@dataclass(frozen=True)
class Drawing:
    """A drawing of `record`; a notebook shows it. For what the fields mean see `draw`."""

    record: Record
    direction: Direction = "TB"
    view: View = "forward"
    depth: int | None = None
    limit: int | None = LIMIT
    fold: bool = True
    theme: Theme = "light"
    legend: bool = True

    @property
    def scene(self) -> Scene:
        """The boxes and lines that are shown."""
        return scene(self.record, self.depth, self.view, self.limit, self.fold)

    @property
    def source(self) -> str:
        """The drawing in DOT, the language of Graphviz."""
        return str(to_dot(self.scene, self.direction, self.theme, self.legend).source)

    def render(self, format: str = "svg") -> bytes:
        """The picture as "svg", "png" or "pdf".

        Raises:
            ImportError: there is no Graphviz to lay it out.
            RuntimeError: there are too many boxes for Graphviz to end.
        """
        found = self.scene
        if len(found.boxes) > TOO_MANY:
            raise RuntimeError(
                f"render: {len(found.boxes)} boxes are more than Graphviz lays out in minutes and a person reads; "
                f"leave limit={LIMIT}, or lower depth="
            )
        return render(to_dot(found, self.direction, self.theme, self.legend), format)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing in the format that the suffix names.

        .svg, .png, .pdf are laid out by Graphviz; .dot is its language; .html the page to click through; .json the
        record; .txt a tree; .md a Mermaid flowchart.

        Raises:
            ImportError: there is no Graphviz to lay it out; only the first three need it.
            ValueError: another suffix.
        """
        path = Path(path)
        format = path.suffix.lower()
        if format not in _FORMATS:
            raise ValueError(f"save: {path.name!r} must end in one of {', '.join(_FORMATS)}")
        write(path, self._content(format))
        return path

    def _content(self, format: str) -> bytes:
        if format == ".json":
            return self.record.to_json(indent=1).encode()
        if format == ".dot":
            return self.source.encode()
        if format == ".html":
            return to_html(self.record, self.theme, path_title(self.record)).encode()
        if format == ".md":
            return to_mermaid(self.scene, self.direction, self.theme).encode()
        if format == ".txt":
            return to_text(self.scene).encode()
        return self.render(format[1:])

    def _repr_svg_(self) -> str:
        return self.render("svg").decode()


def path_title(found: Record) -> str:
    """What the graph leads to, in a word."""
    result = next(v for v in found.vertices if v.id == found.outputs[0])
    return result.name or result.label


def draw(
    y: Tensor | Sequence[Tensor] | Record,
    names: Names = None,
    *,
    direction: Direction = "TB",
    view: View = "forward",
    depth: int | None = None,
    limit: int | None = LIMIT,
    fold: bool = True,
    theme: Theme = "light",
    legend: bool = True,
) -> Drawing:
    """Draw the graph of a result: parameters orange, operations blue, constants grey, NaN and infinities red.

    Args:
        y: a result, several, or a record made earlier.
        names: what the tensors are called, a module or a dict from name to tensor; see `record`.
        direction: the way from inputs to results: "TB" from the top down, "LR" left to right.
        view: "forward"; "backward", the graph of the gradients of the leaves, which create_graph builds; "overlay",
            value and gradient in each box, arrows as wide as the gradient's norm, and why there is none where there is
            none.
        depth: how many levels of modules are opened; None: as many as `limit` allows.
        limit: about how many boxes are shown: beyond, modules are collapsed and repeated blocks shown once. None: all.
        fold: whether a layer's parameters stand inside its boxes.
        theme: "light" or "dark".
        legend: whether to say below what the colours mean.

    Raises:
        RuntimeError: a result doesn't require grad, so it has no graph.
    """
    if not isinstance(y, Record):
        if view == "backward":
            y, names = _with_gradients(y, names)
        y = record(y, names, gradients=view == "overlay")
    return Drawing(y, direction, view, depth, limit, fold, theme, legend)


def _with_gradients(y: Tensor | Sequence[Tensor], names: Names) -> tuple[list[Tensor], dict[str, Tensor]]:
    """The first result and the gradients of the named leaves, or of all, with names for them."""
    result = y if isinstance(y, Tensor) else y[0]
    known = named(names)
    if result._node is None:
        raise RuntimeError(f"draw: this tensor of shape {result.shape} doesn't require grad and has no graph")
    order = toposort([result._node])
    leaves = {name: t for name, t in known.items() if isinstance(t._node, Leaf) and t._node in set(order)}
    if not leaves:
        raise RuntimeError('draw: view="backward" needs names= of leaves that the result depends on')
    ones = [result.detach() * 0 + 1]
    with without_hooks(order):
        found = run_backward([result], ones, create_graph=True, inputs=list(leaves.values()))
    gradients = {f"∂/∂{n}": g for n, g in zip(leaves, found, strict=True) if g is not None and g._node is not None}
    return [result, *gradients.values()], {**known, **gradients}


def save(
    y: Tensor | Sequence[Tensor] | Record,
    path: str | os.PathLike[str],
    names: Names = None,
    *,
    direction: Direction = "TB",
    view: View = "forward",
    depth: int | None = None,
    limit: int | None = LIMIT,
    fold: bool = True,
    theme: Theme = "light",
    legend: bool = True,
) -> Path:
    """Draw the graph of a result into a file: .svg, .png, .pdf, .html, .dot, .json, .txt or .md. Returns the path.

    For the arguments see `draw`. A system `dot` lays pictures out, or the Graphviz inside pygraphviz
    (`pip install "tinygrad_lab[render]"`); .html, .dot, .json, .txt and .md need neither. For a page of up to 400
    vertices, and for JSON with view="overlay", the gradients are computed and shown; no `.grad` changes.

    Raises:
        ImportError: there is no Graphviz, and the format needs it.
        RuntimeError: a result doesn't require grad, so it has no graph.
        ValueError: the path ends in another suffix.
    """
    if not isinstance(y, Record) and view != "backward" and Path(path).suffix.lower() == ".html":
        y = _for_a_page(y, names)
    drawing = draw(
        y, names, direction=direction, view=view, depth=depth, limit=limit, fold=fold, theme=theme, legend=legend
    )
    return drawing.save(path)


def _for_a_page(y: Tensor | Sequence[Tensor], names: Names) -> Record:
    """The record with gradients where the graph is small enough to step through, and not freed."""
    outputs = [y] if isinstance(y, Tensor) else list(y)
    order = toposort(t._node for t in outputs if t._node is not None)
    alive = all(node.op is None or node.args is not None for node in order)
    return record(y, names, gradients=alive and len(order) <= _STEPS)


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
