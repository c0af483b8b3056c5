"""Brackets, scattering and their kin: what the property over the table can't see."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.ops.index import _ungather, _unpick, last_write

T = tg.tensor


def leaf(values, dtype=np.float64):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


# ------------------------------------------------------------------------------------------------------ brackets


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.complex128])
@pytest.mark.parametrize("width", [(), (1,), (7,), (2, 6)])
@pytest.mark.parametrize("repeats", [False, True])
def test_unpick_adds_as_numpy_does(dtype, width, repeats):
    random = np.random.default_rng(0)
    index = random.integers(-20, 20, (5, 12)) if repeats else random.permutation(20)[:6]
    values = random.integers(-9, 9, (*index.shape, *width)).astype(dtype)
    for shape, full in [
        ((20, *width), index),
        ((20, 1, *width), (index, np.zeros((), np.int64))),
        ((4, 5, *width), np.unravel_index(index % 20, (4, 5))),
    ]:
        want = np.zeros(shape, dtype)
        np.add.at(want, full, values)
        got = _unpick(values, full, shape)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, want)
    inner = np.moveaxis(np.broadcast_to(values, (3, *values.shape)), 0, 0)
    want = np.zeros((3, 20, *width), dtype)
    np.add.at(want, (slice(None), index), inner)
    np.testing.assert_array_equal(_unpick(inner, (slice(None), index), want.shape), want)


def test_a_mask_has_no_repeats():
    mask = np.array([True, False, True])
    assert last_write((mask, slice(None)), (3, 2)) is np.True_
    np.testing.assert_array_equal(_unpick(np.ones((2, 2)), (mask, slice(None)), (3, 2)), [[1, 1], [0, 0], [1, 1]])


def test_an_adjoint_in_fortran_order_is_added_in_place():
    x = np.asfortranarray(np.ones((2, 3)))
    assert _unpick(x, np.array([1, 1]), (2, 3)).tolist() == [[0, 0, 0], [2, 2, 2]]
    assert _ungather(x, 0, np.zeros((2, 3), int), (2, 3)).tolist() == [[2, 2, 2], [0, 0, 0]]


def test_integers_are_taken_before_tensors():
    x = tg.arange(24).reshape(2, 3, 4)
    assert x[0, :, [0, 1]].tolist() == [[0, 1], [4, 5], [8, 9]]
    x[0, :, [0, 1]] = T([-1, -2])
    assert x[0].tolist() == [[-1, -2, 2, 3], [-1, -2, 6, 7], [-1, -2, 10, 11]]


def test_a_change_of_an_index_is_noticed():
    x, i = leaf([1.0, 2.0]), T([0, 1])
    for y in (x[i], x.reshape(2, 1)[i, i * 0]):
        i[0] = 1
        with pytest.raises(RuntimeError, match="getitem: its gradient needs its argument 'index'"):
            y.sum().backward()


def test_lists_and_bytes_as_pytorch_reads_them_with_a_warning():
    x = tg.arange(6).reshape(2, 3)
    with pytest.warns(UserWarning, match="tuple"):
        assert x[[[0, 1], [1, 2]]].tolist() == [1, 5]
    with pytest.warns(UserWarning, match="mask"):
        assert x[T(np.array([0, 1], np.uint8))].tolist() == [[3, 4, 5]]


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (slice(None, None, -1), ValueError, "step of a slice must be greater than zero, not -1"),
        (1.5, IndexError, "not float"),
        (T([0.5]), IndexError, "not a tensor of float32; convert with .long()"),
        ("a", TypeError, "can't stand in brackets"),
        (T([True]), IndexError, "getitem: boolean index did not match"),
        (T([3]), IndexError, "getitem: index 3 is out of bounds"),
        ((0, 0, 0), IndexError, "getitem: too many indices"),
    ],
)
def test_what_is_no_index(index, error, text):
    with pytest.raises(error, match=text):
        tg.zeros(3, 2)[index]


def test_assigning_converts_numbers_and_refuses_what_would_be_silent():
    x = tg.zeros(3, dtype=np.int64)
    x[0], x[1:], x[T([True, False, False])] = 1.7, T([2.9, 3.0]), T(5.5)
    assert x.tolist() == [5, 2, 3]
    with pytest.raises(RuntimeError, match="a value of float32 can't be written at tensors"):
        x[T([0])] = T([1.5])
    with pytest.raises(RuntimeError, match="1000 can't be converted to int8 without overflow"):
        T(np.zeros(2, np.int8))[0] = 1000
    with pytest.raises(TypeError, match="can't assign a list"):
        x[0] = [1]
    with pytest.raises(RuntimeError, match="setitem: shapes .* don't broadcast|setitem: shape mismatch"):
        x[:2] = T([1, 2, 3])


def test_assigning_without_a_graph_is_noticed_by_the_graph():
    w, x = leaf([2.0]), T([1.0, 2.0], dtype=np.float64)
    y = w * x
    x[0] = 5.0
    with pytest.raises(RuntimeError, match="changed in place by __setitem__"):
        y.sum().backward()


def test_a_view_of_a_leaf_taken_without_a_graph_stays_protected():
    w = leaf([1.0, 2.0])
    with tg.no_grad():
        v = w[:1]
        v[0] = 3.0
    with pytest.raises(RuntimeError, match="__setitem__: a leaf tensor"):
        v[0] = 4.0
    assert w.tolist() == [3, 2]


# --------------------------------------------------------------------------------------------------- scattering


def test_scatter_reduce_prod_is_exact_with_zeros_at_any_order():
    x, src = leaf([2.0, 5.0]), leaf([0.0, 3.0, 0.0, 4.0])
    index = T([0, 0, 1, 1])
    y = x.scatter_reduce(0, index, src, "prod")
    assert y.tolist() == [0, 0]
    dx, dsrc = tg.autograd.grad(y.sum(), (x, src), create_graph=True)
    assert (dx.tolist(), dsrc.tolist()) == ([0, 0], [6, 0, 20, 0])
    (second,) = tg.autograd.grad(dsrc[0], src)
    assert second.tolist() == [0, 2, 0, 0]


def test_scattering_keeps_single_precision():
    x, i = leaf(np.ones((4, 3)), np.float32), T([[0, 1, 0], [2, 2, 1]])
    src = leaf(np.ones((2, 3)), np.float32)
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        y = x.scatter_reduce(0, i, src, reduce)
        assert y.dtype == np.float32
        assert all(d.dtype == np.float32 for d in tg.autograd.grad(y.sum(), (x, src)))


def test_in_place_variants():
    def fresh():
        return tg.zeros(3) + 1

    i, two = T([0, 2]), T([2.0, 3.0])
    assert fresh().scatter_(0, i, two).tolist() == [2, 1, 3]
    assert fresh().scatter_(0, i, value=9).tolist() == [9, 1, 9]
    assert fresh().scatter_add_(0, i, two).tolist() == [3, 1, 4]
    assert fresh().scatter_reduce_(0, i, two, reduce="prod").tolist() == [2, 1, 3]
    assert fresh().index_add_(0, i, two, alpha=2).tolist() == [5, 1, 7]
    assert fresh().index_copy_(0, i, two).tolist() == [2, 1, 3]
    assert fresh().index_fill_(0, i, -1).tolist() == [-1, 1, -1]
    assert fresh().index_reduce_(0, i, two, "amin").tolist() == [1, 1, 1]
    assert fresh().index_put_((i,), two).tolist() == [2, 1, 3]
    assert fresh().masked_fill_(T([True, False, False]), 4).tolist() == [4, 1, 1]
    assert fresh().masked_scatter_(T([True, False, True]), two).tolist() == [2, 1, 3]
    assert fresh().put_(T([-1, 0]), two, accumulate=True).tolist() == [4, 1, 3]


def test_a_nan_is_the_extreme_and_its_gradient():
    x, src = leaf([1.0, 1.0]), leaf([np.nan, 2.0])
    y = x.scatter_reduce(0, T([0, 1]), src, "amax")
    y.sum().backward()
    np.testing.assert_array_equal(y.tolist(), [np.nan, 2])
    np.testing.assert_array_equal(src.grad.tolist(), [np.nan, 1])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: tg.gather([1.0], 0, T([0])), TypeError, "gather: needs a tensor, not list"),
        (lambda x: x.gather(2, T([[0]])), IndexError, "gather: dim 2 is out of range for 2 dimensions"),
        (lambda x: x.gather("a", T([[0]])), TypeError, "gather: dim must be an integer, not 'a'"),
        (lambda x: x.gather(0, T([[0]]), sparse_grad=True), NotImplementedError, "gradients are dense"),
        (lambda x: x.scatter(0, T([[0]])), TypeError, "scatter: takes either src"),
        (lambda x: x.scatter_add(0, T([[0]]), T([[1]])), RuntimeError, "dtype int64 must be that of input, float32"),
        (lambda x: x.index_add(0, T([5]), T([[1.0, 1.0]])), IndexError, "index 5 is out of range for dim 0 of size 3"),
        (lambda x: x.index_add(0, T([0]), T([1.0, 1.0])), RuntimeError, r"expected \(1, 2\)"),
        (lambda x: x.masked_fill(x > 0, T([1.0])), RuntimeError, "value must be a number or a 0-d tensor"),
        (lambda x: x.masked_select(T([True] * 5)), RuntimeError, r"mask of shape \(5,\) doesn't broadcast"),
        (lambda x: x.take(T([6])), IndexError, "take: index 6 is out of range for a tensor of size 6"),
        (lambda x: x.select_scatter(T([1.0]), 0, 0), RuntimeError, r"must have the shape \(2,\)"),
    ],
)
def test_errors_say_what_is_wrong(call, error, text):
    with pytest.raises(error, match=text):
        call(tg.zeros(3, 2))
