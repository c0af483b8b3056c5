"""Functions mapped over a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ops.arrange import movedim
from ..ops.part import select
from ..ops.shape import stack
from ..random import default_generator
from ..tensor import Tensor
from .tree import Tree, leaves, like


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function that maps `func` over a dimension of its arguments: a loop over the batch, its results stacked.

    It takes every function that PyTorch's takes, Python branches on values too, and nests with all transforms; but it
    costs what a loop costs, a call of `func` for each place of the batch, where PyTorch's runs batched kernels. A
    function of tensors that broadcasts needs none of it.

    Args:
        func: takes and returns tensors, or tuples, lists and dicts of them.
        in_dims: the dimension of each argument to map over: a number for all, or a tuple in the arguments' form; None
            for an argument that every call gets whole.
        out_dims: where the results have the batch's dimension: a number, or a tuple in their form; None for a result
            that is the same for the whole batch.
        randomness: "different": each call draws its own numbers; "same": the same; "error": none may draw.
        chunk_size: has no meaning in a loop.

    Raises:
        ValueError: `in_dims` doesn't fit the arguments, all of it is None, or the batches' sizes differ; `out_dims`
            doesn't fit the results, which must be tensors, or is None for one that differs; or `chunk_size` isn't
            positive.
        RuntimeError: `func` drew random numbers with "error", or `randomness` is none of the three.
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"vmap: randomness should be 'error', 'different' or 'same', not {randomness!r}")
    check_chunk_size("vmap", chunk_size)

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        if isinstance(in_dims, list):
            raise ValueError(f"vmap: in_dims must be an integer or a tuple, not {in_dims!r}")
        if isinstance(in_dims, tuple) and len(in_dims) != len(args):
            raise ValueError(f"vmap: in_dims has {len(in_dims)} entries for {len(args)} arguments")
        dims = _spread("in_dims", list(in_dims) if isinstance(in_dims, tuple) else in_dims, list(args))
        given = leaves(list(args))
        sizes = set()
        for d, x in zip(dims, given, strict=True):
            if d is None:
                continue
            if not isinstance(x, Tensor):
                raise ValueError(f"vmap: can't map over {type(x).__name__} {x!r:.60}; give it the in_dim None")
            if not -x.ndim <= d < x.ndim:
                raise ValueError(f"vmap: in_dim {d} isn't a dimension of a tensor of shape {x.shape}")
            sizes.add(x.shape[d])
        if len(sizes) != 1:
            what = f"different sizes {sorted(sizes)}" if sizes else "in_dims of None only: there is no batch"
            raise ValueError(f"vmap: the arguments have {what}")
        (size,) = sizes
        state = None if randomness == "different" else default_generator.get_state()
        results = []
        for i in range(max(size, 1)):
            if randomness == "same" and state is not None:
                default_generator.set_state(state)
            parts = (x if d is None else _part(x, d, i) for d, x in zip(dims, given))
            results.append(func(*like(list(args), iter(parts)), **kwargs))
        if randomness == "error" and default_generator.get_state() != state:
            raise RuntimeError("vmap: the function drew random numbers; say randomness='different' or 'same'")
        for leaf in leaves(results):
            if not isinstance(leaf, Tensor):
                raise ValueError(f"vmap: the function must return tensors only, not {type(leaf).__name__} {leaf!r:.60}")
        columns = zip(*map(leaves, results), strict=True)
        places = _spread("out_dims", out_dims, results[0])
        return like(results[0], (_joined(list(c), d, size) for c, d in zip(columns, places, strict=True)))

    return call


def check_chunk_size(name: str, chunk_size: int | None) -> None:
    """Refuse a size that makes no chunks.

    Raises:
        ValueError: it isn't positive.
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError(f"{name}: chunk_size should be None or greater than 0, not {chunk_size}")


def _part(x: Tensor, dim: int, i: int) -> Tensor:
    """What call i is given; zeros, for the shapes of the results, if the batch is empty."""
    if x.shape[dim]:
        return select(x, dim, i)
    return x.new_zeros(x.shape[: dim % x.ndim] + x.shape[dim % x.ndim + 1 :])


def _joined(parts: list[Tensor], dim: int | None, size: int) -> Tensor:
    """The results of all calls in one tensor; of none, for an empty batch; or the one that all gave."""
    if dim is None:
        if any(not np.array_equal(p.array, parts[0].array, equal_nan=True) for p in parts):
            raise ValueError("vmap: out_dims is None for a result that isn't the same for the whole batch")
        return parts[0]
    return movedim(stack(parts)[:size], 0, dim)


def _spread(name: str, dims: Any, tree: Tree) -> list[Any]:
    """A dimension for each leaf of `tree`, from a tree that may end above the leaves.

    Raises:
        ValueError: the two don't fit.
    """
    if dims is None or isinstance(dims, int):
        return [dims] * len(leaves(tree))
    if isinstance(dims, Mapping) and isinstance(tree, Mapping) and set(dims) == set(tree):
        return [d for key in tree for d in _spread(name, dims[key], tree[key])]
    if isinstance(dims, (tuple, list)) and isinstance(tree, (tuple, list)) and len(dims) == len(tree):
        return [d for part, item in zip(dims, tree) for d in _spread(name, part, item)]
    raise ValueError(f"vmap: {name} {dims!r} doesn't have the form of what it is for")
