"""Tensors as text beside PyTorch's."""

import numpy as np
import pytest

import tinygrad_lab as tg

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

KINDS = {
    "usual": lambda x, r: x,
    "scaled": lambda x, r: x * 10.0 ** r.integers(-8, 8),
    "of all sizes": lambda x, r: x * 10.0 ** r.integers(-5, 6, x.shape),
    "whole": lambda x, r: np.round(x * 10),
    "with zeros": lambda x, r: np.where(x > 0, 0, x),
    "not finite": lambda x, r: np.where(x > 1, np.inf, np.where(x < -1, np.nan, x)),
    "whole, not finite": lambda x, r: np.where(x > 1, -np.inf, np.round(x * 5)),
    "integers": lambda x, r: (x * 100).astype(int),
    "bools": lambda x, r: x > 0,
}


@pytest.fixture(autouse=True)
def usual_options():
    yield
    for library in (tg, torch):
        library.set_printoptions(profile="default")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed(kind):
    random = np.random.default_rng(0)
    for _ in range(60):
        shape = tuple(random.integers(1, 8, random.integers(0, 4)))
        shape = shape if random.random() < 0.9 else (40, 40)
        x = np.asarray(KINDS[kind](random.standard_normal(shape), random))
        x = x.astype(np.float32) if x.dtype.kind == "f" else x
        options = {
            "precision": int(random.integers(1, 8)),
            "sci_mode": (None, True, False)[random.integers(3)],
            "linewidth": int(random.integers(30, 120)),
            "threshold": int(random.integers(3, 60)),
            "edgeitems": int(random.integers(1, 4)),
        }
        chosen = ({"profile": "default"}, {"profile": "short"}, options)[random.integers(3)]
        ours, theirs = tg.tensor(x), torch.tensor(x)
        if x.dtype.kind == "f" and random.random() < 0.3:
            ours.requires_grad_()
            theirs.requires_grad_()
        for library in (tg, torch):
            library.set_printoptions(**chosen)
        assert str(ours) == str(theirs)
