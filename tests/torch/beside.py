"""One line of code run on PyTorch and on us, on the same numbers: what it makes, its derivatives, what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch

import tinygrad_lab as tg


def calls(table: str) -> list[str]:
    """The calls in a table of them, `|` between those of a line."""
    return [call.strip() for line in table.strip().splitlines() for call in line.split(" | ")]


def operands(library: Any, arrays: dict[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """The arrays as tensors by name, beside `t` for the library and `F` for its functions; the leaves among them."""
    found = {name: library.tensor(a) for name, a in arrays.items()}
    leaves = [found[name].requires_grad_() for name, a in arrays.items() if a.dtype.kind == "f"]
    return {**found, "t": library, "F": library.nn.functional, "nn": library.nn}, leaves


def outcome(call: str, names: dict[str, Any]) -> Any:
    """What `call` makes, as a list, or the class of its error."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            made = eval(call, dict(names))
        except Exception as error:
            return type(error)
    return list(made) if isinstance(made, list | tuple) else [made]


def close(what: str, got: Any, want: Any) -> None:
    rtol, atol = (1e-4, 1e-6) if np.asarray(want).dtype == np.float32 else (1e-6, 1e-9)
    np.testing.assert_allclose(got, want, rtol, atol, err_msg=what)


def derivatives(library: Any, ys: list[Any], xs: list[Any], orders: int) -> list[np.ndarray[Any, Any] | None]:
    """The gradients of random sums of `ys` by `xs`, and of random sums of these; None where there is none."""
    random = np.random.default_rng(1)
    found: list[np.ndarray[Any, Any] | None] = []
    for order in range(orders):
        ys = [y for y in ys if getattr(y, "requires_grad", False)]
        if not ys:
            break
        gs = [library.tensor(np.asarray(random.uniform(0.5, 1.5, tuple(y.shape)), array(y).dtype)) for y in ys]
        try:
            with np.errstate(all="ignore"):
                ds = library.autograd.grad(ys, xs, gs, create_graph=order + 1 < orders, allow_unused=True)
        except RuntimeError:
            if library is torch:
                break  # PyTorch can't
            raise
        found += [None if d is None else array(d) for d in ds]
        ys = [d for d in ds if d is not None]
    return found


def array(t: Any) -> np.ndarray[Any, Any]:
    return np.asarray(t.detach().numpy(force=True))


def compare(call: str, arrays: dict[str, Any], orders: int = 1, more: dict[str, Any] | None = None) -> None:
    """Hold what `call` makes, and its derivatives up to `orders`, to PyTorch; it may use the names in `more`, too."""
    mine, xs = operands(tg, arrays)
    its, us = operands(torch, arrays)
    got, want = outcome(call, mine | (more or {})), outcome(call, its | (more or {}))
    if isinstance(want, type):
        assert isinstance(got, type), f"makes {got}, PyTorch raises {want}"
        assert issubclass(got, want), f"raises {got}, PyTorch {want}"
        return
    assert not isinstance(got, type), f"raises {got}, PyTorch makes {want}"
    assert len(got) == len(want)
    for y, z in zip(got, want, strict=True):
        if not isinstance(z, torch.Tensor):
            assert y == z
            continue
        assert y.shape == tuple(z.shape)
        assert str(y.dtype) == str(z.dtype)[6:]
        close("the value", array(y), array(z))
        assert y.requires_grad == z.requires_grad
    ds, es = derivatives(tg, got, xs, orders), derivatives(torch, want, us, orders)
    for i, (d, e) in enumerate(zip(ds, es, strict=False)):
        if d is not None or e is not None:
            close(f"derivative {i}", 0 if d is None else d, 0 if e is None else e)
