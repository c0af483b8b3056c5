"""Functions of functions: what nests, what stays on arrays, what is left behind."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import func, nn
from tinygrad_lab.func import transforms
from tinygrad_lab.testing import gradcheck

f64 = np.float64


def test_value_and_grad_is_in_jaxs_order():
    x = tg.tensor([1.0, 2.0], dtype=f64)
    value, g = func.value_and_grad(lambda x: (x**2).sum())(x)
    assert value.item() == 5
    np.testing.assert_array_equal(g.numpy(), [2, 4])
    (value, aux), g = func.value_and_grad(lambda x: ((x**2).sum(), "aux"), has_aux=True)(x)
    assert (value.item(), aux, g.tolist()) == (5, "aux", [2, 4])


def test_all_four_jacobians_of_jacobians_agree():
    a = tg.tensor(np.random.default_rng(0).standard_normal((3, 3)))
    x = tg.tensor([0.3, -0.4, 1.1], dtype=f64)
    found = [
        outer(inner(lambda x: ((a @ x).tanh() ** 3).sum()))(x).numpy()
        for outer in (func.jacrev, func.jacfwd)
        for inner in (func.jacrev, func.jacfwd)
    ]
    for hessian in found[1:]:
        np.testing.assert_allclose(hessian, found[0], rtol=1e-12, atol=1e-14)
    v = tg.tensor([1.0, -2.0, 0.5], dtype=f64)
    _, product = func.hvp(lambda x: ((a @ x).tanh() ** 3).sum(), (x,), (v,))
    np.testing.assert_allclose(product.numpy(), found[0] @ v.numpy(), rtol=1e-12)


def test_hvp_of_several_arguments():
    x, z = tg.tensor([1.0, 2.0], dtype=f64), tg.tensor(3.0, dtype=f64)
    value, (u, w) = func.hvp(lambda x, z: (x**2).sum() * z, (x, z), (tg.ones_like(x), tg.ones_like(z)))
    assert value.item() == 15
    np.testing.assert_allclose(u.numpy(), 2 * 3 + 2 * x.numpy())
    assert w.item() == 6


def test_first_order_is_read_on_arrays(monkeypatch):
    """No graph of the gradient is made unless something outside asks for it."""
    asked = []
    real = transforms.run_backward
    monkeypatch.setattr(transforms, "run_backward", lambda *a: asked.append(a[3]) or real(*a))
    x = tg.tensor([1.0, 2.0])
    func.grad(lambda x: func.grad(lambda y: (x.sum() * y**2).sum())(x).sum())(x)
    assert asked == [True, False]
    asked.clear()
    func.jacrev(lambda x: x * 2)(x)
    func.vjp(lambda x: x * 2, x)[1](x)
    assert asked == [False] * 3
    asked.clear()
    func.grad(lambda y: (y * x).sum())(x.clone().requires_grad_())
    assert asked == [True]


def test_a_closed_inner_variable_asks_for_nothing():
    x = tg.tensor(3.0)
    kept = []

    def f(x):
        g = func.grad(lambda y: x * y**2)(tg.tensor(2.0))
        kept.append(g)
        return g

    out = func.grad(f)(x)
    assert out.item() == 4
    assert not out.requires_grad
    assert x.grad is None


def test_under_no_grad_gradients_are_computed_and_results_have_no_graph():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with tg.no_grad():
        g, value = func.grad_and_value(lambda x: (x**2).sum())(x)
        j = func.jacfwd(lambda x: x**2)(x)
    np.testing.assert_array_equal(g.numpy(), [2, 4])
    np.testing.assert_array_equal(j.numpy(), [[2, 0], [0, 4]])
    assert not value.requires_grad
    assert func.grad(lambda x: (x.detach() * x).sum())(x).tolist() == [1, 2]


def test_a_jacobian_is_itself_differentiable():
    x = tg.tensor([0.5, 1.5], dtype=f64, requires_grad=True)
    for jacobian in (func.jacrev, func.jacfwd):
        assert gradcheck(jacobian(lambda x: x.sin() * x.sum()), x)
    assert gradcheck(func.linearize(lambda x: x**3, tg.tensor([1.0, 2.0], dtype=f64))[1], x)


def test_an_empty_argument_or_output():
    x = tg.tensor([1.0, 2.0])
    assert func.jacrev(lambda x: x[:0])(x).shape == (0, 2)
    assert func.jacfwd(lambda x: x.sum())(tg.zeros(0)).shape == (0,)


def test_no_cycle_is_left_behind():
    gc.collect()
    gc.disable()
    try:
        x = tg.tensor([1.0, 2.0])
        func.hessian(lambda x: (x**3).sum())(x)
        func.vjp(lambda x: x**3, x)[1](x)
        assert gc.collect() < 50  # wraps of functions, no graph
    finally:
        gc.enable()


def test_vmap_and_random_numbers():
    x = tg.zeros(3, 2)
    with pytest.raises(RuntimeError, match="randomness='different' or 'same'"):
        func.vmap(lambda v: v + tg.randn(2))(x)
    tg.manual_seed(0)
    same = func.vmap(lambda v: v + tg.randn(2), randomness="same")(x).numpy()
    different = func.vmap(lambda v: v + tg.randn(2), randomness="different")(x).numpy()
    assert (same == same[0]).all()
    assert len({tuple(row) for row in different}) == 3
    with pytest.raises(RuntimeError, match="should be 'error', 'different' or 'same', not 'x'"):
        func.vmap(lambda v: v, randomness="x")


class TestFunctionalCall:
    def test_the_module_keeps_its_own(self):
        net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        own = dict(net.named_parameters())
        other = {name: tg.zeros_like(p) for name, p in own.items()}
        assert func.functional_call(net, other, tg.ones(4, 2)).tolist() == [[0.0]] * 4
        with pytest.raises(RuntimeError, match="linear|matmul|shapes"):
            func.functional_call(net, {"0.weight": tg.ones(7, 7)}, (tg.ones(4, 2),))
        assert all(p is own[name] for name, p in net.named_parameters())

    def test_errors(self):
        net = nn.Linear(2, 3)
        x = tg.ones(1, 2)
        with pytest.raises(AttributeError, match="Linear has no tensor wieght"):
            func.functional_call(net, {"wieght": tg.ones(3, 2)}, x)
        with pytest.raises(RuntimeError, match=r"missing key\(s\): \['bias'\]; unexpected key\(s\): \[\]"):
            func.functional_call(net, {"weight": tg.ones(3, 2)}, x, strict=True)
        with pytest.raises(ValueError, match="bias appears in several"):
            func.functional_call(net, ({"bias": tg.ones(3)}, {"bias": tg.ones(3)}), x)

    def test_tied_weights(self):
        net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
        net[1].weight = net[0].weight
        x = tg.ones(1, 2)
        ones = tg.ones(2, 2)
        assert func.functional_call(net, {"0.weight": ones}, x).tolist() == [[4, 4]]
        with pytest.raises(ValueError, match="tied to another name"):
            func.functional_call(net, {"0.weight": ones, "1.weight": tg.zeros(2, 2)}, x)
        net[1].weight.data = ones * 3
        assert func.functional_call(net, {"0.weight": ones}, x, tie_weights=False).tolist() == [[12, 12]]
