"""Padding, windows, interpolation and grids: what must be true of them; values against PyTorch are in tests/torch."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

rng = np.random.default_rng(0)
X = rng.standard_normal((2, 3, 5, 6))


def image(array=X):
    return tg.tensor(np.array(array), requires_grad=True)


@pytest.mark.parametrize(("mode", "numpys"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_padding_is_numpys(mode, numpys):
    for (a, b), (c, d) in (((1, 2), (0, 3)), ((4, 0), (2, 2))):
        want = np.pad(X, [(0, 0), (0, 0), (c, d), (a, b)], numpys)
        np.testing.assert_array_equal(F.pad(image(), (a, b, c, d), mode).detach().numpy(), want)


def test_padding_with_a_number_in_every_dimension():
    y = F.pad(image(), (1, -2, 0, 1, -1, 0, 2, 0), value=7.0)
    want = np.pad(X[:, 1:, :, :-2], [(2, 0), (0, 0), (0, 1), (1, 0)], constant_values=7)
    np.testing.assert_array_equal(y.detach().numpy(), want)
    assert not np.shares_memory(F.pad(tg.from_numpy(X), (0, 0)).numpy(), X)


def test_fold_and_unfold_are_each_others_adjoint():
    for options in ({"kernel_size": 2}, {"kernel_size": (3, 2), "dilation": 2, "padding": (2, 1), "stride": (1, 2)}):
        columns = F.unfold(tg.from_numpy(X), **options)
        other = tg.from_numpy(rng.standard_normal(columns.shape))
        left = (columns * other).sum()
        right = (F.fold(other, (5, 6), **options) * tg.from_numpy(X)).sum()
        np.testing.assert_allclose(left.item(), right.item(), rtol=1e-12)


def test_convolution_by_unfolding():
    weight = rng.standard_normal((4, 3, 2, 2))
    y = (tg.from_numpy(weight.reshape(4, 12)) @ F.unfold(tg.from_numpy(X), 2)).reshape(2, 4, 4, 5)
    seen = np.lib.stride_tricks.sliding_window_view(X, (2, 2), (2, 3))
    np.testing.assert_allclose(y.numpy(), np.einsum("nchwij,ocij->nohw", seen, weight), rtol=1e-12)


def test_interpolation_keeps_what_it_should():
    ramp = tg.from_numpy(np.arange(6.0).reshape(1, 1, 6))
    np.testing.assert_allclose(
        F.interpolate(ramp, 11, mode="linear", align_corners=True).numpy(), np.arange(0, 5.5, 0.5)[None, None]
    )
    assert F.interpolate(ramp, 12).tolist() == [[np.repeat(np.arange(6.0), 2).tolist()]]
    assert F.interpolate(ramp, scale_factor=0.5, mode="area").tolist() == [[[0.5, 2.5, 4.5]]]
    constant = tg.full((1, 2, 5, 6), 3.0)
    for mode in ("bilinear", "bicubic"):
        for antialias in (False, True):
            y = F.interpolate(constant, (3, 9), mode=mode, antialias=antialias)
            np.testing.assert_allclose(y.numpy(), 3, rtol=1e-6)


def test_old_names_warn():
    with pytest.warns(UserWarning, match="interpolate"):
        F.upsample(image(), scale_factor=2)
    with pytest.warns(UserWarning, match="interpolate"):
        y = F.upsample_bilinear(image(), (9, 11))
    np.testing.assert_allclose(y.detach().numpy()[..., ::2, ::2], X, rtol=1e-12)
    with pytest.warns(UserWarning, match="align_corners"):
        F.grid_sample(image(), tg.zeros(2, 1, 1, 2, dtype=np.float64))


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_the_identity_grid_changes_nothing(mode, align_corners):
    theta = tg.tensor(np.tile(np.eye(2, 3), (2, 1, 1)), requires_grad=True)
    grid = F.affine_grid(theta, (2, 3, 5, 6), align_corners)
    y = F.grid_sample(image(), grid, mode, "border", align_corners)
    np.testing.assert_allclose(y.detach().numpy(), X, rtol=1e-9, atol=1e-9)


def test_a_grid_outside_the_numbers():
    grid = tg.tensor([[[[np.nan, -1.0], [np.inf, 0.0], [1e30, 0.0]]]], dtype=np.float64)
    y = F.grid_sample(image(X[:1]), grid, align_corners=True).detach().numpy()
    np.testing.assert_allclose(y[0, :, 0, 0], X[0, :, 0, 0])
    assert (y[0, :, 0, 1:] == 0).all()
    y = F.grid_sample(image(X[:1]), grid, "nearest", "border", align_corners=True).detach().numpy()
    np.testing.assert_allclose(y[0, :, 0, 0], X[0, :, 0, 0])
    np.testing.assert_allclose(y[0, :, 0, 2], X[0, :, 2, -1])


def test_shuffling_pixels_is_undone():
    x = image(rng.standard_normal((2, 8, 3, 4)))
    np.testing.assert_array_equal(F.pixel_unshuffle(F.pixel_shuffle(x, 2), 2).detach().numpy(), x.detach().numpy())
    np.testing.assert_array_equal(F.channel_shuffle(F.channel_shuffle(x, 2), 4).detach().numpy(), x.detach().numpy())
    assert F.pixel_shuffle(tg.arange(4).reshape(4, 1, 1), 2).tolist() == [[[0, 1], [2, 3]]]
    assert F.channel_shuffle(tg.arange(6).reshape(1, 6, 1), 2).reshape(-1).tolist() == [0, 3, 1, 4, 2, 5]


def test_normalizing_by_neighbouring_channels():
    y = F.local_response_norm(image(), 3, alpha=0.3, beta=0.5, k=2.0).detach().numpy()
    squares = np.pad(X**2, [(0, 0), (1, 1), (0, 0), (0, 0)])
    sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    np.testing.assert_allclose(y, X / np.sqrt(2 + 0.1 * sums), rtol=1e-12)
