"""The op: one definition, from which everything else is read.

`@op(rules..., ...)` turns a forward function on NumPy arrays into the function that people call, and enters its record
in `table`. On arrays that function is the forward itself; on tensors it also leaves a node in the graph. The record's
rules, TeX, shapes and domains are what the backward pass, the tests, the drawings and the docs read.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, ParamSpec

import numpy as np

from . import memory
from .domain import REALS, Domain
from .graph import Node, Outline, is_grad_enabled, noter, watcher
from .half import HALF, in_single
from .promotion import settled, wrapped
from .public import parameters, renamed, retold

if TYPE_CHECKING:
    from .tensor import Tensor
else:
    Tensor = None  # see hand_down

blank: Callable[[], Tensor]  # a tensor to be filled in

P = ParamSpec("P")
Array = Any  # a NumPy array in a forward, an array or a tensor in a rule
Rule = Callable[..., Any]

table: dict[str, Op] = {}
"""Every op, by name."""

ufuncs: dict[Any, Callable[..., Any]] = {}
"""NumPy's ufuncs, and the function that each is on tensors."""

usual_dtype: np.dtype[Any] | None = np.dtype(np.float32)  # an output of any other dtype is looked at once more


def hand_down(tensor_class: type[Tensor]) -> None:
    """Tell the ops the class of their results: it lists the ops in its body, so its module stands above this one."""
    global Tensor, blank
    Tensor = tensor_class  # type: ignore[misc]
    blank = functools.partial(object.__new__, tensor_class)  # past its own __new__, PyTorch's old constructor


def wrap(array: np.ndarray[Any, Any], node: Node | None = None) -> Tensor:
    """A tensor of `array`, without copying, at `node`'s place in the graph."""
    out = blank()
    out.array, out._node, out._view = array, node, None
    return out


def watch_outputs(watch: bool) -> None:
    """Whether to show every output, of whatever dtype, to `graph.watcher`, and every node to `graph.noter`."""
    global usual_dtype
    usual_dtype = None if watch else np.dtype(np.float32)


class LinAlgError(RuntimeError):
    """A matrix has no such inverse or factorisation, or it has but no derivative."""


class Fused(NamedTuple):
    """A faster reading of an op on arrays: `forward` returns the output and a residual, and `rules` see the residual
    where the op's own rules see the output. If there is a `common`, they see `common(g, residual)`: what they share.
    Without a `forward` of their own they see what the op's rules see."""

    forward: Callable[..., tuple[Any, Any]] | None
    rules: Sequence[Rule | None]
    common: Callable[[Any, Any], Any] | None = None


class Each:
    """The rules of an op with any number of operands: `rule(i, g, y, *arguments)`, told the operand's number.

    The first `skip` arguments are plain values.
    """

    def __init__(self, rule: Rule, skip: int) -> None:
        self.rule = rule
        self.skip = skip

    def __iter__(self) -> Iterator[Rule | None]:
        yield from itertools.repeat(None, self.skip)
        for i in itertools.count():
            yield functools.partial(self.rule, i)


@dataclass(slots=True, eq=False)
class Op:
    """One row of the table.

    Attributes:
        name: the function's name.
        forward: the function on NumPy arrays.
        call: the function that people call, on tensors or arrays.
        rules: for each parameter the vector-Jacobian product `rule(g, y, *arguments)`, None where there is none.
        params: the parameters' names; `defaults` their default values.
        domain: for each parameter, its `Domain`.
        tex: the formula, with the parameters' names in braces.
        shapes: the shape signature: `*` any shape, the same letter the same size, `...` what the arguments make of it.
        broadcasts: whether a rule's result must be summed to its operand's shape, which the engine does.
        selects: whether the rules pass elements of `g` or zero them, and do nothing else.
        view: whether the output may look at the first operand's memory.
        typed: whether the op chooses its output's dtype by itself.
        promotes: whether operands of several dtypes are brought to one, and bools give bools; else both are refused,
            as in matrix products.
        analytic: whether the forward, given complex numbers, is the complex-analytic function.
        wide: whether it is computed in float32 if its first operand is of float16, see `half`.
        fused: the faster reading, if there is one.
        adds: `adds(total, g, *arguments)` adds the first rule's result to `total` in place if it can, and says if it
            did: what reaches a few elements of a large array needn't make another array as large.
        sample: draws the arguments, given a `testing.strategies.Draw`, where domain and shapes can't say how they
            depend on each other.
        doc: the docstring, with the derivation.
    """

    name: str
    forward: Callable[..., Any]
    call: Callable[..., Any] = field(init=False)
    rules: Sequence[Rule | None] | Each
    params: tuple[str, ...]
    defaults: dict[str, Any]
    domain: tuple[Domain, ...]
    tex: str
    shapes: str
    broadcasts: bool
    selects: bool
    view: bool
    typed: bool
    promotes: bool
    analytic: bool
    wide: bool
    fused: Fused | None
    adds: Callable[..., bool] | None
    sample: Callable[[Any], tuple[Any, ...]] | None
    doc: str
    _reads: tuple[frozenset[int], ...] | None = field(init=False, default=None)
    _needed: dict[tuple[bool, ...], frozenset[int]] = field(init=False, default_factory=dict)

    @property
    def reads(self) -> tuple[frozenset[int], ...]:
        """For each rule the positions of what it reads: 1 for the output, from 2 on the arguments.

        A rule's text is read when it is first asked for: that takes longer than to define the op.
        """
        if self._reads is None:
            if isinstance(self.rules, Each):
                self._reads = (_reads(self.rules.rule, skip=1),)
            else:
                self._reads = tuple(map(_reads, self.rules))
        return self._reads

    @property
    def reads_y(self) -> bool:
        """Whether some rule reads the output."""
        return any(1 in positions for positions in self.reads)

    @property
    def elementwise(self) -> bool:
        """Whether an output element depends on the operands' elements at its own place only."""
        return self.shapes.replace("(*)", "").strip(", ") == "->"

    @property
    def variadic(self) -> bool:
        return isinstance(self.rules, Each)

    @property
    def signature(self) -> str:
        """The call as one would write it: `sum(input, dim=None, keepdim=False)`."""
        shown = (f"{p}={self.defaults[p]!r}" if p in self.defaults else p for p in self.params)
        return f"{self.name}({', '.join(shown)})"

    def operand(self, i: int) -> bool:
        """Whether the i-th argument is an operand, a tensor or array, or a plain value."""
        return self.domain[min(i, len(self.domain) - 1)].array

    def needs(self, inputs: Sequence[Node | None]) -> frozenset[int]:
        """The positions of the arguments whose values the rules for `inputs` read."""
        asked = tuple([inp is not None for inp in inputs])
        found = self._needed.get(asked)
        if found is None:
            if isinstance(self.rules, Each):
                found = frozenset(range(self.rules.skip, len(inputs)) if self.rules.skip + 2 in self.reads[0] else ())
            else:
                read = frozenset().union(*itertools.compress(self.reads, asked))
                found = frozenset(p - 2 for p in read if p > 1)
            self._needed[asked] = found
        return found

    def thin(self, values: Sequence[Any], inputs: Sequence[Node | None]) -> list[Any]:
        """`values` without the arrays that no rule will read: an `Outline` stands in for each."""
        needs = self.needs(inputs)
        return [v if i in needs or type(v) is not np.ndarray else Outline(v) for i, v in enumerate(values)]

    def output(self, node: Node) -> Any:
        """What a node of this op keeps of its output: None if no rule reads it."""
        return node.y[0] if self.fused is not None and self.fused.forward is not None else node.y

    def check_unchanged(self, node: Node) -> None:
        """Refuse a node whose saved values were changed in place and are about to be read.

        Raises:
            RuntimeError: names the op, the value, the operation that changed it and its line.
        """
        assert node.args is not None
        saved = [("its output", self.output(node))] if self.reads_y else []
        for i in sorted(self.needs(node.inputs)):
            saved.append((f"its argument '{self.params[min(i, len(self.params) - 1)]}'", node.args[i]))
        parts = [(what, v) for what, value in saved for v in (value if isinstance(value, tuple) else (value,))]
        for what, value in parts:
            change = memory.changed_since(value, node.time)
            if change is not None:
                raise RuntimeError(
                    f"{self.name}: its gradient needs {what}, of shape {value.shape}, which was changed in place by "
                    f"{change.op} at {change.site}; change a clone() instead, or use the out-of-place operation"
                )

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in the parameters' order, defaults filled in; NumPy's `axis` and `keepdims` are understood.

        Raises:
            TypeError: an argument is missing, unknown, given twice or one too many.
        """
        if self.variadic:
            return args
        kwargs = renamed(kwargs, self.params)
        full = list(args)
        for name in self.params[len(args) :]:
            if name in kwargs:
                full.append(kwargs.pop(name))
            elif name in self.defaults:
                full.append(self.defaults[name])
            else:
                raise TypeError(f"{self.signature}: missing required argument '{name}'")
        if len(full) > len(self.params):
            raise TypeError(f"{self.signature}: takes {len(self.params)} arguments, {len(full)} were given")
        for name in kwargs:
            what = "multiple values for argument" if name in self.params else "an unexpected keyword argument"
            raise TypeError(f"{self.signature}: got {what} '{name}'")
        return tuple(full)

    def refuse(self, value: Any) -> NoReturn:
        """Say that `value` can't be an operand.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{self.name}: an operand must be a tensor or an array, not {type(value).__name__} {value!r}; make it one "
            "with tinygrad_lab.tensor(...)"
        )

    def refuse_mixed(self, values: Sequence[Any]) -> None:
        """Say that operands of several dtypes aren't brought to one, if there are several.

        Raises:
            RuntimeError: there are.
        """
        given = [str(v.dtype) for v in values if type(v) is np.ndarray]
        if len(set(given)) > 1:
            raise RuntimeError(
                f"{self.name}: the operands must have one dtype, not {' and '.join(given)}; convert one with .to(...)"
            )

    def explain(self, error: Exception, values: Sequence[Any]) -> Exception:
        """The error that a person should see instead of NumPy's `error`: it names the op and the shapes."""
        operands = [v for i, v in enumerate(values) if self.operand(i) and v is not None]
        numbers = not any(isinstance(v, (*_ARRAYS, Tensor)) for v in values)
        for v in operands:
            if numbers or not isinstance(v, (*_ARRAYS, Tensor, int, float)):
                self.refuse(v)
        shapes = [np.shape(v) for v in operands]
        shown = " and ".join(map(str, shapes))
        if isinstance(error, np.exceptions.AxisError):
            n = max(len(shapes[0]), 1)
            return IndexError(f"{self.name}: {error}; a dim from {-n} to {n - 1} fits shape {shapes[0]}")
        if (isinstance(error, ValueError) and "broadcast" in str(error)) or "indexing assignment" in str(error):
            return RuntimeError(
                f"{self.name}: shapes {shown} don't broadcast: from the last dimension on, sizes must be equal or 1"
            )
        if "zero-size" in str(error) or "empty sequence" in str(error):
            dim = values[1] if len(values) > 1 and isinstance(values[1], int | tuple | list) else ()
            text = f"{self.name}: a tensor of shape {shapes[0]} is empty{{}}, so it has no extreme"
            return RuntimeError(text.format("")) if dim in ((), []) else IndexError(text.format(f" along dim {dim}"))
        if "numpy boolean" in str(error):  # -, of bools
            return NotImplementedError(f"{self.name}: {error}")
        if "not supported for the input types" in str(error) and not any(v is None for v in values):
            given = " and ".join(str(v.dtype) for v in operands if isinstance(v, (*_ARRAYS, Tensor)))
            return NotImplementedError(f"{self.name}: not defined for {given}; convert with .to(...) first")
        if type(error) is ValueError and "truth value" not in str(error):  # NumPy's of the operands
            return RuntimeError(f"{self.name}: {error} (operands of shape {shown})")
        return retold(self.name, error, dict(zip(self.params, values, strict=False)))


def _reads(rule: Rule | None, skip: int = 0) -> frozenset[int]:
    """The positions of the parameters of `rule` whose values its text reads, after the first `skip`.

    Asking for a shape or dtype is not reading. A `*rest` counts as one parameter.
    """
    if rule is None:
        return frozenset()
    names = parameters(rule)
    steps = list(dis.get_instructions(rule))
    found: set[int] = set()
    for step, after in itertools.zip_longest(steps, steps[1:]):
        if step.opname.startswith("LOAD_"):
            loaded = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            if after and after.opname == "LOAD_ATTR" and after.argval in ("shape", "ndim", "dtype"):
                loaded = loaded[:-1]
            found.update(names.index(name) - skip for name in loaded if name in names)
    return frozenset(found)


def op(
    *rules: Rule | None,
    each: Rule | None = None,
    domain: Domain | tuple[Domain, ...] = REALS,
    tex: str = "",
    shapes: str | None = None,
    broadcasts: bool | None = None,
    selects: bool = False,
    view: bool = False,
    typed: bool = False,
    promotes: bool = True,
    analytic: bool = False,
    wide: bool = False,
    fused: Fused | None = None,
    adds: Callable[..., bool] | None = None,
    sample: Callable[[Any], tuple[Any, ...]] | None = None,
    ufunc: Any = None,
) -> Callable[[Callable[P, Any]], Callable[P, Tensor]]:
    """Enter a forward function in the table, with its vector-Jacobian rules.

    Args:
        rules: one for each parameter, `rule(g, y, *arguments)` with the cotangent `g` and the output `y`; None for a
            parameter without gradient, nothing for trailing ones. A rule uses operators, ops, and what arrays and
            tensors share; it leaves summing over broadcast dimensions to the engine.
        each: for a forward `f(plain, *operands)`, the rule `each(i, g, y, plain, *operands)` of the i-th operand.
        domain: a `Domain` for each parameter, or one for all.
        shapes: `"(*), (*) -> (*)"` if not given, an elementwise op that broadcasts.
        ufunc: NumPy's ufunc of that meaning; called on a tensor, it is this op.

    For the other arguments see `Op`. The docstring of the forward holds the derivation.
    """

    def enter(forward: Callable[P, Any]) -> Callable[P, Tensor]:
        params = parameters(forward)
        record = Op(
            name=forward.__name__.strip("_"),
            forward=forward,
            rules=rules if each is None else Each(each, skip=len(params) - 1),
            params=params,
            defaults=dict(zip(reversed(params), reversed(forward.__defaults__ or ()), strict=False)),
            domain=domain if isinstance(domain, tuple) else (domain,) * len(params),
            tex=tex,
            shapes=shapes or ", ".join(["(*)"] * len(params)) + " -> (*)",
            broadcasts=(shapes is None and len(params) > 1) if broadcasts is None else broadcasts,
            selects=selects,
            view=view,
            typed=typed,
            promotes=promotes,
            analytic=analytic,
            wide=wide,
            fused=fused,
            adds=adds,
            sample=sample,
            doc=inspect.getdoc(forward) or "",
        )
        if record.name in table:
            raise ValueError(f"op: the table has an op {record.name!r} already")
        table[record.name] = record
        record.call = functools.wraps(forward)(_eager(record))
        if ufunc is not None:
            ufuncs[ufunc] = record.call
        return record.call

    return enter


def _eager(op: Op) -> Callable[..., Any]:
    """The function that people call. Every operation pays for each of its lines, so it is written out flat."""
    forward, rules, view, wide = op.forward, op.rules, op.view, op.wide
    fused = None if op.fused is None else op.fused.forward
    arity = None if op.variadic else len(op.params)
    first = op.rules.skip if isinstance(op.rules, Each) else 0
    reads_y: bool | None = None  # not known before it is needed
    elementwise = op.elementwise
    picky = not op.promotes and len(op.params) > 1
    asks = wide or op.variadic or sum(map(op.operand, range(len(op.params)))) > 1  # whether float16 makes a difference
    tick, ndarray = memory.tick, np.ndarray

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal reads_y
        if kwargs or len(args) != arity:
            args = op.bind(args, kwargs)
        values: list[Any] = []
        inputs: list[Node | None] = []
        tensors = tracked = half = False
        for a in args:
            if isinstance(a, Tensor):
                array = a.array
                values.append(array)
                if asks and array.dtype is HALF:
                    half = True
                node = a._node
                inputs.append(node)
                tensors = True
                if node is not None:
                    tracked = True
            else:
                values.append(a)
                inputs.append(None)
        if picky and tensors and getattr(values[0], "dtype", None) is not getattr(values[1], "dtype", None):
            op.refuse_mixed(values)
        if wide and (half or not tensors) and getattr(values[first], "dtype", None) is HALF:
            return in_single(call, *args)
        record = tracked and rules and is_grad_enabled()
        try:
            if record and fused is not None:
                y, residual = fused(*values)
            else:
                y, residual = forward(*values), None
        except LinAlgError:
            raise
        except Exception as error:
            if isinstance(error, OverflowError) and tensors and (again := wrapped(op, args)) is not None:
                return call(*again)
            told = op.explain(error, values)
            if told is error:
                raise
            raise told from error
        if not tensors:
            return y if any(isinstance(v, _ARRAYS) for v in values) else op.refuse(values[0])
        if type(y) is not ndarray:
            y = np.asarray(y)
        if half or y.dtype is not usual_dtype:
            again = settled(op, args, values, y)
            if again is not None:
                return call(*again)
            if (watch := watcher.get()) is not None:
                watch(op, values, y)
        out = blank()
        out.array = y
        out._view = None
        if not record:
            out._node = None
        else:
            out._node = node = Node()
            node.op = op
            node.inputs = inputs
            if reads_y is None:
                reads_y = op.reads_y
            small = y.size <= _SMALL and (elementwise or getattr(values[0], "size", _SMALL) < _SMALL)
            node.args = values if small else op.thin(values, inputs)
            kept = y if reads_y else None
            node.y = kept if fused is None else (kept, residual)
            node.time = tick()
            node.hooks = None
            if usual_dtype is None:
                node.site = memory.user_site()
                if (note := noter.get()) is not None:
                    note(node, y)
        if view and memory.owner(y) is memory.owner(values[0]):
            out._view = memory.View(out, args[0], op, values[1:])
        return out

    return call


_ARRAYS = (np.ndarray, np.generic)
_SMALL = 4096  # elements: it costs less to keep a smaller array alive than to describe it
