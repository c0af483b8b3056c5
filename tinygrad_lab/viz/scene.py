"""What a drawing shows of a record: modules collapsed, parameters folded, repeated blocks once.

A scene has boxes and lines, whatever draws them. Every choice is made here: each writer (DOT, Mermaid, text, page)
only says it in its own language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from .record import Record, Vertex
from .stats import told

View: TypeAlias = Literal["forward", "backward", "overlay"]
LIMIT = 60  # boxes of a drawing that a person still reads
_LONGEST = 64  # boxes of a repeated block that is looked for
_COMMUTE = {"add", "mul", "maximum", "minimum"}


@dataclass(slots=True)
class Box:
    """A box: one vertex, or a group of them.

    Attributes:
        kind: of the vertex, or "group"; "further" is an operation that the first result doesn't depend on.
        title: the op, the name, or the module's path.
        lines: what stands below in smaller type.
        members: the ids of the vertices.
        cluster: the paths of the modules around it, and of the repeated block.
        result: whether a result is in it.
        bad: whether a NaN or infinity is in it.
        norm: of the gradient that arrives.
    """

    id: str
    kind: str
    title: str
    lines: list[str]
    members: list[str]
    module: str = ""
    cluster: tuple[str, ...] = ()
    result: bool = False
    bad: bool = False
    norm: float | None = None
    sign: tuple[object, ...] = ()


class Line(NamedTuple):
    """An arrow between boxes; `again` points from a repeated block's end to its start."""

    source: str
    target: str
    label: str = ""
    norm: float | None = None
    bad: bool = False
    again: bool = False


@dataclass(slots=True)
class Scene:
    """Boxes in topological order, lines, and the titles of the clusters."""

    boxes: list[Box]
    lines: list[Line]
    titles: dict[str, str] = field(default_factory=dict)
    view: View = "forward"

    @property
    def kinds(self) -> list[str]:
        """What a legend must explain, in its order."""
        have = {box.kind for box in self.boxes}
        return [k for k in ("leaf", "op", "further", "group", "constant") if k in have]


def scene(
    record: Record, depth: int | None = None, view: View = "forward", limit: int | None = LIMIT, fold: bool = True
) -> Scene:
    """What to draw of a record.

    Args:
        depth: how many levels of modules are opened: 0 shows each outermost module as one box. None: as many as leave
            `limit` boxes.
        view: "forward", "backward" (what only the further results of the record depend on), "overlay" (gradients
            beside values).
        limit: about so many boxes, by collapsing; None for all of them.
        fold: whether a layer's parameters stand inside its boxes.
    """
    forward = leading_to(record.outputs[0], record) if record.outputs else set()
    if view == "backward":
        record = _backward_part(record)
    levels = 1 + max((v.module.count(".") + 1 if v.module else 0 for v in record.vertices), default=0)
    if depth is None:
        for tried in range(levels, -1, -1):
            found = _repeated(_collapsed(record, forward, tried, view, fold), limit)
            if limit is None or len(found.boxes) <= limit:
                break
    else:
        found = _repeated(_collapsed(record, forward, depth, view, fold), limit)
    return found if limit is None or len(found.boxes) <= 3 * limit else _cut(found, limit)


def _backward_part(record: Record) -> Record:
    """What the results after the first depend on and the first doesn't, with the forward values that it reads."""
    forward = leading_to(record.outputs[0], record)
    edges = tuple(e for e in record.edges if e.target not in forward)
    kept = {v.id for v in record.vertices if v.id not in forward} | {e.source for e in edges}
    vertices = tuple(v for v in record.vertices if v.id in kept)
    results = tuple(o for o in record.outputs if o in kept)
    return record._replace(vertices=vertices, edges=edges, outputs=results)


def leading_to(id_: str, record: Record) -> set[str]:
    """The ids of the vertices that the vertex `id_` depends on, and its own."""
    found = {id_}
    position = {vertex.id: i for i, vertex in enumerate(record.vertices)}
    for edge in sorted(record.edges, key=lambda edge: position[edge.target], reverse=True):
        if edge.target in found:
            found.add(edge.source)
    return found


def _collapsed(record: Record, forward: set[str], depth: int, view: View, fold: bool) -> Scene:
    """One box for each module at `depth`, each time it is called, with its parameters; else one for each vertex."""
    users: dict[str, list[str]] = {}
    for edge in record.edges:
        users.setdefault(edge.source, []).append(edge.target)
    of: dict[str, Box] = {}
    boxes: list[Box] = []
    usual = next((v.dtype for v in record.vertices if v.kind == "op" and v.dtype), None)
    vertex_of = {v.id: v for v in record.vertices}
    last: Box | None = None
    folded: list[Vertex] = []
    for v in record.vertices:
        inner = v.module.count(".") + 1 > depth if v.module else False
        if v.kind == "leaf" and v.module and users.get(v.id) and (fold or inner):
            folded.append(v)
            continue
        if v.kind != "op":
            of[v.id] = _box(v, usual, view)
            boxes.append(of[v.id])
            continue
        path = v.module.split(".") if v.module else []
        group = ".".join(path[: depth + 1]) if len(path) > depth else None
        if group is not None and last is not None and last.kind == "group" and last.module == group:
            last.members.append(v.id)
        elif group is not None:
            last = Box("", "group", group, [], [v.id], group, _clusters(group.rpartition(".")[0]))
            boxes.append(last)
        else:
            last = _box(v, usual, view)
            last.kind = "op" if v.id in forward else "further"
            boxes.append(last)
        of[v.id] = last
    _settle_constants(boxes, of, users)
    for v in folded:  # parameters stand in the box that uses them, or in the first call of the module that does
        homes = list({id(of[u]): of[u] for u in users[v.id] if u in of}.values())
        calls = {home.module for home in homes if home.kind == "group"}
        if len(homes) != 1 and (len(calls) != 1 or any(home.kind != "group" for home in homes)):
            of[v.id] = _box(v, usual, view)
            boxes.insert(0, of[v.id])
        else:
            of[v.id] = first = homes[0]
            first.members.insert(0, v.id)
            if first.kind != "group":
                short = (v.name or v.label).rpartition(".")[2]
                first.lines.append(f"{short} {_size(v)}")
    outputs = set(record.outputs)
    for i, box in enumerate(boxes):
        box.id = f"b{i}" if box.kind == "group" else box.id or f"b{i}"
        inside = [vertex_of[m] for m in box.members]
        if box.kind == "group":
            _describe_group(box, inside, view)
        box.result = any(m in outputs for m in box.members)
        box.bad = any(v.bad for v in inside)
        if box.bad:
            box.lines.append("NaN or inf")
        ops = [v for v in inside if v.kind == "op"] or inside
        box.norm = ops[-1].gradient.norm if ops[-1].gradient else None
        box.sign = (box.kind, *((v.label, v.shape, v.options) for v in inside if v.kind == "op"))
        if box.kind in ("leaf", "constant"):
            box.sign = (box.kind, inside[0].label if box.kind == "constant" else "", inside[0].shape)
    return Scene(boxes, _lines(record, of, vertex_of), {}, view)


def _settle_constants(boxes: list[Box], of: dict[str, Box], users: dict[str, list[str]]) -> None:
    """Constants and numbers that only one group reads go into it."""
    for box in list(boxes):
        if box.kind == "constant":
            homes = {id(of[u]): of[u] for u in users.get(box.members[0], ()) if u in of}
            if len(homes) == 1 and (home := next(iter(homes.values()))).kind == "group":
                of[box.members[0]] = home
                home.members.insert(0, box.members[0])
                box.kind = "gone"
    boxes[:] = [box for box in boxes if box.kind != "gone"]


def _lines(record: Record, of: dict[str, Box], vertex_of: dict[str, Vertex]) -> list[Line]:
    lines: dict[tuple[str, str, str], Line] = {}
    for i, edge in enumerate(record.edges):
        a, b = of[edge.source], of[edge.target]
        source, target = vertex_of[edge.source], vertex_of[edge.target]
        if a is b or (source.kind == "leaf" and a.kind == "group"):  # a parameter of further calls isn't data
            continue
        told_already = target.label in _COMMUTE or edge.operand == "input" or source.label.endswith(edge.operand)
        alone = a.kind != "group" and b.kind != "group"
        label = edge.operand if alone and not told_already else ""
        norm = edge.gradient.norm if edge.gradient else None
        key = (a.id, b.id, str(i) if alone else "")
        before = lines.get(key)
        if before is not None and before.norm is not None:
            norm = max(norm or 0.0, before.norm)
        bad = bool(edge.gradient and edge.gradient.bad) or (before is not None and before.bad)
        lines[key] = Line(a.id, b.id, label, norm, bad)
    return list(lines.values())


def _clusters(path: str) -> tuple[str, ...]:
    steps = path.split(".") if path else []
    return tuple(".".join(steps[: i + 1]) for i in range(len(steps)))


def _size(v: Vertex) -> str:
    return "" if v.shape is None else " × ".join(map(str, v.shape)) or "scalar"


def _box(v: Vertex, usual: str | None, view: View) -> Box:
    lines = [f"{key}={value}" for key, value in v.options]
    facts = []
    if v.name is not None and v.name != v.label:
        facts.append(v.name)
    if v.shape is not None:
        facts.append(_size(v))
        if v.dtype is not None and v.dtype != usual:
            facts.append(v.dtype)
    lines.append(" · ".join(facts))
    if view == "overlay" and v.value is not None and v.kind != "constant":
        lines.append(f"value {told(v.value)}")
    if view == "overlay" and v.gradient is not None:
        lines.append(f"gradient {told(v.gradient)}")
    if v.reason and v.reason != "a number" and view == "overlay":
        lines.append(f"no gradient: {v.reason}")
    return Box(v.id, v.kind, v.label, [s for s in lines if s], [v.id], v.module, _clusters(v.module))


def _describe_group(box: Box, inside: Sequence[Vertex], view: View) -> None:
    ops = [v for v in inside if v.kind == "op"]
    if len(ops) == 1:
        box.title = f"{box.module} · {ops[0].label}"
    else:
        counts = Counter(v.label for v in ops)
        shown = ", ".join(f"{n} {k}" if n > 1 else k for k, n in counts.most_common(3))
        box.lines.append(f"{len(ops)} operations: {shown}{', …' if len(counts) > 3 else ''}")
    parameters = sum(int(np.prod(v.shape)) for v in inside if v.kind == "leaf" and v.shape is not None)
    if parameters:
        box.lines.append(f"{parameters:,} parameters".replace(",", "\N{THIN SPACE}"))
    if ops and ops[-1].shape is not None:
        box.lines.append(_size(ops[-1]))
    if view == "overlay" and ops and ops[-1].gradient is not None:
        box.lines.append(f"gradient {told(ops[-1].gradient)}")


# --------------------------------------------------------------------------------------- what repeats is shown once


def _repeated(found: Scene, limit: int | None) -> Scene:
    """Blocks that repeat, box for box, shown once with "× n"; only where there are more boxes than the limit."""
    for _ in range(4):
        if limit is None or len(found.boxes) <= limit:
            break
        runs = _runs(found)
        if not runs:
            break
        found = _fold(found, runs)
    return found


def _runs(found: Scene) -> list[tuple[int, int, int]]:
    """(start, period, times) of the blocks that repeat, none overlapping another, the greatest saving first."""
    spine = [box for box in found.boxes if box.kind not in ("leaf", "constant")]
    place = {box.id: i for i, box in enumerate(spine)}
    operands = [0] * len(spine)
    for line in found.lines:
        if line.target in place:
            operands[place[line.target]] += 1
    signs: dict[object, int] = {}
    for_each = [(box.sign, operands[i]) for i, box in enumerate(spine)]
    codes = np.array([signs.setdefault(s, len(signs)) for s in for_each], dtype=np.int64)
    candidates: list[tuple[int, int, int, int]] = []
    n = len(codes)
    for period in range(1, min(_LONGEST, n // 2) + 1):
        equal = np.concatenate(([False], codes[:-period] == codes[period:], [False]))
        turns = np.flatnonzero(equal[1:] != equal[:-1])
        for start, end in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
            times = (end - start) // period + 1
            if times >= 2:
                candidates.append((period * (times - 1), -period, start, times))
    taken = np.zeros(n, dtype=bool)
    chosen = []
    for _, minus, start, times in sorted(candidates, reverse=True)[:2000]:
        end = start - minus * times
        if not taken[start:end].any():
            taken[start:end] = True
            chosen.append((start, -minus, times))
    return chosen


def _fold(found: Scene, runs: list[tuple[int, int, int]]) -> Scene:
    spine = [box for box in found.boxes if box.kind not in ("leaf", "constant")]
    stands: dict[str, Box] = {box.id: box for box in found.boxes}
    titles = dict(found.titles)
    gone: set[str] = set()
    for start, period, times in runs:
        first = spine[start : start + period]
        if period == 1:
            first[0].lines.append(f"× {times}")
        else:
            inner = f"repeat-{first[0].id}"
            titles[inner] = f"× {times}"
            common = _common([box.cluster for box in first])
            for box in first:
                box.cluster = (*box.cluster[: len(common)], inner, *box.cluster[len(common) :])
        for k in range(1, times):
            for box, same in zip(first, spine[start + k * period : start + (k + 1) * period], strict=True):
                stands[same.id] = box
                gone.add(same.id)
                box.members += same.members
                box.result |= same.result
                box.bad |= same.bad
    for box in first_by_id(found.boxes):  # a title that was one step's own now stands for all
        box.sign = (*box.sign, "folded")
    targets: dict[str, set[str]] = {}
    for line in found.lines:
        targets.setdefault(line.source, set()).add(stands[line.target].id)
    keep: dict[tuple[object, ...], Box] = {}
    boxes = []
    for box in found.boxes:
        if box.id in gone:
            continue
        if box.kind in ("leaf", "constant") and len(found.boxes) > LIMIT:
            key = (box.sign, frozenset(targets.get(box.id, ())))
            if key in keep:
                stands[box.id] = keep[key]
                keep[key].members += box.members
                continue
            keep[key] = box
        boxes.append(box)
    position = {box.id: i for i, box in enumerate(boxes)}
    lines: dict[tuple[str, str, str], Line] = {}
    for line in found.lines:
        a, b = stands[line.source].id, stands[line.target].id
        again = line.again or position[a] >= position[b]
        if a != b:
            lines.setdefault((a, b, line.label), line._replace(source=a, target=b, again=again))
    for box in boxes:
        if box.kind in ("leaf", "constant") and len(box.members) > 1 and not any("× " in s for s in box.lines[-1:]):
            box.lines.append(f"{len(box.members)} of these")
    return Scene(boxes, list(lines.values()), titles, found.view)


def first_by_id(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that stand for several vertices."""
    return [box for box in boxes if len(box.members) > 1]


def _common(paths: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    common = paths[0]
    for path in paths[1:]:
        k = 0
        while k < min(len(common), len(path)) and common[k] == path[k]:
            k += 1
        common = common[:k]
    return common


def _cut(found: Scene, limit: int) -> Scene:
    """Where nothing repeats: `limit` boxes of operations one after the other, which is a topological order."""
    step = -(-len(found.boxes) // limit)
    of: dict[str, Box] = {}
    boxes = []
    for i in range(0, len(found.boxes), step):
        part = found.boxes[i : i + step]
        titles = Counter(box.title for box in part)
        shown = ", ".join(f"{n} {k}" if n > 1 else k for k, n in titles.most_common(3))
        members = [m for box in part for m in box.members]
        box = Box(f"c{i // step}", "group", f"{len(part)} boxes", [shown], members)
        box.result, box.bad = any(b.result for b in part), any(b.bad for b in part)
        boxes.append(box)
        of.update((b.id, box) for b in part)
    lines = {(of[e.source].id, of[e.target].id) for e in found.lines if of[e.source] is not of[e.target]}
    order = {box.id: i for i, box in enumerate(boxes)}
    return Scene(
        boxes,
        [Line(a, b) for a, b in sorted(lines, key=lambda p: (order[p[0]], order[p[1]]))],
        {},
        found.view,
    )
