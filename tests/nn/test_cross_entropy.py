"""The softmax cross-entropy: three ways that agree, every option against NumPy, and its errors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F

# -------------------------------------------------------------------------------------------- three ways, one loss


def layer_by_layer(s, t):
    """As the reports have it: exponentials, divided by their sum; the logarithm; the target's is picked."""
    e = s.exp()
    p = e / e.sum(1, keepdim=True)
    return -p.log().gather(1, t.unsqueeze(1)).squeeze(1)


def from_primitives(s, t):
    """logsumexp(s) - s_t."""
    return s.logsumexp(1) - s.gather(1, t.unsqueeze(1)).squeeze(1)


def fused(s, t):
    """The op behind `cross_entropy`."""
    return F.cross_entropy(s, t, reduction="none")


def value_and_derivatives(way, logits, labels, g, v):
    """The losses, their gradient with the cotangent g, and the derivative of that gradient along v."""
    s, t = tg.tensor(logits, requires_grad=True), tg.tensor(labels)
    with np.errstate(all="ignore"):
        losses = way(s, t)
        (d,) = tg.autograd.grad(losses, s, tg.tensor(g), create_graph=True)
        (h,) = tg.autograd.grad(d, s, tg.tensor(v))
    return losses.detach().numpy(), d.detach().numpy(), h.numpy()


def exact(logits, labels, g, v):
    """The same from the formulas, in long double: p = softmax(s), g (p - e_t), g p (v - p v)."""
    s = logits.astype(np.longdouble)
    n = np.arange(len(s))
    e = np.exp(s - s.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    losses = np.log(e.sum(1)) + s.max(1) - s[n, labels]
    d = p.copy()
    d[n, labels] -= 1
    return losses, g[:, None] * d, g[:, None] * p * (v - (p * v).sum(1, keepdims=True))


@st.composite
def problems(draw, limit, minus_infinity):
    """Logits up to `limit`, labels, a cotangent and a direction; -inf off the target, if it is asked for."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    logits = draw(hnp.arrays(np.float64, (n, k), elements=st.floats(-limit, limit, width=32)))
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, k - 1)))
    if minus_infinity:
        masked = draw(hnp.arrays(np.bool_, (n, k)))
        masked[np.arange(n), labels] = False
        logits[masked] = -np.inf
    some = st.floats(-2, 2, width=16)
    g = draw(hnp.arrays(np.float64, n, elements=some))
    return logits, labels, g, draw(hnp.arrays(np.float64, (n, k), elements=some))


@settings(deadline=None)
@given(problems(limit=400, minus_infinity=False))
def test_three_ways_agree_where_the_first_is_finite(problem):
    logits = problem[0]
    first = value_and_derivatives(layer_by_layer, *problem)
    probabilities = np.exp(logits - logits.max(1, keepdims=True))
    finite = probabilities.min(1) > 1e-150  # below, 1 / p^2 overflows on the way
    assert all(np.isfinite(a[finite]).all() for a in first)
    for way in (from_primitives, fused):
        for a, b in zip(value_and_derivatives(way, *problem), first):
            np.testing.assert_allclose(a[finite], b[finite], rtol=1e-9, atol=1e-12)


@example((np.array([[1e4, -1e4, 0], [0, 1e4, 1e4]]), np.array([1, 0]), np.ones(2), np.eye(3)[:2]))
@example((np.array([[-np.inf, 0, -np.inf], [3, -np.inf, 1e4]]), np.array([1, 0]), np.ones(2), np.eye(3)[:2]))
@settings(deadline=None)
@given(problems(limit=1e4, minus_infinity=True))
def test_the_other_two_are_right_at_extreme_logits(problem):
    expected = exact(*problem)
    for way in (from_primitives, fused):
        for a, b in zip(value_and_derivatives(way, *problem), expected):
            np.testing.assert_allclose(a, b.astype(np.float64), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_way_fails_where_the_others_do_not(dtype):
    s, t = np.array([[1000.0, 0, 0]], dtype), np.array([1])
    one, v = np.ones(1, dtype), np.ones((1, 3), dtype)
    assert not np.isfinite(value_and_derivatives(layer_by_layer, s, t, one, v)[0]).any()
    for way in (from_primitives, fused):
        losses, d, _ = value_and_derivatives(way, s, t, one, v)
        assert losses.tolist() == [1000]
        assert d.tolist() == [[1, -1, 0]]
        assert losses.dtype == d.dtype == dtype


# ------------------------------------------------------------------------------------- every option, against NumPy


def rows_of(x, shape):
    """`(n, c, *)` or `(c,)` as rows of classes."""
    return np.moveaxis(x, 1, -1).reshape(-1, shape[1]) if len(shape) > 1 else x.reshape(1, -1)


def reference(x, t, weight, ignore_index, reduction, smoothing):
    """From the definition: -sum_c w_c q_c ln p_c with the smoothed target q, and its gradient by softmax's Jacobian."""
    c = x.shape[1] if x.ndim > 1 else x.shape[0]
    w = np.ones(c) if weight is None else weight
    s = rows_of(x, x.shape)
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    if t.shape == x.shape:
        q, counted, keep = rows_of(t, x.shape), np.ones(len(s)), np.ones(len(s))
    else:
        labels = t.reshape(-1)
        keep = labels != ignore_index
        q = np.eye(c)[np.where(keep, labels, 0)] * keep[:, None]
        counted = w[np.where(keep, labels, 0)] * keep
    q = w * (q * (1 - smoothing) + smoothing / c * keep[:, None])
    losses = -(q * np.log(p)).sum(1)
    d = p * q.sum(1, keepdims=True) - q
    with np.errstate(invalid="ignore"):
        share = {"none": 1.0, "sum": 1.0, "mean": 1 / counted.sum() if counted.any() else math.nan}[reduction]
    shape = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    d = d * (0 if math.isnan(share) else share)
    d = np.moveaxis(d.reshape(*shape, c), -1, 1) if x.ndim > 1 else d.reshape(c)
    return (losses.reshape(shape) if reduction == "none" else losses.sum() * share), d


SHAPES = [(5,), (4, 3), (1, 1), (2, 3, 4), (2, 3, 2, 2)]
OPTIONS = list(itertools.product(SHAPES, ["mean", "sum", "none"], [False, True], [0.0, 0.1, 1.0]))


@pytest.mark.parametrize(("shape", "reduction", "weighted", "smoothing"), OPTIONS)
@pytest.mark.parametrize("target", ["labels", "some ignored", "all ignored", "probabilities"])
def test_every_option(shape, reduction, weighted, smoothing, target):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    c = shape[1] if len(shape) > 1 else shape[0]
    samples = shape[:1] + shape[2:] if len(shape) > 1 else ()
    t, ignore_index = np.asarray(rng.integers(0, c, samples)), -100
    if target == "some ignored":
        ignore_index = 1
    elif target == "all ignored":
        t, ignore_index = np.full(samples, 255), 255
    elif target == "probabilities":
        t = rng.random(shape)
    weight = rng.random(c) if weighted else None
    value, d = reference(x, t, weight, ignore_index, reduction, smoothing)

    logits = tg.tensor(x, requires_grad=True)
    criterion = nn.CrossEntropyLoss(
        None if weight is None else tg.tensor(weight),
        ignore_index=ignore_index,
        reduction=reduction,
        label_smoothing=smoothing,
    )
    y = criterion(logits, tg.tensor(t))
    np.testing.assert_allclose(y.detach(), value, rtol=1e-12)
    y.backward(tg.ones_like(y))
    np.testing.assert_allclose(logits.grad, d, rtol=1e-11, atol=1e-14)

    if smoothing == 0 and target != "probabilities":
        log_p = F.log_softmax(logits, min(1, x.ndim - 1))
        nll = nn.NLLLoss(criterion.weight, ignore_index=ignore_index, reduction=reduction)(log_p, tg.tensor(t))
        np.testing.assert_allclose(nll.detach(), value, rtol=1e-12)


def test_the_common_case_is_the_fused_op_and_a_mean():
    x = tg.ones(4, 3, requires_grad=True)
    node, names = F.cross_entropy(x, tg.tensor([0, 1, 2, 0])).grad_fn, []
    while node is not None:
        names.append(getattr(node.op, "name", "leaf"))
        node = next(iter(node.inputs), None)
    assert names == ["mean", "cross_entropy", "leaf"]


def test_gradient_reaches_probabilities_and_weight():
    x = tg.tensor([[1.0, 2.0, 0.5]])
    t = tg.tensor([[0.2, 0.3, 0.5]], requires_grad=True)
    w = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    F.cross_entropy(x, t, w).backward()
    log_p = x.numpy() - np.log(np.exp(x.numpy()).sum())
    np.testing.assert_allclose(t.grad, -log_p * w.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(w.grad, -(log_p * t.detach().numpy())[0], rtol=1e-6)


def test_a_logit_of_minus_infinity_off_the_target():
    for target in (tg.tensor([0]), tg.tensor([[1.0, 0.0, 0.0]])):
        x = tg.tensor([[1.0, -np.inf, 2.0]], requires_grad=True)
        y = F.cross_entropy(x, target)
        y.backward()
        p = np.exp([1.0, -np.inf, 2.0]) / (np.exp(1) + np.exp(2))
        np.testing.assert_allclose(y.item(), -np.log(p[0]), rtol=1e-6)
        np.testing.assert_allclose(x.grad, [p - [1, 0, 0]], rtol=1e-6)


def test_labels_of_every_integer_dtype_and_plain_arrays():
    x = tg.tensor([[1.0, 2.0, 0.5], [0.1, 0.2, 0.3]])
    expected = F.cross_entropy(x, tg.tensor([2, 0])).item()
    for kind in "bhilBHIL":
        assert F.cross_entropy(x, tg.tensor(np.array([2, 0], kind))).item() == expected
    assert F.cross_entropy(x, np.array([2, 0])).item() == expected
    assert F.cross_entropy(x, tg.tensor(np.array([7, 2, 7, 0])[1::2])).item() == expected, "a view with strides"


def test_an_empty_batch():
    x, t = tg.zeros(0, 3, requires_grad=True), tg.zeros(0, dtype=np.int64)
    assert math.isnan(F.cross_entropy(x, t).item())
    assert F.cross_entropy(x, t, reduction="sum").item() == 0
    assert F.cross_entropy(x, t, reduction="none").shape == (0,)


# --------------------------------------------------------------------------------------------------------- errors

X = tg.zeros(3, 4)


@pytest.mark.parametrize(
    ("error", "text", "call"),
    [
        (IndexError, "target 4 is out of range for 4 classes: expected 0 to 3, or ignore_index=-100", [0, 1, 4]),
        (IndexError, "target -1 is out of range for 4 classes", [0, -1, 1]),
        (ValueError, r"takes class indices of shape \(3,\).*target has shape \(2,\)", [0, 1]),
        (ValueError, r"target has shape \(\)", 1),
        (RuntimeError, r"takes class indices of shape \(3,\).*target has shape \(3, 2\)", [[0, 1], [1, 2], [0, 0]]),
        (RuntimeError, "class indices, which must be integers, not float32", [0.0, 1.0, 2.0]),
        (RuntimeError, "class indices, which must be integers, not bool", [True, False, True]),
        (RuntimeError, "class probabilities, which must be floating, not int64", np.zeros((3, 4), np.int64)),
    ],
)
def test_targets_that_do_not_fit(error, text, call):
    with pytest.raises(error, match=text):
        F.cross_entropy(X, tg.tensor(call))
    if not isinstance(call, np.ndarray):
        with pytest.raises(error, match=text):
            F.nll_loss(X, tg.tensor(call))


def test_images_and_labels_that_do_not_fit():
    with pytest.raises(RuntimeError, match=r"takes class indices of shape \(2, 4\).*target has shape \(2, 5\)"):
        F.cross_entropy(tg.zeros(2, 3, 4), tg.zeros(2, 5, dtype=np.int64))


@pytest.mark.parametrize("x", [tg.tensor(1.0), tg.zeros(1, 2, dtype=np.int64)])
def test_logits_that_cannot_be(x):
    with pytest.raises(RuntimeError, match="input must be floating and have a dimension for the classes; it has shape"):
        F.cross_entropy(x, tg.tensor([1]))


def test_settings_that_do_not_fit():
    t = tg.tensor([0, 1, 2])
    with pytest.raises(
        RuntimeError, match=r"either for all 4 classes or no classes but got weight tensor of shape: \(3,\)"
    ):
        F.cross_entropy(X, t, tg.ones(3))
    with pytest.raises(RuntimeError, match="either for all 4 classes"):
        F.cross_entropy(X, tg.ones(3, 4), tg.ones(3))
    with pytest.raises(RuntimeError, match=r"label_smoothing must be between 0.0 and 1.0. Got: 1.5"):
        F.cross_entropy(X, t, label_smoothing=1.5)
    with pytest.raises(RuntimeError, match="ignore_index is not supported for a target of class probabilities"):
        F.cross_entropy(X, tg.ones(3, 4), ignore_index=1)
    with pytest.raises(ValueError, match="avg is not a valid value for reduction"):
        F.cross_entropy(X, t, reduction="avg")
    with pytest.raises(ValueError, match="avg is not a valid value for reduction"):
        F.cross_entropy(X, t, tg.ones(4), reduction="avg")


def test_the_weight_is_a_buffer():
    assert list(nn.CrossEntropyLoss(tg.ones(3)).state_dict()) == ["weight"]
    assert not nn.CrossEntropyLoss().state_dict()
