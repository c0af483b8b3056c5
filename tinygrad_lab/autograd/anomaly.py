"""NaN and infinity, found where they are made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import memory
from ..graph import watcher
from ..op import Op, watch_outputs

_HINTS = {
    "exp": "take the maximum out first, as softmax, log_softmax and logsumexp do; for a classifier's loss use "
    "nn.functional.cross_entropy on the logits, which fuses softmax and cross-entropy",
    "log": "for the logarithm of a softmax or sigmoid use log_softmax, or the fused losses cross_entropy and "
    "binary_cross_entropy_with_logits on the logits",
    "div": "keep the divisor away from 0, by an epsilon or by where(...) on the divisor itself",
    "sqrt": "add an epsilon under the root",
}


class NonFiniteError(RuntimeError):
    """An operation made a NaN or an infinity. `op` is its name, `site` the line that called it."""

    def __init__(self, text: str, op: str, site: str) -> None:
        super().__init__(text)
        self.op = op
        self.site = site


class detect_anomaly:
    """`with detect_anomaly():` stops at the first operation that makes a NaN or an infinity, forward or backward.

    An operation is to blame if its output holds a NaN and no operand does, or an infinity and every operand is finite.
    Each output is looked at, so the block runs slower; outside it nothing is paid.

    Raises:
        NonFiniteError: names the operation, the line, the elements and a way out.
    """

    def __enter__(self) -> None:
        self._token = watcher.set(_check)
        watch_outputs(True)
        self._quiet = np.errstate(all="ignore")  # the error says what NumPy's warnings would
        self._quiet.__enter__()

    def __exit__(self, *exc: Any) -> None:
        self._quiet.__exit__(*exc)
        watcher.reset(self._token)
        watch_outputs(watcher.get() is not None)


def _check(op: Op, operands: Sequence[Any], y: Any, what: str) -> None:
    y = np.asarray(y)
    if y.dtype.kind != "f" or np.isfinite(y).all():
        return
    arrays = [v for v in operands if isinstance(v, (np.ndarray, float)) and np.asarray(v).dtype.kind == "f"]
    made_nan = np.isnan(y).any() and not any(np.isnan(a).any() for a in arrays)
    if made_nan or (np.isinf(y).any() and all(np.isfinite(a).all() for a in arrays)):
        bad = np.isnan(y) if made_nan else np.isinf(y)
        place = tuple(map(int, np.argwhere(bad)[0])) if y.ndim else ()
        site = memory.user_site()
        at = [f"{a[place]:.6g}" for a in map(np.asarray, arrays) if a.shape == y.shape]
        raise NonFiniteError(
            f"{op.name}: {what} made {y[place]} first, at {site}: {int(bad.sum())} of {y.size} elements, the first at "
            f"index {list(place)} of shape {y.shape}"
            + (f", from {' and '.join(at)}" if at else "")
            + (f"; {_HINTS[op.name]}" if op.name in _HINTS else ""),
            op.name,
            site,
        )
