"""Parametrizations beside PyTorch's: the same keys, text, values and gradients, from the same state."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

LAYERS = {
    "square": lambda nn: nn.Linear(4, 4),
    "wide": lambda nn: nn.Linear(5, 3),
    "tall": lambda nn: nn.Linear(3, 5),
    "conv": lambda nn: nn.Conv2d(3, 4, 2),
    "transposed": lambda nn: nn.ConvTranspose1d(3, 4, 2),
}
READY = {
    "orthogonal": lambda p, m: p.orthogonal(m),
    "exp": lambda p, m: p.orthogonal(m, orthogonal_map="matrix_exp"),
    "cayley": lambda p, m: p.orthogonal(m, orthogonal_map="cayley"),
    "householder": lambda p, m: p.orthogonal(m, orthogonal_map="householder", use_trivialization=False),
    "cayley without a base": lambda p, m: p.orthogonal(m, orthogonal_map="cayley", use_trivialization=False),
    "spectral_norm": lambda p, m: p.spectral_norm(m),
    "spectral_norm of another dim": lambda p, m: p.spectral_norm(m, n_power_iterations=3, dim=1),
    "spectral_norm of a vector": lambda p, m: p.spectral_norm(m, "bias"),
    "weight_norm": lambda p, m: p.weight_norm(m),
    "weight_norm as one": lambda p, m: p.weight_norm(m, dim=None),
    "both": lambda p, m: p.weight_norm(p.orthogonal(m), "bias"),
}


def pair(layer, make):
    torch.manual_seed(0)
    theirs = make(torch.nn.utils.parametrizations, LAYERS[layer](torch.nn).double())
    ours = make(tg.nn.utils.parametrizations, LAYERS[layer](tg.nn).double())
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


CASES = pytest.mark.parametrize(
    ("layer", "make"),
    [
        pytest.param(layer, make, id=f"{layer}, {name}")
        for layer in LAYERS
        for name, make in READY.items()
        if not (layer == "transposed" and "vector" in name)  # whose dim would be 1
    ],
)


@CASES
def test_ready_made(layer, make):
    ours, theirs = pair(layer, make)
    rng = np.random.default_rng(0)
    for (_, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        step = 0.01 * rng.standard_normal(p.shape)
        p.data, q.data = p.data + tg.tensor(step), q.data + torch.tensor(step)
    for mode in (True, True, False):
        ours.train(mode)
        theirs.train(mode)
        for name in ("weight", "bias"):
            a, b = getattr(ours, name), getattr(theirs, name)
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-10)
            g = rng.standard_normal(a.shape)
            (a * tg.tensor(g)).sum().backward()
            (b * torch.tensor(g)).sum().backward()
        for (name, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
            got = np.zeros(p.shape) if p.grad is None else p.grad.numpy()
            want = np.zeros(p.shape) if q.grad is None else q.grad.numpy()
            np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-9, err_msg=name)
        for (name, p), (_, q) in zip(ours.named_buffers(), theirs.named_buffers(), strict=True):
            np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


@CASES
def test_a_new_one_starts_where_pytorch_starts(layer, make):
    plain = LAYERS[layer](torch.nn).double()
    ours = LAYERS[layer](tg.nn).double()
    ours.load_state_dict(plain.state_dict())
    ours, theirs = make(tg.nn.utils.parametrizations, ours), make(torch.nn.utils.parametrizations, plain)
    np.testing.assert_allclose(ours.bias.detach().numpy(), theirs.bias.detach().numpy(), rtol=1e-9)
    if not any("_u" in name for name in ours.state_dict()):  # whose first vectors are random
        np.testing.assert_allclose(ours.weight.detach().numpy(), theirs.weight.detach().numpy(), rtol=1e-9, atol=1e-12)


def modules(library):
    class Symmetric(library.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, a):
            return a.triu()

    class RankOne(library.nn.Module):
        def forward(self, x, y):
            return x.unsqueeze(-1) @ y.unsqueeze(-2)

        def right_inverse(self, z):
            return z[:, 0] * 2, z[0]

    class Double(library.nn.Module):
        def forward(self, x):
            return 2 * x

    return Symmetric, RankOne, Double


def story(library):
    """What happens to a layer whose tensors are parametrized, read, assigned, copied and left."""
    p = library.nn.utils.parametrize
    symmetric, rank_one, double = modules(library)
    layer = library.nn.Linear(3, 3).double()
    layer.load_state_dict({"weight": library.arange(9.0).reshape(3, 3), "bias": library.arange(3.0)})
    seen = []

    def look(m):
        state = [(k, v.tolist()) for k, v in m.state_dict().items()]
        seen.append((repr(m), type(m).__name__, state, m.weight.tolist(), m.bias.tolist(), p.is_parametrized(m)))

    look(p.register_parametrization(layer, "weight", symmetric()))
    layer.weight = library.ones(3, 3).double() * 5
    look(layer)
    look(p.register_parametrization(layer, "weight", double()))
    look(p.register_parametrization(layer, "bias", double()))
    look(copy.deepcopy(layer))
    look(p.remove_parametrizations(layer, "bias", leave_parametrized=False))
    look(p.transfer_parametrizations_and_params(layer, library.nn.Linear(3, 3).double(), "weight"))
    assert p.type_before_parametrizations(layer) is library.nn.Linear
    look(p.remove_parametrizations(layer, "weight"))
    other = p.register_parametrization(library.nn.Linear(3, 3).double(), "weight", rank_one(), unsafe=True)
    other.weight = library.arange(9.0).reshape(3, 3).double()
    look(other)
    with p.cached():
        assert other.weight is other.weight
        with p.cached():
            assert other.weight is other.weight
    assert other.weight is not other.weight
    return [(a, b, [s for s in c if "bias" not in s[0]], d, f) for a, b, c, d, _, f in seen]


def test_a_life_of_parametrizations():
    assert story(tg) == story(torch)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda t, p, m: p.register_parametrization(m, "nothing", t.nn.Identity()),
        lambda t, p, m: p.register_parametrization(m, "weight", t.nn.Flatten(0)),
        lambda t, p, m: p.remove_parametrizations(m, "weight"),
        lambda t, p, m: p.ParametrizationList([], m.weight),
        lambda t, p, m: t.nn.utils.parametrizations.orthogonal(m, "bias"),
        lambda t, p, m: t.nn.utils.parametrizations.orthogonal(m, orthogonal_map="given"),
        lambda t, p, m: t.nn.utils.parametrizations.spectral_norm(m, dim=3),
        lambda t, p, m: t.nn.utils.parametrizations.spectral_norm(m, n_power_iterations=0),
        lambda t, p, m: t.nn.utils.parametrizations.weight_norm(m, "nothing"),
        lambda t, p, m: setattr(p.register_parametrization(m, "weight", t.nn.Identity()), "weight", t.ones(2, 2)),
        lambda t, p, m: p.remove_parametrizations(t.nn.utils.parametrizations.weight_norm(m), "weight", False),
    ],
)
def test_errors(wrong):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        wrong(torch, torch.nn.utils.parametrize, torch.nn.Linear(3, 2))
    with pytest.raises(theirs.type):
        wrong(tg, tg.nn.utils.parametrize, tg.nn.Linear(3, 2))


def test_what_the_older_weight_norm_saved_is_loaded():
    old = tg.nn.utils.weight_norm(tg.nn.Linear(3, 2))
    new = tg.nn.Sequential(tg.nn.utils.parametrizations.weight_norm(tg.nn.Linear(3, 2)))
    new.load_state_dict({f"0.{k}": v for k, v in old.state_dict().items()})
    x = tg.ones(1, 3)
    assert (new(x) - old(x)).abs().max().item() < 1e-6


def test_a_parametrized_layer_is_pickled_and_its_copy_is_another():
    layer = tg.nn.utils.parametrizations.orthogonal(tg.nn.Linear(3, 3))
    twin = pickle.loads(pickle.dumps(layer))
    assert repr(twin) == repr(layer)
    assert np.array_equal(twin.weight.detach(), layer.weight.detach())
    tg.nn.utils.parametrize.remove_parametrizations(twin, "weight")
    assert (type(twin), type(layer).__name__) == (tg.nn.Linear, "ParametrizedLinear")
