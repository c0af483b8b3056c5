"""A function's gradients as a property test, in one line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

from ..autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from ..op import table
from ..tensor import Tensor
from .properties import check_op
from .strategies import arguments

EXAMPLES = 50
"""How many inputs a property tries; the pytest option --gradient-examples sets it."""

checked: dict[str, int] = {}
"""For each function that was tried, the number of derivatives compared so far: pytest's summary line."""

KINKS = ("at a kink", "ill-conditioned")  # verdicts on the point, not on the rule


def given_gradient(
    *strategies: Any,
    reference: Callable[..., Any] | None = None,
    second_order: bool = True,
    max_examples: int | None = None,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[[], None]]:
    """Turn a function of tensors into a property test of its value, gradient, second derivative and determinism.

    `test_swish = given_gradient(tensors())(swish)`, or as a decorator of a function that pytest collects.

    Args:
        strategies: one for each argument, of tensors (see `testing.tensors`) or plain values; or one of tuples of all.
        reference: the same function on arrays, computed in another way.
        second_order: whether the gradients are differentiated, too.
        max_examples: how many inputs to try; by default pytest's --gradient-examples, or 50.
        options: tolerances, as `gradcheck` takes them.

    Returns:
        a test function without arguments. Where it fails it raises GradcheckError, with a program that shows the
        failure by itself; points at kinks, and those where numeric derivatives can't tell, are passed over.
    """

    def decorate(function: Callable[..., Any]) -> Callable[[], None]:
        name = getattr(function, "__name__", repr(function))
        drawn = strategies[0] if len(strategies) == 1 else st.tuples(*strategies)

        def test() -> None:
            def property_holds(values: Any) -> None:
                args = list(values) if isinstance(values, tuple) else [values]
                hypothesis.assume(any(isinstance(a, Tensor) and a.requires_grad for a in args))
                _check(name, function, args, reference, second_order, options)

            _for_all(drawn, property_holds, max_examples)

        for attribute in ("__name__", "__qualname__", "__doc__", "__module__"):  # not __wrapped__, whose arguments
            setattr(test, attribute, getattr(function, attribute, None))  # pytest would take for fixtures
        return test

    return decorate


def op_property(op: Any, reference: Callable[..., Any] | None = None, max_examples: int | None = None) -> None:
    """Check an op that `@op` entered in the table by the property that all of the library's own ops are held to.

    Args:
        op: the function that `@op` made, or its name.
        reference: the same function on arrays, computed in another way.
        max_examples: how many inputs to try; by default pytest's --gradient-examples, or 50.

    Raises:
        AssertionError: the property doesn't hold; says the arguments and the values.
        TypeError: it isn't an op of the table.
    """
    record = next((o for o in table.values() if o.call is op or o.name == op), None)
    if record is None:
        raise TypeError(f"op_property: {op!r} isn't in the table of ops; define it with @op, or use given_gradient")

    def property_holds(args: tuple[Any, ...]) -> None:
        check_op(record, args, reference)
        checked[record.name] = checked.get(record.name, 0) + sum(np.size(a) for a in args if isinstance(a, np.ndarray))

    _for_all(arguments(record), property_holds, max_examples)


def _for_all(strategy: Any, check: Callable[..., None], max_examples: int | None) -> None:
    """Run `check` on what `strategy` draws, the same in every run, and shrink what fails."""
    settings = hypothesis.settings(
        max_examples=max_examples or EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate, hypothesis.Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    settings(hypothesis.given(strategy)(check))()  # type: ignore[no-untyped-call]  # hypothesis gives no types here


def _check(
    name: str,
    function: Callable[..., Any],
    args: Sequence[Any],
    reference: Callable[..., Any] | None,
    second_order: bool,
    options: dict[str, Any],
) -> None:
    if reference is not None:
        y = function(*args)
        want = np.asarray(reference(*(a.detach().numpy() if isinstance(a, Tensor) else a for a in args)))
        np.testing.assert_allclose(
            y.detach().numpy(), want, rtol=1e-10, atol=1e-12, err_msg=f"{name}: the value isn't the reference's"
        )
    for check in (gradcheck, gradgradcheck) if second_order else (gradcheck,):
        result = check(function, args, raise_exception=False, **options)
        checked[name] = checked.get(name, 0) + result.checked
        result.findings = [f for f in result.findings if f.verdict not in KINKS]
        if not result:
            error = GradcheckError(result)
            error.add_note(snippet(name, function, args, check.__name__))
            raise error


def snippet(name: str, function: Callable[..., Any], args: Sequence[Any], check: str = "gradcheck") -> str:
    """A program that runs by itself and checks `function` at `args`."""
    lines = ["import numpy as np", "import tinygrad_lab as tg", f"from tinygrad_lab.testing import {check}", ""]
    module = getattr(function, "__module__", None)
    called = name
    if name.isidentifier() and module and module != "__main__":
        lines.insert(2, f"from {module} import {name}")
    else:
        try:
            lines += [inspect.getsource(function).rstrip(), ""]
        except (OSError, TypeError):
            called = f"{name}  # the function under test"
    shown = []
    for i, a in enumerate(args):
        if isinstance(a, Tensor):
            values = np.array2string(a.array, separator=", ", threshold=10**6, floatmode="unique")
            array = f"np.array({values}, dtype={str(a.dtype)!r}).reshape({a.shape})"
            lines.append(f"x{i} = tg.tensor({array}, requires_grad={a.requires_grad})")
            shown.append(f"x{i}")
        else:
            shown.append(repr(a))
    lines.append(f"{check}({called}, [{', '.join(shown)}])")
    return "This program shows it:\n\n" + "\n".join(lines)
