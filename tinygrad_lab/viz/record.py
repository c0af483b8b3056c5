"""A graph as plain data: what every drawing is made from.

A record holds strings and numbers only, so it keeps no tensor alive and can be compared, stored and
sent. Its ids count the vertices from inputs to outputs: the same program gives the same record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from ..graph import Node, toposort
from ..op import Op, Outline
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..nn import Module

Names: TypeAlias = "Module | Mapping[str, Tensor] | None"


@dataclass(frozen=True, slots=True)
class Vertex:
    """An operation, a leaf that asks for its gradient, or a constant.

    Attributes:
        id: "n0", "n1", ... in topological order.
        kind: what it is.
        label: the op's name, the tensor's name, a number's digits; else "leaf" or "constant".
        name: what the user calls this tensor, as the path of a parameter.
        shape: of the value; None where the graph was freed and doesn't know any more.
        dtype: of the value.
        options: an op's arguments that aren't operands, where they differ from the defaults.
    """

    id: str
    kind: Literal["op", "leaf", "constant"]
    label: str
    name: str | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """The value of `source` is the operand called `operand` of `target`."""

    source: str
    target: str
    operand: str


@dataclass(frozen=True, slots=True)
class Record:
    """A graph: its vertices with inputs before outputs, its edges, and the ids of its results."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    outputs: tuple[str, ...]


def record(y: Tensor | Sequence[Tensor], names: Names = None) -> Record:
    """The graph of one result or several. Nothing is computed, and the graph stays as it is.

    Args:
        y: what the graph leads to. After its backward freed it, shapes and constants are unknown.
        names: what the tensors are called: a module with its parameters, or a dict from name to
            tensor. Parameters, inputs and results can be named.

    Raises:
        RuntimeError: a tensor of `y` doesn't require grad, so it has no graph.
    """
    outputs = [y] if isinstance(y, Tensor) else list(y)
    for tensor in outputs:
        if tensor._node is None:
            raise RuntimeError(
                f"record: this tensor of shape {tensor.shape} doesn't require grad and has no "
                "graph: no operand required grad, or it was computed under no_grad()"
            )
    return _Writer(outputs, _named(names)).record()


def _named(names: Names) -> dict[str, Tensor]:
    if isinstance(names, Mapping):
        return dict(names)
    return {} if names is None else dict(names.named_parameters())


class _Writer:
    """Writes down the graph of `outputs`, vertex by vertex in topological order."""

    def __init__(self, outputs: Sequence[Tensor], names: dict[str, Tensor]) -> None:
        known = [(None, tensor) for tensor in outputs] + list(names.items())
        self.roots: list[Node] = [tensor._node for tensor in outputs if tensor._node is not None]
        self.order = toposort(self.roots)
        # What is known of a value: from its name, from who reads it, or from the result itself.
        self.name_of: dict[Any, str] = {}
        self.value_of: dict[Node, Any] = {}
        for name, tensor in known:
            if tensor._node is not None:
                self.value_of[tensor._node] = tensor
            if name is not None:
                self.name_of[tensor._node or id(tensor.array)] = name
        for node in self.order:
            for source, value in zip(node.inputs, node.args or ()):
                if source is not None:
                    self.value_of[source] = value
        self.constants = {name: tensor for name, tensor in names.items() if tensor._node is None}
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self.id_of: dict[Any, str] = {}

    def record(self) -> Record:
        for node in self.order:
            if node.op is None:
                self.add(node, "leaf", self.name_of.get(node, "leaf"), self.value_of.get(node))
            else:
                self.operation(node, node.op)
        outputs = tuple(self.id_of[node] for node in self.roots)
        return Record(tuple(self.vertices), tuple(self.edges), outputs)

    def operation(self, node: Node, op: Op) -> None:
        sources = []
        options = []
        args = node.args if node.args is not None else [None] * len(node.inputs)
        for i, (source, value) in enumerate(zip(node.inputs, args)):
            name = _parameter(op, i)
            if source is not None:
                sources.append((self.id_of[source], name))
            elif op.operand(i) and value is not None:
                sources.append((self.constant(value), name))
            elif value is not None and not _equal(value, op.defaults.get(name)):
                options.append((name, _shown(value)))
        self.add(node, "op", op.name, self.value_of.get(node), tuple(options))
        self.edges += [Edge(source, self.id_of[node], name) for source, name in sources]

    def constant(self, value: Any) -> str:
        """The id of a constant: a number has a vertex for each use, an array has one for all."""
        if not isinstance(value, np.ndarray | Outline):
            return self.add(object(), "constant", _shown(value), None)
        key = id(value)
        if key not in self.id_of:
            if isinstance(value, np.ndarray):
                self.name_of.setdefault(key, self.name_of_copy(value))
            self.add(key, "constant", self.name_of.get(key) or _digits(value) or "constant", value)
        return self.id_of[key]

    def name_of_copy(self, value: np.ndarray[Any, Any]) -> str:
        """The name of a tensor that a layer made `value` of without changing its elements; "" if there is none."""
        for name, tensor in self.constants.items():
            if np.array_equal(tensor.array, value):
                return name
        return ""

    def add(
        self,
        key: Any,
        kind: Literal["op", "leaf", "constant"],
        label: str,
        value: Any,
        options: tuple[tuple[str, str], ...] = (),
    ) -> str:
        id_ = self.id_of[key] = f"n{len(self.vertices)}"
        shape = None if value is None else tuple(map(int, value.shape))
        dtype = None if value is None else str(value.dtype)
        name = self.name_of.get(key) or None
        self.vertices.append(Vertex(id_, kind, label, name, shape, dtype, options))
        return id_


def _parameter(op: Op, i: int) -> str:
    """The name of the i-th argument; the operands of an op that takes any number are counted."""
    last = len(op.params) - 1
    return f"{op.params[last]}[{i - last}]" if op.variadic and i >= last else op.params[i]


def _equal(value: Any, default: Any) -> bool:
    return type(value) is type(default) and bool(np.all(value == default))


def _digits(value: np.ndarray[Any, Any] | Outline) -> str:
    """The digits of a 0-d array that is still there, else nothing."""
    return _shown(value.item()) if isinstance(value, np.ndarray) and value.ndim == 0 else ""


def _shown(value: Any) -> str:
    """A short text of an argument."""
    return _limited("".join(_parts(value)), 28)


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, np.ndarray | Outline):
        yield f"{value.dtype}[{', '.join(map(str, value.shape))}]"
    elif isinstance(value, bool | np.bool_ | str):
        yield str(value)
    elif isinstance(value, float | np.floating):
        yield f"{value:g}"
    elif isinstance(value, int | np.integer):
        yield str(value)
    elif isinstance(value, slice):
        ends = (value.start, value.stop, *([value.step] if value.step is not None else []))
        yield ":".join("" if end is None else str(end) for end in ends)
    elif isinstance(value, tuple | list):
        yield "("
        for i, item in enumerate(value):
            yield ", " if i else ""
            yield from _parts(item)
        yield ",)" if len(value) == 1 else ")"
    else:
        yield "..." if value is ... else getattr(value, "name", None) or type(value).__name__


def _limited(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
