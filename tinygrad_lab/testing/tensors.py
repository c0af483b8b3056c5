"""Hypothesis strategies of tensors, for anybody's tests: every shape that a rule may meet, numbers that shrink well.

They need hypothesis, from the `test` extra. Elements are short binary fractions, the simplest first, strictly inside
their domain and off its kinks, so a counter-example is the smallest tensor with the simplest numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ..creation import tensor
from ..domain import REALS, Reals
from ..nn.module import Module
from ..op import wrap
from ..tensor import Tensor
from .strategies import laid_out, numbers

Shape = tuple[int, ...]

LAYOUTS = ("C", "F", "reversed", "strided", "expanded")
"""The memory layouts: in order, Fortran's order, negative strides, every other place, stride 0."""


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> st.SearchStrategy[Shape]:
    """Shapes of `min_dims` to `max_dims` dimensions with sizes from `min_side` to `max_side`."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def _filled(shape: Shape, dtype: Any, domain: Reals) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    """Arrays of `shape`, every element drawn for itself, so that each shrinks for itself."""
    return hnp.arrays(dtype, shape, elements=_elements(domain, dtype), fill=st.nothing())


def _elements(domain: Reals, dtype: Any) -> st.SearchStrategy[Any]:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return st.booleans()
    if kind in "iu":
        low, high = int(np.ceil(domain.low)), int(np.floor(domain.high))
        return st.integers(max(low, 0) if kind == "u" else low, high)
    return st.sampled_from(numbers(domain))


@st.composite
def tensors(
    draw: st.DrawFn,
    /,
    shape: Shape | st.SearchStrategy[Shape] | None = None,
    dtype: Any = np.float64,
    domain: Reals = REALS,
    layout: str | Sequence[str] = LAYOUTS,
    requires_grad: bool | None = None,
) -> Tensor:
    """Tensors with elements of `domain`.

    Args:
        shape: a shape or a strategy of shapes; by default up to 3 dimensions of 0 to 4, so 0-d, empty and one-element
            tensors are among them.
        dtype: a NumPy dtype; integers and bools too.
        domain: where the elements lie and where the function has its kinks, as `Reals(low=0, kinks=(1,))`.
        layout: one of `LAYOUTS`, or several to choose from.
        requires_grad: by default whether the dtype is floating.
    """
    if shape is None:
        shape = shapes()
    size = shape if isinstance(shape, tuple) else draw(shape)
    kind = layout if isinstance(layout, str) else draw(st.sampled_from(tuple(layout)))
    if kind not in LAYOUTS:
        raise ValueError(f"tensors: layout must be one of {', '.join(LAYOUTS)}, not {kind!r}")
    if domain.distinct:
        free = st.permutations(numbers(domain)).map(
            lambda order: np.array(order[: int(np.prod(size))], dtype).reshape(size)
        )
        array = laid_out(draw(free), kind)
    elif kind == "expanded":
        narrow = tuple(1 for _ in size)
        array = np.broadcast_to(
            draw(hnp.arrays(dtype, narrow, elements=_elements(domain, dtype), fill=st.nothing())), size
        )
    else:
        array = laid_out(draw(_filled(size, dtype, domain)), kind)
    wanted = np.dtype(dtype).kind == "f" if requires_grad is None else requires_grad
    return wrap(array).requires_grad_(wanted)


@st.composite
def broadcastable_tensors(
    draw: st.DrawFn, /, count: int = 2, *, same: bool = True, **options: Any
) -> tuple[Tensor, ...]:
    """Tensors whose shapes broadcast; if `same`, sometimes the same tensor in two places. `options`: of `tensors`."""
    if same and count > 1 and draw(st.integers(0, 7)) == 7:
        x = draw(tensors(**options))
        return (x,) * count
    found = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, min_dims=0, max_dims=3, min_side=0, max_side=3))
    return tuple(draw(tensors(shape=s, **options)) for s in found.input_shapes)


@st.composite
def matmul_pairs(draw: st.DrawFn, /, **options: Any) -> tuple[Tensor, Tensor]:
    """Two tensors that `matmul` takes: vectors, matrices and broadcasting batches of them. `options`: of `tensors`."""
    n, k, m = (draw(st.integers(0 if i != 1 else 1, 3)) for i in range(3))
    left: Shape = (k,) if draw(st.booleans()) else (n, k)
    right: Shape = (k,) if draw(st.booleans()) else (k, m)
    if len(left) == len(right) == 2 and draw(st.booleans()):
        found = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=0, max_dims=2, min_side=1, max_side=2))
        left, right = found.input_shapes[0] + left, found.input_shapes[1] + right
    return draw(tensors(shape=left, **options)), draw(tensors(shape=right, **options))


@st.composite
def conv_arguments(
    draw: st.DrawFn, /, dims: int = 2, **options: Any
) -> tuple[Tensor, Tensor, Tensor | None, dict[str, Any]]:
    """Input `(n, c, *)`, weight, bias or None, and stride, padding, dilation and groups of a convolution.

    Args:
        dims: the number of spatial dimensions, 1 to 3.
        options: of `tensors`.
    """
    groups = draw(st.integers(1, 2))
    batch, inner, outer = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))

    def sizes(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, padding, dilation = sizes(1, 2), sizes(1, 2), sizes(0, 1), sizes(1, 2)
    least = [d * (k - 1) + 1 - 2 * p for k, p, d in zip(kernel, padding, dilation, strict=True)]
    space = tuple(max(n, 1) + draw(st.integers(0, 2)) for n in least)
    x = draw(tensors(shape=(batch, groups * inner, *space), **options))
    weight = draw(tensors(shape=(groups * outer, inner, *kernel), **options))
    bias = draw(tensors(shape=(groups * outer,), **options)) if draw(st.booleans()) else None
    return x, weight, bias, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@st.composite
def module_inputs(draw: st.DrawFn, /, module: Module, batch: int = 3, **options: Any) -> Tensor:
    """An input for `module`, as its first layer with a weight takes it: `(n, in_features)`, `(n, in_channels, *)`.

    Args:
        batch: the greatest batch size.
        options: of `tensors`.

    Raises:
        ValueError: no layer says what it takes.
    """
    n = draw(st.integers(1, batch))
    for layer in module.modules():
        if hasattr(layer, "in_features"):
            return draw(tensors(shape=(n, int(layer.in_features)), **options))
        if hasattr(layer, "in_channels"):
            dims = len(layer.kernel_size)
            reach = [d * (k - 1) + 1 for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
            space = tuple(r + draw(st.integers(0, 2)) for r in reach)
            assert len(space) == dims
            return draw(tensors(shape=(n, int(layer.in_channels), *space), **options))
        if hasattr(layer, "num_embeddings"):
            labels = hnp.arrays(np.int64, (n, 2), elements=st.integers(0, int(layer.num_embeddings) - 1))
            return tensor(draw(labels))
    raise ValueError(
        f"module_inputs: no layer of {type(module).__name__} says what input it takes; give tensors(shape=...)"
    )


def cotangents(y: Tensor | Shape, dtype: Any = np.float64) -> st.SearchStrategy[Tensor]:
    """Cotangents for a result `y`, or its shape: no element is zero, so none hides what a rule drops."""
    shape = tuple(y.shape) if isinstance(y, Tensor) else tuple(y)
    nonzero = st.sampled_from([1.0, -1.0, 0.5, 2.0, -0.5, 1.5, -2.0, 0.75, -1.25])
    return hnp.arrays(dtype, shape, elements=nonzero).map(wrap)
