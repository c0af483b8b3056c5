"""What losses, pools and tables say of elements that PyTorch doesn't take either: integers, bools, mixed dtypes."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.nn import functional as F

I = tg.tensor([[1, 0], [0, 1]])
X = tg.tensor([[0.25, 0.5], [0.75, 0.5]])
C = tg.tensor([0, 1])
IMAGE = tg.arange(16).reshape(1, 1, 4, 4)

OF_INTEGERS = {
    "binary_cross_entropy": lambda: F.binary_cross_entropy(I, I),
    "binary_cross_entropy_with_logits": lambda: F.binary_cross_entropy_with_logits(I, X),
    "embedding_bag": lambda: F.embedding_bag(I, I),
    "fractional_max_pool2d": lambda: F.fractional_max_pool2d(IMAGE, 2, 2),
    "gaussian_nll_loss": lambda: F.gaussian_nll_loss(X, X, I + 1),
    "huber_loss": lambda: F.huber_loss(I, I),
    "interpolate": lambda: F.interpolate(IMAGE, scale_factor=2),
    "l1_loss, the mean": lambda: F.l1_loss(I, I),
    "log_softmax": lambda: F.cross_entropy(I, X),
    "mse_loss": lambda: F.mse_loss(I, I, reduction="sum"),
    "multi_margin_loss": lambda: F.multi_margin_loss(I, C),
    "multilabel_margin_loss": lambda: F.multilabel_margin_loss(I, I),
    "multilabel_soft_margin_loss": lambda: F.multilabel_soft_margin_loss(I, X),
    "smooth_l1_loss": lambda: F.smooth_l1_loss(I, I),
    "soft_margin_loss": lambda: F.soft_margin_loss(I, X),
    "softmax": lambda: F.softmin(I, 1),
    "unfold": lambda: F.unfold(IMAGE, 2),
}


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_integers_are_refused_with_the_class_that_pytorch_raises_or_one_below(name):
    with pytest.raises(NotImplementedError, match=r"must be floating, not int64; convert with .float\(\)"):
        OF_INTEGERS[name]()


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("cross_entropy: weight of float64", lambda w: F.cross_entropy(X, C, w)),
        ("nll_loss: weight of float64", lambda w: F.nll_loss(X, C, w)),
        ("multi_margin_loss: weight", lambda w: F.multi_margin_loss(X, C, weight=w)),
        (
            "embedding_bag: per_sample_weights of float64",
            lambda w: F.embedding_bag(C, X, C, None, 2, False, "sum", per_sample_weights=w),
        ),
        ("bilinear: bias of float64", lambda w: F.bilinear(X, X, tg.ones(2, 2, 2), w)),
        (
            "fractional_max_pool2d.*: _random_samples of float64",
            lambda w: F.fractional_max_pool2d(IMAGE.float(), 2, 2, _random_samples=w.reshape(1, 1, 2)),
        ),
    ],
)
def test_a_weight_of_another_dtype_is_refused(text, call):
    with pytest.raises(RuntimeError, match=text + r".*float32"):
        call(tg.ones(2, dtype=np.float64))


def test_sums_of_integer_differences_and_bytes_of_an_image_are_taken():
    assert F.l1_loss(I, 1 - I, reduction="sum").item() == 4
    assert F.mse_loss(I, X).dtype == np.float32
    assert F.interpolate(IMAGE.to(np.uint8), scale_factor=2).dtype == np.uint8
    assert F.unfold(IMAGE > 3, 2).dtype == np.bool_


@pytest.mark.parametrize("other", [I, I > 0, tg.tensor(X.numpy(), dtype=np.float64)])
def test_cosine_similarity_takes_the_floating_dtype_of_both(other):
    y = F.cosine_similarity(X, other)
    assert y.dtype == np.result_type(X.dtype, other.dtype if other.dtype.kind == "f" else X.dtype)
    np.testing.assert_allclose(y, F.cosine_similarity(X.double(), other.double()), rtol=1e-6)
