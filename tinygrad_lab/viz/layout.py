"""A layered layout of a scene, for pages, which so need no Graphviz: ranks, order in a rank, places, and curves.

After Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures" (1981): an arrow
over several ranks passes a point in each, ranks are ordered by the mean of the neighbours, and places follow them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import NamedTuple

from .scene import Scene

_GAP, _RANK = 26.0, 46.0
_SWEEPS = 8


class Layout(NamedTuple):
    """For each box its middle and size; for each line the points it passes; the size of all."""

    boxes: dict[str, tuple[float, float, float, float]]
    paths: list[list[tuple[float, float]]]
    width: float
    height: float


def layout(found: Scene, sizes: dict[str, tuple[float, float]]) -> Layout:
    """Places for the boxes of `found`, whose widths and heights are `sizes`: inputs above results."""
    position = {box.id: i for i, box in enumerate(found.boxes)}
    down = [line for line in found.lines if position[line.source] < position[line.target]]
    rank = dict.fromkeys(position, 0)
    for line in sorted(down, key=lambda line: position[line.target]):
        rank[line.target] = max(rank[line.target], rank[line.source] + 1)
    first_use: dict[str, int] = {}
    for line in down:
        first_use[line.source] = min(first_use.get(line.source, 1 << 60), rank[line.target])
    has_input = {line.target for line in down}
    for id_, use in first_use.items():
        if id_ not in has_input:
            rank[id_] = use - 1

    width = {id_: size[0] for id_, size in sizes.items()}
    layers: dict[int, list[str]] = defaultdict(list)
    for id_ in position:
        layers[rank[id_]].append(id_)
    ups: dict[str, list[str]] = defaultdict(list)
    downs: dict[str, list[str]] = defaultdict(list)
    chains: list[list[str]] = []
    for i, line in enumerate(found.lines):
        chain = [line.source]
        if position[line.source] < position[line.target]:
            for r in range(rank[line.source] + 1, rank[line.target]):
                name = f"-{i}-{r}"
                width[name] = 14.0
                layers[r].append(name)
                chain.append(name)
        chain.append(line.target)
        chains.append(chain)
        if position[line.source] < position[line.target]:
            for a, b in itertools.pairwise(chain):
                downs[a].append(b)
                ups[b].append(a)

    ranks = sorted(layers)
    place: dict[str, float] = {}
    for r in ranks:
        _spread(layers[r], dict.fromkeys(layers[r], 0.0), width, place)
    for sweep in range(2 * _SWEEPS):
        near = ups if sweep % 2 == 0 else downs
        for r in ranks if sweep % 2 == 0 else ranks[::-1]:
            layer = layers[r]
            wish = {n: sum(place[m] for m in near[n]) / len(near[n]) if near[n] else place[n] for n in layer}
            if sweep < _SWEEPS:
                layer.sort(key=lambda n: wish[n])
            _spread(layer, wish, width, place)

    y = 20.0
    middle: dict[int, float] = {}
    for r in ranks:
        tall = max((sizes[n][1] for n in layers[r] if n in sizes), default=10.0)
        middle[r] = y + tall / 2
        y += tall + _RANK
    left = min((place[n] - width[n] / 2 for n in place), default=0.0) - 20
    at = {n: (place[n] - left, middle[r]) for r in ranks for n in layers[r]}
    boxes = {id_: (*at[id_], *sizes[id_]) for id_ in position}
    total: dict[tuple[str, str], int] = defaultdict(int)
    for line in found.lines:
        total[line.source, line.target] += 1
    seen: dict[tuple[str, str], int] = defaultdict(int)
    paths = []
    for line, chain in zip(found.lines, chains, strict=True):
        key = line.source, line.target
        shift = (seen[key] - (total[key] - 1) / 2) * 34
        seen[key] += 1
        points = [at[n] for n in chain]
        sign = 1 if points[-1][1] > points[0][1] else -1
        points[0] = points[0][0] + shift, points[0][1] + sign * sizes[line.source][1] / 2
        points[-1] = points[-1][0] + shift, points[-1][1] - sign * (sizes[line.target][1] / 2 + 3)
        paths.append(points)
    right = max((place[n] + width[n] / 2 for n in place), default=0.0) - left + 20
    return Layout(boxes, paths, right, y)


def _spread(layer: list[str], wish: dict[str, float], width: dict[str, float], place: dict[str, float]) -> None:
    """Places in the layer's order, near the wishes and apart: the mean of what pushing right and pushing left give."""
    right: list[float] = []
    for i, n in enumerate(layer):
        low = right[-1] + (width[layer[i - 1]] + width[n]) / 2 + _GAP if i else wish[n]
        right.append(max(wish[n], low))
    left: list[float] = []
    for i, n in enumerate(reversed(layer)):
        high = left[-1] - (width[layer[len(layer) - i]] + width[n]) / 2 - _GAP if i else wish[n]
        left.append(min(wish[n], high))
    for n, a, b in zip(layer, right, reversed(left), strict=True):
        place[n] = (a + b) / 2
