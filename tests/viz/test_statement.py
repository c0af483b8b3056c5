"""A derivation as it is read: the text to the letter, the other forms by their structure; and what it refuses."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tests.browser import opened
from tinygrad_lab import nn, viz


def layer() -> tuple[tg.Tensor, dict[str, tg.Tensor]]:
    x = tg.tensor([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]])
    w = tg.tensor([[0.5, 1.0], [-1.0, 0.5]], requires_grad=True)
    b = tg.tensor([0.5, 0.0], requires_grad=True)
    h = tg.sigmoid(x @ w + b)
    return (h * h).sum(), {"x": x, "W": w, "b": b}


def network() -> tuple[tg.Tensor, nn.Module]:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    return F.cross_entropy(model(tg.ones(4, 2)), tg.tensor([0, 1, 1, 0])), model


GOLDEN = """\
The gradient of L with respect to b

Definitions

  W            2 × 2    leaf; -1 … 1, mean 0.25
  b            2        leaf; [0.5, 0]
  x            3 × 2    given; -1 … 3, mean 0.917
  z = x W      3 × 2    matmul; -1.5 … 2.5, mean 1.04
  u₁ = z + b   3 × 2    add; -1 … 3, mean 1.29
  h = σ(u₁)    3 × 2    sigmoid; 0.269 … 0.953, mean 0.721
  u₂ = h ⊙ h   3 × 2    mul; 0.0723 … 0.907, mean 0.576
  L = Σ u₂     number   sum; 3.46

Steps

  A bar marks the gradient of L: x̄ = ∂L/∂x.

1. L̄ = 1    | the gradient of a number by itself
     ≈ 1

2. sum, rule for input: spread(g)
   ū₂ = spread(L̄)
      = L̄ 1    | the same value at every place
         3×2
      = 1    | L̄ put in
       3×2
      ≈ 1 … 1, mean 1

3. mul, rule for input: g ⊙ b
   mul, rule for other: g ⊙ a
   h̄ = ū₂ ⊙ h + ū₂ ⊙ h
      3×2  3×2 3×2  3×2
     = 2 ū₂ ⊙ h    | multiplied out, cancelled and collected
        3×2  3×2
     = 2 h    | ū₂ put in; multiplied out, cancelled and collected
        3×2
     ≈ 0.538 … 1.91, mean 1.44

4. sigmoid, rule for input: g ⊙ y ⊙ (1 − y)
   ū₁ = h̄ ⊙ h ⊙ (1 − h)
       3×2 3×2      3×2
      = 2 h² ⊙ (1 − h)    | h̄ put in; multiplied out, cancelled and collected
         3×2       3×2
      ≈ 0.0861 … 0.296, mean 0.182

5. add, rule for other: g
   b̄ = 1ᵀ ū₁
         3×2
     = 2 1ᵀ (h² ⊙ (1 − h))    | ū₁ put in; numbers come out in front
            3×2       3×2
     ≈ [0.488, 0.607]

Result

  ∂L/∂b = 2 1ᵀ (h² ⊙ (1 − h))
               3×2       3×2
"""


def test_the_text_to_the_letter() -> None:
    y, names = layer()
    d = tg.derive(y, names["b"], names, values=True)
    assert str(d) == GOLDEN
    assert str(d.result) == d.result.text == "∂L/∂b = 2 1ᵀ (h² ⊙ (1 − h))"
    assert d.result.latex == r"\frac{\partial L}{\partial b} = 2 \, \mathbf{1}^T (h^{2} \odot (1 - h))"


@pytest.mark.parametrize(
    ("loss", "shown"),
    [
        (lambda z, t: F.cross_entropy(z, t), "1/B hᵀ (p − eₜ)"),
        (lambda z, t: F.nll_loss(z.log_softmax(1), t), "1/B hᵀ (p − eₜ)"),
        (lambda z, t: F.cross_entropy(z, t, reduction="sum"), "hᵀ (p − eₜ)"),
    ],
)
def test_every_way_to_cross_entropy_is_p_minus_t(loss: Any, shown: str) -> None:
    h, w = tg.ones(4, 2), tg.ones(2, 3, requires_grad=True)
    t = tg.tensor([0, 2, 1, 1])
    assert tg.derive(loss(h @ w, t), w, {"h": h, "W": w, "t": t}).result.text == f"∂L/∂W = {shown}"


def test_softmax_of_probabilities_is_p_minus_t_only_if_the_rows_of_t_sum_to_1() -> None:
    s = tg.zeros(2, 3, requires_grad=True)
    for t, shown in ((np.eye(3)[[0, 2]], "p − t"), (2 * np.eye(3)[[0, 2]], "p ⊙ Σ_(dim 1) t − t")):
        t = tg.tensor(t)
        y = -(t * tg.softmax(s.double(), 1).log()).sum()
        assert tg.derive(y, s, {"s": s, "t": t}).result.text.endswith(shown)


def test_a_record_is_enough() -> None:
    y, names = layer()
    stored = viz.Record.from_json(viz.record(y, names).to_json())
    assert str(tg.derive(stored, "W")) == str(tg.derive(y, names["W"], names))


def test_names_are_read_off_the_lines() -> None:
    x, w = tg.ones(2, 2), tg.ones(2, 2, requires_grad=True)
    with viz.sites():
        hidden = tg.tanh(x @ w)
        loss = hidden.sum()
    d = tg.derive(loss, w, {"w": w})
    assert [item.name for item in d.definitions] == ["w", "x", "z", "hidden", "loss"]
    assert d.result.text == "∂loss/∂w = xᵀ (1 − hidden²)"


def test_several_at_once_share_their_steps() -> None:
    y, names = layer()
    d = tg.derive(y, ["W", "b"], names)
    assert [f.text for f in d.results] == ["∂L/∂W = 2 xᵀ (h² ⊙ (1 − h))", "∂L/∂b = 2 1ᵀ (h² ⊙ (1 − h))"]
    assert [f.text for f in tg.derive(y, None, names).results] == [f.text for f in d.results]


def test_an_intermediate_is_taken_as_given() -> None:
    w = tg.ones(2, requires_grad=True)
    h = w.exp().named("h")
    d = tg.derive((h * h).sum(), h)
    assert [item.name for item in d.definitions] == ["h", "u", "L"]
    assert d.result.text == "∂L/∂h = 2 h"


def test_an_intermediate_and_what_it_is_made_of() -> None:
    w = tg.ones(2, requires_grad=True)
    h = w.exp().named("h")
    d = tg.derive((h * h).sum(), [h, w], {"w": w})
    assert [f.text for f in d.results] == ["∂L/∂h = 2 h", "∂L/∂w = 2 h²"]


def test_a_long_chain_of_what_has_no_name() -> None:
    y = a = tg.ones(1, requires_grad=True)
    for _ in range(300):
        y = -(y + 1)
    assert tg.derive(y, a, limit=None).result.text == "w̄ = g"


def test_a_tensor_that_is_used_too_often() -> None:
    a = tg.ones(1, requires_grad=True)
    y = tg.stack([a.exp() for _ in range(700)]).sum()
    with pytest.raises(ValueError, match="derive: a tensor is used so often"):
        tg.derive(y, a, limit=None)


def test_the_result_by_itself() -> None:
    y, names = layer()
    assert tg.derive(y, y, names).result.text == "∂L/∂L = 1"


def test_nothing_changes() -> None:
    y, names = layer()
    calls: list[Any] = []
    names["W"].register_hook(calls.append)
    for values in (False, True):
        tg.derive(y, None, names, values=values).html()
    assert names["W"].grad is None
    assert not calls
    y.backward()
    first, names["W"].grad = names["W"].grad, None
    again, fresh = layer()
    again.backward()
    np.testing.assert_array_equal(first.numpy(), fresh["W"].grad.numpy())


def test_a_chain_of_thousands_says_what_to_do() -> None:
    a = tg.ones(1, requires_grad=True)
    y = a
    for i in range(10_000):
        y = y.sin()
        if i == 9_990:
            near = y.named("near")
    with pytest.raises(ValueError, match=r"there are 10000 operations .* more than limit=100; .* such as 'near'"):
        tg.derive(y, a, {"a": a})
    assert len(tg.derive(y, near).steps) == 10


def test_doublings_are_instant() -> None:
    y = a = tg.ones(1, requires_grad=True)
    for _ in range(60):
        y = y + y
    assert len(tg.derive(y, a).steps) == 61


def test_what_has_no_derivation_says_why() -> None:
    y, names = layer()
    other = tg.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"has no gradient with respect to the tensor of shape \(3, 2\): .*detached"):
        tg.derive(y, names["x"], names)
    with pytest.raises(RuntimeError, match="of int64, and integers and bools have no gradient"):
        tg.derive(y, tg.tensor([1]), names)
    with pytest.raises(RuntimeError, match=r"doesn't depend on the tensor of shape \(2,\)"):
        tg.derive(y, other)
    with pytest.raises(RuntimeError, match="doesn't depend on the tensor .*: the result doesn't use it"):
        tg.derive(y, other, names | {"other": other})
    with pytest.raises(RuntimeError, match="has no gradient with respect to x: doesn't require grad"):
        tg.derive(y, "x", names)
    with pytest.raises(ValueError, match="no tensor named 'V'; named are W, b, x"):
        tg.derive(y, "V", names)
    with pytest.raises(RuntimeError, match="derive: this tensor of shape .* doesn't require grad"):
        tg.derive(names["x"])
    y.backward()
    with pytest.raises(RuntimeError, match=r"this graph was freed by the backward at .*; or derive before backward"):
        tg.derive(y, "W", names)


def test_latex_is_balanced() -> None:
    loss, model = network()
    for d in (tg.derive(loss, None, model, values=True), tg.derive(*_pair(layer()))):
        tex = re.sub(r"\\[\\{}]", "", d.latex())
        assert tex.count("{") == tex.count("}")
        assert tex.count("$") % 2 == 0
        begun, ended = (re.findall(rf"\\{what}{{(\w+\*?)}}", tex) for what in ("begin", "end"))
        assert sorted(begun) == sorted(ended)
        assert "_{" not in re.sub(r"\\\w+", "", "".join(re.findall(r"\\text{[^{}]*}", tex)))
        assert not re.findall(r"[^\x00-\x7f]", tex)


def _pair(case: tuple[tg.Tensor, Any]) -> tuple[tg.Tensor, None, Any]:
    return case[0], None, case[1]


def test_every_form_is_written(tmp_path: Path) -> None:
    loss, model = network()
    d = tg.derive(loss, "0.weight", model)
    for name in ("a.txt", "a.tex", "a.md", "a.html"):
        assert d.save(tmp_path / name).stat().st_size > 500
    assert (tmp_path / "a.txt").read_text() == str(d) == d.text()
    assert r"\documentclass" in (tmp_path / "a.tex").read_text()
    assert "$$" in d.markdown() == d._repr_markdown_()
    assert d._repr_latex_() == f"$${d.result.latex}$$"
    with pytest.raises(ValueError, match="'a.docx' must end in"):
        d.save(tmp_path / "a.docx")


def test_without_the_extra_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    y, names = layer()
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_lab\[derive\]"'):
        tg.derive(y, "W", names).html()


def test_a_value_that_is_missing_is_named() -> None:
    y, names = layer()
    d = tg.derive(y, "W", names)
    with pytest.raises(ValueError, match="no value is given for W, x"):
        d.evaluate({"b": np.zeros(2)})


def test_the_page_loads_nothing() -> None:
    page = tg.derive(*_pair(network())).html()
    assert re.findall(r"https?://[^\"]*", page) == len(re.findall("<math", page)) * [
        "http://www.w3.org/1998/Math/MathML"
    ]
    assert not re.findall(r"(?:src|href)=|<script", page)
    assert len(re.findall("<math", page)) == len(re.findall("</math>", page))


@pytest.mark.browser
def test_a_browser_shows_every_formula(tmp_path: Path) -> None:
    path = tg.derive(*_pair(network()), values=True).save(tmp_path / "a.html")
    dom = opened(path, "", tmp_path / "profile")
    assert dom.count("<math") == path.read_text().count("<math") > 50
    assert r"\operatorname" not in dom
    assert "merror" not in dom
