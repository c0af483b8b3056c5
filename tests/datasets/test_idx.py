"""`read_idx`: the arrays it reads, and the errors that say what is wrong with a file."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_lab.datasets import read_idx

Write = Callable[[Path, Any], Path]


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_every_dtype_comes_back(tmp_path: Path, write_idx: Write, dtype: str, suffix: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    read = read_idx(write_idx(tmp_path / f"array{suffix}", array))
    np.testing.assert_array_equal(read, array)
    assert read.dtype == np.dtype(dtype)
    assert read.dtype.isnative
    assert read.flags.writeable


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1, 1, 1)])
def test_unusual_shapes_come_back(tmp_path: Path, write_idx: Write, shape: tuple[int, ...]) -> None:
    assert read_idx(write_idx(tmp_path / "array", np.ones(shape, "f4"))).shape == shape


def test_gzip_is_known_by_its_content_not_its_name(tmp_path: Path, write_idx: Write) -> None:
    zipped = write_idx(tmp_path / "array.gz", np.arange(3, dtype="i4"))
    plain = write_idx(tmp_path / "array", np.arange(3, dtype="i4"))
    zipped.rename(tmp_path / "packed")
    plain.rename(tmp_path / "unpacked.gz")
    assert read_idx(tmp_path / "packed").tolist() == [0, 1, 2]
    assert read_idx(str(tmp_path / "unpacked.gz")).tolist() == [0, 1, 2]


def corrupted(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda b: b[:-3],
            r"truncated: its header says shape (4, 5) and dtype int32, which takes 92 bytes with "
            r"the header, the content has 89; get it anew",
        ),
        (lambda b: b + b"\0", r"extra bytes at the end: its header says shape (4, 5)"),
        (lambda b: b[:7], "truncated: a header of 2 dimensions takes 12 bytes, the file has 7"),
        (lambda b: b[:3], r"not an IDX file: expected two zero bytes"),
        (lambda b: b"", r"not an IDX file: expected two zero bytes"),
        (lambda b: b"<!DOCTYPE html>", r"found b'<!DO'; is it an error page of a download?"),
        (lambda b: b[:2] + b"\x0a" + b[3:], "unknown dtype code 0x0a in byte 2; IDX has 0x08"),
    ],
    ids=["short", "long", "half a header", "no header", "empty", "HTML", "dtype code"],
)
def test_a_wrong_file_is_named_with_what_is_wrong(
    tmp_path: Path, write_idx: Write, change: Callable[[bytes], bytes], message: str
) -> None:
    path = write_idx(tmp_path / "array", np.zeros((4, 5), "i4"))
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}: .*{re.escape(message)}"):
        read_idx(corrupted(path, change))


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b[:-10],
        lambda b: b[:10] + b"\xff" + b[11:],
        lambda b: b[:-8] + b"\0\0\0\0" + b[-4:],
        lambda b: b[:5],
        lambda b: b + b"more",
    ],
    ids=["truncated", "no such block", "wrong checksum", "header only", "something behind it"],
)
def test_a_corrupt_gzip_file_is_named(tmp_path: Path, write_idx: Write, change: Callable[[bytes], bytes]) -> None:
    numbers = np.random.RandomState(0).randint(0, 256, 1000).astype("u1")
    path = corrupted(write_idx(tmp_path / "array.gz", numbers), change)
    with pytest.raises(ValueError, match=r"array\.gz: corrupt gzip file \(.+\); get it anew"):
        read_idx(path)


def test_a_whole_gzip_file_of_a_truncated_one_is_truncated(tmp_path: Path) -> None:
    path = tmp_path / "array.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\x01\0\0\0\x09four"))
    with pytest.raises(ValueError, match="truncated: its header says shape"):
        read_idx(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing: no such file"):
        read_idx(tmp_path / "nothing")
