"""The page: self-contained, its player ends at backward's gradients, and a browser runs it without an error."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import tinygrad_lab as tg
from tests.browser import opened
from tinygrad_lab import viz
from tinygrad_lab.viz.page import readable


def doubled() -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
    a = tg.tensor(1.0, requires_grad=True)
    b = a + a
    c = b + b
    return c, {"a": a, "b": b, "c": c}


def network() -> tuple[tg.Tensor, tg.nn.Module]:
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(2, 3), tg.nn.Tanh(), tg.nn.Linear(3, 3))
    with viz.sites():
        loss = tg.nn.functional.cross_entropy(model(tg.randn(4, 2)), tg.tensor([0, 1, 2, 0]))
    return loss, model


def data(path: Path) -> Any:
    found = re.search(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found[1].replace("<\\/", "</"))


def test_each_share_arrives_and_adds_up(tmp_path: Path) -> None:
    c, names = doubled()
    steps = data(viz.save(c, tmp_path / "b.html", names))["steps"]
    assert [s["text"] for s in steps] == [
        "b = add(a, a) = 2",
        "c = add(b, b) = 4",
        "Backward starts at c: its gradient with respect to itself is 1",
        "c has received 1. Its rule for input sends 1 to b",
        "c has received 1. Its rule for other sends 1 to b, where 1 was already: they add up to 2",
        "b has received 2. Its rule for input sends 2 to a",
        "b has received 2. Its rule for other sends 2 to a, where 2 was already: they add up to 4",
        "Done. The gradients of c: a: 4",
    ]
    assert names["a"].grad is None


def test_no_network_and_no_dangling_markup(tmp_path: Path) -> None:
    a = tg.ones(2, requires_grad=True)
    path = viz.save((a * 2).named("</script><b>").sum(), tmp_path / "a.html", {"a": a})
    text = path.read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert re.findall(r"https?://[^\"]*", text) == ["http://www.w3.org/2000/svg"]


def test_a_freed_graph_still_has_a_page(tmp_path: Path) -> None:
    loss, model = network()
    loss.backward()
    found = data(viz.save(loss, tmp_path / "a.html", model))
    assert {s["phase"] for s in found["steps"]} == {"forward"}


def test_formulas_in_unicode() -> None:
    assert readable(r"g \odot (1 - y^{2})") == "g ⊙ (1 − y²)"
    assert readable(r"\frac{g}{2\,y}") == "g / (2 y)"
    assert readable(r"\tfrac1n \sum x") == "1 / n Σ x"


@pytest.mark.browser
@pytest.mark.parametrize("make", [doubled, network])
def test_the_players_last_state_is_what_backward_computes(make: Any, tmp_path: Path) -> None:
    y, names = make()
    dom = opened(viz.save(y, tmp_path / "page.html", names), "step=last", tmp_path / "profile")
    rows = re.findall(r'<tr data-name="([^"]*)" data-gradient="([^"]*)"', dom)
    got = {unescape(name): json.loads(value) for name, value in rows}
    y.backward()
    leaves = {"a": names["a"]} if isinstance(names, dict) else dict(names.named_parameters())
    assert got == {name: leaf.grad.tolist() for name, leaf in leaves.items() if leaf.grad is not None}
    assert got


@pytest.mark.browser
def test_a_large_page_says_why_it_has_no_steps(tmp_path: Path) -> None:
    y = tg.ones(1, requires_grad=True)
    for _ in range(1000):
        y = y.exp().log()
    dom = opened(viz.save(y, tmp_path / "page.html"), "", tmp_path / "profile")
    assert "Too large to step through" in dom
