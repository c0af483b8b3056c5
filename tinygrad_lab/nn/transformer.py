"""The transformer: layers of attention and of a small network, encoders and decoders of them (Vaswani et al. 2017).

https://arxiv.org/abs/1706.03762. Shapes are `(l, n, e)`, with `batch_first` `(n, l, e)`, or without a batch `(l, e)`.
Masks are those of `MultiheadAttention`: True for what is hidden, or numbers to add to the scores.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np

from ..devices import Device
from ..op import wrap
from ..promotion import get_default_dtype
from ..tensor import DTypeLike, Tensor
from . import functional as F, init
from .attention import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .normalization import LayerNorm

Activation = str | Callable[[Tensor], Tensor]

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": F.relu, "gelu": F.gelu}


def _activation(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in _ACTIVATIONS:
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return _ACTIVATIONS[activation]


def _causal_mask(size: int, dtype: DTypeLike = None) -> Tensor:
    return wrap(np.triu(np.full((size, size), -np.inf, get_default_dtype() if dtype is None else dtype), 1))


def _is_causal(mask: Tensor | None, is_causal: bool | None, x: Tensor, batch_first: bool) -> bool:
    """The hint `is_causal`; without one, whether `mask` is the causal one of numbers."""
    if is_causal is not None or mask is None:
        return bool(is_causal)
    size = x.shape[1 if batch_first and x.ndim == 3 else 0]
    return mask.shape == (size, size) and bool((mask.array == _causal_mask(size).array).all())


class _Layer(Module):
    """What an encoder's and a decoder's layer share."""

    self_attn: MultiheadAttention
    linear1: Linear
    linear2: Linear
    dropout: Dropout
    dropout1: Dropout
    activation: Callable[[Tensor], Tensor]

    def _attend_self(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        y, _ = self.self_attn(x, x, x, key_padding_mask, False, attn_mask, is_causal=is_causal)
        dropped: Tensor = self.dropout1(y)
        return dropped

    def _feed_forward(self, x: Tensor, last: Dropout) -> Tensor:
        y: Tensor = last(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return y


class TransformerEncoderLayer(_Layer):
    """Self-attention, then a network of one hidden layer; each is added to its input and the sum normalised.

    Args:
        d_model: e, the width.
        nhead: the number of heads.
        dim_feedforward: the width of the hidden layer.
        dropout: the probability to drop, in training, a weight of attention, a hidden unit, an output of either part.
        activation: of the hidden layer: "relu", "gelu" or a function.
        layer_norm_eps: added to the variances.
        batch_first: the batch is the first dimension.
        norm_first: normalise the input of each part instead of the sum.
        bias: whether linear maps and normalisations have one.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        RuntimeError: the name of the activation is unknown.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, device=device, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device=device, dtype=dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """To the shape of `src`.

        Args:
            src_mask: `(l, l)`, and `src_key_padding_mask` `(n, l)`: what is hidden.
            is_causal: a hint that `src_mask` is the causal one.
        """
        x = src
        if self.norm_first:
            x = x + self._attend_self(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            return x + self._feed_forward(self.norm2(x), self.dropout2)
        x = self.norm1(x + self._attend_self(x, src_mask, src_key_padding_mask, is_causal))
        y: Tensor = self.norm2(x + self._feed_forward(x, self.dropout2))
        return y


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to what an encoder made, then a network of one hidden layer.

    Arguments and errors are those of `TransformerEncoderLayer`.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.multihead_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, device=device, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device=device, dtype=dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """To the shape of `tgt`.

        Args:
            memory: what the encoder made, of s places.
            tgt_mask: `(l, l)`, and `tgt_key_padding_mask` `(n, l)`: what is hidden of the target.
            memory_mask: `(l, s)`, and `memory_key_padding_mask` `(n, s)`: what is hidden of the memory.
            tgt_is_causal: a hint that `tgt_mask` is the causal one, and so `memory_is_causal`.
        """

        def attend_self(x: Tensor) -> Tensor:
            return self._attend_self(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)

        def attend(x: Tensor) -> Tensor:
            y, _ = self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )
            dropped: Tensor = self.dropout2(y)
            return dropped

        x = tgt
        if self.norm_first:
            x = x + attend_self(self.norm1(x))
            x = x + attend(self.norm2(x))
            return x + self._feed_forward(self.norm3(x), self.dropout3)
        x = self.norm1(x + attend_self(x))
        x = self.norm2(x + attend(x))
        y: Tensor = self.norm3(x + self._feed_forward(x, self.dropout3))
        return y


def _batch_first(layer: Module) -> bool:
    """Whether the layer's own attention has the batch first; another's class may have none."""
    return bool(getattr(getattr(layer, "self_attn", None), "batch_first", False))


class TransformerEncoder(Module):
    """Copies of a layer one after the other, all of the same first parameters.

    Args:
        encoder_layer: a `TransformerEncoderLayer`, or a module that is called alike.
        norm: a module for the last one's output.
        enable_nested_tensor: has no effect, as `mask_check`.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """To the shape of `src`; arguments as of a layer.

        Args:
            is_causal: by default, whether `mask` is the causal one.
        """
        batch_first = _batch_first(self.layers[0]) if self.num_layers else False
        causal = _is_causal(mask, is_causal, src, batch_first)
        y = src
        for layer in self.layers:
            y = layer(y, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=causal)
        return y if self.norm is None else self.norm(y)


class TransformerDecoder(Module):
    """Copies of a layer one after the other, all of the same first parameters.

    Args:
        decoder_layer: a `TransformerDecoderLayer`, or a module that is called alike.
        norm: a module for the last one's output.
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(decoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """To the shape of `tgt`; arguments as of a layer.

        Args:
            tgt_is_causal: by default, whether `tgt_mask` is the causal one.
        """
        batch_first = _batch_first(self.layers[0]) if self.num_layers else False
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, batch_first)
        y = tgt
        for layer in self.layers:
            y = layer(
                y,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return y if self.norm is None else self.norm(y)


class Transformer(Module):
    """An encoder and a decoder that attends to what it makes, each with a last `LayerNorm`.

    All matrices start by Xavier's uniform distribution.

    Args:
        d_model: e, the width.
        num_encoder_layers: of the encoder, and `num_decoder_layers` of the decoder.
        custom_encoder: in place of the encoder, and `custom_decoder` of the decoder.

    For the other arguments see `TransformerEncoderLayer`.
    """

    encoder: Module
    decoder: Module

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Module | None = None,
        custom_decoder: Module | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        settings = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        )  # fmt: skip
        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            layer: Module = TransformerEncoderLayer(*settings, device=device, dtype=dtype)
            self.encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, device=device, dtype=dtype)
            layer = TransformerDecoderLayer(*settings, device=device, dtype=dtype)
            self.decoder = TransformerDecoder(layer, num_decoder_layers, norm)
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for param in self.parameters():
            if param.ndim > 1:
                init.xavier_uniform_(param)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """`src` of s places and `tgt` of l, to the shape of `tgt`.

        Args:
            src_mask: `(s, s)`, and `src_key_padding_mask` `(n, s)`: what is hidden of the source.
            tgt_mask: `(l, l)`, and `tgt_key_padding_mask` `(n, l)`: what is hidden of the target.
            memory_mask: `(l, s)`, and `memory_key_padding_mask` `(n, s)`: what is hidden of the encoder's output.
            src_is_causal: a hint that a mask is the causal one; by default that is seen. So `tgt_is_causal`.
            memory_is_causal: such a hint, by default that it isn't.

        Raises:
            RuntimeError: the sizes of the batches or the widths differ.
        """
        batch = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[batch] != tgt.shape[batch]:
            raise RuntimeError(
                f"Transformer: the batch number of src and tgt must be equal, not {src.shape[batch]} and "
                f"{tgt.shape[batch]}"
            )
        if not src.shape[-1] == tgt.shape[-1] == self.d_model:
            raise RuntimeError(
                f"Transformer: the feature number of src and tgt must be equal to d_model, {self.d_model}, not "
                f"{src.shape[-1]} and {tgt.shape[-1]}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        y: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return y

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Device = None, dtype: DTypeLike = None) -> Tensor:
        """What to add to scores so that each place sees those up to itself: -inf above the diagonal, 0 elsewhere."""
        return _causal_mask(sz, dtype).to(device)
