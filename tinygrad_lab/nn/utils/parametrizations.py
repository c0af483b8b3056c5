"""Ready-made parametrizations: PyTorch's `torch.nn.utils.parametrizations`."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ...creation import eye, randn
from ...graph import no_grad
from ...op import wrap
from ...ops.diagonal import diagonal, tril
from ...ops.matrices import solve
from ...ops.matrix_functions import householder_product, matrix_exp
from ...ops.shape import cat
from ...tensor import Tensor
from ..conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from ..functional import normalize
from ..module import Module
from .parametrize import register_parametrization
from .weight_norm import WeightNorm

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)
MAPS = ("matrix_exp", "cayley", "householder")


def _tensor_of(module: Module, name: str) -> Tensor:
    tensor = getattr(module, name, None)
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return tensor


# ----------------------------------------------------------------------------------------------- orthogonal


def _reflectors(a: Any) -> tuple[Any, Any]:
    """LAPACK's form of a QR decomposition: R above the reflectors, and their factors."""
    h, tau = np.linalg.qr(a, mode="raw")
    return np.ascontiguousarray(np.swapaxes(h, -1, -2)), tau


def _orthogonalized(a: Any) -> Any:
    """Q of a tall matrix a = Q R, where R has a positive diagonal."""
    q, r = np.linalg.qr(a)
    return q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows if it is wide, as a function of one without conditions."""

    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        """To the same shape."""
        wide = X.shape[-2] < X.shape[-1]
        x = X.mT if wide else X
        n, k = x.shape[-2:]
        if self.orthogonal_map == "householder":
            a = tril(x, -1)
            tau = 2 / (1 + (a * a).sum(-2))
            signs = np.trunc(diagonal(x, 0, -2, -1).detach().array)  # 1 and -1, but for what training did to them
            q = householder_product(a, tau) * wrap(signs[..., None, :])
        else:
            x = tril(x)
            if n != k:
                x = cat([x, x.new_zeros((*x.shape[:-2], n, n - k))], -1)
            a = x - x.mT
            if self.orthogonal_map == "matrix_exp":
                q = matrix_exp(a)
            else:
                one = eye(n, dtype=a.dtype)
                q = solve(one - a / 2, one + a / 2)
            q = q[..., :k]
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    def right_inverse(self, Q: Tensor) -> Tensor:
        """What `forward` makes `Q` of, or, if it isn't orthogonal, the orthogonal one of its QR decomposition.

        Raises:
            ValueError: it has another shape.
            NotImplementedError: the map isn't invertible without a base.
        """
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.shape[-2] < Q.shape[-1]
        q = (Q.mT if wide else Q).detach().array
        n, k = q.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            a, tau = _reflectors(q)
            rows = np.arange(k)
            a[..., rows, rows] = np.sign(a[..., rows, rows]) * np.where(tau == 0, -1, 1)
            return wrap(np.swapaxes(a, -1, -2) if wide else a)
        if n == k:
            exact = np.allclose(np.swapaxes(q, -1, -2) @ q, np.eye(k), atol=10 * n * np.finfo(q.dtype).eps)
            q = q.copy() if exact else _orthogonalized(q)
        else:
            more = randn(*q.shape[:-2], n, n - k, dtype=q.dtype).array
            q = _orthogonalized(np.concatenate([q, more], -1))
        self.base = wrap(q)
        start = np.zeros(Q.shape, Q.dtype)
        rows = np.arange(min(Q.shape[-2:]))
        start[..., rows, rows] = -1
        return wrap(start)


def orthogonal(
    module: M, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> M:
    r"""Keep a matrix of a module orthogonal: :math:`Q^T Q = 1`, or :math:`Q Q^T = 1` if it is wide.

    Args:
        module: the module, which is changed and returned.
        name: of the matrix, or of matrices `(*, n, m)`.
        orthogonal_map: "matrix_exp", :math:`e^A`, or "cayley", :math:`(1 - A/2)^{-1} (1 + A/2)`, of the skew-symmetric
            A = X - X^T with the lower triangle X of the original; or "householder", a product of reflections. By
            default "matrix_exp" of square matrices, else "householder".
        use_trivialization: multiply that by a constant base, so that training starts from the present value
            (Lezcano-Casado 2019, https://arxiv.org/abs/1909.09501).

    Raises:
        ValueError: there is no such tensor, it has fewer than two dimensions, or the map is unknown.
    """
    weight = _tensor_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-2] == weight.shape[-1] else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    return register_parametrization(module, name, _Orthogonal(weight, orthogonal_map, use_trivialization), unsafe=True)


# ----------------------------------------------------------------------------------------------- weight norm


class _WeightNorm(Module):
    r"""A tensor of its norms g and its directions v, :math:`g\,v / \|v\|`."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self._rule = WeightNorm("weight", dim)

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """To the shape of `weight_v`."""
        return weight_v * (weight_g / self._rule.norm(weight_v))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The norms, and the tensor itself."""
        return self._rule.norm(weight), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    r"""Give a module's weight as :math:`w = g\,v / \|v\|`, and train g and v (Salimans and Kingma 2016).

    https://arxiv.org/abs/1602.07868. What `nn.utils.weight_norm` saved, can be loaded.

    Args:
        module: the module, which is changed and returned.
        name: of its weight.
        dim: along which each slice has its own g; None for one g.

    Raises:
        ValueError: there is no such tensor.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(owner: Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
        if f"{prefix}{name}_g" in state and f"{prefix}{name}_v" in state:
            for i, letter in enumerate("gv"):
                state[f"{prefix}parametrizations.{name}.original{i}"] = state.pop(f"{prefix}{name}_{letter}")

    module.register_load_state_dict_pre_hook(rename)
    return module


# ----------------------------------------------------------------------------------------------- spectral norm


class _SpectralNorm(Module):
    """A matrix divided by an estimate of its greatest singular value; a vector divided by its norm."""

    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._matrix(weight.detach())
            for side, size in zip(("_u", "_v"), matrix.shape):
                self.register_buffer(side, normalize(randn(size, dtype=weight.dtype), dim=0, eps=eps))
            self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                self._u.copy_(normalize(matrix @ self._v, dim=0, eps=self.eps))
                self._v.copy_(normalize(matrix.mT @ self._u, dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        """To the same shape; in training the estimate improves first."""
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        return weight / (self._u.clone() @ (matrix @ self._v.clone()))

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    r"""Divide a module's weight by its greatest singular value, :math:`W / \sigma,\ \sigma = u^T W v`.

    u and v are buffers that some power iterations improve whenever the weight is read in training
    (Miyato et al. 2018, https://arxiv.org/abs/1802.05957).

    Args:
        module: the module, which is changed and returned.
        name: of its weight.
        n_power_iterations: iterations for each reading.
        eps: the least norm to divide by.
        dim: that of the outputs; by default 1 of transposed convolutions, else 0.

    Raises:
        ValueError: there is no such tensor, or `n_power_iterations` isn't positive.
        IndexError: there is no such dimension.
    """
    weight = _tensor_of(module, name)
    if dim is None:
        dim = int(isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)))
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
