"""A scene as DOT, the language of Graphviz, and DOT as a picture."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections import Counter
from html import escape, unescape
from typing import Any, Literal, TypeAlias

from .palette import LEGEND, THEMES, Palette, Theme
from .scene import Box, Line, Scene

Direction: TypeAlias = Literal["TB", "LR", "BT", "RL"]

_SIZES = {"leaf": 12, "constant": 11}
_MANY_USES = 6  # a leaf or constant of more uses has a box beside each: long edges hide the rest, and take minutes
_LARGE = 150  # boxes: beyond, straight edges and fewer rounds of layout, for seconds instead of minutes
TOO_MANY = 2_500  # boxes: beyond, Graphviz takes minutes or more


def to_dot(found: Scene, direction: Direction = "TB", theme: Theme = "light", legend: bool = True) -> Any:
    """The scene as a `graphviz.Digraph`.

    Args:
        found: what to draw.
        direction: the way from inputs to results: "TB" from the top down, "LR" left to right.
        theme: "light" or "dark".
        legend: whether to say below what the colours mean.
    """
    import graphviz

    colours = THEMES[theme]
    digraph = graphviz.Digraph(
        graph_attr={
            "rankdir": direction,
            "nodesep": "0.25",
            "ranksep": "0.5" if found.view == "overlay" else "0.3",
            "pad": "0.1",
            "fontname": "Helvetica",
            "fontcolor": colours.text,
            "bgcolor": colours.page,
        },
        node_attr={"fontname": "Helvetica", "margin": "0.12,0.06", "height": "0.3", "fontcolor": colours.text},
        edge_attr={
            "fontname": "Helvetica",
            "fontsize": "10",
            "fontcolor": colours.grey,
            "color": colours.grey,
            "arrowsize": "0.7",
        },
    )
    uses = Counter(line.source for line in found.lines)
    box_of = {box.id: box for box in found.boxes}
    scattered = {b.id for b in found.boxes if b.kind in ("leaf", "constant") and uses[b.id] > _MANY_USES}

    tree: dict[tuple[str, ...], list[Box]] = {}
    for box in found.boxes:
        if box.id not in scattered:
            tree.setdefault(box.cluster, []).append(box)
    paths = sorted({path[:i] for path in tree for i in range(len(path) + 1)}, key=len, reverse=True)
    graphs: dict[tuple[str, ...], Any] = {}
    for path in paths:  # the innermost first: a cluster is written where it is complete
        graphs[path] = digraph if not path else _cluster(path, found, colours)
    for path in paths:
        for box in tree.get(path, ()):
            graphs[path].node(box.id, _label(box, colours), **_look(box, colours))
        if path:
            graphs[path[:-1]].subgraph(graphs[path])
    widths = _widths(found)
    for i, line in enumerate(found.lines):
        source, start = box_of[line.source], line.source
        if start in scattered:
            start = f"{start}_{i}"
            digraph.node(start, _label(source, colours), **_look(source, colours))
        look = _arrow(line, source, widths.get(i), colours)
        beside = _beside(line.label, float(look.get("penwidth", 1))) if line.label else None
        digraph.edge(start, line.target, label=beside, **look)
    if legend:
        digraph.graph_attr.update(label=_legend(found, colours), labelloc="b", labeljust="l")
    if len(found.boxes) > _LARGE:
        digraph.graph_attr.update(splines="line", nslimit="1", nslimit1="1", mclimit="0.1")
    return digraph


def _cluster(path: tuple[str, ...], found: Scene, colours: Palette) -> Any:
    import graphviz

    key = path[-1]
    repeat = key in found.titles
    return graphviz.Digraph(
        f"cluster_{'/'.join(path)}",
        graph_attr={
            "label": found.titles.get(key, key),
            "labelloc": "t",
            "labeljust": "r" if repeat else "l",
            "fontsize": "13" if repeat else "11",
            "fontcolor": colours.text if repeat else colours.grey,
            "color": colours.text if repeat else colours.cluster,
            "style": "rounded,dashed" if repeat else "rounded",
            "margin": "10",
        },
    )


def _look(box: Box, colours: Palette) -> dict[str, str]:
    fill, border = colours.box[box.kind]
    style = {"leaf": "filled", "constant": "filled", "further": "rounded,filled,dashed"}.get(box.kind, "rounded,filled")
    shape = "box" if box.kind != "group" else "box3d" if len(box.members) > 1 else "box"
    look = {"shape": shape, "style": "filled" if shape == "box3d" else style, "fillcolor": fill, "color": border}
    if box.result:
        look["penwidth"] = "2.5"
    if box.bad:
        look |= {"color": colours.bad, "penwidth": "2.5"}
    return look


def _label(box: Box, colours: Palette) -> str:
    """What the box is; below, in smaller type, an op's options, and name, shape and dtype."""
    head = f'<font point-size="{_SIZES.get(box.kind, 13)}">{escape(box.title)}</font>'
    head = head if box.kind in ("leaf", "constant") else f"<b>{head}</b>"
    if not box.lines:
        return f"<{head}>"
    small = "<br/>".join(f'<font point-size="10" color="{colours.grey}">{escape(s)}</font>' for s in box.lines)
    rows = "".join(f"<tr><td>{row}</td></tr>" for row in (head, small))
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="1">{rows}</table>>'


def _beside(text: str, width: float) -> str:
    """A label that keeps clear of its arrow, which Graphviz takes for a line without width."""
    return (
        f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="{math.ceil(2 + width / 2)}"><tr>'
        f"<td>{escape(text)}</td></tr></table>>"
    )


def _widths(found: Scene) -> dict[int, float]:
    """The width of each line by the norm of the gradient along it, on a logarithmic scale, in the overlay."""
    norms = {i: line.norm for i, line in enumerate(found.lines) if line.norm}
    if found.view != "overlay" or not norms:
        return {}
    top = max(norms.values())
    return {i: round(max(0.8, 4.5 + math.log10(norm / top)), 2) for i, norm in norms.items()}


def _arrow(line: Line, source: Box, width: float | None, colours: Palette) -> dict[str, str]:
    look = {"style": "dashed", "constraint": "false"} if line.again else {}
    if width is not None:
        look |= {"penwidth": str(width), "color": colours.flow}
    elif source.kind == "constant":
        look |= {"color": colours.faint}
    if line.bad:
        look |= {"color": colours.bad, "penwidth": "2.5"}
    return look


def _legend(found: Scene, colours: Palette) -> str:
    cells = []
    for kind in found.kinds:
        fill, border = colours.box[kind]
        cells.append(
            f'<td bgcolor="{fill}" color="{border}" border="1" width="14"></td>'
            f'<td border="0" align="left"><font point-size="10">{LEGEND[kind]}  </font></td>'
        )
    if any(box.bad for box in found.boxes):
        cells.append(
            f'<td color="{colours.bad}" border="2" width="14"></td>'
            '<td border="0" align="left"><font point-size="10">NaN or inf  </font></td>'
        )
    if found.view == "overlay":
        cells.append('<td border="0"><font point-size="10">width: norm of the gradient, logarithmic</font></td>')
    return f'<<table border="0" cellspacing="3" cellpadding="2"><tr>{"".join(cells)}</tr></table>>'


def render(digraph: Any, format: str) -> bytes:
    """The picture of a `graphviz.Digraph` as "svg", "png" or "pdf".

    A system `dot` draws it if there is one, else the Graphviz inside pygraphviz.

    Raises:
        ImportError: there is neither.
    """
    if format == "svg":
        return _above(_centred(_drawn(digraph.source, "svg").decode()), digraph.graph_attr["bgcolor"]).encode()
    return _drawn(_raised(digraph, "150" if format == "png" else "72"), format, placed=True)


def _raised(digraph: Any, dpi: str) -> str:
    """The graph in DOT with all places, where titles of clusters and labels of arrows are above all arrows."""
    placed = _drawn(_drawn(digraph.source, "dot").decode(), "dot", placed=True).decode()  # which moves it all to (0, 0)
    texts = _texts(json.loads(_drawn(placed, "json", placed=True)), digraph.graph_attr["bgcolor"])
    head, end, _ = placed.rpartition("}")
    return f"{head}outputorder=edgesfirst; dpi={dpi}; {''.join(texts)}{end}"


def _drawn(source: str, format: str, placed: bool = False) -> bytes:
    """A graph in DOT as Graphviz draws it; `placed`: as everything stands already."""
    if shutil.which("dot"):
        import graphviz

        options = {"engine": "neato", "neato_no_op": 2} if placed else {"engine": "dot"}
        drawn: bytes = graphviz.Source(source).pipe(format=format, **options)
        return drawn
    try:
        import pygraphviz
    except ImportError as error:
        raise ImportError(
            f"drawing a graph as {format} needs Graphviz: "
            'pip install "tinygrad_lab[render]" brings one along, or install the program `dot`; '
            "a .dot file can be saved without"
        ) from error
    graph = pygraphviz.AGraph(string=source)
    graph.has_layout = placed
    picture = graph.draw(format=format, prog=None if placed else "dot")
    assert isinstance(picture, bytes)
    return picture


def _texts(graph: dict[str, Any], page: str) -> list[str]:
    """The titles of clusters and the labels of arrows once more, as vertices on the page's colour: above all arrows.

    Args:
        graph: Graphviz's JSON of the graph, with all places.
        page: the page's colour.
    """
    labelled = [part for part in (*graph.get("objects", ()), *graph.get("edges", ())) if "lp" in part]
    return [
        f'"text {i}" [shape=plain, style=filled, pos="{part["lp"]}", label="{_plain(part["label"])}", '
        f'fillcolor="{page}", fontsize={part["fontsize"]}, fontcolor="{part["fontcolor"]}"];'
        for i, part in enumerate(labelled)
    ]


def _plain(label: str) -> str:
    """The words of a label, which may be a table, as a string of DOT."""
    words = unescape(re.sub("<[^>]*>", "", label)) if label.startswith("<") else label
    return words.replace("\\", "\\\\").replace('"', '\\"')


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


def _above(svg: str, page: str) -> str:
    """The titles of clusters and the labels of arrows above all arrows, in a seam of the page's colour."""
    seam = f'<text paint-order="stroke" stroke="{page}" stroke-width="4" stroke-linejoin="round"'
    texts: list[str] = []

    def taken(group: re.Match[str]) -> str:
        found = re.findall(r"<text.*?</text>\n?", group[0], flags=re.DOTALL)
        texts.extend(text.replace("<text", seam, 1) for text in found)
        return re.sub(r"<text.*?</text>\n?", "", group[0], flags=re.DOTALL)

    svg = re.sub(r'<g id="(?:clust|edge)\d+" class="(?:cluster|edge)">.*?\n</g>', taken, svg, flags=re.DOTALL)
    head, end, tail = svg.rpartition("</g>")
    return f"{head}{''.join(texts)}{end}{tail}"
