"""Hooks on tensors: what they may return, what they change, when they run."""

import numpy as np
import pytest

import tinygrad_lab as tg


def leaf(*values):
    return tg.tensor(values, requires_grad=True)


@pytest.mark.parametrize(
    ("hook", "kind", "text"),
    [
        (lambda g: 3, TypeError, "a hook must return a tensor or None, not int"),
        (lambda g: g.detach().numpy(), TypeError, "not ndarray"),
        (lambda g: g[:1], RuntimeError, r"of shape \(2,\) and dtype float32 one of shape \(1,\)"),
        (lambda g: g.double(), RuntimeError, r"one of shape \(2,\) and dtype float64"),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_what_a_hook_returns_must_fit(hook, kind, text, create_graph):
    x = leaf(1.0, 2.0)
    h = x * 2
    h.register_hook(hook)
    with pytest.raises(kind, match=f"register_hook: .*{text}"):
        h.backward(tg.ones(2, requires_grad=create_graph), create_graph=create_graph)
    assert x.grad is None


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("returns", [False, True])
def test_a_hook_that_works_in_place_changes_one_gradient(create_graph, returns):
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    a, b = x * 1, y * 1

    def clip(g):
        g.clamp_(max=1.5)
        return g if returns else None

    a.register_hook(clip)
    given = tg.tensor([1.0, 2.0])
    (a + b).backward(given, create_graph=create_graph)
    assert x.grad.tolist() == [1.0, 1.5]
    assert y.grad.tolist() == [1.0, 2.0]
    assert given.tolist() == [1.0, 2.0]


def test_hooks_run_unrecorded_unless_the_walk_is_recorded():
    seen = []
    for create_graph in (False, True):
        x = leaf(1.0, 2.0)
        x.register_hook(lambda g, x=x: seen.append((tg.is_grad_enabled(), (g * x).requires_grad)))
        (x * x).sum().backward(create_graph=create_graph)
    assert seen == [(False, False), (True, True)]


def test_a_retained_gradient_is_what_the_hooks_made_of_it():
    x = leaf(1.0, 2.0)
    h = x * 2
    assert not h.retains_grad
    h.retain_grad()
    h.retain_grad()
    assert h.retains_grad
    assert not x.retains_grad
    h.register_hook(lambda g: g * 10)
    h.sum().backward()
    assert h.grad.tolist() == [10.0, 10.0]
    assert x.grad.tolist() == [20.0, 20.0]


def test_a_hook_lasts_as_long_as_its_block():
    x = leaf(1.0, 2.0)
    with x.register_hook(lambda g: g * 10):
        x.sum().backward()
    x.sum().backward()
    assert x.grad.tolist() == [11.0, 11.0]


def test_after_accumulation_a_leaf_can_be_used_and_emptied():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    seen = []

    def step(t):
        seen.append(t.grad.tolist())
        with tg.no_grad():
            t -= t.grad
        t.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * x + x * w).sum().backward()
    assert seen == [[5.0, 8.0]]
    assert x.grad is None
    np.testing.assert_array_equal(x.detach(), [-4.0, -6.0])
    assert w.grad.tolist() == [1.0, 2.0]
    tg.autograd.grad(x.sum(), x)
    x.sum().backward(inputs=[w, x])
    assert len(seen) == 2
    handle.remove()
    x.sum().backward()
    assert len(seen) == 2


@pytest.mark.parametrize("make", [lambda: leaf(1.0) * 2, lambda: tg.ones(1)])
def test_only_leaves_accumulate(make):
    with pytest.raises(RuntimeError, match="register_post_accumulate_grad_hook: "):
        make().register_post_accumulate_grad_hook(print)
