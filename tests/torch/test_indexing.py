"""Brackets, scattering and tables beside PyTorch's own: the same text, run on both."""

import re
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ERRORS = (RuntimeError, IndexError, TypeError, ValueError, AssertionError)

INDICES = """
0 | -1 | 3 | -4 | True | False | None | ... | () | 1.5 | {} | 1:3 | ::2 | -2: | 5: | 2:1 | ::-1 | ::0 | 1.0:2 | 0, 1
0, 1, 2 | 0, 0, 0, 0 | ..., 0 | 0, ..., 0 | None, 0, None | ..., None | :, 1 | 1, :, 2 | :, :, 3 | 0, ..., ... | T(1)
T(-1) | T(1).int() | T(True) | T(False) | T(0.5) | T(0):T(2) | :, T(1) | T(0), T(1), T(2) | np.int64(1) | T([0, 2])
T([0, -1, 0]) | T([[0, 1], [2, 0]]) | T([]).long() | T([7]) | T([-4]) | T([0.5]) | T([0, 1]).int()
T([0, 1]), T([1, 2]) | T([0, 1]), T([0]) | T([0, 1]), T([0, 1, 2]) | T([[0], [1]]), T([1, 2])
T([0, 1]), T([1, 2]), T([3, 4]) | :, T([0, 1]) | :, :, T([0, 1]) | ..., T([0, 1]) | T([0, 1]), ..., T([0, 1])
T([0, 1]), :, T([0, 1]) | 0, :, T([0, 1]) | 0, T([0, 1]) | T([0, 1]), 0 | T([0, 1]), :, 0 | :, T([0, 1]), 0
:, 0, T([0, 1]) | T([0]), 0, T([0, 1]) | T(0), :, T([0, 1]) | 0, None, T([0, 1]) | None, 0, :, T([0, 1])
0, ..., T([0, 1]) | T([0, 1]), None, T([0, 1]) | 1, 1:3, T([[0, 1], [2, 3]]) | T([0, 1]), 1:3, 0 | T([0, 1]), ..., 0
:, None, T([0, 1]), ..., 0 | 0, T([0, 1]), None, 0 | T([True, False, True]) | T([True, False])
T([True, False, True]), 0 | T([True, False, True]), :, 0 | :, T([True] * 4) | 0, T([True, False, True, True])
0, :, T([True, False, True, True, False]) | T([[True] * 4] * 3) | 0, T([[True] * 5] * 4) | T([[True] * 4] * 3), T([0])
T([[True] * 5] * 3) | T([True, False, True]), T([0, 1]) | T([True] * 3), T([0, 1]) | x > 1 | x.bool()
T([[True] * 4] * 3), 0 | T([False] * 3) | True, T([0, 1]) | False, T([0, 1]) | None, True | :, True, :, T([0])
0, :, True | [0, 1] | [True, False, True] | [] | [[0, 1]] | [[0, 1], [1, 2]] | 0, [1, 2] | [0, 1], [1, 2] | range(2)
[None, 0] | (0, [[1], [2]]) | [T([0, 1]), T([1, 2])] | [slice(0, 1), 0] | T(np.array([1, 0, 1], np.int16))
0, slice(None), 0, T([0])
"""

VALUES = """
2.5 | True | T(2.5) | T(3) | T([1.5]) | T([[2.5]]) | 2 | -1.5 | x[0] | x | "a" | None | 1j | [1.0, 2.0]
"""

INTO = """
0 | ... | 1:3 | :, 1 | 0, :, T([0, 1]) | T([0, 2]) | T([True, False, True]) | 0, 1, 2 | T([0, 0]) | x > 1 | [] | False
::-1 | 9
"""

CALLS = """
v.gather(0, T([1])) | v.gather(0, T([1]).int()) | v.gather(0, T(np.array([1], np.int16))) | v.gather(0, T([-1]))
v.gather(0, T(1)) | v.gather(0, T([4])) | s.gather(0, T(0)) | s.gather(0, T([0, 0])) | s.gather(0, T([[0]]))
v.gather(1, T([0])) | v.gather(0, T([[[]]]).long()) | v.gather(0, T([])) | m.gather([1.0], 0, T([0]))
m.gather(v, 0, [0]) | v[:0].gather(0, T([0])) | m.gather(input=A, dim=1, index=T([[0], [1]]))
A.gather(1, T([[2, 0]])) | v.scatter(0, T([1]), 5) | v.scatter(0, T([1]), value=5.5) | i.scatter(0, T([1]), 5.5)
v.scatter(0, T([1]), s) | v.scatter(0, T(1), s) | v.scatter(0, T([1]), i[:1])
v.scatter(0, T([1, 2]), v * 2, reduce="add") | v.scatter(0, T([1]), 5, reduce="multiply")
v.scatter(0, T([1]), 5, reduce="foo") | v.scatter(0, T([]).long(), v) | v.scatter(0, T([[], []]).long(), v)
v.scatter(0, T([-1]), 1.0) | v.scatter(0, T([3]), 1.0) | v.scatter(0, T([0]), v) | v.scatter(0, T([0, 1]), v[:1])
v.scatter(0, T([0])) | v.scatter(0, T([0]), True) | A.scatter(1, T([[2, 0], [1, 2]]), A * 3)
A.scatter(0, T([[1, 0, 1]]), src=A * 3) | m.scatter(A, 0, T([[1]]), A) | i.scatter(0, T([1]), i * 2)
v.scatter_add(0, T([3]), v) | v.scatter_add(0, T([0, 0]), v) | s.scatter_add(0, T([0, 0]), v)
v.scatter_add(0, T([0]), i) | m.scatter_add(input=v, dim=0, index=T([1]), src=v)
v.scatter_reduce(0, T([0]), v, "foo") | v.scatter_reduce(0, T([0, 0]), v, "mean")
v.scatter_reduce(0, T([0]), 1.0, "sum")
m.scatter_reduce(input=v, dim=0, index=T([0]), src=v, reduce="sum", include_self=False)
i.scatter_reduce(0, T([0, 0]), i - 9, "mean") | b.scatter_reduce(0, T([1]), b, "sum")
b.scatter_reduce(0, T([1]), b, "amax") | b.scatter_reduce(0, T([1]), b, "prod")
b.scatter_reduce(0, T([1]), b, "mean") | v.scatter_reduce(0, T([0, 0, 1]), z, "amax")
z.scatter_reduce(0, T([0, 0, 1]), z, "amin") | z.scatter_reduce(0, T([0, 0, 0]), z, "amin", include_self=False)
A.scatter_reduce(1, T([[0, 0, 0], [1, 1, 2]]), A, "prod")
v.scatter_reduce(0, T([0, 0, 1]), v, "prod", include_self=False) | s.scatter_reduce(0, T([0, 0]), v[:2], "prod")
v.index_add(0, T([0]).int(), v[:1]) | v.index_add(0, T([[0]]), v[:1]) | v.index_add(0, T([0]), i[:1])
v.index_add(0, T([0, 1]), v[:1]) | v.index_add(0, T([3]), v[:1]) | v.index_add(0, T([-1]), v[:1])
v.index_add(0, T(1), s) | v.index_add(0, T(1), v[:1]) | i.index_add(0, T([1]), i[:1], alpha=1.5)
v.index_add(0, T([0.0]), v[:1]) | s.index_add(0, T([0]), s) | s.index_add(0, T([0]), v[:1])
v.index_add(1, T([0]), v[:1]) | A.index_add(1, T([2, 2]), A[:, :2], alpha=-2)
m.index_add(input=A, dim=0, index=T([0]), source=A[:1]) | v.index_copy(0, T([3]), v[:1])
v.index_copy(0, T([-1]), v[:1]) | v.index_copy(0, T([1]).int(), v[:1]) | v.index_copy(0, T([1]), s)
v.index_copy(0, T([1, 2]), s) | v.index_copy(0, T([[1]]), v[:1]) | v.index_copy(0, T([1]), i[:1])
v.index_copy(0, T([1, 2]), v[:1]) | A.index_copy(0, T([1]), A[:1, :2]) | A.index_copy(0, T([1]), v)
A.index_copy(1, T([2, 0]), A[:, 1:]) | s.index_copy(0, T([0]), s) | v.index_fill(0, T([1]), T([1.0]))
v.index_fill(0, T([1]), s) | v.index_fill(0, T([-1]), 1.0) | v.index_fill(0, T([3]), 1.0)
i.index_fill(0, T([1]), 1.5) | v.index_fill(0, T([1]).int(), 1.0) | v.index_fill(0, T([[1]]), 1.0)
v.index_fill(0, T([1.0]), 1.0) | v.index_fill(0, T(1), 1.0) | A.index_fill(1, T([0, 2]), -1)
m.index_fill(A, 1, T([0, 2]), value=-1) | v.index_select(0, T([1]).int()) | v.index_select(0, T([-1]))
v.index_select(0, T([3])) | v.index_select(0, T(1)) | v.index_select(0, T([[1]])) | s.index_select(0, T([0]))
s.index_select(0, T(0)) | s.index_select(0, T([0, 0])) | v.index_select(0, T([1.0])) | v.index_select(1, T([1]))
A.index_select(1, T([2, 2, 0])) | m.index_select(input=A, dim=-2, index=T([1])) | A.index_select(1, T([]).long())
v.index_reduce(0, T([0]), v[:1], "sum") | v.index_reduce(0, T([0, 0]), v[:2], "mean")
v.index_reduce(0, T([-1]), v[:1], "prod") | v.index_reduce(0, T([3]), v[:1], "prod")
v.index_reduce(0, T([0]), i[:1], "prod") | v.index_reduce(0, T([0, 1]), v[:1], "prod")
s.index_reduce(0, T([0]), v[:1], "prod") | s.index_reduce(0, T(0), s, "prod")
A.index_reduce(1, T([2, 2]), A[:, :2], "amax", include_self=False) | v.masked_fill(k, 1.5) | i.masked_fill(k, 1.5)
i.masked_fill(k, s.detach()) | v.masked_fill(k, s) | v.masked_fill(k, T([1.5])) | v.masked_fill(i, 1.0)
s.masked_fill(k, 1.0) | v[:2].masked_fill(k, 1.0) | v.masked_fill(k, [1.0]) | v.masked_fill(k, None)
v.masked_fill(k, 1j) | i.masked_fill(k, float("inf")) | m.masked_fill(input=v, mask=k, value=2)
v.masked_fill([True, False, True], 2) | b.masked_fill(k, 10) | v.clone().masked_fill_(k, s) | A.masked_select(k)
v.masked_select(T([[True], [False]])) | v.masked_select(i) | v.masked_select(T([True, False])) | s.masked_select(k)
m.masked_select(input=A, mask=A > 1) | s.masked_select(T(True)) | A.masked_scatter(k, A * 9) | A.masked_scatter(k, v)
v.masked_scatter(k, i) | s.masked_scatter(k, v) | v.masked_scatter(i, v) | m.masked_scatter(input=v, mask=k, source=A)
A.take(T([[0, -1]])) | A.take(T([6])) | A.take(T([1]).int()) | v[:0].take(T([0])) | v[:0].take(T([]).long())
m.take(input=A, index=T(1)) | A.t().take(T([1, 1])) | A.put(T([0, -1]), v[:2])
A.put(T([0, 0]), v[:2], accumulate=True) | A.put(T([0, 0]), v[:1]) | A.put(T([0]), i[:1]) | A.put(T([10]), v[:1])
A.put(T([0]).int(), v[:1]) | A.put(T([[0, 1]]), v[:2]) | s.put(T(0), s) | A.take_along_dim(T([[1]]), 1)
A.take_along_dim(T([5])) | A.take_along_dim(T([1]), 1) | A.take_along_dim(T([[-1]]), 1)
A.take_along_dim(T([[1.0]]), 1) | A.take_along_dim(T([[1]]).int(), 1) | A[:1].take_along_dim(T([[1], [2]]), 1)
m.take_along_dim(input=A, indices=T([[1]]), dim=1) | A.take_along_dim(T([[0], [0], [0]]), 1)
s.take_along_dim(T(0), 0) | m.select_scatter(A, v[:2], dim=1, index=-1) | m.select_scatter(A, v[:1], 1, 0)
m.select_scatter(A, v[:2], 1, 3) | m.select_scatter(A, i[:2], 1, 0) | m.select_scatter(s, s, 0, 0)
A.select_scatter(src=v, dim=0, index=0) | m.slice_scatter(A, A[:, 1:] * 2, 1, 0, -1)
m.slice_scatter(A, A[:, 1:] * 2, dim=1, step=2) | m.slice_scatter(A, A, 1, 0, -1) | m.slice_scatter(A, A, 1, step=-1)
m.slice_scatter(A, A * 2) | m.slice_scatter(A, A[:1]) | m.slice_scatter(A, A[:1], end=1)
m.diagonal_scatter(A, v[:2]) | m.diagonal_scatter(A, v[:2], 1) | m.diagonal_scatter(A, v[:1], 1)
m.diagonal_scatter(A, v[:1], 0, 1, 1) | m.diagonal_scatter(A, v[:0], 9) | m.diagonal_scatter(v, v[:0])
A.diagonal_scatter(v[:1], offset=-1, dim1=-2, dim2=-1) | m.diagonal_scatter(x, x[:, 0, :3], 0, 0, 2)
m.diagonal_scatter(x, x[0, :4].t()[:, :3], 0, 1, 0) | v.index_put((T([0]),), v[:1]) | v.index_put([T([0])], v[:1])
v.index_put((T([0]),), 1.0) | v.index_put((T([0]),), i[:1]) | v.index_put(T([0]), v[:1])
v.index_put((T([0, 1]),), v) | v.index_put((T([3]),), v[:1]) | A.index_put((0,), v)
v.index_put((k,), s, accumulate=True) | v.index_put((T([0]), T([0])), v[:1]) | v.index_put((T([0.0]),), v[:1])
A.index_put((T([1, 1]),), v, accumulate=True) | A.index_put((T([0, 1]), T([2, 0])), s) | m.nonzero(A)
m.nonzero(A, as_tuple=True)[1] | m.nonzero(s) | m.nonzero(s, as_tuple=True)[0] | A.nonzero() | m.argwhere(A > 1)
m.nonzero(v[:0]) | m.unravel_index(T([5, -1]), (2, 3))[1] | m.unravel_index(T(2), 3)[0]
m.unravel_index(T([1.0]), (2, 3))[0]
F.embedding(T([0, 3]), W) | F.embedding(T(2), W) | F.embedding(T([4]), W) | F.embedding(T([-1]), W)
F.embedding(T([1.0]), W) | F.embedding(T([1]).int(), W) | F.embedding(T(np.array([1], np.int16)), W)
F.embedding(T([1]), W, padding_idx=4) | F.embedding(T([1]), W, -5) | F.embedding(T([1]), W[0])
F.embedding(T([True]), W) | F.embedding(T([1, 3, 1]), W, 3)
F.embedding(T([1, 3, 1]), W, scale_grad_by_freq=True, padding_idx=-1) | F.embedding(input=T([]).long(), weight=W)
F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 2]), mode="sum") | F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 2]))
F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 2]), mode="max") | F.embedding_bag(T([[0, 1], [2, 2]]), W)
F.embedding_bag(T([[0, 1], [2, 2]]), W, T([0])) | F.embedding_bag(T([0, 1]), W)
F.embedding_bag(T([0, 1]), W, T([1, 2])) | F.embedding_bag(T([0, 1]), W, T([0, 9]))
F.embedding_bag(T([0, 1]), W, T([0]), mode="foo") | F.embedding_bag(T([0, 1]), W, T([0]), per_sample_weights=v[:2])
F.embedding_bag(T([0, 1]), W, T([0]), mode="sum", per_sample_weights=v)
F.embedding_bag(T([0, 1]), W, T([0]), mode="sum", per_sample_weights=v[:2])
F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 4]), mode="sum", include_last_offset=True)
F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 3]), mode="sum", include_last_offset=True)
F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2]), padding_idx=1)
F.embedding_bag(T([1, 1]), W, T([0]), mode="max", padding_idx=1) | F.embedding_bag(T([[[0, 1]]]), W)
F.embedding_bag(T([0, 1]), W, T([0]).int())
F.embedding_bag(T([0, 1]), W, T([0]), mode="max", scale_grad_by_freq=True)
F.embedding_bag(T([]).long(), W, T([]).long())
F.embedding_bag(T([0, 1, 1, 0]), W, T([0, 3]), scale_grad_by_freq=True)
F.embedding_bag(T([0, 1, 0, 1]), W * 0, T([0, 3]), mode="max") | F.one_hot(T(2)) | F.one_hot(T([0, 2]), num_classes=4)
F.one_hot(T([0.0])) | F.one_hot(T([0]).int()) | F.one_hot(T([]).long()) | F.one_hot(T([[]]).long(), 3)
F.one_hot(T([-1])) | F.one_hot(T([0]), -2) | F.one_hot(T([0]), 0)
"""


def listed(text):
    return [part.strip() for line in text.strip().splitlines() for part in line.split(" | ")]


def outcome(package, text):
    """What `text` comes to on the tensors of `package`: the value's dtype, the value and all gradients, or an error."""
    F = package.nn.functional
    T = package.tensor
    arrays = {
        "x": np.arange(60.0).reshape(3, 4, 5) - 30,
        "A": np.array([[0.5, -1.0, 2.0], [3.0, 0.0, 1.5]]),
        "v": np.array([2.0, -3.0, 0.5]),
        "z": np.array([2.0, 2.0, 2.0]),
        "s": np.array(4.5),
        "W": np.arange(12.0).reshape(4, 3) / 8,
    }
    leaves = {name: T(a).requires_grad_() for name, a in arrays.items()}
    plain = {"i": T([1, 0, 2]), "b": T([True, False, True]), "k": T([True, False, True])}
    names = {"m": package, "np": np, "T": T, "F": F, **leaves, **plain}
    try:
        if " := " in text:
            key, value = text.split(" := ")
            target = names["x"] * 1
            y = names["y"] = target
            exec(f"y[{key}] = {value}", names)
        else:
            y = eval(text, names)
    except ERRORS as error:
        return next(kind for kind in ERRORS if isinstance(error, kind))
    found = [y.detach().numpy()]
    if y.requires_grad:
        g = np.random.default_rng(0).uniform(0.5, 1.5, tuple(y.shape))
        try:
            y.backward(T(g).reshape(y.shape))
        except RuntimeError:
            assert package is torch  # which has no gradient of some of these
            return found
        found += [np.zeros(a.shape) if leaves[n].grad is None else leaves[n].grad.numpy() for n, a in arrays.items()]
    return [np.array(a) for a in found]


DIFFERENCES = {
    "T([0, 0]) := x[0]": "the last write wins, and it alone gets a gradient",
    "s.take_along_dim(T(0), 0)": "a 0-d tensor counts as 1-d, as in gather",
    'z.scatter_reduce(0, T([0, 0, 0]), z, "amin", include_self=False)': "what takes no part isn't a tie",
    'F.embedding_bag(T([0, 1, 2, 3]), W, T([0, 2, 3]), mode="sum", include_last_offset=True)': (
        "what lies behind the last bag gets no gradient"
    ),
}


READ = [f"x[{index}]" for index in listed(INDICES)]
WRITTEN = [f"{index} := {value}" for index in listed(INTO) for value in listed(VALUES)]
WITHIN = r"^([vAsi])\.(scatter\w*|index_(?:add|copy|fill|put|reduce)|masked_(?:fill|scatter)|put)\("
IN_PLACE = [
    re.sub(WITHIN, r"(\1 * 1).\2_(", text)
    for text in listed(CALLS)
    if re.match(WITHIN, text) and text not in DIFFERENCES
]


@pytest.mark.parametrize("text", READ + WRITTEN + listed(CALLS) + IN_PLACE)
def test_it_does_what_pytorch_does(text):
    if text in DIFFERENCES:
        pytest.skip(DIFFERENCES[text])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got, want = outcome(tg, text), outcome(torch, text)
    if isinstance(want, type) or isinstance(got, type):
        assert got is want
        return
    assert got[0].dtype == want[0].dtype
    assert len(got) >= len(want)
    for a, b in zip(got, want, strict=False):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
