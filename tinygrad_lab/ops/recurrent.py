"""Recurrent layers: one op for all steps of a layer in one direction.

The inputs' share of the gates comes ready, from one product for all steps. Each op's rule is backpropagation through
time, written once on what arrays and tensors share, which differentiates again, and once in place for speed.

`sizes[t]` sequences, the first ones of the batch, are alive at step t; the state of the others stands still, so that
sequences of several lengths share a batch. `reverse` walks the steps from the last to the first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..domain import Given, Reals
from ..op import Array, Fused, op
from .compare import where
from .elementwise import sigmoid, tanh
from .linalg import linear, matmul
from .shape import cat, stack

Sizes = tuple[int, ...] | None
"""How many sequences are alive at each step; None for all of them."""


def _arguments(draw: Any, gates: int, operands: str) -> tuple[Any, ...]:
    """Input shares x, weight w, bias b, states h that fit each other, and which sequences are alive."""
    t, n, k = draw.choice((2, 1, 2, 2, 3)), draw.choice((1, 2, 1, 1, 0)), draw.choice((1, 1, 1, 2))
    shapes = {"x": (t, n, gates * k), "w": (gates * k, k), "b": (gates * k,), "h": (n, k)}
    sizes = None
    if draw.integers(0, 2) == 0:
        sizes = (n, *sorted((draw.integers(0, n) for _ in range(t - 1)), reverse=True))
    return *(draw.reals(shapes[o], Reals(-1, 1)) for o in operands), sizes, draw.choice((False, True))


def steps_of(t: int, n: int, sizes: Sizes, reverse: bool) -> list[tuple[int, int]]:
    """Each step in the order in which it is walked, and how many of `n` sequences are alive in it."""
    steps = list(zip(range(t), (n,) * t if sizes is None else sizes, strict=True))
    return steps[::-1] if reverse else steps


def _before(first: Array, states: Array, reverse: bool) -> Array:
    """The state that each step meets: the one of the step before, `first` at the start."""
    first = first.reshape(1, *first.shape)
    return cat([states[1:], first], 0) if reverse else cat([first, states[:-1]], 0)


def living(n: int, size: int) -> Array:
    """Which of `n` sequences are alive, as a column."""
    return (np.arange(n) < size)[:, None]


def _over_steps(d: Array, first: Array, states: Array, reverse: bool) -> Array:
    """The sum over the steps of `d[t].T @ h[t]` with the state h that step t meets, without copies."""
    t, n, gates = d.shape
    later, earlier, start = (d[:-1], states[1:], d[-1]) if reverse else (d[1:], states[:-1], d[0])
    y = start.T @ first
    if t > 1:
        y += later.reshape((t - 1) * n, gates).T @ earlier.reshape((t - 1) * n, first.shape[1])
    return y


def _dtype(*arrays: Array) -> Any:
    return np.result_type(*(a.dtype for a in arrays))


# --------------------------------------------------------------------------------------------------------- LSTM


def _logistic_or_tanh(k: int, dtype: Any, n: int) -> tuple[Array, Array]:
    """Factors s, m with which :math:`s \\tanh(s a) + m` is each gate: the logistic function of i, f, o, the tanh of g.

    :math:`\\sigma(a) = (1 + \\tanh(a / 2)) / 2`, so one function, which NumPy computes in vectors, serves them all, and
    the derivative of each is :math:`s^2 - (y - m)^2`. They are repeated for each of n sequences, as whole arrays meet
    whole arrays twice as fast as rows.
    """
    one = np.ones((n, k), dtype.type(0).real.dtype)
    return np.hstack((one / 2, one / 2, one, one / 2)), np.hstack((one / 2, one / 2, one * 0, one / 2))


def _lstm_forward(x: Array, w: Array, h: Array, c: Array, sizes: Sizes, reverse: bool) -> tuple[Array, tuple[Any, ...]]:
    """The states, and for the rules the gates and tanh(c) besides."""
    (t, n, width), k, dtype = x.shape, w.shape[1], _dtype(x, w, h, c)
    s, m = _logistic_or_tanh(k, dtype, n)
    y, tc, tmp = np.empty((2, t, n, k), dtype), np.empty((t, n, k), dtype), np.empty((n, k), dtype)
    gates, share = np.empty((t, n, width), dtype), np.empty((n, width), dtype)
    scaled = np.empty((k, width), dtype)
    np.multiply(w.T, _logistic_or_tanh(k, dtype, 1)[0], out=scaled)
    start = h, c
    for step, size in steps_of(t, n, sizes, reverse):
        a, hidden, cell = gates[step], y[0, step], y[1, step]
        np.matmul(h, scaled, out=share)
        np.multiply(x[step], s, out=a)
        a += share
        np.tanh(a, out=a)
        a *= s
        a += m
        np.multiply(a[:, k : 2 * k], c, out=cell)
        np.multiply(a[:, :k], a[:, 2 * k : 3 * k], out=tmp)
        cell += tmp
        np.tanh(cell, out=tc[step])
        np.multiply(a[:, 3 * k :], tc[step], out=hidden)
        if size < n:
            hidden[size:], cell[size:] = h[size:], c[size:]
        h, c = hidden, cell
    return y, (y, gates, tc, w, start, sizes, reverse)


def _lstm_through_time(g: Array, residual: Any) -> tuple[Any, ...]:
    """As `_lstm_back`, in place and with what the forward knows."""
    y, gates, tc, w, (h, c), sizes, reverse = residual
    t, n, _ = gates.shape
    k = w.shape[1]
    s, m = _logistic_or_tanh(k, gates.dtype, n)
    squares = s * s
    deltas, tmp = np.empty_like(gates), np.empty((n, k), gates.dtype)
    # W^T d^T and not d W: OpenBLAS cuts a product's rows between its threads, so the longer side should be rows
    turned, product = np.ascontiguousarray(w.T), np.empty((k, n), gates.dtype)
    dh, dc = np.zeros((n, k), gates.dtype), np.zeros((n, k), gates.dtype)
    steps = steps_of(t, n, sizes, reverse)
    for (step, size), last in zip(steps[::-1], [*(i for i, _ in steps[-2::-1]), None], strict=True):
        a, d = gates[step], deltas[step]
        np.subtract(a, m, out=d)
        d *= d
        np.subtract(squares, d, out=d)
        dh += g[0, step]
        dc += g[1, step]
        alone = (dh[size:].copy(), dc[size:].copy()) if size < n else None
        np.multiply(tc[step], tc[step], out=tmp)
        np.subtract(1, tmp, out=tmp)
        tmp *= a[:, 3 * k :]
        tmp *= dh
        dc += tmp
        d[:, :k] *= a[:, 2 * k : 3 * k]
        d[:, k : 2 * k] *= c if last is None else y[1, last]
        d[:, 2 * k : 3 * k] *= a[:, :k]
        d.reshape(n, 4, k)[:, :3] *= dc[:, None]
        d[:, 3 * k :] *= tc[step]
        d[:, 3 * k :] *= dh
        dc *= a[:, k : 2 * k]
        d[size:] = 0
        np.matmul(turned, d.T, out=product)
        dh[...] = product.T
        if alone is not None:
            dh[size:], dc[size:] = alone
    return deltas, dh, dc, h, y[0], reverse


def _lstm_back(
    g: Array, y: Array, x: Array, w: Array, h: Array, c: Array, sizes: Sizes, reverse: bool
) -> tuple[Array, Array, Array, Array]:
    """The cotangents of the gates' arguments at all steps and of both first states; the states that the steps meet."""
    t, n, k = x.shape[0], x.shape[1], w.shape[1]
    met, cells = _before(h, y[0], reverse), _before(c, y[1], reverse)
    a = x + linear(met, w)
    i, f, u, o = sigmoid(a[..., :k]), sigmoid(a[..., k : 2 * k]), tanh(a[..., 2 * k : 3 * k]), sigmoid(a[..., 3 * k :])
    tc = tanh(y[1])
    by_cell = cat([u * i * (1 - i), cells * f * (1 - f), i * (1 - u * u)], 2).reshape(t, n, 3, k)
    by_hidden, between = tc * o * (1 - o), o * (1 - tc * tc)
    deltas: dict[int, Array] = {}
    dh: Array = np.zeros((n, k), h.dtype)
    dc = dh
    for step, size in reversed(steps_of(t, n, sizes, reverse)):
        dh, stays = dh + g[0, step], dc + g[1, step]
        dc = stays + dh * between[step]
        cell = (by_cell[step] * dc.reshape(n, 1, k)).reshape(n, 3 * k)
        alive = living(n, size)
        deltas[step] = where(alive, cat([cell, dh * by_hidden[step]], 1), 0)
        dh, dc = where(alive, matmul(deltas[step], w), dh), where(alive, dc * f[step], stays)
    return stack([deltas[step] for step in range(t)], 0), dh, dc, met


def _contract(d: Array, met: Array) -> Array:
    """The sum over steps and sequences of the products of `d` and `met`: a weight's cotangent."""
    t, n, gates = d.shape
    return matmul(d.reshape(t * n, gates).mT, met.reshape(t * n, met.shape[2]))


@op(
    lambda g, y, x, w, h, c, sizes, reverse: _lstm_back(g, y, x, w, h, c, sizes, reverse)[0],
    lambda g, y, x, w, h, c, sizes, reverse: _contract(*_lstm_back(g, y, x, w, h, c, sizes, reverse)[::3]),
    lambda g, y, x, w, h, c, sizes, reverse: _lstm_back(g, y, x, w, h, c, sizes, reverse)[1],
    lambda g, y, x, w, h, c, sizes, reverse: _lstm_back(g, y, x, w, h, c, sizes, reverse)[2],
    domain=(Reals(), Reals(), Reals(), Reals(), Given(), Given()),
    shapes="(t, n, g), (g, h), (n, h), (n, h) -> (...)",
    broadcasts=False,
    sample=lambda draw: _arguments(draw, 4, "xwhh"),
    tex=r"\operatorname{{LSTM}}({input}, {weight}, {hidden}, {cell})",
    analytic=True,
    fused=Fused(
        _lstm_forward,
        (
            lambda g, r, x, w, h, c, sizes, reverse: r[0],
            lambda g, r, x, w, h, c, sizes, reverse: _over_steps(r[0], *r[3:]),
            lambda g, r, x, w, h, c, sizes, reverse: r[1],
            lambda g, r, x, w, h, c, sizes, reverse: r[2],
        ),
        common=_lstm_through_time,
    ),
)
def lstm(input: Array, weight: Array, hidden: Array, cell: Array, sizes: Sizes = None, reverse: bool = False) -> Array:
    r"""The hidden and the cell states of a long short-term memory at all steps, `(2, t, n, h)`.

    :math:`a_t = x_t + W h_{t-1}` in four parts, :math:`i, f, o = \sigma(a)`, :math:`u = \tanh(a)`,
    :math:`c_t = f c_{t-1} + i u` and :math:`h_t = o \tanh c_t` (Hochreiter and Schmidhuber 1997, Gers et al. 2000).

    Backwards, :math:`\bar h_t` collects what comes from :math:`y` and from step t + 1, and so does
    :math:`\bar c_t`, with :math:`\bar h_t\,o (1 - \tanh^2 c_t)` besides. Then :math:`\bar a_t` is
    :math:`\bar c_t\,u\,i (1 - i)`, :math:`\bar c_t\,c_{t-1}\,f (1 - f)`, :math:`\bar c_t\,i (1 - u^2)` and
    :math:`\bar h_t \tanh(c_t)\,o (1 - o)`, and step t - 1 gets :math:`\bar c_t f` and :math:`W^T \bar a_t`. The rules:
    :math:`\bar x_t = \bar a_t`, :math:`\bar W = \sum_t \bar a_t h_{t-1}^T`, and what step 0 sends to the first states.

    Args:
        input: the inputs' share of the gates i, f, u, o, with the biases, `(t, n, 4 h)`.
        weight: `(4 h, h)`.
        hidden: the first hidden state, `(n, h)`.
        cell: the first cell state, `(n, h)`.
    """
    return _lstm_forward(input, weight, hidden, cell, sizes, reverse)[0]


# ---------------------------------------------------------------------------------------------------------- GRU


def _gru_forward(x: Array, w: Array, b: Array, h: Array, sizes: Sizes, reverse: bool) -> tuple[Array, tuple[Any, ...]]:
    """The states, and for the rules the gates and the states' share of the new ones."""
    (t, n, width), k, dtype = x.shape, w.shape[1], _dtype(x, w, b, h)
    y, gates, shares = np.empty((t, n, k), dtype), np.empty((t, n, width), dtype), np.empty((t, n, width), dtype)
    transposed, start = np.ascontiguousarray(w.T, dtype), h
    for step, size in steps_of(t, n, sizes, reverse):
        a, share, hidden = gates[step], shares[step], y[step]
        np.matmul(h, transposed, out=share)
        share += b
        both = a[:, : 2 * k]
        np.add(x[step, :, : 2 * k], share[:, : 2 * k], out=both)
        both *= 0.5
        np.tanh(both, out=both)
        both *= 0.5
        both += 0.5
        new = a[:, 2 * k :]
        np.multiply(a[:, :k], share[:, 2 * k :], out=new)
        new += x[step, :, 2 * k :]
        np.tanh(new, out=new)
        np.subtract(h, new, out=hidden)
        hidden *= a[:, k : 2 * k]
        hidden += new
        if size < n:
            hidden[size:] = h[size:]
        h = hidden
    return y, (y, gates, shares, w, start, sizes, reverse)


def _gru_through_time(g: Array, residual: Any) -> tuple[Any, ...]:
    """As `_gru_back`, in place and with what the forward knows."""
    y, gates, shares, w, h, sizes, reverse = residual
    t, n, _ = gates.shape
    k = w.shape[1]
    of_input, of_state = np.empty_like(gates), np.empty_like(gates)
    dh, through = np.zeros((n, k), gates.dtype), np.empty((n, k), gates.dtype)
    steps = steps_of(t, n, sizes, reverse)
    for (step, size), last in zip(steps[::-1], [*(i for i, _ in steps[-2::-1]), None], strict=True):
        d, e = of_input[step], of_state[step]
        r, z, new = (gates[step, :, i * k : (i + 1) * k] for i in range(3))
        dr, dz, dn = (d[:, i * k : (i + 1) * k] for i in range(3))
        dh += g[step]
        alone = dh[size:].copy() if size < n else None
        np.subtract(1, z, out=dz)
        np.multiply(new, new, out=dn)
        np.subtract(1, dn, out=dn)
        dn *= dz
        dn *= dh
        dz *= z
        np.subtract(h if last is None else y[last], new, out=through)
        dz *= through
        dz *= dh
        np.subtract(1, r, out=dr)
        dr *= r
        dr *= shares[step, :, 2 * k :]
        dr *= dn
        d[size:] = 0
        e[:, : 2 * k] = d[:, : 2 * k]
        np.multiply(dn, r, out=e[:, 2 * k :])
        np.multiply(dh, z, out=through)
        np.matmul(e, w, out=dh)
        dh += through
        if alone is not None:
            dh[size:] = alone
    return of_input, of_state, dh, h, y, reverse


def _gru_back(
    g: Array, y: Array, x: Array, w: Array, b: Array, h: Array, sizes: Sizes, reverse: bool
) -> tuple[Array, Array, Array, Array]:
    """The cotangents of the inputs' and the states' shares and of the first state; the states that the steps meet."""
    t, n, k = x.shape[0], x.shape[1], w.shape[1]
    met = _before(h, y, reverse)
    share = linear(met, w, b)
    r, z = sigmoid(x[..., :k] + share[..., :k]), sigmoid(x[..., k : 2 * k] + share[..., k : 2 * k])
    new = tanh(x[..., 2 * k :] + r * share[..., 2 * k :])
    by_new = (1 - z) * (1 - new * new)
    by_reset, by_update = by_new * share[..., 2 * k :] * r * (1 - r), (met - new) * z * (1 - z)
    of_input = cat([by_reset, by_update, by_new], 2).reshape(t, n, 3, k)
    of_state = cat([by_reset, by_update, by_new * r], 2).reshape(t, n, 3, k)
    deltas: dict[int, tuple[Array, Array]] = {}
    dh: Array = np.zeros((n, k), h.dtype)
    for step, size in reversed(steps_of(t, n, sizes, reverse)):
        dh, alive = dh + g[step], living(n, size)
        d, e = ((f[step] * dh.reshape(n, 1, k)).reshape(n, 3 * k) for f in (of_input, of_state))
        deltas[step] = where(alive, d, 0), where(alive, e, 0)
        dh = where(alive, dh * z[step] + matmul(deltas[step][1], w), dh)
    of_input, of_state = (stack([deltas[step][i] for step in range(t)], 0) for i in (0, 1))
    return of_input, of_state, dh, met


@op(
    lambda g, y, x, w, b, h, sizes, reverse: _gru_back(g, y, x, w, b, h, sizes, reverse)[0],
    lambda g, y, x, w, b, h, sizes, reverse: _contract(*_gru_back(g, y, x, w, b, h, sizes, reverse)[1::2]),
    lambda g, y, x, w, b, h, sizes, reverse: _gru_back(g, y, x, w, b, h, sizes, reverse)[1].sum(axis=(0, 1)),
    lambda g, y, x, w, b, h, sizes, reverse: _gru_back(g, y, x, w, b, h, sizes, reverse)[2],
    domain=(Reals(), Reals(), Reals(), Reals(), Given(), Given()),
    shapes="(t, n, g), (g, h), (g), (n, h) -> (t, n, h)",
    broadcasts=False,
    sample=lambda draw: _arguments(draw, 3, "xwbh"),
    tex=r"\operatorname{{GRU}}({input}, {weight}, {bias}, {hidden})",
    analytic=True,
    fused=Fused(
        _gru_forward,
        (
            lambda g, r, x, w, b, h, sizes, reverse: r[0],
            lambda g, r, x, w, b, h, sizes, reverse: _over_steps(r[1], *r[3:]),
            lambda g, r, x, w, b, h, sizes, reverse: r[1].sum(axis=(0, 1)),
            lambda g, r, x, w, b, h, sizes, reverse: r[2],
        ),
        common=_gru_through_time,
    ),
)
def gru(input: Array, weight: Array, bias: Array, hidden: Array, sizes: Sizes = None, reverse: bool = False) -> Array:
    r"""The states of gated recurrent units at all steps, `(t, n, h)`.

    With the states' share :math:`s_t = W h_{t-1} + b`, in three parts as :math:`x_t`: :math:`r = \sigma(x + s)`,
    :math:`z = \sigma(x + s)`, :math:`u = \tanh(x + r s)` and :math:`h_t = u + z (h_{t-1} - u)` (Cho et al. 2014, with
    the reset gate behind the product, as cuDNN has it).

    Backwards, :math:`\bar h_t` collects what comes from y and from step t + 1. The cotangents of the gates' arguments
    are :math:`\bar a_u = \bar h_t (1 - z)(1 - u^2)`, :math:`\bar a_z = \bar h_t (h_{t-1} - u)\,z (1 - z)` and
    :math:`\bar a_r = \bar a_u s_u\,r (1 - r)`, which are :math:`\bar x_t`; in :math:`\bar s_t` the last is
    :math:`\bar a_u r`. Step t - 1 gets :math:`\bar h_t z + W^T \bar s_t`, W gets :math:`\sum_t \bar s_t h_{t-1}^T` and
    b :math:`\sum_t \bar s_t`.

    Args:
        input: the inputs' share of the gates r, z, u, `(t, n, 3 h)`.
        weight: `(3 h, h)`.
        bias: of the states' share, `(3 h,)`.
        hidden: the first state, `(n, h)`.
    """
    return _gru_forward(input, weight, bias, hidden, sizes, reverse)[0]


# ---------------------------------------------------------------------------------------------------------- RNN


def _rnn_forward(x: Array, w: Array, h: Array, sizes: Sizes, reverse: bool) -> tuple[Array, tuple[Any, ...]]:
    (t, n, k), dtype = x.shape, _dtype(x, w, h)
    y, transposed, start = np.empty((t, n, k), dtype), np.ascontiguousarray(w.T, dtype), h
    for step, size in steps_of(t, n, sizes, reverse):
        hidden = y[step]
        np.matmul(h, transposed, out=hidden)
        hidden += x[step]
        np.tanh(hidden, out=hidden)
        if size < n:
            hidden[size:] = h[size:]
        h = hidden
    return y, (y, w, start, sizes, reverse)


def _rnn_through_time(g: Array, residual: Any) -> tuple[Any, ...]:
    """As `_rnn_back`, in place."""
    y, w, h, sizes, reverse = residual
    t, n, _ = y.shape
    deltas, dh = np.empty_like(y), np.zeros_like(y[0])
    for step, size in reversed(steps_of(t, n, sizes, reverse)):
        d = deltas[step]
        dh += g[step]
        alone = dh[size:].copy() if size < n else None
        np.multiply(y[step], y[step], out=d)
        np.subtract(1, d, out=d)
        d *= dh
        d[size:] = 0
        np.matmul(d, w, out=dh)
        if alone is not None:
            dh[size:] = alone
    return deltas, dh, h, y, reverse


def _rnn_back(g: Array, y: Array, w: Array, h: Array, sizes: Sizes, reverse: bool) -> tuple[Array, Array, Array]:
    """The cotangents of the arguments at all steps and of the first state; the states that the steps meet."""
    t, n, k = y.shape
    slopes = 1 - y * y
    deltas: dict[int, Array] = {}
    dh: Array = np.zeros((n, k), h.dtype)
    for step, size in reversed(steps_of(t, n, sizes, reverse)):
        dh, alive = dh + g[step], living(n, size)
        deltas[step] = where(alive, dh * slopes[step], 0)
        dh = where(alive, matmul(deltas[step], w), dh)
    return stack([deltas[step] for step in range(t)], 0), dh, _before(h, y, reverse)


@op(
    lambda g, y, x, w, h, sizes, reverse: _rnn_back(g, y, w, h, sizes, reverse)[0],
    lambda g, y, x, w, h, sizes, reverse: _contract(*_rnn_back(g, y, w, h, sizes, reverse)[::2]),
    lambda g, y, x, w, h, sizes, reverse: _rnn_back(g, y, w, h, sizes, reverse)[1],
    domain=(Reals(), Reals(), Reals(), Given(), Given()),
    shapes="(t, n, h), (h, h), (n, h) -> (t, n, h)",
    broadcasts=False,
    sample=lambda draw: _arguments(draw, 1, "xwh"),
    tex=r"\operatorname{{RNN}}({input}, {weight}, {hidden})",
    analytic=True,
    fused=Fused(
        _rnn_forward,
        (
            lambda g, r, x, w, h, sizes, reverse: r[0],
            lambda g, r, x, w, h, sizes, reverse: _over_steps(r[0], *r[2:]),
            lambda g, r, x, w, h, sizes, reverse: r[1],
        ),
        common=_rnn_through_time,
    ),
)
def rnn(input: Array, weight: Array, hidden: Array, sizes: Sizes = None, reverse: bool = False) -> Array:
    r"""The states of a recurrent network at all steps, :math:`h_t = \tanh(x_t + W h_{t-1})` (Elman 1990).

    Backwards, :math:`\bar h_t` collects what comes from y and from step t + 1; :math:`\bar x_t = \bar h_t (1 - h_t^2)`,
    step t - 1 gets :math:`W^T \bar x_t`, and :math:`\bar W = \sum_t \bar x_t h_{t-1}^T`.

    Args:
        input: the inputs' share, with the biases, `(t, n, h)`.
        weight: `(h, h)`.
        hidden: the first state, `(n, h)`.
    """
    return _rnn_forward(input, weight, hidden, sizes, reverse)[0]
