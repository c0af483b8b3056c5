"""A record as DOT, the language of Graphviz, and DOT as a picture."""

from __future__ import annotations

import shutil
from html import escape
from typing import Any, Literal, TypeAlias

from .record import Record, Vertex

Direction: TypeAlias = Literal["LR", "TB", "RL", "BT"]

# Okabe and Ito's orange and blue, which colour-blind people can tell apart, as light fills with
# dark borders; the outline differs too, for print in black and white.
_LOOKS: dict[str, dict[str, str]] = {
    "op": {"shape": "box", "style": "rounded,filled", "fillcolor": "#d9ebf7", "color": "#0072b2"},
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#fce5b6", "color": "#b87800"},
    "constant": {"shape": "box", "style": "filled", "fillcolor": "#f0f0f0", "color": "#a0a0a0"},
}
_SMALL = {"constant": 10, "leaf": 12, "op": 13}
_COMMUTE = {"add", "mul", "maximum", "minimum"}


def to_dot(record: Record, direction: Direction = "LR") -> Any:
    """The record as a `graphviz.Digraph`.

    Args:
        record: what to draw.
        direction: the way from inputs to results: "LR" left to right, "TB" from the top down.
    """
    import graphviz

    digraph = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "nodesep": "0.25",
            "ranksep": "0.35",
            "pad": "0.1",
            "fontname": "Helvetica",
        },
        node_attr={"fontname": "Helvetica", "margin": "0.12,0.06", "height": "0.3"},
        edge_attr={"color": "#606060", "arrowsize": "0.7", "fontname": "Helvetica"},
    )
    last = next(v for v in record.vertices if v.id == record.outputs[0])
    operands: dict[str, int] = {}
    for edge in record.edges:
        operands[edge.target] = operands.get(edge.target, 0) + 1
    op_of = {v.id: v.label for v in record.vertices}
    for vertex in record.vertices:
        result = {"penwidth": "2.5"} if vertex.id in record.outputs else {}
        digraph.node(vertex.id, _label(vertex, last.dtype), **_LOOKS[vertex.kind], **result)
    for edge in record.edges:
        tells = operands[edge.target] > 1 and op_of[edge.target] not in _COMMUTE
        digraph.edge(edge.source, edge.target, label=edge.operand if tells else None)
    return digraph


def _label(vertex: Vertex, usual_dtype: str | None) -> str:
    """Two lines: what it is, then in smaller type its name, options and shape."""
    size = _SMALL[vertex.kind]
    lines = [f'<font point-size="{size}">{escape(vertex.label)}</font>']
    if vertex.kind == "op":
        lines[0] = f"<b>{lines[0]}</b>"
    for key, value in vertex.options:
        lines.append(f"{escape(key)}={escape(value)}")
    tail = []
    if vertex.name is not None and vertex.name != vertex.label:
        tail.append(f"<i>{escape(vertex.name)}</i>")
    if vertex.shape is not None:
        tail.append(" × ".join(map(str, vertex.shape)) or "scalar")
        if vertex.dtype != usual_dtype:
            tail.append(str(vertex.dtype))
    if tail:
        lines.append(" · ".join(tail))
    small = [f'<font point-size="9" color="#404040">{line}</font>' for line in lines[1:]]
    return f"<{'<br/>'.join([lines[0], *small])}>"


def render(digraph: Any, format: str) -> bytes:
    """The picture of a `graphviz.Digraph` as "svg", "png" or "pdf".

    A system `dot` draws it if there is one, else the Graphviz inside pygraphviz.

    Raises:
        ImportError: there is neither.
    """
    digraph = digraph.copy()
    if format == "png":
        digraph.graph_attr["dpi"] = "150"
    if shutil.which("dot"):
        return digraph.pipe(format=format)  # type: ignore[no-any-return]  # graphviz has no types
    try:
        import pygraphviz
    except ImportError as error:
        raise ImportError(
            f"drawing a graph as {format} needs Graphviz: "
            'pip install "tinygrad_lab[render]" brings one along, or install the program `dot`; '
            "a .dot file can be saved without"
        ) from error
    picture = pygraphviz.AGraph(string=digraph.source).draw(format=format, prog="dot")
    assert isinstance(picture, bytes)
    return picture
