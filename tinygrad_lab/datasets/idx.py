"""IDX, the format of MNIST's files: a header that names dtype and shape, then the numbers.

Source: "The IDX file format" on the MNIST page of LeCun, Cortes and Burges. Bytes 0 and 1 are zero,
byte 2 is the code of the dtype, byte 3 the number of dimensions; each of these follows as a uint32,
then the numbers in C order, all big-endian.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype(">u1"),
    0x09: np.dtype(">i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}
_GZIP = b"\x1f\x8b"


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, plain or gzipped: its first bytes say which, not its name.

    Returns:
        an array of the file's shape and dtype, in the machine's byte order, that owns its memory.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it isn't an IDX file, or is truncated, too long or corrupt.
    """
    path = Path(path)
    content = _content(path)
    if len(content) < 4 or content[:2] != b"\0\0":
        raise ValueError(
            f"{path}: not an IDX file: expected two zero bytes, a dtype code and the number of "
            f"dimensions at its start, found {content[:4]!r}; is it an error page of a download?"
        )
    code, ndim = content[2:4]
    if code not in _DTYPES:
        known = ", ".join(f"0x{code:02x} ({dtype.name})" for code, dtype in _DTYPES.items())
        raise ValueError(f"{path}: unknown dtype code 0x{code:02x} in byte 2; IDX has {known}")
    start = 4 + 4 * ndim
    if len(content) < start:
        raise ValueError(
            f"{path}: truncated: a header of {ndim} dimensions takes {start} bytes, "
            f"the file has {len(content)}; get it anew"
        )
    dtype, shape = _DTYPES[code], struct.unpack(f">{ndim}I", content[4:start])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        what = "truncated" if len(content) < expected else "extra bytes at the end"
        raise ValueError(
            f"{path}: {what}: its header says shape {shape} and dtype {dtype.name}, which takes "
            f"{expected} bytes with the header, the content has {len(content)}; get it anew"
        )
    numbers = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return numbers.astype(dtype.newbyteorder("="))


def _content(path: Path) -> bytes:
    """The bytes of a file, unpacked if they are gzipped."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    if not content.startswith(_GZIP):
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}: corrupt gzip file ({error}); get it anew") from error
