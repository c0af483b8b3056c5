"""Linear algebra by PyTorch's older names: arguments and results are those of `torch.svd`, not `torch.linalg.svd`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..op import Array
from ..public import public
from . import linalg, matrices, matrix_functions, norms
from .arrange import flip
from .cast import clone
from .compare import where
from .linalg import alike
from .matrices import QR, SignAndLog
from .shape import cat, dims_of, reshape

if TYPE_CHECKING:
    from ..tensor import Tensor


@public
def det(input: Array) -> Tensor:
    """`linalg.det`."""
    return matrices.det(input)


@public
def slogdet(input: Array) -> SignAndLog:
    """`linalg.slogdet`."""
    return matrices.slogdet(input)


@public
def inverse(input: Array) -> Tensor:
    """`linalg.inv`."""
    return matrices.inv(input)


@public
def pinverse(input: Array, rcond: float = 1e-15) -> Tensor:
    """`linalg.pinv` with singular values up to `rcond` times the greatest taken for 0."""
    return matrices.pinv(input, rcond)


@public
def cholesky(input: Array, upper: bool = False) -> Tensor:
    """`linalg.cholesky`."""
    return matrices.cholesky(input, upper=upper)


@public
def cholesky_solve(input: Array, input2: Array, upper: bool = False) -> Tensor:
    """The X with `A @ X = input`, given Cholesky's factor `input2` of A, the lower triangle or the `upper` one.

    Raises:
        RuntimeError: shapes or dtypes don't fit.
    """
    matrices.matrices("cholesky_solve", input)
    matrices.matrices("cholesky_solve", input2, square=True)
    alike("cholesky_solve", input, input2)
    if input.shape[-2] != input2.shape[-1]:
        raise RuntimeError(f"cholesky_solve: shapes {tuple(input.shape)} and {tuple(input2.shape)} don't fit")
    lower, transposed = (input2.mT, input2) if upper else (input2, input2.mT)
    half = matrices.solve_triangular(lower, input, upper=False)
    return matrices.solve_triangular(transposed, half, upper=True)


@public
def cholesky_inverse(input: Array, upper: bool = False) -> Tensor:
    """The inverse of A, given Cholesky's factor of it, the lower triangle or the `upper` one.

    Raises:
        RuntimeError: the factor isn't square, or isn't floating.
    """
    matrices.matrices("cholesky_inverse", input, square=True)
    eye = np.broadcast_to(np.eye(input.shape[-1], dtype=input.dtype), input.shape)
    return cholesky_solve(eye, input, upper)


class TriangularSolution(NamedTuple):
    """What `triangular_solve` returns."""

    solution: Tensor
    cloned_coefficient: Tensor


@public
def triangular_solve(
    input: Array, A: Array, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """`linalg.solve_triangular` with its operands exchanged, of A or of its `transpose`; and a copy of A."""
    matrices.matrices("triangular_solve", A, square=True)
    whole = A.mT if transpose else A
    x = matrices.solve_triangular(whole, input, upper=upper != transpose, unitriangular=unitriangular)
    return TriangularSolution(x, clone(A))


class LegacySVD(NamedTuple):
    """What `svd` returns: `U @ diag(S) @ V.mT`."""

    U: Tensor
    S: Tensor
    V: Tensor


@public
def svd(input: Array, some: bool = True, compute_uv: bool = True) -> LegacySVD:
    """Singular values and vectors, `input = U @ diag(S) @ V.mT`.

    Args:
        some: without the vectors that complete U and V to square matrices.
        compute_uv: else U and V are square matrices of zeros.

    Raises:
        RuntimeError: there are less than 2 dimensions, or the matrix isn't floating.
    """
    if compute_uv:
        U, S, Vh = matrices.svd(input, full_matrices=not some)
        return LegacySVD(U, S, Vh.mT)
    S = matrices.svdvals(input)
    zeros = matrices._as_tensor_like(S)
    U, V = (zeros(np.zeros((*input.shape[:-2], n, n), input.dtype)) for n in input.shape[-2:])
    return LegacySVD(U, S, V)


@public
def qr(input: Array, some: bool = True) -> QR:
    """`linalg.qr`, reduced, or complete without `some`."""
    return matrices.qr(input, "reduced" if some else "complete")


@public
def chain_matmul(*matrices: Array) -> Tensor:
    """Product of one or more matrices, in the order that takes the fewest multiplications.

    Raises:
        RuntimeError: there is none, one isn't a matrix, or sizes or dtypes don't fit.
    """
    if not matrices:
        raise RuntimeError("chain_matmul: at least one matrix expected")
    for x in matrices:
        linalg.dimensions("chain_matmul", matrix=(x, 2))
    return matrix_functions.multi_dot(matrices) if len(matrices) > 1 else reshape(matrices[0], tuple(matrices[0].shape))


@public
def cross(input: Array, other: Array, dim: int | None = None) -> Tensor:
    """`linalg.cross` along `dim`, by default the first dimension of size 3.

    Raises:
        RuntimeError: there is no such dimension, or the shapes don't broadcast.
    """
    linalg.arrays("cross", input=input, other=other)
    if dim is None:
        shape = linalg._broadcast("cross", input.shape, other.shape)
        dim = next((d - len(shape) for d, n in enumerate(shape) if n == 3), None)
        if dim is None:
            raise RuntimeError(f"cross: no dimension of shape {shape} has size 3")
    return linalg.cross(input, other, dim=dim)


@public
def norm(
    input: Array, p: Any = "fro", dim: int | Sequence[int] | None = None, keepdim: bool = False, dtype: Any = None
) -> Tensor:
    """`linalg.vector_norm` of order `p` over `dim`; "fro" is the 2-norm and "nuc" the nuclear norm of matrices.

    Raises:
        RuntimeError: `p` is another string, or "nuc" or "fro" over other than the two dimensions of a matrix.
    """
    if p != "nuc":
        return norms.norm(input, p, dim, keepdim, dtype)
    if dim is None and input.ndim != 2:
        raise RuntimeError(f"norm: 'nuc' without dim is of a matrix, not of shape {tuple(input.shape)}")
    dims = (-2, -1) if dim is None else (dim,) if isinstance(dim, int) else dim
    return matrix_functions.matrix_norm(input, "nuc", dims, keepdim, dtype=dtype)


@public
def renorm(input: Array, p: float, dim: int, maxnorm: float) -> Tensor:
    """The slices along `dim`, those with a p-norm above `maxnorm` scaled to that norm.

    Raises:
        RuntimeError: `p` isn't positive, `maxnorm` is negative, there are less than 2 dimensions, or the elements
            aren't floating.
        IndexError: there is no such dimension.
    """
    linalg.arrays("renorm", input=input)
    if not p > 0:
        raise RuntimeError(f"renorm: p must be positive, not {p}")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: maxnorm must be at least 0, but is {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: at least 2 dimensions expected, not shape {tuple(input.shape)}")
    (d,) = dims_of("renorm", input.ndim, dim)
    length = norms.vector_norm(input, p, [k for k in range(input.ndim) if k != d], True)
    return input * where(length > maxnorm, maxnorm / (length + 1e-7), 1)  # type: ignore[no-any-return]


@public
def vander(x: Array, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix of a vector: the powers of its elements, from N - 1 to 0, or `increasing`.

    Raises:
        RuntimeError: x isn't a vector, or N is negative.
    """
    linalg.dimensions("vander", x=(x, 1))
    n = x.shape[0] if N is None else N
    if n < 0:
        raise RuntimeError(f"vander: N must not be negative, but is {n}")
    powers = matrix_functions.vander(x, N=max(n, 2))[:, :n]
    return powers if increasing else flip(powers, (1,))


@public
def orgqr(input: Array, input2: Array) -> Tensor:
    """`linalg.householder_product`."""
    return matrix_functions.householder_product(input, input2)


@public
def ormqr(input: Array, input2: Array, input3: Array, left: bool = True, transpose: bool = False) -> Tensor:
    """`Q @ input3`, or `input3 @ Q`, with the square Q of all rows that is `householder_product(input, input2)`.

    Args:
        transpose: with the transpose of Q for Q.

    Raises:
        RuntimeError: sizes or dtypes don't fit.
    """
    for x in (input, input3):
        matrices.matrices("ormqr", x)
    alike("ormqr", input, input3)
    *batch, m, k = input.shape
    zeros = np.zeros((*batch, m, max(m - k, 0)), input.dtype)
    Q = matrix_functions.householder_product(cat([input, zeros], -1)[..., :m], input2)
    Q = Q.mT if transpose else Q
    return linalg.matmul(Q, input3) if left else linalg.matmul(input3, Q)
