"""Arrangements, joins, parts and diagonals beside PyTorch's own: what it makes, its gradient, and what it refuses."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.torch import beside  # noqa: E402  # it needs what the line above looks for

# x is (2, 3), v (4,), s 0-d, w (2, 3, 4), e (0, 2), i integers (2, 3); t is the package
CASES = """
x.view(size=(3, 2)) | x.view(shape=(3, 2)) | x.reshape(shape=(3, 2)) | t.reshape(input=x, shape=(-1,)) | x.reshape((6,))
x.T.view(6) | x.reshape(4, 2) | x.reshape(-1, -1) | e.reshape(0, -1) | e.reshape(-1) | x.reshape([3, -1]) | x.reshape(2., 3)
x.permute() | x.permute(dims=(1, 0)) | t.permute(x, (0, 0)) | t.permute(x, (0,)) | t.permute(x, (0, 5)) | s.permute(())
t.transpose(x, 0, 5) | t.transpose(x, 0., 1) | t.transpose(input=x, dim0=-1, dim1=0) | s.transpose(0, -1)
t.swapaxes(x, axis0=0, axis1=1) | t.swapdims(x, dim0=0, dim1=1) | x.swapaxes(0, 1) | x.swapdims(0, 1) | t.adjoint(x)
t.t(w) | t.t(v) | t.t(s) | x.t() | x.T | w.mT | v.mT | v.H | w.H | s.H | s.mH | v.mH | x.mH | x.adjoint() | v.adjoint()
t.squeeze(x, ()) | t.squeeze(x, (0, 0)) | t.squeeze(x[:1], (0, 1)) | t.squeeze(s) | t.squeeze(s, 0) | t.squeeze(x, 2)
t.unsqueeze(x, 1.) | t.unsqueeze(x, -3) | t.unsqueeze(x, 3) | t.unsqueeze(s, 0) | x.unsqueeze(dim=1)
x.expand(2, 2, 3) | x.expand(-1, 2, 3) | x.expand(3) | x.expand(-2, 3) | x.expand(size=(1, 2, 3)) | s.expand(2, 0) | x.expand()
x.broadcast_to((4, 2, 3)) | x.broadcast_to(4, 2, 3) | t.broadcast_to(x, size=(2, 3)) | x.expand_as(t.ones(2, 2, 3))
x.view_as(t.ones(6)) | x.reshape_as(t.ones(6)) | x.T.view_as(t.ones(6)) | t.ravel(s) | x.T.ravel() | t.flatten(w, 1) | t.flatten(w, 2, 1)
t.flatten(s) | x.flatten(start_dim=0, end_dim=-1) | t.flatten(e)
t.cat([t.tensor([]), i], 0) | t.cat([t.tensor([]), v]) | t.cat(x) | t.cat([1, 2]) | t.cat([]) | t.cat([s, s]) | t.cat([x, v])
t.cat([x, x[:, :2]]) | t.cat([x, i], dim=1) | t.cat((x, x), 1.) | t.cat([x, x], -1) | t.cat([x, x], 2) | t.concat([x, x]) | t.concatenate([x, i])
t.cat([i, i.bool()]) | t.cat([x.float(), x]) | t.stack([x, i]) | t.stack([x, v]) | t.stack([]) | t.stack([x, x], -1) | t.stack([x, x], 3)
t.stack([s, s]) | t.stack(tensors=(v, v), dim=1) | t.stack([e, e]) | t.stack(x)
t.split(x, 2, 1) | t.split(x, split_size_or_sections=[1, 1]) | x.split(split_size=1) | x.split(t.tensor(2)) | x.split([1, 2], dim=-1)
x.split([1, 3], 1) | x.split(-1) | x.split(0) | s.split(1) | t.split(e, 1) | t.split(x, [-1, 3]) | x.split_with_sizes([1, 1]) | x.split(1, 2)
t.chunk(x, 2, 1) | t.chunk(x, 0) | t.chunk(s, 1) | x.chunk(chunks=5, dim=1) | t.chunk(e, 3)
t.tril(v) | t.tril(s) | t.tril(w, -1) | t.triu(input=x, diagonal=1) | x.tril(9) | x.triu(-9) | x.tril(-9) | t.triu(i) | t.tril(e)
t.flip(x, [0, 0]) | t.flip(x, [2]) | x.flip(0, 1) | x.flip(-1) | t.flip(s, [0]) | t.flip(x, ()) | x.flip(dims=(0,)) | t.flip(e, (0,))
t.fliplr(x) | t.fliplr(v) | t.flipud(v) | t.flipud(s) | x.flipud()
t.roll(x, 1, 2) | t.roll(x, (1, 2)) | t.roll(x, (1, 2), 0) | t.roll(x, ()) | t.roll(s, 1, 0) | t.roll(x, 1, (0, 1)) | t.roll(s, 1)
t.roll(x, (1, 1), (0, 0)) | t.roll(e, 1, 0) | t.roll(x, shifts=-7) | t.roll(x, shifts=(2, -1), dims=(-1, 0)) | t.roll(w, 5, -1)
x.repeat(2) | x.repeat(2, -1) | x.repeat(0, 1) | x.repeat() | s.repeat(()) | s.repeat(3) | x.repeat(2, 1, 3) | x.repeat((1, 2)) | x.repeat(repeats=(2, 2))
t.tile(x, (2,)) | x.tile(2) | x.tile(2, 2) | x.tile((2,)) | x.tile(dims=(2,)) | x.tile() | t.tile(x, ()) | s.tile(2) | x.tile(2, 1, 1)
t.repeat_interleave(x, t.tensor([1, 2]), 0, output_size=3) | t.repeat_interleave(x, t.tensor([1, 2]), 0, output_size=4)
t.repeat_interleave(x, t.tensor([1, 2]), 1) | t.repeat_interleave(x, t.tensor([1., 2]), 0) | t.repeat_interleave(x, -1, 0)
t.repeat_interleave(x, t.tensor([1, -2]), 0) | t.repeat_interleave(t.tensor([1, 2])) | t.repeat_interleave(x, t.tensor([2]))
t.repeat_interleave(x, [1, 2], 0) | t.repeat_interleave(s, 2) | t.repeat_interleave(s, 2, 0) | t.repeat_interleave(x, t.tensor([[2]]))
t.repeat_interleave(x, t.tensor(2), 1) | t.repeat_interleave(x, 2, 2) | t.repeat_interleave(x, 2, 1, output_size=5) | x.repeat_interleave(3, dim=-1)
x.repeat_interleave(0, 1) | v.repeat_interleave(t.tensor([0, 2, 0, 1])) | t.repeat_interleave(e, 2, 1) | t.repeat_interleave(e, 3)
t.movedim(x, (0, 0), (0, 1)) | t.movedim(x, 0, 2) | t.movedim(s, 0, 0) | t.movedim(x, (), ()) | t.moveaxis(x, source=0, destination=1)
t.movedim(w, (0, 2), (-1, 0)) | t.movedim(w, (0, 1), (0,)) | w.movedim(-1, 0) | w.moveaxis((0,), (1,))
t.diagonal(s) | t.diagonal(v) | t.diagonal(x, 0, 0, 0) | t.diagonal(x, 5) | t.diagonal(x, -5) | t.diagonal(x, 0, 2, 1) | w.diagonal(dim1=-1, dim2=0, offset=1)
t.diag(s) | t.diag(w) | t.diag(v, -1) | t.diag(x, 1) | t.diag(x, diagonal=9) | t.diag_embed(s) | t.diag_embed(x, 1, 0, 2)
t.diag_embed(x, 0, 1, 1) | t.diag_embed(x, 0, 3, 1) | t.diag_embed(x, -1, 2, 0) | t.diagflat(s) | t.diagflat(x, offset=1) | t.diag_embed(e) | t.diag(e)
t.tril_indices(3, 3, 1) | t.tril_indices(-1, 3) | t.triu_indices(3, 2, -1) | t.tril_indices(0, 3) | t.tril_indices(3)
t.tril_indices(row=2, col=4, offset=-1) | t.triu_indices(2, 3, dtype=x.dtype)
t.unbind(s) | t.unbind(x, 1) | t.unbind(x, 2) | t.unbind(e) | x.unbind(dim=-1) | t.select(s, 0, 0) | t.select(x, 0, 2) | t.select(x, 2, 0)
t.select(x, -1, -3) | t.select(x, 0, t.tensor(1)) | t.select(x, 0, 1.0) | x.select(dim=0, index=1)
t.narrow(x, 1, t.tensor(1), 2) | t.narrow(x, 1, 3, 0) | t.narrow(x, 1, 4, 0) | t.narrow(x, 1, -1, 1) | t.narrow(x, 1, 0, -1) | s.narrow(0, 0, 1)
x.narrow(dim=1, start=0, length=2) | t.narrow(x, 1, t.tensor([1]), 2) | t.narrow(x, 1, -1, 2)
t.unflatten(x, 1, (3, 1)) | t.unflatten(x, 1, (-1, 3)) | t.unflatten(x, 1, (2, 2)) | t.unflatten(x, 1, ()) | t.unflatten(x, 1, (-1, -1))
t.unflatten(s, 0, (1,)) | t.unflatten(x, 2, (1,)) | t.unflatten(x, 1, (-1, 2)) | t.unflatten(e, 0, (-1, 0)) | t.unflatten(e, 0, (3, 0))
x.unflatten(dim=1, sizes=[3, 1]) | t.unflatten(x, 1, 3)
s.unfold(0, 1, 1) | s.unfold(0, 0, 1) | x.unfold(1, 0, 1) | x.unfold(1, 2, 0) | x.unfold(1, 4, 1) | x.unfold(1, -1, 1) | w.unfold(-1, 2, 1)
w.unfold(dimension=1, size=2, step=2) | v.unfold(0, 3, 2) | x.unfold(2, 1, 1) | w.unfold(2, 3, 1).unfold(1, 2, 1)
t.hstack([s, s]) | t.hstack([x, x]) | t.hstack([]) | t.hstack(x) | t.hstack([v, v]) | t.hstack([x, w]) | t.hstack([x, i])
t.vstack([s, s]) | t.vstack([x, x]) | t.vstack([]) | t.vstack((v, v)) | t.vstack([x, w]) | t.dstack([s, s]) | t.dstack([x, x]) | t.dstack([v, v])
t.column_stack([s, s]) | t.column_stack([v[:2], x]) | t.column_stack([v, v]) | t.column_stack([]) | t.row_stack([v, v])
t.meshgrid(s, v, indexing="ij") | t.meshgrid([v, v[:2], v[:3]], indexing="xy") | t.meshgrid(x, indexing="ij") | t.meshgrid(v, i[0], indexing="ij")
t.meshgrid(indexing="ij") | t.meshgrid(v, indexing="a") | t.meshgrid(v, indexing="xy")
t.block_diag(s, v, x) | t.block_diag() | t.block_diag(w) | t.block_diag(x, i) | t.block_diag([x]) | t.block_diag(e, x) | t.block_diag(e[0])
t.cartesian_prod(v) | t.cartesian_prod(v, v[:2]) | t.cartesian_prod(x, x) | t.cartesian_prod() | t.cartesian_prod(v, i[0])
t.combinations(v) | t.combinations(v, 3, True) | t.combinations(v, 0) | t.combinations(x) | t.combinations(v, 5) | t.combinations(v, -1) | t.combinations(v[:0])
t.combinations(input=v, r=2, with_replacement=True)
t.atleast_1d(s) | t.atleast_1d(s, x) | t.atleast_1d((s,)) | t.atleast_1d([s, x]) | t.atleast_3d(v, x, s, w) | t.atleast_2d() | t.atleast_2d(s) | t.atleast_3d(e)
t.broadcast_tensors(s, x) | t.broadcast_tensors() | t.broadcast_tensors([s, x]) | t.broadcast_tensors(v, v[:2]) | t.broadcast_tensors(x, x[:, :1])
t.broadcast_shapes((2, 1), (3,)) | t.broadcast_shapes((2, 1), (3, 3)) | t.broadcast_shapes() | t.broadcast_shapes((-1,), (3,)) | t.broadcast_shapes((2, 1), 4)
t.tensor_split(x, 2, 1) | t.tensor_split(x, (1, 2), 1) | t.tensor_split(x, t.tensor([1, 2]), 1) | t.tensor_split(x, t.tensor(2), 1) | t.tensor_split(x, 0)
t.tensor_split(x, t.tensor([[1]])) | t.tensor_split(s, 1) | t.tensor_split(x, (2, 1, -1, 9), 1) | t.tensor_split(x, t.tensor(1.)) | x.tensor_split(sections=2)
t.tensor_split(x, indices=(1,)) | t.tensor_split(x, 3, dim=2) | t.tensor_split(x, 5, dim=1) | t.tensor_split(x, []) | t.tensor_split(x, t.tensor([1]).int())
t.hsplit(x, 3) | t.hsplit(x, 2) | t.hsplit(s, 1) | t.hsplit(v, 2) | t.hsplit(x, (1,)) | t.hsplit(x, 0) | t.vsplit(v, 4) | t.vsplit(x, 2) | t.dsplit(x, 2)
t.dsplit(w, 2) | t.dsplit(w, 3) | t.hsplit(x, sections=3) | t.hsplit(x, indices=[1]) | w.dsplit((1, 2)) | x.vsplit((1,)) | x.hsplit(3)
t.rot90(x) | t.rot90(v) | t.rot90(x, 1, (0, 0)) | t.rot90(x, 1, (0, 2)) | t.rot90(x, 1, (0,)) | t.rot90(x, 1, [0, -2]) | x.rot90(3, [1, 0]) | w.rot90(-2, (1, 2))
x.new_zeros(3, 2) | i.new_zeros((3, 2)) | x.new_full((2,), 3) | i.new_full((2,), 3.5) | x.new_tensor([1, 2]) | x.new_tensor(3) | x.new_ones(size=(2,))
x.new_zeros() | x.new_full(2, 3) | x.new_zeros(()) | x.new_zeros(2, dtype=i.dtype) | i.new_ones(2) | i.new_tensor([[1.5, 2]])
x.size(-1) | x.size(5) | x.stride() | w.mT.stride() | x.stride(0) | x.element_size() | x.is_contiguous() | x.T.is_contiguous() | t.numel(x) | t.is_floating_point(i)
x.is_floating_point() | x.cpu() | x.type(i.dtype) | x.numel() | x.dim() | x.size()
"""  # noqa: E501  # a table
RNG = np.random.default_rng(0)
SHAPES = {"x": (2, 3), "v": (4,), "s": (), "w": (2, 3, 4), "e": (0, 2)}
ARRAYS = {name: np.asarray(RNG.standard_normal(shape)) for name, shape in SHAPES.items()}
ARRAYS["i"] = RNG.integers(-5, 5, (2, 3))


@pytest.mark.parametrize("call", beside.calls(CASES))
def test_it_is_what_pytorch_makes(call):
    beside.compare(call, ARRAYS)


WRITES = """
y.diagonal() | y.diagonal(1) | y.unfold(1, 2, 2) | y.select(1, 0) | y.movedim(0, 1) | y.narrow(1, 1, 2) | y.T | y.mT
y.unflatten(1, (2, 2))[:, 0] | y.tensor_split(2)[0] if t is tg else y[:2] | y.t().diagonal(-1) | y.ravel()[::2] | y.squeeze() | y.swapaxes(0, 1)
y.view(4, 3)[1] | y.transpose(0, 1)[0] | y.reshape(2, 6)[0] | y.unsqueeze(0)[0, 1] | y.flatten()[3:] | y.permute(1, 0)[1:3]
y.flip(0) | y.repeat(1, 1) | y.roll(0, 0) | y.rot90(4) | y.rot90(1) | y.repeat_interleave(1, 0) | y.tile((1,)) | t.diag(y) | y.tril() | t.cat([y])
"""  # noqa: E501  # a table


@pytest.mark.parametrize("look", beside.calls(WRITES))
def test_what_is_written_to_a_view_reaches_its_base_and_a_copy_does_not(look):
    results = []
    for library in (tg, torch):
        x = library.tensor(np.arange(1.0, 13).reshape(3, 4), requires_grad=True)
        y = x * 1
        part = eval(look, {"y": y, "t": library, "tg": tg})
        part *= x.sum()
        (y * y).sum().backward()
        results.append((y.detach().numpy(), x.grad.numpy()))
    (y, d), (z, e) = results
    np.testing.assert_allclose(y, z)
    np.testing.assert_allclose(d, e)
