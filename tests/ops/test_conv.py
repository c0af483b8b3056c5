"""Convolution: each kernel against the sum written out, PyTorch's argument forms, and errors that say what is wrong."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tests.references import conv as reference
from tinygrad_lab.nn import functional as F
from tinygrad_lab.ops import conv_batches, conv_kernels as kernels, winograd
from tinygrad_lab.ops.conv_kernels import Window

LAYOUTS = {
    "as people see it": (0, 1, 2, 3),
    "channels last": (0, 2, 3, 1),
    "batch last": (1, 2, 3, 0),
    "space first": (2, 3, 0, 1),
}


def laid_out(x, layout):
    """A copy of `x`, `(n, c, h, w)`, with its axes in memory in the order of `layout`."""
    order = LAYOUTS[layout][: x.ndim]
    return np.array(x.transpose(order), order="C").transpose(np.argsort(order))


def same_as_reference(x, w, how, g=None):
    """The three kernels give what the sum written out gives."""
    y = kernels.conv(x, w, how)
    g = np.random.default_rng(1).standard_normal(y.shape) if g is None else g
    np.testing.assert_allclose(y, reference.conv(x, w, None, how), atol=1e-12)
    np.testing.assert_allclose(kernels.conv_input(g, w, how), reference.conv_input(g, w, how), atol=1e-12)
    dw = kernels.conv_weight(g, x, how)
    np.testing.assert_allclose(dw, reference.conv_weight(g, x, how), atol=1e-12)
    assert dw.flags.c_contiguous
    assert dw.base is None, "a weight's gradient in memory of its own is delivered without a copy"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("block", [1, 2**20])
@pytest.mark.parametrize(
    ("c", "m", "groups"), [(1, 2, 1), (4, 2, 1), (2, 4, 1), (4, 4, 1), (4, 4, 4), (4, 8, 4), (6, 3, 3)]
)
def test_every_kernel_is_the_sum_written_out(monkeypatch, layout, block, c, m, groups):
    monkeypatch.setattr(kernels, "MANY", 3)
    monkeypatch.setattr(kernels, "BLOCK", block)
    rng = np.random.default_rng(0)
    how = Window((2, 1), (1, 0), (0, 1), (1, 2), groups)
    x, w = laid_out(rng.standard_normal((2, c, 4, 5)), layout), rng.standard_normal((m, c // groups, 3, 2))
    g = laid_out(rng.standard_normal((2, m, *how.outputs((4, 5), (3, 2)))), layout)
    same_as_reference(x, w, how, g)


@pytest.mark.parametrize("c", [2, 4])
def test_rows_longer_than_the_batch(monkeypatch, c):
    monkeypatch.setattr(kernels, "MANY", 3)
    monkeypatch.setattr(kernels, "BLOCK", 20)
    rng = np.random.default_rng(0)
    same_as_reference(rng.standard_normal((2, c, 9)), rng.standard_normal((3, c, 2)), Window((1,), (1,), (0,), (1,), 1))


@pytest.mark.parametrize("size", [(4, 4), (5, 4), (7, 5)])
@pytest.mark.parametrize("before", [(0, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize("rows", [1, 512])
def test_winograd_is_the_sum_written_out(monkeypatch, size, before, rows):
    monkeypatch.setattr(winograd, "ROWS", rows)
    rng = np.random.default_rng(0)
    how = Window((1, 1), before, before, (1, 1), 1)
    places = how.outputs(size, (3, 3))
    x, w = rng.standard_normal((2, 3, *size)), rng.standard_normal((4, 3, 3, 3))
    g = rng.standard_normal((2, 4, *places))
    np.testing.assert_allclose(winograd.conv(x, w, before, places), reference.conv(x, w, None, how), atol=1e-12)
    back = winograd.conv(g, w, tuple(2 - b for b in before), size, turned=True)
    np.testing.assert_allclose(back, reference.conv_input(g, w, how), atol=1e-12)
    np.testing.assert_allclose(winograd.conv_weight(g, x, before), reference.conv_weight(g, x, how), atol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("before", "after"), [((0, 0), (0, 0)), ((1, 1), (0, 1)), ((2, 0), (-1, 1)), ((3, 2), (0, 0))])
def test_large_batches(monkeypatch, layout, before, after):
    monkeypatch.setattr(kernels, "LARGE", 2)
    monkeypatch.setattr(kernels, "FEWEST", 2)
    used = []
    for name in ("conv", "conv_weight"):
        kernel = getattr(conv_batches, name)
        monkeypatch.setattr(conv_batches, name, lambda *args, kernel=kernel: used.append(1) or kernel(*args))
    rng = np.random.default_rng(0)
    how = Window((1, 1), before, after, (2, 1), 1)
    x, w = laid_out(rng.standard_normal((2, 3, 5, 4)), layout), rng.standard_normal((4, 3, 2, 3))
    g = laid_out(rng.standard_normal((2, 4, *how.outputs((5, 4), (2, 3)))), layout)
    same_as_reference(x, w, how, g)
    assert len(used) == (2 if before == (3, 2) else 3), "more zeros than the kernel's span have another way back"


def test_large_batches_in_one_and_three_dimensions(monkeypatch):
    monkeypatch.setattr(kernels, "LARGE", 2)
    monkeypatch.setattr(kernels, "FEWEST", 2)
    rng = np.random.default_rng(0)
    same_as_reference(rng.standard_normal((2, 3, 9)), rng.standard_normal((2, 3, 4)), Window((1,), (1,), (2,), (1,), 1))
    how = Window((1, 1, 1), (1, 0, 1), (0, 1, 1), (1, 2, 1), 1)
    same_as_reference(rng.standard_normal((2, 3, 3, 4, 3)), rng.standard_normal((2, 3, 2, 2, 3)), how)


def test_float32_of_many_channels_is_as_good_as_float64(monkeypatch):
    used = []
    for name in ("conv", "conv_weight"):
        kernel = getattr(winograd, name)
        monkeypatch.setattr(winograd, name, lambda *args, kernel=kernel, **kw: used.append(1) or kernel(*args, **kw))
    rng = np.random.default_rng(0)
    x, w, g = (rng.standard_normal(s) for s in ((4, 32, 16, 17), (33, 32, 3, 3), (4, 33, 16, 17)))
    how = Window((1, 1), (1, 1), (1, 1), (1, 1), 1)
    x32, w32, g32 = (a.astype(np.float32) for a in (x, w, g))
    for kernel, single, double in (
        (kernels.conv, (x32, w32), (x, w)),
        (kernels.conv_input, (g32, w32), (g, w)),
        (kernels.conv_weight, (g32, x32), (g, x)),
    ):
        got, want = kernel(*single, how), kernel(*double, how)
        assert got.dtype == np.float32
        assert np.abs(got - want).max() < 3e-6 * np.abs(want).max()
    assert len(used) == 3, "float32 takes Winograd's way, float64 doesn't"


def test_an_output_is_kept_alive_alone():
    for c, groups in ((40, 1), (2, 1), (4, 4)):
        x, w = np.ones((8, c, 6, 6)), np.ones((c, c // groups, 3, 3))
        y = kernels.conv(x, w, Window((1, 1), (1, 1), (1, 1), (1, 1), groups))
        owner = y
        while owner.base is not None:
            owner = owner.base
        assert owner.nbytes == y.nbytes


# ------------------------------------------------------------------------------------------------ the public functions


def ones(*shape, dtype=np.float64):
    return tg.tensor(np.ones(shape, dtype))


def test_the_same_names_in_the_package_and_in_functional():
    for name in ("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"):
        assert getattr(tg, name) is getattr(F, name)


def test_one_sample_without_a_batch():
    x, w, b = ones(2, 5, 6), ones(3, 2, 2, 2), ones(3)
    assert F.conv2d(x, w, b).shape == (3, 4, 5)
    np.testing.assert_array_equal(F.conv2d(x, w, b).numpy(), F.conv2d(x.unsqueeze(0), w, b).numpy()[0])
    assert F.conv_transpose2d(ones(3, 4, 5), w).shape == (2, 5, 6)


def test_an_empty_batch_has_gradients_of_zero():
    w = ones(3, 2, 2).requires_grad_()
    y = F.conv1d(ones(0, 2, 5), w)
    assert y.shape == (0, 3, 4)
    y.sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.zeros((3, 2, 2)))


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (2, 1), (3, 1), (4, 1), (2, 3), (3, 2)])
def test_same_keeps_the_size_and_puts_the_odd_zero_last(kernel, dilation):
    x, w = tg.arange(1.0, 8).reshape(1, 1, 7), ones(1, 1, kernel, dtype=np.float32)
    y = F.conv1d(x, w, padding="same", dilation=dilation)
    zeros = dilation * (kernel - 1)
    padded = np.pad(x.numpy()[0, 0], (zeros // 2, zeros - zeros // 2))
    assert y.shape == x.shape
    np.testing.assert_array_equal(
        y.numpy()[0, 0], [sum(padded[i + dilation * k] for k in range(kernel)) for i in range(7)]
    )
    np.testing.assert_array_equal(F.conv1d(x, w, padding="valid").numpy(), F.conv1d(x, w).numpy())


def test_integers_stay_integers():
    x, w = (tg.tensor(np.arange(n).reshape(1, 1, n)) for n in (4, 2))
    assert F.conv1d(x, w).array.dtype == np.int64
    assert F.conv1d(x, w).tolist() == [[[1, 2, 3]]]


def test_output_padding_beyond_the_stride():
    g, w = tg.ones(1, 1, 3).requires_grad_(), tg.tensor([[[1.0, 2.0]]])
    y = F.conv_transpose1d(g, w, dilation=3, output_padding=2)
    assert y.tolist() == [[[1, 1, 1, 2, 2, 2, 0, 0]]]
    y.sum().backward()
    assert g.grad.tolist() == [[[3, 3, 3]]]


X, W, B = ones(2, 4, 6, 6), ones(4, 2, 3, 3), ones(4)


@pytest.mark.parametrize(
    ("error", "match", "args", "kwargs"),
    [
        (RuntimeError, "takes an input of 2 channels", (X, W), {}),
        (RuntimeError, "groups must be positive", (X, W), {"groups": 0}),
        (RuntimeError, "multiple of groups=3", (ones(2, 6, 6, 6), W), {"groups": 3}),
        (RuntimeError, "expected a weight of 4 dimensions", (X, ones(4, 4, 3)), {}),
        (RuntimeError, "or 4 \\(batched\\) dimensions", (ones(6, 6), W), {}),
        (RuntimeError, "expected a bias of shape \\(4,\\)", (X, W, ones(2)), {"groups": 2}),
        (RuntimeError, "should be the same dtype", (X, ones(4, 2, 3, 3, dtype=np.float32)), {"groups": 2}),
        (RuntimeError, "stride must be at least 1", (X, W), {"stride": 0}),
        (RuntimeError, "dilation must be at least 1", (X, W), {"dilation": (1, -1)}),
        (RuntimeError, "padding must be at least 0", (X, W), {"padding": -1, "groups": 2}),
        (RuntimeError, "2 of them, got \\(1, 1, 1\\)", (X, W), {"stride": (1, 1, 1)}),
        (RuntimeError, "not supported for strided", (X, W), {"stride": 2, "padding": "same", "groups": 2}),
        (RuntimeError, "'same', 'valid' or numbers", (X, W), {"padding": "full", "groups": 2}),
        (RuntimeError, "kernel of extent \\[7, 7\\]", (X, W), {"dilation": 3, "groups": 2}),
        (RuntimeError, "only the batch and the channels", (ones(2, 4, 0, 6), W), {"padding": 3, "groups": 2}),
        (NotImplementedError, "not implemented for booleans", (X > 0, W > 0), {"groups": 2}),
        (TypeError, "stride must be an integer", (X, W), {"stride": 1.0}),
        (TypeError, "padding must be an integer", (X, W), {"padding": True, "groups": 2}),
        (TypeError, "bias must be a tensor", (X, W, 1.0), {"groups": 2}),
        (TypeError, "weight must be a tensor", (X, None), {}),
        (TypeError, "unexpected keyword", (X, W), {"strides": 1}),
    ],
)
def test_what_does_not_fit_is_refused(error, match, args, kwargs):
    with pytest.raises(error, match=match):
        F.conv2d(*args, **kwargs)


@pytest.mark.parametrize(
    ("error", "match", "kwargs"),
    [
        (RuntimeError, "must be smaller than either stride", {"output_padding": 1}),
        (RuntimeError, "output_padding must be at least 0", {"output_padding": -1}),
        (RuntimeError, "leaves an output of size", {"padding": 4}),
        (RuntimeError, "takes an input of 4 channels", {"input": ones(2, 2, 6, 6)}),
        (RuntimeError, "expected a bias of shape \\(2,\\)", {"bias": B}),
        (TypeError, "padding must be an integer", {"padding": "same"}),
    ],
)
def test_what_does_not_fit_a_transposed_convolution_is_refused(error, match, kwargs):
    with pytest.raises(error, match=match):
        F.conv_transpose2d(**{"input": X, "weight": W, **kwargs})
