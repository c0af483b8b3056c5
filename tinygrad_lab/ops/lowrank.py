"""Singular value decompositions of low rank, found at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..op import Array, wrap
from ..public import public
from . import matrices
from .legacy import LegacySVD
from .reduce import mean
from .sampling import normal_array

if TYPE_CHECKING:
    pass


@public
def svd_lowrank(A: Array, q: int | None = 6, niter: int | None = 2, M: Array | None = None) -> LegacySVD:
    """About the first singular values and vectors, `A = U @ diag(S) @ V.mT` where the rank is at most `q`.

    By N. Halko, P. G. Martinsson and J. A. Tropp, Finding structure with randomness (2009), algorithms 4.4 and 5.1.

    Args:
        A: `(*, m, n)`.
        q: how many, by default 6: a few more than the rank that one expects.
        niter: how often the found space is improved.
        M: taken from `A` first.

    Returns:
        `U` `(*, m, q)`, `S` `(*, q)` and `V` `(*, n, q)`.

    Raises:
        ValueError: `q` isn't from 0 to min(m, n), or `niter` is negative.
        RuntimeError: there are less than 2 dimensions, or the matrix isn't floating.
    """
    q = 6 if q is None else q
    niter = 2 if niter is None else niter
    a = A if M is None else A - M
    m, n = a.shape[-2:]
    if not 0 <= q <= min(m, n):
        raise ValueError(f"svd_lowrank: q must be from 0 to {min(m, n)}, but it is {q}")
    if niter < 0:
        raise ValueError(f"svd_lowrank: niter must not be negative, but it is {niter}")
    if m < n:
        U, S, V = svd_lowrank(a.mT, q, niter)
        return LegacySVD(V, S, U)
    basis = matrices.qr(a @ wrap(normal_array(None, (n, q), a.dtype)))[0]
    for _ in range(niter):
        basis = matrices.qr(a.mT @ basis)[0]
        basis = matrices.qr(a @ basis)[0]
    U, S, Vh = matrices.svd(basis.mT @ a, full_matrices=False)
    return LegacySVD(basis @ U, S, Vh.mT)


@public
def pca_lowrank(A: Array, q: int | None = None, center: bool = True, niter: int = 2) -> LegacySVD:
    """Principal components: `svd_lowrank` of the rows' differences from their mean.

    The columns of `V` are the directions, and `A @ V[:, :k]` the coordinates along the first k.

    Args:
        A: `(*, m, n)`, m observations of n features.
        q: how many components, by default 6, or as many as there can be.
        center: take the mean of the rows out first.
        niter: as of `svd_lowrank`.

    Raises:
        ValueError: `q` isn't from 0 to min(m, n), or `niter` is negative.
    """
    if q is None:
        q = min(6, *A.shape[-2:])
    return svd_lowrank(A, q, niter, mean(A, -2, True) if center else None)
