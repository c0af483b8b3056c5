"""Losses beside PyTorch's own: every argument, by place and by name, corners, two derivatives, and what is refused."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from tests.torch import beside  # noqa: E402  # it needs what the line above looks for

RNG = np.random.default_rng(0)
ARRAYS = {
    "x": RNG.standard_normal((3, 4)),
    "y": RNG.standard_normal((3, 4)),
    "z": np.zeros((3, 4)),
    "v": RNG.standard_normal(4),
    "r": RNG.random((3, 4)),
    "q": RNG.random((3, 4)),
    "w": RNG.random(4),
    "e": np.zeros((0, 4)),
    "s": np.asarray(0.7),
    "k": RNG.standard_normal((2, 4, 3, 2)),
    "big": np.array([[1000.0, -1000, 0, 0], [-1000, 1000, 0, 3]]),
    "c": np.array([3, 0, 2]),
    "ck": RNG.integers(0, 4, (2, 3, 2)),
    "many": np.array([[3, 0, -1, 1], [-1, 2, 2, 2], [0, 1, 2, 3]]),
    "sign": np.array([1, -1, 1]),
    "signs": RNG.choice((-1.0, 1.0), (3, 4)),
    "binary": RNG.integers(0, 2, (3, 4)),
    "l": np.log(RNG.dirichlet(np.ones(5), (6, 3))),
    "lt": np.array([[1, 2, 2], [3, 1, 0], [4, 4, 4]]),
}

CASES = """
F.mse_loss(x, y) | F.mse_loss(x, y, None, None, "sum") | F.mse_loss(x, y, weight=r) | F.mse_loss(x, y, reduction="none", weight=r) | F.mse_loss(x, y, weight=w)
F.mse_loss(x, v) | F.mse_loss(e, e, reduction="sum") | F.mse_loss(e, e) | F.mse_loss(s, s) | F.mse_loss(x, y, size_average=False) | F.mse_loss(x, y, reduce=False)
F.mse_loss(x, y, True, False) | F.mse_loss(x, y, reduction="abc") | F.mse_loss(input=x, target=y) | F.mse_loss(x.float(), y) | F.mse_loss(x, y, False, True)
F.l1_loss(x, y) | F.l1_loss(x, x) | F.l1_loss(x, y, weight=r, reduction="mean") | F.l1_loss(x, y, reduction="sum", weight=r) | F.l1_loss(x, y, reduce=False)
F.smooth_l1_loss(x, y) | F.smooth_l1_loss(x, y, beta=0.0) | F.smooth_l1_loss(x, y, beta=0.3, reduction="none") | F.smooth_l1_loss(x, x) | F.smooth_l1_loss(x, y, beta=-1.0)
F.smooth_l1_loss(x, x - 1) | F.smooth_l1_loss(x, x + 1, reduction="sum") | F.smooth_l1_loss(x, v) | F.smooth_l1_loss(z, z, beta=0.0) | F.smooth_l1_loss(e, e, reduction="sum")
F.huber_loss(x, y) | F.huber_loss(x, y, "sum", 0.5) | F.huber_loss(x, y, "none", 2.0, r) | F.huber_loss(x, y, weight=r) | F.huber_loss(x, y, delta=0.0) | F.huber_loss(z, z + 1)
F.huber_loss(x, y, weight=w) | F.huber_loss(x, y, "abc") | F.huber_loss(big, big * 0)
F.kl_div(x, r) | F.kl_div(x, y, log_target=True, reduction="sum") | F.kl_div(x, r, reduction="batchmean") | F.kl_div(x, r, reduction="none") | F.kl_div(s, s, reduction="batchmean")
F.kl_div(x, r, False) | F.kl_div(x, w, reduction="sum") | F.kl_div(x, r, reduction="abc") | F.kl_div(x, y.detach().exp(), None, None, "batchmean", False) | F.kl_div(x, z.detach(), reduction="sum")
F.kl_div(x, r, size_average=False, reduction="batchmean")
F.binary_cross_entropy(r, q) | F.binary_cross_entropy(r, q, w.detach()) | F.binary_cross_entropy(r, q, r.detach(), reduction="none") | F.binary_cross_entropy(r, x) | F.binary_cross_entropy(r, w)
F.binary_cross_entropy(r, q, None, None, None, "sum") | F.binary_cross_entropy(r, q, reduce=False) | F.binary_cross_entropy(e, e, reduction="sum") | F.binary_cross_entropy(s, s)
F.binary_cross_entropy_with_logits(x, q) | F.binary_cross_entropy_with_logits(x, q, w.detach(), reduction="none", pos_weight=w.detach()) | F.binary_cross_entropy_with_logits(big, big.detach() * 0)
F.binary_cross_entropy_with_logits(big, big.detach() * 0 + 1, pos_weight=w.detach()) | F.binary_cross_entropy_with_logits(x, w) | F.binary_cross_entropy_with_logits(x, q, None, False)
F.binary_cross_entropy_with_logits(x, q, w.detach(), None, None, "sum", w.detach()) | F.binary_cross_entropy_with_logits(x, binary.double())
F.gaussian_nll_loss(x, y, r) | F.gaussian_nll_loss(x, y, r, True, 1e-3, "none") | F.gaussian_nll_loss(x, y, 0.5) | F.gaussian_nll_loss(x, y, r[:, :1], full=True) | F.gaussian_nll_loss(x, y, r[:, 0])
F.gaussian_nll_loss(x, y, r * 1e-9, eps=1e-2) | F.gaussian_nll_loss(x, y, -r) | F.gaussian_nll_loss(x, y, w) | F.gaussian_nll_loss(x, y, r, reduction="abc") | F.gaussian_nll_loss(x, y, z.detach())
F.poisson_nll_loss(x, r) | F.poisson_nll_loss(r, q, False) | F.poisson_nll_loss(x, r * 5, True, True) | F.poisson_nll_loss(r, q, log_input=False, eps=1e-3, reduction="none") | F.poisson_nll_loss(x, c)
F.poisson_nll_loss(x, binary) | F.poisson_nll_loss(x, r, reduction="abc") | F.poisson_nll_loss(x, r, True, False, False)
F.nll_loss(x, c) | F.nll_loss(k, ck) | F.nll_loss(k, ck, w.detach(), reduction="sum") | F.nll_loss(x, c, None, None, 0, None, "none") | F.nll_loss(x, c, ignore_index=3) | F.nll_loss(v, c[0]) | F.nll_loss(v, c[:1])
F.nll_loss(e, c[:0]) | F.nll_loss(x, c, reduce=False) | F.nll_loss(x, c[:2]) | F.nll_loss(x, c.double()) | F.nll_loss(x, c, v[:2]) | F.nll_loss(s, c[0]) | F.nll_loss(k, ck[:, :2]) | F.nll_loss(x, c + 1)
F.cross_entropy(x, c) | F.cross_entropy(k, ck, w.detach(), label_smoothing=0.1) | F.cross_entropy(x, r) | F.cross_entropy(x, r, w.detach(), reduction="none") | F.cross_entropy(x, c, None, None, 0) | F.cross_entropy(v, c[0])
F.cross_entropy(x, c, reduce=False) | F.cross_entropy(x, c, w.detach(), False) | F.cross_entropy(v, w) | F.cross_entropy(e, c[:0], reduction="sum") | F.cross_entropy(x, c, label_smoothing=2.0) | F.cross_entropy(k, k.detach().softmax(1))
F.cross_entropy(big, c[:2]) | F.cross_entropy(big, c[:2], label_smoothing=0.1) | F.cross_entropy(x, c + 9) | F.cross_entropy(x, c[:2]) | F.cross_entropy(x, binary) | F.cross_entropy(x, c, w.detach(), ignore_index=2)
F.cross_entropy(x, r, w.detach(), label_smoothing=0.2) | F.cross_entropy(x, c, v[:2]) | F.cross_entropy(v, c[:1]) | F.cross_entropy(k, ck.double()) | F.cross_entropy(x, r, reduction="abc")
F.cosine_similarity(x, y) | F.cosine_similarity(x, v) | F.cosine_similarity(x, v, dim=0) | F.cosine_similarity(v, v, 0, 1e-3) | F.cosine_similarity(v, v) | F.cosine_similarity(x1=x, x2=y, dim=-2) | F.cosine_similarity(s, s, 0)
F.cosine_similarity(x * 1e-5, y, eps=1e-20) | F.cosine_similarity(k, k[:1], dim=1) | F.cosine_similarity(k[:, :1], k, dim=1) | F.cosine_similarity(x, y.float()).float().detach() | F.cosine_similarity(c, c, 0) | F.cosine_similarity(x, w[:3])
F.pairwise_distance(x, y) | F.pairwise_distance(x, y, 1.0) | F.pairwise_distance(x, v, p=3, keepdim=True) | F.pairwise_distance(v, w) | F.pairwise_distance(x, x) | F.pairwise_distance(x, y, float("inf"), 0.1) | F.pairwise_distance(x1=x, x2=y, eps=1e-3)
F.pairwise_distance(k, k[:1]) | F.pairwise_distance(x, w[:3]) | F.pairwise_distance(c, c) | F.pdist(x) | F.pdist(x, 1.0) | F.pdist(x, p=3) | F.pdist(v) | F.pdist(x, -1.0) | F.pdist(x[:1]) | F.pdist(x, float("inf"))
F.normalize(x) | F.normalize(x, 1.0) | F.normalize(x, p=3, dim=0) | F.normalize(v, dim=0) | F.normalize(v) | F.normalize(k, 2, (1, 2)) | F.normalize(x, float("inf")) | F.normalize(x * 1e-3, eps=0.1) | F.normalize(s, dim=0) | F.normalize(c, dim=0)
F.cosine_embedding_loss(x, y, sign) | F.cosine_embedding_loss(v, w, sign[0], 0.2) | F.cosine_embedding_loss(x, y, sign, margin=-0.5, reduction="none") | F.cosine_embedding_loss(x, y, signs) | F.cosine_embedding_loss(v, w, sign) | F.cosine_embedding_loss(x, y, sign[0])
F.margin_ranking_loss(x, y, signs) | F.margin_ranking_loss(x, y, signs, 0.5) | F.margin_ranking_loss(x, y, signs, margin=-1, reduction="sum") | F.margin_ranking_loss(x, y, sign) | F.margin_ranking_loss(c, sign, sign) | F.margin_ranking_loss(v, w, signs[0].detach(), 0, None, False)
F.hinge_embedding_loss(x, signs) | F.hinge_embedding_loss(r, signs, 0.3) | F.hinge_embedding_loss(x, signs * 0 + 0.5, margin=2, reduction="none") | F.hinge_embedding_loss(x, sign.reshape(3, 1)) | F.hinge_embedding_loss(x, signs[0])
F.soft_margin_loss(x, signs.detach()) | F.soft_margin_loss(x, y.detach(), reduction="none") | F.soft_margin_loss(x, sign) | F.soft_margin_loss(x, signs[0].detach()) | F.soft_margin_loss(s, s.detach()) | F.soft_margin_loss(x, signs.detach(), False)
F.triplet_margin_loss(x, y, r) | F.triplet_margin_loss(x, y, r, 3.0, 1) | F.triplet_margin_loss(x, y, r, swap=True, reduction="none", p=3) | F.triplet_margin_loss(v, w, w * 2) | F.triplet_margin_loss(x, y, r, margin=0) | F.triplet_margin_loss(x, y, v) | F.triplet_margin_loss(x, x, x)
F.triplet_margin_loss(x, y, r, 2.0, 2.0, 1e-3, True, None, None, "sum") | F.triplet_margin_with_distance_loss(x, y, r) | F.triplet_margin_with_distance_loss(x, y, r, distance_function=lambda a, b: (a - b).abs().sum(-1), margin=2.0, swap=True)
F.triplet_margin_with_distance_loss(x, y, r, margin=-1) | F.triplet_margin_with_distance_loss(x, y, r, reduction="abc") | F.triplet_margin_with_distance_loss(x, y, r, distance_function=nn.PairwiseDistance())
F.multi_margin_loss(x, c) | F.multi_margin_loss(x, c, 2) | F.multi_margin_loss(x, c, 2, 0.5, w.detach(), reduction="none") | F.multi_margin_loss(v, c[0]) | F.multi_margin_loss(v, c[:1], reduction="none") | F.multi_margin_loss(s, c[1]) | F.multi_margin_loss(e, c[:0], reduction="sum")
F.multi_margin_loss(x, c, p=3) | F.multi_margin_loss(x, c.double()) | F.multi_margin_loss(x, c + 1) | F.multi_margin_loss(x, c[:2]) | F.multi_margin_loss(x, c, weight=v[:2]) | F.multi_margin_loss(x, c, weight=x) | F.multi_margin_loss(x, c, margin=2.0) | F.multi_margin_loss(k, c)
F.multilabel_margin_loss(x, many) | F.multilabel_margin_loss(x, many, reduction="none") | F.multilabel_margin_loss(v, many[0]) | F.multilabel_margin_loss(v, many[1], reduction="none") | F.multilabel_margin_loss(x, many[0]) | F.multilabel_margin_loss(x, many + 1) | F.multilabel_margin_loss(x, many.double())
F.multilabel_margin_loss(s, many[1, 0] + 1) | F.multilabel_margin_loss(e, many[:0], reduction="none") | F.multilabel_margin_loss(e, many[:0], reduction="sum") | F.multilabel_margin_loss(k, many)
F.multilabel_soft_margin_loss(x, binary) | F.multilabel_soft_margin_loss(x, q, w) | F.multilabel_soft_margin_loss(v, binary[0], reduction="none") | F.multilabel_soft_margin_loss(k, ck[0, 0, 0], reduction="none") | F.multilabel_soft_margin_loss(x, q, None, None, None, "sum")
F.ctc_loss(l, lt[:, :2] + 0, (6, 6, 6), (2, 1, 2)) | F.ctc_loss(log_probs=l, targets=lt, input_lengths=(6, 6, 6), target_lengths=(1, 1, 1))
F.ctc_loss(l, lt, (6, 5, 6), (3, 2, 3), reduction="none") | F.ctc_loss(l, lt, t.tensor([6, 5, 4]), t.tensor([3, 1, 0]), 0, "sum") | F.ctc_loss(l, t.tensor([1, 2, 3, 1, 4]), (6, 5, 4), (2, 2, 1), reduction="mean")
F.ctc_loss(l, lt % 4, (6, 5, 6), (3, 2, 2), 4, "none", True) | F.ctc_loss(l, lt, (6, 5, 3), (3, 2, 3), zero_infinity=True) | F.ctc_loss(l[:, 0], lt[0], (6,), (3,)) | F.ctc_loss(l[:, 0], lt[0], t.tensor(6), t.tensor(3), reduction="none")
F.ctc_loss(l, lt, (7, 6, 6), (1, 1, 1)) | F.ctc_loss(l, lt, (6, 6, 6), (4, 1, 1)) | F.ctc_loss(l, lt, (6, 6), (1, 1, 1)) | F.ctc_loss(l, lt, (6, 6, 6), (1, 1, 1), blank=5) | F.ctc_loss(l, lt, (6, 6, 6), (1, 1, 1), reduction="abc")
F.ctc_loss(l, lt.reshape(-1), (6, 6, 6), (3, 3, 2)) | F.ctc_loss(l, lt, (6, 6, 6), (-1, 1, 1)) | F.ctc_loss(l, lt, t.tensor([6., 6, 6]), t.tensor([1, 1, 1])) | F.ctc_loss(l, lt, t.tensor([6, 6, 6]), (1, 1, 1)) | F.ctc_loss(l, lt[:1], (6, 6, 6), (1, 1, 1))
F.ctc_loss(l, lt, (0, 6, 1), (0, 1, 0), reduction="none") | F.ctc_loss(l, lt, (6, 6, 6), (0, 0, 0)) | F.ctc_loss(l, lt.int(), (6, 6, 6), (2, 2, 1))
"""  # noqa: E501  # a table


@pytest.mark.parametrize("call", beside.calls(CASES))
def test_it_is_what_pytorch_makes(call):
    beside.compare(call, ARRAYS, orders=2)
