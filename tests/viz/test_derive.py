"""`derive`: what it says is true, whatever the graph; reads as one derives by hand; and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab import nn, viz
from tinygrad_lab.viz.expression import evaluate

SHOWN = settings(max_examples=60, deadline=None)
Case = tuple[tg.Tensor, dict[str, tg.Tensor]]


def rand(*shape: int, seed: int = 0, grad: bool = True) -> tg.Tensor:
    return tg.tensor(np.random.RandomState(seed).randn(*shape), requires_grad=grad)


def values_of(d: viz.Derivation, names: Mapping[str, tg.Tensor]) -> dict[str, Any]:
    """The values of what a derivation takes as given, by the names that it uses."""
    found: dict[str, Any] = {}
    for item in d.definitions:
        if item.expression is None:
            found[item.name] = names[item.name].detach().numpy()
    return found


def check(y: tg.Tensor, names: Mapping[str, tg.Tensor], cotangent: Any = None) -> viz.Derivation:
    """Derive `y` by every leaf, and hold each step and each formula at the end against autograd's gradient."""
    leaves = {name: t for name, t in names.items() if t.requires_grad}
    d = tg.derive(y, list(leaves.values()), names, limit=None)
    given = values_of(d, names)
    g = np.random.RandomState(9).randn(*y.shape) if cotangent is None else cotangent
    if d.seed is not None:
        given["g"] = g
    right = tg.autograd.grad(y, list(leaves.values()), tg.tensor(g) if d.seed is not None else None, retain_graph=True)
    env = d.values(given)
    steps = d.evaluate(given)
    for name, formula, expected in zip(leaves, d.results, right, strict=True):
        np.testing.assert_allclose(steps[name], expected.numpy(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(evaluate(formula.expression, env), expected.numpy(), rtol=1e-9, atol=1e-12)
    for step in d.steps:
        np.testing.assert_allclose(evaluate(step.resolved, env), env[step.symbol.name], rtol=1e-9, atol=1e-12)
        assert np.shape(env[step.symbol.name]) == step.symbol.dims
    return d


# ------------------------------------------------------------------------------------------------------ networks


def layers_by_hand() -> Case:
    """Two linear layers, ReLU, fused softmax cross-entropy."""
    names = {"x": rand(4, 3, grad=False), "W1": rand(3, 5, seed=1), "b1": rand(5, seed=2)}
    names |= {"W2": rand(5, 3, seed=3), "b2": rand(3, seed=4), "t": tg.tensor([0, 2, 1, 1])}
    h = (names["x"] @ names["W1"] + names["b1"]).relu().named("h")
    return F.cross_entropy(h @ names["W2"] + names["b2"], names["t"]), names


def on_probabilities() -> Case:
    """Softmax, then the cross-entropy of probabilities and one-hot targets, as two modules."""
    names = {"x": rand(4, 3, grad=False), "W": rand(3, 3, seed=1), "b": rand(3, seed=2)}
    names["t"] = tg.tensor(np.eye(3)[[0, 2, 1, 1]])
    p = tg.softmax(names["x"] @ names["W"] + names["b"], 1).named("p")
    return -(names["t"] * p.log()).sum(1).mean(), names


def log_softmax_and_nll() -> Case:
    names = {"x": rand(4, 3, grad=False), "W": rand(3, 3, seed=1), "t": tg.tensor([0, 2, 1, 1])}
    return F.nll_loss(F.log_softmax(names["x"] @ names["W"], 1), names["t"]), names


def logsumexp_minus_logit() -> Case:
    names = {"x": rand(4, 3, grad=False), "W": rand(3, 3, seed=1), "t": tg.tensor([0, 2, 1, 1])}
    z = names["x"] @ names["W"]
    return (z.logsumexp(1) - z[np.arange(4), names["t"].numpy()]).mean(), names


def soft_targets() -> Case:
    names = {"x": rand(4, 3, grad=False), "W": rand(3, 3, seed=1)}
    names["t"] = tg.softmax(rand(4, 3, seed=7, grad=False), 1)
    return F.cross_entropy(names["x"] @ names["W"], names["t"]), names


def sigmoids() -> Case:
    """Three layers of sigmoids without biases, binary cross-entropy summed over the data."""
    names = {"x": rand(4, 2, grad=False), "W1": rand(2, 5, seed=1), "W2": rand(5, 5, seed=2), "W3": rand(5, 1, seed=3)}
    names["t"] = tg.tensor([[0.0], [1.0], [1.0], [0.0]]).double()
    y = names["x"]
    for w in ("W1", "W2", "W3"):
        y = tg.sigmoid(y @ names[w])
    return F.binary_cross_entropy(y.named("y"), names["t"], reduction="sum"), names


def sigmoid_by_hand() -> Case:
    names = {"x": rand(4, 2, grad=False), "w": rand(2, 1, seed=1)}
    names["t"] = tg.tensor([[0.0], [1.0], [1.0], [0.0]]).double()
    t, y = names["t"], tg.sigmoid(names["x"] @ names["w"])
    return -(t * y.log() + (1 - t) * (1 - y).log()).mean(), names


def with_logits() -> Case:
    names = {"x": rand(4, 2, grad=False), "w": rand(2, 1, seed=1)}
    names["t"] = tg.tensor([[0.0], [1.0], [1.0], [0.0]]).double()
    return F.binary_cross_entropy_with_logits(names["x"] @ names["w"], names["t"]), names


def squares() -> Case:
    names = {"x": rand(4, 3, grad=False), "W": rand(3, 2, seed=1), "t": rand(4, 2, seed=5, grad=False)}
    return F.mse_loss(names["x"] @ names["W"], names["t"]), names


def recurrence() -> Case:
    """One weight, used at each of three steps."""
    names = {"x": rand(4, 3, grad=False), "U": rand(3, 3, seed=1), "V": rand(3, 3, seed=2)}
    h = names["x"]
    for _ in range(3):
        h = (names["x"] @ names["V"] + h @ names["U"]).tanh()
    return (h * h).sum(), names


def other_ops() -> Case:
    """Concatenation, an index, a variance, a product, a maximum: rules that are no formula, too."""
    names = {"a": rand(3, 4), "b": rand(3, 4, seed=1)}
    a, b = names["a"], names["b"]
    y = tg.cat([a.exp(), b], 1)[:, 1:6].var(1) + (a / (b * b + 1)).prod(1) + tg.maximum(a, b).transpose(0, 1).sum(0)
    return y + a.cumsum(1)[:, -1] + a.amax(1), names


CASES = [
    layers_by_hand, on_probabilities, log_softmax_and_nll, logsumexp_minus_logit, soft_targets, sigmoids,
    sigmoid_by_hand, with_logits, squares, recurrence, other_ops,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_steps_and_formulas_are_autograds_gradient(case: Callable[[], Case]) -> None:
    check(*case())


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_of_what_is_no_number(case: Callable[[], Case]) -> None:
    y, names = case()
    check(y.exp() * rand(*y.shape, 2, seed=3, grad=False).named("c"), names | {"c": rand(2, seed=3, grad=False)}) if (
        y.shape == ()
    ) else check(y, names)


def test_a_module() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    x, t = rand(6, 3, grad=False), tg.tensor([0, 1, 2, 2, 1, 0])
    check(F.cross_entropy(model(x), t), {**dict(model.named_parameters()), "x": x, "t": t})


@SHOWN
@given(st.data())
def test_any_graph(data: st.DataObject) -> None:
    """Random programs of elementwise ops, products, reductions, views and fan-out."""
    n, m = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    names = {
        "a": rand(n, m, seed=1),
        "b": rand(n, m, seed=2),
        "v": rand(m, seed=3),
        "c": rand(n, m, seed=4, grad=False),
    }
    names["W"] = rand(m, m, seed=5)
    pool = [names["a"], names["b"], names["v"]]
    unary: list[Callable[[tg.Tensor], tg.Tensor]] = [
        tg.exp, tg.sigmoid, tg.tanh, lambda u: u * u, lambda u: -u, lambda u: 2 * u - 0.5, lambda u: (u * u + 1).log(),
        lambda u: u.relu(), lambda u: 1 / (u * u + 1), lambda u: u - u.sum(-1, keepdim=True), lambda u: u.softmax(-1),
        lambda u: u.log_softmax(-1), lambda u: u * names["c"], lambda u: names["c"] - u, lambda u: u.mean(0),
        lambda u: (u.mT.mT if u.ndim > 1 else u), lambda u: u @ names["W"],
        lambda u: u.reshape(-1, m), lambda u: (u - u.logsumexp(-1, keepdim=True)).exp(), lambda u: u.abs().sqrt(),
    ]  # fmt: skip
    binary: list[Callable[[tg.Tensor, tg.Tensor], tg.Tensor]] = [
        lambda u, w: u + w, lambda u, w: u - w, lambda u, w: u * w, lambda u, w: u / (w * w + 1),
    ]  # fmt: skip
    for _ in range(data.draw(st.integers(1, 6))):
        u = pool[data.draw(st.integers(0, len(pool) - 1))]
        if data.draw(st.booleans()):
            y = data.draw(st.sampled_from(unary))(u)
        else:
            y = data.draw(st.sampled_from(binary))(u, pool[data.draw(st.integers(0, len(pool) - 1))])
        pool.append(y * 0.25 if data.draw(st.booleans()) else y)
    y = pool[-1] if data.draw(st.booleans()) else pool[-1].mean()
    if y.requires_grad:
        used = {v.name for v in viz.record(y, names).vertices if v.reason != "the result doesn't use it"}
        check(y, {k: t for k, t in names.items() if not t.requires_grad or k in used})
