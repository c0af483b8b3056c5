"""The parameter: a tensor of its own class that shares its data's memory."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import Parameter


def test_it_is_a_leaf_that_requires_grad_on_the_memory_of_its_data():
    data = tg.ones(2, 3)
    p = Parameter(data)
    assert isinstance(p, tg.Tensor)
    assert p.requires_grad
    assert p.is_leaf
    assert p.array is data.array
    assert not Parameter(data, requires_grad=False).requires_grad


def test_its_data_may_be_an_array_a_result_or_nothing():
    a = np.ones(2)
    assert Parameter(a).array is a
    result = Parameter(a) * 2
    assert Parameter(result).is_leaf
    assert Parameter().shape == (0,)
    assert Parameter().dtype == np.float32


def test_integers_cannot_require_grad():
    with pytest.raises(RuntimeError, match="only floating tensors can require gradients, not int64"):
        Parameter(tg.arange(3))
    assert Parameter(tg.arange(3), requires_grad=False).dtype == np.int64


def test_operations_return_plain_tensors():
    p = Parameter(tg.ones(2))
    for y in (p + 1, p * p, p[0], p.detach(), p.reshape(1, 2), p.clone()):
        assert type(y) is tg.Tensor
    (p * 3).sum().backward()
    assert type(p.grad) is tg.Tensor
    assert p.grad.tolist() == [3, 3]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_copies_keep_class_flag_and_values_in_memory_of_their_own(duplicate, requires_grad):
    p = Parameter(tg.tensor([1.0, 2.0]), requires_grad)
    q = duplicate(p)
    assert type(q) is Parameter
    assert q.requires_grad is requires_grad
    assert q.tolist() == [1, 2]
    assert not np.shares_memory(p.array, q.array)


def test_repr():
    assert repr(Parameter(tg.tensor([1.0]))) == "Parameter containing:\ntensor([1.], requires_grad=True)"
