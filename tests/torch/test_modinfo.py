"""Every module of ours that PyTorch has samples for, held to them; and how parameters are drawn."""

import warnings

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")
pytestmark = pytest.mark.torch

from tests.torch import modinfo  # noqa: E402  # it needs what the lines above look for
from tests.torch.beside import calls  # noqa: E402


@pytest.mark.parametrize("name", modinfo.by_name())
def test_it_is_what_pytorch_means(name):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        result = modinfo.check(modinfo.by_name()[name], 40)
    unexpected = result.unmeant(modinfo.DIFFERENCES.get(name, ()))
    assert result.passed
    assert not unexpected, "\n".join(unexpected)


OLDER = list(modinfo.older())


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sample", OLDER, ids=[s.name for s in OLDER])
def test_older_samples(sample, training):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        problems = modinfo.check_sample(None, sample, torch.float64, training)
    known = modinfo.DIFFERENCES.get(sample.name, ())
    unexpected = [f for f in problems if not any(d.matches(f) for d in known)]
    assert not unexpected, unexpected


LARGE = calls("""
    Linear(90, 110) | Bilinear(20, 11, 40) | Conv1d(40, 60, 5) | Conv2d(24, 30, 3, groups=3) | Conv3d(8, 12, 3)
    ConvTranspose1d(40, 60, 5) | ConvTranspose2d(24, 30, 3) | ConvTranspose3d(8, 12, 3) | Embedding(90, 110)
    EmbeddingBag(90, 110) | RNN(50, 70, 2) | LSTM(50, 40, bidirectional=True, proj_size=20) | GRU(50, 40)
    RNNCell(50, 70) | LSTMCell(50, 40) | GRUCell(50, 40) | BatchNorm2d(9) | LayerNorm((7, 8)) | GroupNorm(2, 8)
    RMSNorm(9) | InstanceNorm2d(9, affine=True) | PReLU(8) | MultiheadAttention(60, 4, add_bias_kv=True)
    MultiheadAttention(60, 4, kdim=40, vdim=50) | TransformerEncoderLayer(40, 4, 90) | Transformer(40, 4, 1, 1, 90)
    TransformerDecoderLayer(40, 4, 90) | AdaptiveLogSoftmaxWithLoss(60, 90, [20, 50])
    LinearCrossEntropyLoss(60, 90, bias=True)
""")
SIGNIFICANT = 2.3  # times sqrt(1/n + 1/m): so far apart are two samples of one distribution once in 20,000 times


@pytest.mark.parametrize("text", LARGE)
def test_parameters_are_drawn_alike(text):
    """The greatest distance of the two distribution functions, Kolmogorov and Smirnov's."""
    tg.manual_seed(0)
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = eval(f"nn.{text}", {"nn": tg.nn}), eval(f"nn.{text}", {"nn": torch.nn})
    for (name, p), (other, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name == other
        a, b = (np.sort(x.detach().numpy().reshape(-1)) for x in (p, q))
        if np.ptp(b) == 0:
            assert np.array_equal(a, b), name
            continue
        both = np.concatenate([a, b])
        apart = np.abs(np.searchsorted(a, both, "right") / a.size - np.searchsorted(b, both, "right") / b.size).max()
        assert apart < SIGNIFICANT * np.sqrt(1 / a.size + 1 / b.size), f"{name}: {apart}"


INITS = calls("""
    uniform_(x, -1, 3) | normal_(x, 2, 3) | trunc_normal_(x, 1, 2, -1, 2) | constant_(x, 3) | ones_(x) | zeros_(x)
    eye_(x) | xavier_uniform_(x, 2) | xavier_normal_(x) | kaiming_uniform_(x, 0.3) | orthogonal_(x, 2)
    kaiming_normal_(x, mode='fan_out') | kaiming_normal_(x, nonlinearity='relu') | sparse_(x, 0.3, 2)
    dirac_(x.reshape(6, 10, 20, 5)) | dirac_(x.reshape(40, 5, 30), 4) | xavier_uniform_(x.reshape(20, 10, 5, 6))
    dirac_(x) | dirac_(x.reshape(6, 10, 100), 4) | eye_(x.reshape(-1)) | sparse_(x.reshape(-1), 0.1)
    xavier_normal_(x.reshape(-1)) | kaiming_uniform_(x, mode='other') | orthogonal_(x.reshape(-1))
""")


@pytest.mark.parametrize("call", INITS)
def test_init(call):
    outcomes = []
    for library in (tg, torch):
        library.manual_seed(0)
        names = {**vars(library.nn.init), "x": library.zeros(100, 60)}
        try:
            outcomes.append(np.sort(np.asarray(eval(call, names)).reshape(-1)))
        except Exception as error:
            outcomes.append(type(error))
    a, b = outcomes
    if isinstance(b, type):
        assert a is b
        return
    assert a.dtype == b.dtype
    np.testing.assert_allclose([a.mean(), a.std()], [b.mean(), b.std()], rtol=0.04, atol=0.04 * (b.std() + 1e-9))
    both = np.concatenate([a, b])
    apart = np.abs(np.searchsorted(a, both, "right") - np.searchsorted(b, both, "right")).max() / a.size
    assert apart < SIGNIFICANT * np.sqrt(2 / a.size)
