"""Modules beside PyTorch's: the same text, keys and weights, and with these the same outputs, gradients and buffers.

A call is one line, evaluated on both libraries: the module, then its inputs by their names in `ARRAYS`.
"""

import copy
import inspect
import warnings

import numpy as np
import pytest

import tinygrad_lab as tg
from tests.torch.beside import array
from tinygrad_lab import nn

torch = pytest.importorskip("torch")
pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore:enable_nested_tensor")]


def arrays():
    """Inputs by name: `x` and the number of its dimensions, or what its layer is."""
    rng = np.random.default_rng(3)
    return {
        "x1": rng.standard_normal(7),
        "x2": rng.standard_normal((5, 4)),
        "x3": rng.standard_normal((3, 4, 9)),
        "x4": rng.standard_normal((2, 4, 7, 8)),
        "x5": rng.standard_normal((2, 4, 5, 6, 5)),
        "y3": rng.standard_normal((3, 4, 8)),
        "y4": rng.standard_normal((2, 4, 8, 8)),
        "y5": rng.standard_normal((2, 4, 6, 6, 6)),
        "blocks": rng.standard_normal((2, 12, 6)),
        "i": rng.integers(0, 10, (3, 5)),
        "j": rng.integers(0, 10, 12),
        "starts": np.array([0, 3, 3, 12]),
        "w": rng.standard_normal((3, 5)),
        "e": rng.standard_normal((10, 4)),
        "q": rng.standard_normal((5, 3, 8)),
        "k": rng.standard_normal((6, 3, 8)),
        "k6": rng.standard_normal((6, 3, 6)),
        "v4": rng.standard_normal((6, 3, 4)),
        "qb": rng.standard_normal((3, 5, 8)),
        "kb": rng.standard_normal((3, 6, 8)),
        "m": np.triu(np.full((5, 5), -np.inf), 1),
        "mk": np.arange(30).reshape(5, 6) % 4 == 1,
        "mh": np.arange(180).reshape(6, 5, 6) % 5 == 2,
        "pq": np.arange(5) >= np.array([5, 3, 4])[:, None],
        "pk": np.arange(6) >= np.array([6, 4, 2])[:, None],
    }


def named(library):
    given = {name: library.tensor(a) for name, a in arrays().items()}
    leaves = {name: x.requires_grad_() for name, x in given.items() if name[0] in "xyeqk" or name in ("blocks", "v4")}
    return {"nn": library.nn, "t": library, **given}, leaves


def flat(made):
    return (
        [y for part in made for y in flat(part)] if isinstance(made, list | tuple) else [] if made is None else [made]
    )


def pair(text):
    """The module of both libraries in float64, with the same weights, none of them at its first value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = eval(text, named(tg)[0]).double()
        theirs = eval(text, named(torch)[0]).double()
    rng = np.random.default_rng(5)
    with torch.no_grad():
        for name, param in theirs.named_parameters():
            low = 0.5 if "norm" in name or param.ndim < 2 else -0.5
            param.copy_(torch.tensor(rng.uniform(low, 1.0, tuple(param.shape))))
    assert repr(ours) == repr(theirs)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    for name, value in ours.state_dict().items():
        assert (value.shape, str(value.dtype)) == (tuple(state[name].shape), str(state[name].dtype)[6:])
    assert str(ours.load_state_dict(state)) == "<All keys matched successfully>"
    return ours, theirs


def compare(text, call, modes=("train", "eval"), rtol=1e-10):
    ours, theirs = pair(text)
    for mode in modes:
        results = []
        for library, module in ((tg, ours), (torch, theirs)):
            getattr(module, mode)()
            module.zero_grad()
            names, leaves = named(library)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ys = flat(eval(f"module({call})", {**names, "module": module}))
            found = [(f"output {i}", array(y)) for i, y in enumerate(ys)]
            rng = np.random.default_rng(2)
            used = [y for y in ys if y.requires_grad]
            if used:
                sum((y * library.tensor(rng.standard_normal(tuple(y.shape)))).sum() for y in used).backward()
            tensors = {**dict(module.named_parameters()), **leaves}
            found += [(n, None if x.grad is None else array(x.grad)) for n, x in tensors.items()]
            found += [(n, array(b)) for n, b in module.named_buffers()]
            results.append(found)
        for (name, a), (other, b) in zip(*results, strict=True):
            assert name == other
            if a is None and b is None:
                continue
            zero = np.zeros_like(a if b is None else b)  # what has no gradient has one of zeros
            a, b = (zero if z is None else z for z in (a, b))
            assert a.dtype == b.dtype
            np.testing.assert_allclose(a, b, rtol, 1e-11, err_msg=f"{name} in {mode} mode")


def lines(table):
    return [tuple(part.strip() for part in line.split("<-")) for line in table.strip().splitlines()]


LAYERS = lines(
    """
    nn.Conv1d(4, 6, 3) <- x3
    nn.Conv1d(4, 6, 3, 2, 1, bias=False) <- x2[:4].unsqueeze(0).reshape(4, 4)
    nn.Conv1d(4, 6, 4, padding='same') <- x3
    nn.Conv1d(4, 8, 3, padding='valid', groups=4) <- x3
    nn.Conv1d(4, 6, 3, padding=2, padding_mode='circular') <- x3
    nn.Conv2d(4, 6, 3) <- x4
    nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2) <- x4
    nn.Conv2d(4, 6, (3, 4), padding='same', dilation=(2, 1), padding_mode='reflect') <- x4
    nn.Conv2d(4, 6, 3, padding=(1, 2), padding_mode='replicate', bias=False) <- x4
    nn.Conv2d(4, 6, 3, padding='valid', padding_mode='reflect') <- x4
    nn.Conv2d(4, 6, 3, 2, 1, padding_mode='reflect') <- x4[0]
    nn.Conv3d(4, 6, 3, padding=1) <- x5
    nn.Conv3d(4, 4, (2, 3, 2), padding=(1, 2, 1), stride=2, groups=2, padding_mode='circular') <- x5
    nn.ConvTranspose1d(4, 6, 3, stride=2) <- x3
    nn.ConvTranspose1d(4, 6, 3, 2, 1, 1, 2, False, 2) <- x3
    nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1) <- x4, output_size=(14, 15)
    nn.ConvTranspose2d(4, 6, (3, 2), stride=(2, 3), padding=1, output_padding=(1, 2), groups=2) <- x4
    nn.ConvTranspose2d(4, 6, 3, stride=3) <- x4, output_size=[2, 6, 22, 24]
    nn.ConvTranspose3d(4, 6, 2, stride=2, bias=False) <- x5
    nn.MaxPool1d(3) <- x3
    nn.MaxPool2d(3, 2, 1, return_indices=True) <- x4
    nn.MaxPool2d((3, 2), stride=(2, 1), dilation=(1, 2), ceil_mode=True) <- x4
    nn.MaxPool3d(2, padding=1) <- x5
    nn.MaxUnpool1d(2) <- *nn.MaxPool1d(2, return_indices=True)(y3)
    nn.MaxUnpool2d(2, 2) <- *nn.MaxPool2d(2, return_indices=True)(x4), output_size=(2, 4, 7, 8)
    nn.MaxUnpool3d((2, 2, 2)) <- *nn.MaxPool3d(2, return_indices=True)(y5)
    nn.AvgPool1d(3, 2, 1) <- x3
    nn.AvgPool2d(3, 2, padding=1, count_include_pad=False) <- x4
    nn.AvgPool2d((2, 3), ceil_mode=True, divisor_override=5) <- x4
    nn.AvgPool3d(2) <- x5
    nn.LPPool1d(2, 3) <- x3
    nn.LPPool2d(3, (2, 3), stride=2, ceil_mode=True) <- x4.abs()
    nn.LPPool3d(2, 2) <- x5
    nn.AdaptiveMaxPool1d(4, return_indices=True) <- x3
    nn.AdaptiveMaxPool2d((3, None)) <- x4
    nn.AdaptiveMaxPool3d(2) <- x5
    nn.AdaptiveAvgPool1d(4) <- x3
    nn.AdaptiveAvgPool2d((None, 3)) <- x4
    nn.AdaptiveAvgPool3d((2, 3, 4)) <- x5
    nn.BatchNorm1d(4) <- x2
    nn.BatchNorm1d(4, eps=1e-3, momentum=0.3) <- x3
    nn.BatchNorm1d(4, affine=False) <- x3
    nn.BatchNorm2d(4) <- x4
    nn.BatchNorm2d(4, momentum=None) <- x4
    nn.BatchNorm2d(4, track_running_stats=False) <- x4
    nn.BatchNorm2d(4, bias=False) <- x4
    nn.BatchNorm3d(4) <- x5
    nn.InstanceNorm1d(4) <- x3
    nn.InstanceNorm1d(3, affine=True) <- x3[:, 0]
    nn.InstanceNorm2d(4, affine=True, track_running_stats=True) <- x4
    nn.InstanceNorm2d(4, momentum=None, track_running_stats=True) <- x4
    nn.InstanceNorm2d(3) <- x4
    nn.InstanceNorm3d(4, affine=True, bias=False) <- x5[0]
    nn.LayerNorm(8) <- x4
    nn.LayerNorm((7, 8), eps=1e-3, bias=False) <- x4
    nn.LayerNorm([4, 7, 8], elementwise_affine=False) <- x4
    nn.RMSNorm(8) <- x4
    nn.RMSNorm((7, 8), eps=1e-3, elementwise_affine=False) <- x4
    nn.GroupNorm(2, 4) <- x4
    nn.GroupNorm(4, 4, affine=False) <- x3
    nn.GroupNorm(1, 4, bias=False) <- x2
    nn.LocalResponseNorm(3, alpha=0.1, k=2.0) <- x4
    nn.Embedding(10, 4) <- i
    nn.Embedding(10, 4, padding_idx=-2, scale_grad_by_freq=True) <- i
    nn.Embedding(10, 4, max_norm=1.0, norm_type=1.0) <- i
    nn.Embedding.from_pretrained(e.detach(), freeze=False, padding_idx=3) <- i
    nn.Embedding.from_pretrained(e.detach()) <- i
    nn.EmbeddingBag(10, 4) <- i
    nn.EmbeddingBag(10, 4, mode='sum', padding_idx=2) <- i, per_sample_weights=w
    nn.EmbeddingBag(10, 4, mode='max') <- j, starts
    nn.EmbeddingBag(10, 4, include_last_offset=True, max_norm=1.0) <- j, starts
    nn.EmbeddingBag.from_pretrained(e.detach(), mode='sum') <- j, starts
    nn.Bilinear(4, 4, 3) <- x2, x2 * 2
    nn.Upsample(scale_factor=2) <- x3
    nn.Upsample((5, 6), mode='bilinear', align_corners=True) <- x4
    nn.Upsample(scale_factor=(1.5, 2), mode='bicubic') <- x4
    nn.Upsample(scale_factor=1.3, mode='trilinear', recompute_scale_factor=True) <- x5
    nn.UpsamplingNearest2d(scale_factor=2) <- x4
    nn.UpsamplingBilinear2d((3, 9)) <- x4
    nn.PixelShuffle(2) <- x4
    nn.PixelUnshuffle(2) <- y4
    nn.ChannelShuffle(2) <- x4
    nn.Unfold((2, 3), padding=1, stride=(2, 1)) <- x4
    nn.Fold((3, 4), (2, 2)) <- blocks
    nn.Fold((3, 4), 2) <- blocks[0]
    nn.Flatten(1, 2) <- x4
    nn.Unflatten(1, (2, 2)) <- x4
    """
)

ACTIVATIONS = lines(
    """
    nn.ReLU(True) <- x3 * 2
    nn.ReLU6() <- x3 * 4
    nn.ReLU6(inplace=True) <- x3 * 4
    nn.Hardtanh() <- x3
    nn.Hardtanh(-0.5, 2.0, inplace=True) <- x3 * 2
    nn.LeakyReLU() <- x3
    nn.LeakyReLU(0.2, True) <- x3 * 2
    nn.PReLU() <- x3
    nn.PReLU(4, 0.1) <- x3
    nn.Threshold(0.1, 20) <- x3
    nn.Threshold(0.1, 20.0, True) <- x3 * 2
    nn.ELU(0.5) <- x3
    nn.ELU(inplace=True) <- x3 * 2
    nn.CELU(0.5) <- x3
    nn.SELU() <- x3
    nn.SELU(True) <- x3 * 2
    nn.Sigmoid() <- x3
    nn.Tanh() <- x3
    nn.LogSigmoid() <- x3
    nn.Softplus(2, 1) <- x3
    nn.GELU() <- x3
    nn.GELU('tanh') <- x3
    nn.SiLU() <- x3
    nn.SiLU(True) <- x3 * 2
    nn.Mish() <- x3
    nn.Softsign() <- x3
    nn.Tanhshrink() <- x3
    nn.GLU() <- y3
    nn.GLU(1) <- x3
    nn.Hardswish(True) <- x3 * 3
    nn.Hardshrink(0.3) <- x3
    nn.Softshrink() <- x3
    nn.Softmax() <- x3
    nn.Softmax(1) <- x3
    nn.LogSoftmax(-1) <- x3
    nn.Softmin() <- x2
    nn.Softmin(2) <- x3
    nn.Softmax2d() <- x4
    nn.Softmax2d() <- x3
    """
)

PADDINGS = lines(
    """
    nn.ConstantPad1d(2, 3.5) <- x3
    nn.ConstantPad2d((1, 2, 0, -1), -1) <- x4
    nn.ConstantPad3d(1, 0.5) <- x5
    nn.ZeroPad1d((3, 1)) <- x2
    nn.ZeroPad2d(1) <- x4
    nn.ZeroPad3d((1, 0, 2, 1, 0, 3)) <- x5
    nn.ReflectionPad1d((3, 1)) <- x3
    nn.ReflectionPad2d((1, 2, 3, 0)) <- x4
    nn.ReflectionPad3d(2) <- x5
    nn.ReplicationPad1d(4) <- x2
    nn.ReplicationPad2d((1, 2, 3, 0)) <- x4[0]
    nn.ReplicationPad3d((1, 0, 2, 1, 0, 3)) <- x5
    nn.CircularPad1d((2, 3)) <- x3
    nn.CircularPad2d((1, 2, 3, 0)) <- x4
    nn.CircularPad3d(1) <- x5
    """
)

ATTENTION = lines(
    """
    nn.MultiheadAttention(8, 2) <- q, q, q
    nn.MultiheadAttention(8, 2) <- q, k, k
    nn.MultiheadAttention(8, 2, bias=False) <- q, k, k * 2, average_attn_weights=False
    nn.MultiheadAttention(8, 4, add_bias_kv=True) <- q, k, k, key_padding_mask=pk, attn_mask=mk
    nn.MultiheadAttention(8, 2, add_zero_attn=True) <- q, k, k, attn_mask=mh, need_weights=False
    nn.MultiheadAttention(8, 2, add_bias_kv=True, add_zero_attn=True, bias=False) <- q, k, k, attn_mask=mk
    nn.MultiheadAttention(8, 2, kdim=6, vdim=4) <- q, k6, v4
    nn.MultiheadAttention(8, 2, kdim=6, vdim=4, bias=False, add_bias_kv=True) <- q, k6, v4
    nn.MultiheadAttention(8, 2, batch_first=True) <- qb, qb, qb
    nn.MultiheadAttention(8, 2, batch_first=True) <- qb, kb, kb, key_padding_mask=pk
    nn.MultiheadAttention(8, 2, batch_first=True) <- qb[0], kb[0], kb[0], pk[1]
    nn.MultiheadAttention(8, 2) <- q[:, 0], q[:, 0], q[:, 0], attn_mask=m, is_causal=True
    nn.MultiheadAttention(8, 2) <- q, q, q, attn_mask=m, need_weights=False, is_causal=True
    """
)

TRANSFORMERS = lines(
    """
    nn.TransformerEncoderLayer(8, 2, 12, 0.0) <- q
    nn.TransformerEncoderLayer(8, 2, 12, 0.0, 'gelu', 1e-3, True, True) <- qb, m, pq
    nn.TransformerEncoderLayer(8, 2, 12, 0.0, nn.GELU(), bias=False) <- q, src_mask=m, is_causal=True
    nn.TransformerEncoderLayer(8, 2, 12, 0.0) <- q[:, 0]
    nn.TransformerDecoderLayer(8, 2, 12, 0.0) <- q, k
    nn.TransformerDecoderLayer(8, 2, 12, 0.0, t.tanh, 1e-3, True, True) <- qb, kb, m, mk, pq, pk
    nn.TransformerDecoderLayer(8, 2, 12, 0.0, 'gelu', bias=False) <- q, k, m, tgt_is_causal=True
    nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, 0.0), 2) <- q, m
    nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=True), 2, nn.Tanh()) <- qb, None, pq
    nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 12, 0.0), 2, nn.LayerNorm(8)) <- q, k, m
    nn.Transformer(8, 2, 2, 1, 12, 0.0) <- k, q
    nn.Transformer(8, 2, 1, 2, 12, 0.0, batch_first=True, norm_first=True) <- kb, qb, None, m, None, pk, pq, pk
    nn.Transformer(8, 2, 1, 1, 12, 0.0, 'gelu', bias=False) <- k[:, 0], q[:, 0], tgt_mask=m
    """
)


@pytest.mark.parametrize(("text", "call"), LAYERS + ACTIVATIONS + PADDINGS + ATTENTION + TRANSFORMERS)
def test_module(text, call):
    compare(text, call)


def test_hardsigmoid():
    compare("nn.Hardsigmoid()", "x3 * 3", rtol=1e-7)  # PyTorch's derivative in float64 is 1/6 in float32


@pytest.mark.parametrize("text", ["nn.BatchNorm2d(4, momentum=None)", "nn.BatchNorm2d(4)", "nn.InstanceNorm2d(4)"])
def test_statistics_of_many_batches(text):
    compare(text.replace(")", ", track_running_stats=True)"), "x4 * 2 + 1", ("train", "train", "eval", "train", "eval"))


@pytest.mark.parametrize(
    "text",
    [
        *("nn.RReLU()", "nn.RReLU(0.1, 0.2, True)", "nn.Dropout1d(0.2)", "nn.Dropout2d()", "nn.Dropout3d()"),
        *("nn.AlphaDropout(0.1, True)", "nn.FeatureAlphaDropout(0.3)"),
    ],
)
def test_what_chance_picks_does_so_in_training_only(text):
    compare(text, "x4[0] * 1" if "1d" in text else "x5 * 1" if "3d" in text else "x4 * 1", ["eval"])


@pytest.mark.parametrize(
    "text",
    [
        *("Conv2d(3, 4, 2, groups=2)", "Conv2d(4, 3, 2, groups=2)", "Conv2d(4, 4, 2, groups=0)"),
        *("Conv1d(4, 4, 3, 2, 'same')", "Conv1d(4, 4, 3, 1, 'full')", "Conv1d(4, 4, 3, padding_mode='mirror')"),
        *("ConvTranspose2d(4, 4, 3, padding_mode='reflect')", "GroupNorm(3, 4)", "Hardtanh(1.0, -1.0)"),
        *("Embedding(4, 3, padding_idx=4)", "Embedding(4, 3, padding_idx=-5)", "EmbeddingBag(4, 3, padding_idx=9)"),
        *("MultiheadAttention(0, 1)", "MultiheadAttention(8, 3)", "Dropout2d(1.5)", "AlphaDropout(-0.1)"),
        *("TransformerEncoderLayer(8, 2, activation='tanh')", "ParameterList(3)", "ParameterDict(3)"),
        *("BatchNorm1d(4)(t.ones(2, 4, 3, 2))", "BatchNorm2d(4)(t.ones(2, 4, 3))", "BatchNorm3d(4)(t.ones(2, 4))"),
        *("BatchNorm1d(4)(t.ones(1, 4))", "BatchNorm1d(4)(t.ones(2, 3))", "InstanceNorm1d(4)(t.ones(4))"),
        *("InstanceNorm2d(3, affine=True)(t.ones(2, 4, 3, 3))", "LayerNorm(3)(t.ones(2, 4))"),
        *("Softmax2d()(t.ones(2, 2))", "Conv2d(3, 4, 2)(t.ones(2, 4, 5, 5))", "Conv2d(3, 4, 2)(t.ones(3, 3))"),
        *("ConvTranspose1d(1, 1, 3, 2)(t.ones(1, 4), [20])", "ConvTranspose1d(1, 1, 3, 2)(t.ones(1, 4), [9, 9, 9])"),
        *("Embedding(4, 3)(t.tensor([4]))", "PReLU(3)(t.ones(2, 4))", "MaxPool2d(3)(t.ones(1, 2, 2))"),
        *("Transformer(8, 2, 1, 1, 8)(t.ones(3, 2, 8), t.ones(3, 1, 8))", "ReflectionPad1d(3)(t.ones(1, 3))"),
        *("Transformer(8, 2, 1, 1, 8)(t.ones(3, 2, 4), t.ones(3, 2, 8))", "PixelShuffle(2)(t.ones(3, 2, 2))"),
        *("MultiheadAttention(8, 2)(t.ones(3, 1, 8), t.ones(3, 1, 6), t.ones(3, 1, 6))",),
    ],
)
def test_error_classes(text):
    with pytest.raises(Exception) as theirs:  # noqa: PT011
        eval(f"nn.{text}", {"nn": torch.nn, "t": torch})
    with pytest.raises(theirs.type):
        eval(f"nn.{text}", {"nn": nn, "t": tg})


BY_HAND = {"Module", "Parameter", "Sequential", "ParameterList"}
BY_HAND |= {"Summary", "LinearCrossEntropyLoss"}  # ours alone; PyTorch's with options for its chunks
BY_HAND |= {"RNN", "LSTM", "GRU", "RNNBase", "RNNCellBase"}  # whose signatures in PyTorch are *args, or of no use alone


@pytest.mark.parametrize(
    "name", [name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and name not in BY_HAND]
)
def test_arguments(name):
    """Names, order and defaults; where an array lives isn't asked."""

    def arguments(made):
        found = inspect.signature(made.__init__).parameters.values()
        return [
            (p.name, "a function" if callable(p.default) else p.default)
            for p in found
            if p.name not in ("self", "device", "dtype", "args", "kwargs")
        ]

    assert arguments(getattr(nn, name)) == arguments(getattr(torch.nn, name))


@pytest.mark.parametrize(
    "text",
    [
        *("Conv1d(8, 16, 5)", "Conv2d(4, 16, (3, 5), groups=2)", "Conv3d(2, 16, 3)", "ConvTranspose2d(8, 16, 5)"),
        *("ConvTranspose1d(8, 32, 5, groups=4)", "Embedding(40, 20, padding_idx=1)", "EmbeddingBag(40, 20)"),
        *("MultiheadAttention(32, 4, add_bias_kv=True)", "MultiheadAttention(32, 4, kdim=16, vdim=8)"),
        *("TransformerEncoderLayer(16, 2, 32)", "Transformer(16, 2, 1, 1, 32)", "BatchNorm2d(4)", "PReLU(3, 0.1)"),
    ],
)
def test_initial_distributions(text):
    """The bounds of uniform numbers to 10 %, the deviation of the others to 5 of its standard errors; constants."""
    tg.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = eval(f"nn.{text}", {"nn": nn}), eval(f"nn.{text}", {"nn": torch.nn})
    for name, value in theirs.state_dict().items():
        a, b = array(ours.state_dict()[name]).astype(float), array(value).astype(float)
        if b.std() == 0:
            np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            many = abs(b).max() < 2.5 * b.std() and b.size > 100
            assert abs(a.std() / b.std() - 1) < 5 / np.sqrt(b.size), name
            assert not many or abs(abs(a).max() / abs(b).max() - 1) < 0.1, name


def test_parameter_containers():
    for library in (tg, torch):
        made = library.nn.ParameterList([library.zeros(2, 3), library.nn.Parameter(library.ones(4))])
        assert repr(made).replace("torch.", "") == (
            "ParameterList(\n    (0): Parameter containing: [float32 of size 2x3]\n"
            "    (1): Parameter containing: [float32 of size 4]\n)"
        )
        made.append(library.ones(1))
        assert list(made.state_dict()) == ["0", "1", "2"]
        assert [tuple(p.shape) for p in made[1:]] == [(4,), (1,)]
        assert [p.requires_grad for p in made] == [True] * 3
        made += [library.ones(2)]
        assert len(made) == 4
        assert made[-1] is made[3]
        both = library.nn.ParameterDict({"a": library.zeros(2), "b": library.ones(3)})
        both["c"] = library.nn.Parameter(library.ones(4))
        del both["a"]
        assert list(both) == list(both.keys()) == list(both.state_dict()) == ["b", "c"]
        assert both.pop("b").requires_grad
        assert both.popitem()[0] == "c"
        assert len(both) == 0
        assert both.get("z") is None
        both.update([("x", library.ones(1))])
        assert "x" in (both | library.nn.ParameterDict({"y": library.ones(2)}))
        assert isinstance(both.setdefault("w", library.zeros(1)), library.nn.Parameter)
        assert copy.deepcopy(both)["x"] is not both["x"]


def test_masks_of_transformers():
    ours, theirs = nn.Transformer.generate_square_subsequent_mask(4), torch.nn.Transformer
    np.testing.assert_array_equal(ours, theirs.generate_square_subsequent_mask(4))
    assert ours.dtype == np.float32
