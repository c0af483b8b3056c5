"""CIFAR-10 and CIFAR-100, from their official files in a folder that the user names: binary or Python layout.

Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and the page of the data sets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..creation import from_numpy
from ..utils.data import Dataset, default_collate
from .download import fetch
from .plain_pickle import read_plain_pickle

PIXELS = 3 * 32 * 32


class CIFAR10(Dataset[tuple[Any, Any]]):
    """Photographs of ten kinds of things: 50,000 to train on and 10,000 to test, of 32 x 32 coloured pixels.

    The files are looked for in `root` and in the folder of the official archive there: those of the binary layout,
    `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, in `root/cifar-10-batches-bin`, or else those of the
    Python layout, the same names without suffix, in `root/cifar-10-batches-py`. Any number of images will do.

    An item is what torchvision's `CIFAR10` gives with `transform=ToTensor()`: a float32 tensor `(3, 32, 32)` of
    pixels / 255, red, green, blue, and the class as an int. The files' own numbers are in `images` and `labels`.

    Args:
        root: the folder that holds the files.
        train: read the training set, else the test set.
        transform: a function applied to the image of each item.
        target_transform: a function applied to the class of each item.
        download: get the archive of the binary layout into `root` (needs the extra `data`) where no layout is, with a
            progress bar, check its MD5 sum, and unpack it.

    Raises:
        FileNotFoundError: `root` or one of the files isn't there.
        ImportError: `download` is asked for, and pooch or tqdm isn't installed.
        ValueError: a file isn't what its name says: corrupt, truncated, a label beyond the last class; or a pickle that
            holds more than arrays, dicts, lists, strings, bytes and numbers.
    """

    images: NDArray[np.uint8]
    """The pixels, `(N, 3, 32, 32)`."""
    labels: NDArray[np.int64]
    """The classes, `(N,)`, counted from 0."""

    archive: ClassVar[tuple[str, str]] = (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
    )
    """Where `download` gets the files from, and the MD5 sum that the page of the data sets gives."""
    folders: ClassVar[tuple[str, str]] = "cifar-10-batches-bin", "cifar-10-batches-py"
    files: ClassVar[tuple[Sequence[str], Sequence[str]]] = [f"data_batch_{i}" for i in range(1, 6)], ["test_batch"]
    label_names: ClassVar[Sequence[str]] = ("labels",)
    """The labels of each image: their keys in the Python layout, in the order of the bytes of the binary one."""
    sizes: ClassVar[Sequence[int]] = (10,)
    classes: ClassVar[Sequence[str]] = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )

    def __init__(
        self,
        root: str | os.PathLike[str],
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root = Path(root).expanduser()
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        if download:
            self._download()
        elif not self.root.is_dir():
            raise FileNotFoundError(
                f"{self.root}: no such folder; name the one that holds the files of {type(self).__name__}, or get them "
                "with download=True"
            )
        read, paths = self._paths()
        images, labels = zip(*map(read, paths))
        self.images = np.concatenate(images)
        self.all_labels = np.concatenate(labels)
        self.labels = np.ascontiguousarray(self.all_labels[:, -1])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = from_numpy(_to_unit(self.images[index]))
        label: Any = int(self.labels[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __getbatch__(self, indices: Sequence[int]) -> Any:
        if self.transform is not None or self.target_transform is not None:
            return default_collate([self[i] for i in indices])
        return [from_numpy(_to_unit(self.images[indices])), from_numpy(self.labels[indices])]

    def __len__(self) -> int:
        return len(self.images)

    def _paths(self) -> tuple[Callable[[Path], tuple[NDArray[np.uint8], NDArray[np.int64]]], list[Path]]:
        """The reader of the layout that is there, and its files."""
        names = self.files[0 if self.train else 1]
        tried = []
        for folder, suffix, read in zip(self.folders, (".bin", ""), (self._read_binary, self._read_python)):
            for place in (self.root, self.root / folder):
                paths = [place / f"{name}{suffix}" for name in names]
                missing = [path for path in paths if not path.is_file()]
                if not missing:
                    return read, paths
                if len(missing) < len(paths):
                    raise FileNotFoundError(
                        f"{type(self).__name__}: no file {missing[0]}, though {len(paths) - len(missing)} of "
                        f"{len(paths)} are there; unpack the archive anew"
                    )
                tried.append(str(paths[0]))
        raise FileNotFoundError(
            f"{type(self).__name__}: no file {names[0]}; tried {', '.join(tried)}; name the folder that holds the "
            "unpacked official archive, or get it with download=True"
        )

    def _download(self) -> None:
        """Fetch and unpack the archive, unless a layout is there."""
        with suppress(FileNotFoundError):
            self._paths()
            return
        import tarfile  # takes as long to import as a fiftieth of this package

        with tarfile.open(fetch(type(self).__name__, *self.archive, self.root)) as archive:
            archive.extractall(self.root, filter="data")

    def _read_binary(self, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        record = len(self.label_names) + PIXELS
        content = np.fromfile(path, np.uint8)
        if not content.size or content.size % record:
            raise ValueError(
                f"{path}: expected records of {record} bytes, {len(self.label_names)} of labels and {PIXELS} of "
                f"pixels, but it has {content.size} bytes; it is truncated, or of another data set"
            )
        rows = content.reshape(-1, record)
        pixels = rows[:, len(self.label_names) :].reshape(-1, 3, 32, 32)
        return pixels, self._checked(path, rows[:, : len(self.label_names)].astype(np.int64))

    def _read_python(self, path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        content = read_plain_pickle(path)
        entries = {_text(key): value for key, value in content.items()} if isinstance(content, dict) else {}
        missing = [key for key in ("data", *self.label_names) if key not in entries]
        if missing:
            raise ValueError(f"{path}: expected a dict with {missing[0]!r}, found {list(entries) or type(content)}")
        pixels = np.asarray(entries["data"])
        if pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
            raise ValueError(
                f"{path}: expected pixels of dtype uint8 and shape (n, {PIXELS}), found {pixels.dtype} {pixels.shape}"
            )
        columns = [np.asarray(entries[key]) for key in self.label_names]
        for key, column in zip(self.label_names, columns):
            if column.shape != pixels.shape[:1] or column.dtype.kind not in "iu":
                raise ValueError(
                    f"{path}: expected {len(pixels)} integers as {key!r}, one for each image, found {column.dtype} "
                    f"{column.shape}"
                )
        labels = np.stack(columns, axis=1).astype(np.int64)
        return pixels.reshape(-1, 3, 32, 32), self._checked(path, labels)

    def _checked(self, path: Path, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        wrong = np.argwhere((labels < 0) | (labels >= np.array(self.sizes)))
        if wrong.size:
            i, k = wrong[0]
            raise ValueError(
                f"{path}: expected {self.label_names[k]} from 0 to {self.sizes[k] - 1}, found {labels[i, k]} at index "
                f"{i}; is it of another data set?"
            )
        return labels


class CIFAR100(CIFAR10):
    """A hundred kinds of things in the format and the sizes of `CIFAR10`, 500 images of each to train on.

    Everything is as for `CIFAR10`, with the files `train` and `test`, in `root/cifar-100-binary` with the suffix .bin
    or in `root/cifar-100-python` without; `labels` are the hundred fine classes, `coarse_labels` their twenty groups.
    """

    archive = (
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        "03b5dce01913d631647c71ecec9e9cb8",
    )
    folders = "cifar-100-binary", "cifar-100-python"
    files: ClassVar[tuple[Sequence[str], Sequence[str]]] = ["train"], ["test"]
    label_names = ("coarse_labels", "fine_labels")
    sizes = (20, 100)
    classes = tuple(
        """apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can
        castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin
        elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster
        man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck
        pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk
        skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger
        tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()
    )

    @property
    def coarse_labels(self) -> NDArray[np.int64]:
        """The twenty groups of classes, `(N,)`, counted from 0."""
        return np.ascontiguousarray(self.all_labels[:, 0])


def _to_unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.divide(pixels, np.float32(255))


def _text(key: object) -> object:
    """The key as Python 2 meant it."""
    return key.decode("latin-1") if isinstance(key, bytes) else key
