"""Arguments in every form that PyTorch takes: NumPy's integers and 0-d tensors as sizes and dims, keywords, dtypes.

And what it refuses, by the class of the error; and whose memory a result has.
"""

import warnings

import numpy as np
import pytest

import tinygrad_lab as tg
from tests.torch.beside import calls, compare
from tinygrad_lab import memory

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ARRAYS = {
    "x": np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]),
    "v": np.array([2.0, -1.0, 4.0]),
    "q": np.arange(9.0).reshape(3, 3) % 4,
    "image": np.arange(36.0).reshape(1, 4, 3, 3),
    "i": np.array([1, 2, 3]),
    "b": np.array([True, False, True]),
    "one": np.array(1),
    "half": np.array(0.5),
    "two": np.array([0, 1]),
}
NAMES = {"i64": np.int64, "i32": np.int32, "f32": np.float32, "array": np.array, "inf": np.inf, "nan": np.nan}


def beside(call, orders=1):
    compare(call, ARRAYS, orders, NAMES)


INTEGERS = calls(
    """
    x.sum(i64(1)) | x.mean(i32(0)) | x.amax(one) | x.amin(i64(-1)) | t.aminmax(x, dim=i64(1)).min | x.sum(one, True)
    (x > 0).any(i64(1)) | (x > 0).all(one) | t.count_nonzero(x, i64(0)) | x.nansum(i64(1)) | x.nanmean(one)
    x.max(i64(1)) | x.min(i32(0)) | x.max(i64(0), True) | F.max_pool1d(x, 2, i64(1)) | F.avg_pool1d(x, 2, i32(1))
    F.avg_pool2d(image, 2, i64(1), divisor_override=i64(3)) | F.max_pool2d(image, 2, i64(1))
    F.unfold(image, array([2, 2])) | F.adaptive_avg_pool2d(image, array([1, 2]))
    F.adaptive_avg_pool2d(image, one.expand(2)) | t.linalg.matrix_power(q, i64(2)) | t.linalg.matrix_power(q, one)
    t.linspace(0, 1, one + 2) | t.tensor_split(v, i32(2)) | x.topk(one, 1) | v.kthvalue(i64(2)) | x.tril(one - 1)
    x.roll(i64(1), one) | x.diff(one) | x.chunk(i64(2)) | x.narrow(1, one, i64(2)) | x.select(i64(1), one)
    """
)
NUMBERS = calls(
    """
    t.linalg.vector_norm(v, t.tensor(3.0)) | t.linalg.vector_norm(v, True) | t.linalg.vector_norm(v, f32(1))
    v.norm(one) | t.cdist(x, x + 1, one) | F.normalize(x, t.tensor(1.0)) | F.hardtanh(x, f32(-0.5), 0.5)
    x.clamp(f32(-0.5), 2) | t.lerp(x, x * 2, f32(0.25)) | v.quantile(f32(0.5)) | v.nanquantile(f32(0.25))
    """
)
KEYWORDS = calls(
    """
    F.one_hot(input=i, num_classes=4) | x.softmax(0, t.float64) | t.log_softmax(x, 1, t.float64)
    F.cosine_similarity(i, v, 0) | F.cosine_similarity(v, i, dim=0)
    F.cross_entropy(v, one.reshape(1), reduction="none") | F.nll_loss(v, one.reshape(1), reduction="none")
    F.gumbel_softmax(half * 0, hard=True) | ~b | ~i
    """
)
REFUSED = calls(
    """
    x.topk(2.0) | v.kthvalue(1.0) | x.tril(1.0) | x.triu(1.0) | x.roll(1.0, 0) | x.rot90(1.0) | x.diff(1.0)
    x.chunk(True) | x.split(True) | x.narrow(0, 0, True) | x.select(0, True) | F.one_hot(i, 4.0)
    t.tril_indices(2, 2, 1.0) | v.diag(True) | x.diagonal(True) | t.diag_embed(x, True) | F.embedding(two, q, 1.0)
    v.tensor_split(True) | x.sum("x") | x.sum(1.0) | x.reshape(-5, 1) | x.view(-3, 2) | x.unflatten(1, (-3,))
    t.isclose(x, x, nan) | t.allclose(x, x, atol=nan) | F.huber_loss(x, x, delta=nan) | F.pdist(x, nan)
    F.softshrink(x, inf) | F.softshrink(x, nan) | t.renorm(x, nan, 0, 1.0) | t.renorm(x, 2, 0, nan)
    F.cosine_similarity(x, x, eps=-1.0) | F.cosine_similarity(i, i, 0) | F.cross_entropy(v, two) | F.nll_loss(v, two)
    t.linalg.cross(half, half) | F.gumbel_softmax(v[:0], hard=True) | ~x | F.cross_entropy(x, two, v.float())
    F.nll_loss(x, two, i)
    """
)
UNIMPLEMENTED = calls(
    """
    i.softmax(0) | i.log_softmax(0) | i.logcumsumexp(0) | i.round(decimals=1) | i.bernoulli() | t.lerp(i, i, 0.5)
    F.mse_loss(i, i) | F.huber_loss(i, i) | F.smooth_l1_loss(i, i) | F.l1_loss(i, i)
    F.binary_cross_entropy(b.long(), b.double()) | F.binary_cross_entropy_with_logits(i, v) | F.soft_margin_loss(i, i)
    F.multi_margin_loss(i, one) | F.multilabel_margin_loss(i, i - 1) | F.multilabel_soft_margin_loss(i, i)
    F.unfold(image.long(), 2) | F.interpolate(image.long(), size=2) | t.linalg.vecdot(i, i)
    t.linalg.eigvalsh(q.long()) | b.median() | b.kthvalue(1) | b.topk(1) | b.argmax() | b.argmin() | t.trace(b[None])
    t.isin(b, b) | b - b | t.searchsorted(b, b) | t.bucketize(b, b) | t.linalg.cholesky(q.long()) | t.randn_like(i)
    F.mse_loss(b, b)
    """
)
BOOLS = calls(
    """
    b.max(0) | b.min(0, True) | b[0].max(0) | b[0].kthvalue(1) | b[:0].median() | b[:0].nanmedian() | b.sort()
    t.searchsorted(b, b[:0]) | t.bucketize(b[:0], b) | b.clamp(0, 1) | b.cumsum(0) | b.amax()
    """
)
DERIVATIVES = calls(
    """
    t.lgamma(v * 1e-200) | t.lgamma(-v * 1e-300) | F.cross_entropy(v, one.reshape(1))
    """
)


@pytest.mark.parametrize("call", INTEGERS)
def test_an_integer_of_any_kind(call):
    beside(call)


@pytest.mark.parametrize("call", NUMBERS + KEYWORDS + BOOLS)
def test_an_argument_of_another_kind(call):
    beside(call)


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_refused(call):
    beside(call)


@pytest.mark.parametrize("call", UNIMPLEMENTED)
def test_a_dtype_that_is_not_implemented(call):
    beside(call)


@pytest.mark.parametrize("call", DERIVATIVES)
def test_derivatives_at_an_edge(call):
    beside(call, orders=2)


def test_a_number_0_as_exponent_has_no_gradient_anywhere():
    compare("w ** 0", {"w": np.array([np.inf, -np.inf, np.nan, 0.0, -2.0])}, orders=2)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
@pytest.mark.parametrize("name", ["mean", "var"])
def test_the_gradient_of_nothing_is_zero_in_its_cotangent(name, shape):
    found = []
    for library in (tg, torch):
        x = library.zeros(*shape, requires_grad=True)
        g = library.ones((), requires_grad=True)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's, of degrees of freedom
            (d,) = library.autograd.grad(getattr(x, name)(), x, g, create_graph=True)
            (dd,) = library.autograd.grad(d, g, library.ones(*shape))
        found.append((tuple(d.shape), dd.item()))
    assert found[0] == found[1] == (shape, 0)


ITSELF = """
    i.long() | b.bool() | x.flatten(1) | v.flatten() | x.double() | x.contiguous() | t.broadcast_tensors(x, v)[0]
    t.cartesian_prod(v) | t.atleast_2d(x) | x.to(x) | F.dropout(x, 0.5, False) | x.type_as(v) | x.cpu()
"""
VIEWS = """
    x.expand(2, 3) | x.expand(-1, -1) | x.expand(1, 2, 3) | x.expand_as(x) | x.broadcast_to(2, 3) | v.expand(1, 1, 3)
    t.meshgrid(v, indexing="ij")[0] | half.expand(1, 1) | x.T | x[...] | x.detach() | x.view_as(x)
    x.mT.expand(1, 3, 2)
"""
COPIES = """
    v.diff(n=0) | F.pixel_shuffle(image, 1) | F.pixel_unshuffle(image, 1) | F.pixel_shuffle(image[..., :1, :1], 2)
    F.channel_shuffle(image, 1) | F.channel_shuffle(image, 4) | half.sum_to_size(()) | x.clone() | F.relu(x)
    t.cat([x]) | x.repeat(1, 1) | x.roll(0) | F.pad(x, (0, 0)) | F.dropout(x, 0.0) | x.round() | i.round() | i.abs()
    x.nan_to_num()
"""


def operands(library):
    return {k: library.tensor(a) for k, a in ARRAYS.items()} | {"t": library, "F": library.nn.functional}


def owner(y):
    return y.untyped_storage().data_ptr() if isinstance(y, torch.Tensor) else id(memory.owner(y.array))


@pytest.mark.parametrize("call", calls(ITSELF) + calls(VIEWS) + calls(COPIES))
def test_whose_memory_a_result_has(call):
    found = []
    for library in (tg, torch):
        given = operands(library)
        tensors = {k: v for k, v in given.items() if isinstance(v, tg.Tensor | torch.Tensor)}
        y = eval(call, dict(given))
        same = [k for k, v in tensors.items() if y is v]
        shares = [k for k, v in tensors.items() if owner(y) == owner(v)]
        if y.dtype not in (np.bool_, torch.bool):
            y.mul_(2)  # which a view passes on
        found.append((same, shares, {k: v.tolist() for k, v in tensors.items()}))
    assert found[0] == found[1]


def test_sum_to_size_of_a_bool():
    x = np.array(True)
    got, want = tg.tensor(x).sum_to_size(()), torch.tensor(x).sum_to_size(())
    assert (got.item(), str(got.dtype)) == (want.item(), str(want.dtype)[6:])


def test_the_default_distance_is_a_module():
    mine, its = tg.nn.TripletMarginWithDistanceLoss(), torch.nn.TripletMarginWithDistanceLoss()
    assert repr(mine) == repr(its)
