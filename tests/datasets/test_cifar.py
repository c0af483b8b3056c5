"""CIFAR's readers on small files: both layouts, where they look, what they give, and what they refuse."""

from __future__ import annotations

import pickle
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygrad_lab import Tensor
from tinygrad_lab.datasets import CIFAR10, CIFAR100
from tinygrad_lab.utils.data import DataLoader, default_collate


def some_pixels(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.RandomState(seed).randint(0, 256, (n, 3072)).astype(np.uint8)


def some_labels(n: int, seed: int, classes: int = 10) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.RandomState(seed + 100).randint(0, classes, n)


NAMES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def write_binary(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(NAMES):
        rows = np.concatenate([some_labels(3, seed)[:, None], some_pixels(3, seed)], axis=1)
        rows.astype(np.uint8).tofile(folder / f"{name}.bin")


def write_python(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(NAMES):
        content = {b"data": some_pixels(3, seed), b"labels": some_labels(3, seed).tolist(), b"batch_label": b"one"}
        (folder / name).write_bytes(pickle.dumps(content, 2))


def write_hundred(root: Path) -> None:
    for layout in ("binary", "python"):
        (root / f"cifar-100-{layout}").mkdir()
    for seed, name in enumerate(("train", "test")):
        pixels, coarse, fine = some_pixels(4, seed), some_labels(4, seed, 20), some_labels(4, seed, 100)
        rows = np.concatenate([coarse[:, None], fine[:, None], pixels], axis=1).astype(np.uint8)
        rows.tofile(root / "cifar-100-binary" / f"{name}.bin")
        content = {"data": pixels, "coarse_labels": coarse.tolist(), "fine_labels": fine.tolist()}
        (root / "cifar-100-python" / name).write_bytes(pickle.dumps(content, 2))


LAYOUTS = [(write_binary, "cifar-10-batches-bin"), (write_python, "cifar-10-batches-py")]


@pytest.mark.parametrize(("write", "folder"), LAYOUTS)
@pytest.mark.parametrize("inside", [True, False])
def test_both_layouts_in_either_place(tmp_path: Path, write: Any, folder: str, inside: bool) -> None:
    write(tmp_path / folder if inside else tmp_path)
    train, test = CIFAR10(tmp_path), CIFAR10(str(tmp_path), train=False)
    assert (len(train), len(test)) == (15, 3)
    pixels = np.concatenate([some_pixels(3, seed) for seed in range(5)])
    np.testing.assert_array_equal(train.images, pixels.reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(train.labels, np.concatenate([some_labels(3, seed) for seed in range(5)]))
    np.testing.assert_array_equal(test.images, some_pixels(3, 5).reshape(-1, 3, 32, 32))
    assert train.images.dtype == np.uint8
    assert train.labels.dtype == np.int64


@pytest.mark.parametrize("gone", ["binary", "python"])
def test_a_hundred_classes(tmp_path: Path, gone: str) -> None:
    write_hundred(tmp_path)
    for file in (tmp_path / f"cifar-100-{gone}").iterdir():
        file.unlink()
    test = CIFAR100(tmp_path, train=False)
    np.testing.assert_array_equal(test.images, some_pixels(4, 1).reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(test.labels, some_labels(4, 1, 100))
    np.testing.assert_array_equal(test.coarse_labels, some_labels(4, 1, 20))
    assert len(CIFAR100.classes) == 100
    assert len(CIFAR10.classes) == 10


def test_an_item_is_an_image_of_unit_range_and_its_class(tmp_path: Path) -> None:
    write_binary(tmp_path)
    image, label = CIFAR10(tmp_path)[4]
    assert isinstance(image, Tensor)
    assert image.shape == (3, 32, 32)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image.numpy().ravel(), some_pixels(3, 1)[1] / np.float32(255))
    assert type(label) is int
    assert label == some_labels(3, 1)[1]


def test_batches_and_transforms(tmp_path: Path) -> None:
    write_binary(tmp_path)
    dataset = CIFAR10(tmp_path, train=False)
    images, labels = next(iter(DataLoader(dataset, batch_sampler=[[2, 0, 2]])))
    expected = default_collate([dataset[i] for i in (2, 0, 2)])
    assert images.tolist() == expected[0].tolist()
    assert labels.tolist() == expected[1].tolist()
    dataset = CIFAR10(tmp_path, train=False, transform=lambda x: x.numpy().max(), target_transform=lambda c: c + 10)
    values, labels = next(iter(DataLoader(dataset, batch_size=3)))
    assert values.shape == (3,)
    assert labels.tolist() == (some_labels(3, 5) + 10).tolist()


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such folder; name the one"):
        CIFAR10(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="CIFAR100: no file train; tried .*cifar-100-binary.*cifar-100-python"):
        CIFAR100(tmp_path)
    write_binary(tmp_path)
    (tmp_path / "data_batch_4.bin").unlink()
    with pytest.raises(FileNotFoundError, match="CIFAR10: no file .*data_batch_4.bin, though 4 of 5 are there"):
        CIFAR10(tmp_path)


@pytest.mark.parametrize("size", [0, 3072, 3073 * 2 + 1])
def test_a_binary_file_of_another_size(tmp_path: Path, size: int) -> None:
    (tmp_path / "test_batch.bin").write_bytes(bytes(size))
    with pytest.raises(ValueError, match=f"test_batch.bin: expected records of 3073 bytes.*it has {size} bytes"):
        CIFAR10(tmp_path, train=False)


def test_a_label_beyond_the_last_class(tmp_path: Path) -> None:
    rows = np.zeros((3, 3073), np.uint8)
    rows[1, 0] = 10
    rows.tofile(tmp_path / "test_batch.bin")
    with pytest.raises(ValueError, match="expected labels from 0 to 9, found 10 at index 1"):
        CIFAR10(tmp_path, train=False)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([1], "expected a dict with 'data'"),
        ({"data": np.zeros((2, 3072), np.uint8)}, "expected a dict with 'labels'"),
        ({"data": np.zeros((2, 3072)), "labels": [1, 2]}, "dtype uint8 and shape \\(n, 3072\\), found float64"),
        ({"data": np.zeros((2, 9), np.uint8), "labels": [1, 2]}, "found uint8 \\(2, 9\\)"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, "expected 2 integers as 'labels'"),
        ({"data": np.zeros((2, 3072), np.uint8), "labels": [1, -2]}, "found -2 at index 1"),
        ({"data": print, "labels": [1]}, "it names builtins.print"),
    ],
)
def test_a_python_file_of_something_else(tmp_path: Path, content: Any, text: str) -> None:
    (tmp_path / "test_batch").write_bytes(pickle.dumps(content, 4))
    with pytest.raises(ValueError, match=text):
        CIFAR10(tmp_path, train=False)


@pytest.mark.parametrize(("kind", "write"), [(CIFAR10, None), (CIFAR100, write_hundred)])
def test_the_archive_is_fetched_and_unpacked_once(
    kind: Any, write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def retrieve(url: str, known_hash: str, *, fname: str, path: Path, progressbar: bool) -> str:
        assert progressbar
        asked.append((url, known_hash, fname))
        made = tmp_path / "made"
        made.mkdir()
        if write is None:
            write_binary(made / kind.folders[0])
        else:
            write(made)
        path.mkdir(exist_ok=True)
        with tarfile.open(path / fname, "w:gz") as archive:
            archive.add(made / kind.folders[0], kind.folders[0])
        return str(path / fname)

    monkeypatch.setitem(sys.modules, "pooch", SimpleNamespace(retrieve=retrieve))
    with pytest.raises(FileNotFoundError, match="get them with download=True"):
        kind(tmp_path / "new")
    for train in (True, False):
        assert len(kind(tmp_path / "new", train, download=True)) > 0
    url, md5 = kind.archive
    assert asked == [(url, f"md5:{md5}", url.rpartition("/")[2])]
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad_lab\[data\]"'):
        kind(tmp_path / "other", download=True)
