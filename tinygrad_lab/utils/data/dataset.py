"""Data sets: samples by index, or as a stream, and how a batch of them is read."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ...creation import from_numpy
from ...random import Generator, default_generator, numpy_generator
from ...tensor import Tensor
from .collate import default_collate

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Samples by index: a subclass defines `__getitem__`, and `__len__` for samplers and loaders.

    Where many samples are read faster together, it may also define `__getitems__(indices)`, a list
    of samples, or `__getbatch__(indices)`, the batch that `default_collate` would make of them. A
    subclass that redefines `__getitem__` alone is read by that.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__}: a Dataset must define __getitem__")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Samples as a stream: a subclass defines `__iter__`. It can't be shuffled or sampled from."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: an IterableDataset must define __iter__")

    def __add__(self, other: Dataset[Any]) -> ChainDataset[Any]:  # type: ignore[override]  # as PyTorch's
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample i is the tuple of the i-th entries of the tensors.

    Args:
        tensors: tensors, or NumPy arrays (wrapped, not copied), of the same first dimension.

    Raises:
        AssertionError: their first dimensions differ.
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple(t if isinstance(t, Tensor) else from_numpy(t) for t in tensors)
        if len({t.shape[:1] for t in self.tensors}) > 1:
            shapes = ", ".join(str(t.shape) for t in self.tensors)
            raise AssertionError(f"Size mismatch between tensors: the first dimensions of {shapes} must be equal")

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __getbatch__(self, indices: Sequence[int]) -> list[Tensor]:
        rows = np.asarray(indices)
        return [t[rows] for t in self.tensors]

    def __len__(self) -> int:
        return len(self.tensors[0])


class StackDataset(Dataset[Any]):
    """Sample i is the tuple of the i-th samples of the data sets; given by name, the dict of them.

    Raises:
        ValueError: there is none, or some are named and some aren't, or their lengths differ.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either tuple- (via args) or dict- (via kwargs) like input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets: Any = args or kwargs
        self._columns = list(args or kwargs.values())
        lengths = [len(dataset) for dataset in self._columns]
        if len(set(lengths)) > 1:
            raise ValueError(f"Size mismatch between datasets: their lengths are {', '.join(map(str, lengths))}")

    def _sample(self, parts: Sequence[Any]) -> Any:
        return dict(zip(self.datasets, parts)) if isinstance(self.datasets, dict) else tuple(parts)

    def __getitem__(self, index: Any) -> Any:
        return self._sample([dataset[index] for dataset in self._columns])

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self._sample(parts) for parts in zip(*(read_samples(dataset, indices) for dataset in self._columns))]

    def __len__(self) -> int:
        return len(self._columns[0])


class ConcatDataset(Dataset[T_co]):
    """The samples of several data sets, one after another.

    Raises:
        AssertionError: there is none, or one of them is a stream, which `ChainDataset` takes.
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset; chain streams with ChainDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> T_co:
        if not -len(self) <= index < len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} samples")
        index += len(self) if index < 0 else 0
        i = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[i][index - (self.cumulative_sizes[i - 1] if i else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


class ChainDataset(IterableDataset[T_co]):
    """The samples of several streams, one after another.

    Raises:
        AssertionError: one isn't a stream.
    """

    def __init__(self, datasets: Iterable[Dataset[T_co]]) -> None:
        self.datasets = list(datasets)
        if not all(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ChainDataset only supports IterableDataset")

    def __iter__(self) -> Iterator[T_co]:
        return itertools.chain.from_iterable(self.datasets)  # type: ignore[arg-type]  # they are streams

    def __len__(self) -> int:
        return sum(map(len, self.datasets))  # type: ignore[arg-type]  # of streams that have a length


class Subset(Dataset[T_co]):
    """Sample i is sample `indices[i]` of `dataset`."""

    def __init__(self, dataset: Dataset[T_co], indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        return read_samples(self.dataset, [self.indices[i] for i in indices])

    def __getbatch__(self, indices: Sequence[int]) -> Any:
        return read_batch(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T],
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[T]]:
    """Split a data set at random into parts that share no sample.

    Args:
        dataset: what to split.
        lengths: the lengths of the parts, or fractions that sum to 1, whose lengths are rounded
            down; the samples left over go to the parts in turn, one each.
        generator: draws the permutation.

    Raises:
        ValueError: the lengths don't sum to the length of `dataset`, or a fraction isn't in [0, 1].
    """
    n = len(dataset)  # type: ignore[arg-type]  # a Dataset has a length if its subclass defines it
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        for i, fraction in enumerate(lengths):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {i} is not between 0 and 1: {fraction}")
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        for i, size in enumerate(sizes):
            if size == 0:
                warnings.warn(
                    f"Length of split at index {i} is 0. This might result in an empty dataset.",
                    stacklevel=2,
                )
        lengths = sizes
    if sum(lengths) != n:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset: "
            f"{' + '.join(map(str, lengths))} = {sum(lengths)}, not {n}"
        )
    order = numpy_generator(generator).permutation(n).tolist()
    ends = list(itertools.accumulate(map(int, lengths), initial=0))
    return [Subset(dataset, order[a:b]) for a, b in itertools.pairwise(ends)]


def _method(dataset: Any, *names: str) -> str:
    """The first of `names` that the class of `dataset`, or else the nearest base, defines."""
    for cls in type(dataset).__mro__:
        for name in names:
            if name in vars(cls):
                return name
    return "__getitem__"


def read_samples(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """The samples of these indices, read together where the data set can."""
    if _method(dataset, "__getitems__", "__getitem__") == "__getitems__":
        return list(dataset.__getitems__(indices))
    return [dataset[i] for i in indices]


def read_batch(dataset: Any, indices: Sequence[int]) -> Any:
    """What `default_collate` makes of the samples of these indices."""
    if _method(dataset, "__getbatch__", "__getitems__", "__getitem__") == "__getbatch__":
        return dataset.__getbatch__(indices)
    return default_collate(read_samples(dataset, indices))
