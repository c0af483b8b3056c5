"""Sorting, order statistics, sets and statistics at the edges."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg

nan, inf = math.nan, math.inf


def same(got, want):
    np.testing.assert_array_equal(got.array if isinstance(got, tg.Tensor) else got, want)


def test_sort_is_stable_either_way_and_nan_is_greatest():
    x = tg.tensor([3.0, nan, 1.0, 3.0, 1.0])
    for descending, order in ((False, [2, 4, 0, 3, 1]), (True, [1, 0, 3, 2, 4])):
        found = x.sort(descending=descending)
        assert found.indices.tolist() == x.argsort(0, descending).tolist() == order
        same(found.values, x.array[order])
    assert tg.sort(tg.tensor(2.0), stable=True, dim=0).indices.item() == 0
    assert tg.msort(tg.tensor([[2, 1], [1, 2]])).tolist() == [[1, 1], [2, 2]]
    with pytest.raises(IndexError):
        x.sort(1)


@pytest.mark.parametrize("shape", [(200,), (3, 200), (200, 3)])
@pytest.mark.parametrize("k", [0, 1, 7, 150])
@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("kind", ["floats", "ties", "nan", "integers"])
def test_topk_is_the_beginning_of_the_sorted_elements(shape, k, largest, kind):
    random = np.random.default_rng(0)
    a = random.standard_normal(shape) if kind == "floats" else random.integers(0, 9, shape).astype(float)
    if kind == "nan":
        a[random.random(shape) < 0.02] = nan
    x = tg.tensor(a.astype(np.int64) if kind == "integers" else a)
    dim = int(np.argmax(shape))
    found, whole = x.topk(k, dim, largest), x.sort(dim, descending=largest)
    same(found.indices, whole.indices.narrow(dim, 0, k).array)
    same(found.values, whole.values.narrow(dim, 0, k).array)


def test_topk_and_kthvalue_refuse_what_is_not_there():
    x = tg.ones(2, 3)
    for f, *args in ((tg.topk, 4), (tg.topk, -1), (tg.topk, 3, 0), (tg.kthvalue, 0), (tg.kthvalue, 4)):
        with pytest.raises(RuntimeError, match="k must be from"):
            f(x, *args)
    for name in ("kthvalue", "median", "nanmedian", "mode"):
        args = (1,) if name == "kthvalue" else ()
        with pytest.raises(IndexError, match=f"{name}: a tensor of shape .* has nothing along dim 1"):
            getattr(tg, name)(tg.zeros(2, 0), *args, dim=1)
    assert x.kthvalue(2, keepdim=True).values.shape == (2, 1)
    assert tg.topk(tg.tensor(3.0), 1).values.item() == 3


def test_median_is_the_lesser_one_in_the_middle():
    x = tg.tensor([[4.0, 1.0, 3.0, 2.0], [nan, 1.0, 5.0, nan]])
    found, ignoring = x.median(1), x.nanmedian(dim=-1, keepdim=True)
    same(found.values, [2, nan])
    same(found.indices, [3, 0])
    same(ignoring.values, [[2], [1]])
    same(x.median(), nan)
    assert x.nanmedian().item() == 2
    assert math.isnan(tg.tensor([]).median().item())
    assert math.isnan(tg.tensor([nan, nan]).nanmedian(0).values.item())
    assert tg.median(tg.tensor([3, 1, 2])).item() == 2
    assert tg.median(tg.tensor(3), 0).values.item() == 3


def test_the_gradient_of_the_median_of_all_is_split_evenly():
    x = tg.tensor([2.0, 1.0, 2.0, 3.0, nan], requires_grad=True)
    x.nanmedian().backward()
    same(x.grad, [0.5, 0, 0.5, 0, 0])


def test_mode_is_the_least_of_the_most_frequent():
    found = tg.mode(tg.tensor([[3, 1, 3, 1], [inf, inf, 1, 2]]))
    same(found.values, [1, inf])
    same(found.indices, [3, 1])


def test_gradients_go_back_to_their_places():
    x = tg.tensor([[3.0, 1.0, 2.0]], requires_grad=True)
    w = tg.tensor([1.0, 10.0, 100.0])
    for f, want in (
        (lambda: (x.sort(1).values * w).sum(), [[100, 1, 10]]),
        (lambda: (x.topk(2).values * w[:2]).sum(), [[1, 0, 10]]),
        (lambda: x.kthvalue(2).values.sum(), [[0, 0, 1]]),
        (lambda: x.median(0).values.sum(), [[1, 1, 1]]),
        (lambda: x.quantile(0.75), [[0.5, 0, 0.5]]),
    ):
        assert tg.autograd.grad(f(), x)[0].tolist() == want


# ------------------------------------------------------------------------------------------------------ statistics


@pytest.mark.parametrize("interpolation", ["linear", "lower", "higher", "nearest", "midpoint"])
def test_quantiles(interpolation):
    a = np.random.default_rng(0).standard_normal((3, 4, 5))
    x, q = tg.tensor(a), [0.0, 0.3, 0.77, 1.0]
    kwargs = {"method": interpolation}
    for dim in (None, 0, 1, -1):
        for keepdim in (False, True):
            found = tg.quantile(x, tg.tensor(q, dtype=np.float64), dim, keepdim, interpolation=interpolation)
            np.testing.assert_allclose(found.array, np.quantile(a, q, axis=dim, keepdims=keepdim, **kwargs), rtol=1e-12)
            one = tg.quantile(x, 0.3, dim, keepdim, interpolation=interpolation)
            np.testing.assert_allclose(one.array, found.array[1], rtol=1e-12)
    a[0, 0, :2] = nan
    found = tg.tensor(a).nanquantile(0.3, 2, interpolation=interpolation)
    np.testing.assert_allclose(found.array, np.nanquantile(a, 0.3, axis=2, **kwargs), rtol=1e-12)
    assert math.isnan(tg.tensor(a).quantile(0.3, 2).array[0, 0])


def test_quantile_of_infinite_elements_and_by_q():
    assert tg.quantile(tg.tensor([inf, inf, 1.0]), 0.5).item() == inf
    q = tg.tensor(0.25, requires_grad=True)
    tg.quantile(tg.tensor([0.0, 2.0, 6.0]), q).backward()
    assert q.grad.item() == 4


def test_quantile_refuses():
    x = tg.tensor([1.0, 2.0])
    for kind, call in (
        (RuntimeError, lambda: x.quantile(1.5)),
        (RuntimeError, lambda: x.quantile(tg.tensor([[0.5]]))),
        (RuntimeError, lambda: x.quantile(tg.tensor(0.5, dtype=np.float64))),
        (RuntimeError, lambda: tg.tensor([1, 2]).quantile(0.5)),
        (RuntimeError, lambda: tg.zeros(0).quantile(0.5)),
        (IndexError, lambda: x.quantile(0.5, 1)),
        (ValueError, lambda: x.quantile(0.5, interpolation="cubic")),
    ):
        with pytest.raises(kind, match="quantile: "):
            call()


def test_covariances():
    a = np.random.default_rng(0).standard_normal((3, 6))
    f, w = np.array([1, 2, 0, 3, 1, 1]), np.array([0.5, 1, 2, 0.1, 1, 3])
    x = tg.tensor(a)
    for kwargs in ({}, {"fweights": f}, {"aweights": w}, {"fweights": f, "aweights": w}):
        for c in (0, 1):
            ours = {k: tg.tensor(v) for k, v in kwargs.items()}
            np.testing.assert_allclose(tg.cov(x, correction=c, **ours).array, np.cov(a, ddof=c, **kwargs), rtol=1e-12)
    np.testing.assert_allclose(tg.corrcoef(x).array, np.corrcoef(a), rtol=1e-12)
    assert tg.cov(tg.tensor([1.0, 3.0])).item() == 2
    assert tg.corrcoef(tg.tensor([1.0, 3.0])).item() == 1
    for call in (
        lambda: tg.cov(tg.ones(1, 1, 1)),
        lambda: tg.cov(x, fweights=tg.tensor(w)),
        lambda: tg.cov(x, aweights=tg.tensor(f)),
        lambda: tg.cov(x, aweights=tg.ones(2)),
        lambda: tg.cov(x, fweights=-tg.tensor(f)),
        lambda: tg.cov(x, aweights=tg.zeros(6)),
        lambda: tg.cov(tg.tensor([True])),
    ):
        with pytest.raises(RuntimeError, match="cov: "):
            call()


def test_counts():
    x = tg.tensor([3, 0, 3])
    assert x.bincount().tolist() == [1, 0, 0, 2]
    assert tg.bincount(x, minlength=6).tolist() == [1, 0, 0, 2, 0, 0]
    weighted = tg.bincount(x, tg.tensor([0.5, 1.0, 2.0]))
    assert (weighted.tolist(), weighted.dtype) == ([1, 0, 0, 2.5], np.float32)
    for call in (
        lambda: tg.bincount(tg.tensor([1.0])),
        lambda: tg.bincount(tg.tensor([-1])),
        lambda: tg.bincount(tg.ones(2, 2).to(np.int64)),
        lambda: tg.bincount(x, tg.ones(2)),
        lambda: tg.bincount(x, minlength=-1),
    ):
        with pytest.raises(RuntimeError, match="bincount: "):
            call()
    y = tg.tensor([1.0, 2.0, 2.0, 4.0])
    assert tg.histc(y, 3).tolist() == [1, 2, 1]
    assert y.histc(bins=4, min=0, max=2).tolist() == [0, 0, 1, 2]
    assert tg.histc(tg.ones(3), 2).tolist() == [0, 3]
    for call in (
        lambda: tg.histc(x),
        lambda: tg.histc(y, 0),
        lambda: tg.histc(y, min=2, max=1),
        lambda: tg.histc(tg.tensor([nan, 1.0])),
    ):
        with pytest.raises(RuntimeError, match="histc: "):
            call()


# ------------------------------------------------------------------------------------------------------------ sets


def test_unique():
    x = tg.tensor([[2, 1], [2, 3], [2, 1]])
    assert tg.unique(x).tolist() == [1, 2, 3]
    _, inverse, counts = x.unique(return_inverse=True, return_counts=True)
    assert (inverse.tolist(), counts.tolist()) == ([[1, 0], [1, 2], [1, 0]], [2, 3, 1])
    rows, inverse = tg.unique(x, return_inverse=True, dim=0)
    assert (rows.tolist(), inverse.tolist()) == ([[2, 1], [2, 3]], [0, 1, 0])
    assert tg.unique(tg.tensor([nan, nan])).shape == (2,)
    assert tg.unique(tg.tensor(4), dim=0).tolist() == [4]


def test_unique_consecutive():
    x = tg.tensor([1, 1, 2, 2, 1])
    found, inverse, counts = x.unique_consecutive(True, True)
    assert (found.tolist(), inverse.tolist(), counts.tolist()) == ([1, 2, 1], [0, 0, 1, 1, 2], [2, 2, 1])
    columns = tg.unique_consecutive(tg.tensor([[1, 1, 2], [3, 3, 3]]), dim=1)
    assert columns.tolist() == [[1, 2], [3, 3]]
    assert tg.unique_consecutive(tg.zeros(0)).shape == (0,)


def test_isin():
    x = tg.tensor([[1, 2], [3, 4]])
    assert tg.isin(x, tg.tensor([1, 4])).tolist() == [[True, False], [False, True]]
    assert tg.isin(x, 2, invert=True).tolist() == [[True, False], [True, True]]
    assert tg.isin(2, x).item() is True
    with pytest.raises(ValueError, match="isin: "):
        tg.isin(1, 2)


def test_searchsorted():
    row, x = tg.tensor([1.0, 3.0, 3.0, 5.0]), tg.tensor([[0.0, 3.0], [5.0, 9.0]])
    assert tg.searchsorted(row, x).tolist() == tg.bucketize(x, row).tolist() == [[0, 1], [3, 4]]
    assert tg.searchsorted(row, x, right=True).tolist() == tg.bucketize(x, row, right=True).tolist() == [[0, 3], [4, 4]]
    assert tg.searchsorted(row, 3.0, side="right").item() == 3
    assert tg.searchsorted(row, x, out_int32=True).dtype == np.int32
    rows = tg.tensor([[5.0, 1.0], [2.0, 4.0]])
    assert tg.searchsorted(rows, x, sorter=rows.argsort()).tolist() == [[0, 1], [2, 2]]
    for call in (
        lambda: tg.searchsorted(row, x, side="middle"),
        lambda: tg.searchsorted(row, x, side="left", right=True),
        lambda: tg.searchsorted(tg.ones(3, 2), x),
        lambda: tg.searchsorted(tg.tensor(1.0), x),
        lambda: tg.searchsorted(row, x, sorter=tg.tensor([0, 1])),
        lambda: tg.searchsorted(row, x, sorter=tg.tensor([0, 1, 2, 4])),
        lambda: tg.searchsorted(row, x, sorter=tg.ones(4)),
        lambda: tg.searchsorted(row, tg.tensor([1])),
        lambda: tg.bucketize(x, rows),
    ):
        with pytest.raises(RuntimeError, match="searchsorted: |bucketize: "):
            call()


@pytest.mark.parametrize("kind", ["distinct", "ties", "nan"])
@pytest.mark.parametrize("dim", [0, 1])
def test_a_large_sort_is_stable(kind, dim):
    a = np.random.default_rng(0).permutation(120 * 60).reshape(120, 60) // (1 if kind == "distinct" else 99) * 1.0
    if kind == "nan":
        a[3, 5:9] = nan
    want = np.argsort(a, dim, kind="stable")
    same(tg.tensor(a).argsort(dim), want)
    backwards = np.argsort(np.flip(a, dim), dim, kind="stable")
    same(tg.tensor(a).argsort(dim, descending=True), np.flip(a.shape[dim] - 1 - backwards, dim))
