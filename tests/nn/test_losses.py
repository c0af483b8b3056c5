"""Losses of numbers, and one_hot."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F

rng = np.random.default_rng(0)
SHAPE = (3, 4)
X, T, P = rng.standard_normal(SHAPE), rng.random(SHAPE), rng.random(SHAPE)
W, V = rng.random(SHAPE), 3 * rng.random(4)
S = 1 / (1 + np.exp(-X))

# the loss, its input, its losses and derivatives in input and target
LOSSES = {
    "mse": (nn.MSELoss, {}, X, (X - T) ** 2, 2 * (X - T), 2 * (T - X)),
    "l1": (nn.L1Loss, {}, X, np.abs(X - T), np.sign(X - T), np.sign(T - X)),
    "bce": (
        nn.BCELoss,
        {},
        P,
        -T * np.log(P) - (1 - T) * np.log(1 - P),
        (P - T) / (P * (1 - P)),
        np.log(1 - P) - np.log(P),
    ),
    "bce, weighted": (
        nn.BCELoss,
        {"weight": W},
        P,
        -W * (T * np.log(P) + (1 - T) * np.log(1 - P)),
        W * (P - T) / (P * (1 - P)),
        W * (np.log(1 - P) - np.log(P)),
    ),
    "logits": (nn.BCEWithLogitsLoss, {}, X, -T * np.log(S) - (1 - T) * np.log(1 - S), S - T, -X),
    "logits, weighted": (
        nn.BCEWithLogitsLoss,
        {"weight": W, "pos_weight": V},
        X,
        -W * (V * T * np.log(S) + (1 - T) * np.log(1 - S)),
        W * ((1 - T) * S - V * T * (1 - S)),
        W * (np.log(1 - S) - V * np.log(S)),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_values_and_gradients(name, reduction):
    make, settings, inputs, losses, dx, dt = LOSSES[name]
    criterion = make(reduction=reduction, **{key: tg.tensor(value) for key, value in settings.items()})
    x, t = tg.tensor(inputs, requires_grad=True), tg.tensor(T, requires_grad=True)
    y = criterion(x, t)
    expected = {"mean": np.mean, "sum": np.sum, "none": np.asarray}[reduction](losses)
    np.testing.assert_allclose(y.detach(), expected, rtol=1e-12)
    g = rng.standard_normal(y.shape)
    y.backward(tg.tensor(g))
    scale = g / losses.size if reduction == "mean" else g
    np.testing.assert_allclose(x.grad, scale * dx, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(t.grad, scale * dt, rtol=1e-12, atol=1e-15)
    assert list(criterion.state_dict()) == list(settings)


@pytest.mark.parametrize("make", [nn.MSELoss, nn.L1Loss, nn.BCELoss, nn.BCEWithLogitsLoss])
def test_reduction_is_checked_and_float32_stays(make):
    x = tg.tensor([0.25, 0.75])
    assert make()(x, tg.tensor([0.0, 1.0])).dtype == np.float32
    with pytest.raises(ValueError, match="avg is not a valid value for reduction; choose"):
        make(reduction="avg")(x, x)
    nothing = tg.zeros(0)
    assert np.isnan(make()(nothing, nothing).item())


@pytest.mark.parametrize("function", [F.mse_loss, F.l1_loss])
def test_shapes_that_broadcast_warn(function):
    with pytest.warns(UserWarning, match=r"target size \(3,\) that is different to the input size \(3, 1\)") as caught:
        assert function(tg.ones(3, 1), tg.ones(3), reduction="none").shape == (3, 3)
    assert caught[0].filename == __file__
    with (
        pytest.warns(UserWarning, match="likely lead to incorrect results"),
        pytest.raises(RuntimeError, match=r"shapes \(3,\) and \(4,\) don't broadcast"),
    ):
        function(tg.ones(3), tg.ones(4))


@pytest.mark.parametrize("function", [F.binary_cross_entropy, F.binary_cross_entropy_with_logits])
def test_shapes_of_binary_targets(function):
    with pytest.raises(
        ValueError, match=rf"{function.__name__}: target of shape \(2,\) must have the shape of the input"
    ):
        function(tg.ones(3), tg.ones(2))


@pytest.mark.parametrize(
    ("p", "t", "what"), [([1.5, 0], [1, 0], "input"), ([0.5, np.nan], [1, 0], "input"), ([0.5, 0.5], [2, 0], "target")]
)
def test_probabilities_are_checked(p, t, what):
    with pytest.raises(RuntimeError, match=f"all elements of {what} should be between 0 and 1.*with_logits"):
        F.binary_cross_entropy(tg.tensor(np.array(p)), tg.tensor(np.array(t, np.float64)))


def test_logarithms_are_cut_off_at_minus_100():
    p = tg.tensor([0.0, 0.0, 1.0, 1.0], requires_grad=True)
    losses = F.binary_cross_entropy(p, tg.tensor([0.0, 1.0, 0.0, 1.0]), reduction="none")
    assert losses.tolist() == [0, 100, 100, 0]
    losses.sum().backward()
    assert p.grad.tolist() == [1, 0, 0, -1]


def test_logits_may_be_extreme():
    x = tg.tensor([-1000.0, 1000, -1000, 1000, 0], requires_grad=True)
    t = tg.tensor([0.0, 0, 1, 1, 1])
    losses = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    np.testing.assert_allclose(losses.detach(), [0, 1000, 1000, 0, np.log(2)], rtol=1e-6)
    (d,) = tg.autograd.grad(losses.sum(), x, create_graph=True)
    assert d.tolist() == [0, 1, -1, 0, -0.5]
    (h,) = tg.autograd.grad(d.sum(), x)
    assert h.tolist() == [0, 0, 0, 0, 0.25]


def test_one_hot():
    assert F.one_hot(tg.tensor([1, 0])).tolist() == [[0, 1], [1, 0]]
    assert F.one_hot(tg.tensor([[1], [0]]), 3).tolist() == [[[0, 1, 0]], [[1, 0, 0]]]
    assert F.one_hot(tg.tensor(1), 2).tolist() == [0, 1]
    assert F.one_hot(tg.tensor([2])).dtype == np.int64
    assert F.one_hot(tg.zeros(0, dtype=np.int64), 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("classes", "n", "text"),
    [
        ([1.0], -1, "only applicable to index tensor of integers, not float32"),
        ([], -1, "only applicable to index tensor of integers, not float32"),
        (np.zeros(0, np.int64), -1, "can not infer total number of classes from empty tensor"),
        ([-1], 2, "class values must be non-negative, found -1"),
        ([3], 2, "class values must be smaller than num_classes=2, found 3"),
    ],
)
def test_one_hot_errors(classes, n, text):
    with pytest.raises(RuntimeError, match=text):
        F.one_hot(tg.tensor(classes), n)
