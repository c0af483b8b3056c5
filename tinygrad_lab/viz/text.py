"""A scene as text: a tree for a terminal, and Mermaid for Markdown. Neither needs anything installed."""

from __future__ import annotations

from .dot import Direction
from .palette import LEGEND, THEMES, Theme
from .scene import Box, Scene


def to_text(found: Scene) -> str:
    """One line for each box, results first, operands indented below; what stood there already is "↑".

    The walk is iterative: a chain of thousands is as fine as one of three.
    """
    box_of = {box.id: box for box in found.boxes}
    inputs: dict[str, list[tuple[str, str]]] = {}
    for line in found.lines:
        if not line.again:
            inputs.setdefault(line.target, []).append((line.source, line.label))
    used = {line.source for line in found.lines if not line.again}
    roots = [box for box in found.boxes if box.id not in used] or found.boxes[-1:]
    lines: list[str] = []
    done: set[str] = set()
    # A box of one operand continues its line's indent: a chain stays a column, and only forks go deeper.
    stack: list[tuple[str, str, str, str]] = [(root.id, "", "", "") for root in roots[::-1]]
    while stack:
        id_, label, before, below = stack.pop()
        again = id_ in done and bool(inputs.get(id_))
        lines.append(f"{before}{label + ': ' if label else ''}{_words(box_of[id_], found)}{'  ↑' if again else ''}")
        if again:
            continue
        done.add(id_)
        children = inputs.get(id_, [])
        for i, (source, name) in reversed(list(enumerate(children))):
            last = i == len(children) - 1
            if len(children) == 1:
                stack.append((source, name, below, below))
            else:
                stack.append((source, name, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")))
    return "\n".join(lines) + "\n"


def _words(box: Box, found: Scene) -> str:
    repeats = [found.titles[c] for c in box.cluster if c in found.titles]
    facts = [*box.lines, *(f"in a block {r}" for r in repeats)]
    module = f"{box.module}: " if box.module and box.kind not in ("group", "leaf") else ""
    return f"{module}{box.title}{'  (' + '; '.join(facts) + ')' if facts else ''}"


def to_mermaid(found: Scene, direction: Direction = "TB", theme: Theme = "light") -> str:
    """The scene as a Mermaid flowchart in a Markdown fence, as GitHub and GitLab show it."""
    colours = THEMES[theme]
    lines = ["```mermaid", f"flowchart {direction}"]
    lines += [
        f"  classDef {kind} fill:{colours.box[kind][0]},stroke:{colours.box[kind][1]},color:{colours.text}"
        for kind in found.kinds
    ]
    if any(box.bad for box in found.boxes):
        lines.append(f"  classDef bad stroke:{colours.bad},stroke-width:3px")
    opened: tuple[str, ...] = ()
    ids: dict[str, str] = {}

    def close(until: int) -> None:
        nonlocal opened
        while len(opened) > until:
            lines.append("  " * len(opened) + "end")
            opened = opened[:-1]

    for box in sorted(found.boxes, key=lambda box: box.cluster):
        common = 0
        while common < min(len(opened), len(box.cluster)) and opened[common] == box.cluster[common]:
            common += 1
        close(common)
        for key in box.cluster[common:]:
            name = ids.setdefault(key, f"m{len(ids)}")
            lines.append("  " * (len(opened) + 1) + f'subgraph {name}["{_quoted(found.titles.get(key, key))}"]')
            opened = (*opened, key)
        text = "<br/>".join(_quoted(s) for s in (box.title, *box.lines))
        ends = ("[", "]") if box.kind in ("leaf", "constant") else ("[[", "]]") if box.kind == "group" else ("(", ")")
        lines.append("  " * (len(opened) + 1) + f'{box.id}{ends[0]}"{text}"{ends[1]}:::{box.kind}')
    close(0)
    for line in found.lines:
        arrow = "-.->" if line.again else "-->"
        label = f'|"{_quoted(line.label)}"|' if line.label else ""
        lines.append(f"  {line.source} {arrow}{label} {line.target}")
    bad = [box.id for box in found.boxes if box.bad]
    if bad:
        lines.append(f"  class {','.join(bad)} bad")
    shown = ", ".join(f"{_HUES[kind]} {LEGEND[kind]}" for kind in found.kinds)
    return "\n".join([*lines, "```", "", shown.capitalize() + ".", ""])


_HUES = {"leaf": "orange:", "op": "blue:", "further": "green:", "group": "purple:", "constant": "grey:"}


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
