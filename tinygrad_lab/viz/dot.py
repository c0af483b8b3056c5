"""A record as DOT, the language of Graphviz, and DOT as a picture."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from html import escape
from typing import Any, Literal, TypeAlias

from .record import Record, Vertex

Direction: TypeAlias = Literal["TB", "LR", "BT", "RL"]

# Hues of Okabe and Ito, which colour-blind people can tell apart: light fills, dark borders. The
# outlines differ too, for print in black and white.
_LOOKS = {
    "op": {"shape": "box", "style": "rounded,filled", "fillcolor": "#d9ebf7", "color": "#0072b2"},
    "leaf": {"shape": "box", "style": "filled", "fillcolor": "#fce5b6", "color": "#b87800"},
    "constant": {"shape": "box", "style": "filled", "fillcolor": "#f0f0f0", "color": "#a0a0a0"},
}
_FURTHER = {"style": "rounded,filled,dashed", "fillcolor": "#d5efe6", "color": "#007a59"}
_GREY = "#505050"

_SIZES = {"op": 13, "leaf": 12, "constant": 11}
_COMMUTE = {"add", "mul", "maximum", "minimum"}

_MANY_USES = 6  # a leaf or constant of more uses has a box beside each: long edges hide the rest, and take minutes
_LARGE = 150  # vertices: beyond, straight edges and fewer rounds of layout, for seconds instead of minutes


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
    vertex_of = {vertex.id: vertex for vertex in record.vertices}
    uses = Counter(edge.source for edge in record.edges)
    usual = vertex_of[record.outputs[0]].dtype
    forward = _leading_to(record.outputs[0], record)

    def box(vertex: Vertex, name: str) -> str:
        further = {} if vertex.kind != "op" or vertex.id in forward else _FURTHER
        result = {"penwidth": "2.5"} if vertex.id in record.outputs else {}
        digraph.node(name, _label(vertex, usual), **{**_LOOKS[vertex.kind], **further, **result})
        return name

    def beside_its_uses(vertex: Vertex) -> bool:
        return vertex.kind != "op" and uses[vertex.id] > _MANY_USES

    for vertex in record.vertices:
        if not beside_its_uses(vertex):
            box(vertex, vertex.id)
    for i, edge in enumerate(record.edges):
        source, target = vertex_of[edge.source], vertex_of[edge.target]
        told = target.label in _COMMUTE or edge.operand == "input" or source.label.endswith(edge.operand)
        start = box(source, f"{source.id}_{i}") if beside_its_uses(source) else source.id
        digraph.edge(start, target.id, label=None if told else edge.operand)
    if len(record.vertices) > _LARGE:
        digraph.graph_attr.update(splines="line", nslimit="1", nslimit1="1", mclimit="0.1")
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
