"""Memory for time: what a function's backward needs is computed again when it is asked for, PyTorch's checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import memory
from ..graph import Away, Leaf, Node, enable_grad, is_grad_enabled, toposort
from ..random import default_generator
from ..tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential"]


class CheckpointError(RuntimeError):
    """The function did something else when it ran again."""


class _Run:
    """One call of a checkpointed function, and the nodes that it made."""

    def __init__(
        self, function: Callable[..., Any], args: Any, kwargs: Mapping[str, Any], preserve_rng_state: bool
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.state = default_generator.get_state() if preserve_rng_state else None
        self.start = memory.tick()
        self.result = function(*args, **kwargs)
        self.nodes = _made_since(self.start, self.result)

    def forget(self) -> Any:
        """Take the values from the nodes. Returns the result of the call."""
        result, self.result = self.result, None
        for node in self.nodes:
            Away.give(node, self)
        return result

    def bring_back(self, node: Node) -> None:
        """Run the function again and give `node` and the others their values back.

        Raises:
            RuntimeError: an argument was changed in place meanwhile.
            CheckpointError: the function made other operations, or values of other shapes.
        """
        for a in (*self.args, *self.kwargs.values()):
            change = memory.changed_since(a.array, self.start) if isinstance(a, Tensor) else None
            if change is not None:
                raise RuntimeError(
                    f"checkpoint: an argument of shape {a.shape} was changed in place by {change.op} at {change.site} "
                    "before backward ran the function again; change a clone() instead"
                )
        with _state(self.state), enable_grad():
            again = _Run(self.function, self.args, self.kwargs, False)
        got, want = ([node.op.name for node in nodes] for nodes in (again.nodes, self.nodes))
        if got != want:
            raise CheckpointError(
                f"checkpoint: when it ran again in backward, the function made the operations {got}, not {want}; it "
                "must do the same each time"
            )
        for node, new in zip(self.nodes, again.nodes):
            args, y = new.args, new.y
            node.__class__ = Node
            node.args = None if args is None else [_as_old(v, node, new) for v in args]
            node.y = tuple(_as_old(v, node, new) for v in y) if isinstance(y, tuple) else _as_old(y, node, new)
        self.nodes = []


def _as_old(value: Any, node: Node, new: Node) -> Any:
    """A value of the second run for a node of the first: what changed it in place before it was saved doesn't count."""
    fine = memory.changed_since(value, node.time) is None or memory.changed_since(value, new.time) is not None
    return value if fine or not isinstance(value, np.ndarray) else value.copy()


def _made_since(start: int, result: Any) -> list[Node]:
    """The nodes made after tick `start` that a result depends on, in the order in which they were made."""
    roots = [t._node for t in _tensors(result) if t._node is not None]
    found = [node for node in roots if node.time > start]
    seen = set(found)
    for node in found:  # which grows as it goes
        for inp in node.inputs:
            if inp is not None and inp.time > start and inp not in seen:
                seen.add(inp)
                found.append(inp)
    return [node for node in toposort(found) if node in seen and not isinstance(node, Leaf)]


def _tensors(tree: Any) -> Iterator[Tensor]:
    if isinstance(tree, Tensor):
        yield tree
    elif isinstance(tree, (tuple, list, Mapping)):
        for item in tree.values() if isinstance(tree, Mapping) else tree:
            yield from _tensors(item)


@contextmanager
def _state(state: Mapping[str, Any] | None) -> Iterator[None]:
    """Random numbers from `state` on; then as before."""
    if state is None:
        yield
        return
    before = default_generator.get_state()
    default_generator.set_state(state)
    try:
        yield
    finally:
        default_generator.set_state(before)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    debug: bool = False,
    **kwargs: Any,
) -> Any:
    """Call a function without keeping what its backward needs, which runs the function again to have it.

    So a chain of k checkpointed parts keeps k boundaries and one part's values at a time, for one forward more. Every
    way to ask for gradients works: `backward`, `autograd.grad`, `create_graph`, parameters that the function captures,
    part of the outputs only. With `retain_graph` the values stay after the first walk. A module that changes its
    buffers in the forward, as batch normalisation, changes them twice, as in PyTorch. What an `autograd.Function` saves
    stays in memory.

    Args:
        function: returns tensors, or tuples, lists and dicts of them; it must do the same each time.
        args, kwargs: its arguments.
        use_reentrant: has no meaning here: it is always PyTorch's False.
        preserve_rng_state: give the second run the same random numbers, of the default generator.
        determinism_check, debug: have no meaning here: the operations are always compared.

    Returns:
        what `function` returns.

    Raises:
        CheckpointError: in backward, if the second run makes other operations.
        RuntimeError: in backward, if an argument was changed in place since.
    """
    if not is_grad_enabled():
        return function(*args, **kwargs)
    return _Run(function, args, kwargs, preserve_rng_state).forget()


def checkpoint_sequential(
    functions: Sequence[Callable[..., Any]] | Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> Any:
    """Call functions one after another, in `segments` checkpointed parts; the last part keeps its values.

    Args:
        functions: a sequence of functions, or an `nn.Sequential`.
        segments: how many parts, of as many functions each but for the last.
        input: the first function's argument.
        use_reentrant, preserve_rng_state: as `checkpoint`.

    Returns:
        what the last function returns.

    Raises:
        ValueError: `segments` isn't from 1 to the number of functions.
    """
    listed = list(functions)
    if not 1 <= segments <= len(listed):
        raise ValueError(
            f"checkpoint_sequential: {len(listed)} functions make 1 to {len(listed)} parts, not {segments}"
        )

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for function in listed[start:end]:
                x = function(x)
            return x

        return run

    size = len(listed) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(part(start, start + size), input, preserve_rng_state=preserve_rng_state)
    return part(size * (segments - 1), len(listed))(input)
