"""Samplers: in which order a loader reads."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Generic, TypeVar

import numpy as np

from ...random import Generator, numpy_generator

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """An order of indices: a subclass defines `__iter__`, and `__len__` for `len` of the loader."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: a Sampler must define __iter__")


class SequentialSampler(Sampler[int]):
    """The indices of `data_source` in order."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of `data_source` in random order, in another one for each iteration.

    Args:
        data_source: what the indices are of.
        replacement: draw each index from all of them, so that it may come more than once.
        num_samples: how many to draw, by default as many as there are; more than that, without
            replacement, are one permutation after another.
        generator: draws them; None: the default generator, which `manual_seed` seeds.

    Raises:
        TypeError: `replacement` is no bool.
        ValueError: `num_samples` (or the length of `data_source`) isn't a positive integer.
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        _check_positive("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        rng = numpy_generator(self.generator)
        n, count = len(self.data_source), self.num_samples
        if self.replacement:
            yield from rng.integers(n, size=count).tolist()
        else:  # all drawn at once, whoever draws from the generator in between: so a state can be resumed
            yield from [i for part in [rng.permutation(n) for _ in range(-(-count // n))] for i in part.tolist()][
                :count
            ]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, in another one for each iteration.

    Args:
        indices: what to draw from.
        generator: draws the order; None: the default generator.
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        order = numpy_generator(self.generator).permutation(len(self.indices)).tolist()
        return iter([self.indices[i] for i in order])

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices from 0 to `len(weights) - 1`, each drawn with a probability that is proportional to its weight.

    Args:
        weights: of the indices, not negative; they needn't sum to 1.
        num_samples: how many to draw.
        replacement: whether an index may come more than once.
        generator: draws them; None: the default generator.

    Raises:
        ValueError: `num_samples` isn't a positive integer, `replacement` no bool, `weights` not one-dimensional, one of
            them negative or not finite, or too few of them are positive.
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = np.asarray(weights, np.float64)
        if self.weights.ndim != 1:
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {self.weights.shape}")
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise ValueError("weights should be finite and not negative")
        positive = int((self.weights > 0).sum())
        if positive < (1 if replacement else num_samples):
            raise ValueError(
                f"{num_samples} samples can't be drawn from {positive} positive weights, replacement={replacement}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        chance = self.weights / self.weights.sum()
        rng = numpy_generator(self.generator)
        return iter(rng.choice(len(chance), self.num_samples, self.replacement, chance).tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`.

    Args:
        sampler: any iterable.
        batch_size: how many make a batch; the last one may be smaller.
        drop_last: leave out a last batch that is smaller.

    Raises:
        ValueError: `batch_size` isn't a positive integer, or `drop_last` no bool.
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        shortest = self.batch_size if self.drop_last else 1
        while len(batch := list(itertools.islice(indices, self.batch_size))) >= shortest:
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]  # as long as the sampler, if that has a length
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def _check_positive(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")
