"""Random numbers: one generator, so that one seed gives the same bits everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import devices
from .devices import Device


class Generator:
    """A stream of random numbers, NumPy's PCG64; unseeded, it starts anywhere.

    Raises:
        RuntimeError: another `device` than the CPU.
    """

    def __init__(self, seed: int | None = None, device: Device = None) -> None:
        if device is not None:
            devices.device(device)
        self._seed: int | None = None
        self._numpy: np.random.Generator | None = None
        if seed is not None:
            self.manual_seed(seed)

    @property
    def numpy(self) -> np.random.Generator:
        """NumPy's generator behind this one."""
        if self._numpy is None:  # not before it is needed: numpy.random takes longer to import than this package
            self._numpy = np.random.default_rng(self._seed)
        return self._numpy

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`, an integer modulo 2**64; returns the generator.

        Raises:
            ValueError, TypeError: `seed` isn't a number.
        """
        self._seed, self._numpy = int(seed) % 2**64, None
        return self

    def initial_seed(self) -> int:
        """The seed that the stream started from; unseeded, the random number that stood for it."""
        return int(self.numpy.bit_generator.seed_seq.entropy)  # type: ignore[attr-defined]  # PCG64 has it

    def seed(self) -> int:
        """Start anywhere; returns the seed."""
        self._seed, self._numpy = None, None
        return self.initial_seed()

    def get_state(self) -> dict[str, Any]:
        """The generator's state, plain data: `set_state` continues the stream from there."""
        return dict(self.numpy.bit_generator.state)

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Continue the stream from a state that `get_state` returned.

        Raises:
            TypeError: the state isn't a dict.
            RuntimeError: it is of another kind of generator, or something is missing.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"set_state: the state must be a dict that get_state returned, not {type(state).__name__}")
        try:
            self.numpy.bit_generator.state = dict(state)
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise RuntimeError(f"set_state: not a state that get_state returned: {error!r}") from error


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the generator that every random function uses when given none; returns it."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the generator that every random function uses when given none: in a data loader's worker, its own."""
    return default_generator.initial_seed()


def seed() -> int:
    """Start that generator anywhere; returns its seed."""
    return default_generator.seed()


def get_rng_state() -> dict[str, Any]:
    """The state of the generator that every random function uses when given none: plain data, which can be saved."""
    return default_generator.get_state()


def set_rng_state(new_state: Mapping[str, Any]) -> None:
    """Continue that generator's stream from a state that `get_rng_state` returned.

    Raises:
        TypeError, RuntimeError: as `Generator.set_state`.
    """
    default_generator.set_state(new_state)


def numpy_generator(generator: Generator | None) -> np.random.Generator:
    """NumPy's generator behind `generator`, or behind the default one."""
    return (generator or default_generator).numpy


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Has no effect: the same seed gives the same bits, always."""
