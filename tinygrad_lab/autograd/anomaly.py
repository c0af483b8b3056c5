"""NaN and infinity, found where they are made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import memory
from ..graph import Node, noter, watcher
from ..op import Op, watch_outputs

_FORWARD = {
    "exp": "take the maximum out first, as softmax, log_softmax and logsumexp do; for a classifier's loss use "
    "nn.functional.cross_entropy on the logits, which fuses softmax and cross-entropy",
    "log": "for the logarithm of a softmax or sigmoid use log_softmax, or the fused losses cross_entropy and "
    "binary_cross_entropy_with_logits on the logits",
    "div": "keep the divisor away from 0, by an epsilon or by where(...) on the divisor itself",
    "sqrt": "keep its argument from being negative, with clamp(min=0) or an epsilon",
    "pow": "keep the base positive, or the exponent whole",
}
_BACKWARD = {
    "sqrt": "add an epsilon under the root, or for a norm use linalg.vector_norm, whose gradient at 0 is 0",
    "log": "add an epsilon, or use where(...) on the argument of the logarithm as well as on its result",
    "div": "keep the divisor away from 0, by an epsilon or by where(...) on the divisor itself",
    "pow": "add an epsilon to the base: the derivative of a root is infinite at 0",
}
_TWICE = "choose a harmless operand with where(...) before the operation, as well as its result after it"
_SHOWN = 8  # operations of a path


class NonFiniteError(RuntimeError):
    """An operation made a NaN or an infinity.

    Attributes:
        op: its name.
        site: the line that called it.
        path: for a backward, the operations from the loss to it.
    """

    def __init__(self, text: str, op: str, site: str, path: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.op = op
        self.site = site
        self.path = list(path)


class detect_anomaly:
    """`with detect_anomaly():` stops at the first operation that makes a NaN or an infinity, forward or backward.

    An operation is to blame if its output holds a NaN and no operand does, or an infinity and every operand is finite.
    Each output is looked at, so the block runs slower; outside it nothing is paid. The line of an operation whose
    backward is to blame is known if it ran inside the block, too.

    Args:
        check_nan: False: look for nothing; errors name the operation and its line in any case.

    Raises:
        NonFiniteError: names the operation, the line, the elements, what met there, the path from the loss, and a way
            out.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self._check_nan = check_nan

    def __enter__(self) -> None:
        self._before = watcher.get()
        _watch(_check if self._check_nan else None)
        self._quiet = np.errstate(all="ignore")  # the error says what NumPy's warnings would
        self._quiet.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._quiet.__exit__(*exc)
        _watch(self._before)


class set_detect_anomaly:
    """Look for anomalies from now on, or no longer: `detect_anomaly` at once, or until the end of a `with` block.

    Args:
        mode: whether to look for them.
        check_nan: as of `detect_anomaly`.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = watcher.get()
        _watch(_check if mode and check_nan else None)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc: Any) -> None:
        _watch(self._before)


def _watch(function: Callable[..., None] | None) -> None:
    watcher.set(function)
    watch_outputs(function is not None or noter.get() is not None)


def _check(op: Op, operands: Sequence[Any], y: Any, node: Node | None = None, roots: Sequence[Node] = ()) -> None:
    y = np.asarray(y)
    if y.dtype.kind != "f" or np.isfinite(y).all():
        return
    arrays = [v for v in operands if isinstance(v, (np.ndarray, float)) and np.asarray(v).dtype.kind == "f"]
    made_nan = np.isnan(y).any() and not any(np.isnan(a).any() for a in arrays)
    if made_nan or (np.isinf(y).any() and all(np.isfinite(a).all() for a in arrays)):
        bad = np.isnan(y) if made_nan else np.isinf(y)
        place = tuple(map(int, np.argwhere(bad)[0])) if y.ndim else ()
        site = memory.user_site() if node is None else getattr(node, "site", None) or memory.user_site()
        met = [float(a[place if a.ndim else ()]) for a in map(np.asarray, arrays) if a.shape in (y.shape, ())]
        what = "its forward" if node is None else "its backward"
        path = [] if node is None else _path(roots, node)
        hint = (_FORWARD if node is None else _BACKWARD).get(op.name)
        if made_nan and 0 in met and any(map(np.isinf, met)):
            hint = f"0 * inf has no value: {_TWICE}" + (f"; {hint}" if hint else "")
        raise NonFiniteError(
            f"{op.name}: {what} made {y[place]} first, at {site}: {int(bad.sum())} of {y.size} elements, the first at "
            f"index {list(place)} of shape {y.shape}"
            + (f", from {' and '.join(f'{v:.6g}' for v in met)}" if met else "")
            + (f"; {hint}" if hint else "")
            + (f"; on the way from the loss: {_shown(path)}" if path else ""),
            op.name,
            site,
            path,
        )


def _path(roots: Sequence[Node], node: Node) -> list[str]:
    """The operations on a shortest way from one of `roots` to `node`, each with its line where that is known."""
    before: dict[Node, Node | None] = dict.fromkeys(roots)
    queue = list(before)
    for n in queue:  # which grows as it goes
        if n is node:
            break
        for inp in n.inputs:
            if inp is not None and inp not in before:
                before[inp] = n
                queue.append(inp)
    steps = []
    step: Node | None = node if node in before else None
    while step is not None:
        site = getattr(step, "site", None)
        steps.append(f"{step.op.name} ({site.rpartition('/')[2]})" if site else step.op.name)
        step = before[step]
    return steps[::-1]


def _shown(path: Sequence[str]) -> str:
    if len(path) > _SHOWN:
        half = _SHOWN // 2
        path = [*path[:half], f"{len(path) - _SHOWN} more", *path[-half:]]
    return " <- ".join(path)
