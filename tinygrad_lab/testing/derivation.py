"""Formulas derived by hand, held against the function they were derived from."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..autograd import mistakes
from ..autograd.oracles import Array, cotangent, one_sided, only, richardson
from ..graph import no_grad
from ..op import wrap
from ..tensor import Tensor

RTOL, ATOL = 1e-6, 1e-8  # a formula in float64 against numeric derivatives good to about 1e-10
UNCERTAIN = 1e-5  # of the greatest derivative: a numeric derivative that is less sure says nothing
KINK = 1e-4  # of the greatest derivative: one-sided ones that differ by more belong to a kink
EXAMPLES = 100  # that a search draws


@dataclass(frozen=True)
class DerivationResult:
    """What `check_derivation` found: true if no input was found at which the derivation is wrong.

    Attributes:
        name: of the claimed formula.
        mistake: what the mistake is likely to be, as "sign", "factor", "transpose", "missing sum", "swapped operands",
            "dropped cotangent", "missing off-diagonal term"; "wrong" if no known mistake explains it; None if right.
        example: the smallest inputs found at which it is wrong; None if right.
        text: the report.
        examples: the number of inputs that were tried.
    """

    name: str
    mistake: str | None
    example: tuple[Array, ...] | None
    text: str
    examples: int

    def __bool__(self) -> bool:
        return self.mistake is None

    def __str__(self) -> str:
        return self.text


class _Fault(NamedTuple):
    """Why the claim is wrong at some inputs."""

    mistake: str
    text: str


def check_derivation(
    f: Callable[..., Any],
    claimed: Callable[..., Any],
    *inputs: Any,
    wrt: int = 0,
    max_examples: int = EXAMPLES,
) -> DerivationResult:
    """Look for inputs at which a vector-Jacobian product that was derived by hand isn't that of `f`.

    Args:
        f: a function of tensors, one for each input.
        claimed: `claimed(g, *arrays)` in NumPy: the cotangent of operand `wrt`, given the cotangent g of f's result, of
            its shape, and the operands' values. If f's result has one element it may be `claimed(*arrays)`, the
            gradient.
        inputs: for each operand an array, or a hypothesis strategy of arrays; or one strategy of tuples of all.
        wrt: the number of the operand that the derivation is about.
        max_examples: how many inputs to draw, if any of `inputs` is a strategy; then the example is the smallest found.

    Returns:
        a result that is true if the derivation is right; printed, it explains what is wrong.

    Raises:
        TypeError: `f` doesn't return a tensor or `claimed` an array, or one of them takes other arguments.
        ValueError: there is no operand `wrt`, or it isn't floating.
        ImportError: an input is a strategy, and hypothesis isn't installed.
    """
    name = getattr(claimed, "__name__", "the derivation")
    if not any(_is_strategy(x) for x in inputs):
        arrays = tuple(np.asarray(x) for x in inputs)
        fault = _fault(name, f, claimed, arrays, wrt)
        return _result(name, fault, arrays, 1)
    try:
        import hypothesis
        from hypothesis import strategies as st
    except ImportError as error:
        raise ImportError(
            'check_derivation: drawing inputs needs hypothesis: pip install "tinygrad_lab[test]"; or give arrays'
        ) from error
    operands = inputs[0] if len(inputs) == 1 else st.tuples(*(x if _is_strategy(x) else st.just(x) for x in inputs))
    settings = hypothesis.settings(
        max_examples=max_examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    tried = 0
    mistakes_found: Counter[str] = Counter()

    def look(drawn: Any) -> None:
        nonlocal tried
        tried += 1
        fault = _fault(name, f, claimed, _arrays(drawn), wrt)
        if fault is not None:
            mistakes_found[fault.mistake] += 1

    settings(hypothesis.given(operands)(look))()
    if not mistakes_found:
        return _result(name, None, (), tried)
    # the smallest inputs of all may hide what the mistake is: zeros make any wrong gradient look dropped
    ((usual, _),) = mistakes_found.most_common(1)

    def shows(drawn: Any) -> bool:
        fault = _fault(name, f, claimed, _arrays(drawn), wrt)
        return fault is not None and fault.mistake == usual

    found = _arrays(hypothesis.find(operands, shows, settings=settings))
    return _result(name, _fault(name, f, claimed, found, wrt), found, tried)


def _is_strategy(value: Any) -> bool:
    return hasattr(value, "example") and hasattr(value, "map") and not isinstance(value, np.ndarray | Tensor)


def _arrays(drawn: Any) -> tuple[Array, ...]:
    return tuple(np.asarray(a) for a in (drawn if isinstance(drawn, tuple) else (drawn,)))


def _result(name: str, fault: _Fault | None, arrays: tuple[Array, ...], tried: int) -> DerivationResult:
    if fault is None:
        times = "input" if tried == 1 else "inputs"
        return DerivationResult(name, None, None, f"{name}: right, at {tried} {times}", tried)
    heads = [f"    operand {i} = " for i in range(len(arrays))]
    shown = "\n".join(h + np.array2string(a, separator=", ", prefix=h) for h, a in zip(heads, arrays, strict=True))
    text = f"{name}: wrong ({fault.mistake}): {fault.text}\n  at\n{shown}"
    return DerivationResult(name, fault.mistake, arrays, text, tried)


def _takescotangent(name: str, claimed: Callable[..., Any], operands: int, scalar: bool) -> bool:
    """Whether `claimed` takes g before the operands, by the number of arguments that it can take."""
    try:
        signature = inspect.signature(claimed)
    except (TypeError, ValueError):
        return True
    for count, takes in ((operands + 1, True), (operands, False)):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        if takes or scalar:
            return takes
    one = "" if scalar else ", as the function's result has more than one element"
    raise TypeError(
        f"check_derivation: {name}{signature} must take the cotangent g and the values of {operands} operands{one}"
    )


def _fault(
    name: str, f: Callable[..., Any], claimed: Callable[..., Any], arrays: tuple[Array, ...], wrt: int
) -> _Fault | None:
    """What is wrong with the claim at these operands, None if nothing is or it can't be told."""
    if not 0 <= wrt < len(arrays):
        raise ValueError(f"check_derivation: there is no operand {wrt}, only {len(arrays)}, counted from 0")
    arrays = tuple(a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays)
    x = arrays[wrt]
    if x.dtype.kind != "f":
        raise ValueError(f"check_derivation: operand {wrt} must be floating to have a gradient, not {x.dtype}")
    y = _value(f, arrays)
    with_g = _takescotangent(name, claimed, len(arrays), y.size == 1)

    def claim(g: Array) -> Array:
        with np.errstate(all="ignore"):
            found = claimed(*([g] if with_g else []), *(np.array(a) for a in arrays))
        if found is None or (isinstance(found, Tensor) and found.requires_grad):
            raise TypeError(
                f"check_derivation: {name} must return an array, not {found!r:.60}; does it return its result?"
            )
        return np.asarray(found, np.float64)

    numeric = _jacobian(f, arrays, wrt)
    greatest = float(np.max(np.abs(numeric.value), initial=0.0))
    if not np.all(np.isfinite(numeric.value)) or np.any(numeric.error > UNCERTAIN * (greatest + 1e-3)):
        return None  # at a kink, or where the function loses its digits: it says nothing about the derivation
    g = cotangent(y.shape)
    want, got = np.asarray(np.tensordot(g, numeric.value, y.ndim)), claim(g if with_g else np.ones(y.shape))
    if not with_g:
        want = np.asarray(np.tensordot(np.ones(y.shape), numeric.value, y.ndim))
    if got.shape != x.shape:
        mistake = mistakes.of_shape(got, want, y.shape)
        text = f"it has shape {got.shape}, operand {wrt} has {x.shape}"
        return _Fault(mistake.name if mistake else "wrong shape", f"{text}; {mistake.text}" if mistake else text)
    tolerance = RTOL * np.abs(want) + ATOL * max(1.0, float(np.max(np.abs(want), initial=0.0)))
    right = np.abs(got - want) <= tolerance
    rows = [claim(only(g, k)) / g[k] for k in np.ndindex(y.shape)] if with_g else [got]
    jacobian = np.reshape(rows, numeric.value.shape)
    limit = RTOL * np.abs(numeric.value) + ATOL * max(1.0, greatest) + numeric.error
    if np.all(right) and np.all(np.abs(jacobian - numeric.value) <= limit):
        return None
    off = np.where(right, -1.0, np.abs(got - want)) if not np.all(right) else np.abs(got - want)
    k = tuple(int(i) for i in np.unravel_index(np.argmax(np.nan_to_num(off, nan=np.inf)), off.shape))
    if _at_a_kink(f, arrays, wrt, g if with_g else np.ones(y.shape), k, greatest):
        return None
    values = f"{f'element {list(k)}' if k else 'it'} is {got[k]:.9g}, numerically {want[k]:.9g}"
    if with_g and got.any() and np.array_equal(claim(g), claim(2 * g)):
        return _Fault("dropped cotangent", f"{values}; it doesn't change with the cotangent g: multiply with it")
    others = {
        f"operand {i}": _jacobian(f, arrays, i).value
        for i, a in enumerate(arrays)
        if i != wrt and a.dtype.kind == "f" and a.shape == x.shape
    }
    sizes = [n for a in arrays for n in (*a.shape, a.size)] + list(y.shape)
    mistake = mistakes.of_jacobian(jacobian, numeric.value, x.shape, others, sizes)
    return _Fault(mistake.name, f"{values}; {mistake.text}") if mistake else _Fault("wrong", values)


def _at_a_kink(
    f: Callable[..., Any], arrays: tuple[Array, ...], wrt: int, g: Array, k: tuple[int, ...], greatest: float
) -> bool:
    """Whether the derivative by element `k` of the operand isn't the same from both sides."""

    def scalar(v: Array) -> Array:
        return np.asarray(np.sum(g * _value(f, [*arrays[:wrt], v, *arrays[wrt + 1 :]])))

    left, right = (one_sided(scalar, arrays[wrt], k, side) for side in (-1, 1))
    limit = KINK * max(greatest, 1e-3)
    return bool(abs(left.value - right.value) > limit >= max(left.error, right.error))


def _value(f: Callable[..., Any], arrays: Sequence[Array]) -> Array:
    with no_grad(), np.errstate(all="ignore"):
        y = f(*(wrap(np.array(a)) for a in arrays))
    if not isinstance(y, Tensor):
        raise TypeError(
            f"check_derivation: the function must return a tensor, not {y!r:.60}; does it return its result?"
        )
    return y.detach().numpy()


def _jacobian(f: Callable[..., Any], arrays: tuple[Array, ...], wrt: int) -> Any:
    def of(v: Array) -> Array:
        return _value(f, [*arrays[:wrt], v, *arrays[wrt + 1 :]])

    return richardson(of, arrays[wrt])


@dataclass(frozen=True)
class Derivation:
    """A claimed formula with the function it belongs to: what `tinygrad-lab check` finds in a file."""

    f: Callable[..., Any]
    claimed: Callable[..., Any]
    inputs: tuple[Any, ...]
    wrt: int

    @property
    def __name__(self) -> str:
        return getattr(self.claimed, "__name__", "the derivation")

    def __call__(self, *args: Any) -> Any:
        return self.claimed(*args)

    def check(self, max_examples: int = EXAMPLES) -> DerivationResult:
        """`check_derivation` of it."""
        return check_derivation(self.f, self.claimed, *self.inputs, wrt=self.wrt, max_examples=max_examples)


def derivation(f: Callable[..., Any], *inputs: Any, wrt: int = 0) -> Callable[[Callable[..., Any]], Derivation]:
    """Declare the decorated formula to be the vector-Jacobian product of `f`, for `tinygrad-lab check` and pytest.

    Args:
        f, inputs, wrt: as in `check_derivation`.
    """
    return lambda claimed: Derivation(f, claimed, inputs, wrt)
