"""Linear, the layers of arrangement, activations and dropout."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F

rng = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 5, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape, bias):
    layer = nn.Linear(3, 2, bias=bias, dtype=np.float64)
    x = tg.tensor(rng.standard_normal(shape), requires_grad=True)
    y = layer(x)
    w = layer.weight.detach().numpy()
    expected = x.detach().numpy() @ w.T + (layer.bias.detach().numpy() if bias else 0)
    np.testing.assert_allclose(y.detach(), expected, rtol=1e-14)
    g = rng.standard_normal(y.shape)
    y.backward(tg.tensor(g))
    np.testing.assert_allclose(x.grad, g @ w, rtol=1e-14)
    rows, g_rows = x.detach().numpy().reshape(-1, 3), g.reshape(-1, 2)
    np.testing.assert_allclose(layer.weight.grad, g_rows.T @ rows, rtol=1e-13)
    if bias:
        np.testing.assert_allclose(layer.bias.grad, g_rows.sum(0), rtol=1e-13)
    else:
        assert layer.bias is None


def test_linear_starts_within_its_bound_and_alike_for_a_seed():
    tg.manual_seed(0)
    layer = nn.Linear(400, 300)
    for p in layer.parameters():
        a = p.detach().numpy()
        assert a.dtype == np.float32
        assert np.abs(a).max() <= 1 / 20
        assert abs(a.std() * np.sqrt(3) * 20 - 1) < 0.1, "uniform"
    tg.manual_seed(0)
    np.testing.assert_array_equal(nn.Linear(400, 300).weight.detach(), layer.weight.detach())
    layer.reset_parameters()
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        assert nn.Linear(0, 2).bias.tolist() == [0, 0]


def test_linear_says_what_does_not_fit():
    with pytest.raises(RuntimeError, match=r"linear: input of shape \(4, 2\) doesn't fit weight of shape \(2, 3\)"):
        nn.Linear(3, 2)(tg.ones(4, 2))


def test_flatten_unflatten_and_identity():
    x = tg.ones(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(1, (2, -1))(tg.ones(5, 6, 7)).shape == (5, 2, 3, 7)
    assert nn.Unflatten(-1, (2, 2))(x).shape == (2, 3, 2, 2)
    assert nn.Identity(3, a=1)(x) is x
    with pytest.raises(IndexError, match="dim 5 is out of range"):
        nn.Unflatten(5, (2, 2))(x)
    with pytest.raises(RuntimeError, match="reshape"):
        nn.Unflatten(1, (2, 2))(x)


X = np.array([-1000.0, -2, -0.5, 0, 0.5, 2, 1000])
E = np.exp(-np.abs(X))
SIGMOID = np.where(X >= 0, 1, E) / (1 + E)


@pytest.mark.parametrize(
    ("module", "function", "y", "dy"),
    [
        (nn.ReLU(), F.relu, np.maximum(X, 0), (X > 0) * 1.0),
        (nn.Sigmoid(), F.sigmoid, SIGMOID, SIGMOID * (1 - SIGMOID)),
        (nn.Tanh(), F.tanh, np.tanh(X), 1 - np.tanh(X) ** 2),
        (nn.Softplus(), F.softplus, np.maximum(X, 0) + np.log1p(E), SIGMOID),
        (nn.Softplus(2, 1), lambda x: F.softplus(x, 2, 1), None, None),
    ],
)
def test_activations(module, function, y, dy):
    if y is None:  # beta 2, and linear from x = 1/2 on
        y, dy = (
            np.where(X > 0.5, X, np.logaddexp(0, 2 * X) / 2),
            np.where(X > 0.5, 1, 1 - 1 / (1 + np.exp(2 * X.clip(max=9)))),
        )
    for f in (module, function):
        x = tg.tensor(X, requires_grad=True)
        out = f(x)
        np.testing.assert_allclose(out.detach(), y, rtol=1e-15)
        g = np.arange(1.0, 8)
        out.backward(tg.tensor(g))
        np.testing.assert_allclose(x.grad, g * dy, rtol=1e-14, atol=1e-300)


def test_relu_in_place():
    for f in (nn.ReLU(inplace=True), lambda x: F.relu(x, inplace=True)):
        x = tg.tensor([-1.0, 2.0], requires_grad=True)
        hidden = x * 2
        y = f(hidden)
        assert y is hidden
        assert y.tolist() == [0, 4]
        y.sum().backward()
        assert x.grad.tolist() == [0, 2]


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_and_its_logarithm(dim):
    a = rng.standard_normal((3, 4)) * 5
    p = np.exp(a) / np.exp(a).sum(dim, keepdims=True)
    g = rng.standard_normal((3, 4))
    for module, y, dx in [
        (nn.Softmax(dim), p, p * (g - (g * p).sum(dim, keepdims=True))),
        (nn.LogSoftmax(dim), np.log(p), g - p * g.sum(dim, keepdims=True)),
    ]:
        x = tg.tensor(a, requires_grad=True)
        out = module(x)
        np.testing.assert_allclose(out.detach(), y, rtol=1e-13)
        out.backward(tg.tensor(g))
        np.testing.assert_allclose(x.grad, dx, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("module", [nn.Softmax(), nn.LogSoftmax(), nn.Softmin()])
def test_softmax_warns_without_a_dim(module):
    with pytest.warns(UserWarning, match="Implicit dimension choice") as seen:
        module(tg.ones(2, 2))
    assert seen[0].filename == __file__


# -------------------------------------------------------------------------------------------------------- dropout


def test_dropout_zeroes_a_share_and_keeps_the_expectation():
    tg.manual_seed(0)
    x = tg.ones(100_000, requires_grad=True)
    y = nn.Dropout(0.2)(x)
    kept = y.detach().numpy() != 0
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.detach().numpy()[kept], 1.25)
    assert abs(kept.mean() - 0.8) < 0.005
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, y.detach())


def test_dropout_is_the_same_for_a_seed():
    layer, x = nn.Dropout(), tg.ones(50)
    tg.manual_seed(3)
    y = layer(x)
    assert layer(x).tolist() != y.tolist()
    tg.manual_seed(3)
    assert layer(x).tolist() == y.tolist()


def test_dropout_in_evaluation_or_of_nothing_is_the_input():
    x = tg.ones(5)
    assert nn.Dropout(0.5).eval()(x) is x
    assert F.dropout(x, 0.5, training=False) is x
    assert nn.Dropout(0)(x) is x


def test_dropout_of_all_gives_zeros():
    x = tg.ones(5, requires_grad=True)
    y = nn.Dropout(1)(x)
    assert y.tolist() == [0] * 5
    y.sum().backward()
    assert x.grad.tolist() == [0] * 5


def test_dropout_in_place():
    x = tg.ones(50)
    assert nn.Dropout(0.5, inplace=True)(x) is x
    assert set(x.tolist()) == {0, 2}


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_dropout_refuses_what_is_no_probability(p):
    for f in (lambda: nn.Dropout(p), lambda: F.dropout(tg.ones(2), p)):
        with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
            f()


def test_bilinear_layer():
    layer = nn.Bilinear(3, 4, 2, dtype=np.float64)
    a, b = tg.randn(5, 3, dtype=np.float64), tg.randn(5, 4, dtype=np.float64)
    want = np.einsum("ni,oij,nj->no", a.array, layer.weight.array, b.array) + layer.bias.array
    np.testing.assert_allclose(layer(a, b).array, want)
    assert {name: p.shape for name, p in layer.named_parameters()} == {"weight": (2, 3, 4), "bias": (2,)}
    assert np.abs(layer.weight.array).max() <= 3**-0.5
    assert repr(layer) == "Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)"
    assert nn.Bilinear(3, 4, 2, bias=False)(a.float(), b.float()).dtype == np.float32
    with pytest.raises(RuntimeError, match="bilinear: shapes .* don't fit weight"):
        layer(b, a)
    with pytest.raises(ValueError, match="in1_features must be positive"):
        nn.Bilinear(0, 1, 1)
