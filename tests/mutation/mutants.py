"""Rules that are wrong as a hand would write them wrong, and whether the op property notices."""

import dataclasses

import numpy as np
from hypothesis import Phase

import tinygrad_lab as tg
from tests.properties import property_holds
from tinygrad_lab.op import Each, _eager, _reads, table

EXAMPLES = 300


def written_out(f, count):
    """`f(g, y, *args)` with `count` arguments by name: the engine reads off a rule's text which arguments it needs."""
    names = ", ".join(f"a{i}" for i in range(count))
    return eval(f"lambda g, y, {names}: f(g, y, {names})", {"f": f})


def mutant(record, change, i=0, **changes):
    """A copy of `record` whose i-th rule is `change(rule)`."""
    if isinstance(record.rules, Each):
        changed = change(record.rules.rule)
        rules = Each(lambda i, g, y, *args: changed(i, g, y, *args), record.rules.skip)
    else:
        rules = list(record.rules)
        rules[i] = written_out(change(rules[i]), len(record.params))
    copy = dataclasses.replace(record, **{"rules": rules, "fused": None, "selects": False, **changes})
    copy.call = _eager(copy)
    return copy


def without_graph(value):
    """The value of a rule, which forgets how it was computed."""
    return value.detach() if isinstance(value, tg.Tensor) else value


def from_g(f):
    """A change that does `f(rule, g)` to the cotangent or the result, whatever else the rule is given."""

    def change(rule):
        def wrong(*args):
            at = 1 if isinstance(args[0], int) else 0
            return f(lambda g: rule(*args[:at], g, *args[at + 1 :]), args[at])

        return wrong

    return change


def at_argument(k, f):
    """A change that gives the rule `f(value)` for argument `k` after g, the output being number 0."""

    def change(rule):
        def wrong(*args):
            at = 1 + (1 if isinstance(args[0], int) else 0) + k
            return rule(*args[:at], f(args[at], args), *args[at + 1 :])

        return wrong

    return change


def next_dim(dim, args):
    """Another dimension than `dim`, where there is one."""
    n = max((np.ndim(a) if isinstance(a, np.ndarray) else getattr(a, "ndim", 0) for a in args), default=0)
    if n < 2 or dim is None or dim == ():
        return dim
    return (dim + 1) % n if isinstance(dim, int) else tuple((d + 1) % n for d in dim)


def another(value, args):
    """Another value than the saved one, of the same kind."""
    kind = getattr(value, "dtype", np.dtype(object)).kind
    return value * 1.25 + 1.5 if kind == "f" else ~value if kind == "b" else value[..., ::-1] if kind in "iu" else value


CHANGES = {
    "off by 0.05 %": from_g(lambda rule, g: rule(g) * 1.0005),
    "factor 2": from_g(lambda rule, g: rule(g) * 2),
    "sign": from_g(lambda rule, g: -rule(g)),
    "zero": from_g(lambda rule, g: rule(g) * 0),
    "dropped cotangent": from_g(lambda rule, g: rule(g * 0 + 1)),
    "sign of the cotangent lost": from_g(lambda rule, g: rule(abs(g))),
    "forgets the graph": from_g(lambda rule, g: without_graph(rule(g))),
    "off at second order": from_g(lambda rule, g: rule(g) + 0.0005 * (rule(g) - without_graph(rule(g)))),
}
SWAPPED, UNREDUCED, AXIS, OUTPUT, SAVED = (
    "swapped operands",
    "missing reduction",
    "axis off by one",
    "wrong saved output",
    "wrong saved argument",
)
MUTATIONS = (*CHANGES, SWAPPED, UNREDUCED, AXIS, OUTPUT, SAVED)

_ZERO = ("sign", "ceil", "floor", "round", "trunc", "floor_divide", "trunc_divide", "copysign")
EQUIVALENT = {
    **{
        (name, i, mutation): "the rule is 0, and so is every multiple of it"
        for name in _ZERO
        for i in ((1,) if name == "copysign" else (0, 1))
        for mutation in (*CHANGES, *([SWAPPED] if name.endswith("_divide") else []))
    },
    **{("add", i, SWAPPED): "both rules are g" for i in (0, 1)},
    **{
        (name, i, OUTPUT): "the output is read only to see whether it is -inf"
        for name in ("logaddexp", "logaddexp2")
        for i in (0, 1)
    },
    ("max_pool", 0, SAVED): "an increasing change of the input keeps the winner of every window",
    ("xlogy", 0, SAVED): "the input is read only to see whether it is 0, which a convention tests",
}
"""Mutants that compute the same: op, rule, mutation, and why."""


def applicable(record, i, rule):
    """The mutations that mean something for one rule."""
    found = list(CHANGES)
    if not isinstance(record.rules, Each):
        others = [r for k, r in enumerate(record.rules) if r is not None and k != i]
        if others and all(r is not rule for r in others):
            found.append(SWAPPED)
    if record.broadcasts:
        found.append(UNREDUCED)
    skip = 1 if isinstance(record.rules, Each) else 0
    reads = _reads(rule, skip=skip)
    if "dim" in record.params and record.params.index("dim") + 2 in reads and skip == 0:
        found.append(AXIS)
    if 1 in reads:
        found.append(OUTPUT)
    if skip == 0 and any(k > 1 and record.operand(k - 2) for k in reads):
        found.append(SAVED)
    return found


def mutations(names):
    """Every mutant of the rules of some ops: the op's name, the rule's number, the mutation."""
    found = []
    for name in sorted(names):
        rules = table[name].rules
        listed = [rules.rule] if isinstance(rules, Each) else rules
        for i, rule in enumerate(listed):
            if rule is not None:
                found += [(name, i, mutation) for mutation in applicable(table[name], i, rule)]
    return found


def made(record, i, mutation):
    """The mutant."""
    if mutation in CHANGES:
        return mutant(record, CHANGES[mutation], i)
    if mutation == UNREDUCED:
        return mutant(record, lambda rule: rule, i, broadcasts=False)
    if mutation == SWAPPED:
        j = next(k for k, r in enumerate(record.rules) if r is not None and k != i)
        return mutant(record, lambda rule: record.rules[j], i)
    if mutation == AXIS:
        return mutant(record, at_argument(1 + record.params.index("dim"), next_dim), i)
    if mutation == OUTPUT:
        return mutant(record, at_argument(0, another), i)
    reads = _reads(record.rules[i])
    k = min(k - 2 for k in reads if k > 1 and record.operand(k - 2))
    return mutant(record, at_argument(1 + k, another), i)


def killed(record, i, mutation):
    """Whether the op property notices the mutant, or the mutant falls over by itself."""
    wrong = made(record, i, mutation)
    try:
        property_holds(wrong, EXAMPLES, (Phase.generate,), drawn_for=record)
    except (AssertionError, ArithmeticError, AttributeError, IndexError, RuntimeError, TypeError, ValueError):
        return True
    return False
