"""MNIST's readers on small files: where they look, what they give, and what they refuse."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygrad_lab import Tensor
from tinygrad_lab.datasets import MNIST, FashionMNIST
from tinygrad_lab.utils.data import DataLoader, default_collate

Write = Callable[[Path, Any], Path]
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


def some_images(n: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.RandomState(n).randint(0, 256, (n, 28, 28)).astype(np.uint8)


@pytest.fixture
def root(tmp_path: Path, write_idx: Write) -> Path:
    """A folder with 5 training and 3 test images, the latter gzipped."""
    write_idx(tmp_path / IMAGES, some_images(5))
    write_idx(tmp_path / LABELS, np.array([5, 0, 4, 1, 9], np.uint8))
    write_idx(tmp_path / "t10k-images-idx3-ubyte.gz", some_images(3))
    write_idx(tmp_path / "t10k-labels-idx1-ubyte.gz", np.array([7, 2, 1], np.uint8))
    return tmp_path


def test_the_training_set_and_the_test_set_are_read(root: Path) -> None:
    train, test = MNIST(root), MNIST(root, train=False)
    np.testing.assert_array_equal(train.images, some_images(5))
    np.testing.assert_array_equal(test.images, some_images(3))
    assert train.labels.tolist() == [5, 0, 4, 1, 9]
    assert test.labels.tolist() == [7, 2, 1]
    assert (len(train), len(test)) == (5, 3)
    assert train.images.dtype == np.uint8
    assert train.labels.dtype == np.int64


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(("dataset", "folder"), [(MNIST, "MNIST"), (FashionMNIST, "FashionMNIST")])
def test_torchvisions_folders_are_searched(
    tmp_path: Path, write_idx: Write, dataset: type[MNIST], folder: str, suffix: str
) -> None:
    raw = tmp_path / folder / "raw"
    write_idx(raw / f"{IMAGES}{suffix}", some_images(2))
    write_idx(raw / f"{LABELS}{suffix}", np.array([3, 8], np.uint8))
    assert dataset(tmp_path).labels.tolist() == [3, 8]
    assert dataset(str(tmp_path)).labels.tolist() == [3, 8]


def test_an_item_is_an_image_of_unit_range_and_its_class(root: Path) -> None:
    image, label = MNIST(root)[2]
    assert isinstance(image, Tensor)
    assert image.shape == (1, 28, 28)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image.numpy()[0], some_images(5)[2].astype(np.float32) / 255)
    assert type(label) is int
    assert label == 4


def test_transforms_are_applied_to_each_item(root: Path) -> None:
    dataset = MNIST(root, transform=lambda image: image.numpy().max(), target_transform=lambda c: c + 100)
    assert dataset[4] == (some_images(5)[4].max() / np.float32(255), 109)
    values, labels = next(iter(DataLoader(dataset, batch_size=5)))
    assert values.shape == (5,)
    assert labels.tolist() == [105, 100, 104, 101, 109]


def test_a_batch_is_what_collating_its_items_makes(root: Path) -> None:
    dataset = MNIST(root)
    images, labels = next(iter(DataLoader(dataset, batch_sampler=[[3, 0, 3]])))
    expected = default_collate([dataset[i] for i in (3, 0, 3)])
    for got, want in zip((images, labels), expected, strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got.numpy(), want.numpy())
    assert images.shape == (3, 1, 28, 28)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere: no such folder; name the one that"):
        MNIST(tmp_path / "nowhere")


def test_a_missing_file_is_named_with_every_place_tried(root: Path) -> None:
    (root / LABELS).unlink()
    with pytest.raises(FileNotFoundError, match=f"no file {LABELS}") as caught:
        MNIST(root)
    raw = root / "MNIST" / "raw"
    for path in root / LABELS, root / f"{LABELS}.gz", raw / LABELS, raw / f"{LABELS}.gz":
        assert str(path) in str(caught.value)
    assert "download=True" in str(caught.value)


def test_swapped_files_are_found(root: Path) -> None:
    (root / IMAGES).rename(root / "other")
    (root / LABELS).rename(root / IMAGES)
    (root / "other").rename(root / LABELS)
    message = rf"{IMAGES}: expected images \(3 dimensions\), found labels of shape \(5,\); .*swapped"
    with pytest.raises(ValueError, match=message):
        MNIST(root)


def test_images_in_place_of_labels_are_found(root: Path, write_idx: Write) -> None:
    write_idx(root / LABELS, some_images(5))
    message = rf"{LABELS}: expected labels \(1 dimensions\), found images of shape \(5, 28, 28\)"
    with pytest.raises(ValueError, match=message):
        MNIST(root)


def test_something_else_in_place_of_images_is_found(root: Path, write_idx: Write) -> None:
    write_idx(root / IMAGES, np.zeros((5, 784), np.uint8))
    with pytest.raises(ValueError, match=r"found something else of shape \(5, 784\)"):
        MNIST(root)


def test_another_size_of_image_is_found(root: Path, write_idx: Write) -> None:
    write_idx(root / IMAGES, np.zeros((5, 32, 32), np.uint8))
    message = rf"{IMAGES}: expected images of 28 x 28 pixels, found shape \(5, 32, 32\)"
    with pytest.raises(ValueError, match=message):
        MNIST(root)


def test_another_dtype_is_found(root: Path, write_idx: Write) -> None:
    write_idx(root / LABELS, np.array([5, 0, 4, 1, 9], np.int32))
    with pytest.raises(ValueError, match=f"{LABELS}: expected labels of dtype uint8, found int32"):
        MNIST(root)


def test_a_label_beyond_9_is_found(root: Path, write_idx: Write) -> None:
    write_idx(root / LABELS, np.array([5, 0, 10, 1, 255], np.uint8))
    message = f"{LABELS}: expected labels from 0 to 9, found 10 at index 2"
    with pytest.raises(ValueError, match=message):
        MNIST(root)


def test_another_number_of_labels_than_of_images_is_found(root: Path, write_idx: Write) -> None:
    write_idx(root / LABELS, np.array([5, 0, 4], np.uint8))
    with pytest.raises(ValueError, match=rf"5 images in .*{IMAGES} but 3 labels in .*{LABELS}"):
        MNIST(root)


def test_a_truncated_file_is_found(root: Path) -> None:
    (root / IMAGES).write_bytes((root / IMAGES).read_bytes()[:-1])
    with pytest.raises(ValueError, match=f"{IMAGES}: truncated"):
        MNIST(root)


class TestDownload:
    """`download=True`, with a pooch that writes small files and notes what it was asked for."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch, write_idx: Write) -> list[tuple[str, str]]:
        asked: list[tuple[str, str]] = []

        def retrieve(url: str, known_hash: str, *, fname: str, path: Path, progressbar: bool) -> str:
            assert progressbar
            asked.append((url, known_hash))
            labels = np.array([1, 2], np.uint8)
            return str(write_idx(path / fname, labels if "labels" in fname else some_images(2)))

        monkeypatch.setitem(sys.modules, "pooch", SimpleNamespace(retrieve=retrieve))
        monkeypatch.setitem(sys.modules, "tqdm", SimpleNamespace())
        return asked

    def test_files_are_fetched_with_their_checksums(self, tmp_path: Path, asked: list[tuple[str, str]]) -> None:
        root = tmp_path / "new"
        assert MNIST(root, train=False, download=True).labels.tolist() == [1, 2]
        assert asked == [
            (f"{MNIST.mirror}t10k-images-idx3-ubyte.gz", "md5:9fb629c4189551a2d022fa330f9573f3"),
            (f"{MNIST.mirror}t10k-labels-idx1-ubyte.gz", "md5:ec29112dd5afa0611ce80d1b7f02629c"),
        ]
        assert (root / "MNIST" / "raw" / "t10k-images-idx3-ubyte.gz").is_file()

    def test_what_is_there_is_not_fetched(self, root: Path, asked: list[tuple[str, str]]) -> None:
        MNIST(root, download=True)
        assert asked == []
        (root / LABELS).unlink()
        with pytest.raises(ValueError, match=r"5 images in .* but 2 labels in"):
            MNIST(root, download=True)
        assert [url for url, _ in asked] == [f"{MNIST.mirror}{LABELS}.gz"]

    def test_fashion_mnist_has_its_own_files(self, tmp_path: Path, asked: list[tuple[str, str]]) -> None:
        assert FashionMNIST(tmp_path, download=True).classes[1] == "Trouser"
        assert asked[0] == (
            f"{FashionMNIST.mirror}{IMAGES}.gz",
            f"md5:{FashionMNIST.md5[IMAGES + '.gz']}",
        )
        assert not set(FashionMNIST.md5.values()) & set(MNIST.md5.values())

    @pytest.mark.parametrize("missing", ["pooch", "tqdm"])
    def test_a_missing_library_names_the_extra(
        self,
        tmp_path: Path,
        asked: list[tuple[str, str]],
        monkeypatch: pytest.MonkeyPatch,
        missing: str,
    ) -> None:
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(ImportError, match=r'pip install "tinygrad_lab\[data\]"'):
            MNIST(tmp_path, download=True)
