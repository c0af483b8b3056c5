"""Values that the graph saves, packed and unpacked by hooks."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.autograd.graph import Node, saved_tensors_hooks


def noted(log):
    def pack(t):
        assert not t.requires_grad
        log.append(t.shape)
        return t

    return saved_tensors_hooks(pack, lambda t: t)


def test_what_rules_read_is_packed_and_nothing_else():
    x, w = tg.randn(5, 2, requires_grad=True), tg.randn(3, 5, requires_grad=True)
    log = []
    with noted(log):
        y = (w @ x).exp().sum()
        (x + 1).sum()
        (tg.randn(4) * tg.randn(4)).sum()
    assert log == [(3, 5), (5, 2), (3, 2)]
    y.backward()
    (x * x).sum()
    assert len(log) == 3
    assert isinstance(y.grad_fn, Node)


def models():
    tg.manual_seed(0)
    yield nn.Sequential(nn.Linear(6, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 3), nn.LogSoftmax(1)), (4, 6)
    yield nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()), (2, 1, 8, 8)
    yield nn.TransformerEncoderLayer(8, 2, 16, dropout=0, batch_first=True), (2, 5, 8)


@pytest.mark.parametrize("number", range(3))
def test_gradients_of_every_order_are_the_same(number):
    model, shape = list(models())[number]
    model, x = model.double(), tg.randn(shape, dtype=np.float64, requires_grad=True)

    def gradients():
        y = (model(x) ** 2).sum()
        (g,) = tg.autograd.grad(y, x, create_graph=True)
        return [g, *tg.autograd.grad((g * g).sum(), [x, *model.parameters()], allow_unused=True)]

    want = gradients()
    with saved_tensors_hooks(lambda t: [t.clone()], lambda packed: packed[0].clone()):
        got = gradients()
    for a, b in zip(got, want, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a.detach(), b.detach(), rtol=1e-9, atol=1e-11)


def test_values_go_when_they_are_packed_elsewhere():
    x = tg.randn(50, requires_grad=True)
    with saved_tensors_hooks(lambda t: t.to(np.float16), lambda t: t.float()):
        h = (x * 2).sin()
        array = weakref.ref(h.array)
        gc.disable()
        try:
            h = h.cos()
            assert array() is None
            node = weakref.ref(h.grad_fn)
            del h
            assert node() is None
        finally:
            gc.enable()


def test_a_graph_is_walked_twice():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    log = []
    with noted(log):
        y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4, 8]
    with pytest.raises(RuntimeError, match="was freed by the backward"):
        y.backward()


def test_a_value_changed_in_place_is_told_of_unless_a_copy_was_packed():
    w = tg.tensor([1.0, 2.0])
    x = tg.tensor([3.0, 4.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: t, lambda t: t):
        y = (x * w).sum()
    with saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        z = (x * w).sum()
    w += 1
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()
    z.backward()
    assert x.grad.tolist() == [1, 2]


def test_the_innermost_block_counts():
    x = tg.tensor([1.0], requires_grad=True)
    outer, inner = [], []
    with noted(outer):
        with noted(inner):
            x * x
        x * x
    assert (len(inner), len(outer)) == (2, 2)


def test_another_shape_or_dtype_or_no_tensor_is_refused():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with saved_tensors_hooks(lambda t: t.numpy().tobytes(), lambda packed: packed):
        y = (x * x).sum()
    with pytest.raises(TypeError, match="unpack_hook must return a tensor, not bytes"):
        y.backward()
    with saved_tensors_hooks(lambda t: t, lambda t: t.double()):
        y = (x * x).sum()
    with pytest.raises(
        RuntimeError, match=r"of shape \(2,\) and float32, unpack_hook made one of shape \(2,\) and float64"
    ):
        y.backward()


def test_a_packed_part_is_checkpointed():
    x = tg.randn(4, requires_grad=True)
    with noted([]):
        y = tg.utils.checkpoint.checkpoint(lambda x: x.exp().sin(), x)
    y.sum().backward()
    np.testing.assert_allclose(x.grad, np.cos(np.exp(x.detach())) * np.exp(x.detach()), rtol=1e-5)
