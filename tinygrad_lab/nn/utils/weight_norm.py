"""Weight normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

from ...ops.norms import vector_norm
from ...tensor import Tensor
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


class WeightNorm:
    """The hook that computes a module's weight from its norm and its direction before each call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def norm(self, v: Tensor) -> Tensor:
        """The norm of each slice along `dim`, of v's number of dimensions; of all of v where `dim` is None."""
        if self.dim == -1:
            return vector_norm(v)
        lengths = vector_norm(v.movedim(self.dim, 0).reshape(v.shape[self.dim], -1), dim=1)
        return lengths.reshape(*(-1 if i == self.dim else 1 for i in range(v.ndim)))

    def compute_weight(self, module: Any) -> Tensor:
        v: Tensor = getattr(module, f"{self.name}_v")
        return v * (getattr(module, f"{self.name}_g") / self.norm(v))  # type: ignore[no-any-return]

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    r"""Give a module's weight as :math:`w = g\,v / \|v\|`, with parameters `name_g` and `name_v` to train.

    Salimans and Kingma 2016, https://arxiv.org/abs/1602.07868.

    Args:
        module: the module, which is changed and returned.
        name: of its weight.
        dim: along which each slice has its own g; None for one g.

    Raises:
        RuntimeError: the weight is normalised already.
    """
    if _hook(module, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name).detach()
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(hook.norm(weight)))
    module.register_parameter(f"{name}_v", Parameter(weight))
    hook(module, None)
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again, with its present value.

    Raises:
        ValueError: it isn't normalised.
    """
    found = _hook(module, name)
    if found is None or module._hooks is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    weight = found.function.compute_weight(module).detach()
    for part in (name, f"{name}_g", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))
    module._hooks.before.remove(found)
    return module


def _hook(module: Module, name: str) -> Any:
    for hook in module._hooks.before if module._hooks else ():
        if isinstance(hook.function, WeightNorm) and hook.function.name == name:
            return hook
    return None
