"""micrograd: one number a `Value`, so that 32 floats are 32 chains. No arrays, hence one task."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from micrograd.engine import Value

from ..tasks import PerOp, Step


def per_op(inputs: PerOp) -> Step:
    """The chain on each of the 32 scalars, their sum differentiated in one backward."""
    # micrograd sorts the graph by recursion, one call a node of the longest path.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 4 * inputs.times))
    xs = [Value(float(x)) for x in inputs.x]
    as_ = [Value(float(a)) for a in inputs.a]
    bs = [Value(float(b)) for b in inputs.b]

    def run() -> float:
        for value in (*as_, *bs):
            value.grad = 0
        loss = Value(0.0)
        for y, a, b in zip(xs, as_, bs, strict=True):
            for _ in range(inputs.times):
                y = y * a + b
            loss = loss + y
        loss.backward()
        return float(loss.data)

    def results() -> Sequence[list[float]]:
        return [a.grad for a in as_], [b.grad for b in bs]

    return Step(run, results)
