"""Where tensors are: in the computer's memory, PyTorch's device "cpu". There is no other.

So a program that asks which device to use, and says it wherever it makes or moves a tensor, runs as it is.
"""

from __future__ import annotations

import re


class device:
    """A device by its name, "cpu" or "cpu:0".

    Attributes:
        type: "cpu".
        index: its number, if one was given.

    Raises:
        RuntimeError: another device than the CPU.
    """

    type: str
    index: int | None

    def __init__(self, type: str | device = "cpu", index: int | None = None) -> None:
        found = re.fullmatch(r"cpu(?::(\d+))?", str(type))
        if found is None:
            raise RuntimeError(f"device: there is only 'cpu', not {type!r}; cuda.is_available() says so, too")
        self.type = "cpu"
        self.index = index if found[1] is None else int(found[1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"


Device = str | device | None

CPU = device()
