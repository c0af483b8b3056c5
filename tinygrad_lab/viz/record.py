"""A graph as plain data: what every drawing is made from.

A record holds strings and numbers only, so it keeps no tensor alive and can be compared, stored and
sent. Its ids count the vertices from inputs to outputs: the same program gives the same record.
"""

from __future__ import annotations

import json
import math
from typing import Any, Literal, NamedTuple, TypeAlias

from .stats import Stats

Kind: TypeAlias = Literal["op", "leaf", "constant"]


class Vertex(NamedTuple):
    """An operation, a leaf that asks for its gradient, or a constant.

    Attributes:
        id: "n0", "n1", ... in topological order.
        kind: what it is.
        label: the op's name, the tensor's name, a number's digits; else "leaf" or "constant".
        name: what the user calls this tensor: the path of a parameter, the name that `Tensor.named` gave, or the
            variable that its line assigns.
        shape: of the value; None where the graph was freed and doesn't know any more.
        dtype: of the value.
        options: an op's arguments that aren't operands, where they differ from the defaults.
        module: the path of the module that made it, "" where there is none or it isn't known.
        nbytes: the size of the value.
        value: statistics of the value, where it is still there.
        gradient: statistics of the gradient that arrives here.
        site: `file:line` of the call, where that was noted; see `sites`.
        source: the text of that line.
        reason: why no gradient arrives, if none does.
    """

    id: str
    kind: Kind
    label: str
    name: str | None = None
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    options: tuple[tuple[str, str], ...] = ()
    module: str = ""
    nbytes: int | None = None
    value: Stats | None = None
    gradient: Stats | None = None
    site: str | None = None
    source: str | None = None
    reason: str | None = None

    @property
    def bad(self) -> bool:
        """Whether a NaN or an infinity is in the value or the gradient."""
        return bool((self.value and self.value.bad) or (self.gradient and self.gradient.bad))


class Edge(NamedTuple):
    """The value of `source` is the operand called `operand` of `target`.

    Attributes:
        gradient: statistics of what backward sends along this edge.
        total: statistics of what has arrived at `source`, this edge's share added.
    """

    source: str
    target: str
    operand: str
    gradient: Stats | None = None
    total: Stats | None = None


class Rule(NamedTuple):
    """An op of the graph: its formula in LaTeX, the rule of each operand, None where that is no formula, its text."""

    op: str
    formula: str
    rules: tuple[tuple[str, str | None], ...]
    doc: str


class Record(NamedTuple):
    """A graph: its vertices with inputs before outputs, its edges, the ids of its results, the rules of its ops."""

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    outputs: tuple[str, ...]
    rules: tuple[Rule, ...] = ()

    def to_json(self, indent: int | None = None) -> str:
        """The record in JSON; NaN and infinities, which JSON hasn't, are the strings "nan", "inf" and "-inf"."""
        return json.dumps(_plain(self), indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Record:
        """The record that `to_json` wrote.

        Raises:
            ValueError: `text` isn't one.
        """
        try:
            data = json.loads(text)
            return cls(
                tuple(_vertex(v) for v in data["vertices"]),
                tuple(
                    Edge(**{**e, "gradient": _stats(e["gradient"]), "total": _stats(e["total"])}) for e in data["edges"]
                ),
                tuple(data["outputs"]),
                tuple(
                    Rule(r["op"], r["formula"], tuple((p, tex) for p, tex in r["rules"]), r["doc"])
                    for r in data["rules"]
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"from_json: this text is no record of a graph ({error!r})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Record | Vertex | Edge | Rule | Stats):
        return {k: _plain(v) for k, v in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _vertex(data: dict[str, Any]) -> Vertex:
    return Vertex(
        **{
            **data,
            "shape": None if data["shape"] is None else tuple(data["shape"]),
            "options": tuple((k, v) for k, v in data["options"]),
            "value": _stats(data["value"]),
            "gradient": _stats(data["gradient"]),
        }
    )


def _stats(data: dict[str, Any] | None) -> Stats | None:
    return None if data is None else Stats(**{**data, "data": _numbers(data["data"])})


def _numbers(data: Any) -> Any:
    if isinstance(data, list):
        return [_numbers(v) for v in data]
    return float(data) if isinstance(data, str) else data
