"""The fast reading of normalisation: any layout, sizes that its pieces and blocks don't divide, great means."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F
from tinygrad_lab.ops import norm


def plain(x, w, b, dims, eps, centred=True):
    """Value and rule as mathematics has them."""
    mean = x.mean(dims, keepdims=True) if centred else 0
    h = (x - mean) / np.sqrt(np.square(x - mean).mean(dims, keepdims=True) + eps)
    return h * w + b


def lying(x, order):
    """`x` with its dimensions in `order` in memory."""
    return np.ascontiguousarray(x.transpose(order)).transpose(np.argsort(order))


def agrees(x, w, b, dims, centred=True, tolerance=1e-11):
    rng = np.random.default_rng(1)
    leaves = [tg.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = norm._normalize(*leaves, dims, 1e-3, centred)
    np.testing.assert_allclose(y.detach().numpy(), plain(x, w, b, dims, 1e-3, centred), rtol=0, atol=tolerance)
    g = lying(rng.standard_normal(x.shape), rng.permutation(x.ndim))
    want = tg.autograd.grad(y, leaves, tg.from_numpy(g), create_graph=True)  # the rule itself
    y = norm._normalize(*leaves, dims, 1e-3, centred)
    got = tg.autograd.grad(y, leaves, tg.from_numpy(g))
    as_they_lie = y.array, got[0].array
    for a, c in zip(got, want, strict=True):
        np.testing.assert_allclose(a.numpy(), c.detach().numpy(), rtol=0, atol=100 * tolerance)
    return as_they_lie


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
@pytest.mark.parametrize("dims", [(0, 2, 3), (2, 3), (1,), (1, 2, 3), (0,), (3,), (0, 1, 2, 3), (1, 3)])
def test_any_layout_and_any_dimensions(order, dims):
    rng = np.random.default_rng(0)
    x = lying(rng.standard_normal((4, 3, 5, 2)), order)
    one_each = tuple(1 if d in dims else n for d, n in enumerate(x.shape))
    y, d = agrees(x, rng.standard_normal(one_each), rng.standard_normal(one_each), dims)
    if dims == (0, 2, 3):  # the layout is kept
        assert y.strides == d.strides == x.strides
    agrees(x, rng.standard_normal(2), rng.standard_normal((5, 2)), dims, centred=False)


@pytest.mark.parametrize("shape", [(3000, 6, 1, 1), (7, 70, 33, 1), (2, 3, 90, 100), (1, 5, 17, 1000), (1025, 1, 3, 1)])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0)])
def test_sizes_that_nothing_divides(shape, order):
    rng = np.random.default_rng(0)
    w, b = rng.standard_normal((2, 1, shape[1], 1, 1))
    agrees(lying(rng.standard_normal(shape), order), w, b, (0, 2, 3))


def test_strides_that_are_no_order_of_dimensions():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((6, 4, 5))
    w, b = rng.standard_normal((2, 4, 1))
    for view in (x[::2], x[:, :, ::-1], np.broadcast_to(x[:1], (3, 4, 5)), x[:, :, :1]):
        agrees(view, w, b, (0, 2))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 2, 0)])
def test_a_great_mean_loses_no_digits(order):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((8, 3, 50)) + 4000).astype(np.float32)
    y = F.batch_norm(tg.from_numpy(lying(x, order)), None, None, training=True)
    np.testing.assert_allclose(y.numpy(), plain(np.float64(x), 1, 0, (0, 2), 1e-5), rtol=0, atol=2e-3)
    constant = F.batch_norm(tg.full((4, 2), 1e6 / 3), None, None, training=True)
    np.testing.assert_allclose(constant.numpy(), 0, atol=0.2)


def test_a_numpy_array_may_change_between_two_walks():
    x = tg.tensor(np.random.default_rng(0).standard_normal((5, 3)), requires_grad=True)
    w = tg.ones(3, dtype=np.float64, requires_grad=True)
    y, g = F.batch_norm(x, None, None, w, training=True), np.ones((5, 3))
    g[0] = 2
    (first,) = tg.autograd.grad(y, w, tg.from_numpy(g), retain_graph=True)
    g *= 2
    (second,) = tg.autograd.grad(y, w, tg.from_numpy(g))
    np.testing.assert_allclose(second.numpy(), 2 * first.numpy(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_a_layer_norm_of_nothing(shape):
    x, w, b = (tg.ones(s, requires_grad=True) for s in (shape, shape[1:], shape[1:]))
    tg.nn.functional.layer_norm(x, shape[1:], w, b).sum().backward()
    assert (x.grad.shape, w.grad.shape, b.grad.shape) == (shape, shape[1:], shape[1:])


def test_the_sums_of_long_rows_lose_no_digits():
    rng = np.random.default_rng(0)
    arrays = rng.standard_normal((2, 2**18)) + 100, rng.standard_normal(2**18) + 1, np.zeros(2**18)
    g = rng.standard_normal((2, 2**18)) + 1
    found = []
    for dtype in (np.float32, np.float64):
        x, w, b = (tg.tensor(a.astype(dtype), requires_grad=True) for a in arrays)
        tg.nn.functional.layer_norm(x, (2**18,), w, b).backward(tg.tensor(g.astype(dtype)))
        found.append(x.grad.numpy())
    np.testing.assert_allclose(*found, rtol=0, atol=2e-5 * np.abs(found[1]).max())
