"""Data sets, samplers, collating and the loader: PyTorch's meaning and errors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import Generator, Tensor, from_numpy, tensor
from tinygrad_lab.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


def seeded(n: int) -> Generator:
    generator = Generator()
    generator.manual_seed(n)
    return generator


def pairs(n: int) -> TensorDataset:
    """Sample i is (10 i, 10 i + 1) and the class i % 3."""
    x = np.arange(2 * n, dtype=np.float32).reshape(n, 2) * 5
    return TensorDataset(from_numpy(x), from_numpy(np.arange(n) % 3))


class Squares(Dataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __getitem__(self, index: Any) -> int:
        return int(index) ** 2

    def __len__(self) -> int:
        return self.n


class Countdown(IterableDataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n, 0, -1))

    def __len__(self) -> int:
        return self.n


def values(batches: Any) -> list[Any]:
    return [batch.tolist() for batch in batches]


def assert_same(got: Any, want: Any) -> None:
    """The same structure, dtypes and bits."""
    assert type(got) is type(want)
    if isinstance(got, Tensor):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got.numpy(), want.numpy())
    else:
        assert len(got) == len(want)
        for a, b in zip(got, want, strict=True):
            assert_same(a, b)


class TestDatasets:
    def test_a_tensor_dataset_gives_tuples_of_entries(self) -> None:
        dataset = pairs(4)
        x, label = dataset[3]
        assert x.tolist() == [30, 35]
        assert label.item() == 0
        assert len(dataset) == 4

    def test_a_tensor_dataset_wraps_arrays_without_a_copy(self) -> None:
        array = np.zeros((3, 2), np.float32)
        dataset = TensorDataset(array)
        array[1] = 7
        assert dataset[1][0].tolist() == [7, 7]

    def test_tensors_of_other_lengths_are_refused(self) -> None:
        message = r"Size mismatch between tensors: the first dimensions of \(3, 2\), \(4,\) must"
        with pytest.raises(AssertionError, match=message):
            TensorDataset(from_numpy(np.zeros((3, 2))), from_numpy(np.zeros(4)))

    def test_a_dataset_must_define_its_items(self) -> None:
        class Empty(Dataset[int]):
            pass

        with pytest.raises(NotImplementedError, match="Empty: a Dataset must define __getitem__"):
            Empty()[0]

    def test_an_iterable_dataset_must_define_its_iteration(self) -> None:
        class Empty(IterableDataset[int]):
            pass

        with pytest.raises(NotImplementedError, match="Empty: an IterableDataset must define"):
            iter(Empty())

    def test_a_subset_picks(self) -> None:
        subset = Subset(Squares(10), [7, 2, 7])
        assert [subset[i] for i in range(3)] == [49, 4, 49]
        assert len(subset) == 3
        assert Subset(subset, [1])[0] == 4
        assert Subset(pairs(9), [8, 4])[[1, 0]][0].tolist() == [[40, 45], [80, 85]]

    def test_data_sets_one_after_another(self) -> None:
        both = Squares(3) + Squares(2)
        assert isinstance(both, ConcatDataset)
        assert [both[i] for i in range(len(both))] == [0, 1, 4, 0, 1]
        assert (both[-1], both[-5]) == (1, 0)
        for i in (5, -6):
            with pytest.raises(IndexError, match=f"index {i} is out of range for 5 samples"):
                both[i]
        with pytest.raises(AssertionError, match="should not be an empty iterable"):
            ConcatDataset([])
        with pytest.raises(AssertionError, match="does not support IterableDataset"):
            ConcatDataset([Squares(1), Countdown(1)])

    def test_streams_one_after_another(self) -> None:
        both = Countdown(3) + Countdown(2)
        assert isinstance(both, ChainDataset)
        assert values(DataLoader(both, 4)) == [[3, 2, 1, 2], [1]]
        assert len(both) == 5
        with pytest.raises(AssertionError, match="only supports IterableDataset"):
            ChainDataset([Squares(1)])

    def test_data_sets_side_by_side(self) -> None:
        both = StackDataset(Squares(3), pairs(3))
        assert both[2][0] == 4
        assert both[2][1][0].tolist() == [20, 25]
        named = StackDataset(a=Squares(4), b=[5, 6, 7, 8])
        assert named[1] == {"a": 1, "b": 6}
        assert named.__getitems__([3, 0]) == [{"a": 9, "b": 8}, {"a": 0, "b": 5}]
        batch = next(iter(DataLoader(named, 4)))
        assert (batch["a"].tolist(), batch["b"].tolist()) == ([0, 1, 4, 9], [5, 6, 7, 8])
        with pytest.raises(ValueError, match="Size mismatch between datasets: their lengths are 2, 3"):
            StackDataset(Squares(2), Squares(3))
        with pytest.raises(ValueError, match="At least one dataset"):
            StackDataset()
        with pytest.raises(ValueError, match="both types are given"):
            StackDataset(Squares(2), b=Squares(2))


class TestRandomSplit:
    def test_lengths(self) -> None:
        parts = random_split(Squares(10), [3, 7], generator=seeded(0))
        assert [len(part) for part in parts] == [3, 7]
        assert sorted(x for part in parts for x in (part[i] for i in range(len(part)))) == [i**2 for i in range(10)]

    def test_the_rest_of_fractions_is_given_in_turn(self) -> None:
        parts = random_split(Squares(11), [0.35, 0.35, 0.3], generator=seeded(0))
        assert [len(part) for part in parts] == [4, 4, 3]
        assert sorted(i for part in parts for i in part.indices) == list(range(11))

    def test_the_same_seed_splits_alike(self) -> None:
        first, again = (random_split(Squares(50), [25, 25], seeded(5)) for _ in range(2))
        other = random_split(Squares(50), [25, 25], seeded(6))
        assert first[0].indices == again[0].indices != other[0].indices

    def test_lengths_of_another_sum_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"Sum of input lengths .*: 3 \+ 4 = 7, not 10"):
            random_split(Squares(10), [3, 4])

    def test_a_fraction_out_of_range_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1: -0.5"):
            random_split(Squares(10), [-0.5, 1.5])

    def test_an_empty_part_warns(self) -> None:
        with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
            random_split(Squares(1), [0.5, 0.5])


class TestSamplers:
    def test_sequential(self) -> None:
        assert list(SequentialSampler(Squares(4))) == [0, 1, 2, 3]

    def test_random_is_a_permutation_and_another_each_time(self) -> None:
        sampler = RandomSampler(Squares(100), generator=seeded(0))
        first, second = list(sampler), list(sampler)
        assert sorted(first) == sorted(second) == list(range(100))
        assert first != second
        assert list(RandomSampler(Squares(100), generator=seeded(0))) == first

    def test_random_gives_python_ints(self) -> None:
        assert {type(i) for i in RandomSampler(Squares(3))} == {int}

    @pytest.mark.parametrize("count", [3, 10, 25])
    def test_random_in_another_number_repeats_only_when_all_are_used(self, count: int) -> None:
        drawn = list(RandomSampler(Squares(10), num_samples=count, generator=seeded(0)))
        assert len(drawn) == count
        for start in range(0, count, 10):
            part = drawn[start : start + 10]
            assert len(set(part)) == len(part)

    def test_random_with_replacement(self) -> None:
        sampler = RandomSampler(Squares(5), replacement=True, num_samples=1000, generator=seeded(0))
        assert len(sampler) == 1000
        counts = np.bincount(list(sampler), minlength=5)
        assert counts.sum() == 1000
        assert (counts > 150).all()

    def test_random_refuses(self) -> None:
        with pytest.raises(ValueError, match="num_samples should be a positive integer.*=0"):
            RandomSampler(Squares(0))
        with pytest.raises(ValueError, match=r"num_samples should be a positive .*=2\.5"):
            RandomSampler(Squares(3), num_samples=2.5)
        with pytest.raises(TypeError, match="replacement should be a boolean value.*=1"):
            RandomSampler(Squares(3), replacement=1)

    def test_a_subset_in_random_order(self) -> None:
        sampler = SubsetRandomSampler([7, 3, 5, 9], generator=seeded(0))
        first, second = list(sampler), list(sampler)
        assert sorted(first) == sorted(second) == [3, 5, 7, 9]
        assert list(SubsetRandomSampler([7, 3, 5, 9], generator=seeded(0))) == first
        assert {tuple(SubsetRandomSampler([1, 2])) for _ in range(50)} == {(1, 2), (2, 1)}
        assert len(sampler) == 4

    def test_by_weight(self) -> None:
        sampler = WeightedRandomSampler([1, 0, 3], 4000, generator=seeded(0))
        counts = np.bincount(list(sampler), minlength=3)
        assert counts[1] == 0
        assert 900 < counts[0] < 1100
        assert len(sampler) == counts.sum() == 4000
        for _ in range(10):
            assert sorted(WeightedRandomSampler([0.1, 0, 5, 2], 3, replacement=False)) == [0, 2, 3]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], 0), "num_samples should be a positive integer value, but got num_samples=0"),
            (([1, 2], 1, 1), "replacement should be a boolean value, but got replacement=1"),
            (([[1, 2]], 1), r"weights should be a 1d sequence but given weights have shape \(1, 2\)"),
            (([1, -2], 1), "finite and not negative"),
            (([1, 0, 2], 3, False), "3 samples can't be drawn from 2 positive weights, replacement=False"),
            (([0, 0], 1), "can't be drawn from 0 positive"),
        ],
    )
    def test_by_weight_refuses(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            WeightedRandomSampler(*arguments)

    @pytest.mark.parametrize(
        ("n", "drop_last", "batches"),
        [
            (7, False, [[0, 1, 2], [3, 4, 5], [6]]),
            (7, True, [[0, 1, 2], [3, 4, 5]]),
            (6, False, [[0, 1, 2], [3, 4, 5]]),
            (6, True, [[0, 1, 2], [3, 4, 5]]),
            (2, True, []),
            (0, False, []),
        ],
    )
    def test_batches(self, n: int, drop_last: bool, batches: list[list[int]]) -> None:
        sampler = BatchSampler(SequentialSampler(range(n)), 3, drop_last)
        assert list(sampler) == batches
        assert len(sampler) == len(batches)

    @pytest.mark.parametrize("size", [0, -1, 2.0, True, None])
    def test_batches_refuse_a_size(self, size: Any) -> None:
        with pytest.raises(ValueError, match=f"batch_size should be a positive .*={size}"):
            BatchSampler(range(3), size, False)

    def test_batches_refuse_drop_last(self) -> None:
        with pytest.raises(ValueError, match="drop_last should be a boolean value"):
            BatchSampler(range(3), 2, 0)

    def test_a_sampler_must_define_its_iteration(self) -> None:
        class Empty(Sampler[int]):
            pass

        with pytest.raises(NotImplementedError, match="Empty: a Sampler must define __iter__"):
            iter(Empty())


class Point(NamedTuple):
    x: Any
    y: Any


class TestCollate:
    @pytest.mark.parametrize(
        ("batch", "dtype"),
        [
            ([1, 2], np.int64),
            ([1.5, 2.5], np.float64),
            ([True, False], np.bool_),
            ([np.float32(1), np.float32(2)], np.float32),
            ([np.int16(1), np.int16(2)], np.int16),
            ([np.True_, np.False_], np.bool_),
            ([np.zeros(3, np.float32), np.ones(3, np.float32)], np.float32),
            ([np.zeros((2, 2)), np.ones((2, 2))], np.float64),
            ([tensor([1.0, 2.0]), tensor([3.0, 4.0])], np.float32),
        ],
    )
    def test_numbers_and_arrays_are_stacked(self, batch: list[Any], dtype: Any) -> None:
        collated = default_collate(batch)
        want = np.stack([b.numpy() if isinstance(b, Tensor) else np.asarray(b) for b in batch])
        assert isinstance(collated, Tensor)
        assert collated.dtype == dtype
        np.testing.assert_array_equal(collated.numpy(), want)

    def test_stacking_is_differentiable(self) -> None:
        w = tensor([1.0, 2.0], requires_grad=True)
        default_collate([w, tensor([3.0, 4.0]), w]).sum().backward()
        assert w.grad is not None
        assert w.grad.tolist() == [2, 2]

    def test_structures_are_kept(self) -> None:
        sample = {"image": np.zeros(2), "at": Point(1, 2), "tags": ["a", "b"], "box": (3, b"c")}
        collated = default_collate([sample, sample])
        assert collated["image"].shape == (2, 2)
        assert type(collated["at"]) is Point
        assert collated["at"].y.tolist() == [2, 2]
        assert collated["tags"] == [("a", "a"), ("b", "b")]
        assert type(collated["box"]) is list
        assert collated["box"][0].tolist() == [3, 3]
        assert collated["box"][1] == (b"c", b"c")

    def test_mappings_keep_their_type_where_they_can(self) -> None:
        assert type(default_collate([OrderedDict(a=1)])) is OrderedDict
        assert type(default_collate([MappingProxyType({"a": 1})])) is MappingProxyType
        assert default_collate([range(2), range(2)])[1].tolist() == [1, 1]

    def test_samples_are_not_changed(self) -> None:
        sample = {"a": ["b"]}
        default_collate([sample, sample])
        assert sample == {"a": ["b"]}

    def test_samples_of_other_lengths_are_refused(self) -> None:
        message = "each element in list of batch should be of equal size, but got lengths 2, 1"
        with pytest.raises(RuntimeError, match=message):
            default_collate([[1, 2], [1]])

    def test_samples_of_other_shapes_are_refused(self) -> None:
        message = r"stack expects each tensor to be equal size, but got \(2,\) and \(3,\); pass a"
        with pytest.raises(RuntimeError, match=message):
            default_collate([np.zeros(2), np.zeros(3)])

    @pytest.mark.parametrize(("sample", "found"), [(None, "NoneType"), ({1}, "set"), (np.array(["a"]), "<U1")])
    def test_what_has_no_tensor_is_refused(self, sample: Any, found: str) -> None:
        with pytest.raises(TypeError, match=f"default_collate: batch must contain .*{found}"):
            default_collate([sample])

    def test_convert_leaves_structure_and_plain_numbers(self) -> None:
        converted = default_convert({"a": [np.zeros(2), 1.5], "b": Point(np.int8(3), "x")})
        assert isinstance(converted["a"][0], Tensor)
        assert converted["a"][1] == 1.5
        assert isinstance(converted["b"].x, Tensor)
        assert converted["b"].x.dtype == np.int8
        assert converted["b"].y == "x"
        assert type(default_convert((1, 2))) is list


class TestLoader:
    def test_batches_in_order(self) -> None:
        loader = DataLoader(Squares(5), batch_size=2)
        assert values(loader) == [[0, 1], [4, 9], [16]]
        assert values(loader) == [[0, 1], [4, 9], [16]]
        assert len(loader) == 3

    def test_drop_last(self) -> None:
        loader = DataLoader(Squares(5), batch_size=2, drop_last=True)
        assert values(loader) == [[0, 1], [4, 9]]
        assert len(loader) == 2

    def test_any_sequence_is_a_dataset(self) -> None:
        assert values(DataLoader([1.0, 2.0, 3.0], batch_size=3)) == [[1, 2, 3]]

    def test_shuffling_reads_each_sample_once_in_another_order_each_time(self) -> None:
        loader = DataLoader(Squares(64), batch_size=10, shuffle=True, generator=seeded(3))
        first, second = ([x for batch in values(loader) for x in batch] for _ in range(2))
        assert sorted(first) == sorted(second) == [i**2 for i in range(64)]
        assert first != second

    def test_the_same_seed_gives_the_same_order(self) -> None:
        generator = seeded(3)
        state = generator.get_state()
        loader = DataLoader(Squares(64), batch_size=10, shuffle=True, generator=generator)
        first = values(loader)
        generator.set_state(state)
        assert values(loader) == first
        assert values(DataLoader(Squares(64), 10, shuffle=True, generator=seeded(3))) == first

    def test_the_default_generator_shuffles(self) -> None:
        loader = DataLoader(Squares(64), batch_size=64, shuffle=True)
        tg.manual_seed(0)
        first = values(loader)
        tg.manual_seed(0)
        assert values(loader) == first

    def test_a_sampler_gives_the_order(self) -> None:
        assert values(DataLoader(Squares(9), 2, sampler=[8, 1, 1])) == [[64, 1], [1]]

    def test_a_batch_sampler_gives_the_batches(self) -> None:
        loader = DataLoader(Squares(9), batch_sampler=[[3], [2, 1]])
        assert values(loader) == [[9], [4, 1]]
        assert len(loader) == 2
        assert loader.batch_size is None

    def test_collate_fn_gets_the_samples(self) -> None:
        assert list(DataLoader(Squares(3), 2, collate_fn=sum)) == [1, 4]

    def test_without_batches_samples_come_one_by_one(self) -> None:
        dataset = [(np.zeros(2), 1), (np.ones(2), 2)]
        loader = DataLoader(dataset, batch_size=None)
        assert len(loader) == 2
        array, number = list(loader)[1]
        assert array.tolist() == [1, 1]
        assert number == 2

    def test_a_stream_is_batched(self) -> None:
        assert values(DataLoader(Countdown(5), 2)) == [[5, 4], [3, 2], [1]]
        assert values(DataLoader(Countdown(5), 2, drop_last=True)) == [[5, 4], [3, 2]]
        assert list(DataLoader(Countdown(2), None)) == [2, 1]
        assert len(DataLoader(Countdown(5), 2)) == 3
        assert len(DataLoader(Countdown(5), None)) == 5

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuf"),
            ({"batch_sampler": [[0]], "batch_size": 2}, "batch_sampler option is mutually excl"),
            ({"batch_sampler": [[0]], "shuffle": True}, "batch_sampler option is mutually excl"),
            ({"batch_sampler": [[0]], "drop_last": True}, "batch_sampler option is mutually ex"),
            ({"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-ba"),
            ({"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
            ({"batch_size": 0}, "batch_size should be a positive integer value, but got batch_si"),
        ],
    )
    def test_options_that_do_not_fit_are_refused(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            DataLoader(Squares(5), **options)

    def test_a_line_of_a_pytorch_script_is_understood(self) -> None:
        loader = DataLoader(Squares(5), 2, False, None, None, 1, None, True, True, persistent_workers=True)
        assert (loader.pin_memory, loader.drop_last, loader.persistent_workers) == (True, True, True)
        assert [batch.tolist() for batch in loader] == [batch.tolist() for batch in loader] == [[0, 1], [4, 9]]

    @pytest.mark.parametrize("option", ["sampler", "batch_sampler", "shuffle"])
    def test_a_stream_has_no_order_to_choose(self, option: str) -> None:
        message = f"DataLoader with IterableDataset: expected unspecified {option} option, but got"
        with pytest.raises(ValueError, match=message):
            DataLoader(Countdown(5), **{option: [0]})


class TestWholeBatches:
    """A batch of tensors is read by one indexing of each: the same batch as sample by sample."""

    @staticmethod
    def one_by_one(samples: Sequence[Any]) -> Any:
        return default_collate(samples)

    @pytest.mark.parametrize("shuffle", [False, True])
    @pytest.mark.parametrize("nested", [False, True])
    def test_the_batches_are_the_same(self, nested: bool, shuffle: bool) -> None:
        dataset: Any = pairs(23)
        if nested:
            dataset = Subset(Subset(dataset, [*range(0, 23, 2), 0]), [12, 3, 0, 5, 7, -1])
        fast, slow = (
            DataLoader(dataset, 4, shuffle, collate_fn=collate, generator=seeded(1))
            for collate in (None, self.one_by_one)
        )
        assert_same(list(fast), list(slow))

    def test_the_fast_way_is_taken(self) -> None:
        class Whole(TensorDataset):
            def __getbatch__(self, indices: Sequence[int]) -> Any:
                return list(indices)

        whole = Whole(np.zeros(5))
        assert list(DataLoader(whole, 2)) == [[0, 1], [2, 3], [4]]
        assert list(DataLoader(Subset(whole, [4, 2]), 2)) == [[4, 2]]
        assert list(DataLoader(whole, 5, collate_fn=len)) == [5]

    def test_a_batch_is_differentiable(self) -> None:
        table = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
        for (batch,) in DataLoader(TensorDataset(table), batch_sampler=[[1, 1, 0]]):
            batch.sum().backward()
        assert table.grad is not None
        assert table.grad.tolist() == [[1, 1], [2, 2]]

    def test_a_batch_shares_no_memory_with_the_dataset(self) -> None:
        array = np.zeros((4, 2), np.float32)
        for (batch,) in DataLoader(TensorDataset(array), 2):
            batch.numpy()[:] = 1
        assert not array.any()

    def test_a_redefined_getitem_is_used(self) -> None:
        class Doubled(TensorDataset):
            def __getitem__(self, index: Any) -> Any:
                return [2 * t.numpy() for t in super().__getitem__(index)]

        class Shifted(Subset[Any]):
            def __getitem__(self, index: Any) -> Any:
                return super().__getitem__(index)[0] + 1

        doubled = Doubled(np.arange(4.0))
        assert values(next(iter(DataLoader(doubled, 4)))) == [[0, 2, 4, 6]]
        assert values(next(iter(DataLoader(Subset(doubled, [3, 1]), 2)))) == [[6, 2]]
        assert values(DataLoader(Shifted(doubled, [3, 1]), 2)) == [[7, 3]]

    def test_getitems_reads_many_samples(self) -> None:
        class Many(Squares):
            def __getitems__(self, indices: Sequence[int]) -> list[int]:
                return [-i for i in indices]

        assert values(DataLoader(Many(4), 4)) == [[0, -1, -2, -3]]
        assert list(DataLoader(Many(4), 4, collate_fn=sum)) == [-6]
        assert values(DataLoader(Subset(Many(4), [3]), 1)) == [[-3]]
