"""Factorisations: Cholesky's, QR, eigenvalues and singular values.

An op gives one array, so the factors of one factorisation are rows of one: it is computed once, and one rule sees the
cotangents of all factors. `linalg` takes them apart.

The derivations are those of M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation" (2008); I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016); S. Walter
and L. Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental
design", arXiv:1001.1654 (2010); J. Townsend, "Differentiating the singular value decomposition" (2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..convention import convention
from ..op import Array, Fused, LinAlgError, op
from .compare import where
from .solve import _solve_triangular, lapack, triangle, values


def _draw_definite(draw: Any) -> tuple[Any, ...]:
    """A batch of matrices whose symmetric part is positive definite."""
    n = draw.choice((2, 1, 3, 2, 0))
    return (draw.reals((*draw.shape(max_dims=1, max_size=2), n, n)) / 2 + 6 * np.eye(n),)


def _draw_generic(draw: Any, m: int, n: int) -> Array:
    """Matrices of which no element, gap or pivot is near 0: there a sign of LAPACK's might flip."""
    shape = (*draw.shape(max_dims=1, max_size=2), m, n)
    generic = np.cos(np.arange(1, m + 1)[:, None] * 1.3 + np.arange(1, n + 1) * 0.7) / 2 + np.diag([4, 2, 7])[:m, :n]
    return draw.reals(shape) / 16 + generic


def _draw_tall(draw: Any) -> tuple[Any, ...]:
    n = draw.choice((2, 1, 3, 0))
    return (_draw_generic(draw, n + draw.integers(0, 3 - n), n),)


def _draw_any(draw: Any) -> tuple[Any, ...]:
    return (_draw_generic(draw, draw.choice((2, 1, 3, 0)), draw.choice((2, 3, 1))),)


def _draw_eigen(draw: Any) -> tuple[Any, ...]:
    n = draw.choice((2, 1, 3, 0))
    return (_draw_generic(draw, n, n),)


def symmetric(x: Array) -> Array:
    """The symmetric part."""
    return (x + x.mT) / 2


@op(
    lambda g, y, a: _cholesky_rule(g, y),
    shapes="(*, n, n) -> (*, n, n)",
    sample=_draw_definite,
    tex=r"\operatorname{{chol}} {A}",
)
def _cholesky(A: Array) -> Array:
    r"""Cholesky's factor of a positive definite matrix: the lower triangle L with :math:`A = L L^T`.

    :math:`dA = dL\,L^T + L\,dL^T`, so :math:`L^{-1} dA\,L^{-T} = L^{-1} dL + (L^{-1} dL)^T`: a lower triangle and its
    transpose, which :math:`\Phi`, the lower triangle with half the diagonal, tells apart:
    :math:`dL = L\,\Phi(L^{-1} dA\,L^{-T})`. Hence :math:`\bar A = L^{-T} \Phi(L^T G) L^{-1}`, and its symmetric part,
    as A is read as its own.

    Raises:
        LinAlgError: the matrix isn't positive definite.
    """
    with lapack("cholesky: the matrix isn't positive definite"):
        return np.linalg.cholesky(symmetric(A))


def _cholesky_rule(g: Array, L: Array) -> Array:
    n = L.shape[-1]
    phi = np.tri(n, dtype=L.dtype) - np.eye(n, dtype=L.dtype) / 2
    inverse = _solve_triangular(L, np.eye(n, dtype=L.dtype), False, False)
    return symmetric(inverse.mT @ (phi * (L.mT @ g)) @ inverse)


@op(
    lambda g, y, a: _qr_rule(g, y),
    shapes="(*, m, n) -> (...)",
    sample=_draw_tall,
    tex=r"\operatorname{{qr}} {A}",
)
def _qr(A: Array) -> Array:
    r"""Orthonormal columns Q and an upper triangle R with :math:`A = Q R`, for at least as many rows as columns.

    The rows of Q stand above those of R. :math:`dA\,R^{-1} = dQ + Q\,dR\,R^{-1}`, and :math:`Q^T dQ` is antisymmetric,
    as :math:`Q^T Q = I`. With :math:`M = R \bar R^T - \bar Q^T Q`, and S the symmetric matrix with the lower triangle
    of M, :math:`\bar A = (\bar Q + Q S) R^{-T}` (Walter and Lehmann).
    """
    return np.concatenate(np.linalg.qr(A), axis=-2)


def _qr_rule(g: Array, y: Array) -> Array:
    n = y.shape[-1]
    m = y.shape[-2] - n
    Q, R, gQ, gR = y[..., :m, :], y[..., m:, :], g[..., :m, :], where(triangle(n, upper=True), g[..., m:, :], 0)
    M = R @ gR.mT - gQ.mT @ Q
    S = where(triangle(n), M, M.mT)
    return _solve_triangular(R, (gQ + Q @ S).mT, True, False).mT


# ------------------------------------------------------------------------------- eigenvalues and singular values


def _gaps(name: str, what: str, w: Array, of_vectors: Array) -> Array:
    """1 / (w_j - w_i), and 0 for i = j; `of_vectors`: the cotangents of the vectors, a column for each.

    Raises:
        LinAlgError: two values are the same, and the derivative of their vectors is asked for.
    """
    plain, asked = values(w), np.any(values(of_vectors) != 0, axis=-2)
    n = plain.shape[-1]
    limit = np.abs(plain).max(-1, initial=0)[..., None, None] * n * np.finfo(plain.dtype).eps
    same = np.abs(plain[..., None, :] - plain[..., :, None]) <= limit
    wrong = same & asked[..., None] & ~np.eye(n, dtype=bool)
    if wrong.any():
        value = np.broadcast_to(plain[..., None], wrong.shape)[wrong][0]
        raise LinAlgError(
            f"{name}: the {what} {value:.6g} is repeated, so its vectors aren't determined, and have no derivative; "
            "use a function of the values alone, or of all vectors of one value together that doesn't need them"
        )
    return where(same, 0, 1 / where(same, 1, w[..., None, :] - w[..., :, None]))


@op(
    lambda g, y, a: _eigh_rule(g, y),
    shapes="(*, n, n) -> (...)",
    sample=_draw_eigen,
    tex=r"\operatorname{{eigh}} {A}",
)
def _eigh(A: Array) -> Array:
    r"""Eigenvalues and eigenvectors of a symmetric matrix, :math:`A V = V \operatorname{Diag}(w)`, ascending.

    The row of w stands above those of V. :math:`V^T V = I`, so :math:`C = V^T dV` is antisymmetric, and
    :math:`V^T dA\,V = \operatorname{Diag}(dw) + C\,\operatorname{Diag}(w) - \operatorname{Diag}(w)\,C`. The diagonal is
    dw, and elsewhere :math:`c_{ij} = f_{ij} (V^T dA\,V)_{ij}` with :math:`f_{ij} = 1 / (w_j - w_i)`. Hence
    :math:`\bar A = V (\operatorname{Diag}(\bar w) + F \circ V^T \bar V) V^T`, and its symmetric part, as A is read as
    its own.
    """
    with lapack("eigh: the eigenvalues weren't found: is there a NaN or an infinity in the matrix?"):
        w, v = np.linalg.eigh(symmetric(A))
    return np.concatenate([w[..., None, :], v], axis=-2)


def _eigh_rule(g: Array, y: Array) -> Array:
    w, V, gw, gV = y[..., 0, :], y[..., 1:, :], g[..., 0, :], g[..., 1:, :]
    eye = np.eye(w.shape[-1], dtype=w.dtype)
    return symmetric(V @ (gw[..., None, :] * eye + _gaps("eigh", "eigenvalue", w, gV) * (V.mT @ gV)) @ V.mT)


def _with_eigenvectors(A: Array) -> tuple[Array, Array]:
    both = _eigh(A)
    return np.array(both[..., 0, :]), both


@convention("eigenvalues that are repeated", [[2.0, 0.0], [0.0, 2.0]], gives=[[1, 0], [0, 1]], value=[2, 2])
@op(
    lambda g, y, a: _spread_values(g, _eigh(a)[..., 1:, :]),
    shapes="(*, n, n) -> (*, n)",
    sample=_draw_eigen,
    tex=r"\operatorname{{eigvals}} {A}",
    fused=Fused(_with_eigenvectors, (lambda g, both, a: _spread_values(g, both[..., 1:, :]),)),
)
def _eigvalsh(A: Array) -> Array:
    r"""Eigenvalues of a symmetric matrix, ascending.

    :math:`dw_i = v_i^T dA\,v_i` with the eigenvectors, so :math:`\bar A = V \operatorname{Diag}(g) V^T`. They are
    computed only where a gradient is asked for, but then at once: apart, both take half as long again.
    """
    with lapack("eigvalsh: the eigenvalues weren't found: is there a NaN or an infinity in the matrix?"):
        return np.linalg.eigvalsh(symmetric(A))


def _spread_values(g: Array, V: Array) -> Array:
    return (V * g[..., None, :]) @ V.mT


@op(
    lambda g, y, a: _svd_rule(g, y, a.shape[-2]),
    shapes="(*, m, n) -> (...)",
    sample=_draw_any,
    tex=r"\operatorname{{svd}} {A}",
)
def _svd(A: Array) -> Array:
    r"""Singular values and vectors, :math:`A = U \operatorname{Diag}(s) V^T`, descending.

    The rows of U stand above that of s, and those of V below. As for eigenvalues, :math:`U^T dU` and :math:`V^T dV` are
    antisymmetric, and :math:`ds = \operatorname{diag}(U^T dA\,V)`. With :math:`f_{ij} = 1 / (s_j^2 - s_i^2)`, 0 on the
    diagonal, and :math:`\operatorname{skew} X = X - X^T`, the cotangent is :math:`\bar A = U K V^T` with

    .. math:: K = (F \circ \operatorname{skew} U^T \bar U) S + S (F \circ \operatorname{skew} V^T \bar V) + \bar S

    and, for what leaves the space of the vectors, :math:`(I - U U^T) \bar U S^{-1} V^T` and
    :math:`U S^{-1} \bar V^T (I - V V^T)` (Townsend).
    """
    with lapack("svd: the singular values weren't found: is there a NaN or an infinity in the matrix?"):
        u, s, vt = np.linalg.svd(A, full_matrices=False)
    return np.concatenate([u, s[..., None, :], vt.mT], axis=-2)


def _svd_rule(g: Array, y: Array, m: int) -> Array:
    U, s, V = y[..., :m, :], y[..., m, :], y[..., m + 1 :, :]
    gU, gs, gV = g[..., :m, :], g[..., m, :], g[..., m + 1 :, :]
    n, k = V.shape[-2:]
    asked = np.abs(values(gU)).max(-2, initial=0) + np.abs(values(gV)).max(-2, initial=0)
    sums = s[..., None, :] + s[..., :, None]
    F = _gaps("svd", "singular value", s, asked[..., None, :]) / where(values(sums) == 0, 1, sums)
    in_u, in_v = U.mT @ gU, V.mT @ gV
    K = F * (in_u - in_u.mT) * s[..., None, :] + s[..., :, None] * (F * (in_v - in_v.mT))
    d = U @ (K + gs[..., None, :] * np.eye(k, dtype=s.dtype)) @ V.mT
    if m == n == k:
        return d
    zero = values(s) <= np.abs(values(s)).max(-1, initial=0, keepdims=True) * max(m, n) * np.finfo(s.dtype).eps
    if (zero & (asked != 0)).any():
        raise LinAlgError("svd: a singular value is 0, so its vectors aren't determined, and have no derivative")
    inverse = where(zero, 0, 1 / where(zero, 1, s))[..., None, :]
    if m > k:
        d = d + ((gU - U @ in_u) * inverse) @ V.mT
    if n > k:
        d = d + (U * inverse) @ (gV - V @ in_v).mT
    return d


def _with_singular_vectors(A: Array) -> tuple[Array, Array]:
    all_three = _svd(A)
    return np.array(all_three[..., A.shape[-2], :]), all_three


@op(
    lambda g, y, a: _spread_singular(g, _svd(a), a.shape[-2]),
    shapes="(*, m, n) -> (...)",
    sample=_draw_any,
    tex=r"\sigma({A})",
    fused=Fused(_with_singular_vectors, (lambda g, y, a: _spread_singular(g, y, a.shape[-2]),)),
)
def _svdvals(A: Array) -> Array:
    r"""Singular values, descending.

    :math:`ds_i = u_i^T dA\,v_i` with the singular vectors, so :math:`\bar A = U \operatorname{Diag}(g) V^T`. As for
    eigenvalues, they are computed only where a gradient is asked for, and then at once.
    """
    with lapack("svdvals: the singular values weren't found: is there a NaN or an infinity in the matrix?"):
        return np.linalg.svd(A, compute_uv=False)


def _spread_singular(g: Array, y: Array, m: int) -> Array:
    return (y[..., :m, :] * g[..., None, :]) @ y[..., m + 1 :, :].mT
