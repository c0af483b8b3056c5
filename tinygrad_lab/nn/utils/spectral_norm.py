"""Spectral normalisation."""

from __future__ import annotations

from typing import Any, TypeVar

from ...creation import randn
from ...graph import no_grad
from ...tensor import Tensor
from ..functional import normalize
from ..module import Module
from ..parameter import Parameter

M = TypeVar("M", bound=Module)


class SpectralNorm:
    """The hook that divides a module's weight by its greatest singular value before each call."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def matrix(self, weight: Tensor) -> Tensor:
        """The weight with `dim` first and the others in one."""
        return weight.movedim(self.dim, 0).reshape(weight.shape[self.dim], -1)

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Tensor:
        weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
        matrix = self.matrix(weight)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(normalize(matrix.T @ u, dim=0, eps=self.eps))
                    u.copy_(normalize(matrix @ v, dim=0, eps=self.eps))
        return weight / (u.clone() @ (matrix @ v.clone()))  # type: ignore[no-any-return]

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    r"""Divide a module's weight by its greatest singular value, :math:`W / \sigma,\ \sigma = u^T W v`.

    u and v are buffers that some power iterations improve before each call in training
    (Miyato et al. 2018, https://arxiv.org/abs/1802.05957).

    Args:
        module: the module, which is changed and returned.
        name: of its weight, which becomes the parameter `name_orig`.
        n_power_iterations: iterations before each call.
        eps: the least norm to divide by.
        dim: that of the outputs; by default 1 of transposed convolutions, else 0.

    Raises:
        RuntimeError: the weight is normalised already.
        ValueError: `n_power_iterations` isn't positive, or there is no such weight.
    """
    if _hook(module, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    if dim is None:
        dim = int(type(module).__name__.startswith("ConvTranspose"))
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = getattr(module, name, None)
    if not isinstance(weight, Parameter):
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    sides = [normalize(randn(n, dtype=weight.dtype), dim=0, eps=eps) for n in hook.matrix(weight.detach()).shape]
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    for part, vector in zip("uv", sides):
        module.register_buffer(f"{name}_{part}", vector)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again, with its present value.

    Raises:
        ValueError: it isn't normalised.
    """
    found = _hook(module, name)
    if found is None or module._hooks is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    weight = found.function.compute_weight(module, False).detach()
    for part in ("", "_u", "_v", "_orig"):
        delattr(module, name + part)
    module.register_parameter(name, Parameter(weight))
    module._hooks.before.remove(found)
    return module


def _hook(module: Module, name: str) -> Any:
    for hook in module._hooks.before if module._hooks else ():
        if isinstance(hook.function, SpectralNorm) and hook.function.name == name:
            return hook
    return None
