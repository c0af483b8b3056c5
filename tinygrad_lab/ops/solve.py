"""Equations: inverses, solutions, determinants and the pseudoinverse.

The derivations are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008), and for the pseudoinverse of Golub and Pereyra, SIAM Journal on Numerical Analysis 10 (1973)
413. NumPy has no solver for triangles: its general one, which factors once more, is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..convention import convention
from ..domain import FLAG, Given, Reals
from ..op import Array, LinAlgError, op
from .compare import where
from .shape import cat


@contextmanager
def lapack(failure: str) -> Iterator[None]:
    """Inside, NumPy's LinAlgError becomes ours, with the text `failure`."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise LinAlgError(failure) from error


def values(x: Array) -> Array:
    """The elements of a tensor, outside the graph, or the array itself."""
    return getattr(x, "array", x)


def draw_regular(draw: Any) -> tuple[Any, ...]:
    """A batch of regular matrices."""
    n = draw.choice((2, 1, 3, 2, 0))
    return (draw.reals((*draw.shape(max_dims=1, max_size=2), n, n)) / 2 + 4 * np.eye(n),)


def _draw_square(draw: Any) -> tuple[Any, ...]:
    """A batch of matrices, at times singular ones."""
    (a,) = draw_regular(draw)
    kind = draw.integers(0, 4)
    if a.shape[-1] and kind == 0:
        a[..., 0, :] = a[..., -1, :] * 2 if a.shape[-1] > 1 else 0
    elif kind == 1:
        a[...] = 0
    return (a,)


def _draw_system(draw: Any, triangle: bool = False) -> tuple[Any, ...]:
    """A matrix and a right-hand side, in batches that broadcast."""
    star, n = draw.shape(max_dims=1, max_size=2), draw.choice((2, 1, 3, 2, 0))
    a = draw.reals((*draw.narrower(star), n, n)) / 2 + 4 * np.eye(n)
    b = draw.reals((*draw.narrower(star), n, draw.choice((1, 2, 0))))
    return (a, b, draw.choice((False, True)), draw.choice((False, True))) if triangle else (a, b)


@op(
    lambda g, y, a: -(y.mT @ g @ y.mT),
    shapes="(*, n, n) -> (*, n, n)",
    sample=draw_regular,
    tex="{A}^{{-1}}",
    analytic=True,
)
def _inv(A: Array) -> Array:
    r"""Inverse matrix, :math:`Y = A^{-1}`.

    :math:`A Y = I`, so :math:`dA\,Y + A\,dY = 0` and :math:`dY = -Y\,dA\,Y`; hence :math:`\bar A = -Y^T G Y^T`.

    Raises:
        LinAlgError: the matrix is singular.
    """
    with lapack("inv: the matrix is singular, so it has no inverse; pinv(A) is its pseudoinverse"):
        return np.linalg.inv(A)


@op(
    lambda g, y, a, b: -(_solve(a.mT, g) @ y.mT),
    lambda g, y, a, b: _solve(a.mT, g),
    shapes="(*, n, n), (*, n, k) -> (*, n, k)",
    broadcasts=True,
    promotes=False,
    sample=_draw_system,
    tex="{A}^{{-1}} {B}",
    analytic=True,
)
def _solve(A: Array, B: Array) -> Array:
    r"""Solution of linear equations, :math:`Y = A^{-1} B`.

    :math:`A Y = B`, so :math:`dA\,Y + A\,dY = dB`; hence :math:`\bar B = A^{-T} G` and :math:`\bar A = -\bar B Y^T`.

    Raises:
        LinAlgError: the matrix is singular.
    """
    with lapack("solve: the matrix is singular, so there is no one solution; lstsq(A, B) finds the shortest"):
        return np.linalg.solve(A, B)


@op(
    lambda g, y, a, b, upper, unit: where(
        triangle(a.shape[-1], upper, unit), -(_solve_triangular(a.mT, g, not upper, unit) @ y.mT), 0
    ),
    lambda g, y, a, b, upper, unit: _solve_triangular(a.mT, g, not upper, unit),
    domain=(Reals(), Reals(), FLAG, FLAG),
    shapes="(*, n, n), (*, n, k) -> (*, n, k)",
    broadcasts=True,
    promotes=False,
    sample=lambda draw: _draw_system(draw, triangle=True),
    tex="{A}^{{-1}} {B}",
    analytic=True,
)
def _solve_triangular(A: Array, B: Array, upper: bool, unitriangular: bool) -> Array:
    r"""Solution of linear equations with a triangular matrix, :math:`Y = T^{-1} B`; the rest of A isn't read.

    As for any solution, :math:`\bar B = T^{-T} G` and :math:`\bar T = -\bar B Y^T`, and only the triangle's part of it
    is A's; without the diagonal, if that is taken for ones.

    Raises:
        LinAlgError: an element of the diagonal is 0.
    """
    T = np.where(triangle(A.shape[-1], upper, unitriangular), A, np.eye(A.shape[-1], dtype=A.dtype) * unitriangular)
    with lapack("solve_triangular: the matrix is singular: an element of its diagonal is 0"):
        return np.linalg.solve(T, B)


def triangle(n: int, upper: bool = False, strict: bool = False) -> Array:
    """Whether an element of a square matrix belongs to its lower, or upper, triangle; `strict`: off the diagonal."""
    lower = np.tri(n, n, -1 if strict else 0, dtype=bool)
    return lower.T if upper else lower


# ------------------------------------------------------------------------------------------------ determinants


@convention("det of a singular matrix", [[1.0, 2.0], [2.0, 4.0]], gives=[[4, -2], [-2, 1]], value=0)
@convention("det of the zero matrix", [[0.0, 0.0], [0.0, 0.0]], gives=[[0, 0], [0, 0]], value=0)
@op(
    lambda g, y, a: g[..., None, None] * _cofactors(y, a),
    shapes="(*, n, n) -> (*)",
    sample=_draw_square,
    tex=r"\det {A}",
    analytic=True,
)
def _det(A: Array) -> Array:
    r"""Determinant, :math:`y = \det A`.

    Laplace's expansion along a row, :math:`y = \sum_j a_{ij} c_{ij}`, in which no cofactor :math:`c_{ij}` depends on
    that row, gives :math:`\partial y / \partial a_{ij} = c_{ij}`: the derivative is the matrix of cofactors, of a
    singular matrix, too.
    """
    with np.errstate(over="ignore"):  # NumPy's determinant of float32 is cast from float64
        return np.linalg.det(A)


def _cofactors(det: Array, a: Array) -> Array:
    r"""The cofactors of a matrix with determinant `det`, :math:`C = \det A\,A^{-T}` if it is regular.

    Where it is singular, or near it, the least singular values are lifted by a constant matrix of their rank r,
    :math:`B = A + \sigma U V^T`, and by the matrix determinant lemma

    .. math:: \det A = \det B \det M, \qquad M = I_r - \sigma V^T B^{-1} U.

    :math:`dM = \sigma V^T B^{-1} dB\,B^{-1} U`, so that with the cofactors K of the little matrix M

    .. math:: C = \det B\,(\det M\,B^{-T} + \sigma B^{-T} V K U^T B^{-T}).

    Nothing in it is singular, so derivatives of any order come from it.
    """
    plain, n = values(a), a.shape[-1]
    eps = np.finfo(plain.dtype).eps
    try:
        inverse = _inv(a)
        condition = np.abs(plain).sum(-1).max(-1, initial=0) * np.abs(values(inverse)).sum(-1).max(-1, initial=0)
        if (condition < eps**-0.5).all():
            return det[..., None, None] * inverse.mT
    except LinAlgError:
        pass
    u, s, vt = np.linalg.svd(plain)
    r = int((s <= s[..., :1] * eps**0.5).sum(-1).max(initial=1))
    lift = np.where(s[..., :1, None] == 0, 1, s[..., :1, None]).astype(s.dtype)
    u, v = u[..., n - r :] * lift, vt[..., n - r :, :].mT
    lifted = a + u @ v.mT
    inverse = _inv(lifted)
    det_m, k = _small_cofactors(np.eye(r, dtype=plain.dtype) - v.mT @ (inverse @ u))
    right = inverse.mT @ v @ k @ (inverse @ u).mT
    return _det(lifted)[..., None, None] * (det_m[..., None, None] * inverse.mT + right)


def _small_cofactors(m: Array) -> tuple[Array, Array]:
    """The determinant and the cofactors by the method of Faddeev and Leverrier, which divides by integers only."""
    eye = np.eye(m.shape[-1], dtype=m.dtype)
    n = eye + 0 * m
    for k in range(1, len(eye)):
        p = m @ n
        n = eye * ((p * eye).sum(axis=(-2, -1)) / k)[..., None, None] - p
    return (m @ n * eye).sum(axis=(-2, -1)) / len(eye), n.mT


@op(
    lambda g, y, a: g[..., 1, None, None] * _log_slope(a),
    shapes="(*, n, n) -> (...)",
    sample=draw_regular,
    tex=r"\ln |\det {A}|",
)
def _slogdet(A: Array) -> Array:
    r"""Sign and logarithm of the absolute value of the determinant, side by side, so that neither overflows.

    :math:`d \ln|\det A| = \operatorname{tr}(A^{-1} dA)`, so :math:`\bar A = g A^{-T}`; the sign is constant.
    """
    return np.stack(np.linalg.slogdet(A), axis=-1).astype(A.dtype, copy=False)


def _log_slope(a: Array) -> Array:
    """The derivative of the logarithm of the determinant; infinite, with the cofactors' signs, at a singular matrix."""
    try:
        return _inv(a).mT
    except LinAlgError:
        det = _det(a)
        return _cofactors(det, a) / det[..., None, None]


# ------------------------------------------------------------------------------------------- the pseudoinverse


def _draw_full_rank(draw: Any) -> tuple[Any, ...]:
    """A matrix of full rank, with more rows or more columns."""
    m, n = draw.choice((2, 1, 3, 0)), draw.choice((2, 1, 3))
    a = draw.reals((*draw.shape(max_dims=1, max_size=2), m, n)) / 2 + 4 * np.eye(m, n)
    return a, 0.0, 1e-9


@op(
    lambda g, y, a, atol, rtol: _pinv_rule(g, y, a),
    domain=(Reals(), Given(), Given()),
    shapes="(*, m, n) -> (*, n, m)",
    sample=_draw_full_rank,
    tex="{A}^+",
)
def _pinv(A: Array, atol: Any, rtol: Any) -> Array:
    r"""Pseudoinverse of Moore and Penrose, :math:`Y = A^+`: singular values up to max(atol, rtol s_1) count as 0.

    While the rank stays, :math:`dY = -Y\,dA\,Y + Y Y^T dA^T (I - A Y) + (I - Y A)\,dA^T Y^T Y`; the adjoint of each
    summand is in `_pinv_rule`.
    """
    with lapack("pinv: the singular values weren't found: is there a NaN or an infinity in the matrix?"):
        u, s, vt = np.linalg.svd(A, full_matrices=False)
    limit = np.maximum(np.asarray(atol)[..., None], np.asarray(rtol)[..., None] * s.max(-1, keepdims=True, initial=0))
    kept = s > limit
    inverse = np.divide(1, s, out=np.zeros_like(s), where=kept)
    return (vt.mT * inverse[..., None, :]) @ u.mT


def _pinv_rule(g: Array, y: Array, a: Array) -> Array:
    r""":math:`\bar A = -Y^T G Y^T + (I - A Y) G^T Y Y^T + Y^T Y G^T (I - Y A)`."""
    left, right = g.mT @ y @ y.mT, y.mT @ (y @ g.mT)
    return left - a @ (y @ left) + right - (right @ y) @ a - y.mT @ g @ y.mT


# --------------------------------------------------------------------------------------------- the exponential


@op(
    lambda g, y, a: _exp_slope(a.mT, g),
    shapes="(*, n, n) -> (*, n, n)",
    tex="e^{{{A}}}",
    analytic=True,
)
def _matrix_exp(A: Array) -> Array:
    r"""Exponential of a matrix, :math:`Y = \sum_k A^k / k!`.

    The exponential of :math:`\begin{pmatrix} A & E \\ 0 & A \end{pmatrix}` has the derivative in direction E for its
    upper right block, and the adjoint of the derivative at A is the derivative at :math:`A^T` (R. Mathias, SIAM
    Journal on Matrix Analysis and Applications 17 (1996) 610): :math:`\bar A` is that block for :math:`A^T` and G.

    Computed as the square, s times over, of the Padé approximant of degree 13 of :math:`A / 2^s` (N. Higham, SIAM
    Journal on Matrix Analysis and Applications 26 (2005) 1179).
    """
    norm = np.abs(A).sum(-2).max(initial=0)
    s = max(0, int(np.ceil(np.log2(norm / 5.4)))) if 0 < norm < np.inf else 0
    A = A / np.asarray(2**s, A.real.dtype)
    eye = np.eye(A.shape[-1], dtype=A.dtype)
    b = _PADE
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2
    odd = A @ (A6 @ (b[13] * A6 + b[11] * A4 + b[9] * A2) + b[7] * A6 + b[5] * A4 + b[3] * A2 + b[1] * eye)
    even = A6 @ (b[12] * A6 + b[10] * A4 + b[8] * A2) + b[6] * A6 + b[4] * A4 + b[2] * A2 + b[0] * eye
    with lapack("matrix_exp: is there a NaN or an infinity in the matrix?"):
        y = np.linalg.solve(even - odd, even + odd)
    for _ in range(s):
        y = y @ y
    return y


def _exp_slope(a: Array, e: Array) -> Array:
    """The derivative of the exponential at `a` in direction `e`, which is scaled so that it doesn't cost digits."""
    n = a.shape[-1]
    scale = float(np.abs(values(e)).max(initial=0)) or 1.0
    return _matrix_exp(_blocks(a, e / scale))[..., :n, n:] * scale


# as parts of the first one, so that float32 doesn't overflow
_PADE = [
    c / 64764752532480000
    for c in (
        64764752532480000,
        32382376266240000,
        7771770303897600,
        1187353796428800,
        129060195264000,
        10559470521600,
        670442572800,
        33522128640,
        1323241920,
        40840800,
        960960,
        16380,
        182,
        1,
    )
]


def _blocks(a: Array, e: Array) -> Array:
    """The block matrix with `a` on the diagonal, `e` to the right and zeros below."""
    return cat([cat([a, e], -1), cat([0 * a, a], -1)], -2)
