"""Data sets, samplers and the loader that makes batches of them: PyTorch's torch.utils.data.

A batch of what is already in memory costs one indexing of each tensor: a data set says so with a
method `__getbatch__(indices)`, which returns what `default_collate` would make of the samples.
"""

from __future__ import annotations

import copy
import functools
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ..creation import from_numpy, tensor
from ..ops.shape import stack
from ..random import Generator, default_generator, numpy_generator
from ..tensor import Tensor
from .worker_info import WorkerInfo as WorkerInfo, get_worker_info as get_worker_info

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


# ---------------------------------------------------------------------------------------- data sets


class Dataset(Generic[T_co]):
    """Samples by index: a subclass defines `__getitem__`, and `__len__` for samplers and loaders.

    Where many samples are read faster together, it may also define `__getitems__(indices)`, a list
    of samples, or `__getbatch__(indices)`, the batch that `default_collate` would make of them. A
    subclass that redefines `__getitem__` alone is read by that.
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__}: a Dataset must define __getitem__")


class IterableDataset(Dataset[T_co]):
    """Samples as a stream: a subclass defines `__iter__`. It can't be shuffled or sampled from."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__}: an IterableDataset must define __iter__")


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
        return _samples(self.dataset, [self.indices[i] for i in indices])

    def __getbatch__(self, indices: Sequence[int]) -> Any:
        return _batch(self.dataset, [self.indices[i] for i in indices])

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


# ----------------------------------------------------------------------------------------- samplers


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


# ------------------------------------------------------------------------------------------ batches


def default_collate(batch: Sequence[Any]) -> Any:
    """Make one batch of a list of samples, in their structure: tensors of one dimension more.

    Tensors and NumPy arrays are stacked; numbers become a tensor (Python's floats float64, its
    integers int64, NumPy's keep their dtype); strings and bytes stay as they are. The entries of
    mappings, lists and named tuples are collated one by one, in a container of the same type; those
    of tuples in a list, as PyTorch does.

    Raises:
        RuntimeError: samples differ in shape or length.
        TypeError: a sample is of another type.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        if any(t.requires_grad for t in batch):
            return stack(list(batch))
        return _stack([t.array for t in batch])
    if isinstance(first, np.ndarray) and first.dtype.kind not in "OSU":
        return _stack(batch)
    if isinstance(first, np.number | np.bool_):
        return from_numpy(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=np.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _rebuild(first, {key: default_collate([d[key] for d in batch]) for key in first})
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) > 1:
            raise RuntimeError(
                "each element in list of batch should be of equal size, but got lengths "
                f"{', '.join(str(len(sample)) for sample in batch)}"
            )
        return _rebuild(first, [default_collate(column) for column in zip(*batch)])
    found = first.dtype if isinstance(first, np.ndarray) else type(first)
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
        f"found {found}; pass a collate_fn that makes a batch of these"
    )


def _stack(arrays: Sequence[np.ndarray[Any, Any]]) -> Tensor:
    """What the op `stack` gives, without an op for each sample: 8 times as fast on 128 images."""
    shapes = {a.shape for a in arrays}
    if len(shapes) > 1:
        raise RuntimeError(
            "default_collate: stack expects each tensor to be equal size, but got "
            f"{' and '.join(map(str, sorted(shapes)))}; pass a collate_fn that pads or crops"
        )
    return from_numpy(np.stack(arrays))


def default_convert(data: Any) -> Any:
    """Make tensors of the NumPy arrays and scalars in a sample, in its structure."""
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "OSU" else from_numpy(np.asarray(data))
    if isinstance(data, Mapping):
        return _rebuild(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _rebuild(data, [default_convert(value) for value in data])
    return data


def _rebuild(like: Any, content: Any) -> Any:
    """A container like `like` with another content, a dict or list, if its type allows it."""
    if isinstance(like, tuple):
        return type(like)(*content) if hasattr(like, "_fields") else content
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(content)
            return clone
        return type(like)(content)
    except TypeError:
        return content


def _method(dataset: Any, *names: str) -> str:
    """The first of `names` that the class of `dataset`, or else the nearest base, defines."""
    for cls in type(dataset).__mro__:
        for name in names:
            if name in vars(cls):
                return name
    return "__getitem__"


def _samples(dataset: Any, indices: Sequence[int]) -> list[Any]:
    if _method(dataset, "__getitems__", "__getitem__") == "__getitems__":
        return list(dataset.__getitems__(indices))
    return [dataset[i] for i in indices]


def _batch(dataset: Any, indices: Sequence[int]) -> Any:
    if _method(dataset, "__getbatch__", "__getitems__", "__getitem__") == "__getbatch__":
        return dataset.__getbatch__(indices)
    return default_collate(_samples(dataset, indices))


def _read(dataset: Any, collate_fn: Callable[[Any], Any], batched: bool, index: Any) -> Any:
    if not batched:
        return collate_fn(dataset[index])
    if collate_fn is default_collate:
        return _batch(dataset, index)
    return collate_fn(_samples(dataset, index))


class DataLoader(Generic[T_co]):
    """The batches of a data set, in order or shuffled anew for each iteration.

    Args:
        dataset: a `Dataset`, or anything with `__getitem__` and `__len__`; or an `IterableDataset`.
        batch_size: how many samples make a batch; None: one sample at a time, not collated.
        shuffle: read in random order.
        sampler: the order to read in, in place of `shuffle`: an iterable of indices.
        batch_sampler: an iterable of lists of indices, in place of `batch_size`, `shuffle`,
            `sampler` and `drop_last`.
        num_workers: how many processes read ahead; 0: the data are read in this process. Each has a copy of the data
            set, and a default generator of its own seed, which is drawn from `generator`.
        collate_fn: makes a batch of a list of samples, by default `default_collate`.
        drop_last: leave out a last batch that is smaller.
        timeout: the seconds to wait for a worker's batch; 0: for ever, while the worker lives.
        worker_init_fn: called in each worker with its number, before it reads.
        multiprocessing_context: the way to start workers, "fork", "spawn" or "forkserver", or a context.
        generator: draws the random order; None: the default generator, which `manual_seed` seeds.
        prefetch_factor: how many batches each worker makes ahead, by default 2.

    Raises:
        ValueError: arguments that exclude each other, or a negative number of workers or seconds.
        RuntimeError: while iterating: a worker died, or was too slow. What a worker raises is raised again here, with
            its traceback.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[int] | None = None,
        batch_sampler: Iterable[Sequence[int]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        *,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], object] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        prefetch_factor: int | None = None,
    ) -> None:
        if num_workers < 0:
            raise ValueError(
                f"num_workers option should be non-negative, not {num_workers}; use num_workers=0 to disable workers"
            )
        if timeout < 0:
            raise ValueError(f"timeout option should be non-negative, not {timeout}")
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing; let num_workers > 0 to enable it"
            )
        if num_workers == 0 and multiprocessing_context is not None:
            raise ValueError("multiprocessing_context can only be used with num_workers > 0")
        if prefetch_factor is not None and prefetch_factor < 1:
            raise ValueError(f"prefetch_factor option should be positive, not {prefetch_factor}")
        if isinstance(dataset, IterableDataset):
            for name, value in ("sampler", sampler), ("batch_sampler", batch_sampler):
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
                    )
            if shuffle:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified shuffle option, but got shuffle={shuffle}"
                )
            sampler = dataset  # a stream of samples is batched as a stream of indices is
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = prefetch_factor or (2 if num_workers else None)
        self._place: dict[str, Any] | None = None  # of the running iteration
        self._resumed: dict[str, Any] | None = None  # of the iteration to continue

    def __iter__(self) -> Iterator[Any]:
        streams = isinstance(self.dataset, IterableDataset)
        batched = self.batch_sampler is not None
        read = self.collate_fn if streams else functools.partial(_read, self.dataset, self.collate_fn, batched)
        resumed, self._resumed = self._resumed, None
        drawing = self._drawing
        now = drawing.get_state()
        if resumed is not None:
            drawing.set_state(resumed["start"])
        place: dict[str, Any] = {"start": drawing.get_state(), "given": 0}
        self._place = place
        seed = int(numpy_generator(self.generator).integers(2**62)) if self.num_workers else 0
        indices = iter(self._source)
        if resumed is not None:
            place["given"] = sum(1 for _ in itertools.islice(indices, resumed["given"]))
            drawing.set_state(now)
        batches: Iterable[Any] = map(read, indices)
        if self.num_workers:
            from .workers import read_ahead  # multiprocessing takes as long to import as a seventh of this package

            batches = read_ahead(
                read,
                () if streams else indices,
                self.dataset,
                stream=self._source if streams else None,
                num_workers=self.num_workers,
                prefetch_factor=self.prefetch_factor or 2,
                timeout=self.timeout,
                init=self.worker_init_fn,
                context=self.multiprocessing_context,
                seed=seed,
            )
        for batch in batches:
            place["given"] += 1
            yield batch
        if self._place is place:
            self._place = None

    def state_dict(self) -> dict[str, Any]:
        """Where the running iteration stands, and its generator: plain data, for `save`.

        The generator is that of the sampler, the default one if it has none.
        """
        return {**(self._place or {"start": None, "given": 0}), "generator": self._drawing.get_state()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Let the next iteration continue, with the same batches, where the one that was saved stood.

        The order is drawn again from the saved state, and what was given already isn't read (a stream is).

        Raises:
            KeyError: an entry of `state_dict` is missing.
        """
        resumed = {name: state_dict[name] for name in ("start", "given", "generator")}
        self._drawing.set_state(resumed["generator"])
        self._resumed, self._place = (resumed, resumed) if resumed["given"] else (None, None)

    @property
    def _drawing(self) -> Generator:
        """The generator that the order is drawn from."""
        sampler = getattr(self.batch_sampler, "sampler", self._source)
        found = getattr(sampler, "generator", None)
        return found if isinstance(found, Generator) else self.generator or default_generator

    def __len__(self) -> int:
        """The number of batches, for what can tell its length."""
        return len(self._source)

    @property
    def _source(self) -> Any:
        """What to read, step by step: lists of indices, or single ones if nothing is batched."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler
