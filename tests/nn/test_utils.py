"""nn.utils: clipping, vectors of parameters, fused batch norms; and averages of models."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import Linear, Parameter, utils
from tinygrad_lab.optim import swa_utils


def with_gradients(*gradients):
    params = [Parameter(tg.tensor(np.zeros_like(np.array(g, np.float64)))) for g in gradients]
    for p, g in zip(params, gradients):
        p.grad = tg.tensor(np.array(g, np.float64))
    return params


def test_clip_grad_norm_by_hand():
    p, q = with_gradients([3.0], [[4.0]])
    without = Parameter(tg.ones(2))
    array = p.grad.array
    assert utils.clip_grad_norm_([p, q, without], 5.1).item() == 5
    assert (p.grad.item(), q.grad.item()) == (3, 4)
    assert utils.clip_grad_norm_((r for r in (p, q)), 1).item() == 5
    assert p.grad.array is array
    assert p.grad.item() == pytest.approx(0.6, rel=1e-6)
    assert utils.clip_grad_norm_(q, 1, norm_type=math.inf).item() == pytest.approx(0.8, rel=1e-6)


def test_norms_that_are_not_finite():
    (p,) = with_gradients([math.inf, 1.0])
    with pytest.raises(RuntimeError, match=r"total norm of order 2.0 .* non-finite"):
        utils.clip_grad_norm_(p, 1, error_if_nonfinite=True)
    assert p.grad.tolist() == [math.inf, 1]
    with np.errstate(invalid="ignore"):
        utils.clip_grad_norm_(p, 1)
    np.testing.assert_array_equal(p.grad, [math.nan, 0])


def test_norm_of_nothing():
    assert utils.get_total_norm([]).item() == 0
    with pytest.warns(UserWarning, match="empty generator"):
        assert utils.clip_grad_norm_((p for p in ()), 1).item() == 0


def test_clip_grads_with_norm():
    (p,) = with_gradients([2.0])
    utils.clip_grads_with_norm_(p, 1, tg.tensor(4.0))
    assert p.grad.item() == pytest.approx(0.5, rel=1e-5)


def test_clip_grad_value():
    p, q = with_gradients([-3.0, 0.5, 3.0], 2.0)
    utils.clip_grad_value_([p, q], 1)
    assert p.grad.tolist() == [-1, 0.5, 1]
    assert q.grad.item() == 1


def test_a_clipped_gradient_that_backward_needs_raises():
    p = Parameter(tg.ones(2))
    (g,) = tg.autograd.grad((p**3).sum(), p, create_graph=True)
    y = (g * g).sum()
    p.grad = g.detach()
    utils.clip_grad_norm_(p, 0.1)
    with pytest.raises(RuntimeError, match="changed in place by clip_grads_with_norm_"):
        y.backward()


def test_parameters_to_vector_and_back():
    layer, twin = Linear(3, 2), Linear(3, 2)
    vector = utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (8,)
    assert vector.requires_grad
    utils.vector_to_parameters(vector, twin.parameters())
    for p, q in zip(layer.parameters(), twin.parameters()):
        assert p.tolist() == q.tolist()
        assert isinstance(q, Parameter)
        assert q.is_leaf
    with pytest.raises(TypeError, match="expected a tensor, but got: list"):
        utils.vector_to_parameters([1.0], twin.parameters())


def batch_norm(features, affine=True):
    rng = np.random.default_rng(0)
    made = [tg.tensor(rng.uniform(0.5, 2, features)) for _ in range(4)]
    names = ["running_mean", "running_var", "weight", "bias"]
    found = dict(zip(names, made if affine else [*made[:2], None, None]))
    return SimpleNamespace(training=False, eps=1e-3, num_features=features, **found)


def normalised(x, bn):
    return nn.functional.batch_norm(x, bn.running_mean, bn.running_var, bn.weight, bn.bias, eps=bn.eps)


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_fused_layers_compute_the_same(affine, bias):
    bn = batch_norm(4, affine)
    linear = Linear(3, 4, bias=bias).double().eval()
    fused = utils.fuse_linear_bn_eval(linear, bn)
    x = tg.tensor(np.random.default_rng(1).standard_normal((5, 3)))
    np.testing.assert_allclose(fused(x).detach(), normalised(linear(x), bn).detach(), rtol=1e-10)
    w = tg.tensor(np.random.default_rng(2).standard_normal((4, 2, 3, 3)))
    b = tg.tensor(np.arange(4.0)) if bias else None
    image = tg.tensor(np.random.default_rng(3).standard_normal((2, 2, 5, 5)))
    arguments = bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    both = utils.fuse_conv_bn_weights(w, b, *arguments)
    want = normalised(nn.functional.conv2d(image, w, b), bn)
    np.testing.assert_allclose(nn.functional.conv2d(image, *both).detach(), want.detach(), rtol=1e-10, atol=1e-12)
    both = utils.fuse_conv_bn_weights(w.transpose(0, 1), b, *arguments, transpose=True)
    want = normalised(nn.functional.conv_transpose2d(image, w.transpose(0, 1), b), bn)
    got = nn.functional.conv_transpose2d(image, *both)
    np.testing.assert_allclose(got.detach(), want.detach(), rtol=1e-10, atol=1e-12)


def test_errors_of_fusing():
    linear, bn = Linear(3, 4), batch_norm(4)
    with pytest.raises(AssertionError, match="Fusion only for eval"):
        utils.fuse_linear_bn_eval(linear, bn)
    linear.eval()
    with pytest.raises(AssertionError, match=r"linear.out_features=4 and bn.num_features=3"):
        utils.fuse_linear_bn_eval(linear, batch_norm(3))
    bn.running_mean = None
    with pytest.raises(AssertionError, match="must not be None"):
        utils.fuse_linear_bn_eval(linear, bn)


# ------------------------------------------------------------------------------------------------------- averages


@pytest.mark.parametrize(
    ("settings", "weight", "buffer"),
    [
        ({}, 2, 3),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, 2.25, 3),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, 2.25, 3),
        ({"avg_fn": swa_utils.get_swa_avg_fn(), "use_buffers": True}, 2, 2),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn(), "use_buffers": True}, 2, 2),
    ],
)
def test_averaged_model(settings, weight, buffer):
    layer = Linear(1, 1)
    layer.register_buffer("seen", tg.zeros(1))
    averaged = swa_utils.AveragedModel(layer, **settings)
    for value in (1.0, 2.0, 3.0):
        for t in layer.state_dict().values():
            t.fill_(value)
        averaged.update_parameters(layer)
    state = averaged.state_dict()
    assert list(state) == ["n_averaged", "module.weight", "module.bias", "module.seen"]
    assert [t.item() for t in state.values()] == pytest.approx([3, weight, weight, buffer])
    assert averaged(tg.ones(1)).item() == pytest.approx(2 * weight)
    assert averaged.module.weight.is_leaf
    assert layer.weight.item() == 3


def test_errors_of_averages():
    for make in (swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn):
        with pytest.raises(ValueError, match="Invalid decay value 2"):
            make(2)
    f = swa_utils.get_swa_avg_fn()
    with pytest.raises(AssertionError, match="Only one of"):
        swa_utils.AveragedModel(Linear(1, 1), avg_fn=f, multi_avg_fn=f)


def test_update_bn():
    class BatchNorm(nn.Module):
        momentum = 0.1

        def reset_running_stats(self):
            self.seen = []

        def forward(self, x):
            self.seen.append((x.item(), self.momentum, self.training))

    norm = BatchNorm().eval()
    swa_utils.update_bn([tg.tensor(1.0), (tg.tensor(2.0), 0)], norm)
    assert norm.seen == [(1, None, True), (2, None, True)]
    assert norm.momentum == 0.1
    assert not norm.training
    swa_utils.update_bn([None], Linear(1, 1))  # without a batch norm no batch is looked at


# ----------------------------------------------------------------------------------------------- normalised weights


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim):
    layer = Linear(3, 2)
    weight = layer.weight.detach().clone().numpy()
    assert utils.weight_norm(layer, dim=dim) is layer
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    assert layer.weight_g.shape == {0: (2, 1), 1: (1, 3), None: ()}[dim]
    np.testing.assert_allclose(layer.weight.detach(), weight, rtol=1e-6)
    layer(tg.ones(3)).sum().backward()
    assert layer.weight_g.grad is not None
    along = (layer.weight_v.grad.numpy() * weight).sum(axis=None if dim is None else 1 - dim)
    np.testing.assert_allclose(along, 0, atol=1e-6)  # the norm of v doesn't matter
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks"):
        utils.weight_norm(layer)
    with tg.no_grad():
        layer.weight_g.mul_(2)
    utils.remove_weight_norm(layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(layer.weight.detach(), 2 * weight, rtol=1e-6)
    layer(tg.ones(3))
    with pytest.raises(ValueError, match="weight_norm of 'weight' not found"):
        utils.remove_weight_norm(layer)


@pytest.mark.parametrize("dim", [None, 1])
def test_spectral_norm(dim):
    layer = Linear(3, 2)
    weight = layer.weight.detach().clone().numpy()
    utils.spectral_norm(layer, n_power_iterations=100, dim=dim)
    assert list(layer.state_dict()) == ["bias", "weight_orig", "weight_u", "weight_v"]
    layer(tg.ones(3)).sum().backward()
    np.testing.assert_allclose(layer.weight.detach(), weight / np.linalg.norm(weight, 2), rtol=1e-4)
    assert layer.weight_orig.grad is not None
    u = layer.weight_u.tolist()
    layer.eval()(tg.ones(3))
    assert layer.weight_u.tolist() == u
    with pytest.raises(RuntimeError, match="Cannot register two spectral_norm hooks"):
        utils.spectral_norm(layer)
    utils.remove_spectral_norm(layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(np.linalg.norm(layer.weight.detach().numpy(), 2), 1, rtol=1e-4)
    with pytest.raises(ValueError, match="spectral_norm of 'weight' not found"):
        utils.remove_spectral_norm(layer)
    with pytest.raises(ValueError, match="to be positive"):
        utils.spectral_norm(layer, n_power_iterations=0)
    with pytest.raises(ValueError, match="parameter `nothing` is None"):
        utils.spectral_norm(layer, "nothing")
