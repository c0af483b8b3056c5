"""A record as DOT, the language of Graphviz, and DOT as a picture."""

from __future__ import annotations

import re
import shutil
from html import escape
from typing import Any, Literal, TypeAlias

from .record import Record, Vertex

Direction: TypeAlias = Literal["TB", "LR", "BT", "RL"]

# Hues of Okabe and Ito, which colour-blind people can tell apart: light fills, dark borders. The
# outlines differ too, for print in black and white.
_FORWARD = {"shape": "box", "style": "rounded,filled", "fillcolor": "#d9ebf7", "color": "#0072b2"}
_FURTHER = {**_FORWARD, "style": "rounded,filled,dashed", "fillcolor": "#d5efe6", "color": "#007a59"}
_LEAF = {"shape": "box", "style": "filled", "fillcolor": "#fce5b6", "color": "#b87800"}
_CONSTANT = {"shape": "box", "style": "filled", "fillcolor": "#f0f0f0", "color": "#a0a0a0"}
_GREY = "#505050"

_SIZES = {"op": 13, "leaf": 12, "constant": 11}
_COMMUTE = {"add", "mul", "maximum", "minimum"}


def to_dot(record: Record, direction: Direction = "TB") -> Any:
    """The record as a `graphviz.Digraph`.

    Args:
        record: what to draw.
        direction: the way from inputs to results: "TB" from the top down, "LR" left to right.
    """
    import graphviz

    digraph = graphviz.Digraph(
        graph_attr={"rankdir": direction, "nodesep": "0.25", "ranksep": "0.3", "pad": "0.1"},
        node_attr={"fontname": "Helvetica", "margin": "0.12,0.06", "height": "0.3"},
        edge_attr={
            "fontname": "Helvetica",
            "fontsize": "10",
            "fontcolor": _GREY,
            "color": _GREY,
            "arrowsize": "0.7",
        },
    )
    label_of = {vertex.id: vertex.label for vertex in record.vertices}
    usual = next(vertex.dtype for vertex in record.vertices if vertex.id == record.outputs[0])
    forward = _leading_to(record.outputs[0], record)
    looks = {"leaf": _LEAF, "constant": _CONSTANT}
    for vertex in record.vertices:
        look = looks.get(vertex.kind) or (_FORWARD if vertex.id in forward else _FURTHER)
        result = {"penwidth": "2.5"} if vertex.id in record.outputs else {}
        digraph.node(vertex.id, _label(vertex, usual), **look, **result)
    for edge in record.edges:
        source, target = label_of[edge.source], label_of[edge.target]
        told = target in _COMMUTE or edge.operand == "input" or source.endswith(edge.operand)
        digraph.edge(edge.source, edge.target, label=None if told else edge.operand)
    return digraph


def _leading_to(id_: str, record: Record) -> set[str]:
    """The ids of the vertices that the vertex `id_` depends on, and its own."""
    found = {id_}
    position = {vertex.id: i for i, vertex in enumerate(record.vertices)}
    for edge in sorted(record.edges, key=lambda edge: position[edge.target], reverse=True):
        if edge.target in found:
            found.add(edge.source)
    return found


def _label(vertex: Vertex, usual_dtype: str | None) -> str:
    """What the vertex is; below, in smaller type, an op's options, and name, shape and dtype."""
    head = f'<font point-size="{_SIZES[vertex.kind]}">{escape(vertex.label)}</font>'
    lines = [f"{key}={value}" for key, value in vertex.options]
    facts = []
    if vertex.name is not None and vertex.name != vertex.label:
        facts.append(vertex.name)
    if vertex.shape is not None:
        facts.append(" × ".join(map(str, vertex.shape)) or "scalar")
        if vertex.dtype is not None and vertex.dtype != usual_dtype:
            facts.append(vertex.dtype)
    lines.append(" · ".join(facts))
    small = [f'<font point-size="10" color="{_GREY}">{escape(s)}</font>' for s in lines if s]
    return f"<{'<br/>'.join([f'<b>{head}</b>' if vertex.kind == 'op' else head, *small])}>"


def render(digraph: Any, format: str) -> bytes:
    """The picture of a `graphviz.Digraph` as "svg", "png" or "pdf".

    A system `dot` draws it if there is one, else the Graphviz inside pygraphviz.

    Raises:
        ImportError: there is neither.
    """
    digraph = digraph.copy()
    if format == "png":
        digraph.graph_attr["dpi"] = "150"
    picture = _by_graphviz(digraph, format)
    return _centred(picture.decode()).encode() if format == "svg" else picture


def _by_graphviz(digraph: Any, format: str) -> bytes:
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


def _centred(svg: str) -> str:
    """Every line of text in the middle of its box, whatever font the reader has.

    Graphviz places the left end of a line, for the width that the line has in its own font.
    """

    def anchor(node: re.Match[str]) -> str:
        outline = re.search(r' (?:d|points)="([^"]*)"', node[0])
        assert outline is not None, "every node has one"
        xs = [float(x) for x in re.findall(r"(-?[\d.]+),-?[\d.]+", outline[1])]
        middle = f'text-anchor="middle" x="{(min(xs) + max(xs)) / 2:.2f}"'
        return re.sub(r'text-anchor="start" x="[^"]*"', middle, node[0])

    return re.sub(r'<g id="node\d+" class="node">.*?</g>', anchor, svg, flags=re.DOTALL)
