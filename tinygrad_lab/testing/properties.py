"""What is true of every op, at given arguments: `check_op` is the whole of it.

Derivatives are taken by *variables*: the distinct arrays among the differentiable operands. An array that stands in
two places is one variable, as a tensor used twice is one leaf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, islice, repeat
from typing import Any

import numpy as np

from .. import autograd
from ..autograd.oracles import Array, Jacobian, complex_step, cotangent, only, richardson, room_around
from ..domain import Domain, Reals
from ..graph import Node, sum_to
from ..op import Op, wrap
from ..tensor import Tensor
from .signature import result_shape

# A rule off by 0.05 % is five hundred times RELATIVE off. The oracles are good to about 1e-9 of the greatest element
# where a kink is near and steps must be short, and to 1e-12 elsewhere; one that estimates its own error at more than
# UNCERTAIN isn't believed.
RELATIVE = 1e-6
OF_GREATEST = 1e-9
UNCERTAIN = 1e-5
ROUNDING = 1e-12  # one value computed in two ways in float64, relative to the greatest element or to 1
SINGLE = 2e-5  # float32 against float64, relative to the greatest element: 170 roundings


def check_op(op: Op, args: Sequence[Any], reference: Callable[..., Any] | None = None) -> None:
    """Everything that must be true of `op` at `args`.

    Args:
        op: the op's record.
        args: all its arguments in order; real operands are float64 arrays inside their open domains, off the kinks.
        reference: an independent function of the same arguments with the same value.

    Raises:
        AssertionError: something isn't true; says the op, the arguments, the element, the values and the tolerance.
    """
    case = Case(op, args)
    check_nothing_is_written(case)
    check_value(case, reference)
    check_single_precision(case)
    if case.variables:
        check_first_order(case)
        check_second_order(case)
        check_readings(case)
        check_layouts(case)
        check_delivered_gradients(case)
    elif not op.rules:
        y = case.call([wrap(a).requires_grad_() if is_real(a) else a for a in case.args])
        case.expect(not y.requires_grad, "has no rules, but its output requires grad")


class Case:
    """An op at some arguments, with a random cotangent: the ways to compute its value and gradients there."""

    def __init__(self, op: Op, args: Sequence[Any], dtype: Any = np.float64) -> None:
        self.op = op
        converted: dict[int, Any] = {}  # an array that stands twice stays one array
        self.args = [converted.setdefault(id(a), in_dtype(a, dtype)) for a in args]
        self.rules = list(islice(chain(op.rules, repeat(None)), len(args)))
        self.variables: list[Array] = []
        self.places: list[list[int]] = []  # of each variable among the arguments
        for i, a in enumerate(self.args):
            if self.rules[i] is not None and is_real(a):
                j = next((j for j, x in enumerate(self.variables) if x is a), len(self.variables))
                if j == len(self.variables):
                    self.variables.append(a)
                    self.places.append([])
                self.places[j].append(i)
        self.y = self.value(self.variables)
        self.g = cotangent(self.y.shape).astype(dtype)

    def domain(self, i: int) -> Domain:
        """The domain of the i-th argument."""
        return self.op.domain[min(i, len(self.op.domain) - 1)]

    def name(self, j: int) -> str:
        """What to call the j-th variable."""
        i, params = self.places[j][0], self.op.params
        return f"{params[-1]}[{i - len(params) + 1}]" if self.op.variadic else params[i]

    # --------------------------------------------------------------------------------------------- computing

    def at(self, variables: Sequence[Any]) -> list[Any]:
        """The arguments with these values for the variables."""
        args = list(self.args)
        for x, places in zip(variables, self.places, strict=True):
            for i in places:
                args[i] = x
        return args

    def value(self, variables: Sequence[Array]) -> Array:
        """The forward on arrays."""
        return np.asarray(self.op.forward(*self.at(variables)))

    def leaves(self) -> list[Tensor]:
        """A leaf for each variable, on its memory."""
        return [wrap(x).requires_grad_() for x in self.variables]

    def call(self, args: Sequence[Any]) -> Tensor:
        """The op as people call it: tensors for the operands."""
        operands = (self.op.operand(i) and isinstance(a, np.ndarray) for i, a in enumerate(args))
        y: Tensor = self.op.call(*(wrap(a) if operand else a for a, operand in zip(args, operands, strict=True)))
        return y

    def pull(self, variables: Sequence[Array], g: Array) -> list[Array]:
        """The gradients: the plain rules read on arrays, given what a node would keep."""
        values = self.at(variables)
        y = self.value(variables) if self.op.reads_y else None
        kept = self.op.thin(values, [Node() if self._variable(i) else None for i in range(len(values))])
        found = []
        for x, places in zip(variables, self.places, strict=True):
            with np.errstate(all="ignore"):
                parts = [self.rules[i](g, y, *kept) for i in places]  # type: ignore[misc]  # variables have rules
            found.append(sum(sum_to(d, x.shape) if self.op.broadcasts else d for d in parts))
        return found

    def jacobians(self) -> list[Array]:
        """The derivatives of the value by each variable, of shape `(*y.shape, *x.shape)`, by the rules on arrays."""
        rows = [[d / self.g[k] for d in self.pull(self.variables, only(self.g, k))] for k in np.ndindex(self.y.shape)]
        return [np.reshape([row[j] for row in rows], self.y.shape + x.shape) for j, x in enumerate(self.variables)]

    def along(self, j: int) -> Callable[[Array], Array]:
        """The value as a function of the j-th variable, real or complex."""

        def f(v: Array) -> Array:
            variables = [x.astype(v.dtype) for x in self.variables]  # all real, or all complex
            variables[j] = v
            with np.errstate(all="ignore"):
                return self.value(variables)

        return f

    def _variable(self, i: int) -> bool:
        return any(i in places for places in self.places)

    def room(self, j: int) -> Array:
        """How far around each element of the j-th variable the op is smooth."""
        distinct = [
            np.ravel(a) for i, a in enumerate(self.args) if isinstance(d := self.domain(i), Reals) and d.distinct
        ]
        others = np.concatenate([*distinct, np.array([])])
        domains = [d for i in self.places[j] if isinstance(d := self.domain(i), Reals)]
        return np.asarray(np.min([room_around(self.variables[j], d, others) for d in domains], axis=0))

    # --------------------------------------------------------------------------------------------- comparing

    def expect(self, condition: Any, complaint: str) -> None:
        """Fail with the op, `complaint` and the arguments unless `condition` holds."""
        if not condition:
            raise AssertionError(f"{self.op.name}: {complaint}\n{self}")

    def expect_close(
        self,
        what: str,
        got: Any,
        want: Any,
        tolerance: Any = 0.0,
        against: str = "expected",
    ) -> None:
        """Fail unless `got` has the shape of `want` and is within `tolerance` of it, NaN where it is NaN."""
        got, want = np.asarray(got), np.asarray(want)
        self.expect(got.shape == want.shape, f"{what} has shape {got.shape}, not {want.shape}")
        with np.errstate(invalid="ignore"):
            off = np.asarray(np.abs(np.subtract(got, want, dtype=np.float64)))
        right = (off <= tolerance) | (got == want) | ((got != got) & (want != want))
        if not right.all():
            limit = np.broadcast_to(tolerance, want.shape)
            k = np.unravel_index(np.argmax(np.where(right, -1, np.nan_to_num(off - limit, nan=np.inf))), want.shape)
            element = f" at {[int(i) for i in k]}" if k else ""
            complaint = f"{what}{element} is {got[k]:.12g}, {against} {want[k]:.12g}"
            self.expect(False, f"{complaint}; off by {off[k]:.3g}, tolerance {limit[k]:.3g}")

    def expect_same(self, what: str, got: Sequence[Array], want: Sequence[Array]) -> None:
        """Fail unless the two lists of gradients agree to the bit."""
        for j, (a, b) in enumerate(zip(got, want, strict=True)):
            self.expect_close(f"the gradient of {self.name(j)} {what}", a, b)

    def expect_derivative(self, what: str, got: Array, numeric: Jacobian) -> None:
        """Fail unless `got` is the numeric Jacobian, or if the oracle can't say."""
        greatest = np.max(np.abs(numeric.value), initial=0.0)
        worst = np.max(numeric.error, initial=0.0)
        if worst > UNCERTAIN * (greatest + ROUNDING / OF_GREATEST):
            complaint = f"{what}: the numeric derivative, up to {greatest:.3g}, is uncertain by {worst:.3g}"
            self.expect(False, f"{complaint}; is there a kink that the domain doesn't declare?")
        tolerance = RELATIVE * np.abs(numeric.value) + OF_GREATEST * greatest + numeric.error + ROUNDING
        self.expect_close(what, got, numeric.value, tolerance, "numerically")

    def __str__(self) -> str:
        lines = []
        for i, a in enumerate(self.args):
            line = f"  {self.op.params[min(i, len(self.op.params) - 1)]} = {a!r}"
            if isinstance(a, np.ndarray):
                twin = next(j for j, b in enumerate(self.args) if b is a)
                line += "" if a.flags.c_contiguous else f", strides {a.strides}"
                line += "" if twin == i else f", the very array of {self.op.params[twin]}"
            lines.append(line)
        return "\n".join([*lines, f"  cotangent = {self.g!r}"])


def check_nothing_is_written(case: Case) -> None:
    """The forward leaves the arguments alone, and so do the rules, which leave the output and the cotangent alone."""

    def bits(*arrays: Any) -> list[bytes]:
        return [a.tobytes() for a in (*case.args, *arrays) if isinstance(a, np.ndarray)]

    before = bits()
    case.value(case.variables)
    case.expect(bits() == before, "the forward wrote to an argument")
    if case.variables:
        leaves = case.leaves()
        y = case.call(case.at(leaves))
        before = bits(y.array, case.g)
        autograd.grad(y, leaves, wrap(case.g))
        case.expect(bits(y.array, case.g) == before, "a rule wrote to an argument, the output or the cotangent")


def check_value(case: Case, reference: Callable[..., Any] | None = None) -> None:
    """The value: against `reference`, in extended precision, called on tensors, and from other memory layouts."""
    op, y = case.op, case.y
    rounding = 0.0 if y.dtype.kind != "f" else ROUNDING * np.max(np.abs(y), initial=1.0, where=np.isfinite(y))
    if reference is not None:
        case.expect_close("the value", y, reference(*case.args), rounding, "by the reference")
    if y.dtype.kind == "f" and not op.typed:
        extended = in_extended_precision(case)
        if extended is not None:
            case.expect_close("the value", y, extended, rounding, "in extended precision")
    called = case.call(case.at(case.leaves())).array
    case.expect(called.dtype == y.dtype, f"of tensors it makes {called.dtype}, of arrays {y.dtype}")
    case.expect_close("the value", called, y, 0.0 if op.fused is None else rounding, "on arrays")
    plain = op.forward(*(np.array(a, order="C") if isinstance(a, np.ndarray) else a for a in case.args))
    case.expect_close("the value", plain, y, rounding, "from another memory layout")
    shapes = [np.shape(a) for i, a in enumerate(case.args) if op.operand(i)]
    shape = result_shape(op.shapes, shapes)
    case.expect(shape is None or y.shape == shape, f"the value has shape {y.shape}; {op.shapes} says {shape}")
    if not op.view:
        shares = any(np.shares_memory(y, a) for a in case.args if isinstance(a, np.ndarray))
        case.expect(not shares, "the value looks at an argument's memory, but the op isn't declared a view")


def in_extended_precision(case: Case) -> Array | None:
    """The value, computed in extended precision; None where the op is one of LAPACK's, which hasn't that."""
    try:
        return np.asarray(case.op.forward(*(in_dtype(a, np.longdouble) for a in case.args)))
    except TypeError as error:
        if "unsupported in linalg" not in str(error):
            raise
        return None


def check_single_precision(case: Case) -> None:
    """Of float32 it makes float32, the gradients too, close to those of float64."""
    single = Case(case.op, case.args, np.float32)
    leaves = single.leaves()
    y = single.call(single.at(leaves))
    if case.y.dtype.kind == "f" and not case.op.typed:
        case.expect(y.dtype == np.float32, f"of float32 it makes {y.dtype}")
    if not case.variables:
        return
    g = wrap(case.g.astype(y.dtype))
    found = autograd.grad(y, leaves, g)
    for j, (got, want) in enumerate(zip(found, case.pull(case.variables, case.g), strict=True)):
        what = f"the gradient of {case.name(j)} in float32"
        assert got is not None
        case.expect(got.dtype == np.float32, f"{what} has dtype {got.dtype}")
        tolerance = SINGLE * np.max(np.abs(want), initial=0.0, where=np.isfinite(want))
        case.expect_close(what, got.array, want, tolerance, "in float64")


def check_first_order(case: Case) -> None:
    """Each rule, element by element of the full Jacobian, against the numeric one."""
    op, y = case.op, case.y
    whole = case.pull(case.variables, case.g)
    for j, x in enumerate(case.variables):
        name = case.name(j)
        case.expect(whole[j].shape == x.shape, f"the gradient of {name} has shape {whole[j].shape}, not {x.shape}")
    for j, (x, jacobian) in enumerate(zip(case.variables, case.jacobians(), strict=True)):
        name, f = case.name(j), case.along(j)
        numeric = complex_step(f, x) if op.analytic else richardson(f, x, case.room(j))
        case.expect_derivative(f"d value / d {name}", jacobian, numeric)
        summed = np.tensordot(case.g, jacobian, y.ndim)
        rounding = ROUNDING * np.max(np.abs(jacobian), initial=1.0, where=np.isfinite(jacobian))
        case.expect_close(f"the gradient of {name}", whole[j], summed, rounding, "summed over the output's elements")
        if op.elementwise:
            places = np.broadcast_to(np.arange(x.size).reshape(x.shape), y.shape)
            elsewhere = places.reshape(-1, 1) != np.arange(x.size)
            crossing = numeric.value.reshape(y.size, x.size)[elsewhere]
            case.expect(not crossing.any(), f"isn't elementwise in {name}, as {op.shapes!r} says")


def check_second_order(case: Case) -> None:
    """The gradients' own derivatives, rules read on tensors, against numeric derivatives of rules read on arrays."""
    n = len(case.variables)
    leaves = [*case.leaves(), wrap(case.g).requires_grad_()]
    with np.errstate(all="ignore"):
        found = autograd.grad(case.call(case.at(leaves[:n])), leaves[:n], leaves[n], create_graph=True)
    numeric = []
    for j, leaf in enumerate(leaves):

        def f(v: Array, j: int = j) -> Array:
            values = [*case.variables, case.g]
            values[j] = v
            return np.concatenate([d.reshape(-1) for d in case.pull(values[:n], values[n])])

        numeric.append(richardson(f, leaf.array, case.room(j) if j < n else np.inf))
    start = 0
    for i, gradient in enumerate(found):
        assert gradient is not None
        rows = [_second(gradient, leaves, only(np.ones(gradient.shape), k)) for k in np.ndindex(gradient.shape)]
        own = slice(start, start := start + gradient.array.size)
        for j, leaf in enumerate(leaves):
            by = case.name(j) if j < n else "cotangent"
            shape = gradient.shape + leaf.shape
            jacobian = np.reshape([row[j] for row in rows], shape)
            expected = Jacobian(*(part[own].reshape(shape) for part in numeric[j]))
            case.expect_derivative(f"d (gradient of {case.name(i)}) / d {by}", jacobian, expected)


def _second(gradient: Tensor, leaves: Sequence[Tensor], g: Array) -> list[Array]:
    """The gradients of a gradient; zeros where it isn't connected to a leaf."""
    if not gradient.requires_grad:
        return [np.zeros(x.shape) for x in leaves]
    with np.errstate(all="ignore"):
        found = autograd.grad(gradient, leaves, wrap(g), retain_graph=True, allow_unused=True)
    return [np.zeros(x.shape) if d is None else d.array for d, x in zip(found, leaves, strict=True)]


def check_readings(case: Case) -> None:
    """One rule, many readings: arrays and tensors agree to the bit, twice the same; a fused rule agrees, too."""

    def gradients(create_graph: bool = False) -> list[Array]:
        leaves = case.leaves()
        with np.errstate(all="ignore"):
            found = autograd.grad(case.call(case.at(leaves)), leaves, wrap(case.g), create_graph=create_graph)
        return [d.array for d in found if d is not None]

    plain, on_arrays, on_tensors = case.pull(case.variables, case.g), gradients(), gradients(create_graph=True)
    case.expect_same("computed twice", gradients(), on_arrays)
    case.expect_same("read on tensors", on_tensors, plain)
    if case.op.fused is None:
        case.expect_same("in the backward walk", on_arrays, plain)
    for j, (fused, want) in enumerate(zip(on_arrays, plain, strict=True)):
        case.expect_close(f"the fused gradient of {case.name(j)}", fused, want, rounding_of(want), "by the rule")


def check_layouts(case: Case) -> None:
    """A cotangent in another order of memory is the same cotangent, to the rule and to its fused reading."""
    apart = np.zeros((*case.g.shape, 2), case.g.dtype)[..., 0]
    apart[...] = case.g
    for layout, g in (("in Fortran order", np.array(case.g, order="F")), ("with gaps", apart)):
        leaves = case.leaves()
        with np.errstate(all="ignore"):
            walked = autograd.grad(case.call(case.at(leaves)), leaves, wrap(g))
        for how, found in (("", case.pull(case.variables, g)), ("fused ", [d.array for d in walked if d is not None])):
            for j, (got, want) in enumerate(zip(found, case.pull(case.variables, case.g), strict=True)):
                what = f"the {how}gradient of {case.name(j)}, with a cotangent {layout}"
                case.expect_close(what, got, want, rounding_of(want), "in C order")


def rounding_of(want: Array) -> Array:
    """By how much a value computed in another order may differ from `want`."""
    return np.asarray(ROUNDING * np.max(np.abs(want), initial=1.0, where=np.isfinite(want)))


def check_delivered_gradients(case: Case) -> None:
    """What backward leaves in `.grad`: the operand's shape and dtype, in memory that nobody else has."""
    leaves = case.leaves()
    y = case.call(case.at(leaves))
    y.backward(wrap(case.g))
    others = [("an argument", a) for a in case.args if isinstance(a, np.ndarray)]
    others += [("the cotangent", case.g), ("the output", y.array)]
    for j, x in enumerate(leaves):
        what = f"the .grad of {case.name(j)}"
        case.expect(x.grad is not None, f"{what} is missing")
        assert x.grad is not None
        got = x.grad.array
        case.expect(got.shape == x.shape and got.dtype == x.dtype, f"{what} is {got.dtype} of shape {got.shape}")
        case.expect(got.flags.writeable, f"{what} can't be written")
        for whose, other in others:
            case.expect(not np.shares_memory(got, other), f"{what} shares memory with {whose}")
        others.append((f"the .grad of {case.name(j)}", got))


def is_real(value: Any) -> bool:
    """Whether it is a floating array."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def in_dtype(value: Any, dtype: Any) -> Any:
    """A floating array in `dtype`; another value as it is."""
    return value.astype(dtype, copy=False) if is_real(value) else value
