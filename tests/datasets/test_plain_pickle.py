"""The restricted reader of pickles: what it reads, and that nothing named in a file runs."""

from __future__ import annotations

import os
import pickle
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_lab.datasets.plain_pickle import read_plain_pickle


def write(path: Path, value: Any, protocol: int) -> Path:
    path.write_bytes(pickle.dumps(value, protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_data_are_read(tmp_path: Path, protocol: int) -> None:
    value = {b"a": [1, 2.5, None, True, ("x", b"\xff\x00")], "long": 1 << 80, "empty": {}}
    assert read_plain_pickle(write(tmp_path / "file", value, protocol)) == value


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("dtype", ["u1", "<i8", ">f4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read(tmp_path: Path, protocol: int, dtype: str, order: Any) -> None:
    array = np.array([[0, 1, 2], [3, 4, 0]], dtype, order=order)
    found = read_plain_pickle(write(tmp_path / "file", {"x": array}, protocol))["x"]
    assert type(found) is np.ndarray
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    found[:] = 0  # it owns its memory


def test_a_file_of_python_2(tmp_path: Path) -> None:
    """As cPickle writes {'data': numpy.arange(3, dtype='u1'), 'labels': [7]} with protocol 2."""
    head = b"\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03"
    head += b"cnumpy\nndarray\nq\x04K\x00\x85U\x01b\x87Rq\x05"
    state = b"(K\x01K\x03\x85cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07"
    state += b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x03\x00\x01\x02tb"
    (tmp_path / "file").write_bytes(head + state + b"U\x06labelsq\x08]q\tK\x07au.")
    found = read_plain_pickle(tmp_path / "file")
    assert found[b"data"].tolist() == [0, 1, 2]
    assert found[b"labels"] == [7]


class Runs:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_nothing_named_in_the_file_runs(tmp_path: Path, protocol: int) -> None:
    path = write(tmp_path / "file", {"data": Runs(tmp_path / "made")}, protocol)
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}: not a pickle of plain data: it names .*mkdir"):
        read_plain_pickle(path)
    assert not (tmp_path / "made").exists()
    pickle.loads(path.read_bytes())
    assert (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.array([{}], object), "dtype 'O8'"),
        (np.zeros(2, "i4,f8"), "dtype 'V12'"),
        (np.array(["text"]), "dtype 'U4'"),
        (OrderedDict(a=1), "names collections.OrderedDict"),
        (np.float64(1), "names numpy._core.multiarray.scalar"),
        ({1, 2}, "it has a set"),
        (np.ma.array([1]), "names numpy.ma"),
        (bytearray(b"a"), "names builtins.bytearray"),
        (len, "names builtins.len"),
    ],
)
def test_other_things_are_refused(tmp_path: Path, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_plain_pickle(write(tmp_path / "file", value, 4))


@pytest.mark.parametrize(
    "program",
    [
        b"",
        b"not a pickle",
        b"\x80\x04]\x94h\x00a.",  # a list in itself
        b"\x80\x02cnumpy\nndarray\n)R.",  # a call of what isn't callable
        b"\x80\x02cnumpy\nndarray\n}b.",
        b"\x80\x02cnumpy\ndtype\nU\x02u1\x85RU\x01xb.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aU\x05utf-8\x86R.",
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nK\x01K\x01K\x01\x87R.",
        b"\x80\x02\x82\x01.",  # an extension's code
        b"\x80\x02U\x01aQ.",  # a persistent id
    ],
)
def test_broken_or_hostile_programs(tmp_path: Path, program: bytes) -> None:
    (tmp_path / "file").write_bytes(program)
    with pytest.raises(ValueError, match="pickle"):
        read_plain_pickle(tmp_path / "file")


def test_truncated_anywhere(tmp_path: Path) -> None:
    whole = pickle.dumps({"data": np.arange(5, dtype=np.uint8), "labels": [1, 2]}, 2)
    for end in range(len(whole)):
        (tmp_path / "file").write_bytes(whole[:end])
        with pytest.raises(ValueError, match="pickle"):
            read_plain_pickle(tmp_path / "file")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="file: no such file"):
        read_plain_pickle(tmp_path / "file")
