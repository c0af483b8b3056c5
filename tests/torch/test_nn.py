"""Losses, layers and their text beside PyTorch's own, where it is installed."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

SHAPES = [(5,), (1,), (4, 3), (1, 1), (2, 3, 4), (2, 3, 2, 2)]


def same(name, arrays, differentiable, **settings):
    """Value and gradients of the function `name` of `nn.functional`, ours and PyTorch's, on the same arrays."""
    rng = np.random.default_rng(1)
    a = {k: v if v is None else tg.tensor(v, requires_grad=k in differentiable) for k, v in arrays.items()}
    b = {k: v if v is None else torch.tensor(v, requires_grad=k in differentiable) for k, v in arrays.items()}
    y, z = getattr(F, name)(**a, **settings), getattr(torch.nn.functional, name)(**b, **settings)
    np.testing.assert_allclose(y.detach().numpy(), z.detach().numpy(), rtol=1e-12, atol=1e-14)
    g = np.asarray(rng.standard_normal(y.shape))
    y.backward(tg.tensor(g))
    z.backward(torch.tensor(g))
    for k in differentiable:
        np.testing.assert_allclose(a[k].grad.numpy(), b[k].grad.numpy(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("target", ["labels", "some ignored", "all ignored", "probabilities"])
def test_cross_entropy_and_nll_loss(shape, reduction, weighted, target):
    rng = np.random.default_rng(0)
    c = shape[1] if len(shape) > 1 else shape[0]
    samples = shape[:1] + shape[2:] if len(shape) > 1 else ()
    t, ignore_index = np.asarray(rng.integers(0, c, samples)), {"some ignored": 0, "all ignored": 9}.get(target, -100)
    if target == "all ignored":
        t[...] = 9
    elif target == "probabilities":
        t = rng.random(shape)
    arrays = {"input": rng.standard_normal(shape), "target": t, "weight": rng.random(c) if weighted else None}
    settings = {"reduction": reduction, "ignore_index": ignore_index}
    differentiable = ["input", "target"] if target == "probabilities" else ["input"]
    for smoothing in (0.0, 0.1):
        same("cross_entropy", arrays, differentiable, **settings, label_smoothing=smoothing)
    if target != "probabilities":
        same("nll_loss", arrays, differentiable, **settings)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_losses_of_numbers(shape, reduction):
    rng = np.random.default_rng(0)
    x, t, p, w, v = (np.asarray(a) for a in rng.random((5, *shape)))
    both = ["input", "target"]
    for name in ("mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"):
        same(name, {"input": p, "target": t}, both, reduction=reduction)
    weighted = {"input": 9 * x - 4, "target": t, "weight": w, "pos_weight": 3 * v}
    same("binary_cross_entropy_with_logits", weighted, both, reduction=reduction)


def test_a_network_with_pytorch_weights_gives_its_outputs():
    def network(nn):
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Sequential(nn.Linear(8, 3, bias=False), nn.LogSoftmax(-1)))

    theirs, ours = network(torch.nn), network(nn)
    assert ours.load_state_dict(theirs.state_dict()) == ([], [])
    x = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    np.testing.assert_allclose(ours(tg.tensor(x)).detach(), theirs(torch.tensor(x)).detach(), rtol=1e-5, atol=1e-6)
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize(
    "make",
    [
        lambda nn: nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(True), nn.Dropout(0.1)]),
        lambda nn: nn.ModuleDict({"a": nn.Softmax(1), "b": nn.Sequential(nn.Flatten(), nn.Unflatten(1, (2, 3)))}),
        lambda nn: nn.Sequential(nn.Identity(), nn.Sigmoid(), nn.Softplus(), nn.CrossEntropyLoss(), nn.MSELoss()),
    ],
)
def test_text(make):
    assert repr(make(nn)) == repr(make(torch.nn))


@pytest.mark.parametrize("nonlinearity", ["linear", "conv1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gains(nonlinearity):
    ours = nn.init.calculate_gain(nonlinearity)
    assert ours == pytest.approx(torch.nn.init.calculate_gain(nonlinearity), rel=1e-15)


@pytest.mark.parametrize("bad", [[0, 1], 1, [0, 1, 4], [0, -1, 0], [[0, 1], [0, 1], [0, 1]], [0.0, 1, 2], [True] * 3])
def test_error_classes_of_targets(bad):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        torch.nn.functional.cross_entropy(torch.zeros(3, 4), torch.tensor(bad))
    with pytest.raises(theirs.type, match="cross_entropy"):
        F.cross_entropy(tg.zeros(3, 4), tg.tensor(bad))
