"""Scans and products at the edges."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg

inf = math.inf


@pytest.mark.parametrize("f", [tg.cumsum, tg.cumprod, tg.logcumsumexp, tg.cummax, tg.cummin])
def test_a_scan_keeps_the_shape(f):
    for shape in ((), (0,), (1,), (2, 3), (2, 0)):
        y = f(tg.ones(shape), -1)
        assert (y if isinstance(y, tg.Tensor) else y.values).shape == shape
    with pytest.raises(IndexError, match="out of range"):
        f(tg.ones(2), 1)
    with pytest.raises(IndexError, match="out of range"):
        f(tg.tensor(1.0), 1)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'dim'"):
        f(tg.ones(2))


def test_scans_convert_first():
    x = tg.tensor([0.5, 1.5])
    assert x.cumsum(0, dtype=np.int32).tolist() == [0, 1]
    assert x.cumsum(0, dtype=np.int32).dtype == np.int32
    assert x.cumprod(dim=0, dtype=np.float64).dtype == np.float64
    assert x.prod(dtype=np.int64).item() == 0


def test_scans_in_place():
    x = tg.tensor([1.0, 2.0, 3.0])
    assert x.cumsum_(0) is x
    assert x.tolist() == [1, 3, 6]
    assert x.cumprod_(0).tolist() == [1, 3, 18]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 100])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_recurrence_of_any_length(n, reverse):
    a, b = np.random.default_rng(n).uniform(-1, 1, (2, n))
    y, want = 0.0, []
    for p, q in zip(*((a[::-1], b[::-1]) if reverse else (a, b)), strict=True):
        y = p * y + q
        want.append(y)
    found = tg.ops.scan._recurrence(a, b, 0, reverse)
    np.testing.assert_allclose(found, want[::-1] if reverse else want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("zeros", [(), (2,), (0, 3), (4,), (0, 1, 2, 3, 4)])
def test_the_third_derivatives_of_a_product_with_zeros_are_exact(zeros):
    values = [2.0, -3.0, 0.5, 4.0, 5.0]
    for i in zeros:
        values[i] = 0.0
    x = tg.tensor(values, dtype=np.float64, requires_grad=True)
    for f in (tg.prod, lambda t: tg.cumprod(t, 0)[-1]):
        g = f(x)
        for i in (0, 2, 4):
            (d,) = tg.autograd.grad(g, x, create_graph=True)
            g = d[i]
        assert g.item() == values[1] * values[3]


def test_logcumsumexp_does_not_overflow():
    x = tg.tensor([-1000.0, 1000.0, 0.0, 1000.0], dtype=np.float64, requires_grad=True)
    y = x.logcumsumexp(0)
    np.testing.assert_allclose(y.detach().array, [-1000, 1000, 1000, 1000 + math.log(2)])
    y.backward(tg.tensor([1.0, 2.0, 4.0, 8.0], dtype=np.float64))
    np.testing.assert_allclose(x.grad.array, [1, 10, 0, 4], rtol=1e-12)


def test_logcumsumexp_of_infinite_elements():
    x = tg.tensor([-inf, -inf, 0.0, inf, 0.0], requires_grad=True)
    y = x.logcumsumexp(0)
    assert y.tolist() == [-inf, -inf, 0, inf, inf]
    y.backward(tg.ones(5))
    assert x.grad.tolist() == [0, 0, 1, 2, 0]
    with pytest.raises(RuntimeError, match="logcumsumexp: the elements must be floating"):
        tg.logcumsumexp(tg.tensor([1, 2]), 0)


def test_prod_along_one_dimension_only():
    x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.prod(0).tolist() == [3, 8]
    assert x.prod(1, True).tolist() == [[2], [12]]
    assert (x.prod().item(), tg.prod(tg.zeros(2, 0), 1).tolist()) == (24, [1, 1])
    with pytest.raises(TypeError, match=r"prod: dim must be an integer, not \(0, 1\)"):
        x.prod((0, 1))
    with pytest.raises(IndexError):
        x.prod(2)


def test_diff():
    x = tg.tensor([1.0, 4.0, 9.0, 16.0])
    assert x.diff().tolist() == [3, 5, 7]
    assert x.diff(2).tolist() == [2, 2]
    assert x.diff(n=9).shape == (0,)
    assert x.diff(0, prepend=tg.ones(1)).tolist() == x.tolist()
    assert tg.diff(x, prepend=tg.zeros(1), append=tg.tensor([0.0, 1.0])).tolist() == [1, 3, 5, 7, -16, 1]
    assert tg.diff(tg.tensor([True, False, False])).tolist() == [True, False]
    assert tg.diff(tg.tensor([[1, 2], [4, 8]]), dim=0).tolist() == [[3, 6]]
    for kind, call in (
        (RuntimeError, lambda: tg.diff(tg.tensor(1.0))),
        (RuntimeError, lambda: tg.diff(x, -1)),
        (RuntimeError, lambda: tg.diff(x, prepend=tg.ones(1, 1))),
        (RuntimeError, lambda: tg.diff(tg.ones(2, 3), dim=0, append=tg.ones(1, 2))),
        (IndexError, lambda: tg.diff(x, dim=1)),
    ):
        with pytest.raises(kind, match="diff: "):
            call()
