"""The loader: it reads a data set in batches, here or in worker processes."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ...random import Generator, default_generator, numpy_generator
from .collate import default_collate, default_convert
from .dataset import IterableDataset, read_batch, read_samples
from .sampler import BatchSampler, RandomSampler, SequentialSampler

T_co = TypeVar("T_co", covariant=True)


def _read(dataset: Any, collate_fn: Callable[[Any], Any], batched: bool, index: Any) -> Any:
    if not batched:
        return collate_fn(dataset[index])
    if collate_fn is default_collate:
        return read_batch(dataset, index)
    return collate_fn(read_samples(dataset, index))


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
            set. Its default generator is seeded anew for each batch, from `generator` and the batch's number, so what
            is drawn there depends neither on how many workers there are nor on where an iteration was resumed.
        collate_fn: makes a batch of a list of samples, by default `default_collate`.
        pin_memory: has no meaning here: there is one memory, the computer's.
        drop_last: leave out a last batch that is smaller.
        timeout: the seconds to wait for a worker's batch; 0: for ever, while the worker lives.
        worker_init_fn: called in each worker with its number, before it reads.
        multiprocessing_context: the way to start workers, "fork", "spawn" or "forkserver", or a context.
        generator: draws the random order; None: the default generator, which `manual_seed` seeds.
        prefetch_factor: how many batches each worker makes ahead, by default 2.
        persistent_workers: is taken, but workers start anew for each iteration, with the data set as it is then.

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
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], object] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
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
        if num_workers == 0 and persistent_workers:
            raise ValueError("persistent_workers option needs num_workers > 0")
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
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.persistent_workers = persistent_workers
        self.prefetch_factor = prefetch_factor or (2 if num_workers else None)
        self._place: dict[str, Any] | None = None  # of the running iteration
        self._resumed: dict[str, Any] | None = None  # of the iteration to continue

    def __iter__(self) -> Iterator[Any]:
        streams = isinstance(self.dataset, IterableDataset)
        batched = self.batch_sampler is not None
        read = self.collate_fn if streams else functools.partial(_read, self.dataset, self.collate_fn, batched)
        resumed, self._resumed = self._resumed, None
        now = self._states()
        if resumed is not None:
            self._set_states(resumed["start"])
        place: dict[str, Any] = {"start": self._states(), "given": 0}
        self._place = place
        seed = int(numpy_generator(self.generator).integers(2**62)) if self.num_workers else 0
        indices = iter(self._source)
        skip = 0 if resumed is None else resumed["given"]
        if skip and not (streams and self.num_workers):  # the workers have streams of their own
            place["given"] = sum(1 for _ in itertools.islice(indices, skip))
        if resumed is not None:
            self._set_states(now)
        batches: Iterable[Any] = map(read, indices)
        if self.num_workers:
            from .workers import read_ahead  # multiprocessing takes as long to import as a seventh of this package

            batches = read_ahead(
                read,
                () if streams else indices,
                self.dataset,
                first=place["given"],
                stream=self._source if streams else None,
                num_workers=self.num_workers,
                prefetch_factor=self.prefetch_factor or 2,
                timeout=self.timeout,
                init=self.worker_init_fn,
                context=self.multiprocessing_context,
                seed=seed,
            )
        for number, batch in enumerate(batches, place["given"]):
            place["given"] = number + 1
            if number >= skip:
                yield batch
        if self._place is place:
            self._place = None

    def state_dict(self) -> dict[str, Any]:
        """Where the running iteration stands, and the generators that the loader draws from: plain data, for `save`."""
        return {**(self._place or {"start": None, "given": 0}), "generators": self._states()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Let the next iteration continue, with the same batches, where the one that was saved stood.

        The order is drawn again from the saved state, and what was given already isn't read (a stream is).

        Raises:
            KeyError: an entry of `state_dict` is missing.
            RuntimeError: it is of a loader that draws from another number of generators.
        """
        resumed = {name: state_dict[name] for name in ("start", "given", "generators")}
        self._set_states(resumed["generators"])
        self._resumed, self._place = (resumed, resumed) if resumed["given"] else (None, None)

    def _states(self) -> list[dict[str, Any]]:
        return [generator.get_state() for generator in self._generators]

    def _set_states(self, states: Sequence[Mapping[str, Any]]) -> None:
        if len(states) != len(self._generators):
            raise RuntimeError(
                f"DataLoader: the state is of a loader with {len(states)} generators, this one has "
                f"{len(self._generators)}; give it the same sampler and generator"
            )
        for generator, state in zip(self._generators, states):
            generator.set_state(state)

    @property
    def _generators(self) -> list[Generator]:
        """What the order is drawn from, and what the workers' seeds are drawn from: mostly the same."""
        order = getattr(self.batch_sampler, "sampler", self._source)
        drawn = (getattr(order, "generator", None) if hasattr(order, "generator") else self.generator, self.generator)
        return list(dict.fromkeys(g if isinstance(g, Generator) else default_generator for g in drawn))

    def __len__(self) -> int:
        """The number of batches, for what can tell its length."""
        return len(self._source)

    @property
    def _source(self) -> Any:
        """What to read, step by step: lists of indices, or single ones if nothing is batched."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler
