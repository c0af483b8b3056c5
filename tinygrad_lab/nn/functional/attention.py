"""Attention, and the multi-head attention of which it is a part."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...convention import convention
from ...creation import zeros
from ...op import Array, wrap
from ...ops.attention import _attention, safe_softmax
from ...ops.checks import refuse_integers
from ...ops.linalg import linear, matmul
from ...ops.shape import cat
from ...public import public
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
@public
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
        refuse_integers("scaled_dot_product_attention", x)
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
    mask = _causal(query, key) if is_causal else None if attn_mask is None else _additive(attn_mask, query)
    if scale is None:
        scale = _usual_scale(query)
    if not dropout_p:
        return _attention(query, key, value, mask, scale)
    return matmul(dropout(_weights(query, key, mask, scale), dropout_p), value)


def _usual_scale(query: Tensor) -> float:
    size = query.shape[-1]
    return 1 / math.sqrt(size) if size else math.inf


def _weights(query: Tensor, key: Tensor, mask: Tensor | None, scale: float) -> Tensor:
    """The softmax of the scores plus `mask`."""
    scores = matmul(query * scale, key.mT)
    return safe_softmax(scores if mask is None else scores + mask, -1)


def _causal(query: Tensor, key: Tensor) -> Tensor:
    """What to add to the scores so that a query sees the keys up to its own place."""
    return wrap(np.triu(np.full((query.shape[-2], key.shape[-2]), -np.inf, query.dtype), 1))


def _hidden(mask: Array, dtype: Any) -> Tensor:
    """What to add to the scores so that the keys where `mask` is True aren't seen."""
    return wrap(np.where(mask, np.array(-np.inf, dtype), np.array(0, dtype)))


def _additive(mask: Tensor, query: Tensor) -> Tensor:
    """What to add to the scores."""
    if mask.dtype == bool:
        return _hidden(~mask.array, query.dtype)
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


@public
def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention of several heads between linear maps (Vaswani et al. 2017): what `nn.MultiheadAttention` computes.

    Args:
        query: `(l, n, e)`, or `(l, e)` without a batch; `key` and `value` `(s, n, *)`. So is the output.
        embed_dim_to_check: e, of which each head gets an equal part.
        in_proj_weight: `(3 e, e)`, for query, key and value, and `in_proj_bias` `(3 e,)` or None.
        bias_k: `(1, 1, e)`, and `bias_v`: one more key and value, or None.
        add_zero_attn: one more key and value of zeros.
        dropout_p: the probability to drop a weight, if `training`.
        key_padding_mask: `(n, s)`, True for keys to hide, or numbers to add to the scores.
        need_weights: also return the weights, `(n, l, s)`; with `average_attn_weights=False` `(n, heads, l, s)`.
        attn_mask: `(l, s)` or `(n * heads, l, s)`, True for keys to hide, or numbers to add to the scores.
        use_separate_proj_weight: `q_proj_weight`, `k_proj_weight` and `v_proj_weight` instead of `in_proj_weight`.
        static_k: `(n * heads, s, e / heads)`, and `static_v`: instead of the mapped key and value.
        is_causal: a hint that `attn_mask` is the causal one.

    Raises:
        AssertionError: shapes don't fit, or arguments that belong together aren't given together, as in PyTorch.
        RuntimeError: `attn_mask` doesn't fit, or is missing with `is_causal`.
    """
    batched = _check_batch(query, key, value, key_padding_mask, attn_mask)
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, size = query.shape
    width = size // num_heads
    _require(size == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {size}")
    _require(width * num_heads == size, f"embed_dim {size} not divisible by num_heads {num_heads}")
    if is_causal and attn_mask is None:
        raise RuntimeError("multi_head_attention_forward: Need attn_mask if specifying the is_causal hint.")

    biases: Any = (None,) * 3 if in_proj_bias is None else in_proj_bias.chunk(3)
    if use_separate_proj_weight:
        _require(key.shape[:2] == value.shape[:2], f"key shape {key.shape} does not match value shape {value.shape}")
        maps: Any = q_proj_weight, k_proj_weight, v_proj_weight
        _require(all(w is not None for w in maps), "use_separate_proj_weight is True but a proj_weight is None")
    else:
        _require(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        _require(in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        maps = in_proj_weight.chunk(3)  # type: ignore[union-attr]  # just checked
    if query is key and key is value and not use_separate_proj_weight:
        q, k, v = linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
    else:
        q, k, v = (linear(x, w, b) for x, w, b in zip((query, key, value), maps, biases, strict=True))

    masks = [_mask("attn_mask", attn_mask, query), _mask("key_padding_mask", key_padding_mask, query)]
    if masks[0] is not None:
        expected = (length, key.shape[0]) if masks[0].ndim == 2 else (batch * num_heads, length, key.shape[0])
        if masks[0].shape != expected:
            raise RuntimeError(f"multi_head_attention_forward: attn_mask must be {expected}, not {masks[0].shape}")
        masks[0] = masks[0].reshape(-1, num_heads if masks[0].ndim == 3 else 1, *expected[-2:])
    if masks[1] is not None:
        expected = (batch, key.shape[0])
        _require(masks[1].shape == expected, f"key_padding_mask must be {expected}, not {masks[1].shape}")
        masks[1] = masks[1].reshape(batch, 1, 1, -1)

    _require((bias_k is None) == (bias_v is None), "bias_k and bias_v must be given together")
    if bias_k is not None and bias_v is not None:
        _require(static_k is None and static_v is None, "bias cannot be added to static key or value")
        k, v = (cat([x, b.expand(1, batch, size)]) for x, b in ((k, bias_k), (v, bias_v)))
        masks = [_widened(mask) for mask in masks]

    def heads(x: Tensor, static: Tensor | None = None) -> Tensor:
        if static is None:
            return x.reshape(x.shape[0], batch, num_heads, width).permute(1, 2, 0, 3)
        fits = static.shape[0] == batch * num_heads and static.shape[2] == width
        _require(fits, f"a static key or value must be ({batch * num_heads}, *, {width}), not {static.shape}")
        return static.reshape(batch, num_heads, -1, width)

    q, k, v = heads(q), heads(k, static_k), heads(v, static_v)
    if add_zero_attn:
        k, v = (cat([x, zeros(batch, num_heads, 1, width, dtype=x.dtype)], 2) for x in (k, v))
        masks = [_widened(mask) for mask in masks]

    given = [mask for mask in masks if mask is not None]
    mask = given[0] + given[1] if len(given) == 2 else given[0] if given else None
    shown, scale = None, _usual_scale(q)
    if need_weights or (training and dropout_p):
        weights = _weights(q, k, mask, scale)
        if training and dropout_p:
            weights = dropout(weights, dropout_p)
        y = matmul(weights, v)
        if need_weights:
            shown = weights.mean(1) if average_attn_weights else weights
    else:
        y = _attention(q, k, v, mask, scale)
    y = y.permute(2, 0, 1, 3).reshape(length * batch, size)
    y = linear(y, out_proj_weight, out_proj_bias).reshape(length, batch, -1)
    if batched:
        return y, shown
    return y.squeeze(1), None if shown is None else shown.squeeze(0)


def _require(condition: bool, complaint: str) -> None:
    """PyTorch's class of error for these arguments."""
    if not condition:
        raise AssertionError(f"multi_head_attention_forward: {complaint}")


def _check_batch(
    query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None
) -> bool:
    """Whether there is a batch."""
    n = query.ndim
    _require(n in (2, 3), f"query should be unbatched 2D or batched 3D tensor but received {n}-D query tensor")
    expected = (("key", key, (n,)), ("value", value, (n,)))
    masks = (("key_padding_mask", key_padding_mask, (n - 1,)), ("attn_mask", attn_mask, (2, 3)))
    for what, x, dims in (*expected, *masks):
        _require(x is None or x.ndim in dims, f"for a {n}-D query, expected {what} to be {dims[0]}-D")
    return n == 3


def _mask(name: str, mask: Tensor | None, query: Tensor) -> Tensor | None:
    """What to add to the scores for a mask that is True where keys are hidden."""
    if mask is None:
        return None
    _require(mask.dtype.kind in "bf", f"only bool and floating types of {name} are supported, not {mask.dtype}")
    return _hidden(mask.array, query.dtype) if mask.dtype == bool else mask


def _widened(mask: Tensor | None) -> Tensor | None:
    """The mask for one more key, which is seen."""
    return None if mask is None else cat([mask, zeros(*mask.shape[:-1], 1, dtype=mask.dtype)], -1)
