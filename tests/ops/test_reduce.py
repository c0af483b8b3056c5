"""Reductions, extremes and norms: every way to call them, and the ways not to."""

import math

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.ops.norms import vector_norm

X = [[1.0, 4.0, -2.0], [3.0, 0.5, 2.0]]


@pytest.mark.parametrize("f", [tg.sum, tg.mean, tg.amax, tg.amin, tg.var, tg.std, tg.logsumexp, tg.nansum, tg.norm])
@pytest.mark.parametrize("dim", [0, -1, (0,), (-1,), [0]])
def test_a_0_d_tensor_is_reduced_along_the_dimension_it_does_not_have(f, dim):
    kwargs = {"p": 2} if f is tg.norm else {}
    assert f(tg.tensor(3.0), dim=dim, **kwargs).shape == ()
    assert f(tg.tensor(3.0), dim=dim, keepdim=True, **kwargs).shape == ()
    with pytest.raises(IndexError):
        f(tg.tensor(3.0), dim=1, **kwargs)
    with pytest.raises(IndexError):
        f(tg.tensor(3.0), dim=(1,), **kwargs)


@pytest.mark.parametrize("f", [tg.sum, tg.mean, tg.amax, tg.var, tg.std, tg.logsumexp, tg.any, tg.count_nonzero])
def test_a_dimension_may_be_named_once(f):
    with pytest.raises(RuntimeError, match="duplicate|more than once"):
        f(tg.tensor(X), (0, 0))


def test_sum_converts_first():
    assert tg.tensor([0.5, 0.5]).sum(dtype=np.int32).item() == 0
    assert tg.tensor([0.5, 0.5]).sum(dtype=np.int32).dtype == np.int32
    assert tg.tensor([1, 2]).sum(dtype=np.float32).dtype == np.float32
    assert tg.tensor([True, True]).sum(dtype=bool).tolist() is True
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x.sum(dtype=np.float64)
    y.backward()
    assert (y.dtype, x.grad.dtype) == (np.float64, np.float32)


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.bool_])
def test_integers_add_up_and_multiply_to_int64(dtype):
    x = tg.tensor(np.ones((2, 3), dtype))
    for y in (x.sum(), x.sum(0), x.prod(), x.prod(0), x.cumsum(0), x.cumprod(1), x.count_nonzero(0)):
        assert y.dtype == np.int64


@pytest.mark.parametrize("f", [tg.mean, tg.var, tg.std, tg.nanmean, tg.var_mean, tg.std_mean, tg.norm])
def test_what_divides_needs_floating_elements(f):
    with pytest.raises(RuntimeError, match=r"must be floating, not int64; convert"):
        f(tg.tensor([1, 2]))


def test_mean_refuses_an_integer_dtype():
    assert tg.mean(tg.tensor([1, 2]), dtype=np.float32).item() == 1.5
    with pytest.raises(RuntimeError, match="mean: the elements must be floating, not int64"):
        tg.mean(tg.tensor(X), dtype=np.int64)


def test_the_forms_of_var_and_std():
    x, a = tg.tensor(X, dtype=np.float64), np.array(X)
    for ours, theirs in ((tg.var, np.var), (tg.std, np.std)):
        same = np.testing.assert_allclose
        same(ours(x).array, theirs(a, ddof=1))
        same(ours(x, True).array, theirs(a, ddof=1))
        same(ours(x, False).array, theirs(a))
        same(ours(x, unbiased=False).array, theirs(a))
        same(ours(x, 1, False).array, theirs(a, 1))
        same(ours(x, 1, True, True).array, theirs(a, 1, ddof=1, keepdims=True))
        same(ours(x, (0, 1), correction=2).array, theirs(a, ddof=2))
        same(ours(x, dim=1, correction=0.5, keepdim=True).array, theirs(a, 1, ddof=0.5, keepdims=True))
        with pytest.raises(TypeError, match="give unbiased or correction, not both"):
            ours(x, unbiased=True, correction=1)
    for both, one in ((tg.var_mean, tg.var), (tg.std_mean, tg.std)):
        first, mean = both(x, 1, keepdim=True)
        assert first.tolist() == one(x, 1, keepdim=True).tolist()
        assert mean.tolist() == x.mean(1, True).tolist()


def test_more_freedom_than_elements():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = tg.var(x, correction=2)
    y.backward()
    assert y.item() == math.inf
    assert np.isinf(x.grad.array).all()
    assert math.isnan(tg.var(tg.tensor([])).item())


def test_no_dimension_is_none_to_any_and_all():
    x = tg.tensor([[1.0, 0.0]])
    assert tg.any(x, ()).tolist() == tg.all(x, dim=()).tolist() == [[True, False]]
    assert tg.any(tg.tensor([1, 0], dtype=np.uint8)).dtype == np.uint8


def test_nan_is_left_out():
    x = tg.tensor([math.nan, 1.0, 3.0], requires_grad=True)
    assert (x.nansum().item(), x.nanmean().item()) == (4, 2)
    x.nanmean().backward()
    assert x.grad.tolist() == [0, 0.5, 0.5]
    assert math.isnan(tg.nanmean(tg.tensor([math.nan])).item())
    assert tg.nansum(tg.tensor([1, 2])).dtype == np.int64


@pytest.mark.parametrize(("shape", "want"), [((3, 3), 12), ((2, 3), 4), ((3, 2), 3), ((1, 4), 0), ((0, 3), 0)])
def test_trace(shape, want):
    x = tg.arange(math.prod(shape), dtype=np.float64).reshape(shape).requires_grad_()
    y = x.trace()
    y.backward()
    assert y.item() == want
    assert x.grad.tolist() == np.eye(*shape).tolist()
    with pytest.raises(RuntimeError, match="trace: expected a matrix"):
        tg.trace(tg.ones(2))


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_forms_of_max_and_min(name):
    f, x = getattr(tg, name), tg.tensor(X)
    assert f(x).item() == getattr(np, name)(X)
    for found in (f(x, 1), f(x, dim=1), f(x, axis=1), getattr(x, name)(-1)):
        assert found.values.tolist() == getattr(np, name)(X, axis=1).tolist()
        assert found.indices.tolist() == getattr(np, "arg" + name)(X, axis=1).tolist()
    assert f(x, 0, True).values.shape == f(x, 0, keepdim=True)[1].shape == (1, 3)
    pairs = f(x, x.neg()), f(x, other=x.neg())
    assert pairs[0].tolist() == pairs[1].tolist() == getattr(np, name + "imum")(X, np.negative(X)).tolist()
    for given in ((2, x), ([1.0, 2.0],)):
        with pytest.raises(TypeError, match=f"{name}: input must be a tensor"):
            f(*given)


def test_aminmax():
    low, high = tg.aminmax(tg.tensor(X), dim=0, keepdim=True)
    assert (low.tolist(), high.tolist()) == ([[1, 0.5, -2]], [[3, 4, 2]])
    assert tg.aminmax(tg.tensor(X)).max.item() == 4


def test_nothing_has_a_position_only_along_a_dimension():
    x = tg.zeros(0, 3)
    assert x.argmax(1).shape == (0,)
    for dim in (None, 0):
        with pytest.raises(IndexError):
            x.argmax(dim)
    with pytest.raises(RuntimeError, match=r"amax: a tensor of shape \(0, 3\) is empty, so it has no extreme"):
        x.amax(())
    with pytest.raises(IndexError, match=r"is empty along dim 0, so it has no extreme"):
        x.amax(0)


def test_the_running_extreme_is_the_last_of_equal_ones():
    x = tg.tensor([1.0, 3.0, 3.0, math.nan, 5.0, math.nan])
    found = x.cummax(0)
    assert found.indices.tolist() == [0, 1, 2, 3, 3, 5]
    np.testing.assert_array_equal(found.values.array, [1, 3, 3, math.nan, math.nan, math.nan])
    assert tg.cummin(tg.tensor(X), dim=1).values.tolist() == [[1, 1, -2], [3, 0.5, 0.5]]
    assert tg.cummax(tg.tensor(2.0), 0).indices.item() == 0


# ----------------------------------------------------------------------------------------------------------- norms


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, -1, -2.5, math.inf, -math.inf])
def test_norms_of_vectors(p):
    x = np.array([[3.0, -4.0, 0.5], [1.0, 2.0, -1.0]])
    for dim in (0, 1):
        want = np.linalg.norm(x, p, axis=dim)
        np.testing.assert_allclose(tg.norm(tg.tensor(x), p, dim).array, want, rtol=1e-12)
        np.testing.assert_allclose(vector_norm(tg.tensor(x), p, dim, True).array, np.expand_dims(want, dim), rtol=1e-12)
    np.testing.assert_allclose(tg.tensor(x).norm(p).array, np.linalg.norm(x.ravel(), p), rtol=1e-12)


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, -1, math.inf, -math.inf])
def test_every_norm_of_the_zero_vector_has_the_gradient_0(p):
    x = tg.zeros(3, requires_grad=True)
    y = x.norm(p)
    y.backward()
    assert (y.item(), x.grad.tolist()) == (0, [0, 0, 0])


@pytest.mark.parametrize("p", [math.inf, -math.inf, -1])
def test_a_norm_of_nothing_may_have_no_value(p):
    assert tg.norm(tg.zeros(0)).item() == 0
    assert tg.norm(tg.zeros(0, 3), p, 1).shape == (0,)
    for args in ((), (0,)):
        with pytest.raises(RuntimeError, match="no value"):
            tg.norm(tg.zeros(0, 3), p, *args)


def test_norms_refuse():
    x = tg.tensor(X)
    for kind, call in (
        (TypeError, lambda: vector_norm(x, "fro")),
        (RuntimeError, lambda: vector_norm(x, dtype=np.int64)),
        (RuntimeError, lambda: vector_norm(tg.tensor(X, dtype=np.float64), dtype=np.float32)),
        (RuntimeError, lambda: tg.norm(x, "bad")),
        (RuntimeError, lambda: tg.norm(tg.ones(2, 2, 2), "fro", (0, 1, 2))),
        (IndexError, lambda: tg.norm(x, dim=2)),
        (RuntimeError, lambda: tg.norm(x, dim=(0, 0))),
    ):
        with pytest.raises(kind, match="norm: "):
            call()
    assert vector_norm(x, dtype=np.float64).dtype == np.float64


@pytest.mark.parametrize("shape", [(200, 10), (20, 10, 32), (10, 200), (2000, 1)])
@pytest.mark.parametrize("name", ["amax", "amin"])
def test_extremes_of_many_short_rows(shape, name):
    a = np.random.default_rng(0).integers(0, 9, shape).astype(np.float32)
    a[0, ..., 0] = math.nan
    for x in (a, np.asfortranarray(a), a[::-1]):
        for dim in (-1, len(shape) - 1, 0, None):
            for keepdim in (False, True):
                want = getattr(np, name)(x, axis=dim, keepdims=keepdim)
                np.testing.assert_array_equal(getattr(tg, name)(tg.tensor(x), dim, keepdim).array, want)
