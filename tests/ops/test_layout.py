"""In what order a result lies in memory is its op's own affair: whoever looks sees PyTorch's order."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F


@pytest.fixture
def images():
    """A convolution's result and its elements, which lie in an order of the kernel's choosing."""
    tg.manual_seed(0)
    y = F.conv2d(tg.randn(8, 1, 28, 28), tg.randn(6, 1, 5, 5, requires_grad=True))
    assert not y.array.flags.c_contiguous, "there is nothing to see here"
    return y, y.array.copy()


@pytest.mark.parametrize("shape", [(8, -1), (-1,), (8, 6, 24 * 24), (4, 2, 3, 2, 24, 24)])
def test_a_result_can_be_viewed(images, shape):
    y, elements = images
    seen = y.view(shape)
    assert np.array_equal(seen.array, elements.reshape(shape))
    assert np.shares_memory(seen.array, y.array), "a view, no copy"
    pooled = F.max_pool2d(F.relu(y), 2)
    assert np.array_equal(pooled.view(8, -1).array, pooled.array.reshape(8, -1))


@pytest.mark.parametrize("ask", [tg.Tensor.is_contiguous, tg.Tensor.stride, tg.Tensor.contiguous, tg.Tensor.detach])
def test_whoever_asks_sees_it_in_order(images, ask):
    y, elements = images
    assert (ask(y) is y) == (ask is tg.Tensor.contiguous)
    assert y.array.flags.c_contiguous
    assert np.array_equal(y.array, elements)


def test_earlier_views_follow(images):
    y, elements = images
    first, turned = y[0], y[0].transpose(0, 1)
    y.view(-1)
    with tg.no_grad():
        y.mul_(2)
    assert np.array_equal(first.array, 2 * elements[0])
    assert np.array_equal(turned.array, 2 * elements[0].transpose(1, 0, 2))
    assert np.array_equal(first.view(-1).array, 2 * elements[0].reshape(-1))


@pytest.mark.parametrize("flat", [tg.Tensor.flatten, lambda y: y.reshape(-1), lambda y: y.view(8, -1)])
def test_a_change_through_the_flat_one_is_a_change_of_the_result(images, flat):
    y, elements = images
    flat(y).mul_(3)
    assert np.array_equal(y.array, 3 * elements)
    (g,) = tg.autograd.grad(y.sum(), y)
    assert np.array_equal(g.array, np.ones(y.shape))


def test_what_shares_the_memory_goes_on_sharing_it(images):
    y, elements = images
    outside, plain = y.detach(), y.detach().numpy()
    y.view(-1)
    outside.view(-1)[0] = 7.0
    assert y[0, 0, 0, 0].item() == plain[0, 0, 0, 0] == 7.0
    assert np.array_equal(plain[1:], elements[1:])


def test_what_looks_at_a_view_goes_on_looking_at_it():
    x = tg.arange(6.0).reshape(2, 3)
    turned = x.T.detach()
    parameter = tg.nn.Parameter(x.T)
    assert turned.stride() == parameter.stride() == (1, 3)
    turned.numpy().fill(7.0)
    assert x.tolist() == parameter.T.tolist() == [[7.0] * 3] * 2
    with pytest.raises(RuntimeError, match="view: shape"):
        turned.view(-1)


def test_gradients_are_those_of_the_plain_order(images):
    weight = tg.randn(6, 1, 5, 5, dtype=tg.float64, requires_grad=True)
    x, g = tg.randn(8, 1, 12, 12, dtype=tg.float64), tg.randn(8, 6 * 64, dtype=tg.float64)

    def gradient(flat):
        y = F.conv2d(x, weight).sigmoid()
        return tg.autograd.grad(flat(y), weight, g)[0].array

    expected = gradient(lambda y: tg.stack([image.flatten() for image in y]))
    np.testing.assert_allclose(gradient(lambda y: y.view(8, -1)), expected, rtol=1e-12)
    np.testing.assert_allclose(gradient(lambda y: y.contiguous().view(8, -1)), expected, rtol=1e-12)


def test_a_transposed_tensor_is_copied_in_order():
    x = tg.arange(24.0).reshape(2, 3, 4).requires_grad_()
    heads = x.transpose(1, 2)
    with pytest.raises(RuntimeError, match="view: shape"):
        heads.view(2, 12)
    y = heads.contiguous().view(2, 12)
    assert np.array_equal(y.detach().array, x.detach().array.transpose(0, 2, 1).reshape(2, 12))
    y[:, :3].sum().backward()
    assert np.array_equal(x.grad[0].array, [[1.0, 0, 0, 0]] * 3)


def test_memory_from_outside_stays_where_it_is():
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    for x in (tg.from_numpy(array), tg.as_tensor(array), tg.from_numpy(array).detach(), tg.nn.Parameter(array)):
        with pytest.raises(RuntimeError, match="view: shape"):
            x.view(-1)
        assert x.stride() == (1, 2)
        assert np.shares_memory(x.array, array)


def test_ravel_is_in_order():
    x = tg.arange(6.0)[::2]
    assert x.ravel().stride() == (1,)
    assert x.reshape(-1).stride() == (2,)
