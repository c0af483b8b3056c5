"""Saving and loading: tensors in safetensors or npz files, what holds them together as JSON; never a pickle.

A state dict is saved with its keys as they are, so PyTorch's files load here and ours load there. A checkpoint, nested
dicts, lists and tuples of tensors, numbers and strings, keeps its tensors under dotted keys, and its structure as JSON
beside them: in the metadata of a safetensors file (https://github.com/huggingface/safetensors#format), in the member
`tinygrad_lab.json` of an npz. So loading a file, wherever it comes from, runs no code of it.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from . import devices
from .devices import Device
from .op import wrap
from .tensor import Tensor

Array = np.ndarray[Any, Any]
PathLike = str | os.PathLike[str]

_STRUCTURE = "tinygrad_lab"  # the key of the structure in a safetensors file's metadata; in an npz with .json
_CHECKSUM = "tinygrad_lab.crc32"
_MEMBER = f"{_STRUCTURE}.json"
_SAFE_KINDS = "fiub"
_KINDS = "BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64"


def save(obj: Any, f: PathLike) -> None:
    """Write a state dict, or a whole checkpoint, to a file: `.safetensors` (the extra `weights`) or `.npz`.

    The file is written beside its place and then moved there: killed at any moment, the old file or the new one is
    whole. A killed save may leave a file `.NAME.*.tmp` behind.

    Args:
        obj: a tensor, or dicts, lists and tuples, nested as you like, of tensors, arrays, numbers, strings and None.
            Dicts come back as plain dicts in their order, with keys that are strings, numbers, bools or None; named
            tuples as tuples; tensors outside the graph, without gradients. Of tensors that share memory, each is
            written whole.
        f: the file.

    Raises:
        TypeError: names what can't be saved, and where in `obj` it is.
        ValueError: the file's name ends in neither.
        ModuleNotFoundError: safetensors isn't installed.
    """
    path = Path(os.path.realpath(f))
    write = _WRITERS.get(path.suffix)
    if write is None:
        raise ValueError(
            f"save: the format of {os.fspath(f)!r} isn't known by its name; end it in .safetensors or .npz (a pickle, "
            "as in .pt, could run anything when it is loaded)"
        )
    arrays: dict[str, Array] = {}
    structure: str | None = json.dumps(_encode(obj, "", arrays))
    if isinstance(obj, Mapping) and list(arrays) == list(obj) and all(isinstance(v, Tensor) for v in obj.values()):
        structure = None  # the keys say it all
    _atomically(path, lambda temporary: write(temporary, arrays, structure))


def load(f: PathLike, map_location: Device = None, *, weights_only: bool = True, like: Any = None) -> Any:
    """What `save` wrote to a file, or the tensors by name of any other safetensors or npz file, PyTorch's included.

    bfloat16, which NumPy hasn't, becomes float32, which holds each of its numbers exactly.

    Args:
        f: the file; its content tells the format.
        map_location: the CPU, as there is no other device.
        weights_only: has no effect: whatever is loaded, it is data.
        like: what the file must be like: a file whose tensors have other names, shapes or dtypes is refused.

    Raises:
        RuntimeError: another device; the file is truncated, corrupt, a pickle or something else; or isn't as `like`:
            then the error lists what is missing, what is unexpected and what has another shape or dtype.
        FileNotFoundError: there is no such file.
        ModuleNotFoundError: safetensors isn't installed.
    """
    if map_location is not None:
        devices.device(map_location)
    path = os.fspath(f)
    with open(path, "rb") as file:
        start = file.read(4)
    arrays, text = (_read_npz if start.startswith(b"PK") else _read_safetensors)(path)
    if text is None:
        loaded: Any = {key: wrap(array) for key, array in arrays.items()}
    else:
        try:
            structure = json.loads(text)
            named = set(_keys(structure))
            if named != set(arrays):
                _refuse(path, _differences(sorted(named - set(arrays)), sorted(set(arrays) - named)))
            loaded = _decode(structure, arrays)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise RuntimeError(f"load: the structure in {path!r} can't be read: {error!r}") from error
    if like is not None:
        _check_like(path, loaded, like)
    return loaded


def _refuse(path: str, why: str) -> NoReturn:
    raise RuntimeError(f"load: {path!r} {why}")


def _differences(missing: list[str], unexpected: list[str]) -> str:
    found = [f"{what}: {', '.join(keys)}" for what, keys in (("missing", missing), ("unexpected", unexpected)) if keys]
    return f"doesn't hold the tensors that it should; {'; '.join(found)}"


def _check_like(path: str, loaded: Any, like: Any) -> None:
    got, want = dict(_tensors(loaded, "")), dict(_tensors(like, ""))
    missing, unexpected = [k for k in want if k not in got], [k for k in got if k not in want]
    errors = [_differences(missing, unexpected)] if missing or unexpected else []
    for key, a in want.items():
        b = got.get(key, a)
        if b.shape != a.shape:
            errors.append(f"{key} has the shape {b.shape}, not {a.shape}")
        elif b.dtype != a.dtype:
            errors.append(f"{key} has the dtype {b.dtype}, not {a.dtype}")
    if errors:
        _refuse(path, "; ".join(errors))


# -------------------------------------------------------------------------------- structure, and arrays by dotted keys


def _children(obj: Any) -> Iterator[tuple[Any, Any]]:
    yield from obj.items() if isinstance(obj, Mapping) else enumerate(obj)


def _dotted(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _tensors(obj: Any, path: str) -> Iterator[tuple[str, Array]]:
    """The tensors and arrays in `obj`, with the place of each."""
    if isinstance(obj, Tensor):
        yield path, obj.array
    elif isinstance(obj, (np.ndarray, np.generic)):
        yield path, np.asarray(obj)
    elif isinstance(obj, (Mapping, list, tuple)):
        for key, value in _children(obj):
            yield from _tensors(value, _dotted(path, key))


def _encode(obj: Any, path: str, arrays: dict[str, Array]) -> Any:
    """`obj` as JSON, its arrays put in `arrays` under the keys that stand for them."""
    if obj is None or (isinstance(obj, (str, int, float)) and not isinstance(obj, np.generic)):
        return obj
    if isinstance(obj, (Tensor, np.ndarray, np.generic)):
        array = obj.array if isinstance(obj, Tensor) else np.asarray(obj)
        if array.dtype.kind not in _SAFE_KINDS or array.dtype.name == "float128":
            raise TypeError(
                f"save: {path or 'the array'} has the dtype {array.dtype}; convert it to floats or integers"
            )
        key = name = path or "tensor"
        while key in arrays or key == "__metadata__":
            key = f"{name}#{os.urandom(4).hex()}"  # {"a": {"b": x}, "a.b": y}
        arrays[key] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
        return {"tensor" if isinstance(obj, Tensor) else "array" if isinstance(obj, np.ndarray) else "scalar": key}
    if isinstance(obj, Mapping):
        for key in obj:
            if not (key is None or isinstance(key, (str, int, float))):
                raise TypeError(f"save: {path or 'the dict'} has the key {key!r}; a key must be a string or a number")
        return {"dict": [[key, _encode(value, _dotted(path, key), arrays)] for key, value in obj.items()]}
    if isinstance(obj, (list, tuple)):
        encoded = [_encode(value, _dotted(path, i), arrays) for i, value in enumerate(obj)]
        return {"list" if isinstance(obj, list) else "tuple": encoded}
    raise TypeError(
        f"save: {path or 'the object'} is a {type(obj).__name__}; only tensors, arrays, numbers, strings, None, and "
        "dicts, lists and tuples of them can be saved: of a module or optimiser, save its state_dict()"
    )


def _decode(structure: Any, arrays: Mapping[str, Array]) -> Any:
    """What `_encode` made JSON of."""
    if not isinstance(structure, dict):
        return structure
    ((kind, value),) = structure.items()
    if kind in ("tensor", "array", "scalar"):
        array = arrays[value]
        return wrap(array) if kind == "tensor" else array if kind == "array" else array[()]
    if kind == "dict":
        return {key: _decode(item, arrays) for key, item in value}
    return {"list": list, "tuple": tuple}[kind](_decode(item, arrays) for item in value)


def _keys(structure: Any) -> Iterator[str]:
    """The keys of the arrays that a structure asks for."""
    if isinstance(structure, dict):
        ((kind, value),) = structure.items()
        if kind in ("tensor", "array", "scalar"):
            yield value
        else:
            for item in value:
                yield from _keys(item[1] if kind == "dict" else item)


# -------------------------------------------------------------------------------------------------------------- files


def _atomically(path: Path, write: Callable[[str], None]) -> None:
    """Have a file written beside `path`, on the disk, and moved to `path` in one step."""
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        write(str(temporary))
        with open(temporary, "r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # the folder knows the new name only when it is on the disk, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write_npz(path: str, arrays: dict[str, Array], structure: str | None) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        if structure is not None:
            archive.writestr(_MEMBER, structure)


def _read_npz(path: str) -> tuple[dict[str, Array], str | None]:
    arrays = {}
    text = None
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(name.endswith("data.pkl") for name in names):
                _refuse(path, f"holds a pickle, as torch.save writes, which could run anything; {_INSTEAD}")
            for name in names:
                if name == _MEMBER:
                    text = archive.read(name).decode()
                    continue
                with archive.open(name) as member:
                    array = np.lib.format.read_array(member, allow_pickle=False)
                    member.read()  # to the end, where the checksum is compared
                if array.dtype.kind not in _SAFE_KINDS + "c":
                    _refuse(path, f"holds {array.dtype} under {name}; only numbers and bools make a tensor")
                arrays[name.removesuffix(".npy")] = array
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError) as error:
        raise RuntimeError(
            f"load: {path!r} isn't a whole npz file, but truncated, corrupt or other: {error}"
        ) from error
    return arrays, text


_INSTEAD = "convert it where you trust it: safetensors.torch.save_file(torch.load(...), 'weights.safetensors')"


def _safetensors(name: str) -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{name}: a safetensors file needs safetensors; pip install "tinygrad_lab[weights]", or use .npz'
        ) from error
    return safetensors


def _write_safetensors(path: str, arrays: dict[str, Array], structure: str | None) -> None:
    sums = {key: _sum(array) for key, array in arrays.items()}
    metadata = {"format": "pt", _CHECKSUM: json.dumps(sums)}  # PyTorch's layouts; the format itself has no checksums
    if structure is not None:
        metadata[_STRUCTURE] = structure
    _safetensors("save").numpy.save_file(arrays, path, metadata)


def _read_safetensors(path: str) -> tuple[dict[str, Array], str | None]:
    library = _safetensors("load")
    arrays = {}
    try:
        with library.safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            for key in file.keys():
                kind = file.get_slice(key).get_dtype()
                if kind == "BF16":
                    arrays[key] = _bfloat16(path, key)
                elif kind in _KINDS:
                    arrays[key] = np.require(file.get_tensor(key), requirements="W")
                else:
                    _refuse(path, f"holds {kind} under {key}, which NumPy hasn't; convert it to F32 where it was made")
    except library.SafetensorError as error:
        raise RuntimeError(
            f"load: {path!r} isn't a whole safetensors file, but truncated, corrupt or other: {error}; of a pickle, "
            + _INSTEAD
        ) from error
    if (text := metadata.get(_CHECKSUM)) is not None:
        try:
            wrong = [k for k, s in json.loads(text).items() if k in arrays and _sum(arrays[k]) != s]
        except (ValueError, AttributeError):
            _refuse(path, "is corrupt: its checksums can't be read")
        if wrong:
            _refuse(path, f"is corrupt: the elements of {', '.join(wrong)} aren't those that were saved")
    return arrays, metadata.get(_STRUCTURE)


def _sum(array: Array) -> int:
    """A checksum of the elements."""
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _bfloat16(path: str, key: str) -> Array:
    """The upper halves of float32 numbers, as such; the library has checked the header's numbers."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(size))[key]
    begin, end = entry["data_offsets"]
    halves = np.fromfile(path, "<u2", (end - begin) // 2, offset=8 + size + begin)
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])


_WRITERS: dict[str, Callable[[str, dict[str, Array], str | None], None]] = {
    ".npz": _write_npz,
    ".safetensors": _write_safetensors,
}
