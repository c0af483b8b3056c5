"""Checkpoints: the same gradients to the bit with less memory, whatever way they are asked for."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def network():
    tg.manual_seed(0)
    return nn.Sequential(*(m for _ in range(4) for m in (nn.Linear(6, 6), nn.Tanh(), nn.Dropout(0.3))), nn.Linear(6, 1))


def gradients(call, net, x):
    tg.manual_seed(1)
    net.zero_grad()
    x.grad = None
    y = call(net, x)
    (y**2).sum().backward()
    after = tg.randn(3)
    return [y, after, x.grad, *(p.grad for p in net.parameters())]


@pytest.mark.parametrize(
    "call",
    [
        checkpoint,
        lambda net, x: checkpoint_sequential(net, 3, x),
        lambda net, x: checkpoint(lambda x: checkpoint(net, x) * 1.0, x),
        lambda net, x: net[6:](checkpoint(net[:6], x)),
    ],
)
def test_the_same_bits_with_dropout(call):
    net, x = network(), tg.randn(5, 6).requires_grad_()
    for a, b in zip(gradients(lambda net, x: net(x), net, x), gradients(call, net, x), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_parameters_alone_and_every_way_to_ask():
    net, x = network().eval(), tg.randn(5, 6)  # x asks for nothing: the network's own parameters do
    params = list(net.parameters())
    for ways in ({}, {"create_graph": True}, {"retain_graph": True}):
        want = tg.autograd.grad(net(x).sum(), params, **ways)
        got = tg.autograd.grad(checkpoint(net, x).sum(), params, **ways)
        for a, b in zip(want, got, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    x = tg.tensor([0.3, 0.7], dtype=np.float64, requires_grad=True)
    (g,) = tg.autograd.grad(checkpoint(lambda x: (x.sin() * x**2).sum(), x), x, create_graph=True)
    (h,) = tg.autograd.grad(g.sum(), x)
    (want,) = tg.autograd.grad(tg.autograd.grad((x.sin() * x**2).sum(), x, create_graph=True)[0].sum(), x)
    np.testing.assert_allclose(h.numpy(), want.numpy(), rtol=1e-14)


def test_an_autograd_function_inside():
    class Cube(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return 3 * g * ctx.saved_tensors[0] ** 2

    x = tg.tensor([2.0], requires_grad=True)
    checkpoint(lambda x: Cube.apply(x * 2).sum(), x).backward()
    assert x.grad.item() == 3 * 16 * 2


def test_changes_in_place_inside():
    def f(x):
        h = x * 3
        h.tanh_()
        return (h * h.exp()).sum()

    x = tg.tensor([0.1, 0.2], requires_grad=True)
    (want,) = tg.autograd.grad(f(x), x)
    (got,) = tg.autograd.grad(checkpoint(f, x), x)
    np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_memory():
    """16 layers of 256 kB each: a part's values at a time, not all."""
    x = tg.zeros(256, 256, requires_grad=True)
    layers = [tg.tanh] * 16

    def peak(call):
        tracemalloc.start()
        call(x).sum().backward()
        found = tracemalloc.get_traced_memory()[1] / x.nbytes
        tracemalloc.stop()
        return found

    plain, saving = (
        peak(lambda x: checkpoint_sequential(layers, 1, x)),
        peak(lambda x: checkpoint_sequential(layers, 4, x)),
    )
    assert plain > 16
    assert saving < 12


def test_errors():
    count = iter(range(9))
    x = tg.ones(3, requires_grad=True)
    with pytest.raises(CheckpointError, match=r"made the operations \['mul', 'sum'\], not \['exp', 'sum'\]"):
        checkpoint(lambda x: (x * 2 if next(count) else x.exp()).sum(), x).backward()
    y = x * 1
    z = checkpoint(lambda y: (y + 1).exp().sum(), y)
    with tg.no_grad():
        y.mul_(2)
    with pytest.raises(RuntimeError, match=r"changed in place by mul_ at .*test_checkpoint"):
        z.backward()
    with pytest.raises(ValueError, match="1 functions make 1 to 1 parts, not 2"):
        checkpoint_sequential([tg.exp], 2, x)
    with tg.no_grad():
        assert not checkpoint(tg.exp, x).requires_grad


def test_accumulated_gradients_are_those_of_the_whole_batch():
    net, x, t = nn.Linear(4, 3).double(), tg.randn(8, 4, dtype=np.float64), tg.randint(3, (8,))
    nn.functional.cross_entropy(net(x), t).backward()
    want = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    for rows in (slice(0, 4), slice(4, 8)):
        (nn.functional.cross_entropy(net(x[rows]), t[rows]) / 2).backward()
    for p, g in zip(net.parameters(), want, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g.numpy(), rtol=1e-14, atol=1e-16)
