"""What a training run reached, epoch by epoch, and the running means it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Means:
    """Means of named values over samples, added up batch by batch."""

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.count = 0

    def add(self, values: Mapping[str, float], size: int) -> None:
        """Add the means over a batch of `size` samples."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * size
        self.count += size

    def values(self) -> dict[str, float]:
        """The means over all samples so far."""
        return {name: total / self.count for name, total in self.sums.items()}

    def state_dict(self) -> dict[str, Any]:
        return {"sums": dict(self.sums), "count": self.count}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.sums, self.count = dict(state_dict["sums"]), state_dict["count"]


class History:
    """The values of each epoch.

    Attributes:
        epochs: for each epoch a dict: "epoch", counted from 1, "step", the optimiser's steps until then, "lr", "loss",
            the metrics, and with a validation "validation_loss" and so on.
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def __getitem__(self, name: str) -> list[float]:
        """The values of that name, one for each epoch.

        Raises:
            KeyError: there are none of that name.
        """
        return [value_of(row, name) for row in self.epochs]

    def __len__(self) -> int:
        return len(self.epochs)

    def __repr__(self) -> str:
        names = list(dict.fromkeys(name for row in self.epochs for name in row))
        table = [names, *([f"{row[n]:.5g}" if n in row else "" for n in names] for row in self.epochs)]
        widths = [max(map(len, column)) for column in zip(*table)]
        return "\n".join("  ".join(cell.rjust(n) for cell, n in zip(row, widths)) for row in table)


def value_of(row: Mapping[str, float], name: str) -> float:
    """The value of that name in an epoch's row.

    Raises:
        KeyError: there is none; the text lists those that there are.
    """
    if name not in row:
        raise KeyError(f"no value {name!r} in this epoch; there are {', '.join(row)}")
    return row[name]
