"""The graph: what an operation leaves behind, and how a gradient walks back over it.

A recorded operation is a `Node`; a tensor that asks for its gradient is a `Leaf`. A node points to its inputs only,
so memory goes when the last name goes. The walk knows neither tensors nor derivatives: a node's op brings one rule
for each operand, and the walk calls it on whatever the cotangents are, arrays or tensors.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from contextvars import ContextVar
from itertools import zip_longest
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import numpy as np

from . import memory
from .threads import add_to

F = TypeVar("F", bound=Callable[..., Any])


watcher: ContextVar[Callable[..., None] | None] = ContextVar("watcher", default=None)
"""Called with each op's record, operands and result while anomalies are looked for, else None; in a walk with the node
and the walk's roots, too."""


noter: ContextVar[Callable[[Any, Any], None] | None] = ContextVar("noter", default=None)
"""Called with each new node and its output, inside `viz.sites`, else None."""


class Node:
    """One recorded operation: a tensor's `grad_fn`.

    `inputs` holds the node of each differentiable operand (None where no gradient is asked for), `args` the values
    the op was given, `y` its output if a rule reads it, `time` the tick at which it was made.
    """

    __slots__ = ("__weakref__", "args", "hooks", "inputs", "label", "op", "seen", "site", "time", "y")

    op: Any
    inputs: Sequence[Node | None]
    args: Sequence[Any] | None
    y: Any
    time: int
    hooks: list[Callable[[Any], Any]] | None
    site: str  # the line that called the op, while anomalies are looked for or inside `viz.sites`
    seen: Any  # what `viz.sites` noted of the output
    label: str  # what `Tensor.named` called it

    def name(self) -> str:
        """The op's name in the table, as "mul", where PyTorch has that of a C++ class, as "MulBackward0"."""
        return self.op.name  # type: ignore[no-any-return]  # the op stands above, so it is Any here

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """Where backward goes from here: for each operand its node, None where no gradient is asked for, and 0.

        The number says which of a node's outputs the operand is, and a node here has one output.
        """
        return tuple((inp, 0) for i, inp in enumerate(self.inputs) if self.op.operand(i))

    def __repr__(self) -> str:
        return f"<{self.name()}>"


class Leaf(Node):
    """A tensor that asks for its gradient: `receive(cotangent, shared)` stores what arrives there.

    `ref` is a weak reference to the tensor, if anyone may see that; `after` holds what to call when a gradient was
    stored.
    """

    __slots__ = ("after", "receive", "ref")

    def __init__(self, receive: Callable[[Any, bool], None], ref: Callable[[], Any] | None = None) -> None:
        self.op = self.args = self.y = self.hooks = None
        self.after: list[Callable[[], None]] = []
        self.inputs = ()
        self.time = memory.tick()
        self.receive = receive
        self.ref = ref

    def name(self) -> str:
        """`"AccumulateGrad"`, as in PyTorch."""
        return "AccumulateGrad"

    @property
    def variable(self) -> Any:
        """The tensor whose `.grad` a backward adds to; None when nobody else has it any more."""
        return None if self.ref is None else self.ref()


class Away(Node):
    """A node whose values somebody else keeps; when they are read, the keeper brings them back to a plain node."""

    __slots__ = ()

    @staticmethod
    def give(node: Node, keeper: Any) -> None:
        """Let `keeper.bring_back(node)` give the node its class, `args` and `y` again."""
        node.__class__ = Away
        _args.__set__(node, keeper)
        _y.__set__(node, None)

    @property
    def args(self) -> Any:  # type: ignore[override]  # read here only: it is written to plain nodes
        """What the op was given."""
        _args.__get__(self).bring_back(self)
        return self.args

    @property
    def y(self) -> Any:
        """The op's output."""
        _args.__get__(self).bring_back(self)
        return self.y


_args: Any = vars(Node)["args"]  # the slots: in that of `args` stands the keeper
_y: Any = vars(Node)["y"]


class Retain:
    """The last of a node's hooks, if the tensor that stands for it keeps its gradient."""

    def __init__(self, receive: Callable[[Any, bool], None]) -> None:
        self.receive = receive

    def __call__(self, g: Any) -> Any:
        self.receive(g, True)
        return g

    @staticmethod
    def of(node: Node | None) -> bool:
        """Whether `node` has one."""
        hooks = None if node is None else node.hooks
        return hooks is not None and len(hooks) > 0 and isinstance(hooks[-1], Retain)


class RemovableHandle:
    """What `register_hook` returns: `remove()`, or the end of a `with` block, takes the hook away again."""

    def __init__(self, hooks: Any, key: Any) -> None:
        self._hooks = hooks
        self._key = key

    def remove(self) -> None:
        """Take the hook away; does nothing the second time."""
        if self._key in self._hooks:
            self._hooks.remove(self._key)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


# -------------------------------------------------------------------------------------------------- grad modes

_grad_mode: ContextVar[bool] = ContextVar("grad_mode", default=True)
is_grad_enabled = _grad_mode.get


class _GradMode:
    """A grad mode for a `with` block or a decorated function. Each thread has its own mode."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_grad_mode.get())
        _grad_mode.set(self.mode)

    def __exit__(self, *exc: object) -> None:
        _grad_mode.set(self._before.pop())

    def __call__(self, function: F) -> F:
        """The function in this mode; a generator is in it whenever it runs, and its caller never."""
        mode = self.mode

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            with _GradMode(mode):
                return function(*args, **kwargs)

        @functools.wraps(function)
        def resume(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            step: Callable[[], Any] = steps.__next__
            try:
                while True:
                    with _GradMode(mode):
                        value = step()
                    try:
                        step = functools.partial(steps.send, (yield value))
                    except BaseException as error:  # the caller's, for the generator to see
                        step = functools.partial(steps.throw, error)
            except StopIteration as end:
                return end.value

        return resume if inspect.isgeneratorfunction(function) else call  # type: ignore[return-value]  # wraps keeps it


class no_grad(_GradMode):
    """Record nothing: `with no_grad():`, `@no_grad()` or `@no_grad`. Results don't require grad."""

    def __new__(cls, function: Any = None) -> Any:
        """The mode, or a function in it."""
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_GradMode):
    """Record again inside a `no_grad` block: `with enable_grad():`, `@enable_grad()` or `@enable_grad`."""

    def __new__(cls, function: Any = None) -> Any:
        """The mode, or a function in it."""
        return super().__new__(cls) if function is None else cls()(function)

    def __init__(self) -> None:
        super().__init__(True)


class inference_mode(_GradMode):
    """`no_grad`, by the name that PyTorch gives to a stricter one: results may be used in a graph afterwards.

    Args:
        mode: False: record, as outside.
    """

    def __new__(cls, mode: Any = True) -> Any:
        """The mode, or a function in it."""
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)


class set_grad_enabled(_GradMode):
    """Record operations, or not: at once, for a `with` block, or for a decorated function.

    Args:
        mode: whether operations on tensors that require grad are recorded.

    Raises:
        TypeError: `mode` isn't a bool.
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled: mode must be a bool, not {mode!r}")
        super().__init__(mode)
        self._outer = _grad_mode.get()
        _grad_mode.set(self.mode)

    def __enter__(self) -> None:
        self._before.append(self._outer)
        _grad_mode.set(self.mode)

    def __call__(self, function: F) -> F:
        _grad_mode.set(self._outer)
        return super().__call__(function)


# -------------------------------------------------------------------------------------------- the backward walk


def toposort(roots: Iterable[Node]) -> list[Node]:
    """The nodes that `roots` depend on, inputs before outputs.

    An input is older than its output, so the order of creation is a topological order: gather, then sort by time.
    """
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for node in found:  # which grows as it goes
        for inp in node.inputs:
            if inp is not None and inp not in seen:
                seen.add(inp)
                found.append(inp)
    found.sort(key=attrgetter("time"))  # nearly in reverse already, which is a fast case
    return found


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` over the axes along which `shape` was broadcast: the adjoint of broadcasting."""
    axes = _broadcast(g.shape, shape)
    if axes:
        g = add_up(g, axes) if type(g) is np.ndarray else g.sum(axis=axes)
    return g if g.shape == shape else g.reshape(shape)


@functools.lru_cache(1024)
def _broadcast(whole: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes of `whole` along which `shape` was broadcast to it."""
    lead = len(whole) - len(shape)
    return tuple(i for i, n in enumerate(whole) if i < lead or (shape[i - lead] == 1 and n != 1))


def add_up(x: Any, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Any:
    """`np.add.reduce` of an array of floating numbers, in a third to a tenth of the time where the array is large.

    Sums of at most 1024 elements, and those of rows, are products with ones, which the BLAS computes. In longer rows
    NumPy adds in pairs, which is more accurate, and that is kept. float16 is added in float32. A dimension that repeats
    one place in memory, as after expanding, isn't walked along: its sum is a product.
    """
    if x.size >= _MANY and 0 in x.strides and x.dtype.char in "fd":
        summed = range(x.ndim) if axis is None else [d % x.ndim for d in ((axis,) if isinstance(axis, int) else axis)]
        once = x[tuple(slice(1 if i in summed and step == 0 else None) for i, step in enumerate(x.strides))]
        if once.size < x.size:
            return add_up(once, axis, keepdims) * (x.size // once.size)
    if x.size >= _MANY and x.dtype.char in "fd" and x.flags.c_contiguous:
        if axis is None:
            flat, end = x.reshape(-1), x.size // _SHORT * _SHORT
            # rows by themselves: after one product of them all, BLAS's threads spin for 30 ms in the way of ours
            sums = np.vecdot(flat[:end].reshape(-1, _SHORT), _ones(_SHORT, x.dtype))
            y = _add_reduce(sums) + _add_reduce(flat[end:])
            return y.reshape((1,) * x.ndim) if keepdims else y
        product = _as_product(x.shape, (axis,) if isinstance(axis, int) else tuple(axis))
        if product is not None:
            n = product.length
            ones = _ones(n, x.dtype)
            y = x.reshape(-1, n) @ ones if product.last else ones @ x.reshape(n, -1)
            if product.rest:
                y = _add_reduce(y.reshape(product.between), axis=product.rest)
            return y.reshape(product.kept if keepdims else product.shape)
    if x.dtype.char == "e":
        return _add_reduce(x, axis=axis, keepdims=keepdims, dtype=np.float32).astype(x.dtype)
    return _add_reduce(x, axis=axis, keepdims=keepdims)


_add_reduce: Callable[..., Any] = np.add.reduce  # NumPy's stubs know it only with a literal `keepdims`
_MANY = 2048  # elements: fewer aren't worth the trouble
_SHORT = 1024  # elements of a row


class _Product(NamedTuple):
    """How a sum is a product with ones: of the last `length` elements or of the first, and what there is to do then."""

    length: int
    last: bool
    between: tuple[int, ...]
    rest: tuple[int, ...]
    kept: tuple[int, ...]
    shape: tuple[int, ...]


@functools.lru_cache(1024)
def _as_product(shape: tuple[int, ...], axes: tuple[int, ...]) -> _Product | None:
    """None if the summed axes neither end the shape, with short rows, nor begin it, or don't fit it."""
    ndim = len(shape)
    dims = sorted({d % ndim for d in axes if -ndim <= d < ndim})
    if len(dims) != len(axes):
        return None
    end = ndim
    while end - 1 in dims:
        end -= 1
    length = math.prod(shape[end:])
    last = end < ndim and length <= _SHORT
    if not last:
        if dims != list(range(len(dims))):
            return None
        length, end = math.prod(shape[: len(dims)]), 0
    kept = tuple(1 if i in dims else n for i, n in enumerate(shape))
    result = tuple(n for i, n in enumerate(shape) if i not in dims)
    return _Product(length, last, shape[:end], tuple(d for d in dims if d < end), kept, result)


@functools.lru_cache(64)
def _ones(n: int, dtype: Any) -> Any:
    return np.ones(n, dtype)


class Outline:
    """What is left of a saved array of which only the shape is asked."""

    __slots__ = ("dtype", "shape")

    def __init__(self, array: Any) -> None:
        self.shape = array.shape
        self.dtype = array.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)


class Freed:
    """Stands where a node's values were; `site` is the line whose backward used them up."""

    __slots__ = ("site",)

    def __init__(self, site: str) -> None:
        self.site = site

    def error(self, name: str) -> str:
        return (
            f"{name}: this graph was freed by the backward at {self.site}; to walk it twice, call that one with "
            "retain_graph=True, or compute the output anew"
        )


def walk(
    roots: Sequence[tuple[Node, Any]],
    *,
    retain: bool,
    where: Callable[[Any, Any, Any], Any],
    lift: Callable[[Any, Node | None], Any] | None = None,
    wanted: Collection[Node] | None = None,
) -> dict[Node, tuple[Any, bool]]:
    """Walk from `roots`, pairs of a node and its cotangent, back to the leaves.

    Args:
        roots: where to start; a node may stand there twice.
        retain: keep the values that the nodes saved, for another walk.
        where: chooses between elements of two arrays or tensors, as `np.where`.
        lift: makes a tensor of a saved value and its node: then every rule is read on tensors, and the walk records
            the graph of the gradient. None: rules are read on arrays.
        wanted: the nodes whose cotangents to return; only what leads to them is computed. None: every leaf receives
            its own.

    Returns:
        for each of `wanted` that a root depends on, its cotangent and whether that may be somebody else's memory.

    Raises:
        RuntimeError: a node's values were used up by an earlier walk, or changed in place since it was made.
    """
    order = toposort(node for node, _ in roots)
    live = None if wanted is None else _leading_to(wanted, order)
    found: dict[Node, tuple[Any, bool]] = {}
    pending: dict[Node, Any] = {}
    shared: set[Node] = set()  # nodes whose pending cotangent may be somebody else's memory
    muted: dict[Node, Any] = {}  # where a selecting op let nothing through to a node's pending cotangent, if anywhere
    arrived: list[tuple[Leaf, Any]] = []
    freed = None if retain else Freed(memory.user_site())
    watch = watcher.get()
    on_arrays = lift is None

    for node, g in roots:
        pending[node] = pending[node] + g if node in pending else g
        shared.add(node)

    while order:
        node = order.pop()
        g = pending.pop(node, None)
        if g is None:
            continue
        if node.hooks:
            for hook in tuple(node.hooks):
                g = hook(g)
            shared.add(node)
        op = node.op
        if live is None:
            if isinstance(node, Leaf):
                arrived.append((node, g))
                continue
        else:
            if wanted and node in wanted:
                found[node] = g, node in shared
            if op is None or (node.inputs and live.isdisjoint(node.inputs)):
                continue

        args, y, rules = node.args, node.y, op.rules
        if args is None:
            raise RuntimeError(y.error(op.name))
        if node.time < memory.last_change:
            op.check_unchanged(node)
        fused = op.fused
        if fused is not None:
            if fused.forward is not None:
                y, residual = y
                if on_arrays:
                    y = residual if fused.common is None else fused.common(g, residual)
            if on_arrays:
                rules = fused.rules
        if lift is not None:
            args = [a if inp is None else lift(a, inp) for a, inp in zip_longest(args, node.inputs)]
            y = y if y is None else lift(y, node)
        mask = muted.pop(node, None) if muted else None
        careful = muted or mask is not None or op.selects or watch
        broadcasts, adds = op.broadcasts, op.adds

        for rule, inp, a in zip(rules, node.inputs, args):
            if inp is None or rule is None or (live is not None and inp not in live):
                continue
            if adds is not None and on_arrays and not careful and inp in pending and inp not in shared:
                if adds(pending[inp], g, *args):
                    continue
            d = rule(g, y, *args)
            if careful:
                if watch is not None and on_arrays:
                    watch(op, (g, y, *args), d, node, [root for root, _ in roots])
                silent = mask if op.elementwise else None
                if silent is not None:
                    d = where(silent, 0, d)
                if op.selects:
                    own = rule(np.ones(g.shape), None, *(node.args or ())) == 0
                    silent = own if silent is None else own | silent
                if inp in pending and silent is not None:
                    silent = None if muted.get(inp) is None else silent & muted[inp]
                muted[inp] = silent if d.shape == a.shape else None
            if broadcasts and d.shape != a.shape:
                d = sum_to(d, a.shape)
            if inp not in pending:
                pending[inp] = d
                if on_arrays and (d is g or d.base is not None):
                    shared.add(inp)
            elif on_arrays and inp not in shared:
                pending[inp] = add_to(pending[inp], d)
            else:
                pending[inp] = pending[inp] + d
                shared.discard(inp)

        if freed is not None:
            node.args, node.y = None, freed

    for leaf, g in arrived:  # last, so that an error leaves every gradient as it was
        leaf.receive(g, leaf in shared)
    return found


def _leading_to(wanted: Iterable[Node], order: Iterable[Node]) -> set[Node | None]:
    """The nodes of `order` that depend on one of `wanted`, these included, or forgot what they depend on."""
    live: set[Node | None] = set(wanted)
    for node in order:
        forgot = node.op is not None and not node.inputs
        if forgot or not live.isdisjoint(inp for inp in node.inputs if inp is not None):
            live.add(node)
    return live
