"""From a record to a derivation: the chain rule, applied from the result back to the tensors that are wanted."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..graph import Node, sum_to
from ..op import Each, Op, table
from ..tensor import Tensor
from .derivation import Definition, Derivation, Step, Term
from .expression import Size, Symbol, cost, full, made, names_in, same, substituted, sum_of
from .formula import read
from .latex import latex
from .letters import as_typed, named_vertices
from .record import Edge, Record, Vertex
from .rewriting import OPERATORS, Context, simplify
from .ring import shortest
from .stats import told

_LONG = 64  # what `cost` says of a formula that isn't put into another one


class Pullback:
    """A rule that is no formula: it stands by its name, and can be called."""

    def __init__(self, op: Op, i: int) -> None:
        self.op = op
        self.i = i
        self.__name__ = f"vjp {op.name}"

    def __call__(self, g: Any, y: Any, *args: Any) -> Any:
        return rule_of(self.op, self.i)(g, y, *args)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pullback) and (self.op, self.i) == (other.op, other.i)

    def __hash__(self) -> int:
        return hash((self.op, self.i))


def rule_of(op: Op, i: int) -> Any:
    """The rule of the i-th argument, None if there is none."""
    if isinstance(op.rules, Each):
        each, skip = op.rules.rule, op.rules.skip
        return None if i < skip else lambda g, y, *args: each(i - skip, g, y, *args)
    return op.rules[i] if i < len(op.rules) else None


_INLINE = ("neg", "permute", "cast", "clone")
_WITH_NUMBER = ("add", "sub", "mul", "div")
_NESTED = 3  # operations without a name, one in the other


class Deriver:
    """Walks over a record from its first result back to the wanted vertices."""

    def __init__(
        self,
        record: Record,
        behind: Mapping[str, Any],
        wanted: Sequence[str],
        limit: int | None,
        called: Mapping[str, Tensor],
    ) -> None:
        self.record = record
        self.called = called
        self.behind = behind
        self.vertex = {v.id: v for v in record.vertices}
        self.inputs: dict[str, list[Edge]] = {}
        for edge in record.edges:
            self.inputs.setdefault(edge.target, []).append(edge)
        self.root = record.outputs[0]
        self.wanted = list(dict.fromkeys(wanted))
        self.path, self.ends = self._path()
        self.shown = self._needed()
        count = sum(self.vertex[id_].kind == "op" for id_ in self.shown)
        if limit is not None and count > limit:
            raise ValueError(
                f"derive: there are {count} operations between the result and {self._said(self.wanted)}, more than "
                f"limit={limit}; derive with respect to a tensor nearer to the result, such as {self._nearer(limit)}, "
                "or pass limit=None"
            )
        self.inlined = self._without_names()
        self.inline: dict[str, Symbol] = {}
        self.args: dict[str, list[Any]] = {}
        shown = self.shown - self.inlined
        names, self.letters = named_vertices(record, lambda v: v.id in shown, called)
        self.facts: list[str] = []
        self.definitions: list[Definition] = []
        self.abbreviations: dict[Any, Symbol] = {}
        self.sizes: dict[int, str] = {}
        self.symbol = {id_: Symbol(name, dims=self.vertex[id_].shape) for id_, name in names.items()}
        self.by_name = {s.name: id_ for id_, s in self.symbol.items()}
        self.forward: dict[str, Symbol] = {}
        self.unit_rows: dict[str, str] = {}
        self._define()
        self.context = Context(self.forward, self._holds, self.unit_rows, self._abbreviated)

    # ------------------------------------------------------------------------------------ which part of the graph

    def _path(self) -> tuple[set[str], set[str]]:
        """The vertices on the way from the wanted ones to the result, and those wanted ones that depend on no other."""
        below = set(self.wanted)
        ends = set(self.wanted)
        for v in self.record.vertices:
            if any(e.source in below for e in self.inputs.get(v.id, ())):
                below.add(v.id)
                ends.discard(v.id)
        found = {self.root}
        for v in reversed(self.record.vertices):
            if v.id in found and v.id not in ends:
                found.update(e.source for e in self.inputs.get(v.id, ()) if e.source in below)
        return found & below, ends

    def _needed(self) -> set[str]:
        """What the result is made of; a wanted one is taken as given, but where it depends on another."""
        found = {self.root, *self.wanted}
        for v in reversed(self.record.vertices):
            if v.id in found and v.id not in self.ends:
                found.update(e.source for e in self.inputs.get(v.id, ()))
        return found

    def _said(self, ids: Sequence[str]) -> str:
        found = [self.vertex[id_] for id_ in ids]
        return ", ".join(v.name or f"the {v.label} of shape {v.shape}" for v in found)

    def _nearer(self, limit: int) -> str:
        """A named tensor close enough to the result, or how to name one."""
        near = [v for v in self.record.vertices[-limit:] if v.kind == "op" and v.name and v.id != self.root]
        return repr(near[0].name) if near else 'one that you name with .named("h")'

    def _without_names(self) -> set[str]:
        """What stands inside the formulas of others: numbers, and a few operations on what has a name."""
        depth: dict[str, int] = {}
        for v in self.record.vertices:
            if v.kind == "constant" and self._number(v) is not None:
                depth[v.id] = 0
            elif v.kind == "op" and v.name is None and v.id != self.root and v.id not in self.wanted:
                sources = [e.source for e in self.inputs.get(v.id, ())]
                with_number = v.label in _WITH_NUMBER and sum(depth.get(s) == 0 for s in sources) == 1
                if v.label in _INLINE or with_number:
                    depth[v.id] = 1 + max(depth.get(s, 0) for s in sources)
                    if depth[v.id] > _NESTED:
                        del depth[v.id]
        return set(depth)

    def _number(self, v: Vertex) -> Any:
        """The number that a constant is, None if it is a tensor."""
        value = self.behind.get(v.id)
        if isinstance(value, np.ndarray):
            return value.item() if value.ndim == 0 and v.name is None else None
        if value is not None and not hasattr(value, "shape"):
            return value
        try:
            return ast.literal_eval(v.label) if v.reason == "a number" else None
        except (SyntaxError, ValueError):
            return float(v.label)

    # --------------------------------------------------------------------------------------- the forward equations

    def _define(self) -> None:
        self._read_constants()
        for v in self.record.vertices:
            if v.id not in self.shown:
                continue
            if v.id in self.inlined:
                if v.kind == "op":
                    self.inline[v.id] = self._made(v)
                continue
            symbol = self.symbol[v.id]
            if v.id in self.ends or v.kind != "op":
                if v.id not in self.inline:
                    note = v.name if v.name is not None and "." in v.name else "leaf" if v.kind == "leaf" else "given"
                    self._note(symbol, None, note, v)
            else:
                self.forward[symbol.name] = self._made(v)
                self._note(symbol, self.forward[symbol.name], v.label, v)

    def _note(self, symbol: Symbol, expression: Symbol | int | None, note: str, v: Vertex | None = None) -> None:
        name = v.name if v is not None and v.name else as_typed(symbol.name)
        self.definitions.append(Definition(symbol, name, expression, note, v.value if v is not None else None))

    def _read_constants(self) -> None:
        """What the values of constants say: which are 1 minus another, which have rows of probabilities."""
        seen: list[tuple[Symbol, np.ndarray[Any, Any]]] = []
        for v in self.record.vertices:
            if v.kind != "constant" or v.id not in self.symbol:
                continue
            value = self.behind.get(v.id)
            if not isinstance(value, np.ndarray) and v.value is not None and v.value.data is not None:
                value = np.array(v.value.data)
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.size == 0:
                continue
            symbol = self.symbol[v.id]
            other = next((s for s, a in seen if a.shape == value.shape and np.array_equal(1 - a, value)), None)
            if other is not None and v.name is None:
                self.inline[v.id] = made(operator.sub, 1, other)
                self.facts.append(f"A constant of the graph is $1 - {other.name}$ in every element, and is written so.")
                continue
            seen.append((symbol, value))
            if value.ndim and value.min() >= 0 and np.allclose(value.sum(-1), 1, rtol=0, atol=1e-6):
                self.unit_rows[symbol.name] = f"each row of ${symbol.name}$ sums to 1"

    def _made(self, v: Vertex) -> Symbol:
        """What a vertex is made of."""
        op, args = table[v.label], self._args(v)
        if v.label in ("cast", "clone"):
            return args[0]  # type: ignore[no-any-return]
        if v.label == "mean" and args[0].dims and args[1] is None:
            return made(operator.truediv, made(table["sum"], *args), math.prod(self._counted(args[0].dims)))
        if v.label == "log1p":  # as it is written by hand; computed as a logarithm of 1 + x it is less exact near 0
            return made(table["log"], shortest(1 + args[0]))
        if v.label in _INLINE:
            return simplify(made(OPERATORS.get(op.name, op), *args), Context())[0]  # type: ignore[no-any-return]
        return made(OPERATORS.get(op.name, op), *args)

    def _counted(self, dims: tuple[int, ...]) -> tuple[Size, ...]:
        """The sizes of what a mean is over; their product has a letter, B if it is that of a batch of losses."""
        n = math.prod(dims)
        if n not in self.sizes:
            self.sizes[n] = self.letters.fresh("B" if len(dims) == 1 else "n")
            what = "losses" if len(dims) == 1 else "elements"
            self._note(Symbol(self.sizes[n], dims=()), n, f"number of {what}")
        return tuple(Size(size, self.sizes[n], n) for size in dims)

    def operand(self, id_: str) -> Any:
        """What stands for a vertex in a formula."""
        if id_ in self.inline:
            return self.inline[id_]
        number = self._number(self.vertex[id_]) if self.vertex[id_].kind == "constant" else None
        return self.symbol[id_] if number is None else number

    def _args(self, v: Vertex) -> list[Any]:
        """The arguments of an op: formulas of its operands, and its options as they are."""
        if v.id not in self.args:
            self.args[v.id] = self._read_args(v)
        return self.args[v.id]

    def _read_args(self, v: Vertex) -> list[Any]:
        op = table[v.label]
        node = self.behind.get(v.id)
        live = node.args if isinstance(node, Node) else None
        edges = {e.operand: e.source for e in self.inputs.get(v.id, ())}
        options = dict(v.options)
        args: list[Any] = []
        params: list[str] = list(op.params)
        if op.variadic:
            last = params.pop()
            params += [f"{last}[{i}]" for i in range(sum(o.startswith(f"{last}[") for o in edges))]
        for i, name in enumerate(params):
            if name in edges:
                args.append(self.operand(edges[name]))
            elif live is not None:
                args.append(self._option(live[i]))
            elif name in options:
                args.append(_parsed(options[name]))
            else:
                args.append(op.defaults.get(name))
        return args

    def _option(self, value: Any) -> Any:
        """An option; of the arrays of an index those that hold labels get names."""
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(self._index(part) for part in value)
        return value

    def _index(self, value: Any) -> Any:
        if not isinstance(value, np.ndarray) or np.array_equal(value, np.arange(value.size)):
            return value
        key = ("index", id(value))
        if key not in self.abbreviations:
            name = next((n for n, t in self.called.items() if np.array_equal(t.array, value)), None)
            symbol = Symbol(self.letters.fresh("t") if name is None else self.letters.own(name), dims=value.shape)
            self.abbreviations[key] = symbol
            self.definitions.append(Definition(symbol, name or as_typed(symbol.name), None, "indices"))
        return self.abbreviations[key]

    # ------------------------------------------------------------------------------------------------ what is known

    def _abbreviated(self, e: Symbol) -> tuple[Symbol, str]:
        """A name for a softmax: the graph's own, or a new one."""
        for name, definition in self.forward.items():
            if same(definition, e):
                return self.symbol[self.by_name[name]], f"${name} = {latex(e)}$"
        if e.key not in self.abbreviations:
            symbol = Symbol(self.letters.fresh("p"), dims=e.dims)
            self.abbreviations[e.key] = symbol
            self.forward[symbol.name] = e
            self._note(symbol, e, "softmax")
        return self.abbreviations[e.key], f"${self.abbreviations[e.key].name} = {latex(e)}$"

    def _holds(self, condition: Any) -> str | None:
        """Why a logarithm isn't cut off, if it isn't: its values say so."""
        if not isinstance(condition, Symbol) or condition.head not in (operator.gt, operator.lt):
            return None
        u, bound = condition.args
        below = self.context.definition(u)
        v = self.vertex.get(self.by_name.get(getattr(u, "name", ""), ""))
        if below is None or below.head is not table["log"] or v is None or v.value is None:
            return None
        if v.value.min is None or v.value.max is None or v.value.bad:
            return None
        if v.value.min > bound if condition.head is operator.gt else v.value.max < bound:
            return f"no logarithm is cut off here: ${u.name}$ is {told(v.value)}"
        return None

    # ----------------------------------------------------------------------------------------------- the chain rule

    def derive(self, seed: Symbol | None, values: bool) -> Derivation:
        root = self.vertex[self.root]
        arrived: dict[str, Symbol] = {}
        self.before: dict[str, tuple[Any, ...]] = {}
        resolved: dict[str, Symbol] = {}
        steps: list[Step] = []
        uses: dict[str, list[tuple[Edge, int]]] = {}
        for v in self.record.vertices:
            for i, edge in enumerate(self.inputs.get(v.id, ())):
                uses.setdefault(edge.source, []).append((edge, i))
        start = made(full, 1, ()) if seed is None else seed
        for v in reversed(self.record.vertices):
            if v.id not in self.path:
                continue
            if v.id == self.root:
                terms: tuple[Term, ...] = ()
                total: Any = start
            else:
                terms = tuple(t for e, _ in uses.get(v.id, ()) if (t := self._term(e, arrived)) is not None)
                if not terms:
                    continue
                total = sum_of([term.expression for term in terms])
            expression, reasons = simplify(total, self.context)
            if v.id in self.inline:
                arrived[v.id] = expression
                self.before[v.id] = terms[0].rules
                continue
            of = self.symbol[v.id]
            symbol = Symbol(_barred(of.name), dims=v.shape)
            whole, why = simplify(substituted(expression, resolved), self.context)
            if cost(whole) > _LONG:
                whole, why = expression, []
            resolved[symbol.name] = symbol if cost(whole) > _LONG else whole
            arrived[v.id] = symbol
            gradient = v.gradient if values else None
            steps.append(Step(symbol, of, terms, expression, tuple(reasons), whole, tuple(why), gradient))
        found = {s.of.name for s in steps}
        lacking = [id_ for id_ in self.wanted if self.symbol[id_].name not in found]
        if lacking:
            raise RuntimeError(
                f"derive: no rule on the way from {root.name or root.label} passes a gradient on to "
                f"{self._said(lacking)}"
            )
        definitions = self.definitions
        if not values:
            definitions = [replace(d, value=None) for d in definitions]
        wrt = tuple(self.symbol[id_] for id_ in self.wanted)
        ordered = tuple(self._ordered(definitions))
        return Derivation(self.symbol[self.root], wrt, seed, ordered, tuple(steps), tuple(self.facts))

    def _ordered(self, definitions: Sequence[Definition]) -> list[Definition]:
        """What is given, then the equations in their order, each new name right after what it is made of."""
        ordered = [d for d in definitions if not isinstance(d.expression, Symbol)]
        for d in definitions:
            if isinstance(d.expression, Symbol) and d.symbol.name in self.by_name:
                ordered.append(d)
        for d in definitions:
            if isinstance(d.expression, Symbol) and d.symbol.name not in self.by_name:
                used = names_in(d.expression)
                place = max(i for i, other in enumerate(ordered) if other.symbol.name in used)
                ordered.insert(place + 1, d)
        return ordered

    def _term(self, edge: Edge, arrived: Mapping[str, Symbol]) -> Term | None:
        """What the use of a tensor as this operand sends back."""
        v = self.vertex[edge.target]
        g = arrived.get(v.id)
        if g is None:
            return None
        op, args = table[v.label], self._args(v)
        place = edge.operand.rpartition("[")
        i = len(op.params) - 1 + int(place[2][:-1]) if place[1] else op.params.index(edge.operand)
        rule = rule_of(op, i)
        if rule is None:
            return None
        y = self.operand(v.id)
        if v.label == "mean" and args[0].dims and args[1] is None:
            args = [Symbol(args[0].name, dims=self._counted(args[0].dims)), *args[1:]]
        d = self._applied(op, i, rule, g, y, args)
        shape = self.vertex[edge.source].shape
        if op.broadcasts and shape is not None and d.dims != shape:
            d = made(sum_to, d, shape)
        general = next((r for r in self.record.rules if r.op == op.name), None)
        name = op.params[-1] if op.variadic else edge.operand
        formula = None if general is None else dict(general.rules).get(name)
        return Term(((op.name, edge.operand, formula), *self.before.get(v.id, ())), d)

    def _applied(self, op: Op, i: int, rule: Any, g: Symbol, y: Any, args: list[Any]) -> Symbol:
        """The rule on these names; where it can't be read, a call of it."""
        try:
            if isinstance(op.rules, Each):
                found = read(op.rules.rule, [i - op.rules.skip, g, y, *args])
            else:
                found = read(rule, [g, y, *args])
            if isinstance(found, Symbol):
                return found
        except Exception:  # whatever it is, it was raised for want of values
            pass
        return made(Pullback(op, i), g, y, *args, plain=False)


def _barred(name: str) -> str:
    r"""The name of a tensor's gradient: `\bar{z}_{1}`."""
    letter, sign, index = name.partition("_")
    if name.startswith(r"\text"):
        return rf"\overline{{{name}}}"
    return rf"\bar{{{letter}}}{sign}{index}"


def _parsed(text: str) -> Any:
    """An option from its text in a record; a word for what is no plain value."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return Symbol(rf"\text{{{text}}}", plain=True)
