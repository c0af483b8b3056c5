"""Tables whose rows stand for indices, as modules. The functions of `functional` say what they compute."""

from __future__ import annotations

from typing import Any, Self

from ..creation import empty
from ..devices import Device
from ..ops.index import refuse_sparse
from ..tensor import DTypeLike, Tensor
from . import functional as F, init
from .module import Module
from .parameter import Parameter


class _Table(Module):
    """What `Embedding` and `EmbeddingBag` share: a weight of normal numbers, with zeros in the row `padding_idx`."""

    weight: Parameter

    def _prepare(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        sparse: bool,
        weight: Any,
        freeze: bool,
        device: Device,
        dtype: DTypeLike,
    ) -> None:
        name = type(self).__name__
        refuse_sparse(name, sparse)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(
                    f"{name}: padding_idx must be within num_embeddings={num_embeddings}, not {padding_idx}"
                )
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        self.sparse = sparse
        if weight is None:
            self.weight = Parameter(
                empty(num_embeddings, embedding_dim, device=device, dtype=dtype), requires_grad=not freeze
            )
            self.reset_parameters()
        else:
            if tuple(weight.shape) != (num_embeddings, embedding_dim):
                raise AssertionError(
                    f"{name}: Shape of weight does not match num_embeddings and embedding_dim: {tuple(weight.shape)} "
                    f"and {(num_embeddings, embedding_dim)}"
                )
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the weight anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])


def _rows_and_columns(name: str, embeddings: Tensor) -> tuple[int, int]:
    if embeddings.ndim != 2:
        raise AssertionError(f"{name}: Embeddings parameter is expected to be 2-dimensional, not {embeddings.ndim}")
    rows, columns = embeddings.shape
    return rows, columns


class Embedding(_Table):
    """A table of vectors: an index gives its row, `(*)` of integers `(*, embedding_dim)`.

    The weight, `(num_embeddings, embedding_dim)`, starts normal.

    Args:
        padding_idx: the row that starts with zeros and gets no gradient; a negative one counts back.
        max_norm: rows that are looked up and whose norm is greater are scaled to it, in the weight itself.
        norm_type: which norm, 2 for the Euclidean.
        scale_grad_by_freq: divide a row's gradient by the number of times that it is looked up.
        sparse: must be False; gradients are dense.
        device: the CPU, or None.
        dtype: of the weight; by default the default dtype.

    Raises:
        AssertionError: there is no row `padding_idx`, which is the class that PyTorch raises.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._prepare(num_embeddings, embedding_dim, padding_idx, sparse, _weight, _freeze, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """An embedding of the rows of `embeddings`, whose memory is used.

        Args:
            freeze: don't train them.

        Raises:
            AssertionError: `embeddings` isn't a matrix.
        """
        return cls(
            *_rows_and_columns(cls.__name__, embeddings),
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        """`(*)` of int64 or int32 to `(*, embedding_dim)`.

        Raises:
            IndexError: an index is out of range.
        """
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        settings = {
            "padding_idx": (self.padding_idx, None),
            "max_norm": (self.max_norm, None),
            "norm_type": (self.norm_type, 2),
            "scale_grad_by_freq": (self.scale_grad_by_freq, False),
        }
        shown = "".join(f", {name}={value}" for name, (value, usual) in settings.items() if value != usual)
        return f"{self.num_embeddings}, {self.embedding_dim}{shown}"


class EmbeddingBag(_Table):
    """The rows of a table reduced bag by bag, without making them: `functional.embedding_bag`.

    The weight, `(num_embeddings, embedding_dim)`, starts normal.

    Args:
        mode: "sum", "mean" or "max".
        include_last_offset: the last of the offsets is the end of the last bag.
        padding_idx: the row that starts with zeros and takes no part.

    For the other arguments see `Embedding`.

    Raises:
        AssertionError: there is no row `padding_idx`, which is the class that PyTorch raises.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.include_last_offset = include_last_offset
        self._prepare(num_embeddings, embedding_dim, padding_idx, sparse, _weight, False, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """Bags of the rows of `embeddings`, whose memory is used.

        Args:
            freeze: don't train them.

        Raises:
            AssertionError: `embeddings` isn't a matrix.
        """
        bag = cls(
            *_rows_and_columns(cls.__name__, embeddings),
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=embeddings,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """`(bags, size)`, or `(m,)` with the beginnings `offsets` of its bags, to `(bags, embedding_dim)`.

        Args:
            per_sample_weights: in the shape of `input`, for mode "sum".

        Raises:
            ValueError: wrong dimensions, or `offsets` missing or too many.
            RuntimeError: `input` isn't of integers or is out of range, or `offsets` don't fit.
        """
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        settings = {
            "max_norm": (self.max_norm, None),
            "norm_type": (self.norm_type, 2),
            "scale_grad_by_freq": (self.scale_grad_by_freq, False),
            "mode": (self.mode, None),
            "padding_idx": (self.padding_idx, None),
        }
        shown = "".join(f", {name}={value!r}" for name, (value, usual) in settings.items() if value != usual)
        return f"{self.num_embeddings}, {self.embedding_dim}{shown}"
