"""Worker processes: the same batches in the same order, their seeds, their failures, and no hang."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    SubsetRandomSampler,
    TensorDataset,
    get_worker_info,
)


class Squares(Dataset[Any]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __getitem__(self, index: Any) -> Any:
        return np.full(3, index * index, np.float32), index

    def __len__(self) -> int:
        return self.n


class Draws(Squares):
    def __getitem__(self, index: Any) -> Any:
        info = get_worker_info()
        assert info is not None
        return tg.rand(()).item(), info.id, info.seed


class Fails(Squares):
    def __init__(self, how: Any) -> None:
        super().__init__(8)
        self.how = how

    def __getitem__(self, index: Any) -> Any:
        return self.how() if index == 5 else index


class Shares(IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        info = get_worker_info()
        start, step = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(start, 11, step))


def key_error() -> Any:
    return {}["missing"]


def own_error() -> Any:
    class OwnError(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} and {b}")

    raise OwnError(1, 2)


def die() -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def unsendable() -> Any:
    return lambda: None


# Python 3.12 warns of a fork beside the threads of BLAS, which start anew in the child.
pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture(autouse=True)
def _no_worker_is_left() -> Iterator[None]:
    yield
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("num_workers", [1, 2, 3])
@pytest.mark.parametrize("prefetch_factor", [None, 1, 5])
def test_the_same_batches_in_the_same_order(num_workers: int, prefetch_factor: Any) -> None:
    expected = [[x.tolist() for x in batch] for batch in DataLoader(Squares(10), batch_size=4)]
    loader = DataLoader(Squares(10), batch_size=4, num_workers=num_workers, prefetch_factor=prefetch_factor)
    for _ in range(2):
        found = list(loader)
        assert [[x.tolist() for x in batch] for batch in found] == expected
    assert found[0][0].dtype == np.float32
    assert isinstance(found[0][0], tg.Tensor)


def test_great_batches_and_one_sample_at_a_time() -> None:
    x = tg.rand(64, 10_000)
    batches = [b for (b,) in DataLoader(TensorDataset(x), batch_size=16, num_workers=2)]
    np.testing.assert_array_equal(tg.cat(batches).numpy(), x.numpy())
    assert [int(i) for _, i in DataLoader(Squares(5), batch_size=None, num_workers=2)] == [0, 1, 2, 3, 4]


def test_each_worker_has_its_seed_and_the_same_in_the_next_run() -> None:
    def draw() -> list[Any]:
        loader = DataLoader(Draws(6), batch_size=None, num_workers=2, generator=tg.Generator(3))
        return list(loader)

    first = draw()
    assert draw() == first
    assert [id for _, id, _ in first] == [0, 1, 0, 1, 0, 1]
    assert first[1][2] == first[0][2] + 1
    assert len({value for value, _, _ in first}) == 6


def test_what_is_drawn_does_not_depend_on_the_number_of_workers() -> None:
    def draw(num_workers: int) -> list[float]:
        loader = DataLoader(Draws(7), batch_size=2, num_workers=num_workers, generator=tg.Generator(3))
        return [x for values, _, _ in loader for x in values.tolist()]

    assert draw(1) == draw(2) == draw(3)


@pytest.mark.parametrize("given", [1, 3, 4])
@pytest.mark.parametrize("sampled", [False, True])
def test_an_iteration_is_resumed_with_the_same_batches(given: int, sampled: bool) -> None:
    def loader(seed: int) -> DataLoader[Any]:
        sampler = SubsetRandomSampler(range(8)) if sampled else None
        shuffle = None if sampled else True
        return DataLoader(Draws(8), 2, shuffle, sampler, num_workers=2, generator=tg.Generator(seed))

    def read(batches: Any, n: int) -> list[Any]:
        return [batch[0].tolist() for batch in itertools.islice(batches, n)]

    tg.manual_seed(5)
    whole = loader(3)
    running = iter(whole)
    read(running, given)
    state, random = whole.state_dict(), tg.get_rng_state()
    rest = read(running, 9) + read(whole, 9)
    tg.manual_seed(99)
    resumed = loader(4)
    resumed.load_state_dict(state)
    tg.set_rng_state(random)
    assert read(resumed, 9) + read(resumed, 9) == rest
    with pytest.raises(RuntimeError, match="a loader with 1 generators, this one has 2"):
        DataLoader(Squares(2), sampler=SubsetRandomSampler([1]), generator=tg.Generator(0)).load_state_dict(
            DataLoader(Squares(2)).state_dict()
        )


@pytest.mark.parametrize("num_workers", [0, 2])
def test_a_stream_is_resumed(num_workers: int) -> None:
    def loader() -> DataLoader[Any]:
        return DataLoader(Shares(), batch_size=2, num_workers=num_workers)

    whole = loader()
    running = iter(whole)
    first = [next(running).tolist() for _ in range(3)]
    resumed = loader()
    resumed.load_state_dict(whole.state_dict())
    assert [b.tolist() for b in running] == (rest := [b.tolist() for b in resumed])
    assert sorted(i for b in first + rest for i in b) == list(range(11))


def test_a_stream_in_shares() -> None:
    assert sorted(DataLoader(Shares(), batch_size=None, num_workers=3)) == list(range(11))
    batches = [b.tolist() for b in DataLoader(Shares(), batch_size=2, num_workers=2)]
    assert batches == [[0, 2], [1, 3], [4, 6], [5, 7], [8, 10], [9]]
    assert get_worker_info() is None


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        (key_error, KeyError, "Caught KeyError in DataLoader worker process 1"),
        (own_error, RuntimeError, "1 and 2"),
        (unsendable, RuntimeError, "a batch must be picklable"),
        (die, RuntimeError, "DataLoader worker 1 .*exited unexpectedly with exit code -9"),
    ],
)
def test_failures_reach_the_loop(how: Any, error: type[Exception], text: str) -> None:
    batches = iter(DataLoader(Fails(how), batch_size=None, collate_fn=lambda x: x, num_workers=2))
    assert [next(batches) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(error, match=text) as found:
        next(batches)
    if how in (key_error, own_error):
        assert f"in {how.__name__}\n" in str(found.value)


def test_init_is_called_and_its_failure_too() -> None:
    def init(i: int) -> None:
        raise ValueError(f"init of {i}")

    with pytest.raises(ValueError, match="init of 0"):
        list(DataLoader(Squares(4), num_workers=1, worker_init_fn=init))


def test_a_slow_worker_times_out() -> None:
    start = time.monotonic()
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.2 seconds: worker 1"):
        list(DataLoader(Fails(lambda: time.sleep(60)), num_workers=2, timeout=0.2))
    assert time.monotonic() - start < 50, "as long as the worker sleeps"


def test_leaving_the_loop_early_ends_the_workers() -> None:
    for _ in DataLoader(TensorDataset(tg.rand(100, 50_000)), batch_size=10, num_workers=2):
        break
    iterator = iter(DataLoader(Squares(10), num_workers=2))
    next(iterator)
    del iterator


def test_workers_end_when_their_parent_is_killed() -> None:
    program = """
import numpy as np, os, signal
from tinygrad_lab.utils.data import DataLoader, TensorDataset
batches = iter(DataLoader(TensorDataset(np.zeros((100, 50_000))), batch_size=10, num_workers=2))
next(batches)
print(*(w.pid for w in __import__("multiprocessing").active_children()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, timeout=20)
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_text() for pid in pids):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_started_anew_with_spawn() -> None:
    loader = DataLoader(TensorDataset(tg.arange(4)), batch_size=2, num_workers=1, multiprocessing_context="spawn")
    assert [b.tolist() for (b,) in loader] == [[0, 1], [2, 3]]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"num_workers": -1}, "num_workers option should be non-negative, not -1"),
        ({"timeout": -1}, "timeout option should be non-negative, not -1"),
        ({"prefetch_factor": 2}, "could only be specified in multiprocessing"),
        ({"num_workers": 1, "prefetch_factor": 0}, "should be positive, not 0"),
        ({"multiprocessing_context": "fork"}, "can only be used with num_workers > 0"),
    ],
)
def test_arguments_that_make_no_sense(arguments: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        DataLoader(Squares(3), **arguments)
