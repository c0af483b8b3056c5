"""Integrals and derivatives of samples, and decompositions of low rank."""

import numpy as np
import pytest

import tinygrad_lab as tg

RANDOM = np.random.default_rng(0)
Y = RANDOM.standard_normal((4, 5, 6))
X = np.sort(RANDOM.standard_normal(6))


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_trapezoid_is_numpys(dim):
    y = tg.tensor(Y)
    np.testing.assert_allclose(tg.trapezoid(y, dim=dim), np.trapezoid(Y, axis=dim))
    np.testing.assert_allclose(tg.trapz(y, dx=0.5, dim=dim), np.trapezoid(Y, dx=0.5, axis=dim))
    x = X[: Y.shape[dim]]
    np.testing.assert_allclose(tg.trapezoid(y, tg.tensor(x), dim=dim), np.trapezoid(Y, x, axis=dim))
    np.testing.assert_allclose(tg.trapezoid(y, tg.tensor(Y**3), dim=dim), np.trapezoid(Y, Y**3, axis=dim))
    last = tg.cumulative_trapezoid(y, tg.tensor(x), dim=dim).select(dim, -1)
    np.testing.assert_allclose(last, np.trapezoid(Y, x, axis=dim))


def test_trapezoid_of_little_and_of_wrong():
    assert tg.trapezoid(tg.ones(2, 1)).tolist() == [0.0, 0.0]
    assert tg.trapezoid(tg.ones(2, 0)).tolist() == [0.0, 0.0]
    assert tg.cumulative_trapezoid(tg.ones(1)).shape == (0,)
    assert tg.trapezoid(tg.tensor([1, 2])).item() == 1.5
    with pytest.raises(RuntimeError, match="trapezoid: there must be one x for each of 3 samples, not 2"):
        tg.trapezoid(tg.ones(3), tg.ones(2))
    with pytest.raises(TypeError, match="trapezoid: give either x, where the samples lie, or dx"):
        tg.trapezoid(tg.ones(3), tg.ones(3), dx=1.0)


@pytest.mark.parametrize("edge_order", [1, 2])
def test_gradient_is_numpys(edge_order):
    y = tg.tensor(Y)
    places = [np.cumsum(RANDOM.uniform(0.5, 2, n)) for n in Y.shape]
    order = {"edge_order": edge_order}
    pairs = [
        (tg.gradient(y, **order), np.gradient(Y, **order)),
        (tg.gradient(y, spacing=0.5, dim=1, **order), [np.gradient(Y, 0.5, axis=1, **order)]),
        (tg.gradient(y, spacing=[2, 3], dim=(0, -1), **order), np.gradient(Y, 2, 3, axis=(0, 2), **order)),
        (tg.gradient(y, spacing=[tg.tensor(p) for p in places], **order), np.gradient(Y, *places, **order)),
    ]
    for ours, theirs in pairs:
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_gradient_says_what_is_wrong():
    for call, text in (
        (lambda: tg.gradient(tg.ones(1)), "edge_order 1 needs 2 samples along dim 0, not 1"),
        (lambda: tg.gradient(tg.ones(3, 2), edge_order=2), "edge_order 2 needs 3 samples along dim 1, not 2"),
        (lambda: tg.gradient(tg.ones(3), edge_order=3), "edge_order must be 1 or 2, not 3"),
        (lambda: tg.gradient(tg.ones(3, 3), spacing=[1]), "2 dimensions need as many spacings, not 1"),
        (lambda: tg.gradient(tg.ones(3), spacing=[tg.ones(2)]), r"3 samples along dim 0 need as many places, not \(2,"),
    ):
        with pytest.raises(RuntimeError, match=f"^gradient: {text}"):
            call()


@pytest.mark.parametrize("shape", [(9, 6), (6, 9), (2, 6, 9)])
def test_low_rank_is_found(shape):
    n = shape[-1]
    exact = RANDOM.standard_normal((*shape[:-1], 3)) @ RANDOM.standard_normal((*shape[:-2], 3, n))
    U, S, V = tg.svd_lowrank(tg.tensor(exact), q=4)
    assert (U.shape, S.shape, V.shape) == ((*shape[:-1], 4), (*shape[:-2], 4), (*shape[:-2], n, 4))
    np.testing.assert_allclose(U @ S.diag_embed() @ V.mT, exact, atol=1e-12)
    np.testing.assert_allclose(S, np.linalg.svd(exact, compute_uv=False)[..., :4], atol=1e-12)
    shift = np.full((1, n), 3.0)
    np.testing.assert_allclose(tg.svd_lowrank(tg.tensor(exact + shift), 4, 2, tg.tensor(shift))[1], S, atol=1e-12)
    centred = exact - exact.mean(-2, keepdims=True)
    values = np.linalg.svd(centred, compute_uv=False)[..., :3]
    np.testing.assert_allclose(tg.pca_lowrank(tg.tensor(exact + shift), q=3)[1], values, atol=1e-12)
    assert tg.pca_lowrank(tg.tensor(exact), center=False)[1].shape[-1] == 6


def test_low_rank_says_what_is_wrong():
    with pytest.raises(ValueError, match="svd_lowrank: q must be from 0 to 3, but it is 4"):
        tg.svd_lowrank(tg.ones(3, 5), q=4)
    with pytest.raises(ValueError, match="svd_lowrank: niter must not be negative, but it is -1"):
        tg.pca_lowrank(tg.ones(3, 5), niter=-1)
