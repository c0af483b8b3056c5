"""Norms, powers and chains of matrices, and what is said of tensors as of matrices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..op import Array, LinAlgError
from ..public import public
from . import factor, norms, solve as equations
from .arithmetic import abs as absolute, pow
from .cast import cast, clone
from .checks import integer
from .compare import where
from .extreme import amax, amin
from .linalg import alike, arrays, matmul
from .matrices import inv, matrices, read_triangle, solve, tolerances
from .reduce import sum
from .shape import dims_of, permute, reshape, squeeze, unsqueeze
from .solve import values

if TYPE_CHECKING:
    from ..tensor import Tensor

DimLike = int | Sequence[int] | None
Order = int | float | str | None


# ------------------------------------------------------------------------------------------------------- norms


@public
def vector_norm(x: Array, ord: float = 2, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The p-norm with p = `ord`, over `dim` or of all elements; at the zero vector its gradient is 0.

    Raises:
        TypeError: `ord` isn't a number.
        RuntimeError: the elements or `dtype` aren't floating, or there is no element and p is infinite or negative.
    """
    arrays("vector_norm", x=x)
    return norms.vector_norm(x, ord, dim, keepdim, dtype=dtype)


@public
def matrix_norm(
    input: Array, ord: Order = "fro", dim: Sequence[int] = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """A norm of matrices, whose rows and columns are the two dimensions `dim`.

    Args:
        ord: "fro": the 2-norm of all elements; "nuc": the sum of the singular values; 2, -2: the greatest, the least of
            them; 1, -1: the greatest, the least sum of absolute values of a column; inf, -inf: of a row.
        dtype: what to convert the elements to before.

    Raises:
        RuntimeError: `ord` is something else, `dim` isn't two dimensions, the elements or `dtype` aren't floating, or
            there is no element and the least is asked for.
        IndexError: there is no such dimension.
    """
    arrays("matrix_norm", input=input)
    if input.ndim < 2:
        raise RuntimeError(f"matrix_norm: a matrix must have at least 2 dimensions, not shape {tuple(input.shape)}")
    if isinstance(dim, int) or len(dim) != 2:
        raise RuntimeError(f"matrix_norm: dim must be two dimensions, not {dim}")
    if (isinstance(ord, str) and ord not in ("fro", "nuc")) or ord not in (
        "fro",
        "nuc",
        1,
        -1,
        2,
        -2,
        math.inf,
        -math.inf,
    ):
        raise RuntimeError(f"matrix_norm: ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, not {ord!r}")
    rows, columns = dims_of("matrix_norm", input.ndim, dim)
    if input.dtype.kind != "f":
        raise RuntimeError(f"matrix_norm: the elements must be floating, not {input.dtype}; convert with .float()")
    if dtype is not None:
        if np.dtype(dtype).kind != "f" or not np.can_cast(input.dtype, dtype):
            raise RuntimeError(f"matrix_norm: elements of {input.dtype} can't become {np.dtype(dtype)}")
        input = cast(input, dtype)
    if ord == "fro":
        return norms.vector_norm(input, 2, (rows, columns), keepdim)
    if ord in (1, -1, math.inf, -math.inf):
        first, second = (rows, columns) if ord in (1, -1) else (columns, rows)
        extreme = amax if ord > 0 else amin
        sums = sum(absolute(input), first, True)
        if ord > 0 and sums.shape[second] == 0:
            y = sum(sums, second, True)
        else:
            y = extreme(sums, second, True)
    else:
        rest = [d for d in range(input.ndim) if d not in (rows, columns)]
        s = factor._svdvals(permute(input, (*rest, rows, columns)))
        if ord == "nuc" or (ord == 2 and not s.shape[-1]):
            y = sum(s, -1)
        else:
            y = (amax if ord == 2 else amin)(s, -1)
        for d in sorted((rows, columns)):
            y = unsqueeze(y, d)
    return y if keepdim else squeeze(y, (rows, columns))


@public
def norm(input: Array, ord: Order = None, dim: DimLike = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """A norm of vectors or matrices.

    Without `ord` the 2-norm, of all elements or over `dim`. With it, one dimension means `vector_norm` and two mean
    `matrix_norm`; without `dim` they are the tensor's own.

    Raises:
        RuntimeError: `dim` is more than two dimensions, `ord` isn't a norm of what `dim` means, or the elements aren't
            floating.
        IndexError: there is no such dimension.
    """
    arrays("norm", input=input)
    dims = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"norm: dim must be one or two dimensions, not {dims}; vector_norm takes any number")
    if ord is None:
        return norms.vector_norm(input, 2, dims, keepdim, dtype=dtype)
    if dims is None and input.ndim not in (1, 2):
        raise RuntimeError(f"norm: with ord and without dim a vector or a matrix is expected, not {tuple(input.shape)}")
    count = input.ndim if dims is None else len(dims)
    if count == 1 and not isinstance(ord, str):
        return norms.vector_norm(input, ord, dims, keepdim, dtype=dtype)
    return matrix_norm(input, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)


@public
def cond(input: Array, p: Order = None) -> Tensor:
    """Condition number, the norm of the matrix times that of its inverse; inf of a singular matrix.

    Args:
        p: the norm, as in `matrix_norm`; None for 2. For 2 and -2 a matrix needn't be square.

    Raises:
        RuntimeError: `p` is no norm of matrices, or the matrix isn't square, or isn't floating.
    """
    if p in (None, 2, -2):
        matrices("cond", input)
        s = factor._svdvals(input)
        if not s.shape[-1]:
            return sum(s, -1)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    matrices("cond", input, square=True)
    if 0 in input.shape[-2:]:
        return sum(input, (-2, -1))
    try:
        return matrix_norm(input, p) * matrix_norm(inv(input), p)
    except LinAlgError:
        eye = np.eye(input.shape[-1], dtype=input.dtype)
        singular = values(equations._det(values(input)))[..., None, None] == 0
        of_regular = matrix_norm(input, p) * matrix_norm(inv(values(input) * ~singular + eye * singular), p)
        return of_regular + np.where(singular[..., 0, 0], math.inf, 0).astype(input.dtype)


@public
def matrix_rank(
    input: Array, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values don't count as 0; int64, without gradient.

    Args:
        tol: another name for `atol`, with `rtol` 0.
        hermitian: whether the matrix is symmetric; then only its lower triangle is read.
        atol, rtol: see `pinv`.

    Raises:
        RuntimeError: there are less than 2 dimensions, or the matrix isn't floating.
    """
    matrices("matrix_rank", input, square=hermitian)
    if hermitian:
        input = read_triangle(input, upper=False)
    s = factor._svdvals(input.detach() if hasattr(input, "detach") else input)
    atol, rtol = (tol, 0.0) if tol is not None else tolerances(input, atol, rtol)
    atol, rtol = (np.asarray(values(t)) for t in (atol, rtol))
    top = amax(s, -1, True) if s.shape[-1] else 0
    return sum(s > np.maximum(atol[..., None], rtol[..., None] * values(top)).astype(s.dtype), -1)


# ------------------------------------------------------------------------------------------- powers and chains


@public
def matrix_power(input: Array, n: int) -> Tensor:
    """The product of n times a square matrix; for negative n, of its inverse. By squaring.

    Raises:
        TypeError: n isn't an integer.
        LinAlgError: n is negative and the matrix singular.
        RuntimeError: the matrix isn't square, or n is negative and it isn't floating.
    """
    n = integer("matrix_power", "n", n)
    matrices("matrix_power", input, square=True, floating=n < 0)
    if n < 0:
        return matrix_power(inv(input), -n)
    if n == 0:
        return input * 0 + np.eye(input.shape[-1], dtype=input.dtype)  # type: ignore[no-any-return]
    if n == 1:
        return clone(input)
    half = matmul(input, input) if n < 4 else matrix_power(input, n // 2)
    squared = half if n < 4 else matmul(half, half)
    return matmul(squared, input) if n % 2 else squared


@public
def matrix_exp(input: Array) -> Tensor:
    """Exponential of a square matrix, the sum of its powers over factorials.

    Raises:
        RuntimeError: the matrix isn't square, or isn't floating.
    """
    matrices("matrix_exp", input, square=True)
    return equations._matrix_exp(input)


@public
def multi_dot(tensors: Sequence[Array]) -> Tensor:
    """Product of two or more matrices, in the order that takes the fewest multiplications.

    The first may be a vector, a row, and the last one, a column.

    Raises:
        RuntimeError: there is one alone, one in between isn't a matrix, or sizes or dtypes don't fit.
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot: at least 2 tensors expected, not {len(tensors)}")
    chain = list(tensors)
    for i, x in enumerate(chain):
        arrays("multi_dot", **{f"tensor {i}": x})
        allowed = (1, 2) if i in (0, len(chain) - 1) else (2,)
        if x.ndim not in allowed:
            raise RuntimeError(f"multi_dot: tensor {i} must be a matrix, not of shape {tuple(x.shape)}")
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = unsqueeze(chain[0], 0)
    if column:
        chain[-1] = unsqueeze(chain[-1], 1)
    for a, b in itertools.pairwise(chain):
        if a.shape[1] != b.shape[0]:
            raise RuntimeError(f"multi_dot: shapes {tuple(a.shape)} and {tuple(b.shape)} don't fit")
    y = _chained(chain, _splits([x.shape[0] for x in chain] + [chain[-1].shape[1]]), 0, len(chain) - 1)
    dropped = [d for d, vector in enumerate((row, column)) if vector]
    return squeeze(y, dropped) if dropped else y


def _splits(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """For the matrices from the i-th to the j-th, after which one to split the product.

    Dynamic programming over ever longer chains (Cormen, Leiserson, Rivest and Stein, Introduction to Algorithms, 15.2).
    """
    count = len(sizes) - 1
    cost = {(i, i): 0 for i in range(count)}
    best = {}
    for length in range(2, count + 1):
        for i in range(count - length + 1):
            j = i + length - 1
            ways = [(cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)]
            cost[i, j], best[i, j] = min(ways)
    return best


def _chained(chain: Sequence[Array], best: dict[tuple[int, int], int], i: int, j: int) -> Array:
    if i == j:
        return chain[i]
    k = best[i, j]
    return matmul(_chained(chain, best, i, k), _chained(chain, best, k + 1, j))


@public
def householder_product(input: Array, tau: Array) -> Tensor:
    r"""The first columns of a product of reflections, :math:`H_1 \cdots H_k` with :math:`H_i = I - \tau_i v_i v_i^T`.

    Args:
        input: `(*, m, n)`, in whose i-th column :math:`v_i` stands below the diagonal, its element on the diagonal
        taken for 1 and those above it for 0; n is at most m. tau: `(*, k)`; k is at most n.

    Raises:
        RuntimeError: sizes or dtypes don't fit.
    """
    matrices("householder_product", input)
    alike("householder_product", input, tau)
    (m, n), k = input.shape[-2:], tau.shape[-1] if tau.ndim else 0
    if m < n or k > n or tau.ndim != input.ndim - 1 or tau.shape[:-1] != input.shape[:-2]:
        raise RuntimeError(f"householder_product: shapes {tuple(input.shape)} and {tuple(tau.shape)} don't fit")
    eye = np.eye(m, n, dtype=input.dtype)
    vectors = where(np.tri(m, n, -1, dtype=bool), input, eye)
    y = 0 * input + eye
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        y = y - tau[..., i, None, None] * matmul(v, matmul(v.mT, y))
    return y  # type: ignore[no-any-return]


@public
def vander(x: Array, *, N: int | None = None) -> Tensor:
    """Vandermonde's matrix: the powers of the last dimension's elements, from 0 to N - 1; N is their number by default.

    Raises:
        RuntimeError: N isn't greater than 1.
    """
    arrays("vander", x=x)
    if x.ndim == 0:
        x = unsqueeze(x, 0)
    n = x.shape[-1] if N is None else N
    if N is not None and N <= 1:
        raise RuntimeError(f"vander: N must be greater than 1, not {N}")
    if x.dtype.kind in "iub":
        x = cast(x, np.int64)
    if not n:
        return reshape(x, (*x.shape, 0))
    return pow(unsqueeze(x, -1), np.arange(n).astype(x.dtype))


# ----------------------------------------------------------------------------------------- tensors as matrices


@public
def tensorinv(input: Array, ind: int = 2) -> Tensor:
    """Inverse of the map that `tensordot(input, x, x.ndim)` is: of the tensor as a matrix, `ind` dimensions its rows.

    Raises:
        RuntimeError: `ind` isn't positive, or the matrix isn't square.
        LinAlgError: it is singular.
    """
    arrays("tensorinv", input=input)
    if ind <= 0:
        raise RuntimeError(f"tensorinv: ind must be positive, not {ind}")
    rows, columns = tuple(input.shape[:ind]), tuple(input.shape[ind:])
    n, m = math.prod(rows), math.prod(columns)
    if n != m:
        raise RuntimeError(f"tensorinv: the sizes {rows} and {columns} of the two sides have products {n} and {m}")
    return reshape(inv(reshape(input, (n, m))), (*columns, *rows))


@public
def tensorsolve(input: Array, other: Array, dims: Sequence[int] | None = None) -> Tensor:
    """The x with `tensordot(input, x, x.ndim) == other`.

    Args:
        dims: dimensions of `input` to move behind the others before.

    Raises:
        RuntimeError: the tensor, as a matrix, isn't square or doesn't fit `other`.
        LinAlgError: it is singular.
    """
    arrays("tensorsolve", input=input, other=other)
    if dims is not None:
        last = dims_of("tensorsolve", input.ndim, dims)
        input = permute(input, [*(d for d in range(input.ndim) if d not in last), *last])
    shape = tuple(input.shape[other.ndim :])
    n = math.prod(shape)
    if math.prod(input.shape[: other.ndim]) != n or math.prod(other.shape) != n:
        raise RuntimeError(
            f"tensorsolve: input of shape {tuple(input.shape)} and other of shape {tuple(other.shape)} don't fit"
        )
    return reshape(solve(reshape(input, (n, n)), reshape(other, (n,))), shape)
