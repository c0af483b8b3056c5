"""Fractional pools, adaptive softmax and the cross-entropy of a linear map."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F


@pytest.mark.parametrize("n", [2, 3])
def test_fractional_windows_cover_both_ends_and_hold_their_maximum(n):
    x = tg.rand(2, 3, *[9] * n)
    pool = (nn.FractionalMaxPool2d, nn.FractionalMaxPool3d)[n - 2](2, output_ratio=0.6, return_indices=True)
    y, places = pool(x)
    assert y.shape == (2, 3, *[5] * n)
    flat = x.numpy().reshape(2, 3, -1)
    found = np.take_along_axis(flat, places.numpy().reshape(2, 3, -1), -1)
    assert np.array_equal(found.reshape(y.shape), y)
    ramp = tg.arange(81.0).reshape(1, 9, 9)
    assert F.fractional_max_pool2d(ramp, 2, output_size=4)[0, -1, -1].item() == 80


def test_fractional_windows_of_given_samples():
    x = tg.arange(7.0).reshape(1, 1, 7)
    samples = tg.tensor([[[0.5, 0.5]]])
    y = F.fractional_max_pool2d(x, (1, 2), (1, 4), _random_samples=samples)
    assert y.tolist() == [[[1.0, 3.0, 5.0, 6.0]]]  # windows from floor(5/3 (i + 1/2)) - floor(5/6), the last at the end


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (ValueError, "requires specifying either", lambda: nn.FractionalMaxPool2d(2)),
        (ValueError, "got both", lambda: nn.FractionalMaxPool2d(2, 3, 0.5)),
        (ValueError, "between 0 and 1", lambda: nn.FractionalMaxPool3d(2, output_ratio=(0.5, 0.5, 1.5))),
        (ValueError, "either an output_size or an output_ratio", lambda: F.fractional_max_pool2d(tg.ones(1, 4, 4), 2)),
        (ValueError, "one number or 2", lambda: F.fractional_max_pool2d(tg.ones(1, 4, 4), 2, output_ratio=(0.5,) * 3)),
        (RuntimeError, "don't fit into 4 places", lambda: F.fractional_max_pool2d(tg.ones(1, 4, 4), 2, 4)),
        (RuntimeError, "Expected 3D or 4D tensor", lambda: F.fractional_max_pool2d(tg.ones(4, 4), 2, 2)),
        (
            RuntimeError,
            "_random_samples must be of shape",
            lambda: F.fractional_max_pool2d(tg.ones(1, 4, 4), 2, 2, _random_samples=tg.ones(2)),
        ),
    ],
)
def test_pools_that_do_not_fit(error, text, call):
    with pytest.raises(error, match=text):
        call()


def test_adaptive_softmax_is_a_softmax():
    layer = nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 12], div_value=2.0).double()
    x, t = tg.randn(30, 16, dtype=np.float64), tg.randint(0, 20, (30,))
    log_p = layer.log_prob(x)
    np.testing.assert_allclose(log_p.exp().sum(1).detach(), 1, rtol=1e-12)
    output, loss = layer(x, t)
    np.testing.assert_allclose(output.detach(), log_p.detach().numpy()[np.arange(30), t.numpy()], rtol=1e-12)
    assert loss.item() == pytest.approx(-output.mean().item())
    assert np.array_equal(layer.predict(x), log_p.argmax(1))
    one, loss = layer(x[0], t[0])
    assert (one.shape, loss.item()) == ((), pytest.approx(-output[0].item()))
    before = layer.head.weight.detach().numpy().copy()
    layer.reset_parameters()
    assert not np.array_equal(before, layer.head.weight.detach())


@pytest.mark.parametrize("cutoffs", [[], [3, 2], [0, 4], [4, 20], [4, 4], [2.5]])
def test_cutoffs_that_make_no_clusters(cutoffs):
    with pytest.raises(ValueError, match="cutoffs should be a sequence"):
        nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs)


@pytest.mark.parametrize(
    ("text", "x", "t"),
    [
        ("Target values should be in", (3, 8), [0, 1, 20]),
        ("same size in the batch dimension", (2, 8), [0, 1, 2]),
        ("1D target tensor expects 2D input", (8,), [0]),
        ("multi-target not supported", (1, 8), [[0]]),
    ],
)
def test_targets_of_an_adaptive_softmax(text, x, t):
    with pytest.raises(RuntimeError, match=text):
        nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5])(tg.ones(*x), tg.tensor(t))


def test_the_cross_entropy_of_a_linear_map():
    layer = nn.LinearCrossEntropyLoss(4, 3, out_features=(2,), bias=True)
    x, t = tg.randn(5, 4), tg.randint(0, 3, (5, 2))
    logits = layer.linear(x).reshape(5, 3, 2)
    assert layer(x, t).item() == pytest.approx(F.cross_entropy(logits, t).item())
    with pytest.raises(RuntimeError, match="ignore_index cannot be specified"):
        F.linear_cross_entropy(x, tg.ones(3, 4), tg.ones(5, 3), ignore_index=1)
    for wrong in ((tg.ones(1, 2, 4), tg.ones(3, 4)), (x, tg.ones(4)), (x, tg.ones(3, 5)), (x[0], tg.ones(3, 2, 4))):
        with pytest.raises(RuntimeError, match="linear_cross_entropy"):
            F.linear_cross_entropy(*wrong, t)
    with pytest.raises(RuntimeError, match="expected weight shape"):
        nn.LinearCrossEntropyLoss(4, 3, weight=tg.ones(2))


def test_dirac_keeps_channels():
    conv = nn.Conv2d(6, 6, 3, padding=1, groups=2, bias=False)
    nn.init.dirac_(conv.weight, 2)
    x = tg.randn(1, 6, 5, 5)
    assert np.array_equal(conv(x).detach(), x)
