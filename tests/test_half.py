"""float16: computed in float32 and rounded once, where values in between would lose digits or overflow."""

import pickle

import numpy as np
import pytest

import tinygrad_lab as tg

F = tg.nn.functional
RANDOM = np.random.default_rng(0)
LARGE = (300 * RANDOM.standard_normal((4, 8, 6))).astype(np.float16)  # squares overflow
SMALL = (1e-4 * RANDOM.standard_normal((4, 8, 6))).astype(np.float16)  # squares vanish
LEVEL = (300 + RANDOM.standard_normal((4, 8, 600))).astype(np.float16)  # sums overflow
MANY = RANDOM.uniform(0, 0.2, (4, 8, 3000)).astype(np.float16)  # sums lose digits
ONE = np.ones(6, np.float16)

FUNCTIONS = {
    "sum": lambda x: tg.sum(x, 0),
    "sum of rows": lambda x: tg.sum(x * 0.125, -1),
    "mean": lambda x: tg.mean(x),
    "var": lambda x: tg.var(x / 2, -1),
    "std": lambda x: tg.std(x, 0),
    "cumsum": lambda x: tg.cumsum(x * 0.125, -1),
    "logcumsumexp": lambda x: tg.logcumsumexp(x, -1),
    "logsumexp": lambda x: tg.logsumexp(x, (0, 2)),
    "softmax": lambda x: tg.softmax(x, -1),
    "log_softmax": lambda x: tg.log_softmax(x, 0),
    "vector_norm": lambda x: tg.linalg.vector_norm(x, 2, -1),
    "vector_norm 3": lambda x: tg.linalg.vector_norm(x, 3, 1),
    "dist": lambda x: tg.dist(x[0], x[1]),
    "normalize": lambda x: F.normalize(x, dim=1),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "rms_norm": lambda x: F.rms_norm(x, x.shape[-1:]),
    "group_norm": lambda x: F.group_norm(x, 2),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "instance_norm": lambda x: F.instance_norm(x),
    "avg_pool1d": lambda x: F.avg_pool1d(x, 3) / 4,
    "adaptive_avg_pool1d": lambda x: F.adaptive_avg_pool1d(x, 4),
    "matmul": lambda x: tg.matmul(x / 64, x.mT / 64),
    "silu": lambda x: F.silu(x),
    "gelu": lambda x: F.gelu(x),
    "l1_loss": lambda x: F.l1_loss(x, -x),
    "addcmul": lambda x: tg.addcmul(x, x, x, value=1e-3),
    "attention": lambda x: F.scaled_dot_product_attention(x, x, x),
}


@pytest.mark.parametrize("x", [LARGE, SMALL, LEVEL, MANY], ids=["large", "small", "level", "many"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_the_rounded_result_of_wider_arithmetic(name, x):
    f = FUNCTIONS[name]
    half, double = tg.tensor(x, requires_grad=True), tg.tensor(x.astype(np.float64))
    want = f(double)
    if name == "rms_norm":  # whose eps is that of the dtype
        want = F.rms_norm(double, x.shape[-1:], eps=float(np.finfo(np.float32).eps))
    y = f(half)
    assert y.dtype == np.float16
    scale = float(abs(want.array).max())
    atol = max(1e-3 * scale, 6e-8)  # below which float16 has no number
    np.testing.assert_allclose(y.numpy(force=True).astype(np.float64), want.numpy(), rtol=2e-3, atol=atol)
    y.backward(tg.ones_like(y) / 64)
    assert half.grad.dtype == np.float16
    assert np.isfinite(half.grad.numpy()).all()


def test_weights_of_float32_go_with_float16():
    x = tg.tensor(LARGE)
    weight = tg.tensor(ONE.astype(np.float32))
    y = F.layer_norm(x, (6,), weight, weight)
    assert y.dtype == np.float16
    np.testing.assert_array_equal(y.numpy(), F.layer_norm(x, (6,), weight.half(), weight.half()).numpy())


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_other_dtypes_of_weights_are_refused(dtype):
    x = tg.tensor(LARGE.astype(dtype))
    weight = tg.tensor(ONE.astype(np.float64 if dtype == np.float32 else np.float32))
    with pytest.raises(RuntimeError, match=f"layer_norm: a weight, .* {weight.dtype} .* {x.dtype}"):
        F.layer_norm(x, (6,), weight)
    assert F.rms_norm(x, (6,), weight).dtype == dtype


def test_the_running_statistics_of_float16_are_used_in_float32():
    x, mean, var = (tg.tensor(np.full(s, v, np.float16)) for s, v in (((3, 2), 6e4), ((2,), -3e4), ((2,), 6e4)))
    y = F.batch_norm(x, mean, var, eps=0.0)
    np.testing.assert_array_equal(y.numpy(), np.full((3, 2), 9e4 / np.sqrt(6e4 // 32 * 32), np.float16))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int64])
def test_a_number_of_a_wider_dtype_does_not_widen(dtype):
    x, one = tg.tensor(ONE, requires_grad=True), tg.tensor(np.ones((), dtype))
    for y in (x + one, one * x, tg.maximum(x, one), tg.where(x > 0, one, x)):
        assert y.dtype == np.float16
    (x / one).sum().backward()
    assert x.grad.dtype == np.float16
    vector = tg.ones(6, dtype=dtype)
    assert (x + vector).dtype == (dtype if np.dtype(dtype).kind == "f" else np.float16)


def test_what_is_recorded_is_the_conversion():
    x = tg.tensor(LARGE, requires_grad=True)
    assert [n.op.name for n in tg.graph.toposort([tg.mean(x)._node]) if n.op] == ["cast", "mean", "cast"]


def test_an_unpickled_array_is_no_exception():
    x = pickle.loads(pickle.dumps(np.full(3, 300, np.float16)))
    for t in (tg.from_numpy(x), tg.tensor(x), pickle.loads(pickle.dumps(tg.tensor(x)))):
        assert tg.linalg.vector_norm(t).item() == pytest.approx(300 * 3**0.5, rel=1e-3)
