"""What a model is made of: a table of its layers, with shapes, parameters, bytes and multiply-adds."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import memory
from ..graph import no_grad, noter, watcher
from ..op import Op, watch_outputs, wrap
from ..random import get_rng_state, set_rng_state
from ..tensor import Tensor
from .hooks import Hooks
from .module import Module

Array = np.ndarray[Any, Any]


# ---------------------------------------------------------------------------------------------------- multiply-adds


def _einsum(y: Array, terms: Sequence[Sequence[int]], *operands: Array) -> int:
    """Those of the pairs that the operands are contracted in."""
    sizes = {k: n for term, x in zip(terms, operands) for k, n in zip(term, x.shape)}
    parts = [part for pair in zip(operands, terms) for part in pair]
    out = dict.fromkeys(terms[-1])
    _, *path = np.einsum_path(*parts, list(out), optimize="greedy")[0]
    left = [set(term) for term in terms[:-1]]
    total = 0
    for step in path:
        met = [left.pop(i) for i in sorted(step, reverse=True)]
        indices = set().union(*met)
        total += (len(met) - 1) * math.prod(sizes[k] for k in indices)
        left.append(indices & set(out).union(*left))
    return total


def _recurrent(y: Array, x: Array, weight: Array, *others: Any) -> int:
    """At each step the hidden state of every sequence times its weight; the input's product is an op of its own."""
    steps, sequences = x.shape[:2]
    return int(steps * sequences * weight.size)


MULTIPLY_ADDS: dict[str, Callable[..., int]] = {
    "matmul": lambda y, a, b: y.size * a.shape[-1],
    "affine": lambda y, x, w, b: y.size * x.shape[-1],
    "attention": lambda y, q, k, v, *_: y[..., 0].size * k.shape[-2] * (q.shape[-1] + v.shape[-1]),
    "vecdot": lambda y, a, b: y.size * a.shape[-1],
    "euclidean": lambda y, a, b: y.size * a.shape[-1],
    "einsum": _einsum,
    "conv": lambda y, x, w, b, how: y.size * w[0].size,
    "conv_input": lambda y, x, w, how: x.size * w[0].size,
    "conv_weight": lambda y, g, x, how: g.size * y[0].size,
    "lstm": _recurrent,
    "gru": _recurrent,
    "rnn": _recurrent,
}
"""For each op that sums products, how many it adds up, given its output and its arguments."""


# ------------------------------------------------------------------------------------------------------- the result


@dataclass(frozen=True)
class Layer:
    """One module of a model, with all below it.

    Attributes:
        name: the dotted name in the model; that of the model itself is "".
        kind: the name of its class.
        depth: how deep it stands in the model, whose own depth is 0.
        calls: how often it was called.
        output_shape: the shape of what its last call returned; of several tensors the shapes, in their structure; None
            if it wasn't called.
        parameters: the number of its parameters' elements, a parameter that stands in it twice counted once.
        trainable_parameters: of these, those that ask for a gradient.
        bytes: of its parameters and buffers.
        multiply_adds: the products that its calls added up, in matrix products, convolutions and recurrences.
    """

    name: str
    kind: str
    depth: int
    calls: int
    output_shape: Any
    parameters: int
    trainable_parameters: int
    bytes: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """What `summary` returns; printed, it is a table, and in a notebook, too.

    Attributes:
        layers: the model's modules, parents before children; the first is the model.
        depth: down to which depth the table shows them; None: all.
    """

    layers: Sequence[Layer]
    depth: int | None = None

    @property
    def total_parameters(self) -> int:
        """The elements of all parameters, shared ones counted once."""
        return self.layers[0].parameters

    @property
    def trainable_parameters(self) -> int:
        """The elements of the parameters that ask for a gradient."""
        return self.layers[0].trainable_parameters

    @property
    def total_bytes(self) -> int:
        """The bytes of all parameters and buffers."""
        return self.layers[0].bytes

    @property
    def total_multiply_adds(self) -> int:
        """The products that one forward pass added up."""
        return self.layers[0].multiply_adds

    def __str__(self) -> str:
        table = [_HEAD, *self._rows()]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = [
            "  ".join(cell.ljust(n) if i < _TEXTS else cell.rjust(n) for i, (cell, n) in enumerate(zip(row, widths)))
            for row in table
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join(line.rstrip() for line in (lines[0], rule, *lines[1:], rule, *self._totals()))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def line(cells: Sequence[str], tag: str) -> str:
            aligned = [("left" if i < _TEXTS else "right", html.escape(cell)) for i, cell in enumerate(cells)]
            inside = "".join(
                f'<{tag} style="text-align: {side}; white-space: pre; padding: 0 0.6em">{x}</{tag}>'
                for side, x in aligned
            )
            return f"<tr>{inside}</tr>"

        rows = "".join(line(row, "td") for row in self._rows())
        totals = "<br>".join(map(html.escape, self._totals()))
        return f"<table><thead>{line(_HEAD, 'th')}</thead><tbody>{rows}</tbody></table><p>{totals}</p>"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                "  " * layer.depth + (layer.name.rpartition(".")[2] or "(model)"),
                layer.kind + (f" x {layer.calls}" if layer.calls > 1 else ""),
                "-" if layer.calls == 0 else str(layer.output_shape),
                f"{layer.parameters:,}",
                _size(layer.bytes),
                f"{layer.multiply_adds:,}",
            )
            for layer in self.layers
            if self.depth is None or layer.depth <= self.depth
        ]

    def _totals(self) -> list[str]:
        frozen = self.total_parameters - self.trainable_parameters
        return [
            f"parameters: {self.total_parameters:,}, of which {self.trainable_parameters:,} are trained"
            + (f" and {frozen:,} frozen" if frozen else "")
            + "; those that layers share count once",
            f"parameters and buffers: {_size(self.total_bytes)}",
            f"multiply-adds of one forward pass: {self.total_multiply_adds:,}",
        ]


_HEAD = "layer", "class", "output shape", "parameters", "size", "multiply-adds"
_UNITS = "B", "KiB", "MiB", "GiB"
_TEXTS = 3  # the columns of text, which stand on the left


def _size(n: int) -> str:
    """A number of bytes as a person reads it."""
    if n < 1024:
        return f"{n} B"
    power = 1 if n < 1024**2 else 2 if n < 1024**3 else 3
    return f"{n / 1024**power:,.1f} {_UNITS[power]}"


# --------------------------------------------------------------------------------------------------------- the count


class _Count:
    """Goes along with a forward pass, and notes what each module does."""

    def __init__(self) -> None:
        self.running: list[Module] = []
        self.calls: dict[Module, int] = {}
        self.outputs: dict[Module, Any] = {}
        self.multiply_adds: dict[Module, int] = {}

    def enter(self, module: Module, args: tuple[Any, ...]) -> None:
        self.running.append(module)
        self.calls[module] = self.calls.get(module, 0) + 1

    def leave(self, module: Module, args: tuple[Any, ...], output: Any) -> None:
        self.running.pop()
        self.outputs[module] = _shapes(output)

    def watch(self, op: Op, values: Sequence[Any], y: Array, *backward: Any) -> None:
        count = MULTIPLY_ADDS.get(op.name)
        if count is not None and not backward:
            for module in set(self.running):
                self.multiply_adds[module] = self.multiply_adds.get(module, 0) + count(y, *values)


def summary(model: Module, input: Any, *, depth: int | None = None) -> Summary:
    """The layers of a model: their output shapes, parameters, bytes and multiply-adds on an input.

    One forward pass is made, in evaluation mode, without recording, and every matrix product, convolution and
    recurrence in it is counted as it happens: also those outside any layer, and all calls of a layer that is called
    often. What activations, normalisations, pooling and interpolation do isn't counted. The model stays as it
    was: modes, parameters, buffers, hooks; and so does the random generator.

    Args:
        model: any module.
        input: a tensor; a tuple or list of positional arguments, or a dict of keyword arguments; a shape, `(1, 3, 224,
            224)`, stands for a tensor of zeros in the dtype of the model's first parameter, as does one among the
            arguments.
        depth: down to which depth the table shows the layers; None: all. The model itself has depth 0.

    Raises:
        RuntimeError, ValueError, ...: what the model raises about such an input.
    """
    args, kwargs = _arguments(input, next((p.dtype for p in model.parameters()), np.dtype(np.float32)))
    count = _Count()
    with _unchanged(model), no_grad(), np.errstate(all="ignore"):
        model.eval()
        for module in model.modules():
            module.register_forward_pre_hook(count.enter)
            module.register_forward_hook(count.leave)
        token = watcher.set(count.watch)
        watch_outputs(True)
        try:
            model(*args, **kwargs)
        finally:
            watcher.reset(token)
            watch_outputs(watcher.get() is not None or noter.get() is not None)
    return Summary([_layer(name, module, count) for name, module in model.named_modules()], depth)


def _layer(name: str, module: Module, count: _Count) -> Layer:
    parameters = list(module.parameters())
    return Layer(
        name=name,
        kind=type(module).__name__,
        depth=name.count(".") + 1 if name else 0,
        calls=count.calls.get(module, 0),
        output_shape=count.outputs.get(module),
        parameters=sum(p.numel() for p in parameters),
        trainable_parameters=sum(p.numel() for p in parameters if p.requires_grad),
        bytes=sum(t.array.nbytes for t in (*parameters, *module.buffers())),
        multiply_adds=count.multiply_adds.get(module, 0),
    )


def _arguments(input: Any, dtype: np.dtype[Any]) -> tuple[list[Any], dict[str, Any]]:
    """The positional and the keyword arguments, with zeros in place of shapes."""

    def made(value: Any) -> Any:
        return wrap(np.zeros(value, dtype)) if _is_shape(value) else value

    if isinstance(input, Mapping):
        return [], {name: made(value) for name, value in input.items()}
    if isinstance(input, (tuple, list)) and not _is_shape(input):
        return [made(value) for value in input], {}
    return [made(input)], {}


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(n, (int, np.integer)) for n in value)


def _shapes(output: Any) -> Any:
    """The shapes of the tensors in what a module returned, in its structure."""
    if isinstance(output, Tensor):
        return output.shape
    if isinstance(output, Mapping):
        return {key: _shapes(value) for key, value in output.items()}
    if isinstance(output, (tuple, list)):
        return [_shapes(value) for value in output]
    return None


@contextmanager
def _unchanged(model: Module) -> Iterator[None]:
    """Put the model's attributes, its tensors' elements and the random generator back at the end."""
    attributes = [(vars(module), {**vars(module), "_kinds": dict(module._kinds)}) for module in model.modules()]
    for module in model.modules():
        if (hooks := module._hooks) is not None:
            module._hooks = Hooks()  # of its own, for hooks that go at the end
            module._hooks.before, module._hooks.after = list(hooks.before), list(hooks.after)
    elements = [(b.array, b.array.copy()) for b in model.buffers()]
    random = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(random)
        for now, own in attributes:
            now.clear()
            now.update(own)
        for array, before in elements:
            if not np.array_equal(array, before, equal_nan=array.dtype.kind == "f"):
                array[...] = before
                memory.touch("summary", array)
