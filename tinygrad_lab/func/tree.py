"""Trees: tensors in tuples, lists and dicts, as functions take and return them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..tensor import Tensor

Tree = Any  # a tensor, or tuples, lists and dicts of them


def leaves(tree: Tree) -> list[Any]:
    """What stands in the tuples, lists and dicts of a tree, in order."""
    if isinstance(tree, Mapping):
        return [leaf for key in tree for leaf in leaves(tree[key])]
    if isinstance(tree, (tuple, list)):
        return [leaf for item in tree for leaf in leaves(item)]
    return [tree]


def like(tree: Tree, leaves: Iterator[Any]) -> Tree:
    """A tree of the form of `tree` with other leaves."""
    if isinstance(tree, Mapping):
        return {key: like(value, leaves) for key, value in tree.items()}
    if isinstance(tree, (tuple, list)):
        items = [like(item, leaves) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return next(leaves)


def map_tree(function: Callable[[Any], Any], tree: Tree) -> Tree:
    return like(tree, map(function, leaves(tree)))


def check_tensors(name: str, what: str, tree: Tree) -> None:
    for leaf in leaves(tree):
        if not isinstance(leaf, Tensor):
            raise RuntimeError(f"{name}: {what} must be tensors, not {type(leaf).__name__} {leaf!r:.60}")
