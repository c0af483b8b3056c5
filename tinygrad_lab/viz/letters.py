"""What the tensors of a record are called in formulas: by their own names, or by letters that are customary."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from ..op import table
from .record import Record, Vertex

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"
).split()
_LETTERS = {
    "affine": "z", "matmul": "z", "linear": "z", "conv": "z", "relu": "h", "sigmoid": "h", "tanh": "h", "gelu": "h",
    "leaky": "h", "elu": "h", "softplus": "h", "softmax": "p", "log_softmax": "q", "cross_entropy": "l",
}  # fmt: skip
_PARAMETERS = {"weight": "W", "bias": "b"}
_PRODUCTS = ("affine", "matmul", "conv", "vecdot")


def in_latex(name: str) -> str:
    """A tensor's name as mathematics: `W1` is W with an index, `beta` a letter, `loss` a word."""
    match = re.fullmatch(r"([A-Za-z]|" + "|".join(_GREEK) + r")(?:_?(\d+))?", name)
    if match is None:
        return rf"\text{{{re.sub(r'([&%$#{}])', '', name).replace('_', ' ')}}}"
    letter = rf"\{match[1]}" if match[1] in _GREEK else match[1]
    return f"{letter}_{{{match[2]}}}" if match[2] else letter


class Letters:
    """Names in LaTeX, no two the same; fresh ones are counted where a letter is wanted more than once."""

    def __init__(self, wanted: Counter[str], reserved: Iterable[str]) -> None:
        self.taken: set[str] = set()
        self.reserved = set(map(in_latex, reserved))  # what the user calls something else isn't a fresh name
        self.wanted = wanted
        self.count: Counter[str] = Counter()

    def own(self, name: str) -> str:
        """The user's own name; where another one reads the same, as it stands in the program."""
        for text in (in_latex(name), rf"\text{{{name.replace('_', ' ')}}}"):
            if text not in self.taken:
                self.taken.add(text)
                return text
        return self.fresh(in_latex(name))

    def fresh(self, letter: str) -> str:
        """The letter, with the next number if it is or will be used again."""
        if self.wanted[letter] < 2 and letter not in self.taken | self.reserved:
            self.taken.add(letter)
            return letter
        while True:
            self.count[letter] += 1
            text = f"{letter}_{{{self.count[letter]}}}"
            if text not in self.taken | self.reserved:
                self.taken.add(text)
                return text


def named_vertices(
    record: Record, shown: Callable[[Vertex], bool], reserved: Iterable[str]
) -> tuple[dict[str, str], Letters]:
    """A name in LaTeX for every vertex that is `shown`, and the letters that are left, but for those `reserved`."""
    used_as: dict[str, list[tuple[str, str]]] = {}
    label = {v.id: v.label for v in record.vertices}
    for edge in record.edges:
        used_as.setdefault(edge.source, []).append((label[edge.target], edge.operand))
    layers: dict[str, int] = {}
    for v in record.vertices:
        if v.kind == "leaf" and v.name and v.name.rpartition(".")[2] in _PARAMETERS and "." in v.name:
            layers.setdefault(v.name.rpartition(".")[0], len(layers) + 1)
    wanted: dict[str, str] = {}
    for v in record.vertices:
        if shown(v):
            wanted[v.id] = _letter(v, used_as.get(v.id, []), v.id in record.outputs)
    own = {v.id for v in record.vertices if v.name is not None and not _of_layer(v)}
    letters = Letters(Counter(letter for id_, letter in wanted.items() if id_ not in own), reserved)
    found = {v.id: letters.own(v.name) for v in record.vertices if v.id in own and v.id in wanted and v.name}
    for v in record.vertices:
        if v.id in wanted and v.id not in found:
            if _of_layer(v) and v.name is not None:
                module, _, part = v.name.rpartition(".")
                index = f"_{{{layers[module]}}}" if len(layers) > 1 else ""
                found[v.id] = f"{_PARAMETERS[part]}{index}"
                if found[v.id] not in letters.taken:
                    letters.taken.add(found[v.id])
                    continue
            found[v.id] = letters.fresh(wanted[v.id])
    return {v.id: found[v.id] for v in record.vertices if v.id in found}, letters


def _of_layer(v: Vertex) -> bool:
    """Whether it is a weight or bias, which is counted by its layer."""
    module, _, part = (v.name or "").rpartition(".")
    return v.kind == "leaf" and bool(module) and part in _PARAMETERS


def _letter(v: Vertex, uses: list[tuple[str, str]], result: bool) -> str:
    if v.kind == "op":
        if result:
            return "L" if v.shape == () else "y"
        return _LETTERS.get(v.label, "u")
    if any(operand == "target" for _, operand in uses) or (v.dtype or "").startswith(("int", "uint")):
        return "t"
    if v.kind == "leaf":
        part = (v.name or "").rpartition(".")[2]
        return _PARAMETERS.get(part, "w")
    first = any(label in _PRODUCTS and operand == _first(label) for label, operand in uses)
    return "x" if first else "c"


def _first(label: str) -> str:
    return table[label].params[0]


def as_typed(name: str) -> str:
    """A name in LaTeX as one types it: W_1, beta, loss."""
    return re.sub(r"\\text\{([^}]*)\}|\\([a-z]+)|_\{(\d+)\}", lambda m: m[1] or m[2] or f"_{m[3]}", name)
