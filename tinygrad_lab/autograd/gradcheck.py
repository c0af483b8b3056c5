"""`gradcheck`: is a function's gradient right, and if not, where, by how much, and what the mistake is likely to be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from ..graph import enable_grad, no_grad
from ..op import wrap
from ..tensor import Tensor
from . import mistakes
from .gradients import grad
from .oracles import Array, complex_step, cotangent, one_sided, only, richardson, taylor_slope

Function = Callable[..., Any]

SINGLE = 2e-5  # float32 beside float64, of the greatest element: 170 roundings, as a chain of sums and products makes
UNCERTAIN = 1e-5  # of the greatest derivative: a numeric one that is less sure says nothing
KINK = 1e-4  # one-sided derivatives that differ by more, of the greatest element, belong to a kink
SHOWN = 5  # findings that a report lists


class GradcheckError(RuntimeError):
    """A gradient isn't right; `result` says what is wrong with it."""

    def __init__(self, result: GradcheckResult) -> None:
        super().__init__(str(result))
        self.result = result


class Finding(NamedTuple):
    """One thing that isn't right, or that can't be told.

    Attributes:
        verdict: "wrong", "at a kink", "ill-conditioned", "non-deterministic", "mutates its input", "wrong dtype" or
            "wrong shape".
        text: a sentence with the values.
        output: the number of the output, `output_index` its element.
        input: the number of the input, `input_index` its element.
        analytic: the derivative that the graph gives.
        numeric: the derivative by central differences, `error` the estimate of its error.
        left: the derivative from the left, `right` from the right.
        acceptable: whether the gradient may stay so: at a kink, a value between the one-sided derivatives.
    """

    verdict: str
    text: str
    output: int = 0
    output_index: tuple[int, ...] = ()
    input: int = 0
    input_index: tuple[int, ...] = ()
    analytic: float = np.nan
    numeric: float = np.nan
    error: float = np.nan
    left: float = np.nan
    right: float = np.nan
    mistake: mistakes.Mistake | None = None
    acceptable: bool = False


@dataclass
class GradcheckResult:
    """What `gradcheck` found: true if every gradient is right.

    Attributes:
        name: the function's name.
        checked: the number of derivatives that were compared.
        findings: what isn't right, the worst of each pair of output and input.
        oracles: the numeric derivatives of the worst element, and Taylor's slope, by their names.
    """

    name: str
    checked: int = 0
    findings: list[Finding] = field(default_factory=list)
    oracles: dict[str, float] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return all(f.acceptable for f in self.findings)

    @property
    def verdict(self) -> str:
        """ "right", or what the first finding says."""
        wrong = [f.verdict for f in self.findings if not f.acceptable]
        return wrong[0] if wrong else "right"

    @property
    def mistake(self) -> str | None:
        """The likely mistake's name, as "sign" or "factor", if there is one."""
        return next((f.mistake.name for f in self.findings if f.mistake), None)

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.verdict}; {self.checked} derivatives compared"]
        for f in self.findings[:SHOWN]:
            lines.append(f"  {f.verdict}: {f.text}")
            if f.mistake:
                lines.append(f"    likely {f.mistake.name}: {f.mistake.text}")
        if len(self.findings) > SHOWN:
            lines.append(f"  and {len(self.findings) - SHOWN} more")
        if self.oracles:
            lines.append("  at the worst element: " + ", ".join(f"{k} {v:.9g}" for k, v in self.oracles.items()))
        return "\n".join(lines)


def gradcheck(
    func: Function,
    inputs: Tensor | Sequence[Any],
    *,
    eps: float | None = None,
    atol: float = 1e-9,
    rtol: float = 1e-6,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_grad_dtypes: bool = True,
    fast_mode: bool = False,
) -> GradcheckResult:
    """Compare the gradients that the graph gives of `func(*inputs)` with numeric ones, element by element.

    The numeric derivatives are Richardson's extrapolations of central differences in float64, which know their own
    error; the cotangents are all different, so a rule that drops its cotangent is seen; every element of the Jacobian
    is compared. A float32 input is checked on a float64 copy, where a wrong gradient can be told from rounding, and
    the gradient in float32 is then held against that in float64.

    Args:
        func: takes `inputs`, returns a tensor or a sequence of tensors.
        inputs: tensors, of which those that require grad are checked, and plain values.
        eps: the longest step, relative to 1 and to an element's size; by default 1/32.
        atol: what may be off, relative to the greatest derivative of a pair of output and input, or to 1.
        rtol: what may be off, relative to the derivative.
        raise_exception: raise if a gradient isn't right, or only say so in the result.
        nondet_tol: what two calls may differ by.
        check_grad_dtypes: whether the outputs must have the dtype of the inputs, so that the gradients have it, too.
        fast_mode: one random direction for each pair, instead of every element: for large inputs. It can miss an
            error that the direction hides.

    Returns:
        a result that is true if all is right, and prints as a report.

    Raises:
        GradcheckError: a gradient isn't right, unless `raise_exception` is False.
        TypeError: an input that requires grad isn't floating, or `func` returns something else than tensors.
        ValueError: no input requires grad, or no output does.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    options = Options(eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    result = Check(func, given, options).run()
    if raise_exception and not result:
        raise GradcheckError(result)
    return result


def gradgradcheck(
    func: Function,
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    **options: Any,
) -> GradcheckResult:
    """`gradcheck` of the gradients themselves, as functions of the inputs and of the cotangents.

    Args:
        func: as in `gradcheck`.
        inputs: as in `gradcheck`.
        grad_outputs: the cotangents, one for each floating output; by default random ones.
        options: those of `gradcheck`.

    Returns:
        a result whose inputs are numbered on: after the inputs come the cotangents.

    Raises:
        GradcheckError, TypeError, ValueError: as `gradcheck`.
    """
    given = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    name = _name(func)
    outputs = _outputs(name, func, given)
    if grad_outputs is None:
        random = np.random.default_rng(0)
        cotangents = [wrap(cotangent(y.shape, random).astype(y.dtype)) for y in outputs]
    else:
        cotangents = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    cotangents = [g.detach().requires_grad_() for g in cotangents]
    n = len(given)

    def gradients(*values: Any) -> list[Tensor]:
        variables = [v for v in values[:n] if isinstance(v, Tensor) and v.requires_grad]
        ys = _outputs(name, func, values[:n])
        found = grad(ys, variables, values[n:], create_graph=True, allow_unused=True)
        return [g for g in found if g is not None]

    gradients.__name__ = f"the gradient of {name}"
    return gradcheck(gradients, [*given, *cotangents], **options)


# ------------------------------------------------------------------------------------------------- how it is done


def _name(func: Function) -> str:
    return getattr(func, "__name__", None) or type(func).__name__


def _outputs(name: str, func: Function, values: Sequence[Any], kinds: str = "f") -> list[Tensor]:
    """The outputs of `func` whose dtype is of one of NumPy's `kinds`: the floating ones."""
    y = func(*values)
    listed = list(y) if isinstance(y, list | tuple) else [y]
    for i, part in enumerate(listed):
        if not isinstance(part, Tensor):
            what = f"output {i}" if len(listed) > 1 else "the result"
            raise TypeError(
                f"gradcheck: {what} of {name} must be a tensor, not {part!r:.80}; does the function return its result?"
            )
    return [part for part in listed if part.dtype.kind in kinds]


class Options(NamedTuple):
    """The options of `gradcheck`."""

    eps: float | None
    atol: float
    rtol: float
    nondet_tol: float
    dtypes: bool
    fast: bool


class Element(NamedTuple):
    """One derivative: element `y` of output `output` by element `x` of the checked input number `input`."""

    output: int
    y: tuple[int, ...]
    input: int
    x: tuple[int, ...]


class Check:
    """One run of `gradcheck`."""

    def __init__(self, func: Function, inputs: list[Any], options: Options) -> None:
        self.func, self.inputs, self.options = func, inputs, options
        self.result = GradcheckResult(_name(func))
        self.places = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
        if not self.places:
            raise ValueError(
                "gradcheck: at least one input must be a tensor that requires grad; make one with requires_grad=True "
                "(only floating tensors can, not integers)"
            )
        self.arrays = [np.array(inputs[i].array, np.float64) for i in self.places]

    # --------------------------------------------------------------------------------------------- evaluation

    def at(self, arrays: Sequence[Array], requires_grad: bool) -> list[Any]:
        """The inputs, with float64 tensors of `arrays` for those that are checked, and other floats widened too."""
        values = [
            wrap(x.array.astype(np.float64)) if isinstance(x, Tensor) and x.dtype.kind == "f" else x
            for x in self.inputs
        ]
        for i, a in zip(self.places, arrays, strict=True):
            values[i] = wrap(a)
            if requires_grad:
                values[i].requires_grad_()
        return values

    def outputs(self, arrays: Sequence[Array]) -> list[Array]:
        """The function's values, without a graph."""
        with no_grad() if self._plain else enable_grad(), np.errstate(all="ignore"):
            values = self.at([np.array(a) for a in arrays], requires_grad=not self._plain)
            return [y.detach().numpy() for y in _outputs(self.result.name, self.func, values, "fc")]

    _plain = True

    def jacobians(self, values: list[Any]) -> list[list[Array]]:
        """For each output and each checked input, the Jacobian that the graph gives."""
        leaves = [values[i] for i in self.places]
        ys = _outputs(self.result.name, self.func, values)
        live = [y for y in ys if y.requires_grad]
        if not live:
            raise ValueError(
                f"gradcheck: no output of {self.result.name} requires grad; was the graph cut by detach(), numpy() or "
                "no_grad()?"
            )
        random = np.random.default_rng(0)
        found = []
        for y in ys:
            g = cotangent(y.shape, random)
            rows: list[list[Array]] = [[] for _ in leaves]
            for k in np.ndindex(y.shape):
                grads = self.pull(y, leaves, only(g, k).astype(y.dtype))
                for row, d in zip(rows, grads, strict=True):
                    row.append(d / g[k])
            found.append([np.reshape(row, y.shape + x.shape) for row, x in zip(rows, leaves, strict=True)])
        return found

    def pull(self, y: Tensor, leaves: Sequence[Tensor], g: Array) -> list[Array]:
        """The gradients of `y` with the cotangent `g`; zeros where it isn't connected."""
        if not y.requires_grad:
            return [np.zeros(x.shape) for x in leaves]
        with np.errstate(all="ignore"):
            grads = grad(y, leaves, wrap(g), retain_graph=True, allow_unused=True)
        found = []
        for j, (x, d) in enumerate(zip(leaves, grads, strict=True)):
            if d is not None and d.shape != x.shape:
                text = f"the gradient of input {self.places[j]} has shape {d.shape}, not {x.shape}"
                raise StopError(Finding("wrong shape", text, input=self.places[j]))
            found.append(np.zeros(x.shape) if d is None else d.array)
        return found

    # --------------------------------------------------------------------------------------------- the checks

    def run(self) -> GradcheckResult:
        """All checks, the fundamental ones first."""
        try:
            self.check_repeatable()
            if self.options.fast:
                self.check_direction()
            else:
                self.check_elements()
            if not self.result.findings:
                self.check_single_precision()
        except StopError as stop:
            self.result.findings.append(stop.finding)
        return self.result

    def check_repeatable(self) -> None:
        """The function leaves its inputs alone, and twice the same call gives the same values and gradients."""
        values = self.at([np.array(a) for a in self.arrays], requires_grad=True)
        tensors = [(i, v) for i, v in enumerate(values) if isinstance(v, Tensor)]
        before = [v.array.tobytes() for _, v in tensors]
        try:
            first = [y.detach().numpy().copy() for y in _outputs(self.result.name, self.func, values)]
        except RuntimeError as error:
            if "can't be changed in place" in str(error):
                raise StopError(Finding("mutates its input", str(error))) from error
            raise
        for (i, v), bits in zip(tensors, before, strict=True):
            if v.array.tobytes() != bits:
                text = f"input {i} isn't what it was before the call; work on a clone()"
                raise StopError(Finding("mutates its input", text, input=i))
        second = [y.detach().numpy() for y in _outputs(self.result.name, self.func, values)]
        for o, (a, b) in enumerate(zip(first, second, strict=True)):
            off = np.max(np.abs(a - b), initial=0.0, where=np.isfinite(a)) if a.shape == b.shape else np.inf
            if off > self.options.nondet_tol:
                text = f"output {o} differs by {off:.3g} between two calls; seed the generator inside the function"
                raise StopError(Finding("non-deterministic", text, output=o))

    def check_elements(self) -> None:
        """Every element of every Jacobian."""
        analytic = self.jacobians(self.at([np.array(a) for a in self.arrays], requires_grad=True))
        numeric, errors = self.numeric_jacobians()
        for o, by_input in enumerate(analytic):
            for j, got in enumerate(by_input):
                self.result.checked += got.size
                others = {f"input {self.places[i]}": d for i, d in enumerate(numeric[o]) if i != j}
                self.compare(o, j, got, numeric[o][j], errors[o][j], others)

    def numeric_jacobians(self) -> tuple[list[list[Array]], list[list[Array]]]:
        """For each output and input the numeric Jacobian, and its error."""
        self._plain = True
        try:
            shapes = [y.shape for y in self.outputs(self.arrays)]
        except (RuntimeError, ValueError):  # a function that differentiates inside needs its graph
            self._plain = False
            shapes = [y.shape for y in self.outputs(self.arrays)]
        values: list[list[Array]] = [[] for _ in shapes]
        errors: list[list[Array]] = [[] for _ in shapes]
        for j, x in enumerate(self.arrays):
            room = np.inf if self.options.eps is None else 4 * self.options.eps * np.maximum(1, np.abs(x))
            found = richardson(self.flat(j), x, room)
            edges = np.cumsum([0, *(int(np.prod(s)) for s in shapes)])
            for o, shape in enumerate(shapes):
                part = slice(edges[o], edges[o + 1])
                values[o].append(found.value[part].reshape(shape + x.shape))
                errors[o].append(found.error[part].reshape(shape + x.shape))
        return values, errors

    def flat(self, j: int) -> Callable[[Array], Array]:
        """All outputs in one vector, as a function of the j-th checked input."""

        def f(v: Array) -> Array:
            arrays = list(self.arrays)
            arrays[j] = v
            return np.concatenate([np.ravel(y) for y in self.outputs(arrays)])

        return f

    def compare(self, o: int, j: int, got: Array, want: Array, error: Array, others: dict[str, Array]) -> None:
        """Note the worst element of one Jacobian, if it isn't right, and what the mistake may be."""
        greatest = float(np.max(np.abs(want), initial=1.0, where=np.isfinite(want)))
        with np.errstate(invalid="ignore"):
            off = np.abs(got - want)
            tolerance = self.options.rtol * np.abs(want) + self.options.atol * greatest
            sure = error <= np.maximum(tolerance, UNCERTAIN * greatest)
            right = (off <= tolerance + error) & sure | (np.isnan(got) & np.isnan(want))
        if np.all(right):
            return
        x_shape = self.arrays[j].shape
        lead = got.ndim - len(x_shape)
        for k in self.worst(np.where(right, -1.0, np.nan_to_num(off, nan=np.inf)), right):
            element = Element(o, k[:lead], j, k[lead:])
            finding = self.judge(element, float(got[k]), float(want[k]), float(error[k]), greatest, bool(sure[k]))
            if finding.verdict == "wrong":
                sizes = [*got.shape, math.prod(x_shape), math.prod(got.shape[:lead])]
                mistake = mistakes.of_jacobian(got, want, x_shape, others, sizes) if np.all(sure) else None
                self.result.findings.append(finding._replace(mistake=mistake))
                self.result.oracles = self.beside(element, finding, got)
                return
            self.result.findings.append(finding)

    def worst(self, off: Array, right: Array) -> Iterator[tuple[int, ...]]:
        """The elements that aren't right, the worst first; not more than a report needs."""
        order = np.argsort(-off, axis=None, kind="stable")[: min(int(np.sum(~right)), 20)]
        for flat in order:
            yield tuple(int(i) for i in np.unravel_index(flat, off.shape))

    def judge(self, at: Element, got: float, want: float, error: float, greatest: float, sure: bool) -> Finding:
        """One element that isn't within the tolerance: wrong, at a kink, or not to be told."""
        number, f, x = self.number(at), self.flat(at.input), self.arrays[at.input]
        left, right = (one_sided(lambda v: f(v)[number], x, at.x, side) for side in (-1, 1))
        a, b = float(left.value), float(right.value)
        i = self.places[at.input]
        place = f"d output {at.output}{list(at.y) if at.y else ''} / d input {i}{list(at.x) if at.x else ''}"
        slack = KINK * greatest
        if max(float(left.error), float(right.error)) <= slack < abs(a - b):
            inside = min(a, b) - slack <= got <= max(a, b) + slack
            between = "between them, as a subgradient is" if inside else "outside of what lies between them"
            verdict = "at a kink"
            text = f"{place} is {got:.9g} at a kink: {a:.9g} from the left, {b:.9g} from the right; {between}"
        elif not sure or not np.isfinite(want):
            inside, verdict = False, "ill-conditioned"
            text = (
                f"{place} is {got:.9g}, numerically {want:.9g}, but that is uncertain by {error:.3g}: a kink, a jump "
                "or the border of the domain is near, or the function loses digits; choose another point"
            )
        else:
            inside, verdict = False, "wrong"
            text = (
                f"{place} is {got:.9g}, numerically {want:.9g} (uncertain by {error:.2g}); {a:.9g} from the left, "
                f"{b:.9g} from the right"
            )
        return Finding(verdict, text, at.output, at.y, i, at.x, got, want, error, a, b, acceptable=inside)

    def number(self, at: Element) -> int:
        """The place of an output's element among all outputs in a row."""
        shapes = [y.shape for y in self.outputs(self.arrays)]
        before = sum(math.prod(s) for s in shapes[: at.output])
        inside = int(np.ravel_multi_index(at.y, shapes[at.output])) if at.y else 0
        return int(before + inside)

    def beside(self, at: Element, finding: Finding, got: Array) -> dict[str, float]:
        """The oracles side by side for one element."""
        number, f, x = self.number(at), self.flat(at.input), self.arrays[at.input]
        unit = np.zeros(x.shape)
        unit[at.x] = 1
        found = {"analytic": finding.analytic, "Richardson": finding.numeric}
        try:
            with np.errstate(all="ignore"):
                step = complex_step(lambda v: f(x.astype(v.dtype) + v * unit)[number], np.zeros(()))
            found["complex step"] = float(step.value)
        except (TypeError, ValueError, RuntimeError):
            pass  # the function isn't analytic as a program, so there is no complex step
        direction = np.random.default_rng(0).standard_normal(x.shape)
        found["Taylor slope (2 if right)"] = taylor_slope(lambda v: float(f(v)[number]), x, got[at.y], direction)
        return found

    def check_direction(self) -> None:
        """One random direction for each pair of output and input."""
        values = self.at([np.array(a) for a in self.arrays], requires_grad=True)
        leaves = [values[i] for i in self.places]
        ys = _outputs(self.result.name, self.func, values)
        if not any(y.requires_grad for y in ys):
            raise ValueError(f"gradcheck: no output of {self.result.name} requires grad")
        random = np.random.default_rng(0)
        self._plain = not self.result.name.startswith("the gradient of")
        for o, y in enumerate(ys):
            g = cotangent(y.shape, random)
            grads = self.pull(y, leaves, g.astype(y.dtype))
            for j, (x, d) in enumerate(zip(self.arrays, grads, strict=True)):
                u = random.standard_normal(x.shape)

                def along(t: Array, o: int = o, j: int = j, x: Array = x, u: Array = u, g: Array = g) -> Array:
                    arrays = list(self.arrays)
                    arrays[j] = x + t * u
                    return np.asarray(np.sum(g * self.outputs(arrays)[o]))

                numeric = richardson(along, np.zeros(()), np.inf if self.options.eps is None else 4 * self.options.eps)
                got, want, error = float(np.sum(d * u)), float(numeric.value), float(numeric.error)
                self.result.checked += 1
                scale = max(1.0, float(np.linalg.norm(d) * np.linalg.norm(u)))
                if not abs(got - want) <= self.options.rtol * abs(want) + self.options.atol * scale + error:
                    text = (
                        f"along a random direction the derivative of output {o} by input {self.places[j]} is "
                        f"{got:.9g}, numerically {want:.9g} (uncertain by {error:.2g}); fast_mode=False checks every "
                        "element"
                    )
                    verdict = "wrong" if error <= UNCERTAIN * scale else "ill-conditioned"
                    self.result.findings.append(Finding(verdict, text, o, (), self.places[j], (), got, want, error))

    def check_single_precision(self) -> None:
        """The gradients in the inputs' own dtype, if it is narrower, beside those in float64."""
        if all(self.inputs[i].dtype == np.float64 for i in self.places):
            return
        own = [x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x for x in self.inputs]
        wide = self.at([np.array(a) for a in self.arrays], requires_grad=True)
        random = np.random.default_rng(0)
        pairs = zip(_outputs("", self.func, own), _outputs("", self.func, wide), strict=True)
        widest = np.result_type(*(x.dtype for x in own if isinstance(x, Tensor) and x.dtype.kind == "f"))
        for o, (narrow, y) in enumerate(pairs):
            if self.options.dtypes and narrow.dtype != widest:
                text = f"output {o} is {narrow.dtype}, of inputs that are {widest}; is there a float64 constant in it?"
                self.result.findings.append(Finding("wrong dtype", text, output=o))
                continue
            g = cotangent(y.shape, random)
            got = self.pull(narrow, [own[i] for i in self.places], g.astype(narrow.dtype))
            want = self.pull(y, [wide[i] for i in self.places], g)
            for i, a, b in zip(self.places, got, want, strict=True):
                eps = float(np.finfo(own[i].dtype).eps) / float(np.finfo(np.float32).eps)
                limit = SINGLE * eps * float(np.max(np.abs(b), initial=0.0))
                off = float(np.max(np.abs(a - b), initial=0.0))
                if off > limit:
                    text = (
                        f"in {own[i].dtype} the gradient of output {o} by input {i} is off by {off:.3g} from that in "
                        f"float64, more than the {limit:.3g} that 170 roundings make: the function loses digits"
                    )
                    self.result.findings.append(Finding("ill-conditioned", text, output=o, input=i))


class StopError(Exception):
    """Nothing more can be checked after this finding."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
