"""A record as one HTML page without network: to pan, search, collapse, click, and to step through both passes."""

from __future__ import annotations

import itertools
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from .layout import layout
from .palette import LEGEND, THEMES, Theme
from .record import Record, Vertex
from .scene import Scene, scene
from .stats import Stats, told

_STEPS = 400  # vertices: up to so many, the page steps through them


def to_html(record: Record, theme: Theme = "light", title: str = "graph") -> str:
    """The page. Its last steps show the gradients if the record has them."""
    found = _levels(record)
    small = len(record.vertices) <= _STEPS
    data = {
        "title": title,
        "theme": theme,
        "levels": [_placed(s, record) for s in found],
        "start": next((i for i in reversed(range(len(found))) if len(found[i].boxes) <= 60), 0),
        "vertices": {v.id: _facts(v) for v in record.vertices},
        "rules": {
            r.op: {
                "formula": readable(r.formula),
                "rules": [[name, readable(tex) if tex else None] for name, tex in r.rules],
                "doc": readable_doc(r.doc),
            }
            for r in record.rules
        },
        "steps": _steps(record) if small else [],
        "edges": [[e.source, e.target] for e in record.edges] if small else [],
        "legend": LEGEND,
        "themes": {
            name: {
                **{k: getattr(p, k) for k in ("page", "text", "grey", "faint", "cluster", "flow", "bad")},
                "box": p.box,
            }
            for name, p in THEMES.items()
        },
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\!--")
    template = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    return template.replace("{{title}}", escape(title)).replace("{{data}}", text)


def _levels(record: Record) -> list[Scene]:
    """The scenes to switch between: all collapsed first, all open last."""
    deepest = 1 + max((v.module.count(".") + 1 if v.module else 0 for v in record.vertices), default=0)
    found = [scene(record, depth) for depth in range(deepest)]
    found.append(scene(record, deepest, limit=None, fold=False) if len(record.vertices) <= _STEPS else scene(record))
    different: list[Scene] = []
    for s in found:
        if not different or [b.members for b in s.boxes] != [b.members for b in different[-1].boxes]:
            different.append(s)
    return different


def _placed(found: Scene, record: Record) -> dict[str, Any]:
    stepped = len(record.vertices) <= _STEPS and all(len(box.members) == 1 for box in found.boxes)
    edges = [i for i, e in enumerate(record.edges)] if stepped and len(found.lines) == len(record.edges) else None
    vertex_of = {v.id: v for v in record.vertices}
    sizes, texts = {}, {}
    for box in found.boxes:
        lines = [*box.lines, *(found.titles[c] for c in box.cluster if c in found.titles)]
        if box.module and box.kind not in ("group", "leaf"):
            lines.append(f"in {box.module}")
        texts[box.id] = lines
        rows = len(lines) + (2 if stepped and box.kind != "constant" else 0)
        known = vertex_of[box.members[0]] if box.members else None
        value = told(known.value) if stepped and known is not None else ""
        sent = told(known.gradient) if stepped and known is not None else ""
        widest = max(
            9.5 * len(box.title), 7.4 * len(f"gradient {sent}"), *(6.6 * len(s) for s in [*lines, f"value {value}"])
        )
        sizes[box.id] = (round(min(widest + 26, 400), 1), 30.0 + 15 * rows)
    places = layout(found, sizes)
    return {
        "stepped": edges is not None,
        "w": round(places.width) + (100 if any(line.again for line in found.lines) else 0),
        "h": round(places.height),
        "boxes": [
            {
                "id": box.id,
                "kind": box.kind,
                "title": box.title,
                "lines": texts[box.id],
                "members": box.members[:200],
                "bad": box.bad,
                "result": box.result,
                "at": [round(x, 1) for x in places.boxes[box.id]],
            }
            for box in found.boxes
        ],
        "lines": [
            {
                "s": line.source,
                "t": line.target,
                "label": line.label,
                "bad": line.bad,
                "again": line.again or len(path) < 2,
                "d": _back(places.boxes[line.source], places.boxes[line.target]) if line.again else _curve(path),
                "mid": [round((path[0][i] + path[1][i]) / 2, 1) for i in (0, 1)],
            }
            for line, path in zip(found.lines, places.paths, strict=True)
        ],
    }


def _curve(points: list[tuple[float, float]]) -> str:
    d = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        d += f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} {x1:.1f},{y1:.1f}"
    return d


def _back(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> str:
    """From the end of a repeated block to its start, around its right side."""
    x0, y0, x1, y1 = a[0] + a[2] / 2, a[1], b[0] + b[2] / 2 + 3, b[1]
    out = max(x0, x1) + 40 + min(abs(y1 - y0) / 8, 120)
    return f"M{x0:.1f},{y0:.1f}C{out:.1f},{y0:.1f} {out:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"


def _facts(v: Vertex) -> dict[str, Any]:
    return {
        "op": v.label if v.kind == "op" else None,
        "kind": v.kind,
        "label": v.label,
        "name": v.name,
        "module": v.module,
        "shape": None if v.shape is None else list(v.shape),
        "dtype": v.dtype,
        "bytes": v.nbytes,
        "value": _long(v.value),
        "short": told(v.value),
        "gradient": _long(v.gradient),
        "site": v.site,
        "source": v.source,
        "reason": v.reason,
    }


def _long(s: Stats | None) -> str | None:
    if s is None:
        return None
    if s.data is not None:
        return _text(s.data)
    parts = [told(s)]
    if s.norm is not None:
        parts.append(f"norm {s.norm:.3g}")
    if s.zeros:
        parts.append(f"{s.zeros} zeros")
    return ", ".join(parts)


def _text(data: Any) -> str:
    if isinstance(data, list):
        return f"[{', '.join(map(_text, data))}]"
    return f"{data:.5g}" if isinstance(data, float) else str(data)


def _steps(record: Record) -> list[dict[str, Any]]:
    """What the player shows: each value forward; then each share that arrives backward, and the sum so far."""
    name = _names(record)
    vertex_of = {v.id: v for v in record.vertices}
    inputs: dict[str, list[int]] = {}
    for i, edge in enumerate(record.edges):
        inputs.setdefault(edge.target, []).append(i)
    steps: list[dict[str, Any]] = []
    for v in record.vertices:
        if v.kind == "op":
            given = ", ".join(name[record.edges[i].source] for i in inputs.get(v.id, ()))
            said = f" = {told(v.value)}" if v.value else ""
            short = f"{v.name} = " if v.name else ""
            steps.append({"phase": "forward", "at": v.id, "text": f"{short}{v.label}({given}){said}"})
    if not any(e.gradient for e in record.edges):
        return steps
    out = vertex_of[record.outputs[0]]
    seed = out.gradient
    text = f"Backward starts at {name[out.id]}: its gradient with respect to itself is {told(seed)}"
    steps.append(
        {"phase": "backward", "at": out.id, "to": out.id, "total": told(seed), "full": _exact(seed), "text": text}
    )
    before: dict[str, Stats] = {}
    for v in reversed(record.vertices):
        for i in inputs.get(v.id, ()) if v.kind == "op" else ():
            edge = record.edges[i]
            if edge.gradient is None or edge.total is None:
                continue
            to = name[edge.source]
            share = told(edge.gradient)
            text = f"{name[v.id]} has received {told(v.gradient)}. Its rule for {edge.operand} sends {share} to {to}"
            if edge.source in before:
                was = told(before[edge.source])
                text += f", where {was} was already: they add up to {told(edge.total)}"
            before[edge.source] = edge.total
            steps.append(
                {
                    "phase": "backward",
                    "at": v.id,
                    "to": edge.source,
                    "edge": i,
                    "share": share,
                    "total": told(edge.total),
                    "full": _exact(edge.total),
                    "op": v.label,
                    "operand": edge.operand,
                    "text": text,
                }
            )
    leaves = [v for v in record.vertices if v.kind == "leaf" and v.gradient]
    ends = "; ".join(f"{name[v.id]}: {told(v.gradient)}" for v in leaves[:6])
    steps.append({"phase": "done", "at": out.id, "text": f"Done. The gradients of {name[out.id]}: {ends}"})
    return steps


def _exact(s: Stats | None) -> str:
    """The elements, to the last digit, of what is small."""
    return "" if s is None or s.data is None else json.dumps(s.data, allow_nan=True)


def _names(record: Record) -> dict[str, str]:
    """What to call each vertex in a sentence."""
    count: dict[str, int] = {}
    found = {}
    for v in record.vertices:
        plain = v.name or v.label
        if v.name is None and v.kind == "op":
            count[plain] = count.get(plain, 0) + 1
            plain += f" {count[plain]}" if count[plain] > 1 else ""
        found[v.id] = plain
    return found


# ------------------------------------------------------------------------------------ LaTeX as a line of Unicode

_SIGNS = {
    r"\odot": "⊙", r"\cdot": "·", r"\times": "×", r"\sum": "Σ", r"\prod": "Π", r"\sigma": "σ", r"\Phi": "Φ",
    r"\phi": "φ", r"\varphi": "φ", r"\pi": "π", r"\infty": "∞", r"\le": "≤", r"\ge": "≥", r"\ne": "≠", r"\partial": "∂",
    r"\land": "∧", r"\lor": "∨", r"\lnot": "¬", r"\alpha": "α", r"\beta": "β", r"\gamma": "γ", r"\delta": "δ",
    r"\lambda": "λ", r"\mu": "μ", r"\epsilon": "ε", r"\varepsilon": "ε", r"\bar": "", r"\left": "", r"\right": "",
    r"\,": " ", r"\;": " ", r"\quad": "  ", r"\lfloor": "⌊", r"\rfloor": "⌋", r"\to": "→", r"\in": "∈", r"\dots": "…",
    r"\ldots": "…", r"\cdots": "⋯", r"\approx": "≈", r"\mathrm": "", r"\mathbf": "", r"\max": "max", r"\min": "min",
}  # fmt: skip
_RAISED = str.maketrans("0123456789+-nTk", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵀᵏ")


def readable(tex: str) -> str:
    """A formula in LaTeX as one line of Unicode."""
    tex = re.sub(r"\\begin\{cases\}(.*?)\\end\{cases\}", _cases, tex)
    inner = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
    tex = re.sub(r"\\([dt]?frac)(\w)(\w)", r"\\\1{\2}{\3}", tex)
    for _ in range(4):
        tex = re.sub(r"\\[dt]?frac" + inner + inner, lambda m: f"{_held(m[1])} / {_held(m[2])}", tex)
        tex = re.sub(r"\\sqrt" + inner, r"√(\1)", tex)
        tex = re.sub(r"\\(?:text|operatorname|mathrm|mathbf)\*?" + inner, r"\1", tex)
    for sign in sorted(_SIGNS, key=len, reverse=True):
        tex = re.sub(re.escape(sign) + (r"(?![a-zA-Z])" if sign[-1].isalpha() else ""), _SIGNS[sign], tex)
    tex = re.sub(r"\^\{?([0-9+\-nTk]+)\}?", lambda m: m[1].translate(_RAISED), tex)
    tex = re.sub(r"([\^_])\{([^{}]*)\}", lambda m: m[1] + (m[2] if len(m[2]) < 2 else f"({m[2]})"), tex)
    tex = re.sub(r"\\([a-zA-Z]+)", r"\1", tex).replace("{", "").replace("}", "").replace(" - ", " − ")
    return re.sub(r"\s+", " ", tex).strip()


def _cases(match: re.Match[str]) -> str:
    """`(a if c, else b)`."""
    rows = [[part.strip() for part in row.split("&")] for row in match[1].split(r"\\")]
    said = [f"else {value}" if when == r"\text{else}" else f"{value} if {when}" for value, when in rows]
    return f"({', '.join(said)})"


def _held(text: str) -> str:
    return text if re.fullmatch(r"[\w\\{}^]+|\([^()]*\)", text) else f"({text})"


def readable_doc(doc: str) -> str:
    """A docstring with its formulas readable and without the marks of reStructuredText."""
    doc = re.sub(r":math:`([^`]*)`", lambda m: readable(m[1]), doc)
    return re.sub(r"``?([^`]*)``?", r"\1", doc)
