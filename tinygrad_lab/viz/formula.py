r"""Rules as mathematics: an op's rule, called on names, writes its formula in LaTeX.

`rule_formula(table["exp"], 0)` is `g \odot y`. The rule's text is run as it stands, its operators on `Symbol`, and the
ops that it calls stand by their `tex`. A rule that asks for values, or hands a symbol to NumPy, has no formula.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator
from typing import Any

from ..op import Each, Op, table
from .expression import Symbol, made
from .latex import latex


def rule_formula(op: Op, i: int) -> str | None:
    """The rule for the i-th parameter in LaTeX, in the letters of its text; None if it has none or can't be read."""
    rule = op.rules.rule if isinstance(op.rules, Each) else op.rules[i]
    if rule is None:
        return None
    try:
        result = read(rule, _letters(op, rule))
        return latex(result) if isinstance(result, Symbol) else None
    except Exception:  # whatever it is, it was raised for want of values
        return None


def op_formula(op: Op) -> str:
    """The op's own notation, in the letters of its rules, or of its parameters where it has none."""
    rules = [op.rules.rule] if isinstance(op.rules, Each) else list(op.rules)
    rule = next((r for r in rules if r is not None), None)
    if rule is None or op.variadic:
        return latex(made(op, *(Symbol(_word(p), plain=not op.operand(i)) for i, p in enumerate(op.params))))
    return latex(made(op, *_letters(op, rule)[2:]))


def _letters(op: Op, rule: Callable[..., Any]) -> list[Symbol]:
    """The arguments that a rule is called on: a symbol for each of its parameters, named as these are."""
    code = rule.__code__
    names = code.co_varnames[: code.co_argcount]
    lead = 3 if op.variadic else 2
    names += op.params[len(names) - lead :]  # those that the rule takes as *rest
    operands = [False] * (lead - 2) + [True, True] + [op.operand(i) for i in range(len(names))]
    return [Symbol(_word(name), plain=not operand) for name, operand in zip(names, operands, strict=False)]


def _word(name: str) -> str:
    """A letter as it is, a longer name upright."""
    return name if len(name) == 1 else rf"\text{{{name.replace('_', ' ')}}}"


# ------------------------------------------------------------------------------------- running a rule on symbols


def read(function: Any, args: Any, kwargs: Any = None) -> Any:
    """The result of `function` on symbols, the names in its text replaced by what makes expressions."""
    names = set(_names(function.__code__))
    found = {n: _readable(v, names) for n, v in function.__globals__.items() if n in names}
    cells = tuple(types.CellType(_readable(c.cell_contents, names)) for c in function.__closure__ or ())
    copy = types.FunctionType(
        function.__code__, {**function.__globals__, **found}, function.__name__, function.__defaults__, cells
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy(*args, **(kwargs or {}))


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _readable(value: Any, names: set[str]) -> Any:
    """What stands for `value`, a global name of a rule, while the rule is read."""
    op = next((o for o in table.values() if o.call is value), None)
    if op is not None:
        return lambda *args, **kwargs: made(op, *op.bind(args, kwargs))
    if isinstance(value, types.ModuleType) and value.__name__.startswith(__name__.split(".")[0]):
        return types.SimpleNamespace(**{n: _readable(getattr(value, n), names) for n in names if hasattr(value, n)})
    if isinstance(value, types.FunctionType) and (value.__module__ or "").startswith(__name__.split(".")[0]):
        return _helper(value)
    return value


def _helper(function: Any) -> Callable[..., Any]:
    """A helper of a rule: private ones are read as part of it, where they can be, public ones stand by their name."""

    def call(*args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(a, Symbol) for a in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        if function.__name__.startswith("_"):
            try:
                return read(function, args, kwargs)
            except Exception:
                pass  # as in rule_formula
        op = table.get(function.__name__.strip("_"))
        if op is not None and not op.variadic and _params(function)[: len(args)] == op.params[: len(args)]:
            return made(op, *op.bind(args, kwargs))
        return made(function, *inspect.signature(function).bind(*args, **kwargs).args)

    return call


def _params(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)
