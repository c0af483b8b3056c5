"""What `linalg` offers of equations and factorisations: arguments checked, factors taken apart.

Every function takes one matrix or, in the leading dimensions, a batch of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..convention import convention
from ..op import Array, LinAlgError
from ..public import public
from . import factor, solve as equations
from .compare import where
from .linalg import alike, arrays, matmul
from .shape import cat, reshape, squeeze, unsqueeze
from .solve import triangle, values

if TYPE_CHECKING:
    from ..tensor import Tensor


def matrices(name: str, A: Array, square: bool = False, floating: bool = True) -> None:
    """Refuse what isn't a matrix, or a batch of them.

    Raises:
        TypeError: it is neither tensor nor array.
        RuntimeError: there are less than 2 dimensions, the matrices aren't square, or the dtype is none of LAPACK's.
    """
    arrays(name, **{"a matrix": A})
    if A.ndim < 2:
        raise RuntimeError(f"{name}: a matrix must have at least 2 dimensions, not shape {tuple(A.shape)}")
    if square and A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{name}: the matrix must be square, not of shape {tuple(A.shape)}")
    if floating and A.dtype not in (np.float32, np.float64):
        raise NotImplementedError(
            f"{name}: the matrix must be of float32 or float64, not {A.dtype}; convert with .to(...)"
        )


# --------------------------------------------------------------------------------------------------- equations


@public
def inv(A: Array) -> Tensor:
    """Inverse of a square matrix.

    Raises:
        LinAlgError: the matrix is singular.
        RuntimeError: it isn't square, or isn't floating.
    """
    matrices("inv", A, square=True)
    return equations._inv(A)


@public
def solve(A: Array, B: Array, *, left: bool = True) -> Tensor:
    """The X with `A @ X = B`, or with `left=False` the one with `X @ A = B`.

    Args:
        B: `(*, n, k)`, or vectors: `(n)`, or of the shape of A without its last dimension.

    Raises:
        LinAlgError: the matrix is singular.
        RuntimeError: shapes or dtypes don't fit.
    """
    matrices("solve", A, square=True)
    alike("solve", A, B)
    vector = _is_vector(A, B)
    if vector and not left:
        raise RuntimeError("solve: with left=False B must have rows; give a vector as B.unsqueeze(-2)")
    if vector:
        B = unsqueeze(B, -1)
    if B.ndim < 2 or B.shape[-2 if left else -1] != A.shape[-1]:
        raise RuntimeError(f"solve: A of shape {tuple(A.shape)} and B of shape {tuple(B.shape)} don't fit")
    if not left:
        return equations._solve(A.mT, B.mT).mT
    x = equations._solve(A, B)
    return squeeze(x, -1) if vector else x


def _is_vector(A: Array, B: Array) -> bool:
    """Whether B is a vector, or a batch of as many vectors as A has matrices."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))


@public
def solve_triangular(input: Array, B: Array, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """The X with `input @ X = B`, or with `left=False` `X @ input = B`; only a triangle of `input` is read.

    NumPy has no solver for triangles: its general one, which factors first, is used.

    Args:
        upper: whether that is the upper triangle, else the lower one.
        unitriangular: take the diagonal for ones, and don't read it.

    Raises:
        LinAlgError: an element of the diagonal is 0.
        RuntimeError: shapes or dtypes don't fit.
    """
    matrices("solve_triangular", input, square=True)
    matrices("solve_triangular", B)
    alike("solve_triangular", input, B)
    if B.shape[-2 if left else -1] != input.shape[-1]:
        raise RuntimeError(f"solve_triangular: shapes {tuple(input.shape)} and {tuple(B.shape)} don't fit")
    if left:
        return equations._solve_triangular(input, B, upper, unitriangular)
    return equations._solve_triangular(input.mT, B.mT, not upper, unitriangular).mT


@public
def det(A: Array) -> Tensor:
    """Determinant of a square matrix; its gradient is the matrix of cofactors, of a singular matrix, too.

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating.
    """
    matrices("det", A, square=True)
    return equations._det(A)


class SignAndLog(NamedTuple):
    """What `slogdet` returns: the determinant is `sign * exp(logabsdet)`."""

    sign: Tensor
    logabsdet: Tensor


@public
def slogdet(A: Array) -> SignAndLog:
    """Sign and logarithm of the absolute value of the determinant; 0 and -inf for a singular matrix.

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating.
    """
    matrices("slogdet", A, square=True)
    both = equations._slogdet(A)
    return SignAndLog(both[..., 0], both[..., 1])


@public
def logdet(input: Array) -> Tensor:
    """Logarithm of the determinant: -inf where that is 0, NaN where it is negative.

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating.
    """
    matrices("logdet", input, square=True)
    sign, logabsdet = slogdet(input)
    return where(values(sign) < 0, math.nan, logabsdet)


@public
def pinv(input: Array, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """Pseudoinverse of Moore and Penrose. The gradient is right where the rank doesn't change.

    Args:
        rcond: another name for `rtol`.
        hermitian: whether the matrix is symmetric; then only its lower triangle is read.
        atol: singular values up to it count as 0, a number or a tensor of one for each matrix.
        rtol: as `atol`, relative to the greatest; by default the greater size times the dtype's precision, but 0 with
            an `atol` that is positive.

    Raises:
        RuntimeError: there are less than 2 dimensions, or the matrix isn't floating.
    """
    matrices("pinv", input, square=hermitian)
    if hermitian:
        input = read_triangle(input, upper=False)
    return equations._pinv(input, *tolerances(input, atol, rtol if rcond is None else rcond))


def tolerances(A: Array, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """`atol` and `rtol` as numbers or arrays, the defaults filled in."""
    default = max(A.shape[-2:]) * float(np.finfo(A.dtype).eps)
    atol = 0.0 if atol is None else np.asarray(values(atol))
    rtol = np.where(np.greater(atol, 0), 0.0, default) if rtol is None else np.asarray(values(rtol))
    return atol, rtol


class LeastSquares(NamedTuple):
    """What `lstsq` returns; what the driver doesn't compute is empty."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@public
def lstsq(input: Array, b: Array, rcond: Any = None, *, driver: str | None = None) -> LeastSquares:
    """The X for which `input @ X - b` is least in the 2-norm, and of these the shortest: `pinv(input) @ b`.

    Args:
        b: `(*, m, k)`, or vectors: `(m)`, or of the shape of `input` without its last dimension.
        rcond: singular values up to this times the greatest count as 0.
        driver: LAPACK's name of a method. All give the same solution here, from the singular values; but residuals and
            singular values come with those of PyTorch only: residuals with "gels", "gelsd" and "gelss" if there are
            more rows than columns and the rank is full, singular values with "gelsd" and "gelss", no rank with "gels".

    Raises:
        ValueError: another driver.
        RuntimeError: shapes or dtypes don't fit.
    """
    matrices("lstsq", input)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"lstsq: driver must be 'gels', 'gelsy', 'gelsd' or 'gelss', not {driver!r}")
    alike("lstsq", input, b)
    vector = _is_vector(input, b)
    if vector:
        b = unsqueeze(b, -1)
    m, n = input.shape[-2:]
    if b.ndim < 2 or b.shape[-2] != m:
        raise RuntimeError(f"lstsq: shapes {tuple(input.shape)} and {tuple(b.shape)} don't fit")
    solution = matmul(pinv(input, rcond), b)
    s = values(factor._svdvals(values(input)))
    rank = (s > tolerances(input, None, rcond)[1] * s.max(-1, keepdims=True, initial=0)).sum(-1)
    residuals = reshape(solution, (-1,))[:0]
    if driver in ("gels", "gelsd", "gelss") and m > n and (rank == n).all():
        error = matmul(input, solution) - b
        residuals = (error * error).sum(-2)
    tensor = _as_tensor_like(solution)
    return LeastSquares(
        squeeze(solution, -1) if vector else solution,
        residuals,
        tensor(np.zeros(0, np.int64) if driver == "gels" else rank),
        tensor(s if driver in ("gelsd", "gelss") else np.zeros(0, input.dtype)),
    )


def _as_tensor_like(x: Array) -> Callable[[Array], Any]:
    """What makes of an array a constant tensor, or an array, as x is one."""
    return (lambda array: type(x)._rebuilt(np.asarray(array), False)) if hasattr(x, "array") else np.asarray


# ---------------------------------------------------------------------------------------------- factorisations


def read_triangle(A: Array, upper: bool) -> Array:
    """The symmetric matrix that one triangle of A says.

    Its gradient is symmetric, as PyTorch's is: an element and its mirror image are one variable, and share evenly.
    """
    plain = values(A)
    read = np.where(triangle(A.shape[-1], upper), plain, plain.mT)
    if np.array_equal(read, plain):
        return A
    even = factor.symmetric(A)
    return even + (read - values(even))


@public
def cholesky(input: Array, *, upper: bool = False) -> Tensor:
    """Cholesky's factor of a positive definite matrix: the lower triangle L with `input = L @ L.mT`, or `L.mT`.

    Args:
        upper: read the upper triangle and return the upper triangle, else the lower ones.

    Raises:
        LinAlgError: the matrix isn't positive definite.
        RuntimeError: it isn't square, or isn't floating.
    """
    matrices("cholesky", input, square=True)
    L = factor._cholesky(read_triangle(input, upper))
    return L.mT if upper else L


class Eigen(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def _reads_upper(name: str, UPLO: str) -> bool:
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"{name}: UPLO must be 'L' or 'U', for the triangle that is read, not {UPLO!r}")
    return UPLO.upper() == "U"


@convention(
    "eigenvectors of a repeated eigenvalue",
    [[2.0, 0.0], [0.0, 2.0]],
    raises=LinAlgError,
    of=lambda A: eigh(A).eigenvectors,
)
@public
def eigh(input: Array, UPLO: str = "L") -> Eigen:
    """Eigenvalues, ascending, and eigenvectors, in columns, of a symmetric matrix.

    The gradient of the eigenvectors exists where their eigenvalues are distinct; a function of them should not depend
    on their signs.

    Args:
        UPLO: which triangle is read, "L" or "U".

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating, or UPLO is something else.
        LinAlgError: in backward: an eigenvalue whose eigenvectors are asked for is repeated.
    """
    matrices("eigh", input, square=True)
    both = factor._eigh(read_triangle(input, _reads_upper("eigh", UPLO)))
    return Eigen(both[..., 0, :], both[..., 1:, :])


@public
def eigvalsh(input: Array, UPLO: str = "L") -> Tensor:
    """Eigenvalues of a symmetric matrix, ascending; their gradient exists if they are repeated, too.

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating, or UPLO is neither "L" nor "U".
    """
    matrices("eigvalsh", input, square=True)
    return factor._eigvalsh(read_triangle(input, _reads_upper("eigvalsh", UPLO)))


class SVD(NamedTuple):
    """What `svd` returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@public
def svd(A: Array, full_matrices: bool = True, *, driver: str | None = None) -> SVD:
    """Singular values, descending, and singular vectors: `A = U @ diag(S) @ Vh`.

    The gradient of the vectors exists where their singular values are distinct, and not 0 in a matrix that isn't
    square; a function of them should not depend on their signs.

    Args:
        full_matrices: complete U and Vh to square matrices. What is added is any basis, and its gradient is ignored.
        driver: the method on a GPU; must be None.

    Raises:
        RuntimeError: there are less than 2 dimensions, the matrix isn't floating, or a driver is given.
        LinAlgError: there is a NaN or an infinity; in backward: a singular value whose vectors are asked for is
            repeated.
    """
    matrices("svd", A)
    _refuse_driver("svd", driver)
    (m, n), k = A.shape[-2:], min(A.shape[-2:])
    all_three = factor._svd(A)
    U, S, Vh = all_three[..., :m, :], all_three[..., m, :], all_three[..., m + 1 :, :].mT
    if full_matrices and m != n:
        u, _, vh = np.linalg.svd(values(A))
        U, Vh = cat([U, u[..., k:]], -1), cat([Vh, vh[..., k:, :]], -2)
    return SVD(U, S, Vh)


def _refuse_driver(name: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(f"{name}: a driver is for GPUs; here it must be None, not {driver!r}")


@public
def svdvals(A: Array, *, driver: str | None = None) -> Tensor:
    """Singular values, descending; their gradient exists if they are repeated, too.

    Raises:
        RuntimeError: there are less than 2 dimensions, the matrix isn't floating, or a driver is given.
    """
    matrices("svdvals", A)
    _refuse_driver("svdvals", driver)
    return factor._svdvals(A)


class QR(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor


@public
def qr(A: Array, mode: str = "reduced") -> QR:
    """Orthonormal columns Q and an upper triangle R with `A = Q @ R`.

    Args:
        mode: "reduced": Q is (m, k) and R is (k, n), with the lesser size k; "complete": Q is (m, m) and R is (m, n),
            without a gradient for the columns that are added; "r": Q is empty.

    Raises:
        RuntimeError: there are less than 2 dimensions, the matrix isn't floating, or another mode.
        LinAlgError: in backward: the columns, or the first ones if there are more than rows, aren't independent.
    """
    matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr: mode must be 'reduced', 'complete' or 'r', not {mode!r}")
    m, n = A.shape[-2:]
    both = factor._qr(A if m >= n else A[..., :m])
    Q, R = both[..., :m, :], both[..., m:, :]
    if m < n:  # what stands to the right of a square matrix has the same Q
        R = cat([R, matmul(Q.mT, A[..., m:])], -1)
    if mode == "r":
        return QR(_as_tensor_like(R)(np.zeros(0, A.dtype)), R)
    if mode == "complete" and m > n:
        Q = cat([Q, np.linalg.qr(values(A), mode="complete")[0][..., n:]], -1)
        if getattr(Q, "requires_grad", False):
            Q.register_hook(_refuse_completed)
        R = cat([R, np.zeros((*R.shape[:-2], m - n, n), R.dtype)], -2)
    return QR(Q, R)


# -------------------------------------------------------------------------------- with information, not an error


class InverseWithInfo(NamedTuple):
    """What `inv_ex` returns."""

    inverse: Tensor
    info: Tensor


class ResultWithInfo(NamedTuple):
    """What `solve_ex` returns."""

    result: Tensor
    info: Tensor


class FactorWithInfo(NamedTuple):
    """What `cholesky_ex` returns."""

    L: Tensor
    info: Tensor


@public
def inv_ex(A: Array, *, check_errors: bool = False) -> InverseWithInfo:
    """`inv`, and an int32 for each matrix: 0, but NaN and 1, in all of the batch, if one of them is singular.

    Raises:
        LinAlgError: with `check_errors`, a matrix is singular.
    """
    return InverseWithInfo(*_with_info(lambda: inv(A), A, A, check_errors))


@public
def solve_ex(A: Array, B: Array, *, left: bool = True, check_errors: bool = False) -> ResultWithInfo:
    """`solve`, and an int32 for each matrix: 0, but NaN and 1, in all of the batch, if one of them is singular.

    Raises:
        LinAlgError: with `check_errors`, a matrix is singular.
    """
    return ResultWithInfo(*_with_info(lambda: solve(A, B, left=left), A, B, check_errors))


@public
def cholesky_ex(input: Array, *, upper: bool = False, check_errors: bool = False) -> FactorWithInfo:
    """`cholesky`, and an int32 for each matrix: 0, but NaN and 1, in all of the batch, if one isn't positive definite.

    Raises:
        LinAlgError: with `check_errors`, a matrix isn't positive definite.
    """
    return FactorWithInfo(*_with_info(lambda: cholesky(input, upper=upper), input, input, check_errors))


def _with_info(function: Callable[[], Tensor], A: Array, like: Array, check_errors: bool) -> tuple[Tensor, Tensor]:
    try:
        y, failed = function(), 0
    except LinAlgError:
        if check_errors:
            raise
        y, failed = like * math.nan, 1
    return y, _as_tensor_like(A)(np.full(A.shape[:-2], failed, np.int32))


def _refuse_completed(g: Array) -> None:
    raise RuntimeError(
        "qr: with mode='complete' and more rows than columns Q ends with any basis of what is left, which has no "
        "derivative; use mode='reduced'"
    )
