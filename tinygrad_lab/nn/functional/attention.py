"""Attention."""

from __future__ import annotations

import math

import numpy as np

from ...convention import convention
from ...op import wrap
from ...ops.activation import floating, safe_softmax
from ...ops.linalg import matmul
from ...tensor import Tensor
from .dropout import dropout


def _first_query_masked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    return scaled_dot_product_attention(query, key, value, wrap(np.array([[False, False], [True, False]])))


@convention(
    "attention with a fully masked row",
    [[1.0, 2.0], [3.0, 4.0]],
    [[0.5, 1.0], [2.0, 1.0]],
    [[5.0, 6.0], [7.0, 8.0]],
    gives=([[0, 0], [0, 0]], [[0, 0], [0, 0]], [[1, 1], [0, 0]]),
    value=[[0, 0], [5, 6]],
    of=_first_query_masked,
)
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    r"""Attention, :math:`\operatorname{softmax}(s\,Q K^T + M)\,V` (Vaswani et al. 2017).

    Args:
        query: `(*, l, e)`; `key` `(*, m, e)`; `value` `(*, m, v)`. The result is `(*, l, v)`.
        attn_mask: of bools, True where a query may see a key, or of numbers to add to the scores; it broadcasts to
            `(*, l, m)`. A query that may see nothing gives 0 and sends nothing back.
        dropout_p: the probability to drop a weight, always, as this function doesn't know of training.
        is_causal: the i-th query sees the keys up to the i-th.
        scale: s, by default :math:`1 / \sqrt e`.
        enable_gqa: fewer heads, dimension -3, of key and value than of query: each serves several queries.

    Raises:
        ValueError: `dropout_p` isn't between 0 and 1.
        RuntimeError: shapes or dtypes don't fit, or a mask is given with `is_causal`.
    """
    for what, x in (("query", query), ("key", key), ("value", value)):
        floating("scaled_dot_product_attention", x)
        if x.ndim < 2:
            raise RuntimeError(
                f"scaled_dot_product_attention: Expected query, key, and value to all be at least 2 dimensional, but "
                f"{what} has shape {x.shape}"
            )
        if x.dtype != query.dtype:
            raise RuntimeError(
                "scaled_dot_product_attention: Expected query, key, and value to have the same dtype, but got "
                f"query.dtype: {query.dtype} and {what}.dtype: {x.dtype}"
            )
    if is_causal and attn_mask is not None:
        raise RuntimeError("scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        key, value = (_for_each_query(x, query) for x in (key, value))
    length, size = query.shape[-2:]
    if scale is None:
        scale = 1 / math.sqrt(size) if size else math.inf
    scores = matmul(query * scale, key.mT)
    if is_causal:
        scores = scores + wrap(np.triu(np.full((length, key.shape[-2]), -np.inf, query.dtype), 1))
    elif attn_mask is not None:
        scores = scores + _additive(attn_mask, query)
    weights = safe_softmax(scores, -1)
    return matmul(dropout(weights, dropout_p) if dropout_p else weights, value)


def _additive(mask: Tensor, query: Tensor) -> Tensor:
    """What to add to the scores."""
    if mask.dtype == bool:
        return wrap(np.where(mask.array, 0, np.array(-np.inf, query.dtype)))
    if mask.dtype != query.dtype:
        raise RuntimeError(
            "scaled_dot_product_attention: Expected attn_mask dtype to be bool or to match query dtype, but got "
            f"attn_mask.dtype: {mask.dtype} and query.dtype: {query.dtype}"
        )
    return mask


def _for_each_query(x: Tensor, query: Tensor) -> Tensor:
    """Each head of a key or value as often as there are query heads for it."""
    if x.ndim < 3 or query.ndim < 3 or x.shape[-3] == 0 or query.shape[-3] % x.shape[-3]:
        raise RuntimeError(
            "scaled_dot_product_attention: Number of heads in key and value must divide the number of heads in query, "
            f"but the shapes are {x.shape} and {query.shape}"
        )
    *lead, heads, n, m = x.shape
    times = query.shape[-3] // heads
    if times == 1:
        return x
    return x.reshape(*lead, heads, 1, n, m).expand(*lead, heads, times, n, m).reshape(*lead, heads * times, n, m)
