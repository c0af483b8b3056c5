"""MNIST and Fashion-MNIST, from their official IDX files in a folder that the user names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..creation import from_numpy
from ..utils.data import Dataset, default_collate
from .download import fetch
from .idx import read_idx

_KINDS = {1: "labels", 3: "images"}


class MNIST(Dataset[tuple[Any, Any]]):
    """Handwritten digits: 60,000 images to train on and 10,000 to test, of 28 x 28 pixels.

    The four files are looked for in `root` and, as torchvision lays them out, in `root/MNIST/raw`,
    plain or gzipped: `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte`
    and `t10k-labels-idx1-ubyte`, each perhaps with `.gz` behind it. Any number of images will do.

    An item is what torchvision's `MNIST` gives with `transform=ToTensor()`: a float32 tensor
    `(1, 28, 28)` of pixels / 255, and the class as an int. The files' own numbers are in `images`
    and `labels`.

    Args:
        root: the folder that holds the files.
        train: read the training set, else the test set.
        transform: a function applied to the image of each item.
        target_transform: a function applied to the class of each item.
        download: get files that aren't there into `root/MNIST/raw` (needs the extra `data`), with a
            progress bar, and check their MD5 sums.

    Raises:
        FileNotFoundError: `root` or one of the files isn't there.
        ImportError: `download` is asked for, and pooch or tqdm isn't installed.
        ValueError: a file isn't what its name says: corrupt, truncated, images in place of labels,
            another size of image, a label beyond 9, another number of labels than of images.
    """

    images: NDArray[np.uint8]
    """The pixels, `(N, 28, 28)`."""
    labels: NDArray[np.int64]
    """The classes, `(N,)`, from 0 to 9."""

    mirror: ClassVar[str] = "https://ossci-datasets.s3.amazonaws.com/mnist/"
    md5: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    classes: ClassVar[Sequence[str]] = (
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
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

        part = "train" if train else "t10k"
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        raw = self.root / type(self).__name__ / "raw"
        if download:
            for name in names:
                if _find(self.root, name) is None and _find(raw, name) is None:
                    fetch(type(self).__name__, f"{self.mirror}{name}.gz", self.md5[f"{name}.gz"], raw)
        elif not self.root.is_dir():
            raise FileNotFoundError(
                f"{self.root}: no such folder; name the one that holds the files of "
                f"{type(self).__name__}, or get them with download=True"
            )
        images, labels = (self._path(name, raw) for name in names)
        self.images, self.labels = _read_images(images), _read_labels(labels)
        if len(self.images) != len(self.labels):
            raise ValueError(
                f"{len(self.images)} images in {images} but {len(self.labels)} labels in {labels}: "
                "they must be as many; are they of the same set?"
            )

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = from_numpy(_to_unit(self.images[index])[None])
        label: Any = int(self.labels[index])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __getbatch__(self, indices: Sequence[int]) -> Any:
        if self.transform is not None or self.target_transform is not None:
            return default_collate([self[i] for i in indices])
        images = _to_unit(self.images[indices])[:, None]
        return [from_numpy(images), from_numpy(self.labels[indices])]

    def __len__(self) -> int:
        return len(self.images)

    def _path(self, name: str, raw: Path) -> Path:
        path = _find(self.root, name) or _find(raw, name)
        if path is None:
            tried = ", ".join(str(p) for folder in (self.root, raw) for p in _places(folder, name))
            raise FileNotFoundError(
                f"{type(self).__name__}: no file {name}; tried {tried}; name the folder that holds "
                "it, or get it with download=True"
            )
        return path


class FashionMNIST(MNIST):
    """Articles of clothing in the format and the sizes of `MNIST`, by Zalando Research.

    Everything is as for `MNIST`, with `root/FashionMNIST/raw` as the second place to look.
    """

    mirror = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
    md5: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


def _places(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / name, folder / f"{name}.gz"


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in _places(folder, name) if path.is_file()), None)


def _to_unit(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.divide(pixels, np.float32(255))


def _read_images(path: Path) -> NDArray[np.uint8]:
    images = _read(path, ndim=3)
    if images.shape[1:] != (28, 28):
        raise ValueError(f"{path}: expected images of 28 x 28 pixels, found shape {images.shape}")
    return images


def _read_labels(path: Path) -> NDArray[np.int64]:
    labels = _read(path, ndim=1)
    beyond = np.flatnonzero(labels > 9)
    if beyond.size:
        i = beyond[0]
        raise ValueError(f"{path}: expected labels from 0 to 9, found {labels[i]} at index {i}")
    return labels.astype(np.int64)


def _read(path: Path, ndim: int) -> NDArray[np.uint8]:
    """The bytes in an IDX file of `ndim` dimensions."""
    array = read_idx(path)
    if array.dtype != np.uint8:
        raise ValueError(f"{path}: expected {_KINDS[ndim]} of dtype uint8, found {array.dtype}")
    if array.ndim != ndim:
        found = _KINDS.get(array.ndim, "something else")
        raise ValueError(
            f"{path}: expected {_KINDS[ndim]} ({ndim} dimensions), found {found} of shape "
            f"{array.shape}; are the files of images and labels swapped?"
        )
    return array
