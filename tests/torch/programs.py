"""Programs run on PyTorch and on us: the same numbers for both, and what they return compared."""

from __future__ import annotations

from typing import Any

import numpy as np


class Data:
    """The same numbers for each library: normal ones by default."""

    def __init__(self, library: Any) -> None:
        self.library = library
        self.random = np.random.default_rng(0)

    def __call__(self, *shape: int, scale: float = 1.0) -> Any:
        return self.library.tensor((self.random.standard_normal(shape) * scale).astype(np.float32))

    def uniform(self, *shape: int) -> Any:
        return self.library.tensor(self.random.random(shape).astype(np.float32))

    def integers(self, high: int, *shape: int) -> Any:
        return self.library.tensor(self.random.integers(0, high, shape))

    def weights(self, model: Any, scale: float = 0.3) -> Any:
        """The model with weights that are the same in each library; buffers stay as they are."""
        state = dict(model.state_dict())
        for name, p in model.named_parameters():
            state[name] = self(*p.shape, scale=scale) + float(p.ndim == 1 and name.endswith("weight"))
        model.load_state_dict(state)
        return model


def flat(value: Any, place: str = "") -> list[tuple[str, Any]]:
    """The tensors, numbers and texts in nested containers, each with its place."""
    if isinstance(value, dict | list | tuple):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [found for key, item in items for found in flat(item, f"{place}.{key}")]
    return [(place, value.detach().numpy() if hasattr(value, "detach") else value)]


def check_equal(run: Any, *libraries: Any) -> None:
    """Run a program on two libraries; what it returns must be of the same types and dtypes, and equal."""
    results = []
    for library in libraries:
        library.manual_seed(0)
        results.append(flat(run(library, Data(library))))
    for (place, ours), (same_place, theirs) in zip(*results, strict=True):
        assert place == same_place
        assert type(ours) is type(theirs), place
        if isinstance(theirs, str | bool | None):
            assert ours == theirs, place
        else:
            assert np.asarray(ours).dtype == np.asarray(theirs).dtype, place
            np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5, err_msg=place)
