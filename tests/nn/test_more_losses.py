"""Losses with margins, of distributions, distances and unknown alignments: against formulas in NumPy, and errors."""

import itertools
import math
import re

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn import functional as F

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((2, 3, 4))
P, Q = rng.random((2, 3, 4))
W = rng.random(4)
C = np.array([3, 0, 2])
MANY = np.array([[3, 0, -1, 1], [-1, 2, 2, 2], [0, 1, 2, 3]])
ROWS, SIGN = np.array([1, -1, 1]), rng.choice((-1, 1), (3, 4))
COS = (X * Y).sum(1) / np.sqrt((X * X).sum(1) * (Y * Y).sum(1))


def hinge(x):
    return np.maximum(x, 0)


def length(x, p=2):
    return (np.abs(x + 1e-6) ** p).sum(-1) ** (1 / p)


def margins(x, labels, p=1, margin=1.0, weight=None):
    """Class by class and sample by sample."""
    return [
        sum(
            (1 if weight is None else weight[y]) * max(0, margin - row[y] + row[i]) ** p
            for i in range(len(row))
            if i != y
        )
        / len(row)
        for row, y in zip(x, labels, strict=True)
    ]


def label_margins(x, labels):
    losses = []
    for row, line in zip(x, labels.tolist(), strict=True):
        right = list(itertools.takewhile(lambda y: y >= 0, line))
        others = [i for i in range(len(row)) if i not in right]
        losses.append(sum(max(0, 1 - row[y] + row[i]) for y in right for i in others) / len(row))
    return losses


D = X - Y
CASES = {
    "smooth l1": (nn.SmoothL1Loss(beta=0.5), (X, Y), np.where(abs(D) < 0.5, D * D, abs(D) - 0.25)),
    "smooth l1, beta 0": (nn.SmoothL1Loss(beta=0.0), (X, Y), abs(D)),
    "huber": (nn.HuberLoss(delta=0.5), (X, Y), np.where(abs(D) < 0.5, D * D / 2, 0.5 * (abs(D) - 0.25))),
    "kl": (nn.KLDivLoss(), (X, P), P * (np.log(P) - X)),
    "kl of logarithms": (nn.KLDivLoss(log_target=True), (X, Y), np.exp(Y) * (Y - X)),
    "gaussian": (
        nn.GaussianNLLLoss(full=True),
        (X, Y, P),
        (np.log(P) + D * D / P + math.log(2 * math.pi)) / 2,
    ),
    "gaussian, one variance a row": (nn.GaussianNLLLoss(), (X, Y, P[:, 0]), (np.log(P[:, :1]) + D * D / P[:, :1]) / 2),
    "poisson": (nn.PoissonNLLLoss(), (X, P), np.exp(X) - P * X),
    "poisson of rates": (nn.PoissonNLLLoss(log_input=False), (P, Q), P - Q * np.log(P + 1e-8)),
    "poisson, full": (
        nn.PoissonNLLLoss(full=True),
        (X, P + 2),
        np.exp(X) - (P + 2) * X + (P + 2) * np.log(P + 2) - P - 2 + np.log(2 * np.pi * (P + 2)) / 2,
    ),
    "ranking": (nn.MarginRankingLoss(0.3), (X, Y, SIGN), hinge(-SIGN * D + 0.3)),
    "hinge embedding": (nn.HingeEmbeddingLoss(0.5), (P, SIGN), np.where(SIGN > 0, P, hinge(0.5 - P))),
    "cosine embedding": (
        nn.CosineEmbeddingLoss(0.1),
        (X, Y, ROWS),
        np.where(ROWS > 0, 1 - COS, hinge(COS - 0.1)),
    ),
    "soft margin": (nn.SoftMarginLoss(), (X, SIGN), np.log(1 + np.exp(-SIGN * X))),
    "triplet": (nn.TripletMarginLoss(p=3), (X, Y, P), hinge(length(D, 3) - length(X - P, 3) + 1)),
    "triplet, swapped": (
        nn.TripletMarginLoss(swap=True),
        (X, Y, P),
        hinge(length(D) - np.minimum(length(X - P), length(Y - P)) + 1),
    ),
    "triplet with a distance": (
        nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(-1), margin=2.0),
        (X, Y, P),
        hinge(abs(D).sum(1) - abs(X - P).sum(1) + 2),
    ),
    "classes": (nn.MultiMarginLoss(), (X, C), margins(X, C)),
    "classes, squared": (nn.MultiMarginLoss(2, 0.5, tg.tensor(W)), (X, C), margins(X, C, 2, 0.5, W)),
    "several classes": (nn.MultiLabelMarginLoss(), (X, MANY), label_margins(X, MANY)),
    "several classes, soft": (
        nn.MultiLabelSoftMarginLoss(tg.tensor(W)),
        (X, Q),
        -(W * (Q * np.log(1 / (1 + np.exp(-X))) + (1 - Q) * np.log(1 / (1 + np.exp(X))))).mean(1),
    ),
    "cosine": (nn.CosineSimilarity(), (X, Y), COS),
    "distance": (nn.PairwiseDistance(3), (X, Y), length(D, 3)),
}


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients(name):
    module, inputs, losses = CASES[name]
    tensors = [tg.tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs]
    if hasattr(module, "reduction"):
        module.reduction = "none"
    y = module(*tensors)
    np.testing.assert_allclose(y.detach(), losses, rtol=1e-10, atol=1e-14)
    g = rng.standard_normal(y.shape)
    leaves = [t for t in tensors if t.requires_grad]
    for leaf, found in zip(leaves, tg.autograd.grad(y, leaves, tg.tensor(g)), strict=True):
        step = rng.standard_normal(leaf.shape)
        ends = []
        for h in (1e-6, -1e-6):
            moved = [tg.tensor(t.detach().numpy() + h * step) if t is leaf else t.detach() for t in tensors]
            ends.append((module(*moved).numpy() * g).sum())
        np.testing.assert_allclose((found.numpy() * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-8)
    if hasattr(module, "reduction"):
        for reduction, reduce in (("mean", np.mean), ("sum", np.sum)):
            module.reduction = reduction
            np.testing.assert_allclose(module(*tensors).item(), reduce(losses), rtol=1e-10)
    single = module.float()(*(tg.tensor(a, dtype=np.float32 if a.dtype.kind == "f" else None) for a in inputs))
    assert single.dtype == np.float32


def test_batchmean_divides_by_the_batch():
    y = F.kl_div(tg.tensor(X), tg.tensor(P), reduction="batchmean")
    np.testing.assert_allclose(y.item(), (P * (np.log(P) - X)).sum() / 3)
    t = tg.tensor([0.0, 1.0], requires_grad=True)
    F.kl_div(tg.tensor([-1.0, -2.0]), t, reduction="sum").backward()
    assert np.isfinite(t.grad.numpy()).all()


def test_weights_of_squares_divide_the_mean():
    x, y, w = tg.tensor(X), tg.tensor(Y), tg.tensor(P)
    np.testing.assert_allclose(F.mse_loss(x, y, weight=w).item(), (P * D * D).sum() / P.sum())
    np.testing.assert_allclose(F.l1_loss(x, y, weight=w, reduction="sum").item(), (P * abs(D)).sum())
    with pytest.raises(ValueError, match=r"weight of shape \(4,\) must have the shape of the input, \(3, 4\)"):
        F.mse_loss(x, y, weight=tg.tensor(W))


@pytest.mark.parametrize(
    ("settings", "meant"),
    [
        ({"size_average": True}, "mean"),
        ({"size_average": False}, "sum"),
        ({"reduce": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"size_average": False, "reduce": True, "reduction": "none"}, "sum"),
    ],
)
def test_deprecated_arguments_say_what_to_write(settings, meant):
    x, y = tg.tensor(X), tg.tensor(Y)
    with pytest.warns(UserWarning, match=f"size_average and reduce are deprecated, use reduction='{meant}'") as caught:
        loss = F.mse_loss(x, y, **settings)
    assert caught[0].filename == __file__
    assert loss.tolist() == F.mse_loss(x, y, reduction=meant).tolist()
    with pytest.warns(UserWarning, match="are deprecated"):
        assert nn.MSELoss(**settings).reduction == meant


def test_a_zero_vector_has_no_direction():
    x = tg.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    y = F.normalize(x)
    np.testing.assert_allclose(y.tolist(), [[0, 0], [0.6, 0.8]], rtol=1e-6)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.tolist(), [[0, 0], [0.2 * 0.8 * 0.2, -0.2 * 0.6 * 0.2]], atol=1e-6)
    a = tg.tensor([[0.0, 0.0]], requires_grad=True)
    F.cosine_similarity(a, tg.ones(1, 2)).sum().backward()
    assert a.grad.tolist() == [[0, 0]]


def test_extreme_scores_stay_finite():
    x = tg.tensor([1000.0, -1000.0], requires_grad=True)
    y = F.soft_margin_loss(x, tg.tensor([-1.0, -1.0]), reduction="none")
    assert y.tolist() == [1000, 0]
    y.sum().backward()
    assert x.grad.tolist() == [1, 0]
    assert F.huber_loss(x, x * 0, "none").tolist() == [999.5, 999.5]


# ------------------------------------------------------------------------------------------------------------- CTC

L = np.log(rng.dirichlet(np.ones(3), (4, 2)))


def spelled(path, blank):
    return [k for k, _ in itertools.groupby(path) if k != blank]


def by_enumeration(log_probs, targets, steps, blank):
    """Each loss from all alignments, one after the other."""
    losses = []
    for n, (labels, t) in enumerate(zip(targets, steps, strict=True)):
        paths = itertools.product(range(log_probs.shape[2]), repeat=t)
        ways = [sum(log_probs[k, n, c] for k, c in enumerate(p)) for p in paths if spelled(p, blank) == labels]
        losses.append(-np.log(np.exp(ways).sum()) if ways else math.inf)
    return np.array(losses)


@pytest.mark.parametrize(
    ("targets", "steps", "blank"),
    [
        ([[1, 2], [2, 2]], [4, 4], 0),
        ([[1, 2], [1]], [3, 2], 0),
        ([[0], [1, 0, 1]], [4, 3], 2),
        ([[], [1]], [2, 1], 0),
    ],
)
def test_ctc_is_the_sum_over_all_alignments(targets, steps, blank):
    want = by_enumeration(L, targets, steps, blank)
    counts = [len(t) for t in targets]
    padded = np.zeros((2, max(counts)), np.int64)
    for row, t in zip(padded, targets, strict=True):
        row[: len(t)] = t
    flat = np.array([c for t in targets for c in t])
    for labels in (padded, flat):
        y = F.ctc_loss(tg.tensor(L), tg.tensor(labels), steps, counts, blank, "none")
        np.testing.assert_allclose(y, want, rtol=1e-12)
    mean = nn.CTCLoss(blank)(tg.tensor(L), tg.tensor(flat), tg.tensor(steps), tg.tensor(counts))
    np.testing.assert_allclose(mean.item(), (want / np.maximum(counts, 1)).mean(), rtol=1e-12)
    logits = tg.tensor(L + 3, requires_grad=True)
    F.ctc_loss(F.log_softmax(logits, 2), tg.tensor(flat), steps, counts, blank, "sum").backward()
    step, ends = rng.standard_normal(L.shape), []
    for h in (1e-6, -1e-6):
        x = L + h * step
        ends.append(by_enumeration(x - np.log(np.exp(x).sum(2, keepdims=True)), targets, steps, blank).sum())
    np.testing.assert_allclose((logits.grad.numpy() * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


def test_an_alignment_that_is_not_possible():
    x = tg.tensor(L[:2], requires_grad=True)
    labels = tg.tensor([[1, 1], [1, 2]])
    assert F.ctc_loss(x, labels, (2, 2), (2, 2), reduction="none").tolist()[0] == math.inf
    y = F.ctc_loss(x, labels, (2, 2), (2, 2), reduction="none", zero_infinity=True)
    assert y.tolist()[0] == 0
    y.sum().backward()
    assert (x.grad.numpy()[:, 0] == 0).all()
    assert (x.grad.numpy()[:, 1] != 0).any()


def test_ctc_at_extreme_logits():
    x = tg.tensor(np.array([[[-1000.0, 0.0, -1000.0]], [[0.0, -1000.0, -2000.0]]]), requires_grad=True)
    y = F.ctc_loss(x, tg.tensor([[2]]), (2,), (1,), reduction="none")
    np.testing.assert_allclose(y.tolist(), [1000.0])
    y.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize(
    ("kind", "call", "text"),
    [
        (RuntimeError, lambda x: F.ctc_loss(x, tg.tensor([[1], [1]]), (5, 4), (1, 1)), "input_lengths from 0 to 4"),
        (RuntimeError, lambda x: F.ctc_loss(x, tg.tensor([[1], [1]]), (4,), (1, 1)), "of size batch_size, 2, not 1"),
        (RuntimeError, lambda x: F.ctc_loss(x, tg.tensor([1]), (4, 4), (1, 1)), "expected 2 targets"),
        (RuntimeError, lambda x: F.ctc_loss(x, tg.tensor([[1], [1]]), (4, 4), (1, 2)), "must be (2, 2 or more)"),
        (RuntimeError, lambda x: F.ctc_loss(x, tg.tensor([[1], [3]]), (4, 4), (1, 1)), "must be labels from 0 to 2"),
        (
            RuntimeError,
            lambda x: F.ctc_loss(x, tg.tensor([[1], [1]]), (4, 4), (1, 1), 3),
            "blank 3 must be in",
        ),
        (RuntimeError, lambda x: F.huber_loss(x, x, delta=0), "huber_loss: delta must be positive, not 0"),
        (ValueError, lambda x: F.triplet_margin_loss(x, x, x, margin=0), "margin must be greater than 0, got 0"),
        (ValueError, lambda x: F.gaussian_nll_loss(x, x, -x.exp()), "var has a negative entry"),
        (ValueError, lambda x: F.gaussian_nll_loss(x, x, tg.ones(3)), "var of shape (3,) is of incorrect size"),
        (RuntimeError, lambda x: F.multi_margin_loss(x[0], tg.tensor([0, 3])), "target 0 to 3 is out of range, 0 to 2"),
        (ValueError, lambda x: F.multi_margin_loss(x[0], tg.tensor([0, 1]), p=3), "only p == 1 and p == 2 supported"),
        (RuntimeError, lambda x: F.multilabel_margin_loss(x[0], tg.tensor([1])), "inconsistent target size: (1,)"),
        (RuntimeError, lambda x: F.cosine_embedding_loss(x, x, tg.ones(2)), "expected inputs (n, d) and target (n,)"),
        (RuntimeError, lambda x: F.pdist(x), "pdist: of the rows of a matrix, not of a tensor of shape (4, 2, 3)"),
        (TypeError, lambda x: F.mse_loss(x, x, reduktion="sum"), "unexpected keyword argument 'reduktion'"),
    ],
)
def test_errors(kind, call, text):
    with pytest.raises(kind, match=re.escape(text)):
        call(tg.tensor(L))
