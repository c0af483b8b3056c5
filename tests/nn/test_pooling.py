"""Pooling: ties, NaN, layouts, indices and their inverse; values against PyTorch are in tests/torch."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F
from tinygrad_lab.op import table

rng = np.random.default_rng(0)


def leaf(array):
    return tg.tensor(np.asarray(array, np.float64), requires_grad=True)


def windows(x, kernel, stride, padding):
    """Each window of the last two dimensions as a row of its own; outside there is -inf."""
    padded = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2, constant_values=-np.inf)
    seen = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (-2, -1))[..., ::stride, ::stride, :, :]
    return seen.reshape(*seen.shape[:-2], -1)


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1), (2, 3, 1)])
def test_max_pool2d_is_the_maximum_of_each_window(kernel, stride, padding):
    x = rng.standard_normal((2, 3, 7, 8))
    seen = windows(x, kernel, stride, padding)
    y, index = F.max_pool2d(leaf(x), kernel, stride, padding, return_indices=True)
    np.testing.assert_array_equal(y.detach().numpy(), seen.max(-1))
    np.testing.assert_array_equal(
        np.take_along_axis(x.reshape(2, 3, 56), index.numpy().reshape(2, 3, -1), 2).ravel(), seen.max(-1).ravel()
    )
    assert index.dtype == np.int64
    np.testing.assert_array_equal(F.max_pool2d(tg.from_numpy(x), kernel, stride, padding).numpy(), seen.max(-1))


def test_the_first_of_a_tie_gets_the_gradient():
    x = leaf([[[1, 2, 2, 1], [2, 2, 0, 2], [0, 0, 3, 3], [0, 0, 3, 3]]])
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[0, 1, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]]


def test_a_nan_wins_and_gets_the_gradient():
    x = leaf([[np.nan, 5, 1, 2, np.nan, np.nan]])
    y, index = F.max_pool1d(x, 2, return_indices=True)
    assert np.isnan(y.detach().numpy()).tolist() == [[True, False, True]]
    assert index.tolist() == [[0, 3, 5]]
    F.max_pool1d(x, 2).sum().backward()
    assert x.grad.tolist() == [[1, 0, 0, 1, 0, 1]]


def test_an_infinite_cotangent_goes_to_the_winner_alone():
    for stride in (2, 1):
        x = leaf([[1, 2, 4, 3]])
        y = F.max_pool1d(x, 2, stride)
        y.backward(tg.full(y.shape, np.inf, dtype=np.float64))
        assert np.isinf(x.grad.numpy()).any()
        assert not np.isnan(x.grad.numpy()).any()


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
@pytest.mark.parametrize("options", [(2,), (3, 2, 1), (2, 1), ((6, 8),), ((6, 4),)])
def test_results_and_gradients_lie_in_memory_as_the_input(order, options):
    x = rng.standard_normal([(3, 2, 6, 8)[d] for d in order]).astype(np.float32).transpose(np.argsort(order))
    y = F.max_pool2d(tg.from_numpy(x).requires_grad_(), *options)
    rule = table["max_pool"].fused.rules[0]
    d = rule(rng.standard_normal(y.shape).astype(np.float32), y.grad_fn.y[1], *y.grad_fn.args)
    # of other orders a dimension of size 1 tells nothing
    if min(y.shape) > 1 or order in ((0, 1, 2, 3), (0, 2, 3, 1), (1, 2, 3, 0)):
        assert y.array.transpose(order).flags.c_contiguous
        assert d.transpose(order).flags.c_contiguous
    plain = F.max_pool2d(leaf(x), *options)
    np.testing.assert_array_equal(y.detach().numpy(), plain.detach().numpy())


def test_one_window_that_sees_everything():
    x = rng.integers(0, 3, (2, 3, 5, 6)).astype(float)
    x[0, 0, 1, 2] = x[0, 0, 3, 4] = np.nan
    flat = x.reshape(2, 3, 30)
    y, index = F.adaptive_max_pool2d(leaf(x), 1, return_indices=True)
    np.testing.assert_array_equal(y.detach().numpy().reshape(2, 3), flat.max(-1))
    assert index[0, 0].item() == 3 * 6 + 4
    assert index.numpy().ravel()[1:].tolist() == flat.argmax(-1).ravel()[1:].tolist()
    z = leaf(x)
    F.max_pool2d(z, (5, 6)).sum().backward()
    np.testing.assert_array_equal(np.flatnonzero(z.grad.numpy()[1]), flat[1].argmax(-1) + 30 * np.arange(3))
    assert F.max_pool2d(tg.zeros(0, 2, 5, 6), (5, 6)).shape == (0, 2, 1, 1)


def test_a_window_of_more_than_a_byte_counts():
    x = leaf(rng.permutation(400).reshape(1, 20, 20))
    y, index = F.max_pool2d(x, 13, 7, return_indices=True)
    np.testing.assert_array_equal(x.detach().numpy().ravel()[index.numpy()], y.detach().numpy())
    F.max_pool2d(x, 13, 7).sum().backward()
    assert x.grad.numpy().sum() == 4


@pytest.mark.parametrize("padding", [0, 1])
def test_unpooling_puts_back_what_pooling_found(padding):
    x = leaf(rng.standard_normal((2, 3, 6, 6)))
    y, index = F.max_pool2d(x, 2, padding=padding, return_indices=True)
    back = F.max_unpool2d(y, index, 2, padding=padding)
    assert back.shape == x.shape
    kept = back.detach().numpy() != 0
    np.testing.assert_array_equal(back.detach().numpy()[kept], x.detach().numpy()[kept])
    assert kept.sum() == y.numel()
    (g,) = tg.autograd.grad(back.sum(), x)
    np.testing.assert_array_equal(g.numpy(), kept)


def test_every_copy_that_is_put_back_gets_the_gradient():
    x = leaf([[3, 3]])
    F.max_unpool1d(x, tg.tensor([[1, 1]]), 2, output_size=[4]).backward(tg.tensor([[0.0, 5, 0, 0]], dtype=np.float64))
    assert x.grad.tolist() == [[5, 5]]


def test_averages_with_and_without_the_padding():
    x = tg.ones(1, 4, 4)
    with_zeros = F.avg_pool2d(x, 3, 1, 1)[0]
    np.testing.assert_allclose(with_zeros.numpy()[0], np.array([4, 6, 6, 4]) / 9, rtol=1e-6)
    assert (F.avg_pool2d(x, 3, 1, 1, count_include_pad=False) == 1).all()
    assert (F.avg_pool2d(x, 2, divisor_override=1) == 4).all()
    assert F.avg_pool2d(tg.arange(-8, 8).reshape(1, 4, 4), 2).tolist() == [[[-5, -3], [2, 4]]]


@pytest.mark.parametrize("n", [4, 5, 7])
@pytest.mark.parametrize("m", [1, 2, 3, 4, 6])
def test_adaptive_windows(n, m):
    x = rng.standard_normal((2, n))
    parts = [x[:, i * n // m : -(-(i + 1) * n // m)] for i in range(m)]
    averages, greatest = F.adaptive_avg_pool1d(leaf(x), m), F.adaptive_max_pool1d(leaf(x), m)
    np.testing.assert_allclose(averages.detach().numpy(), np.stack([p.mean(1) for p in parts], 1), rtol=1e-12)
    np.testing.assert_array_equal(greatest.detach().numpy(), np.stack([p.max(1) for p in parts], 1))


def test_float32_stays():
    x = tg.randn(2, 3, 6, 6).requires_grad_()
    for f in (
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False),
        lambda x: F.adaptive_avg_pool2d(x, (4, 5)),
        lambda x: F.adaptive_max_pool2d(x, 4),
        lambda x: F.lp_pool2d(x.abs(), 2.0, 2),
        lambda x: F.local_response_norm(x, 3),
        lambda x: F.interpolate(x, (7, 3), mode="bicubic"),
        lambda x: F.interpolate(x, (3, 3), mode="bilinear", antialias=True),
        lambda x: F.grid_sample(x, F.affine_grid(tg.randn(2, 2, 3), (2, 3, 4, 5), False), align_corners=False),
        lambda x: F.pad(x, (1, 1), value=2.0),
    ):
        y = f(x)
        (g,) = tg.autograd.grad(y.sum(), x)
        assert y.dtype == g.dtype == np.float32


def test_the_norm_of_each_window():
    x = leaf([[[3, 4, 0, 0]]])
    y = F.lp_pool1d(x, 2, 2)
    assert y.tolist() == [[[5, 0]]]
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[[0.6, 0.8, 0, 0]]])


@pytest.mark.parametrize(
    ("f", "error", "says"),
    [
        (lambda x: F.max_pool2d(x, 2, padding=2), RuntimeError, "pad should be at most half of effective kernel size"),
        (lambda x: F.max_pool2d(x, 9), RuntimeError, "Output size is too small"),
        (lambda x: F.max_pool2d(x, 0), RuntimeError, "kernel_size must be greater than zero"),
        (lambda x: F.max_pool2d(x, 2.0), TypeError, "kernel_size must be an integer"),
        (lambda x: F.max_pool2d(x[0, 0], 2), RuntimeError, "Expected 3D or 4D"),
        (lambda x: F.avg_pool2d(x, 2, divisor_override=0), RuntimeError, "divisor must be not zero"),
        (lambda x: F.adaptive_avg_pool2d(x, -1), RuntimeError, "elements of output_size must be greater than"),
        (lambda x: F.adaptive_avg_pool2d(x[0, 0], (1, 1)), ValueError, "Input dimension should be at least 3"),
        (lambda x: F.max_unpool2d(x, x.long() + 99, 2), RuntimeError, "Found an invalid max index: 99"),
        (lambda x: F.pad(x, (4, 4, 0, 0), "reflect"), RuntimeError, "Padding size should be less than"),
        (lambda x: F.pad(x, (1, 1, 1)), RuntimeError, "divisible by 2"),
        (lambda x: F.pad(x, (1, 1), "mirror"), NotImplementedError, "Unrecognised padding mode 'mirror'"),
        (lambda x: F.interpolate(x), ValueError, "either size or scale_factor should be defined"),
        (lambda x: F.interpolate(x, 2, mode="linear"), NotImplementedError, "got 4D input and mode 'linear'"),
        (lambda x: F.grid_sample(x, x, "cubic"), ValueError, "expected mode to be 'bilinear', 'nearest' or 'bicubic'"),
        (lambda x: F.pixel_shuffle(x, 3), RuntimeError, "divisible by the square of upscale_factor"),
        (lambda x: F.unfold(x, 5), RuntimeError, "components must be at least one"),
        (lambda x: F.fold(x[0], 4, 2), RuntimeError, "expected input of shape"),
    ],
)  # fmt: skip
def test_errors_name_the_values_and_the_cure(f, error, says):
    with pytest.raises(error, match=says):
        f(tg.zeros(1, 4, 4, 4))
