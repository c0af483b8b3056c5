"""Tensors as text, and the options of it."""

import pytest

import tinygrad_lab as tg


@pytest.fixture(autouse=True)
def usual_options():
    yield
    tg.set_printoptions(profile="default")


def test_precision_and_exponents():
    x = tg.tensor([[1.23456789, 100.5], [1e-4, 2e5]])
    assert repr(x) == "tensor([[1.2346e+00, 1.0050e+02],\n        [1.0000e-04, 2.0000e+05]])"
    tg.set_printoptions(precision=2, sci_mode=False)
    assert repr(x) == "tensor([[     1.23,    100.50],\n        [     0.00, 200000.00]])"
    tg.set_printoptions(sci_mode=True)
    assert repr(tg.tensor([1.5, 0.0])) == "tensor([1.50e+00, 0.00e+00])"
    tg.set_printoptions(precision=1)
    assert repr(tg.tensor([1.26, 2.0])) == "tensor([1.3, 2.0])"


def test_large_tensors_are_shown_in_part():
    assert repr(tg.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    tg.set_printoptions(threshold=5, edgeitems=1)
    assert repr(tg.arange(12).view(3, 4)) == "tensor([[ 0,  ...,  3],\n        ...,\n        [ 8,  ..., 11]])"
    tg.set_printoptions(profile="short")
    assert repr(tg.arange(2000.0)) == "tensor([0.00e+00, 1.00e+00,  ..., 2.00e+03, 2.00e+03])"
    tg.set_printoptions(profile="full")
    assert "..." not in repr(tg.arange(2000))


def test_lines():
    tg.set_printoptions(linewidth=24)
    assert repr(tg.arange(8)) == "tensor([0, 1, 2, 3, 4,\n        5, 6, 7])"
    assert repr(tg.ones(1, requires_grad=True)) == "tensor([1.],\n       requires_grad=True)"
    assert repr(tg.ones(2, 1, 2)) == "tensor([[[1., 1.]],\n\n        [[1., 1.]]])"


def test_numbers_that_arent_finite_widen_nothing():
    assert repr(tg.tensor([float("inf"), 1.0])) == "tensor([inf, 1.])"
    assert repr(tg.tensor([float("nan"), 0.25])) == "tensor([   nan, 0.2500])"
    assert repr(tg.tensor([float("nan"), -float("inf")])) == "tensor([nan, -inf])"


def test_an_unknown_profile():
    with pytest.raises(ValueError, match="set_printoptions: a profile is 'default', 'short' or 'full', not 'long'"):
        tg.set_printoptions(profile="long")
