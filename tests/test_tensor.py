"""The tensor as PyTorch's and NumPy's users know it: creation, operators, protocols, dtypes, printing and errors."""

import copy
import math
import pickle
import re

import numpy as np
import pytest

import tinygrad_lab as tg

X = np.arange(1.0, 7.0, dtype=np.float32).reshape(2, 3)


def x(requires_grad=False):
    return tg.tensor(X, requires_grad=requires_grad)


T = tg.tensor

# ------------------------------------------------------------------------------------------------------- creation


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1.5, np.float32),
        ([1, 2], np.int64),
        ([1, 2.0], np.float32),
        (True, np.bool_),
        ([[True], [False]], np.bool_),
        ([], np.float32),
        (np.ones(2), np.float64),
        (np.float64(1.0), np.float64),
        (np.ones(2, np.float16), np.float16),
        ([np.ones(2), np.ones(2)], np.float64),
        ([tg.tensor(1.0), tg.tensor(2.0)], np.float32),
        (range(3), np.int64),
    ],
)
def test_tensor_dtypes(data, dtype):
    assert tg.tensor(data).dtype == dtype


def test_tensor_copies_and_from_numpy_shares():
    a = np.ones(2)
    assert not np.shares_memory(tg.tensor(a).array, a)
    assert tg.from_numpy(a).array is a
    assert tg.as_tensor(a).array is a
    t = tg.ones(2)
    assert tg.as_tensor(t) is t


def test_creation_functions():
    assert tg.zeros(2, 3).shape == tg.zeros((2, 3)).shape == (2, 3)
    assert tg.zeros().shape == ()
    assert tg.ones(2, dtype=np.int64).tolist() == [1, 1]
    assert tg.full((2,), 7).dtype == np.int64
    assert tg.full((2,), 0.5).tolist() == [0.5, 0.5]
    assert tg.arange(3).tolist() == [0, 1, 2]
    assert tg.arange(0, 1, 0.25).tolist() == [0.0, 0.25, 0.5, 0.75]
    assert tg.arange(0, 1, 0.25).dtype == np.float32
    assert tg.linspace(0, 1, 3).tolist() == [0.0, 0.5, 1.0]
    assert tg.eye(2).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert tg.ones_like(x()).shape == (2, 3)
    assert tg.zeros_like(x(), dtype=np.int64).dtype == np.int64
    assert tg.full_like(x(), 2).dtype == np.float32
    assert tg.zeros(2, requires_grad=True).requires_grad


def test_one_seed_gives_the_same_bits():
    def draw():
        tg.manual_seed(3)
        return [
            tg.rand(3).tolist(), tg.randn(2, 2).tolist(), tg.randint(5, (4,)).tolist(), tg.randperm(5).tolist(),
            tg.bernoulli(tg.full((5,), 0.5)).tolist(), tg.normal(1.0, 2.0, (3,)).tolist(),
        ]  # fmt: skip

    assert draw() == draw()
    one, two = tg.Generator(1), tg.Generator(1)
    assert tg.randn(3, generator=one).tolist() == tg.randn(3, generator=two).tolist()
    state = one.get_state()
    first = tg.rand(2, generator=one).tolist()
    one.set_state(state)
    assert tg.rand(2, generator=one).tolist() == first
    assert tg.rand(3).dtype == tg.randn(3).dtype == np.float32


# ------------------------------------------------------------------------------------------------------ operators


@pytest.mark.parametrize(
    "formula",
    [
        lambda t: 2 * t + t / 4 - (1 - t) * 3,
        lambda t: t**2 + 2**t + t**0.5 + t**-1,
        lambda t: -t + +t + abs(t - 3),
        lambda t: t // 2 + t % 2 + 7 // t + 7 % t,
        lambda t: 1 / t,
        lambda t: (t > 2) & ~(t == 4) | (t != t) ^ (t <= 1),
        lambda t: t[1:] @ t.T,
        lambda t: t @ np.ones(3, np.float32),
        lambda t: np.ones((4, 2), np.float32) @ t,
        lambda t: np.float32(2) * t + np.ones(3, np.float32) - t,
        lambda t: np.exp(t) + np.sin(t) * np.maximum(t, 2),
        lambda t: np.sum(t, axis=1) + np.mean(t, axis=1),
        lambda t: np.sum(t, axis=(0, 1), keepdims=True),
        lambda t: np.var(t) + np.std(t, axis=0, ddof=1),
        lambda t: np.concatenate([t, t], axis=1),
        lambda t: np.stack([t, t * 2]),
        lambda t: np.where(t > 2, t, 0.0),
        lambda t: np.transpose(t) + np.reshape(t, (3, 2)) + np.swapaxes(t, 0, 1),
        lambda t: np.expand_dims(t, 0) + np.squeeze(np.expand_dims(t, 0)),
        lambda t: np.clip(t, 2, 3) + np.broadcast_to(t, (2, 2, 3)),
        lambda t: np.flip(t) + np.flip(t, axis=1) + np.roll(t, 1, axis=1) + np.roll(t, 2) + np.flipud(t) + np.fliplr(t),
        lambda t: np.tile(t, 2) + np.repeat(t, 2, axis=1) + np.hstack([t, t]) + np.tile(np.ravel(t)[1:2], (2, 6)),
        lambda t: np.vstack([t, t]) + np.repeat(t, [1, 3], axis=0) + np.column_stack([t[0], t[1], t[0]])[:1],
        lambda t: np.tril(t, k=-1) + np.triu(t, k=1) + np.diagonal(t).sum() + np.diag(t[0], k=-1)[:2, :3],
        lambda t: np.moveaxis(t, 0, 1) + np.rot90(t, 3) + np.dstack([t, t])[0],
        lambda t: np.prod(t, axis=1) + np.max(t) - np.min(t, axis=1),
        lambda t: np.argmax(t, axis=1),
        lambda t: np.cumsum(t, axis=1) + np.cumprod(t, axis=0),
        lambda t: np.cumsum(t) * np.sort(t, axis=None) + np.cumprod(t),
        lambda t: np.sort(t) - np.sort(-t, axis=0),
        lambda t: np.argsort(-t),
        lambda t: np.diff(t, axis=1).sum() + np.trace(t) + np.nansum(t) * np.nanmean(t, axis=0),
        lambda t: np.count_nonzero(t > 2, axis=0) + np.any(t > 4, axis=0) + np.all(t > 0),
        lambda t: np.take(t, np.array([[5, -1]])) + np.take(t, np.array([0]), axis=1),
        lambda t: np.take_along_axis(t, np.array([[1], [-1]]), 1) + t[np.nonzero(t > 2)][0],
        lambda t: np.sum(t, 0, np.float64) + np.mean(t, 0, np.float64) + np.prod(t, (0, 1), np.float64),
        lambda t: np.max(t, 1, None, True) + np.min(t, 0, keepdims=True),
        lambda t: np.argmax(t, 0, keepdims=True),
        lambda t: np.var(t, 0, None, None, 1) + np.std(t, axis=0, correction=1) + np.mean(t, axis=0, out=None),
        lambda t: np.cumsum(t, 1, np.float64) + np.cumprod(t, 0, dtype=np.float64),
        lambda t: np.clip(t, min=2, max=3) + np.clip(t, 2, None) + np.round(t * 1.26, 1),
        lambda t: np.add.reduce(t) + np.multiply.reduce(t, axis=None) + np.maximum.reduce(t, axis=1, keepdims=True),
        lambda t: np.minimum.reduce(t, axis=(0, 1)) + np.add.accumulate(t) + np.multiply.accumulate(t, axis=1),
        lambda t: np.subtract.outer(t[0], t) + np.subtract.outer(np.ones(3, np.float32), t),
        lambda t: np.concatenate([t, t], axis=None)[:3] + np.append(t, t, axis=0) + np.append(t, t)[:3],
        lambda t: np.split(t, 3, axis=1)[1] + np.array_split(t, 2, axis=1)[0] + np.split(t, [1, 2], axis=1)[2],
        lambda t: np.cross(t, t + 1) + np.trace(t, 1) + np.size(t, 1) + np.copy(t) + np.zeros_like(t),
        lambda t: np.positive(t) + np.fabs(-t) + np.rint(t * 1.4) + np.deg2rad(t) + np.degrees(t),
        lambda t: np.isclose(t, t + 1e-9) & np.allclose(t, t) & np.array_equal(t, t),
        lambda t: np.modf(t * 1.5)[0] + np.take(t, [[1, 2, 0]]),
        lambda t: t.sum(axis=1, keepdims=True),
        lambda t: t[0] + t[..., 1:2] + t[None, 1, 0::1],
        lambda t: t[[1, 0, 1]] + t[:, [0, 2, 2]].sum(),
        lambda t: t[t > 2],
        lambda t: t[np.array([0, 1]), np.array([2, 0])],
        lambda t: t.mT + t.reshape(-1)[:2] + t.T,
    ],
)
def test_formulas_mean_what_they_mean_in_numpy(formula):
    ours, theirs = formula(x()), formula(X)
    assert isinstance(ours, tg.Tensor)
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours.array, theirs, rtol=1e-6)


def test_numpy_functions_keep_the_gradient_or_refuse():
    t = x(requires_grad=True)
    np.sum(np.exp(t) * np.float32(2)).backward()
    np.testing.assert_allclose(t.grad.array, 2 * np.exp(X), rtol=1e-6)
    with pytest.raises(TypeError, match=r"cbrt: tinygrad_lab has no op .* gradient would be lost"):
        np.cbrt(t)
    with pytest.raises(TypeError, match="median: tinygrad_lab has no op"):
        np.median(t)
    assert isinstance(np.cbrt(x()), tg.Tensor)
    np.testing.assert_allclose(np.median(x()).array, 3.5)
    with pytest.raises(RuntimeError, match=r"numpy: can't be called on a tensor that requires grad; use detach\(\)"):
        np.asarray(t)
    assert np.asarray(t.detach()) is not None
    out = np.zeros((2, 3), np.float32)
    out += x()
    np.testing.assert_array_equal(out, X)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.sum(t, 0),
        lambda t: np.add.reduce(t),
        lambda t: np.multiply.accumulate(t),
        lambda t: np.multiply.outer(t, t),
        lambda t: np.prod(t, (0, 1)),
        lambda t: np.mean(t, 0, np.float64),
        lambda t: np.array_split(t, 2, axis=1)[0],
        lambda t: np.append(t, t),
        lambda t: np.copy(t),
    ],
)
def test_numpy_functions_are_recorded(call):
    assert call(x(requires_grad=True)).requires_grad


def test_what_numpy_cannot_record_is_refused():
    t = x(requires_grad=True)
    for call, name in (
        (lambda: np.sum(t, initial=1), "sum"),
        (lambda: np.sum(t, where=X > 2), "sum"),
        (lambda: np.add.reduce(t, initial=3), "add.reduce"),
        (lambda: np.exp(t, out=np.zeros((2, 3), np.float32)), "exp"),
        (lambda: np.exp(x(), out=t), "exp"),
        (lambda: np.copyto(t, 0), "copyto"),
        (lambda: np.add.at(t, [0], 1), "add.at"),
    ):
        with pytest.raises(TypeError, match=f"^{name}: .* gradient would be lost"):
            call()
    with pytest.raises(TypeError, match="out: an array to write to must be given by its name"):
        np.max(x(), 0, np.zeros(3))
    with pytest.raises(ValueError, match="split: 3 places can't be cut into 2 equal parts"):
        np.split(t, 2, axis=1)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda t: np.add(t, 1, out=t), "add"),
        (lambda t: np.add.at(t, [0], 1), "add.at"),
        (lambda t: np.sum(X, axis=0, out=t[0]), "sum"),
        (lambda t: np.copyto(t, 0), "copyto"),
        (lambda t: np.copyto(dst=t, src=0), "copyto"),
        (lambda t: np.put(t, [0], 5), "put"),
        (lambda t: np.fill_diagonal(t, 0), "fill_diagonal"),
    ],
)
def test_what_numpy_writes_to_a_tensor_is_a_change_in_place(change, name):
    w = x(requires_grad=True)
    t = x() * 1
    y = (w * t).sum()
    change(t)
    with pytest.raises(RuntimeError, match=rf"mul: .* changed in place by {name} at .*test_tensor.py:\d+"):
        y.backward()


def test_numpy_gives_back_what_it_was_given_to_write_to():
    t, a = x() * 1, np.zeros((2, 3), np.float32)
    assert np.add(t, 1, out=t) is t
    assert np.add(t, 1, out=a) is a
    assert np.sum(t, axis=0, out=a[0]).base is a
    np.testing.assert_array_equal(a[1], X[1] + 2)


def test_comparison_with_strangers():
    t = x()
    assert (t == None) is False  # noqa: E711
    assert (t != "a") is True
    assert t in [t]
    assert 3.0 in t
    assert tg.tensor(3.0) in t
    for stranger in ("a", None, [3.0]):
        with pytest.raises(RuntimeError, match="in: a tensor holds numbers, so .* can't be one of its elements"):
            stranger in t  # noqa: B015
    with pytest.raises(RuntimeError, match="eq: shapes"):
        tg.ones(2) in t  # noqa: B015
    with pytest.raises(TypeError, match="unsupported format string passed to Tensor.__format__"):
        f"{t:.2f}"
    assert {t: 1}[t] == 1


def test_conversions_to_python():
    assert float(tg.tensor([2.5])) == 2.5
    assert int(tg.tensor(3)) == 3
    assert [10, 20][tg.tensor(1)] == 20
    assert bool(tg.tensor([1.0]))
    assert tg.tensor([[1, 2]]).tolist() == [[1, 2]]
    assert f"{tg.tensor(1.23456):.2f}" == "1.23"
    assert len(x()) == 2
    assert [row.tolist() for row in x()] == X.tolist()
    assert x().size() == (2, 3)
    assert (x().size(1), x().numel(), x().ndim, x().dim(), x().nbytes) == (3, 6, 2, 2, 24)


def test_copies():
    t = x(requires_grad=True)
    c = copy.deepcopy(t)
    assert c.requires_grad
    assert c.is_leaf
    assert not np.shares_memory(c.array, t.array)
    p = pickle.loads(pickle.dumps(t))
    assert p.requires_grad
    np.testing.assert_array_equal(p.detach().array, X)
    with pytest.raises(RuntimeError, match="deepcopy: only leaf tensors"):
        copy.deepcopy(t * 2)
    k = t.clone()
    assert not k.is_leaf
    k.sum().backward()
    assert t.grad.tolist() == [[1.0] * 3] * 2


# --------------------------------------------------------------------------------------------------------- dtypes


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (lambda f, i, d: f + i, np.float32),
        (lambda f, i, d: f * np.float64(2), np.float32),
        (lambda f, i, d: f * np.int64(2), np.float32),
        (lambda f, i, d: f * 2.0, np.float32),
        (lambda f, i, d: f + d, np.float64),
        (lambda f, i, d: f + d.sum(), np.float32),
        (lambda f, i, d: i / 2, np.float32),
        (lambda f, i, d: i / i, np.float32),
        (lambda f, i, d: tg.exp(i), np.float32),
        (lambda f, i, d: i * 2.5, np.float32),
        (lambda f, i, d: i + 1, np.int64),
        (lambda f, i, d: i + (i > 1), np.int64),
        (lambda f, i, d: (i > 1).sum(), np.int64),
        (lambda f, i, d: tg.sqrt(i > 1), np.float32),
        (lambda f, i, d: tg.where(i > 1, f, 0.0), np.float32),
        (lambda f, i, d: i.double() * f, np.float64),
        (lambda f, i, d: f.to(np.float16) * 2, np.float16),
        (lambda f, i, d: f.argmax(), np.int64),
        (lambda f, i, d: f @ f, np.float32),
        (lambda f, i, d: i.int() + T(1), np.int32),
        (lambda f, i, d: i.int() + i, np.int64),
        (lambda f, i, d: f.mean(axis=0, keepdims=True), np.float32),
        (lambda f, i, d: f.mean(), np.float32),
        (lambda f, i, d: f.std(), np.float32),
        (lambda f, i, d: f.logsumexp(0), np.float32),
        (lambda f, i, d: f.softmax(0), np.float32),
    ],
)
def test_result_dtypes(make, dtype):
    f, i, d = tg.tensor([1.0, 2.0]), tg.tensor([1, 2]), tg.tensor([1.0, 2.0], dtype=np.float64)
    assert make(f, i, d).dtype == dtype


def test_gradients_have_the_dtype_of_what_they_are_gradients_of():
    f = tg.tensor([1.0, 2.0], requires_grad=True)
    d = tg.tensor([3.0, 4.0], dtype=np.float64, requires_grad=True)
    (f * d).sum().backward()
    assert (f.grad.dtype, d.grad.dtype) == (np.float32, np.float64)
    assert f.grad.tolist() == [3.0, 4.0]


def test_default_dtype():
    tg.set_default_dtype(np.float64)
    try:
        assert tg.tensor(1.0).dtype == tg.zeros(1).dtype == (tg.tensor([1, 2]) / 2).dtype == np.float64
    finally:
        tg.set_default_dtype(np.float32)
    with pytest.raises(TypeError, match="int64 isn't a floating dtype"):
        tg.set_default_dtype(np.int64)


# ------------------------------------------------------------------------------------------------------- printing


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (tg.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (tg.tensor([1.5, 2.0]), "tensor([1.5000, 2.0000])"),
        (tg.tensor([[1, 2], [3, 4]]), "tensor([[1, 2],\n        [3, 4]])"),
        (tg.tensor(3.25), "tensor(3.2500)"),
        (tg.tensor([True]), "tensor([True])"),
        (tg.tensor([1.0], requires_grad=True), "tensor([1.], requires_grad=True)"),
        (tg.tensor([1.0], requires_grad=True) * 2, "tensor([2.], grad_fn=<mul>)"),
        (tg.tensor([1.0], dtype=np.float64), "tensor([1.], dtype=float64)"),
        (tg.tensor([np.inf, 1.0]), "tensor([inf, 1.])"),
    ],
)
def test_repr(tensor, text):
    assert repr(tensor) == text


# --------------------------------------------------------------------------------------------------------- errors

ERRORS = [
    (RuntimeError, lambda: tg.ones(3, 4) @ tg.ones(5, 2), "matmul: shapes (3, 4) and (5, 2) don't fit: 4 != 5"),
    (RuntimeError, lambda: tg.ones(3) @ tg.ones(4), "matmul: shapes (3,) and (4,) don't fit: 3 != 4"),
    (RuntimeError, lambda: tg.ones(3) @ tg.ones(()), "matmul: both operands need at least 1 dimension"),
    (TypeError, lambda: tg.ones(3) @ 2, "matmul: the operands must be tensors or arrays, not int"),
    (RuntimeError, lambda: tg.ones(2, 3) + tg.ones(4), "add: shapes (2, 3) and (4,) don't broadcast"),
    (IndexError, lambda: tg.ones(2).sum(3), "sum: axis 3 is out of bounds for array of dimension 1"),
    (IndexError, lambda: tg.ones(2)[5], "getitem: index 5 is out of bounds for axis 0 with size 2"),
    (IndexError, lambda: tg.ones(2, 2).squeeze(4), "squeeze: dim 4 is out of range for 2 dimensions: expected -2 to 1"),
    (RuntimeError, lambda: tg.ones(2, 3).reshape(4), "reshape: cannot reshape array of size 6 into shape (4,)"),
    (RuntimeError, lambda: tg.ones(2, 3).T.view(6), "view: shape (6,) needs a copy of this tensor of shape (3, 2)"),
    (TypeError, lambda: tg.amax(tg.ones(2), foo=1), "amax(input, dim=None, keepdim=False): got an unexpected keyword"),
    (TypeError, lambda: tg.amax(), "amax(input, dim=None, keepdim=False): missing required argument 'input'"),
    (TypeError, lambda: tg.exp(tg.ones(2), 1), "exp(input): takes 1 arguments, 2 were given"),
    (TypeError, lambda: tg.sum(tg.ones(2), 0, dim=0), "got multiple values for argument 'dim'"),
    (TypeError, lambda: tg.exp([1.0]), "exp: an operand must be a tensor or an array, not list [1.0]"),
    (TypeError, lambda: tg.ones(2).__add__([1]), "add: an operand must be a tensor or an array, not list [1]"),
    (TypeError, lambda: tg.ones(2) + "a", "add: "),
    (TypeError, lambda: tg.softmax(tg.ones(2)), "softmax: say along which dim"),
    (RuntimeError, lambda: T([1, 2]).mean(), "mean: the elements must be floating, not int64"),
    (RuntimeError, lambda: T([1, 2]) ** -1, "pow: Integers to negative integer powers are not allowed"),
    (RuntimeError, lambda: tg.zeros(0).max(), "amax: a tensor of shape (0,) is empty, so it has no extreme"),
    (
        IndexError,
        lambda: tg.zeros(2, 0).argmax(1),
        "argmax: a tensor of shape (2, 0) is empty along dim 1",
    ),
    (RuntimeError, lambda: tg.ones(2, 2, 2).t(), "t: of a tensor of at most 2 dimensions, not of shape (2, 2, 2)"),
    (RuntimeError, lambda: T([1], requires_grad=True), "requires_grad: only floating tensors can require gradients"),
    (RuntimeError, lambda: (T([1.0], requires_grad=True) * 2).requires_grad_(False), "use detach()"),
    (RuntimeError, lambda: tg.ones(2).backward(), "backward: this tensor of shape (2,) doesn't require grad"),
    (
        RuntimeError,
        lambda: tg.ones(2, requires_grad=True).backward(),
        "backward: a gradient can be left out only for a tensor of one element, not of shape (2,); reduce it",
    ),
    (
        RuntimeError,
        lambda: tg.ones(2, requires_grad=True).backward(tg.ones(3)),
        "backward: a gradient of shape (3,) doesn't fit the tensor's shape (2,)",
    ),
    (
        TypeError,
        lambda: tg.ones(2, requires_grad=True).backward(1.0),
        "backward: the gradient must be a tensor, not float",
    ),
    (RuntimeError, lambda: tg.ones(2).retain_grad(), "retain_grad: this tensor doesn't require grad"),
    (RuntimeError, lambda: tg.ones(2).register_hook(print), "register_hook: this tensor doesn't require grad"),
    (
        RuntimeError,
        lambda: tg.autograd.grad(tg.ones(1, requires_grad=True) * 2, tg.ones(2)),
        "grad: this tensor doesn't",
    ),
    (RuntimeError, lambda: bool(tg.ones(2)), "bool: a tensor of shape (2,) is neither true nor false"),
    (RuntimeError, lambda: tg.ones(2).item(), "item: a tensor of shape (2,) has 2 elements, not 1"),
    (TypeError, lambda: len(T(1.0)), "len: a 0-d tensor has no length"),
    (TypeError, lambda: list(T(1.0)), "iter: a 0-d tensor can't be iterated over"),
    (TypeError, lambda: range(T(1.5)), "index: only integer tensors"),
    (ValueError, lambda: T([[1, 2], [3]]), "tensor: the nested sequences must have one length in each dimension"),
    (TypeError, lambda: T(["a"]), "tensor: the elements must be numbers or bools"),
    (TypeError, lambda: tg.from_numpy([1]), "from_numpy: expected a NumPy array, got list"),
    (ValueError, lambda: tg.cat([]), "cat: expected a non-empty list"),
    (
        RuntimeError,
        lambda: tg.stack([tg.ones(2), tg.ones(3)]),
        "stack: expected tensors of one shape, got [(2,), (3,)]",
    ),
    (RuntimeError, lambda: tg.ones(5).split([2, 2]), "split: sizes [2, 2] must add up to 5"),
    (RuntimeError, lambda: tg.ones(5).chunk(0), "chunk: expected at least 1 chunk, not 0"),
    (RuntimeError, lambda: tg.ones(2).clamp(), "clamp: at least one of 'min' or 'max' must not be None"),
    (RuntimeError, lambda: tg.ones(2).masked_fill(T([1, 0]), 0.0), "masked_fill: mask must be of bool, not int64"),
    (
        RuntimeError,
        lambda: tg.ones(2, 2).gather(1, T([[5]])),
        "gather: index 5 is out of range for dim 1 of size 2",
    ),
    (RuntimeError, lambda: tg.ones(2, 2).gather(1, T([1])), "gather: index of shape (1,) and input of shape (2, 2)"),
    (
        RuntimeError,
        lambda: tg.ones(2, 2).gather(1, tg.ones(1, 1)),
        "gather: index must be of int64 or int32, not float32",
    ),
    (RuntimeError, lambda: tg.ones(2, 3).expand(2, 4), "expand: "),
    (RuntimeError, lambda: tg.ones(2, 3).permute(0, 0), "permute: repeated axis in transpose"),
    (
        RuntimeError,
        lambda: tg.div(tg.ones(2), 2, rounding_mode="up"),
        "div: rounding_mode must be None, 'floor' or 'trunc'",
    ),
]


@pytest.mark.parametrize(("kind", "call", "text"), ERRORS, ids=[text[:40] for _, _, text in ERRORS])
def test_errors_name_the_op_the_values_and_the_cure(kind, call, text):
    with pytest.raises(kind, match=re.escape(text)):
        call()


def test_anomalies_are_found_where_they_are_made():
    t = T([1.0, 1000.0], requires_grad=True)
    with tg.autograd.detect_anomaly(), np.errstate(all="ignore"):
        with pytest.raises(
            tg.autograd.NonFiniteError, match=r"exp: its forward made inf first, at .*test_tensor.py:\d+"
        ) as e:
            (tg.exp(t) / tg.exp(t).sum()).log()
        assert e.value.op == "exp"
        with pytest.raises(tg.autograd.NonFiniteError, match=r"sqrt: its backward made inf first.*from .* and 0"):
            tg.sqrt(t * 0).sum().backward()
        tg.log_softmax(t, 0).sum().backward()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: tg.zeros(0, 3), "tensor([], size=(0, 3))"),
        (lambda: tg.tensor([]), "tensor([])"),
        (lambda: tg.zeros(0, dtype=np.int64), "tensor([], dtype=int64)"),
        (lambda: tg.zeros(2, 0, requires_grad=True), "tensor([], size=(2, 0), requires_grad=True)"),
        (lambda: tg.tensor([1.0, 1e10]), "tensor([1.0000e+00, 1.0000e+10])"),
        (lambda: tg.tensor(1e20), "tensor(1.0000e+20)"),
        (lambda: tg.tensor([math.nan, 1.0, -math.inf]), "tensor([nan, 1., -inf])"),
        (lambda: tg.tensor([0.0, 2.0, -30.0]), "tensor([  0.,   2., -30.])"),
        (lambda: tg.tensor([True, False]), "tensor([ True, False])"),
        (lambda: tg.zeros(40, 50), f"tensor([[{'0., ' * 3} ..., 0., 0., 0.],\n"),
        (
            lambda: tg.zeros(40, 50) + 0.5 * tg.eye(40, 50),
            "tensor([[0.5000, 0.0000, 0.0000,  ..., 0.0000, 0.0000, 0.000",
        ),
    ],
)
def test_a_tensor_as_text(make, text):
    assert repr(make()).startswith(text)
    assert "\n" in text or "..." in text or repr(make()) == text


def test_the_address_of_the_first_element():
    x = tg.zeros(3, 4)
    assert x.data_ptr() == x.view(-1).data_ptr() == x.T.data_ptr() == x.detach().data_ptr() != x.clone().data_ptr()
    assert x[1, 2].data_ptr() - x.data_ptr() == 6 * x.element_size()


def test_names_of_none_and_of_shapes():
    x = tg.zeros(3, 4)[:, tg.newaxis]
    assert x.shape == x.size() == tg.Size([3, 1, 4])
    assert isinstance(x.shape, tg.Size)
