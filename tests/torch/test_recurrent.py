"""Recurrent layers and packed sequences beside PyTorch's own, where it is installed."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn.utils import rnn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)


def twins(name, *args, **settings):
    """The module of that name, ours and PyTorch's, with the same float64 parameters."""
    theirs = getattr(torch.nn, name)(*args, dtype=torch.float64, **settings)
    ours = getattr(nn, name)(*args, dtype=np.float64, **settings)
    ours.load_state_dict({k: tg.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    return ours, theirs


def flat(results):
    """The tensors in nested tuples."""
    if isinstance(results, tuple):
        return [t for r in results if r is not None for t in flat(r)]
    return [results]


def both(array):
    return tg.tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)


def same(ours, theirs, inputs):
    """Results are equal, and so are the gradients of a weighted sum of them by parameters and inputs."""
    (y, model), (z, other) = ours, theirs
    sums = 0, 0
    for a, b in zip(flat(y), flat(z), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-11, atol=1e-13)
        if a.dtype.kind == "f":
            w = np.cos(np.arange(a.numel())).reshape(a.shape)
            sums = sums[0] + (a * tg.tensor(w)).sum(), sums[1] + (b * torch.tensor(w)).sum()
    sums[0].backward()
    sums[1].backward()
    leaves = [*zip(model.parameters(), other.parameters(), strict=True), *inputs]
    for p, q in leaves:
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-10, atol=1e-12)


def states(name, module, n):
    """First states for a module, ours and PyTorch's, n of them or no batch."""
    count = module.num_layers * (2 if module.bidirectional else 1)
    widths = [module.proj_size or module.hidden_size, module.hidden_size][: 1 + (name == "LSTM")]
    pairs = [both(RNG.standard_normal((count, *n, width))) for width in widths]
    a, b = zip(*pairs, strict=True)
    return (a, b) if name == "LSTM" else (a[0], b[0]), pairs


SETTINGS = [
    {},
    {"num_layers": 2, "bidirectional": True},
    {"batch_first": True, "bias": False},
    {"num_layers": 3, "batch_first": True},
    {"bidirectional": True, "bias": False},
]
LAYERS = [
    *((name, s) for name in ("RNN", "LSTM", "GRU") for s in SETTINGS),
    ("RNN", {"nonlinearity": "relu", "bidirectional": True}),
    ("LSTM", {"proj_size": 2, "num_layers": 2, "bidirectional": True}),
]


@pytest.mark.parametrize(("name", "settings"), LAYERS)
@pytest.mark.parametrize("given", [False, True])
def test_layers(name, settings, given):
    ours, theirs = twins(name, 3, 4, **settings)
    x, z = both(RNG.standard_normal((5, 2, 3)))
    hx, inputs = states(name, ours, (5 if ours.batch_first else 2,)) if given else ((None, None), [])
    same((ours(x, hx[0]), ours), (theirs(z, hx[1]), theirs), [(x, z), *inputs])
    x, z = both(RNG.standard_normal((5, 3)))
    hx, inputs = states(name, ours, ()) if given else ((None, None), [])
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        p.grad = q.grad = None
    same((ours(x, hx[0]), ours), (theirs(z, hx[1]), theirs), [(x, z), *inputs])


@pytest.mark.parametrize(("name", "settings"), LAYERS)
@pytest.mark.parametrize("lengths", [[5, 4, 4, 1], [2, 5, 1, 3]])
def test_packed_sequences(name, settings, lengths):
    ours, theirs = twins(name, 3, 4, **settings)
    x, z = both(RNG.standard_normal((5, 4, 3)))
    hx, inputs = states(name, ours, (4,))
    falling = lengths == sorted(lengths, reverse=True)
    a = rnn.pack_padded_sequence(x, lengths, enforce_sorted=falling)
    b = torch.nn.utils.rnn.pack_padded_sequence(z, lengths, enforce_sorted=falling)
    for given in (False, True):
        for leaf in (x, z, *ours.parameters(), *theirs.parameters()):
            leaf.grad = None
        a = rnn.pack_padded_sequence(x, lengths, enforce_sorted=falling)
        b = torch.nn.utils.rnn.pack_padded_sequence(z, lengths, enforce_sorted=falling)
        h = hx if given else (None, None)
        (y, last), (u, end) = ours(a, h[0]), theirs(b, h[1])
        assert isinstance(y, rnn.PackedSequence)
        y = tuple(y), rnn.pad_packed_sequence(y, total_length=7, padding_value=2.0), last
        u = tuple(u), torch.nn.utils.rnn.pad_packed_sequence(u, total_length=7, padding_value=2.0), end
        same((y, ours), (u, theirs), [(x, z), *(inputs if given else [])])


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(2,), ()])
@pytest.mark.parametrize("given", [False, True])
def test_cells(name, bias, shape, given):
    ours, theirs = twins(name, 3, 4, bias=bias)
    x, z = both(RNG.standard_normal((*shape, 3)))
    pairs = [both(RNG.standard_normal((*shape, 4))) for _ in range(1 + (name == "LSTMCell"))] if given else []
    hx = (None, None)
    if given:
        hx = tuple(zip(*pairs, strict=True)) if name == "LSTMCell" else pairs[0]
    same((ours(x, hx[0]), ours), (theirs(z, hx[1]), theirs), [(x, z), *pairs])


def test_a_cell_with_relu():
    ours, theirs = twins("RNNCell", 3, 4, nonlinearity="relu")
    x, z = both(RNG.standard_normal((2, 3)))
    same((ours(x), ours), (theirs(z), theirs), [(x, z)])


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding(batch_first, side):
    arrays = [RNG.standard_normal((n, 2)) for n in (2, 4, 1)]
    a, b = [tg.tensor(x) for x in arrays], [torch.tensor(x) for x in arrays]
    settings = {"batch_first": batch_first, "padding_value": 3.0, "padding_side": side}
    y, z = rnn.pad_sequence(a, **settings), torch.nn.utils.rnn.pad_sequence(b, **settings)
    np.testing.assert_array_equal(y.numpy(), z.numpy())
    if side == "right":
        back = rnn.unpad_sequence(y, tg.tensor([2, 4, 1]), batch_first)
        for x, array in zip(back, arrays, strict=True):
            np.testing.assert_array_equal(x.numpy(), array)
    packed, other = rnn.pack_sequence(a, enforce_sorted=False), torch.nn.utils.rnn.pack_sequence(b, False)
    for p, q in zip(packed, other, strict=True):
        np.testing.assert_array_equal(p.numpy(), q.numpy())
        assert str(p.dtype) == str(q.dtype).removeprefix("torch.")
    for x, array in zip(rnn.unpack_sequence(packed), arrays, strict=True):
        np.testing.assert_array_equal(x.numpy(), array)


@pytest.mark.parametrize(
    "call",
    [
        lambda nn, m, randn: nn.LSTM(0, 4),
        lambda nn, m, randn: nn.LSTM(3, 4.0),
        lambda nn, m, randn: nn.LSTM(3, 4, dropout=2),
        lambda nn, m, randn: nn.LSTM(3, 4, bias=1),
        lambda nn, m, randn: nn.LSTM(3, 4, proj_size=4),
        lambda nn, m, randn: nn.RNN(3, 4, nonlinearity="gelu"),
        lambda nn, m, randn: m(randn(3)),
        lambda nn, m, randn: m(randn(5, 2, 4)),
        lambda nn, m, randn: m(randn(0, 2, 3)),
        lambda nn, m, randn: m(randn(5, 2, 3).double()),
        lambda nn, m, randn: m(randn(5, 2, 3), (randn(1, 2, 3), randn(1, 2, 4))),
        lambda nn, m, randn: m(randn(5, 2, 3), (randn(1, 4), randn(1, 4))),
        lambda nn, m, randn: nn.LSTMCell(3, 4)(randn(2, 2, 3)),
        lambda nn, m, randn: nn.LSTMCell(3, 4)(randn(2, 4)),
        lambda nn, m, randn: nn.GRUCell(3, 4)(randn(2, 3), randn(2, 3)),
        lambda nn, m, randn: nn.RNNCell(3, 4, nonlinearity="gelu")(randn(2, 3)),
        lambda nn, m, randn: nn.utils.rnn.pack_padded_sequence(randn(3, 2, 1), [1, 3]),
        lambda nn, m, randn: nn.utils.rnn.pack_padded_sequence(randn(3, 2, 1), [3, 0]),
        lambda nn, m, randn: nn.utils.rnn.pack_padded_sequence(randn(3, 2, 1), [3]),
        lambda nn, m, randn: nn.utils.rnn.pad_sequence([]),
    ],
)
def test_errors_are_of_pytorchs_class(call):
    with pytest.raises(Exception) as theirs:  # noqa: PT011  # whatever it is
        call(torch.nn, torch.nn.LSTM(3, 4), torch.randn)
    with pytest.raises(theirs.type):
        call(nn, nn.LSTM(3, 4), tg.randn)
