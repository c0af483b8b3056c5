"""Drawings: the DOT text to the letter, and files whole, in every format, by either Graphviz."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn, viz
from tinygrad_lab.viz import dot
from tinygrad_lab.viz.palette import THEMES

GOLDEN = Path(__file__).with_name("golden.dot")


def small() -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
    w = tg.ones(2, 3, requires_grad=True)
    b = tg.zeros(3, requires_grad=True)
    x = tg.ones(4, 2)
    loss = ((x @ w - b).relu() ** 2).sum(dim=1).sum()
    return loss, {"<w>": w, "b": b, "x": x, "loss": loss}


def test_dot_to_the_letter() -> None:
    source = viz.draw(*small()).source
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(source, encoding="utf-8")
    assert source == GOLDEN.read_text(encoding="utf-8"), (
        "the drawing changed; look at it, then write it down with UPDATE_GOLDEN=1"
    )


def test_the_dot_file_is_the_source(tmp_path: Path) -> None:
    loss, names = small()
    path = viz.save(loss, tmp_path / "graph.dot", names)
    assert path.read_text(encoding="utf-8") == viz.draw(loss, names).source
    assert os.listdir(tmp_path) == ["graph.dot"]


def test_backward_is_drawn_in_another_colour() -> None:
    w = tg.ones(2, requires_grad=True)
    loss = w.exp().sum()
    (gradient,) = tg.autograd.grad(loss, w, create_graph=True)
    lines = {
        re.findall(r"<b>.*?>(\w+)<", line)[0]: line
        for line in viz.draw([loss, gradient]).source.splitlines()
        if "<b>" in line
    }
    colour = {op: re.findall('fillcolor="(.*?)"', line)[0] for op, line in lines.items()}
    assert colour["exp"] == colour["sum"] != colour["mul"]


def test_a_label_keeps_clear_of_a_thick_arrow() -> None:
    w, v = tg.ones(3, 3, requires_grad=True), tg.ones(3, requires_grad=True)
    y = (w @ (v * 1e-3)).sum() / (1 + 0 * v).sum()
    paddings = {
        (float(width), int(padding))
        for padding, width in re.findall(
            r'cellpadding="(\d+)"><tr><td>other</td>.* penwidth=([\d.]+)', viz.draw(y, view="overlay").source
        )
    }
    assert len(paddings) > 1
    assert all(padding >= 2 + width / 2 for width, padding in paddings)


def test_titles_and_labels_lie_above_all_arrows() -> None:
    pytest.importorskip("pygraphviz")
    model = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.Linear(2, 2))
    loss = tg.nn.functional.cross_entropy(model(tg.ones(3, 2)), tg.tensor([0, 1, 0]))
    svg = viz.draw(loss, model, theme="dark").render("svg").decode()
    shapes = [node.tag.rpartition("}")[2] for node in ElementTree.fromstring(svg).iter()]
    seams = re.findall(r'<text paint-order="stroke" stroke="([^"]*)"[^>]*>(.*?)</text>', svg)
    assert {text for _, text in seams} >= {"0", "1", "target"}
    page = re.search(r'bgcolor="?(#?\w+)', viz.draw(loss, model, theme="dark").source)
    assert page
    assert {colour for colour, _ in seams} == {page[1]}
    assert "path" not in shapes[-len(seams) :]
    assert set(shapes[-len(seams) :]) == {"text"}


def test_no_arrow_crosses_a_title_in_a_bitmap() -> None:
    pytest.importorskip("pygraphviz")
    image = pytest.importorskip("matplotlib.image")

    def title(picture: bytes, box: dict[str, str]) -> Any:
        """The pixels where the title of the innermost cluster is."""
        pixels = image.imread(io.BytesIO(picture))
        x, y = (float(v) for v in box["pos"].split(","))
        width, height = (72 * float(box[name]) for name in ("width", "height"))
        left, right = (round((v + 7.2) * 150 / 72) for v in (x - width / 2, x + width / 2))  # 7.2 points of margin
        low, high = (len(pixels) - round((v + 7.2) * 150 / 72) for v in (y + height / 2, y - height / 2))
        return pixels[low + 2 : high - 2, left + 2 : right - 2, :3]

    model = nn.Sequential(OrderedDict(a_long_title_over_the_whole_width_of_it=nn.Linear(2, 2)))
    with viz.sites():
        y = model(tg.ones(1, 2, requires_grad=True).exp()).sum()
    digraph = dot.to_dot(viz.draw(y, view="overlay").scene)
    digraph.graph_attr["dpi"] = "150"
    raised = dot._raised(digraph, "150")
    drawn = json.loads(dot._drawn(raised, "json", placed=True))
    (box,) = [part for part in drawn["objects"] if part["name"] == "text 0"]
    flow = np.array([int(THEMES["light"].flow[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    crossed = {
        name: (np.abs(title(picture, box) - flow).max(-1) < 0.02).any()
        for name, picture in (("one", dot._drawn(digraph.source, "png")), ("other", dot.render(digraph, "png")))
    }
    assert crossed == {"one": True, "other": False}


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_pictures(tmp_path: Path, suffix: str, start: bytes) -> None:
    pytest.importorskip("pygraphviz")
    path = viz.save(*small()[:1], tmp_path / f"graph{suffix}")
    assert path.read_bytes().startswith(start)


def test_svg_is_well_formed_and_shows_names_and_shapes(tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz")
    loss, names = small()
    root = ElementTree.parse(viz.save(loss, tmp_path / "graph.svg", names)).getroot()
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"<w>", "x", "matmul", "4 × 3", "loss · scalar"} <= set(texts)


def test_a_notebook_shows_it() -> None:
    pytest.importorskip("pygraphviz")
    assert "<svg" in viz.draw(*small())._repr_svg_()


def test_a_system_dot_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dot = tmp_path / "dot"
    dot.write_text("#!/bin/sh\necho drawn by dot $*\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    assert viz.save(small()[0], tmp_path / "g.svg").read_text() == "drawn by dot -Kdot -Tsvg\n"


def test_without_graphviz_dot_still_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    loss = small()[0]
    with pytest.raises(ImportError, match=r'pip install "tinygrad_lab\[render\]"'):
        viz.save(loss, tmp_path / "graph.svg")
    viz.save(loss, tmp_path / "graph.dot")
    assert os.listdir(tmp_path) == ["graph.dot"], "and nothing half-written is left"


def test_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"'graph.jpg' must end in one of .dot, .html, .json, .md, .pdf, .png, .svg, .txt"
    ):
        viz.save(small()[0], tmp_path / "graph.jpg")


def chain(n: int) -> tg.Tensor:
    """A recurrence of `n` steps with one weight."""
    w = tg.eye(3, requires_grad=True)
    h = tg.ones(1, 3)
    for _ in range(n):
        h = (h @ w).tanh()
    return h


def test_a_leaf_of_many_uses_stands_beside_each() -> None:
    few, many = (viz.draw(chain(n)).source for n in (3, 10))
    assert few.count(">leaf<") == 1
    assert many.count(">leaf<") == 10


def test_every_operation_of_a_large_graph_is_drawn() -> None:
    pytest.importorskip("pygraphviz")
    assert viz.draw(chain(200), limit=None).render().count(b'class="node"') == 601
