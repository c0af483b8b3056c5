"""Tables of vectors: embedding and embedding_bag."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

T = tg.tensor


def table():
    return tg.tensor(np.arange(8.0).reshape(4, 2), requires_grad=True)


def test_a_row_looked_up_twice_gets_the_sum():
    w = table()
    F.embedding(T([[1, 3], [1, 0]]), w).sum().backward()
    assert w.grad.tolist() == [[1, 1], [2, 2], [0, 0], [1, 1]]


def test_the_padding_row_gets_no_gradient():
    w = table()
    F.embedding(T([1, 3, 1]), w, padding_idx=-1).sum().backward()
    assert w.grad.tolist() == [[0, 0], [2, 2], [0, 0], [0, 0]]


def test_gradients_divided_by_the_frequency():
    w = table()
    y = F.embedding(T([1, 3, 1]), w, scale_grad_by_freq=True)
    assert y.tolist() == [[2, 3], [6, 7], [2, 3]]
    y.sum().backward()
    assert w.grad.tolist() == [[0, 0], [1, 1], [0, 0], [1, 1]]


def test_max_norm_changes_the_rows_that_are_looked_up():
    w = table()
    y = w * 1
    F.embedding(T([1, 1, 0]), w, max_norm=1.0)
    np.testing.assert_allclose(np.linalg.norm(w.detach().numpy(), axis=1), [1, 1, 41**0.5, 85**0.5], rtol=1e-6)
    y = w * w
    F.embedding(T([3]), w, max_norm=1.0)
    with pytest.raises(RuntimeError, match="changed in place by embedding"):
        y.sum().backward()


def test_bags():
    w = table()
    indices, offsets = T([0, 1, 3, 3]), T([0, 2, 2])
    assert F.embedding_bag(indices, w, offsets, mode="sum").tolist() == [[2, 4], [0, 0], [12, 14]]
    assert F.embedding_bag(indices, w, offsets).tolist() == [[1, 2], [0, 0], [6, 7]]
    assert F.embedding_bag(indices, w, offsets, mode="max").tolist() == [[2, 3], [0, 0], [6, 7]]
    y = F.embedding_bag(indices, w, offsets, padding_idx=0, mode="sum", per_sample_weights=T(np.array([9.0, 1, 2, 3])))
    assert y.tolist() == [[2, 3], [0, 0], [30, 35]]
    y.sum().backward()
    assert w.grad.tolist() == [[0, 0], [1, 1], [0, 0], [5, 5]]


def test_the_first_of_the_greatest_gets_the_gradient():
    w = tg.ones(3, 2).requires_grad_()
    F.embedding_bag(T([[2, 1]]), w, mode="max").sum().backward()
    assert w.grad.tolist() == [[0, 0], [0, 0], [1, 1]]


def test_single_precision_stays():
    w = tg.randn(5, 3).requires_grad_()
    for mode in ("sum", "mean", "max"):
        y = F.embedding_bag(T([[0, 1], [1, 2]]), w, mode=mode)
        (g,) = tg.autograd.grad(y.sum(), w)
        assert (y.dtype, g.dtype) == (np.float32, np.float32)
    y = F.embedding(T([0, 0]), w, padding_idx=1, max_norm=0.1, scale_grad_by_freq=True)
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda w: F.embedding(T([4]), w), IndexError, "embedding: index 4 is out of range for weight of size 4"),
        (lambda w: F.embedding(T([0.5]), w), RuntimeError, "must be of int64 or int32, not float32"),
        (lambda w: F.embedding(T([0]), w[0]), RuntimeError, "weight must be a matrix"),
        (lambda w: F.embedding(T([0]), w, sparse=True), NotImplementedError, "leave sparse False"),
        (lambda w: F.embedding(T([0]), w, padding_idx=4), AssertionError, "padding_idx 4 must be within the 4 rows"),
        (lambda w: F.embedding(0, w), TypeError, "embedding: needs a tensor, not int"),
        (lambda w: F.embedding_bag(T([0]), w), ValueError, "offsets has to be a vector"),
        (lambda w: F.embedding_bag(T([0]), w, T([1])), RuntimeError, r"offsets\[0\] has to be 0"),
        (lambda w: F.embedding_bag(T([[0]]), w, mode="min"), ValueError, "mode has to be one of sum, mean or max"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(table())
