"""A derivation as data: what the names stand for, the steps of the chain rule, the formulas at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .drawing import write
from .expression import Symbol, evaluate
from .statement import equation, to_html, to_latex, to_markdown, to_text
from .stats import Stats


@dataclass(frozen=True)
class Definition:
    """What a name stands for.

    Attributes:
        symbol: the name in formulas.
        name: as one types it: the name in the program, such as "0.weight", or that in formulas, such as "z_1".
        expression: what it is made of; None of what is given.
        note: the op that makes it; what the program calls it.
        value: statistics of it, if numbers were asked for.
    """

    symbol: Symbol
    name: str
    expression: Symbol | int | None
    note: str = ""
    value: Stats | None = None


@dataclass(frozen=True)
class Term:
    """What one use of a tensor sends back to it.

    Attributes:
        rules: the op, the operand that the tensor is, and the op's rule for it in general, in LaTeX, in the letters of
            its text, None if it is no formula; then of what was done before that has no name, as a negation.
        expression: the rules applied here.
    """

    rules: tuple[tuple[str, str, str | None], ...]
    expression: Symbol


@dataclass(frozen=True)
class Step:
    """The gradient of one tensor, from those of what was made of it.

    Attributes:
        symbol: the gradient's name, the tensor's with a bar.
        of: the tensor's name.
        terms: what each of its uses sends back.
        expression: their sum, simplified; it refers to earlier gradients by their names.
        reasons: of the simplifications there.
        resolved: the same with earlier gradients put in, where that isn't too long.
        why: the reasons of the simplifications after they were put in.
        value: statistics of the gradient, if numbers were asked for.
    """

    symbol: Symbol
    of: Symbol
    terms: tuple[Term, ...]
    expression: Symbol
    reasons: tuple[str, ...]
    resolved: Symbol
    why: tuple[str, ...]
    value: Stats | None = None


@dataclass(frozen=True)
class Formula:
    """An equation: the gradient of a result with respect to one tensor.

    Attributes:
        text: in Unicode, on one line; so does it print itself.
        latex: in LaTeX.
        expression: the right side.
    """

    text: str
    latex: str
    expression: Symbol

    def __str__(self) -> str:
        return self.text


_FORMATS = {".html": to_html, ".md": to_markdown, ".txt": to_text}


@dataclass(frozen=True)
class Derivation:
    """The derivation of the gradient of `y` with respect to each of `wrt`; it prints itself, and a notebook shows it.

    Attributes:
        y, wrt: the names.
        seed: the name of the cotangent that the derivation starts from; None for a scalar, which starts from 1.
        definitions: what the names stand for, in an order in which they can be computed.
        steps: in the order of the chain rule, from `y` back.
        facts: what was read off the values, not off the operations.
    """

    y: Symbol
    wrt: tuple[Symbol, ...]
    seed: Symbol | None
    definitions: tuple[Definition, ...]
    steps: tuple[Step, ...]
    facts: tuple[str, ...] = ()

    @property
    def results(self) -> tuple[Formula, ...]:
        """The formula of the gradient with respect to each tensor."""
        return tuple(Formula(*equation(self, step), step.resolved) for step in map(self.step, self.wrt))

    @property
    def result(self) -> Formula:
        """The formula with respect to the first tensor."""
        return self.results[0]

    def step(self, of: Symbol) -> Step:
        """The step that ends in the gradient of this tensor."""
        return next(s for s in self.steps if s.of.name == of.name)

    def text(self) -> str:
        """The derivation in Unicode, for a terminal; the shapes stand below the terms."""
        return to_text(self)

    def latex(self) -> str:
        """The derivation in LaTeX, for a document that uses amsmath."""
        return to_latex(self)

    def markdown(self) -> str:
        """The derivation in Markdown, with formulas in dollars."""
        return to_markdown(self)

    def html(self) -> str:
        """The derivation as one HTML page, with formulas in MathML; it loads nothing.

        Raises:
            ImportError: latex2mathml isn't installed.
        """
        return to_html(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the derivation as .txt, .md, .html or .tex, a whole document. Returns the path.

        Raises:
            ImportError: for .html, latex2mathml isn't installed.
            ValueError: another suffix.
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".tex":
            content = to_latex(self, document=True)
        elif suffix in _FORMATS:
            content = _FORMATS[suffix](self)
        else:
            raise ValueError(f"save: {path.name!r} must end in .tex, {', '.join(_FORMATS)}")
        write(path, content.encode())
        return path

    def evaluate(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The gradient of `y` with respect to every tensor on the way, by the steps.

        Args:
            given: arrays for what has no equation, by its `Definition.name`; for the cotangent, by "g".

        Returns:
            the gradients, by the names of the tensors.

        Raises:
            ValueError: a name has no value.
        """
        values = self.values(given)
        called = {d.symbol.name: d.name for d in self.definitions}
        return {called[s.of.name]: values[s.symbol.name] for s in self.steps}

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The value of every name, of gradients too, by its LaTeX; for the rest see `evaluate`."""
        names = {d.symbol.name: d.name for d in self.definitions if d.expression is None}
        if self.seed is not None:
            names[self.seed.name] = self.seed.name
        lacking = [name for name in names.values() if name not in given]
        if lacking:
            raise ValueError(f"evaluate: no value is given for {', '.join(lacking)}")
        values = {tex: given[name] for tex, name in names.items()}
        for d in self.definitions:
            if d.expression is not None:
                values[d.symbol.name] = evaluate(d.expression, values)
        for s in self.steps:
            values[s.symbol.name] = evaluate(s.expression, values)
        return values

    def __str__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return "$$" + r" \\ ".join(formula.latex for formula in self.results) + "$$"
