"""Sequences of several lengths in one batch, padded or packed: PyTorch's `torch.nn.utils.rnn`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...op import wrap
from ...ops.compare import where
from ...ops.scatter import index_select
from ...ops.shape import cat, stack
from ...tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences, the longest first, step by step: `data` holds the first elements of all, then the second ones.

    Args:
        data: `(sum of the lengths, *)`.
        batch_sizes: how many sequences there are at each step.
        sorted_indices: where each of the sequences stood before they were sorted.
        unsorted_indices: the inverse of that.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The data converted, as `Tensor.to` does."""
        return PackedSequence(self.data.to(*args, **kwargs), *self[1:])

    def float(self) -> PackedSequence:
        """The data in float32."""
        return self.to(np.float32)

    def double(self) -> PackedSequence:
        """The data in float64."""
        return self.to(np.float64)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes `permutation`; None undoes None."""
    return None if permutation is None else wrap(np.argsort(permutation.array))


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences `(length, *)` side by side, the shorter ones padded: `(t, n, *)`, or `(n, t, *)` if `batch_first`.

    Raises:
        RuntimeError: there is no sequence, or `padding_side` isn't "right" or "left".
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence: expected an iterable of sequences, not {type(sequences).__name__}")
    if padding_side not in ("right", "left"):
        raise RuntimeError(f"pad_sequence: padding_side is 'right' or 'left', not {padding_side!r}")
    given = list(sequences)
    if not given:
        raise RuntimeError("pad_sequence: received an empty list of sequences; give at least one")
    longest = max(len(s) for s in given)
    padded = []
    for s in given:
        missing = longest - len(s)
        if missing:
            filler = s.new_full((missing, *s.shape[1:]), padding_value)
            s = cat([s, filler] if padding_side == "right" else [filler, s])
        padded.append(s)
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False
) -> list[Tensor]:
    """The sequences that `pad_sequence` put side by side, each with its length."""
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [rows[i, :length] for i, length in enumerate(_integers(lengths).tolist())]


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack padded sequences: `(t, n, *)`, or `(n, t, *)` if `batch_first`.

    Args:
        lengths: of the sequences, `(n,)`.
        enforce_sorted: refuse lengths that don't fall; else sort the sequences, and remember how.

    Raises:
        RuntimeError: the lengths don't fit the input, aren't all positive, or don't fall.
    """
    sizes = _integers(lengths)
    order = None
    x = input.transpose(0, 1) if batch_first else input
    if sizes.shape != x.shape[1:2]:
        raise RuntimeError(
            f"pack_padded_sequence: expected `len(lengths)` to be the batch size {x.shape[1]}, got {sizes.shape}"
        )
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        sizes = sizes[order]
        x = index_select(x, 1, wrap(order))
    elif (np.diff(sizes) > 0).any():
        raise RuntimeError(
            f"pack_padded_sequence: lengths must be sorted in decreasing order, not {sizes.tolist()}; "
            "pass enforce_sorted=False"
        )
    if not sizes.size or sizes[-1] < 1:
        raise RuntimeError(f"pack_padded_sequence: every length must be greater than 0, got {sizes.tolist()}")
    if sizes[0] > len(x):
        raise RuntimeError(f"pack_padded_sequence: the longest of {sizes.tolist()} exceeds the input's {len(x)} steps")
    alive = np.arange(sizes[0])[:, None] < sizes
    steps, rows = np.nonzero(alive)
    return PackedSequence(x[steps, rows], wrap(alive.sum(1)), None if order is None else wrap(order))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`.

    Args:
        total_length: pad to so many steps; by default to the longest sequence.

    Returns:
        `(t, n, *)`, or `(n, t, *)` if `batch_first`, in the order before the sequences were sorted, and the lengths.

    Raises:
        ValueError: `total_length` is less than the longest sequence.
    """
    sizes = sequence.batch_sizes.array
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            "pad_packed_sequence: expected total_length to be at least the length of the longest sequence, but got "
            f"total_length={total_length} and {len(sizes)}"
        )
    sizes = np.concatenate((sizes, np.zeros(steps - len(sizes), sizes.dtype)))
    alive = np.arange(sizes[0]) < sizes[:, None]
    places = np.cumsum(alive).reshape(alive.shape) - 1
    kept = alive.reshape(*alive.shape, *[1] * (sequence.data.ndim - 1))
    padded = where(kept, sequence.data[np.where(alive, places, 0)], sequence.data.new_tensor(padding_value))
    lengths = wrap(alive.sum(0))
    if sequence.unsorted_indices is not None:
        padded = index_select(padded, 1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices]
    return padded.transpose(0, 1) if batch_first else padded, lengths


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences `(length, *)`; see `pack_padded_sequence`."""
    return pack_padded_sequence(pad_sequence(sequences), [len(s) for s in sequences], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that `pack_sequence` packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


def _integers(lengths: Tensor | Sequence[int]) -> np.ndarray[Any, Any]:
    return np.asarray(lengths.array if isinstance(lengths, Tensor) else lengths, np.int64)
