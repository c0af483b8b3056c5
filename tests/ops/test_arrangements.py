"""Arrangements, joins, parts and diagonals: views where PyTorch has views, copies elsewhere, errors that say why."""

import re

import numpy as np
import pytest

import tinygrad_lab as tg

X = np.arange(1.0, 13).reshape(3, 4)

VIEWS = {
    "diagonal": lambda b: b.diagonal(),
    "diagonal above": lambda b: b.diagonal(1),
    "diagonal of the transpose": lambda b: b.t().diagonal(-1),
    "windows side by side": lambda b: b.unfold(1, 2, 2),
    "select": lambda b: b.select(1, 0),
    "unbind": lambda b: b.unbind(0)[1],
    "movedim": lambda b: b.movedim(0, 1),
    "narrow": lambda b: b.narrow(1, 1, 2),
    "unflatten": lambda b: b.unflatten(1, (2, 2))[:, 0],
    "tensor_split": lambda b: b.tensor_split(2)[0],
    "hsplit": lambda b: b.hsplit((1, 3))[1],
    "chunk": lambda b: b.chunk(2, 1)[1],
    "ravel": lambda b: b.ravel()[::2],
    "swapdims": lambda b: b.swapdims(0, 1)[1],
}
COPIES = {
    "flip": lambda b: b.flip(0),
    "roll": lambda b: b.roll(0, 0),
    "rot90": lambda b: b.rot90(4),
    "repeat": lambda b: b.repeat(1, 1),
    "tile": lambda b: b.tile(1),
    "repeat_interleave": lambda b: b.repeat_interleave(1, 0),
    "diag": lambda b: b.diag(),
    "tril": lambda b: b.tril(9),
    "cat": lambda b: tg.cat([b]),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_written_to_a_view_reaches_its_base(name):
    look = VIEWS[name]
    x = tg.tensor(X, requires_grad=True)
    y = x * 1
    part = look(y)
    part *= 3
    y.sum().backward()
    want = np.ones_like(X)
    look(tg.from_numpy(want)).fill_(3)
    assert (want == 3).any()
    np.testing.assert_array_equal(y.detach(), X * want)
    np.testing.assert_array_equal(x.grad, want)


@pytest.mark.parametrize("name", COPIES)
def test_what_is_written_to_a_copy_stays_there(name):
    y = tg.tensor(X)
    COPIES[name](y).zero_()
    np.testing.assert_array_equal(y, X)


def test_windows_that_overlap_cant_be_written_to():
    y = tg.tensor(X)
    with pytest.raises(RuntimeError, match="fill_: this memory can't be written"):
        y.unfold(1, 2, 1).fill_(0)
    np.testing.assert_array_equal(y, X)


def test_a_change_is_seen_through_windows():
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 1
    z = y.unfold(0, 2, 1).exp()
    y.add_(1)
    z.sum().backward()  # exp keeps its own output
    w = y.unfold(0, 2, 1).square()
    with tg.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="changed in place by add_"):
        w.sum().backward()


def test_tril_in_place():
    x = tg.tensor(X, requires_grad=True)
    y = (x * 1).tril_().triu_(-1)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.triu(np.tril(np.ones_like(X)), -1))


@pytest.mark.parametrize("method", ["squeeze_", "unsqueeze_", "transpose_", "swapaxes_", "swapdims_", "t_"])
def test_another_shape_in_place(method):
    args = {"squeeze_": (), "unsqueeze_": (1,), "t_": ()}.get(method, (0, 1))
    x = tg.tensor(X, requires_grad=True)
    y, z = x * 1, getattr(x, method.rstrip("_"))(*args) * x.sum()
    look = y[1:]  # of what it was
    look *= 2
    assert getattr(y, method)(*args) is y
    assert y.shape == z.shape
    y[1] *= 3
    (y * y).sum().backward()
    want = tg.tensor(X, requires_grad=True)
    scale = np.where(np.arange(3)[:, None] > 0, 2.0, 1.0) * np.ones_like(X)
    there = getattr(tg.from_numpy(scale), method.rstrip("_"))(*args)
    there[1] = there[1] * 3
    ((want * tg.from_numpy(scale)) ** 2).sum().backward()
    np.testing.assert_allclose(x.grad, want.grad)
    with pytest.raises(RuntimeError, match=f"{method}: a leaf tensor that requires grad"):
        getattr(x, method)(*args)
    with tg.no_grad():
        assert getattr(x, method)(*args).requires_grad


def test_a_view_takes_another_shape_in_place():
    x = tg.tensor(X, requires_grad=True)
    y = x * 1
    row = y[0].unsqueeze_(1)
    row *= 5
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.array([[5], [1], [1]]) + 0 * X)


def test_sums_to_a_size():
    x = tg.tensor(X, requires_grad=True)
    x.sum_to_size(1, 4).sum_to_size(()).backward()
    np.testing.assert_array_equal(x.grad, np.ones_like(X))
    with pytest.raises(RuntimeError, match=r"sum_to_size: size \(3,\) is not expandable to shape \(3, 4\)"):
        x.sum_to_size(3)


def test_repeats_are_summed_back():
    x = tg.tensor(X, requires_grad=True)
    x.repeat(2, 1, 3).sum().backward()
    x.repeat_interleave(tg.tensor([0, 2, 1]), 0).sum().backward()
    x.tile(2).sum().backward()
    np.testing.assert_array_equal(x.grad, 6 + np.array([[0], [2], [1]]) + 2 + 0 * X)


def test_integers_of_numpy_are_sizes_and_dims():
    n, x = np.int64, tg.tensor(X)
    assert x.reshape(n(4), n(3)).shape == (4, 3)
    assert x.reshape(np.array([4, 3]).tolist()).shape == (4, 3)
    assert x.transpose(n(0), n(1)).shape == x.permute(n(1), n(0)).shape == (4, 3)
    assert x.unsqueeze(n(0)).squeeze(n(0)).shape == (3, 4)
    assert [p.shape for p in x.split(n(2))] == [(2, 4), (1, 4)]
    assert x.split(tg.tensor(2))[1].shape == (1, 4)
    assert x.narrow(0, tg.tensor(1), 2).shape == (2, 4)


def test_meta_data():
    x = tg.tensor(X, dtype=np.float32)
    assert (x.size(-1), x.T.stride(), x.stride(0), x.element_size()) == (4, (1, 4), 4, 4)
    assert (x.is_contiguous(), x.T.is_contiguous(), tg.numel(x)) == (True, False, 12)
    assert x.cpu() is x
    assert (x.type(), x.type(np.int64).type()) == ("float32", "int64")
    assert tg.is_floating_point(x)
    assert x.new_tensor([1, 2]).dtype == np.float32
    assert tg.arange(3).new_full((2,), 2.5).tolist() == [2, 2]
    assert x.new_zeros(2, requires_grad=True).requires_grad
    assert tg.broadcast_shapes((3, 1), 4, (2, 1, 1)) == (2, 3, 4)


@pytest.mark.parametrize(
    ("kind", "call", "text"),
    [
        (IndexError, lambda x: x.flip(2), "flip: dim 2 is out of range for 2 dimensions: expected -2 to 1"),
        (RuntimeError, lambda x: x.flip(0, 0), "flip: a dim appears more than once in (0, 0)"),
        (RuntimeError, lambda x: x.roll((1, 2), 0), "roll: 2 shifts and 1 dims don't fit"),
        (RuntimeError, lambda x: x.repeat(2), "repeat: repeats (2,) must be at least one for each dimension"),
        (RuntimeError, lambda x: x.repeat_interleave(tg.tensor([1, 2]), 1), "2 repeats don't fit size 4 of dim 1"),
        (
            RuntimeError,
            lambda x: x.repeat_interleave(2, 0, output_size=5),
            "output_size 5 isn't the size of",
        ),
        (RuntimeError, lambda x: x.movedim((0, 1), (0,)), "movedim: (0, 1) can't move to (0,)"),
        (RuntimeError, lambda x: x.diagonal(0, 1, -1), "diagonal: the two dimensions must differ, but are 1 and -1"),
        (RuntimeError, lambda x: x.reshape(3, 2, 2).diag(), "diag: of a tensor of 1 or 2 dimensions, not of shape"),
        (RuntimeError, lambda x: x[0].tril(), "tril: of a tensor of at least 2 dimensions, not of shape (4,)"),
        (RuntimeError, lambda x: x.unfold(1, 5, 1), "unfold: size 5 must be from 0 to 4, the size of dim 1"),
        (RuntimeError, lambda x: x.unfold(1, 2, 0), "unfold: step must be positive, not 0"),
        (IndexError, lambda x: x.select(0, 3), "select: index 3 is out of range for dim 0 of size 3"),
        (RuntimeError, lambda x: x.unflatten(1, (3, 2)), "unflatten: sizes [3, 2] don't multiply up to 4"),
        (RuntimeError, lambda x: x.hsplit(3), "hsplit: size 4 of dim 1 is not divisible by 3"),
        (RuntimeError, lambda x: x.tensor_split(0), "tensor_split: the number of sections must be larger than 0"),
        (TypeError, lambda x: tg.hstack(x), "hstack: expected a list or tuple of tensors, not Tensor"),
        (TypeError, lambda x: tg.cat([x, 1]), "cat: expected a tensor as element 1, not int 1"),
        (RuntimeError, lambda x: tg.vstack([]), "vstack: expected a non-empty list of tensors"),
        (RuntimeError, lambda x: tg.meshgrid(x), "meshgrid: expected 0-d or 1-d tensors, not one of shape (3, 4)"),
        (RuntimeError, lambda x: tg.broadcast_tensors(x, x.T), "broadcast: shapes (3, 4) and (4, 3) don't broadcast"),
        (RuntimeError, lambda x: tg.block_diag(x[None]), "block_diag: tensor 0 of shape (1, 3, 4) has more than 2"),
        (RuntimeError, lambda x: x[0].mT, "mT: of matrices or batches of them, not of a tensor of shape (4,)"),
        (TypeError, lambda x: x.unsqueeze(1.0), "unsqueeze: dim must be an integer, not 1.0"),
    ],
)
def test_errors(kind, call, text):
    with pytest.raises(kind, match=re.escape(text)):
        call(tg.tensor(X))
