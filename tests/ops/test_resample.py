"""Sparse matrices along a dimension: each way to apply one gives the same; layouts and infinities."""

import numpy as np
import pytest

from tinygrad_lab.ops import resample as module
from tinygrad_lab.ops.resample import Taps, adaptive_sums, interpolation, padding, resample, window_sums
from tinygrad_lab.ops.window import Slide

MATRICES = {
    "windows": window_sums(Slide.over(12, 3, 2, 1)),
    "windows to the end": window_sums(Slide.over(12, 3, 2, 1, ceil=True)),
    "wide windows": window_sums(Slide.over(12, 20, 3, 10)),
    "one window": window_sums(Slide.over(12, 12)),
    "adaptive": adaptive_sums(12, 5),
    "more than there are": adaptive_sums(12, 17),
    "nearest, twice": interpolation(12, 24, "nearest", False, None, False, False),
    "nearest": interpolation(12, 31, "nearest", False, None, False, False),
    "linear": interpolation(12, 24, "linear", False, None, False, False),
    "cubic": interpolation(12, 7, "cubic", True, None, False, False),
    "antialiased": interpolation(12, 5, "linear", False, None, True, False),
    "reflected": padding(12, 3, 2, "reflect"),
    "replicated": padding(12, 3, -2, "replicate"),
    "circular": padding(12, 5, 12, "circular"),
    "any order": Taps.picking([5, 1, 1, 7, 2, 11, 0, 3, 9, 4, 4, 8, 2, 2, 6, 10, 1, 7, 5, 3, 0, 8], 12),
    "in two blocks": interpolation(12, 100, "linear", False, None, False, False),
    "nothing": Taps.picking([], 12),
}


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("name", MATRICES)
def test_every_way_to_apply_a_matrix_gives_the_same(name, dim, transposed, monkeypatch):
    taps = MATRICES[name].T if transposed else MATRICES[name]
    shape = [2, 3, 4]
    shape[dim] = taps.shape[1]
    x = np.random.default_rng(0).standard_normal(shape)
    want = np.moveaxis(np.tensordot(taps.dense(), x, (1, dim)), 0, dim)
    np.testing.assert_allclose(resample(x, dim, taps), want, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(resample(x.astype(np.longdouble), dim, taps), want, rtol=1e-12, atol=1e-12)
    monkeypatch.setattr(module, "DENSE", 0)
    plain = Taps(taps.rows, taps.columns, taps.weights, taps.shape)
    np.testing.assert_allclose(plain.along(x, dim), want, rtol=1e-12, atol=1e-12)
    assert plain.along(x.astype(np.float32), dim).dtype == np.float32


def test_the_usual_matrices_are_a_few_slices():
    few = ("windows", "one window", "nearest, twice", "reflected", "replicated", "circular")
    assert all(MATRICES[name].runs is not None for name in few)


def test_a_transpose_is_kept_and_is_its_own_inverse():
    taps = MATRICES["linear"]
    assert taps.T is taps.T
    assert taps.T.T is taps


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)])
def test_the_result_lies_in_memory_as_the_input(name, order):
    x = np.ones((2, 12, 3), np.float32).transpose(order).copy().transpose(np.argsort(order))
    y = resample(x, 1, MATRICES[name])
    assert y.transpose(order).flags.c_contiguous


def test_an_infinity_stays_where_it_is():
    x = np.ones((1, 1, 12))
    x[..., 3], x[..., 9] = np.inf, np.nan
    y = resample(x, 2, MATRICES["linear"])[0, 0]
    assert np.flatnonzero(np.isinf(y)).tolist() == [5, 6, 7, 8]
    assert np.flatnonzero(np.isnan(y)).tolist() == [17, 18, 19, 20]
    assert np.isfinite(y[:5]).all()


@pytest.mark.parametrize(("n", "m"), [(300, 500), (500, 130), (1000, 2000)])
def test_large_matrices_are_banded(n, m, monkeypatch):
    taps = interpolation(n, m, "linear", False, None, False, False)
    x = np.random.default_rng(0).standard_normal((2, n))
    y = resample(x, 1, taps)
    assert taps._bands is not None
    assert taps.T._bands is not None
    monkeypatch.setattr(module, "DENSE", 0)
    slow = Taps(taps.rows, taps.columns, taps.weights, taps.shape)
    np.testing.assert_allclose(slow.along(x, 1), y, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(slow.T.along(y, 1), resample(y, 1, taps.T), rtol=1e-12, atol=1e-12)


def test_numbers_near_the_greatest_do_not_overflow():
    x = np.full((1, 1, 12), 3e38, np.float32)
    np.testing.assert_allclose(resample(x, 2, MATRICES["linear"]), 3e38, rtol=1e-6)
