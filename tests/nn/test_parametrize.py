"""Tensors of modules as functions of others."""

import copy

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn.utils import parametrizations, parametrize
from tinygrad_lab.nn.utils.stateless import functional_call


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).mT

    def right_inverse(self, a):
        return a.triu()


def test_what_is_trained_is_the_original():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    assert isinstance(layer, nn.Linear)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    before = layer.parametrizations.weight.original.clone()
    layer(tg.ones(2, 3)).sum().backward()
    tg.optim.SGD(layer.parameters(), lr=0.5).step()
    assert not np.array_equal(layer.parametrizations.weight.original.detach(), before.detach())
    w = layer.weight.detach().numpy()
    assert np.array_equal(w, w.T)


def test_assigning_asks_for_the_original():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    layer.weight = tg.ones(3, 3) * 4
    assert layer.weight.tolist() == [[4.0] * 3] * 3
    with pytest.raises(KeyError, match="attribute 'weight' already exists"):
        layer.weight = nn.Parameter(tg.ones(3, 3))
    parametrize.register_parametrization(layer, "bias", nn.Identity())
    with pytest.raises(RuntimeError, match="Identity does not implement right_inverse"):
        layer.bias = tg.ones(3)


def test_a_copy_keeps_its_own_parametrizations():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    twin = copy.deepcopy(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert repr(twin).startswith("ParametrizedLinear(")
    assert np.array_equal(twin.weight.detach(), layer.weight.detach())


def test_cached_values_are_computed_once():
    layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight


@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_orthogonal_stays_orthogonal(orthogonal_map, shape):
    layer = parametrizations.orthogonal(nn.Linear(*shape).double(), orthogonal_map=orthogonal_map)
    optimizer = tg.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(5):
        optimizer.zero_grad()
        (layer(tg.ones(2, shape[0], dtype=np.float64)) ** 2).sum().backward()
        optimizer.step()
    w = layer.weight.detach().numpy()
    thin = w if w.shape[0] >= w.shape[1] else w.T
    np.testing.assert_allclose(thin.T @ thin, np.eye(thin.shape[1]), atol=1e-12)


def test_spectral_norm_finds_the_greatest_singular_value():
    layer = parametrizations.spectral_norm(nn.Linear(6, 4).double(), n_power_iterations=50)
    assert np.linalg.norm(layer.weight.detach(), 2) == pytest.approx(1, abs=1e-9)


def test_weight_norm_starts_at_the_weight():
    plain = nn.Conv1d(3, 4, 2)
    before = plain.weight.detach().numpy().copy()
    layer = parametrizations.weight_norm(plain)
    np.testing.assert_allclose(layer.weight.detach(), before, rtol=1e-6)
    assert layer.parametrizations.weight.original0.shape == (4, 1, 1)


def test_a_call_with_other_originals():
    layer = parametrize.register_parametrization(nn.Linear(2, 2, bias=False), "weight", Symmetric())
    y = functional_call(layer, {"parametrizations.weight.original": tg.ones(2, 2)}, tg.ones(1, 2))
    assert y.tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "name", "parametrization"),
    [
        ("does not have a parameter, a buffer", "nothing", nn.Identity()),
        ("may not change the dtype or the shape", "weight", nn.Flatten(0)),
        ("must return a tensor. Got tuple", "weight", type("Pair", (nn.Module,), {"forward": lambda s, x: (x, x)})()),
    ],
)
def test_errors(text, name, parametrization):
    with pytest.raises(ValueError, match=text):
        parametrize.register_parametrization(nn.Linear(2, 2), name, parametrization)
