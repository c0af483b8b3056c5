"""`Variable`, as programs from before PyTorch 0.4 use it."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.autograd import Variable


def test_it_is_a_leaf_on_the_same_memory():
    w = tg.ones(3, requires_grad=True)
    y = w * 2
    x = Variable(y, requires_grad=True)
    assert x.is_leaf
    assert x.requires_grad
    assert np.shares_memory(x.array, y.array)
    (x * x).sum().backward()
    assert x.grad.tolist() == [4, 4, 4]
    assert w.grad is None
    assert not Variable(y).requires_grad


def test_every_tensor_is_one():
    assert isinstance(tg.ones(2), Variable)
    assert isinstance(tg.nn.Parameter(tg.ones(2)), Variable)
    assert not isinstance(np.ones(2), Variable)


def test_of_anything_else_or_of_integers_with_gradients_it_is_an_error():
    with pytest.raises(TypeError, match="Variable: data must be a tensor, not list"):
        Variable([1.0])
    with pytest.raises(RuntimeError, match="floating"):
        Variable(tg.arange(3), requires_grad=True)
