"""Activations, normalisation, dropout and attention as functions: what needs no PyTorch to be known."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

DROPOUTS = {
    F.dropout: ((4, 5, 6), 3),
    F.dropout1d: ((40, 50, 3), 2),
    F.dropout2d: ((40, 50, 2, 2), 2),
    F.dropout3d: ((40, 50, 2, 2, 1), 2),
    F.alpha_dropout: ((4, 5, 6), 3),
    F.feature_alpha_dropout: ((40, 50, 2), 2),
}


@pytest.mark.parametrize("f", DROPOUTS, ids=lambda f: f.__name__)
def test_dropout(f):
    shape, lead = DROPOUTS[f]
    x = tg.full(shape, 3.0).requires_grad_()
    tg.manual_seed(0)
    y = f(x, 0.3, True)
    first = y.array[(slice(None),) * lead + (slice(0, 1),) * (len(shape) - lead)]
    assert (y.array == first).all()  # a channel is kept or dropped as a whole
    low, high = np.unique(y.array)
    assert 0.55 < (y.array == high).mean() < 0.85
    if f not in (F.alpha_dropout, F.feature_alpha_dropout):
        assert (low, high) == (0, np.float32(3 / 0.7))
    y.sum().backward()
    slopes = np.unique(x.grad.array)
    assert slopes[0] == 0
    assert len(slopes) == 2
    np.testing.assert_array_equal(x.grad.array > 0, y.array == high)
    tg.manual_seed(0)
    np.testing.assert_array_equal(f(x, 0.3, True).array, y.array)
    assert f(x, 0.3, False) is x
    assert f(x, 0.0, True) is x
    assert not f(x, 1.0, True).array.any()
    z = tg.full(shape, 3.0)
    assert f(z, 0.3, True, inplace=True) is z
    assert len(np.unique(z.array)) == 2


def test_alpha_dropout_keeps_mean_and_variance():
    tg.manual_seed(0)
    y = F.alpha_dropout(tg.randn(200000), 0.4, True)
    assert abs(y.mean().item()) < 0.02
    assert abs(y.var().item() - 1) < 0.02


def test_dropout_of_every_probability_is_fair():
    tg.manual_seed(0)
    for p in (1e-3, 0.1, 0.5, 0.999):
        kept = F.dropout(tg.ones(100001), p).array != 0
        assert abs(kept.mean() - (1 - p)) < 4 * np.sqrt(p * (1 - p) / kept.size)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 4, 5)])
def test_dropout2d_and_3d_warn_of_other_inputs(shape):
    with pytest.warns(UserWarning, match="dropout3d" if len(shape) == 2 else "dropout2d"):
        (F.dropout3d if len(shape) == 2 else F.dropout2d)(tg.ones(shape if len(shape) == 2 else shape[:3]))


@pytest.mark.parametrize(("f", "other"), [(F.softmax, tg.softmax), (F.log_softmax, tg.log_softmax)])
@pytest.mark.parametrize(("shape", "dim"), [((3,), 0), ((2, 3), 1), ((2, 3, 2), 0), ((2, 3, 2, 2), 1)])
def test_softmax_without_a_dim_warns_and_chooses_as_pytorch(f, other, shape, dim):
    x = tg.randn(shape)
    with pytest.warns(UserWarning, match="Implicit dimension choice") as seen:
        y = f(x)
    assert seen[0].filename == __file__
    np.testing.assert_array_equal(y.array, other(x, dim).array)
    assert f(x, dim, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("scale", [1, 30, 60, 200, 1e4])
@pytest.mark.parametrize("dim", [0, 1])
def test_softmax_of_logits_near_and_far(scale, dim):
    """With and without the maximum taken out, and both in one array."""
    x = np.random.default_rng(0).standard_normal((6, 5)).astype(np.float32) * scale
    x[0, 0] = -np.inf
    s = x.astype(np.longdouble) - x.max(dim, keepdims=True)
    want = np.exp(s) / np.exp(s).sum(dim, keepdims=True)
    np.testing.assert_allclose(tg.softmax(tg.tensor(x), dim).array, np.float64(want), rtol=2e-5, atol=1e-30)
    assert np.isfinite(
        F.scaled_dot_product_attention(tg.tensor(x[:, 1:]), tg.tensor(x[:, 1:]), tg.ones(6, 1)).array
    ).all()


def test_gumbel_softmax():
    tg.manual_seed(0)
    logits = tg.tensor([[0.0, 1.0, 2.0]], dtype=np.float64).expand(20000, 3).contiguous().requires_grad_()
    soft = F.gumbel_softmax(logits, tau=0.5)
    np.testing.assert_allclose(soft.detach().sum(1).array, 1)
    hard = F.gumbel_softmax(logits, hard=True)
    assert set(np.unique(hard.array.round(12))) == {0, 1}
    np.testing.assert_allclose(hard.array.mean(0), tg.softmax(tg.tensor([0.0, 1.0, 2.0]), 0).array, atol=0.02)
    (hard * tg.tensor([1.0, 2.0, 3.0], dtype=np.float64)).sum().backward()
    assert np.abs(logits.grad.array).max() > 0.1


def test_rrelu_in_training_draws_a_slope_for_each_element():
    tg.manual_seed(0)
    x = -tg.ones(1000, requires_grad=True)
    y = F.rrelu(x, 0.25, 0.5, training=True)
    assert -0.5 <= y.array.min() < -0.49
    assert -0.26 < y.array.max() <= -0.25
    assert y.dtype == np.float32


def test_names_at_the_top_level_have_pytorchs_arguments():
    x = tg.randn(4, 3)
    w, b, mean, var = tg.ones(3), tg.zeros(3), tg.zeros(3), tg.ones(3)
    y = tg.batch_norm(x, w, b, mean, var, True, 0.1, 1e-5, False)
    np.testing.assert_array_equal(y.array, F.batch_norm(x, None, None, w, b, True).array)
    assert mean.array.any()
    z = tg.instance_norm(x.reshape(1, 4, 3), None, None, None, None, True, 0.1, 1e-5)
    np.testing.assert_array_equal(z.array, F.instance_norm(x.reshape(1, 4, 3)).array)
    for name in ("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"):
        assert getattr(tg, name)(x, 0.5, train=False) is x
        assert getattr(tg, name + "_")(x.clone(), p=0.5, train=True).shape == x.shape
    assert tg.layer_norm(x, (3,), w, b, 1e-5).shape == tg.rms_norm(x, (3,)).shape == tg.group_norm(x, 3).shape
    for name in ("relu", "selu", "celu", "rrelu", "threshold"):
        args = (0.1, 2.0) if name == "threshold" else ()
        y = x.clone()
        assert getattr(tg, name + "_")(y, *args) is y
        np.testing.assert_array_equal(y.array, getattr(tg, name)(x, *args).array)
    assert x.hardshrink(0.1).shape == x.prelu(w).shape == tg.prelu(x, w).shape == tg.hardshrink(x).shape


def test_batch_norm_moves_running_statistics_and_nothing_else():
    x = tg.tensor([[1.0, 2.0], [3.0, 6.0]], requires_grad=True)
    mean, var = tg.zeros(2), tg.ones(2)
    y = F.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean.tolist() == [1, 2]
    assert var.tolist() == [1.5, 4.5]  # of 2 and 8, divided by n - 1
    assert not mean.requires_grad
    y.sum().backward()
    F.batch_norm(x, mean, var)
    assert mean.tolist() == [1, 2]
    F.batch_norm(tg.zeros(0, 2), mean, var, training=True)
    assert mean.tolist() == [1, 2]


def test_batch_norm_refuses_an_input_changed_after_it_was_read():
    w = tg.ones(2, requires_grad=True)
    x = tg.randn(3, 2)
    y = F.batch_norm(x, None, None, w, training=True)
    x.mul_(2)
    with pytest.raises(RuntimeError, match="normalize: its gradient needs its argument 'input'"):
        y.sum().backward()
