"""What a drawing shows: modules collapsed, blocks once, at most so many boxes, and the same graph in every language."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn, viz
from tinygrad_lab.viz.layout import layout
from tinygrad_lab.viz.scene import LIMIT, scene
from tinygrad_lab.viz.text import to_text


class Stack(nn.Module):
    """Twelve residual blocks."""

    def __init__(self, n: int = 12) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4)) for _ in range(n)])

    def forward(self, x: tg.Tensor) -> tg.Tensor:
        for layer in self.layers:
            x = x + layer(x)
        return x


def stack(n: int = 12) -> tuple[tg.Tensor, Stack]:
    tg.manual_seed(0)
    model = Stack(n)
    with viz.sites():
        return model(tg.ones(2, 4)).sum(), model


def chain(n: int) -> tg.Tensor:
    w = tg.eye(3, requires_grad=True)
    h = tg.ones(1, 3)
    for _ in range(n):
        h = (h @ w).tanh()
    return h


def test_depth_closes_modules() -> None:
    y, model = stack()
    found = viz.record(y, model)
    closed = scene(found, depth=0)
    assert [b.title for b in closed.boxes if b.kind == "group"] == ["layers"] * 12 or len(closed.boxes) < 20
    opened = scene(found, depth=1)
    assert {b.module for b in opened.boxes if b.kind == "group"} == {f"layers.{i}" for i in range(12)}
    members = sorted(m for b in opened.boxes for m in b.members)
    assert members == sorted(v.id for v in found.vertices), "every vertex is in one box"


def test_repeated_blocks_are_shown_once() -> None:
    y, model = stack(40)
    found = scene(viz.record(y, model))
    assert len(found.boxes) <= LIMIT
    assert "× 40" in [*found.titles.values(), *(s for b in found.boxes for s in b.lines)]


@pytest.mark.parametrize("n", [100, 5_000])
def test_a_recurrence_is_one_block_whatever_its_length(n: int) -> None:
    found = scene(viz.record(chain(n)))
    assert list(found.titles.values()) == [f"× {n}"]
    assert sum(line.again for line in found.lines) == 1
    assert len(found.boxes) < 6


def test_where_nothing_repeats_the_graph_is_cut() -> None:
    order = np.random.default_rng(0).integers(0, 4, 3000)
    y = tg.ones(2, requires_grad=True)
    for i in order:
        y = (tg.sin, tg.cos, tg.tanh, tg.neg)[i](y)
    found = viz.record(y)
    shown = scene(found)
    assert len(shown.boxes) <= 3 * LIMIT
    assert sum(len(b.members) for b in shown.boxes) == len(found.vertices)


def test_parameters_stand_in_their_layer() -> None:
    y, model = stack(1)
    found = viz.record(y, model)
    assert not [b for b in scene(found).boxes if b.kind == "leaf"]
    assert "weight 8 × 4" in [s for b in scene(found).boxes for s in b.lines]
    assert len([b for b in scene(found, fold=False).boxes if b.kind == "leaf"]) == 4


def test_too_many_boxes_for_graphviz_say_what_to_do() -> None:
    drawing = viz.draw(chain(2_000), limit=None)
    with pytest.raises(RuntimeError, match="leave limit=60, or lower depth="):
        drawing.render()


def test_the_backward_view_is_the_graph_of_the_gradients() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    found = viz.draw((x**3).sum(), {"x": x}, view="backward").scene
    assert "further" in {b.kind for b in found.boxes}
    assert [b.lines for b in found.boxes if b.result] == [["∂/∂x · 2"]]
    assert x.grad is None


def test_the_overlay_tells_norms_reasons_and_what_is_not_finite() -> None:
    x = tg.tensor([0.0, 1.0], requires_grad=True)
    with np.errstate(all="ignore"):
        drawing = viz.draw((x.log() * tg.tensor([1, 2])).sum(), {"x": x}, view="overlay")
    lines = [s for b in drawing.scene.boxes for s in b.lines]
    assert "no gradient: doesn't require grad, or was computed under no_grad()" in lines
    assert "gradient [inf, 2]" in lines
    assert "NaN or inf" in lines
    assert "penwidth" in drawing.source
    assert "#d00000" in drawing.source


def test_text_is_a_tree_and_says_what_stood_there() -> None:
    a = tg.tensor(1.0, requires_grad=True)
    b = (a * 2).named("b")
    path_free = viz.draw(b * b.exp(), {"a": a}).scene
    assert to_text(path_free) == (
        "mul  (scalar)\n├─ mul  (b · scalar)\n│  ├─ a  (scalar)\n│  └─ 2\n└─ exp  (scalar)\n   mul  (b · scalar)  ↑\n"
    )


@pytest.mark.parametrize("suffix", [".txt", ".md", ".json", ".dot", ".html"])
def test_what_needs_no_graphviz(suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    y, model = stack(2)
    first = viz.save(y, tmp_path / f"a{suffix}", model).read_bytes()
    again = viz.save(y, tmp_path / f"b{suffix}", model).read_bytes()
    assert first == again
    assert b"affine" in first


def test_mermaid_has_every_box_and_balanced_subgraphs(tmp_path: Path) -> None:
    y, model = stack(2)
    lines = viz.save(y, tmp_path / "a.md", model).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "```mermaid"
    stripped = [line.strip() for line in lines]
    assert sum(s.startswith("subgraph ") for s in stripped) == stripped.count("end")
    boxes = viz.draw(y, model).scene.boxes
    assert all(any(s.startswith(b.id) and s.endswith(f":::{b.kind}") for s in stripped) for b in boxes)


def test_light_and_dark_and_the_legend() -> None:
    y, model = stack(1)
    light, dark = (viz.draw(y, model, theme=theme).source for theme in ("light", "dark"))  # type: ignore[arg-type]
    assert "#16181d" in dark
    assert "#16181d" not in light
    assert "operation" in light
    assert "operation" not in viz.draw(y, model, legend=False).source


def test_the_layout_has_no_overlap_and_flows_down() -> None:
    y, model = stack(3)
    found = scene(viz.record(y, model), depth=9, fold=False)
    places = layout(found, {b.id: (100.0, 50.0) for b in found.boxes})
    at = list(places.boxes.values())
    for i, (x, y_, w, h) in enumerate(at):
        for x2, y2, w2, h2 in at[:i]:
            assert abs(x - x2) >= (w + w2) / 2 or abs(y_ - y2) >= (h + h2) / 2
    for line in found.lines:
        assert places.boxes[line.source][1] < places.boxes[line.target][1]


def test_sixty_doublings_in_every_language(tmp_path: Path) -> None:
    y = tg.ones(1, requires_grad=True)
    for _ in range(60):
        y = y + y
    for suffix in (".txt", ".md", ".html", ".json", ".dot"):
        assert viz.save(y, tmp_path / f"doubled{suffix}").stat().st_size < 1_000_000


class Unrolled(nn.Module):
    """One cell, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.RNNCell(3, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, steps: tg.Tensor) -> tg.Tensor:
        h = tg.zeros(2, 4)
        for x in steps:
            h = self.cell(x, h)
        return self.out(h)


@pytest.mark.parametrize(("depth", "limit"), [(None, LIMIT), (9, None), (9, 20)])
def test_a_parameter_of_several_operations_is_a_box_of_its_own(depth: int | None, limit: int | None) -> None:
    model = Unrolled()
    found = scene(viz.record(model(tg.randn(12, 2, 3)).sum(), model), depth=depth, limit=limit)
    leaves = {box.title: box for box in found.boxes if box.kind == "leaf"}
    assert {name.rpartition(".")[2] for name in leaves} == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    kind = {box.id: box.kind for box in found.boxes}
    assert {kind[line.source] for line in found.lines if line.label in ("weight", "bias")} == {"leaf"}
    assert any("weight 2 × 4" in box.lines for box in found.boxes)  # that of one operation stands in its box


def test_a_closed_module_sends_no_parameters_to_its_next_call() -> None:
    model = Unrolled()
    found = scene(viz.record(model(tg.randn(3, 2, 3)).sum(), model), depth=0, limit=None)
    calls = [box.id for box in found.boxes if box.title == "cell" or box.module == "cell"]
    assert len(calls) == 3
    assert not [line for line in found.lines if line.source in calls and line.target in calls]
