"""The text of the book: an op's section, a family's page, the index."""

from __future__ import annotations

import html
import importlib
import re
from collections.abc import Callable, Iterator

import numpy as np
from generate import LONG, Coverage, described, kinks, own_ops, rule_text, rules_of, shown
from pages import heading, indented
from pictures import inline
from public import title
from sphinx.ext.napoleon import Config, GoogleDocstring

import tinygrad_lab as tg
from tinygrad_lab.convention import Convention, conventions
from tinygrad_lab.domain import Domain
from tinygrad_lab.op import Each, Op, Rule
from tinygrad_lab.testing.properties import Case
from tinygrad_lab.viz.formula import op_formula, rule_formula

from .derivation import derivation, without_rule
from .errors import curves
from .plot import plot
from .sample import sample

INTRODUCTION = r"""
Every operation of the library, with its definition, the derivation of its rule, the rule itself, a drawing of one call,
and a plot of how far numeric derivatives are from the rule. Nothing here was written for this book: text and formulas
come from the definitions in ``tinygrad_lab/ops``, calls from their declared domains, pictures and numbers from running
them.

How to read a section
---------------------

A rule is a **vector-Jacobian product**. Somewhere behind the operation stands a loss :math:`L`; the cotangent
:math:`g = \partial L / \partial y` arrives at the output :math:`y`, and the rule says which cotangent
:math:`\bar x = \partial L / \partial x` leaves for each operand :math:`x`. Derivations write the differential
:math:`dy` as a linear function of :math:`dx`, and read the rule off

.. math:: \langle g, dy \rangle = \langle \bar x, dx \rangle.

The sign :math:`\odot` multiplies element by element; *spread* repeats a reduced result along the dimensions that were
reduced; :math:`[\cdot]` picks elements. Beside each formula stands the text of the program that it was read from. Where
operands were broadcast, the engine adds up what their copies got, so no rule does.

The **drawing** is one call, on arguments drawn from the domain as the tests draw theirs: values, and the gradients of
the sum of the output.

The **plot** is the rule's trial. Each curve compares every element of the Jacobian that the rule gives with a numeric
one, for steps from long to short, and shows the greatest difference, relative to the greatest element.

- A *central difference*, :math:`(f(x + h) - f(x - h)) / 2h`, errs by :math:`h^2` while h is long, and by the rounding
  of f, which grows as 1/h, while h is short: a V, whose foot lies near :math:`10^{-10}`.
- *Richardson's* extrapolation removes the terms in :math:`h^2` and :math:`h^4`, and reaches deeper with longer steps.
- A *complex step*, :math:`\operatorname{Im} f(x + ih) / h`, subtracts nothing and falls to the rounding of a single
  evaluation.

All of them measure against the rule: were it off by 0.05 %, no curve could come to rest below the dashed line. A linear
function has no error but rounding, so the right arms are missing; where nothing is rounded either, as in a sum of few
numbers, the curves lie on the floor.
"""


def cotangent(op: Op, i: int, rule: Rule) -> str:
    """The cotangent of the i-th operand: the letter that the rule has for it, barred."""
    each = isinstance(op.rules, Each)
    code = rule.__code__
    letters = () if each else code.co_varnames[2 : code.co_argcount]
    name = letters[i] if i < len(letters) else op.params[i]
    tex = name if len(name) == 1 else rf"\text{{{name.replace('_', ' ')}}}"
    return rf"\overline{{{tex}}}" + "_i" * each


def rules(op: Op) -> Iterator[str]:
    """The rule of each operand: as mathematics where it can be read so, and as its text."""
    yield ".. list-table::\n   :header-rows: 1\n   :class: rules\n\n   * - operand\n     - rule\n     - as it stands"
    for i, name, rule in rules_of(op):
        tex = rule_formula(op, i)
        formula = f":math:`{cotangent(op, i, rule)} = {tex}`" if tex is not None and len(tex) <= LONG else ""
        yield f"   * - ``{name}``\n     - {formula}\n     - ``{' '.join(rule_text(op, i, rule).split())}``"


def facts(op: Op, case: Case, functions: str) -> Iterator[str]:
    """What else the definition declares."""
    yield f":Call: ``{op.signature}``"
    yield f":Shapes: ``{op.shapes}``"
    yield f":Domain: {per_parameter(op, described)}"
    if any(map(kinks, op.domain)):
        yield f":Kinks: {per_parameter(op, kinks)}"
    for c in (c for c in conventions if c.name == op.name):
        yield f":Convention: {convention(c)}"
    oracle = "complex steps" if op.analytic else "Richardson's extrapolation"
    if case.variables:
        yield f":Tested against: {oracle}, at first and second order" + (
            ", and its fused reading against the rule" if op.fused else ""
        )
    if functions:
        yield f":In PyTorch: {functions}"


def convention(c: Convention) -> str:
    found = c.raises.__name__ if c.raises else "; ".join(map(shown, c.gradients or ()))
    case = c.case.replace("*", r"\*").replace("|", r"\|")
    return f"{case}: the gradient at ``{', '.join(map(shown, c.args))}`` is ``{found}``"


def per_parameter(op: Op, text: Callable[[Domain], str]) -> str:
    found = {name: text(domain) for name, domain in zip(op.params, op.domain, strict=True)}
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    return "; ".join(f"``{name}`` {t}" for name, t in found.items() if t)


def graph(case: Case) -> str:
    """The drawing of the call."""
    leaves = case.leaves()
    y = case.call(case.at(leaves))
    names = {case.name(j): leaf for j, leaf in enumerate(leaves)}
    drawn = tg.viz.draw(y, names, view="overlay", direction="LR", legend=False)
    return inline(drawn.render("svg").decode(), f"graph of {case.op.name}")


def pictures(case: Case) -> str:
    """The drawing and the plot, side by side where there is room."""
    found = curves(case)
    least = ", ".join(f"{c.name} {c.floor:.0e}" if c.floor else f"{c.name} 0" for c in found)
    return (
        '<div class="op-pictures">'
        f"<figure>{graph(case)}<figcaption>One call: values, and gradients of the output's sum.</figcaption></figure>"
        f"<figure>{plot(found, f'errors of numeric derivatives of {case.op.name}')}"
        f"<figcaption>Least error: {html.escape(least)}.</figcaption></figure></div>"
    )


def section(op: Op, functions: str) -> str:
    """An op's section.

    Args:
        functions: PyTorch's functions that the op is behind.

    Raises:
        MissingDerivationError: its docstring has no derivation.
    """
    text = str(GoogleDocstring(derivation(op), Config(napoleon_use_rtype=False)))
    case = sample(op)
    parts = [f".. _op-{op.name}:\n", heading(op.name, "-"), f".. math:: {op_formula(op)}\n", text + "\n"]
    if case.variables:
        parts.append("\n".join(rules(op)) + "\n")
    else:
        parts.append(without_rule(op, case.y) + "\n")
    parts.append(".. rst-class:: facts\n\n" + "\n".join(facts(op, case, functions)) + "\n")
    if case.variables:
        parts.append(f".. raw:: html\n\n{indented(pictures(case))}\n")
    return "\n".join(parts)


def behind(op: Op, coverage: Coverage) -> str:
    return re.sub(r"`([^`]+)`", r"``\1``", coverage.behind(op))


def book() -> dict[str, str]:
    """The folder of the book: a page for each family, and the index.

    Raises:
        MissingDerivationError: an op's docstring has no derivation.
    """
    coverage = Coverage()
    families: dict[str, list[Op]] = {}
    for op in own_ops():
        families.setdefault(op.forward.__module__, []).append(op)
    pages = {}
    with np.errstate(all="ignore"):
        for family, ops in families.items():
            module = importlib.import_module(family)
            links = " · ".join(f":ref:`{op.name} <op-{op.name}>`" for op in ops)
            sections = "\n".join(section(op, behind(op, coverage)) for op in ops)
            pages[f"{name_of(family)}.rst"] = f"{heading(title(module))}\n``{family}``: {links}\n\n{sections}"
    return pages | {"index.rst": index(families)}


def name_of(family: str) -> str:
    return family.removeprefix("tinygrad_lab.")


def index(families: dict[str, list[Op]]) -> str:
    """The first page: how to read the book, its families, and every op in alphabetical order."""
    tree = indented("\n".join(f"{name_of(f).removeprefix('ops.')} <{name_of(f)}>" for f in families))
    rows = "\n".join(
        f"   * - :doc:`{name_of(family)}`\n     - " + ", ".join(f":ref:`{op.name} <op-{op.name}>`" for op in ops)
        for family, ops in families.items()
    )
    ops = sorted((op for ops in families.values() for op in ops), key=lambda op: op.name)
    alphabet: dict[str, list[str]] = {}
    for op in ops:
        alphabet.setdefault(op.name[0].upper(), []).append(f":ref:`{op.name} <op-{op.name}>`")
    letters = "\n\n".join(f"**{letter}** {', '.join(links)}" for letter, links in alphabet.items())
    return (
        f"{heading('The derivation book')}\n{INTRODUCTION}\n"
        f"{heading('By family', '-')}\n.. list-table::\n   :widths: 20 80\n\n{rows}\n\n"
        f"{heading('By name', '-')}\n{letters}\n\n"
        f".. toctree::\n   :hidden:\n\n{tree}\n"
    )
