"""From a live graph to its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..graph import Leaf, Node, Outline, sum_to, toposort, walk, watcher
from ..op import Each, Op
from ..ops.compare import where
from ..tensor import Tensor
from .formula import op_formula, rule_formula
from .record import Edge, Kind, Record, Rule, Vertex
from .sites import assigned, shown_site, source_line
from .stats import Stats, stats

if TYPE_CHECKING:
    from ..nn import Module

Names: TypeAlias = "Module | Mapping[str, Tensor] | None"


def record(y: Tensor | Sequence[Tensor], names: Names = None, *, gradients: bool = False) -> Record:
    """The graph of one result or several. The graph stays as it is, and so does every `.grad`.

    Args:
        y: what the graph leads to. After its backward freed it, shapes and constants are unknown.
        names: what the tensors are called: a module with its parameters, or a dict from name to
            tensor. Parameters, inputs and results can be named.
        gradients: walk backward once from the first result, from ones, and note what arrives where; hooks
            aren't called. Without it, only what backward has left in the `.grad` of named leaves is noted.

    Raises:
        RuntimeError: a tensor of `y` doesn't require grad, so it has no graph; or gradients are asked of a graph that
            an earlier backward freed.
    """
    return with_values("record", y, names, gradients=gradients)[0]


def with_values(
    caller: str, y: Tensor | Sequence[Tensor], names: Names = None, *, gradients: bool = False
) -> tuple[Record, dict[str, Any]]:
    """The record, and by the ids of its vertices: the node of an operation or leaf, the value of a constant.

    Raises:
        RuntimeError: as `record`, in the name of `caller`.
    """
    outputs = [y] if isinstance(y, Tensor) else list(y)
    for tensor in outputs:
        if tensor._node is None:
            raise RuntimeError(
                f"{caller}: this tensor of shape {tensor.shape} doesn't require grad and has no "
                "graph: no operand required grad, or it was computed under no_grad()"
            )
    writer = _Writer(outputs, named(names), gradients)
    return writer.record(), writer.behind


def named(names: Names) -> dict[str, Tensor]:
    """`names` as a dict from name to tensor."""
    if isinstance(names, Mapping):
        return dict(names)
    return {} if names is None else dict(names.named_parameters())


@contextmanager
def without_hooks(order: Iterable[Node]) -> Iterator[None]:
    """No hook of these nodes is called in the block: hooks may do anything, and drawing changes nothing."""
    hooks = {node: node.hooks for node in order if node.hooks}
    for node in hooks:
        node.hooks = None
    try:
        yield
    finally:
        for node, before in hooks.items():
            node.hooks = before


class _Walk:
    """One backward walk from ones: what arrives at each node, and each rule's share of it."""

    def __init__(self, y: Tensor, order: Sequence[Node]) -> None:
        self.shares: dict[tuple[Node, int], Any] = {}
        self.totals: dict[tuple[Node, int], Any] = {}
        self.calls: dict[Node, list[Any]] = {}
        token = watcher.set(self._watch)
        try:
            with np.errstate(all="ignore"), without_hooks(order):
                root = y._node
                assert root is not None, "checked by record"
                found = walk([(root, np.ones_like(y.array))], retain=True, where=where, wanted=set(order))
                self.arrived = {node: g for node, (g, _) in found.items()}
                self._share(order)
        finally:
            watcher.reset(token)

    def _watch(self, op: Op, operands: Any, d: Any, node: Node | None = None, roots: Any = ()) -> None:
        if node is not None:
            self.calls.setdefault(node, []).append(np.array(d))

    def _share(self, order: Sequence[Node]) -> None:
        """Which edge each rule's result went along, and the sums on the way."""
        so_far: dict[Node, Any] = {}
        edges: dict[Node, list[tuple[Node, int]]] = {}
        for node in reversed(order):
            results = iter(self.calls.get(node, ()))
            if node not in self.calls:
                continue
            rules = node.op.fused.rules if node.op.fused else node.op.rules
            for i, (rule, inp) in enumerate(zip(rules, node.inputs)):
                if rule is None or inp is None:
                    continue
                d, whole = next(results), np.asarray(self.arrived[inp])
                if d.shape != whole.shape:
                    d = sum_to(d, whole.shape)
                so_far[inp] = so_far[inp] + d if inp in so_far else d
                self.shares[node, i], self.totals[node, i] = d, so_far[inp]
                edges.setdefault(inp, []).append((node, i))
        for inp, keys in edges.items():
            self.totals[keys[-1]] = self.arrived[inp]  # where the walk masks 0 * inf, it knows better
            if len(keys) == 1:
                self.shares[keys[0]] = self.arrived[inp]


class _Writer:
    """Writes down the graph of `outputs`, vertex by vertex in topological order."""

    def __init__(self, outputs: Sequence[Tensor], names: dict[str, Tensor], gradients: bool) -> None:
        known = [(None, tensor) for tensor in outputs] + list(names.items())
        self.roots: list[Node] = [tensor._node for tensor in outputs if tensor._node is not None]
        self.order = toposort(self.roots)
        # What is known of a value: from its name, from who reads it, or from the result itself.
        self.name_of: dict[Any, str] = {}
        self.value_of: dict[Node, Any] = {}
        self.tensor_of: dict[Node, Tensor] = {}
        for node in self.order:
            for source, value in zip(node.inputs, node.args or ()):
                if source is not None and not isinstance(self.value_of.get(source), np.ndarray):
                    self.value_of[source] = value
            if node.op is not None and node.op.reads_y and node.args is not None:
                self.value_of[node] = node.op.output(node)
            if (name := getattr(node, "label", None)) is not None:
                self.name_of[node] = name
        for name, tensor in known:
            if tensor._node is not None:
                self.value_of[tensor._node] = tensor.array
                self.tensor_of[tensor._node] = tensor
            if name is not None:
                self.name_of[tensor._node or id(tensor.array)] = name
        self._name_by_source()
        self.made = {id(value): node for node, value in self.value_of.items() if isinstance(value, np.ndarray)}
        self.constants = {name: tensor for name, tensor in names.items() if tensor._node is None}
        self.unused = {
            name: tensor
            for name, tensor in names.items()
            if isinstance(tensor._node, Leaf) and tensor._node not in set(self.order)
        }
        self.module_of = self._modules()
        self.walk = _Walk(outputs[0], self.order) if gradients else None
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self.id_of: dict[Any, str] = {}
        self.behind: dict[str, Any] = {}

    def _name_by_source(self) -> None:
        """The variable of a line names the last node of each run of nodes that the line made."""
        noted = [node for node in self.order if hasattr(node, "site")]
        for node, after in zip(noted, [*noted[1:], None]):
            if node not in self.name_of and (after is None or after.site != node.site):
                name = assigned(node.site)
                if name is not None:
                    self.name_of[node] = name

    def _modules(self) -> dict[Node, str]:
        """The module of each node: as noted, else that of its parameters."""
        found: dict[Node, str] = {}
        forward = set(toposort(self.roots[:1]))
        for node in self.order:
            if node.op is None:
                name = self.name_of.get(node, "")
                if "." in name:
                    found[node] = name.rpartition(".")[0]
            elif hasattr(node, "seen"):
                found[node] = node.seen.module
            elif node in forward:
                near = [found[i] for i in node.inputs if i is not None and i in found and i.op is None]
                of_weights = len(node.inputs) == 1 or all(i is None or i.op is None for i in node.inputs[1:])
                if near and of_weights:
                    found[node] = near[0]
        return found

    def record(self) -> Record:
        for node in self.order:
            if node.op is None:
                self.add(node, "leaf", self.name_of.get(node, "leaf"), self.value_of.get(node))
            else:
                self.operation(node, node.op)
        for name, tensor in self.unused.items():
            if tensor._node is not None:
                self.value_of[tensor._node] = tensor.array
                self.name_of[tensor._node] = name
                self.add(tensor._node, "leaf", name, tensor.array, reason="the result doesn't use it")
        outputs = tuple(self.id_of[node] for node in self.roots)
        ops = {node.op.name: node.op for node in self.order if node.op is not None}
        return Record(tuple(self.vertices), tuple(self.edges), outputs, tuple(map(_rule, ops.values())))

    def operation(self, node: Node, op: Op) -> None:
        sources = []
        options = []
        args = node.args if node.args is not None else [None] * len(node.inputs)
        for i, (source, value) in enumerate(zip(node.inputs, args)):
            name = _parameter(op, i)
            if source is not None:
                sources.append((self.id_of[source], name, i))
            elif op.operand(i) and value is not None:
                sources.append((self.constant(value), name, i))
            elif (settings := _settings(value)) is not None:
                options += [(k, _shown(v)) for k, v in settings.items()]
            elif value is not None and not _equal(value, op.defaults.get(name)):
                options.append((name, _shown(value)))
        self.add(node, "op", op.name, self.value_of.get(node), tuple(options))
        for id_, name, i in sources:
            share = total = None
            if self.walk is not None and (node, i) in self.walk.shares:
                share, total = stats(self.walk.shares[node, i]), stats(self.walk.totals[node, i])
            self.edges.append(Edge(id_, self.id_of[node], name, share, total))

    def constant(self, value: Any) -> str:
        """The id of a constant: a number has a vertex for each use, an array has one for all."""
        if not isinstance(value, np.ndarray | Outline):
            id_ = self.add(object(), "constant", _shown(value), None, reason="a number")
            self.behind[id_] = value
            return id_
        key = id(value)
        if key not in self.id_of:
            if isinstance(value, np.ndarray):
                self.name_of.setdefault(key, self.name_of_copy(value))
            self.add(
                key,
                "constant",
                self.name_of.get(key) or _digits(value) or "constant",
                value,
                reason=self.why_constant(value),
            )
        return self.id_of[key]

    def why_constant(self, value: Any) -> str:
        if value.dtype.kind != "f":
            return "integers and bools have no gradient"
        if id(value) in self.made:
            whole = self.name_of.get(self.made[id(value)])
            return f"detached from {whole}" if whole else "detached from the graph"
        return "doesn't require grad, or was computed under no_grad()"

    def name_of_copy(self, value: np.ndarray[Any, Any]) -> str:
        """The name of a tensor that a layer made `value` of without changing its elements; "" if there is none."""
        for name, tensor in self.constants.items():
            if np.array_equal(tensor.array, value):
                return name
        return ""

    def add(
        self,
        key: Any,
        kind: Kind,
        label: str,
        value: Any,
        options: tuple[tuple[str, str], ...] = (),
        reason: str | None = None,
    ) -> str:
        id_ = self.id_of[key] = f"n{len(self.vertices)}"
        self.behind[id_] = key if isinstance(key, Node) else value
        seen = getattr(key, "seen", None)
        known = value if value is not None else seen
        shape = None if known is None else tuple(map(int, known.shape))
        dtype = None if known is None else str(known.dtype)
        nbytes = None if shape is None else int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        site = getattr(key, "site", None)
        gradient = self.gradient(key) if kind != "constant" else None
        if self.walk is not None and kind != "constant" and gradient is None and reason is None:
            reason = "no rule on the way from the result passes a gradient on"
        self.vertices.append(
            Vertex(
                id_,
                kind,
                label,
                self.name_of.get(key) or None,
                shape,
                dtype,
                options,
                self.module_of.get(key, ""),
                nbytes,
                stats(value) or (seen.stats if seen is not None else None),
                gradient,
                shown_site(site) if site else None,
                source_line(site) if site else None,
                reason,
            )
        )
        return id_

    def gradient(self, node: Node) -> Stats | None:
        if self.walk is not None:
            return stats(self.walk.arrived[node]) if node in self.walk.arrived else None
        tensor = self.tensor_of.get(node)
        return stats(tensor.grad.array) if tensor is not None and tensor.grad is not None else None


def _rule(op: Op) -> Rule:
    if isinstance(op.rules, Each):
        of: Iterable[tuple[str, str | None]] = [(op.params[-1], rule_formula(op, len(op.params) - 1))]
    else:
        of = [(op.params[i], rule_formula(op, i)) for i, rule in enumerate(op.rules) if rule is not None]
    return Rule(op.name, op_formula(op), tuple(of), op.doc)


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


def _settings(value: Any) -> dict[str, Any] | None:
    """What people gave to the composition that worked out `value`, or one for each dimension, for its op; else None."""
    if hasattr(value, "_fields"):
        return getattr(value, "settings", dict)()
    if not isinstance(value, tuple) or not value or not all(hasattr(part, "settings") for part in value):
        return None
    dims = [part.settings() for part in value]
    names = dict.fromkeys(name for dim in dims for name in dim)
    told = {name: tuple(dim.get(name, getattr(part, name, None)) for dim, part in zip(dims, value)) for name in names}
    return {name: sizes[0] if len(set(sizes)) == 1 else sizes for name, sizes in told.items()}


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
