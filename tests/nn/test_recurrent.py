"""Recurrent layers against the recurrences as they stand in a textbook, and packed sequences."""

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import nn
from tinygrad_lab.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpad_sequence,
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(x, state, w, u, b, c):
    h, cell = state
    i, f, g, o = np.split(x @ w.T + b + h @ u.T + c, 4, axis=1)
    cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(cell), cell


def gru_step(x, state, w, u, b, c):
    (h,) = state
    r, z, n = np.split(x @ w.T + b, 3, axis=1)
    s, t, m = np.split(h @ u.T + c, 3, axis=1)
    z = sigmoid(z + t)
    return ((1 - z) * np.tanh(n + sigmoid(r + s) * m) + z * h,)


def rnn_step(x, state, w, u, b, c):
    return (np.tanh(x @ w.T + b + state[0] @ u.T + c),)


KINDS = {"LSTM": (lstm_step, 2), "GRU": (gru_step, 1), "RNN": (rnn_step, 1)}


def made(kind, *sizes, **options):
    tg.manual_seed(0)
    return getattr(nn, kind)(*sizes, **options).double()


def weights(layer, suffix):
    return [getattr(layer, f"{n}_{suffix}").detach().numpy() for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def by_hand(kind, layer, x, suffix="l0"):
    """The outputs of one layer and direction for x of shape (steps, n, in)."""
    step, states = KINDS[kind]
    state = tuple(np.zeros((x.shape[1], layer.hidden_size)) for _ in range(states))
    found = []
    for row in x:
        state = step(row, state, *weights(layer, suffix))
        state = state if isinstance(state, tuple) else (state,)
        found.append(state[0])
    return np.stack(found), state


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_is_its_recurrence(kind):
    layer = made(kind, 3, 4)
    x = np.random.default_rng(0).normal(size=(5, 2, 3))
    y, last = layer(tg.tensor(x))
    want, state = by_hand(kind, layer, x)
    np.testing.assert_allclose(y.detach().numpy(), want, rtol=1e-12)
    for got, expected in zip(last if kind == "LSTM" else (last,), state, strict=True):
        np.testing.assert_allclose(got.detach().numpy(), expected[None], rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_layers_stack_and_run_in_both_directions(kind):
    layer = made(kind, 3, 4, num_layers=2, bidirectional=True, batch_first=True)
    x = np.random.default_rng(0).normal(size=(2, 5, 3))
    y, _ = layer(tg.tensor(x))
    h = x.transpose(1, 0, 2)
    for level in range(2):
        there, _ = by_hand(kind, layer, h, f"l{level}")
        back, _ = by_hand(kind, layer, h[::-1], f"l{level}_reverse")
        h = np.concatenate([there, back[::-1]], axis=2)
    np.testing.assert_allclose(y.detach().numpy(), h.transpose(1, 0, 2), rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_is_one_step(kind):
    tg.manual_seed(0)
    cell = getattr(nn, f"{kind}Cell")(3, 4).double()
    x = np.random.default_rng(0).normal(size=(2, 3))
    step, states = KINDS[kind]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    want = step(x, (np.zeros((2, 4)),) * states, *(getattr(cell, n).detach().numpy() for n in names))
    got = cell(tg.tensor(x))
    np.testing.assert_allclose((got[0] if kind == "LSTM" else got).detach().numpy(), want[0], rtol=1e-12)


def test_state_dict_keys_are_pytorchs():
    layer = nn.LSTM(3, 4, bidirectional=True)
    names = [f"{n}_l0{d}" for d in ("", "_reverse") for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    assert list(layer.state_dict()) == names
    assert layer.weight_ih_l0.shape == (16, 3)
    assert repr(layer) == "LSTM(3, 4, bidirectional=True)"


@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_give_what_each_gives_alone(kind):
    layer = made(kind, 3, 4)
    random = np.random.default_rng(0)
    sequences = [tg.tensor(random.normal(size=(n, 3)), requires_grad=True) for n in (2, 5, 3)]
    packed = pack_sequence(sequences, enforce_sorted=False)
    y, lengths = pad_packed_sequence(layer(packed)[0])
    assert lengths.tolist() == [2, 5, 3]
    y.sum().backward()
    together = [s.grad.numpy().copy() for s in sequences]
    for k, s in enumerate(sequences):
        s.grad = None
        alone, _ = layer(s.unsqueeze(1))
        np.testing.assert_allclose(y.detach().numpy()[: len(s), k], alone.detach().numpy()[:, 0], rtol=1e-12)
        assert not y.detach().numpy()[len(s) :, k].any()
        alone.sum().backward()
        np.testing.assert_allclose(together[k], s.grad.numpy(), rtol=1e-10)


def test_padding_and_unpadding():
    sequences = [tg.ones(3, 2), tg.zeros(1, 2)]
    padded = pad_sequence(sequences, batch_first=True, padding_value=7.0)
    assert padded.shape == (2, 3, 2)
    assert padded[1].tolist() == [[0, 0], [7, 7], [7, 7]]
    back = unpad_sequence(padded, tg.tensor([3, 1]), batch_first=True)
    assert [s.tolist() for s in back] == [s.tolist() for s in sequences]
    with pytest.raises(RuntimeError, match="enforce_sorted"):
        pack_padded_sequence(padded, [1, 3], batch_first=True)


def test_bad_shapes_are_refused():
    layer = nn.GRU(3, 4)
    with pytest.raises(RuntimeError, match="3"):
        layer(tg.zeros(5, 2, 7))
    with pytest.raises(ValueError, match="dropout"):
        nn.RNN(3, 4, num_layers=2, dropout=2)


def test_integers_are_padded_as_integers():
    packed = pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])])
    padded, lengths = pad_packed_sequence(packed, batch_first=True, padding_value=-1)
    assert padded.dtype == np.int64
    assert padded.tolist() == [[1, 2, 3], [4, -1, -1]]
    assert lengths.tolist() == [3, 1]
