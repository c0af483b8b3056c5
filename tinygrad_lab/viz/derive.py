"""`derive`: what is asked of a graph, and whether it can be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..graph import Node
from ..tensor import Tensor
from .derivation import Derivation
from .deriver import Deriver
from .expression import Symbol
from .record import Record
from .writer import Names, named, with_values

LIMIT = 100  # operations of a derivation that a person still reads


def derive(
    y: Tensor | Record,
    wrt: Tensor | str | Sequence[Tensor | str] | None = None,
    names: Names = None,
    *,
    values: bool = False,
    limit: int | None = LIMIT,
) -> Derivation:
    """Derive the gradient of `y` with respect to a tensor, step by step; nothing in the graph changes.

    Each step takes the op's own rule as a formula, applies the chain rule to this graph, adds what arrives over several
    uses, and simplifies to matrix form by rewrite rules. `print` shows the derivation, `.result` the last formula.

    Args:
        y: a result, or its record. Where it isn't a number, the derivation starts from a cotangent g of its shape.
        wrt: a tensor that it depends on, its name, or several; None for every leaf.
        names: what the tensors are called, a module or a dict from name to tensor; see `viz.record`. Within
            `viz.sites()` results have the names of the variables that they were assigned to.
        values: show statistics of every value and gradient, those of one to sixteen elements in full; where `y` isn't a
            number, for a cotangent of ones.
        limit: how many operations there may be between; None: any number.

    Raises:
        RuntimeError: `y` has no graph, or doesn't depend on the tensor, or its graph was freed by backward.
        ValueError: there is no tensor of that name, or there are more operations than `limit`, or than Python can walk.
    """
    if isinstance(y, Record):
        found = y
        behind: dict[str, Any] = {}
    else:
        found, behind = with_values("derive", y, names, gradients=False)
    wanted = _wanted(found, behind, wrt)
    _check_alive(found, behind)
    if values and not isinstance(y, Record):
        found = with_values("derive", y, names, gradients=True)[0]
    deriver = Deriver(found, behind, wanted, limit, named(names))
    root = deriver.symbol[deriver.root]
    seed = None if root.dims == () else Symbol(deriver.letters.fresh("g"), dims=root.dims)
    try:
        return deriver.derive(seed, values)
    except RecursionError as error:
        raise ValueError(
            "derive: a tensor is used so often, or a formula is nested so deep, that Python can't walk it; derive with "
            "respect to a tensor nearer to the result"
        ) from error


def _wanted(record: Record, behind: Mapping[str, Any], wrt: Any) -> list[str]:
    """The ids of the vertices that `wrt` names.

    Raises:
        RuntimeError: the result doesn't depend on one.
        ValueError: there is no tensor of that name.
    """
    root = record.outputs[0]
    below = _ancestors(record)
    y = _called(record, root)
    if wrt is None:
        leaves = [v.id for v in record.vertices if v.kind == "leaf" and v.id in below]
        if not leaves:
            raise RuntimeError(f"derive: {y} depends on no leaf")
        return leaves
    ids = []
    for w in [wrt] if isinstance(wrt, Tensor | str) else wrt:
        if isinstance(w, str):
            known = [v for v in record.vertices if v.name is not None]
            id_ = next((v.id for v in known if v.name == w), None)
            if id_ is None:
                there = ", ".join(dict.fromkeys(v.name or "" for v in known)) or "none; pass names="
                raise ValueError(f"derive: the graph of {y} has no tensor named {w!r}; named are {there}")
            what = w
        else:
            what = f"the tensor of shape {w.shape}"
            if w._node is None:
                raise RuntimeError(f"derive: {y} has no gradient with respect to {what}: {_why_none(w)}")
            id_ = next((i for i, node in behind.items() if node is w._node), None)
        v = next((v for v in record.vertices if v.id == id_), None)
        if v is None or v.id not in below:
            reason = f": {v.reason}" if v is not None and v.reason else ""
            raise RuntimeError(f"derive: {y} doesn't depend on {what}{reason}; no path in its graph leads there")
        if v.kind == "constant":
            raise RuntimeError(f"derive: {y} has no gradient with respect to {what}: {v.reason}")
        ids.append(v.id)
    return ids


def _why_none(w: Tensor) -> str:
    if w.dtype.kind != "f":
        return f"it is of {w.dtype}, and integers and bools have no gradient"
    return "it doesn't require grad, because it is detached, was computed under no_grad(), or requires_grad is False"


def _called(record: Record, id_: str) -> str:
    v = next(v for v in record.vertices if v.id == id_)
    return v.name or f"the result of {v.label}"


def _ancestors(record: Record) -> set[str]:
    inputs: dict[str, list[str]] = {}
    for edge in record.edges:
        inputs.setdefault(edge.target, []).append(edge.source)
    found = {record.outputs[0]}
    for v in reversed(record.vertices):
        if v.id in found:
            found.update(inputs.get(v.id, ()))
    return found


def _check_alive(record: Record, behind: Mapping[str, Any]) -> None:
    """Refuse a graph that an earlier backward has freed.

    Raises:
        RuntimeError: it has.
    """
    for v in record.vertices:
        node = behind.get(v.id)
        if isinstance(node, Node) and node.op is not None and node.args is None:
            raise RuntimeError(f"derive: {node.y.error(v.label)}; or derive before backward")
