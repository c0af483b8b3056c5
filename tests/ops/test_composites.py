"""What the compositions in `ops/` do at the edges, as PyTorch does."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg


def leaf(values):
    return tg.tensor(values, dtype=np.float64, requires_grad=True)


def test_narrow_counts_a_negative_start_from_the_end():
    assert tg.narrow(tg.arange(5), 0, -2, 2).tolist() == [3, 4]


@pytest.mark.parametrize(("start", "length"), [(0, 6), (4, 2), (0, -1)])
def test_narrow_refuses_what_is_not_there(start, length):
    with pytest.raises(RuntimeError, match=f"narrow: {length} places from {start} on don't fit in dim 0 of size 5"):
        tg.narrow(tg.arange(5), 0, start, length)


@pytest.mark.parametrize(("start", "length"), [(-6, 1), (6, 0)])
def test_narrow_refuses_to_start_elsewhere(start, length):
    with pytest.raises(IndexError, match=f"narrow: start {start} is out of range for dim 0 of size 5"):
        tg.narrow(tg.arange(5), 0, start, length)


@pytest.mark.parametrize("f", [lambda x: tg.narrow(x, 0, 0, 1), lambda x: tg.split(x, 1), lambda x: tg.chunk(x, 1)])
def test_a_0_d_tensor_has_no_parts(f):
    with pytest.raises(RuntimeError, match="a 0-d tensor has no dimension"):
        f(tg.tensor(1.0))


def test_chunks_of_nothing():
    assert [c.shape for c in tg.chunk(tg.zeros(2, 0), 3, 1)] == [(2, 0)] * 3


def test_cat_starts_from_an_empty_tensor():
    found = tg.tensor([])
    for _ in range(2):
        found = tg.cat([found, tg.ones(1, 3)])
    assert found.shape == (2, 3)


def test_scatter_add_refuses_a_source_smaller_than_the_index():
    with pytest.raises(RuntimeError, match=r"src of shape \(1,\) must not be smaller than index of shape \(2,\)"):
        tg.scatter_add(tg.zeros(3), 0, tg.tensor([0, 1]), tg.ones(1))


def test_gather_of_a_0_d_tensor():
    assert tg.gather(tg.tensor(5.0), 0, tg.tensor(0)).item() == 5


@pytest.mark.parametrize("reduce", [tg.sum, tg.mean, tg.amax, tg.std, tg.var, tg.logsumexp])
@pytest.mark.parametrize("dim", [(), []])
def test_no_dimension_is_every_dimension(reduce, dim):
    x, y = leaf([[1.0, 2.0], [3.0, 5.0]]), leaf([[1.0, 2.0], [3.0, 5.0]])
    of_none, of_all = reduce(x, dim), reduce(y, (0, 1))
    assert of_none.tolist() == of_all.tolist()
    of_none.backward()
    of_all.backward()
    assert x.grad.tolist() == y.grad.tolist()


@pytest.mark.parametrize("reduce", [tg.std, tg.var])
def test_unbiased_and_correction(reduce):
    x = tg.tensor([[1.0, 3.0], [2.0, 6.0]])
    power = 1 if reduce is tg.var else 0.5
    assert reduce(x, 1).tolist() == pytest.approx([2**power, 8**power])
    for biased in (reduce(x, 1, False), reduce(x, 1, unbiased=False), reduce(x, 1, correction=0)):
        assert biased.tolist() == pytest.approx([1, 4**power])
    assert reduce(x, 1, keepdim=True).shape == (2, 1)


def test_logsumexp_of_integers():
    y = tg.logsumexp(tg.tensor([0, 0]), 0)
    assert y.dtype == np.float32
    assert y.item() == pytest.approx(math.log(2))


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_softmax_refuses_integers(f):
    with pytest.raises(RuntimeError, match="the elements must be floating, not int64"):
        f(tg.tensor([1, 2]), 0)
    assert f(tg.tensor([0, 0]), 0, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("f", [tg.softmax, tg.log_softmax])
def test_softmax_of_a_0_d_tensor(f):
    assert f(tg.tensor(3.0), 0).item() == (1 if f is tg.softmax else 0)


def test_integers_and_bools_have_no_gradient():
    x = leaf([1.5, 2.5])
    assert not any(y.requires_grad for y in (x.long(), x.int(), x.bool()))
    assert x.float().requires_grad


def test_a_quotient_of_integers_rounded_to_zero_is_exact():
    a, b = tg.tensor([7, -7, 7, -7, -6, 2**60 + 1]), tg.tensor([2, 2, -2, -2, 2, -1])
    y = tg.div(a, b, rounding_mode="trunc")
    assert y.dtype == np.int64
    assert y.tolist() == [3, -3, -3, 3, -3, -(2**60) - 1]
    assert tg.div(tg.tensor([7.0, -7.0]), 2, rounding_mode="trunc").tolist() == [3, -3]


@pytest.mark.parametrize("f", [lambda x: x / 2, lambda x: x**2, lambda x: x + 1, lambda x: x * 3])
def test_a_result_that_no_rule_needs_can_be_changed_in_place(f):
    x = leaf([1.0, 2.0])
    y = f(x)
    y.add_(1)
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([d.item() for d in map(slope, [f, f], x.detach())])


def slope(f, value):
    x = leaf(value.item())
    f(x).backward()
    return x.grad


def test_a_sum_does_not_keep_its_operand():
    x = leaf([1.0, 2.0])
    y = x * 1
    y[0] = y.sum()
    y.sum().backward()
    assert x.grad.tolist() == [1, 2]


def test_matmul_with_no_rows_or_columns():
    for a, b in [((2, 3, 0), (0, 4)), ((2, 0, 3), (3, 4)), ((0, 2, 3), (3, 4)), ((2, 3, 4), (4, 0))]:
        x, y = tg.zeros(*a, requires_grad=True), tg.zeros(*b, requires_grad=True)
        z = x @ y
        assert z.shape == np.matmul(np.zeros(a), np.zeros(b)).shape
        z.sum().backward()
        assert (x.grad.shape, y.grad.shape) == (a, b)
