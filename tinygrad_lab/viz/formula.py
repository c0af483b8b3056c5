r"""Rules as mathematics: an op's rule, called on names, writes its formula in LaTeX.

`rule_formula(table["exp"], 0)` is `g \odot y`. The rule's text is run as it stands, its operators on `Symbol`, and the
ops that it calls replaced by their `tex`. A rule that asks for values, or hands a symbol to NumPy, has no formula.
"""

from __future__ import annotations

import inspect
import re
import string
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..op import Each, Op, table

# How tightly a formula holds together: what binds less than its place asks for stands in parentheses.
RELATION, SUM, PRODUCT, POWER, ATOM = range(5)


class UnreadableError(Exception):
    """The rule can't be read on symbols."""


class Symbol:
    """A name, or what was written with names.

    Attributes:
        tex: the formula.
        level: how tightly it holds together.
        plain: whether it is no tensor but a plain value, as a dimension or a shape.
        positive: what it is the negative of, if it is one.
    """

    __slots__ = ("level", "plain", "positive", "tex")
    __array_ufunc__ = None  # NumPy's arrays leave their operators to this class, NumPy's functions refuse it
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None
    __contains__ = None

    def __init__(self, tex: str, level: int = ATOM, plain: bool = False) -> None:
        self.tex = tex
        self.level = level
        self.plain = plain
        self.positive: Symbol | None = None

    @property
    def shape(self) -> Symbol:
        return Symbol(rf"\operatorname{{shape}}({self.tex})", plain=True)

    @property
    def ndim(self) -> Symbol:
        return Symbol(rf"\operatorname{{ndim}}({self.tex})", plain=True)

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.float64)

    @property
    def mT(self) -> Symbol:
        return Symbol(f"{_base(self)}^T", POWER)

    T = mT

    def __bool__(self) -> bool:
        raise UnreadableError(f"the value of {self.tex} is asked for")

    def __add__(self, other: Any) -> Symbol:
        return _infix(self, "+", other, SUM)

    def __radd__(self, other: Any) -> Symbol:
        return _infix(other, "+", self, SUM)

    def __sub__(self, other: Any) -> Symbol:
        return _infix(self, "-", other, SUM)

    def __rsub__(self, other: Any) -> Symbol:
        return _infix(other, "-", self, SUM)

    def __mul__(self, other: Any) -> Symbol:
        if self.positive is not None:
            return -self.positive.__mul__(other)
        if other is self:
            return Symbol(f"{_base(other)}^{{2}}", POWER)
        if _is_number(other):
            return -(self * -other) if other < 0 else _infix(other, r"\,", self, PRODUCT)
        return _infix(self, r"\odot", other, PRODUCT)

    def __rmul__(self, other: Any) -> Symbol:
        return self * other if _is_number(other) else NotImplemented

    def __truediv__(self, other: Any) -> Symbol:
        if self.positive is not None:
            return -self.positive.__truediv__(other)
        return Symbol(rf"\frac{{{_in(self)}}}{{{_in(other)}}}", plain=_plain(self, other))

    def __rtruediv__(self, other: Any) -> Symbol:
        return Symbol(rf"\frac{{{_in(other)}}}{{{_in(self)}}}", plain=_plain(self, other))

    def __floordiv__(self, other: Any) -> Symbol:
        return Symbol(rf"\left\lfloor {_in(self, PRODUCT)} / {_in(other, POWER)} \right\rfloor")

    def __matmul__(self, other: Any) -> Symbol:
        return _infix(self, r"\,", other, PRODUCT)

    def __pow__(self, other: Any) -> Symbol:
        return Symbol(f"{_base(self)}^{{{_in(other)}}}", POWER)

    def __rpow__(self, other: Any) -> Symbol:
        return Symbol(f"{_base(other)}^{{{_in(self)}}}", POWER)

    def __neg__(self) -> Symbol:
        negative = Symbol(f"-{_in(self, PRODUCT)}", SUM, self.plain)
        negative.positive = self
        return negative

    def __abs__(self) -> Symbol:
        return Symbol(rf"\left|{self.tex}\right|")

    def __invert__(self) -> Symbol:
        return Symbol(rf"\lnot {_in(self, POWER)}", PRODUCT)

    def __eq__(self, other: object) -> Symbol:  # type: ignore[override]  # a formula, not an answer
        return _infix(self, "=", other, RELATION)

    def __ne__(self, other: object) -> Symbol:  # type: ignore[override]
        return _infix(self, r"\ne", other, RELATION)

    def __lt__(self, other: Any) -> Symbol:
        return _infix(self, "<", other, RELATION)

    def __le__(self, other: Any) -> Symbol:
        return _infix(self, r"\le", other, RELATION)

    def __gt__(self, other: Any) -> Symbol:
        return _infix(self, ">", other, RELATION)

    def __ge__(self, other: Any) -> Symbol:
        return _infix(self, r"\ge", other, RELATION)

    def __and__(self, other: Any) -> Symbol:
        return Symbol(rf"{_in(self, SUM)} \land {_in(other, SUM)}", RELATION)

    def __or__(self, other: Any) -> Symbol:
        return Symbol(rf"{_in(self, SUM)} \lor {_in(other, SUM)}", RELATION)

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(rf"{_in(self, ATOM)}[\cdot]", plain=self.plain)

    def sum(self, *args: Any, **kwargs: Any) -> Symbol:
        return Symbol(rf"\sum {_in(self, PRODUCT)}", PRODUCT)

    def reshape(self, *shape: Any) -> Symbol:
        return _named("reshape", (self,))

    def astype(self, *args: Any, **kwargs: Any) -> Symbol:
        return self


def rule_formula(op: Op, i: int) -> str | None:
    """The rule for the i-th parameter in LaTeX, in the letters of its text; None if it has none or can't be read."""
    rule = op.rules.rule if isinstance(op.rules, Each) else op.rules[i]
    if rule is None:
        return None
    try:
        result = _run(rule, _letters(op, rule))
    except Exception:  # whatever it is, it was raised for want of values
        return None
    return result.tex if isinstance(result, Symbol) else None


def op_formula(op: Op) -> str:
    """The op's own notation, in the letters of its rules, or of its parameters where it has none."""
    rules = [op.rules.rule] if isinstance(op.rules, Each) else list(op.rules)
    rule = next((r for r in rules if r is not None), None)
    if rule is None or op.variadic:
        return applied(op, tuple(Symbol(_word(p), plain=not op.operand(i)) for i, p in enumerate(op.params))).tex
    return applied(op, tuple(_letters(op, rule)[2:])).tex


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


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.generic)) and not isinstance(value, bool)


def _plain(*values: Any) -> bool:
    return all(not isinstance(v, Symbol) or v.plain for v in values)


def _in(value: Any, level: int = RELATION) -> str:
    """`value` in TeX, in parentheses if it binds less than `level`."""
    if isinstance(value, Symbol):
        return value.tex if value.level >= level else f"({value.tex})"
    if isinstance(value, bool) or value is None:
        return rf"\text{{{value}}}"
    if _is_number(value):
        special = {np.inf: r"\infty", -np.inf: r"-\infty"}
        text = special.get(value, r"\text{NaN}" if value != value else f"{value:g}")
        return text if not text.startswith("-") or level <= SUM else f"({text})"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(_in, value))
    raise UnreadableError(f"{value!r} in a formula")


def _base(value: Any) -> str:
    """`value` in TeX, as the base of a power."""
    text = _in(value, ATOM)
    return f"({text})" if text.startswith((r"\frac", r"\begin")) else text


def _infix(a: Any, sign: str, b: Any, level: int) -> Symbol:
    if not all(isinstance(v, Symbol) or _is_number(v) or v is None for v in (a, b)):
        return NotImplemented  # type: ignore[no-any-return]
    right = level + 1 if sign == "-" or level == RELATION else level
    return Symbol(f"{_in(a, level)} {sign} {_in(b, right)}", level, _plain(a, b))


# ------------------------------------------------------------------------------------- running a rule on symbols


def _run(function: Any, args: Any, kwargs: Any = None) -> Any:
    """Call `function`, the names in its text replaced by what writes formulas."""
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
        return lambda *args, **kwargs: applied(op, op.bind(args, kwargs))
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
                return _run(function, args, kwargs)
            except Exception:
                pass  # as in rule_formula
        name = function.__name__.strip("_")
        op = table.get(name)
        if op is not None and not op.variadic and _params(function)[: len(args)] == op.params[: len(args)]:
            return applied(op, op.bind(args, kwargs))
        return _named(name, args)

    return call


def _params(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(inspect.signature(function).parameters)


def _named(name: str, args: tuple[Any, ...]) -> Symbol:
    r"""`\operatorname{name}(...)` with the tensors among the arguments, or with all if there are none."""
    symbols = [a for a in args if isinstance(a, Symbol)]
    shown = [a for a in symbols if not a.plain] or symbols
    inside = ", ".join(a.tex for a in shown)
    return Symbol(rf"\operatorname{{{name.replace('_', ' ')}}}({inside})", plain=all(a.plain for a in symbols))


def applied(op: Op, args: tuple[Any, ...]) -> Symbol:
    """The op on these arguments, in its own notation."""
    given: dict[str, Any] = dict(zip(op.params, args, strict=False))
    if op.variadic:
        given[op.params[-1]] = Symbol(", ".join(_in(a) for a in args[len(op.params) - 1 :]))
    pieces = list(string.Formatter().parse(op.tex))
    level = _level("".join(literal + ("x" if field else "") for literal, field, *_ in pieces))
    text = ""
    for (literal, field, *_), after in zip(pieces, [*pieces[1:], ("", None)], strict=True):
        text += literal
        if field is None:
            continue
        enclosed = text.endswith(_OPEN) and str(after[0]).startswith(_CLOSED)
        if str(after[0]).startswith("^"):
            text += _base(given[field])
        elif text.endswith(r"\sum "):
            text += _in(given[field], PRODUCT)
        else:
            text += _in(given[field], RELATION if enclosed else min(level + 1, ATOM))
    text = text.replace(r" + \text{None}", "")
    flags = [p for p in op.params if given.get(p) is True and p not in ("keepdim", *(field for _, field, *_ in pieces))]
    if flags:
        return Symbol(rf"{_in(Symbol(text, level), ATOM)}_{{\text{{{', '.join(flags)}}}}}")
    return Symbol(text, level)


_OPEN = ("{", "(", "|", ", ", "& ", "cases} ", r"\\ ")
_CLOSED = ("}", ")", "|", ",", " &", r" \\", r" \end")


def _level(text: str) -> int:
    """How tightly a formula holds together, by what stands outside of all its groups."""
    text = re.sub(r"\\begin.*\\end\{\w+\}|\\left.*\\right(\\\w+|.)", "x", text)
    before = ""
    while text != before:
        before, text = text, re.sub(r"\{[^{}]*\}|\([^()]*\)|\[[^\[\]]*\]|\|[^|]*\|", "", text)
    if re.search(r"[=<>]|\\(ne|le|ge|land|lor|oplus|mathbin|leftarrow|bmod|exists|forall)\b", text):
        return RELATION
    if re.search(r"^-| [+-] ", text):
        return SUM
    if re.search(r"\\,|\\\w+ ?x|\w \w|\\cdot|\\odot| ", text.strip()):
        return PRODUCT
    return POWER if "^" in text else ATOM
