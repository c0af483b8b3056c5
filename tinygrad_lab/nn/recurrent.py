"""Recurrent layers and cells, PyTorch's: compositions of the ops of `ops.recurrent`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from ..creation import empty
from ..devices import Device
from ..op import wrap
from ..ops.compare import where
from ..ops.elementwise import sigmoid, tanh
from ..ops.linalg import linear
from ..ops.recurrent import Sizes, gru, living, lstm, rnn, steps_of
from ..ops.scatter import index_select
from ..ops.shape import cat, stack
from ..tensor import DTypeLike, Tensor
from . import init
from .functional.activation import relu
from .functional.dropout import dropout as drop
from .module import Module
from .parameter import Parameter
from .utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

States = tuple[Tensor, ...]


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` share: parameters, layers, directions, packed sequences."""

    _gates: int
    _states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        given: Any = dropout
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= 1:
            raise ValueError(f"{name}: dropout should be a number in range [0, 1], not {dropout!r}")
        for what, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name}: {what} should be of type bool, not {type(flag).__name__} {flag!r}")
        for what, size in (("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)):
            if not isinstance(size, int):
                raise TypeError(f"{name}: {what} should be of type int, not {type(size).__name__} {size!r}")
            if size <= 0:
                raise ValueError(f"{name}: {what} must be greater than zero, not {size}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"{name}: proj_size must be 0 or less than hidden_size {hidden_size}, not {proj_size}")
        if dropout and num_layers == 1:
            warnings.warn(
                f"{name}: dropout acts after all but the last layer, so dropout={dropout} does nothing with "
                "num_layers=1",
                stacklevel=3,
            )
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._names: list[list[str]] = []
        width, directions = self._gates * hidden_size, 2 if bidirectional else 1
        real = proj_size or hidden_size
        for layer in range(num_layers):
            features = real * directions if layer else input_size
            shapes: dict[str, tuple[int, ...]] = {"weight_ih": (width, features), "weight_hh": (width, real)}
            if bias:
                shapes |= {"bias_ih": (width,), "bias_hh": (width,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for suffix in ("", "_reverse")[:directions]:
                self._names.append([f"{kind}_l{layer}{suffix}" for kind in shapes])
                for full, shape in zip(self._names[-1], shapes.values(), strict=True):
                    self.register_parameter(full, Parameter(empty(*shape, device=device, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._names]

    def flatten_parameters(self) -> None:
        """Nothing; PyTorch's arranges memory for cuDNN."""

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
            "bidirectional": False,
        }
        shown += [f"{k}={getattr(self, k)}" for k, default in defaults.items() if getattr(self, k) != default]
        return ", ".join(shown)

    # ------------------------------------------------------------------------------------------------ the run

    def _walk(self, x: Tensor, p: dict[str, Any], states: States, sizes: Sizes, reverse: bool) -> tuple[Tensor, States]:
        """One layer in one direction: `(t, n, features)` and the first states to the outputs and the last states."""
        raise NotImplementedError

    def _run(self, input: Tensor | PackedSequence, hx: States | None) -> tuple[Any, States]:
        """All layers: the outputs, as the input came, and the last states `(layers * directions, n, h)`."""
        name = type(self).__name__
        packed = isinstance(input, PackedSequence)
        sizes: Sizes = None
        if isinstance(input, PackedSequence):
            x = pad_packed_sequence(input._replace(sorted_indices=None, unsorted_indices=None))[0]
            sizes = tuple(input.batch_sizes.tolist())
        else:
            x = input
            if x.ndim not in (2, 3):
                raise ValueError(f"{name}: expected input to be 2D or 3D, got {x.ndim}D instead")
        batched = x.ndim == 3
        if not batched:
            x = x.unsqueeze(1)
        elif self.batch_first and not packed:
            x = x.transpose(0, 1)
        states = self._first(x, hx, batched)
        if isinstance(input, PackedSequence) and input.sorted_indices is not None and hx is not None:
            states = tuple(index_select(s, 1, input.sorted_indices) for s in states)

        last: list[States] = []
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(2 if self.bidirectional else 1):
                i = len(last)
                p = {n.split("_l")[0]: getattr(self, n) for n in self._names[i]}
                y, final = self._walk(x, p, tuple(s[i] for s in states), sizes, direction == 1)
                outputs.append(y)
                last.append(final)
            x = cat(outputs, 2) if self.bidirectional else outputs[0]
            if self.dropout and layer + 1 < self.num_layers:
                x = drop(x, self.dropout, self.training)
        finals = tuple(stack(of_layers, 0) for of_layers in zip(*last, strict=True))

        if isinstance(input, PackedSequence):
            if input.unsorted_indices is not None:
                finals = tuple(index_select(s, 1, input.unsorted_indices) for s in finals)
            lengths = (np.arange(x.shape[1]) < input.batch_sizes.array[:, None]).sum(0)
            data = pack_padded_sequence(x, wrap(lengths)).data
            return PackedSequence(data, *input[1:]), finals
        if not batched:
            return x.squeeze(1), tuple(s.squeeze(1) for s in finals)
        return x.transpose(0, 1) if self.batch_first else x, finals

    def _first(self, x: Tensor, hx: States | None, batched: bool) -> States:
        """The first states, zeros if none are given, after a look at what was given."""
        name, weight = type(self).__name__, self.all_weights[0][0]
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got {x.shape[-1]}"
            )
        if x.dtype != weight.dtype:
            raise ValueError(
                f"{name}: input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}); convert the input or "
                "the model with .to(...)"
            )
        if not x.shape[0]:
            raise RuntimeError(f"{name}: expected a sequence length larger than 0, got an input of shape {x.shape}")
        count = self.num_layers * (2 if self.bidirectional else 1)
        widths = (self.proj_size or self.hidden_size, self.hidden_size)[: self._states]
        shapes = [(count, x.shape[1], width) for width in widths]
        if hx is None:
            return tuple(wrap(np.zeros(shape, x.dtype)) for shape in shapes)
        if any(s.ndim != (3 if batched else 2) for s in hx):
            kind, wanted = ("batched 3-D", 3) if batched else ("unbatched 2-D", 2)
            raise RuntimeError(
                f"{name}: for {kind} input, hx should also be {wanted}-D, but got shapes {[tuple(s.shape) for s in hx]}"
            )
        states = tuple(s if batched else s.unsqueeze(1) for s in hx)
        for s, shape in zip(states, shapes, strict=True):
            if tuple(s.shape) != shape:
                raise RuntimeError(f"{name}: expected hidden size {shape}, got {list(s.shape)}")
        return states


def _bias(p: dict[str, Any]) -> Any:
    return p["bias_ih"] + p["bias_hh"] if "bias_ih" in p else None


def _scan(
    cell: Callable[[Tensor, States], States], x: Tensor, states: States, sizes: Sizes, reverse: bool
) -> tuple[Tensor, States]:
    """What the ops of `ops.recurrent` do, step by step, for cells that they don't know."""
    t, n = x.shape[:2]
    outputs: dict[int, Tensor] = {}
    for step, size in steps_of(t, n, sizes, reverse):
        new = cell(x[step], states)
        if size < n:
            alive = living(n, size)
            new = tuple(where(alive, a, b) for a, b in zip(new, states, strict=True))
        states, outputs[step] = new, new[0]
    return stack([outputs[step] for step in range(t)], 0), states


class RNN(RNNBase):
    r"""Elman's recurrent network, :math:`h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`.

    Every parameter starts uniform in :math:`\pm 1 / \sqrt{\text{hidden\_size}}`.

    Args:
        num_layers: layers, each of which sees the outputs of the one before.
        nonlinearity: "tanh" or "relu".
        bias: whether there are biases.
        batch_first: whether input and output are `(n, t, *)` and not `(t, n, *)`.
        dropout: the probability to drop an output of all but the last layer, in training.
        bidirectional: whether a second network reads the sequence from its end; the outputs lie side by side.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: an argument is out of range.
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity is 'tanh' or 'relu', not {nonlinearity!r}")
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype
        )
        self.nonlinearity = nonlinearity

    def _walk(self, x: Tensor, p: dict[str, Any], states: States, sizes: Sizes, reverse: bool) -> tuple[Tensor, States]:
        shares = linear(x, p["weight_ih"], _bias(p))
        if self.nonlinearity == "relu":
            return _scan(lambda a, s: (relu(a + linear(s[0], p["weight_hh"])),), shares, states, sizes, reverse)
        y = rnn(shares, p["weight_hh"], states[0], sizes, reverse)
        return y, (y[0 if reverse else -1],)

    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...
    def forward(self, input: Any, hx: Any = None) -> Any:
        """`(t, n, input_size)` and the first states `(layers * directions, n, h)`, zeros if None.

        Without n for one sequence. Returns the outputs `(t, n, directions * h)`, and the last states as the first.

        Raises:
            RuntimeError: shapes don't fit.
            ValueError: the number of dimensions or the dtype doesn't.
        """
        y, (h,) = self._run(input, None if hx is None else (hx,))
        return y, h


class GRU(RNNBase):
    r"""Gated recurrent units (Cho et al. 2014).

    :math:`r, z = \sigma(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`,
    :math:`u = \tanh(W_{iu} x_t + b_{iu} + r (W_{hu} h_{t-1} + b_{hu}))`, :math:`h_t = (1 - z) u + z h_{t-1}`.
    Arguments, starting values and errors are those of `RNN`, without `nonlinearity`.
    """

    _gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device=device, dtype=dtype
        )

    def _walk(self, x: Tensor, p: dict[str, Any], states: States, sizes: Sizes, reverse: bool) -> tuple[Tensor, States]:
        y = _gated(x, p, states[0], sizes, reverse)
        return y, (y[0 if reverse else -1],)

    @overload
    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]: ...
    @overload
    def forward(self, input: PackedSequence, hx: Tensor | None = None) -> tuple[PackedSequence, Tensor]: ...
    def forward(self, input: Any, hx: Any = None) -> Any:
        """As `RNN.forward`."""
        y, (h,) = self._run(input, None if hx is None else (hx,))
        return y, h


def _gated(x: Tensor, p: dict[str, Any], h: Tensor, sizes: Sizes = None, reverse: bool = False) -> Tensor:
    bias = p.get("bias_hh")
    b = np.zeros(len(p["weight_hh"]), x.dtype) if bias is None else bias
    return gru(linear(x, p["weight_ih"], p.get("bias_ih")), p["weight_hh"], b, h, sizes, reverse)


class LSTM(RNNBase):
    r"""Long short-term memory (Hochreiter and Schmidhuber 1997).

    :math:`i, f, o = \sigma(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})`, :math:`u = \tanh(\ldots)`,
    :math:`c_t = f c_{t-1} + i u`, :math:`h_t = o \tanh c_t`. Arguments, starting values and errors are those of `RNN`,
    without `nonlinearity`.

    Args:
        proj_size: if positive, :math:`h_t = W_{hr} (o \tanh c_t)` has this size (Sak et al. 2014,
            https://arxiv.org/abs/1402.1128).
    """

    _gates = 4
    _states = 2

    def _walk(self, x: Tensor, p: dict[str, Any], states: States, sizes: Sizes, reverse: bool) -> tuple[Tensor, States]:
        shares = linear(x, p["weight_ih"], _bias(p))
        if self.proj_size:
            return _scan(lambda a, s: _projected(a, p, *s), shares, states, sizes, reverse)
        y = lstm(shares, p["weight_hh"], states[0], states[1], sizes, reverse)
        last = 0 if reverse else -1
        return y[0], (y[0, last], y[1, last])

    @overload
    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]: ...
    @overload
    def forward(
        self, input: PackedSequence, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[PackedSequence, tuple[Tensor, Tensor]]: ...
    def forward(self, input: Any, hx: Any = None) -> Any:
        """As `RNN.forward`, with a pair of states, hidden and cell."""
        return self._run(input, None if hx is None else tuple(hx))


def _projected(a: Tensor, p: dict[str, Any], h: Tensor, c: Tensor) -> States:
    """A step of an LSTM with a projection."""
    i, f, u, o = (a + linear(h, p["weight_hh"])).chunk(4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(u)
    return linear(sigmoid(o) * tanh(c), p["weight_hr"]), c


# -------------------------------------------------------------------------------------------------------- cells


class RNNCellBase(Module):
    """What the cells share."""

    _gates: int
    _states = 1

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter  # or None, as it was asked for
    bias_hh: Parameter

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, device: Device = None, dtype: DTypeLike = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        width = self._gates * hidden_size
        self.weight_ih = Parameter(empty(width, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(width, hidden_size, device=device, dtype=dtype))
        self.register_parameter("bias_ih", Parameter(empty(width, device=device, dtype=dtype)) if bias else None)
        self.register_parameter("bias_hh", Parameter(empty(width, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")

    def _step(self, x: Tensor, states: States) -> States:
        """`(n, input_size)` and states `(n, h)` to the next states."""
        raise NotImplementedError

    def _run(self, input: Tensor, hx: Sequence[Tensor] | None) -> States:
        """The next states of a batch, or of one sample."""
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: expected input to be 1D or 2D, got {input.ndim}D instead")
        for s in hx or ():
            if s.ndim not in (1, 2):
                raise ValueError(f"{name}: expected hx to be 1D or 2D, got {s.ndim}D instead")
        batched = input.ndim == 2
        x = input if batched else input.unsqueeze(0)
        if x.shape[1] != self.input_size:
            raise RuntimeError(
                f"{name}: input has inconsistent input_size: got {x.shape[1]}, expected {self.input_size}"
            )
        shape = len(x), self.hidden_size
        states = tuple(hx or (wrap(np.zeros(shape, x.dtype)) for _ in range(self._states)))
        states = tuple(s if s.ndim == 2 else s.unsqueeze(0) for s in states)
        for s in states:
            if tuple(s.shape) != shape:
                raise RuntimeError(f"{name}: expected hx of shape {shape}, got {tuple(s.shape)}")
        return tuple(s if batched else s.squeeze(0) for s in self._step(x, states))

    def _parameters_by_name(self) -> dict[str, Any]:
        return dict(self.named_parameters())


class RNNCell(RNNCellBase):
    """One step of `RNN`: the next state.

    Args:
        nonlinearity: "tanh" or "relu".
    """

    _gates = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def _step(self, x: Tensor, states: States) -> States:
        functions: dict[str, Callable[[Tensor], Tensor]] = {"tanh": tanh, "relu": relu}
        if self.nonlinearity not in functions:
            raise RuntimeError(f"RNNCell: unknown nonlinearity {self.nonlinearity!r}; it is 'tanh' or 'relu'")
        a = linear(x, self.weight_ih, self.bias_ih) + linear(states[0], self.weight_hh, self.bias_hh)
        return (functions[self.nonlinearity](a),)

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """`(n, input_size)` and the state `(n, h)`, zeros if None, to the next state; without n for one sample.

        Raises:
            RuntimeError: shapes don't fit.
            ValueError: the number of dimensions doesn't.
        """
        return self._run(input, None if hx is None else (hx,))[0]


class GRUCell(RNNCellBase):
    """One step of `GRU`: the next state."""

    _gates = 3

    def _step(self, x: Tensor, states: States) -> States:
        return (_gated(x.unsqueeze(0), self._parameters_by_name(), states[0])[0],)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """As `RNNCell.forward`."""
        return self._run(input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: the next hidden and the next cell state."""

    _gates = 4
    _states = 2

    def _step(self, x: Tensor, states: States) -> States:
        p = self._parameters_by_name()
        y = lstm(linear(x, self.weight_ih, _bias(p)).unsqueeze(0), self.weight_hh, states[0], states[1])
        return y[0, 0], y[1, 0]

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """As `RNNCell.forward`, with a pair of states, hidden and cell."""
        h, c = self._run(input, hx)
        return h, c
