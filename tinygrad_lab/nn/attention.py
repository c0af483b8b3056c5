"""Multi-head attention as a module; `functional.multi_head_attention_forward` says what it computes."""

from __future__ import annotations

from ..creation import empty
from ..devices import Device
from ..tensor import DTypeLike, Tensor
from . import functional as F, init
from .linear import Linear
from .module import Module
from .parameter import Parameter


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear` under the name by which PyTorch prints the output projection of `MultiheadAttention`."""


class MultiheadAttention(Module):
    r"""Attention of several heads between linear maps (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762).

    Input weights start by Xavier's uniform distribution, biases at 0, `bias_k` and `bias_v` by Xavier's normal one.

    Args:
        embed_dim: e, the width of queries and of the result, of which each head gets an equal part.
        dropout: the probability to drop a weight in training.
        bias: whether the linear maps have one.
        add_bias_kv: one more key and value, which are learnt.
        add_zero_attn: one more key and value of zeros.
        kdim: the width of keys, by default e, and `vdim` that of values.
        batch_first: the batch is the first dimension of inputs and result, not the second.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        ValueError: `embed_dim` or `num_heads` isn't positive.
        AssertionError: `num_heads` doesn't divide `embed_dim`, which is the class that PyTorch raises.
    """

    in_proj_weight: Parameter  # or None, if keys or values have another width
    q_proj_weight: Parameter  # or None, if not, and so the next two
    k_proj_weight: Parameter
    v_proj_weight: Parameter
    in_proj_bias: Parameter  # or None, as it was asked for, and so the next two
    bias_k: Parameter
    bias_v: Parameter

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"MultiheadAttention: embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(
                f"MultiheadAttention: embed_dim must be divisible by num_heads, but {embed_dim} isn't by {num_heads}"
            )
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn
        self._separate = not self.kdim == self.vdim == embed_dim

        def made(wanted: bool, *shape: int) -> Parameter | None:
            return Parameter(empty(*shape, device=device, dtype=dtype)) if wanted else None

        self.register_parameter("q_proj_weight", made(self._separate, embed_dim, embed_dim))
        self.register_parameter("k_proj_weight", made(self._separate, embed_dim, self.kdim))
        self.register_parameter("v_proj_weight", made(self._separate, embed_dim, self.vdim))
        self.register_parameter("in_proj_weight", made(not self._separate, 3 * embed_dim, embed_dim))
        self.register_parameter("in_proj_bias", made(bias, 3 * embed_dim))
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device=device, dtype=dtype)
        self.register_parameter("bias_k", made(add_bias_kv, 1, 1, embed_dim))
        self.register_parameter("bias_v", made(add_bias_kv, 1, 1, embed_dim))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        if self.bias_k is not None:
            init.xavier_normal_(self.bias_k)
            init.xavier_normal_(self.bias_v)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The result, in the shape of `query`, and the weights of attention, or None.

        Args:
            query: `(l, n, e)`, with `batch_first` `(n, l, e)`, or without a batch `(l, e)`; so `key`, of s places and
                width `kdim`, and `value`, of width `vdim`.
            key_padding_mask: `(n, s)`, True for keys to hide, or numbers to add to the scores.
            need_weights: return the weights, `(n, l, s)`; `(n, num_heads, l, s)` if not `average_attn_weights`.
            attn_mask: `(l, s)` or `(n * num_heads, l, s)`, True for keys to hide, or numbers to add to the scores.
            is_causal: a hint that `attn_mask`, which must be given, is the causal one.

        Raises:
            AssertionError: shapes don't fit.
            RuntimeError: `attn_mask` doesn't fit, or is missing with `is_causal`.
        """
        swap = self.batch_first and query.ndim == 3
        if swap:  # what is one tensor stays one, as its three linear maps are then one product
            of_query = query.transpose(0, 1)
            of_key = of_query if key is query else key.transpose(0, 1)
            value = of_key if value is key else value.transpose(0, 1)
            query, key = of_query, of_key
        y, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            self.training,
            key_padding_mask,
            need_weights,
            attn_mask,
            self._separate,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (y.transpose(0, 1) if swap else y), weights
