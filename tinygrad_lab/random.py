"""Random numbers: one generator, so that one seed gives the same bits everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np


class Generator:
    """A stream of random numbers, NumPy's PCG64; unseeded, it starts anywhere."""

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
        self._numpy: np.random.Generator | None = None

    @property
    def numpy(self) -> np.random.Generator:
        """NumPy's generator behind this one."""
        if self._numpy is None:  # not before it is needed: numpy.random takes longer to import than this package
            self._numpy = np.random.default_rng(self._seed)
        return self._numpy

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`; returns the generator."""
        self._seed, self._numpy = seed, None
        return self

    def get_state(self) -> dict[str, Any]:
        """The generator's state, plain data: `set_state` continues the stream from there."""
        return dict(self.numpy.bit_generator.state)

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue the stream from a state that `get_state` returned."""
        self.numpy.bit_generator.state = state


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the generator that every random function uses when given none; returns it."""
    return default_generator.manual_seed(seed)


def numpy_generator(generator: Generator | None) -> np.random.Generator:
    """NumPy's generator behind `generator`, or behind the default one."""
    return (generator or default_generator).numpy
