"""Softmax over many classes, the rare ones in clusters of few features."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..devices import Device
from ..op import wrap
from ..ops.compare import where
from ..ops.index import gather
from ..ops.scatter import index_add, index_select
from ..ops.shape import cat
from ..tensor import DTypeLike, Tensor
from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .module import Module


class ASMoutput(NamedTuple):
    """The log-probability of each target, and the mean of their negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    r"""Log-softmax of classes sorted by how frequent they are (Grave et al. 2017, https://arxiv.org/abs/1609.04309).

    The head decides between the classes below the first cutoff and the clusters of the others; a cluster's tail, which
    sees fewer features the rarer its classes are, decides within it: :math:`\ln p(c) = \ln p(\text{cluster}) +
    \ln p(c \mid \text{cluster})`.

    Args:
        in_features: of the input.
        n_classes: the number of classes.
        cutoffs: where the clusters begin, rising numbers of 1 to `n_classes` - 1.
        div_value: the tail of cluster i sees `in_features / div_value ** (i + 1)` features.
        head_bias: whether the head has a bias.
        device: the CPU, or None.
        dtype: of the parameters; by default the default dtype.

    Raises:
        ValueError: the cutoffs aren't such numbers.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        *,
        device: Device = None,
        dtype: DTypeLike = None,
    ) -> None:
        super().__init__()
        given = list(cutoffs)
        if not given:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if given != sorted({int(c) for c in given}) or given[0] <= 0 or given[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                f"value is between 1 and n_classes-1, not {given} of {n_classes} classes"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device=device, dtype=dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            hidden = int(in_features // div_value ** (i + 1))
            self.tail.append(
                Sequential(
                    Linear(in_features, hidden, bias=False, device=device, dtype=dtype),
                    Linear(hidden, high - low, bias=False, device=device, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        for layer in (self.head, *(layer for part in self.tail for layer in part.children())):
            layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        """`(n, in_features)` and classes `(n,)` to `(n,)` and a scalar; or one sample without a batch.

        Raises:
            RuntimeError: the shapes don't fit, or a class is out of range.
        """
        if target_.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if input_.ndim != target_.ndim + 1:
            raise RuntimeError(
                f"{target_.ndim}D target tensor expects {target_.ndim + 1}D input tensors, but found inputs with size "
                f"{input_.shape}"
            )
        if input_.shape[:-1] != target_.shape:
            raise RuntimeError(
                "Input and target should have the same size in the batch dimension, not "
                f"{input_.shape[0]} and {target_.shape[0]}"
            )
        x, labels = input_.reshape(-1, self.in_features), target_.array.reshape(-1)
        if labels.size and not 0 <= labels.min() <= labels.max() < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range [{labels.min()}, "
                f"{labels.max()}] were found. "
            )
        cluster = np.searchsorted(self.cutoffs, labels, side="right")
        in_head = np.where(cluster == 0, labels, self.shortlist_size + cluster - 1)
        output = gather(F.log_softmax(self.head(x), 1), 1, wrap(in_head[:, None])).squeeze(1)
        for i, (tail, low) in enumerate(zip(self.tail, self.cutoffs)):
            rows = np.flatnonzero(cluster == i + 1)
            if rows.size:
                within = F.log_softmax(tail(index_select(x, 0, wrap(rows))), 1)
                picked = gather(within, 1, wrap((labels[rows] - low)[:, None])).squeeze(1)
                output = index_add(output, 0, wrap(rows), picked)
        loss = -output.mean()
        return ASMoutput(output if target_.ndim else output.squeeze(0), loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """`(n, in_features)` to the log-probabilities of all classes, `(n, n_classes)`."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            reached = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(tail(input), 1) + reached)
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each sample, `(n,)`; the head's, where it decides for one of its own."""
        best: Tensor = self.head(input).argmax(1)
        if (best < self.shortlist_size).all():
            return best
        return where(best < self.shortlist_size, best, self.log_prob(input).argmax(1))
