"""Matrix products, and the products that are made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..domain import REALS
from ..op import Array, op
from ..public import public
from .arithmetic import _add, mul
from .reduce import sum
from .shape import cat, dims_of, expand, narrow, permute, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from ..tensor import Tensor


@op(
    lambda g, y, a, b: g @ b.mT,
    lambda g, y, a, b: a.mT @ g,
    shapes="(*, n, k), (*, k, m) -> (*, n, m)",
    broadcasts=True,
    promotes=False,
    tex=r"{input}\,{other}",
    analytic=True,
    wide=True,
)
def _matmul(input: Array, other: Array) -> Array:
    r"""Matrix product, :math:`Y = A B`, over broadcast batch dimensions.

    :math:`dY = dA\,B + A\,dB`. With :math:`\langle G, dA\,B \rangle = \langle G B^T, dA \rangle` the cotangents are
    :math:`\bar A = G B^T` and :math:`\bar B = A^T G`.
    """
    return np.matmul(input, other)


@op(
    lambda g, y, x, w, b: g @ w,
    lambda g, y, x, w, b: g.mT @ x,
    lambda g, y, x, w, b: g,
    domain=REALS,
    shapes="(n, k), (m, k), (m) -> (n, m)",
    broadcasts=True,
    promotes=False,
    tex=r"{input}\,{weight}^T + {bias}",
    analytic=True,
    wide=True,
)
def _affine(input: Array, weight: Array, bias: Array) -> Array:
    r"""Affine map of rows, :math:`Y = X W^T + b`, with W of shape (out, in).

    :math:`dY = dX\,W^T + X\,dW^T + db`, so :math:`\bar X = G W`, :math:`\bar W = G^T X`, and :math:`\bar b` is G summed
    over the rows, which b was broadcast along.
    """
    y = np.matmul(input, weight.mT)
    return np.add(y, bias, out=y if y.dtype == bias.dtype else None)


@op(
    lambda g, y, a, b: g[..., None] * b,
    lambda g, y, a, b: g[..., None] * a,
    shapes="(*, n), (*, n) -> (*)",
    broadcasts=True,
    promotes=False,
    tex=r"{x}^T {y}",
    wide=True,
    ufunc=np.vecdot,
)
def _vecdot(x: Array, y: Array) -> Array:
    r"""Scalar product along the last dimension, :math:`s = \sum_i x_i y_i`.

    :math:`ds = \sum_i (y_i\,dx_i + x_i\,dy_i)`: each vector's cotangent is g times the other vector.
    """
    return np.vecdot(x, y)


# ------------------------------------------------------------------------------------------------- compositions


@public
def matmul(input: Array, other: Array) -> Tensor:
    """Matrix product: of vectors, matrices and batches of matrices, in every pairing.

    A vector on the left is a row, on the right a column, and that dimension is dropped from the result; the dimensions
    before the last two are batches and broadcast.

    Raises:
        RuntimeError: an operand is 0-d, or the inner sizes or the dtypes differ.
        TypeError: an operand is neither tensor nor array.
    """
    try:
        n, m = input.ndim, other.ndim
    except AttributeError:
        wrong = next(x for x in (input, other) if not hasattr(x, "ndim"))
        raise TypeError(f"matmul: the operands must be tensors or arrays, not {type(wrong).__name__}") from None
    if n and m and input.shape[-1] != other.shape[-2 if m > 1 else 0]:
        raise RuntimeError(
            f"matmul: shapes {tuple(input.shape)} and {tuple(other.shape)} don't fit: {input.shape[-1]} != "
            f"{other.shape[-2 if m > 1 else 0]}"
        )
    if n == 2 and m == 2:
        return _matmul(input, other)
    if n == 0 or m == 0:
        raise RuntimeError(
            f"matmul: both operands need at least 1 dimension; shapes are {input.shape} and {other.shape}"
        )
    if n == 1 and m == 1:
        return _vecdot(input, other)
    if n == 1:
        return squeeze(matmul(unsqueeze(input, 0), other), -2)
    if m == 1:
        return squeeze(matmul(input, unsqueeze(other, 1)), -1)
    if m == 2:  # one big product instead of a batch of small ones
        return _matmul(_rows(input), other).reshape(*input.shape[:-1], other.shape[-1])
    return _matmul(input, other)


def _rows(x: Array) -> Array:
    """All but the last dimension as one."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


@public
def linear(input: Array, weight: Array, bias: Array | None = None) -> Tensor:
    """Affine map of the last dimension, `input @ weight.T + bias`: `(*, in)` and `(out, in)` give `(*, out)`.

    Raises:
        TypeError: an operand is neither tensor nor array.
        RuntimeError: the sizes don't fit, or the dtypes differ.
    """
    try:
        whole, own = input.shape, weight.shape
    except AttributeError:
        arrays("linear", input=input, weight=weight)
        raise
    if not whole or whole[-1] != own[-1]:
        raise RuntimeError(
            f"linear: input of shape {tuple(whole)} doesn't fit weight of shape {tuple(own)}: the last dimension must "
            f"be {own[-1]}"
        )
    if len(own) > 2 or (len(own) == 1 and bias is not None):
        raise RuntimeError(f"linear: weight must be a matrix, or a vector without bias, not shape {tuple(own)}")
    if len(own) == 1:
        return matmul(input, weight)
    if len(whole) != 2:
        return linear(_rows(input), weight, bias).reshape(*whole[:-1], own[0])
    return _matmul(input, weight.mT) if bias is None else _affine(input, weight, bias)


# ------------------------------------------------------- with a number of dimensions, and with something to add to


def arrays(name: str, **operands: Array) -> None:
    """Refuse operands that are neither tensors nor arrays.

    Raises:
        TypeError: one isn't.
    """
    for which, x in operands.items():
        if not hasattr(x, "ndim"):
            raise TypeError(f"{name}: {which} must be a tensor or an array, not {type(x).__name__}")


def dimensions(name: str, **operands: tuple[Array, int]) -> None:
    """Refuse operands that haven't the number of dimensions that they must have.

    Raises:
        TypeError: one is neither tensor nor array.
        RuntimeError: one has other dimensions.
    """
    arrays(name, **{which: x for which, (x, _) in operands.items()})
    for which, (x, n) in operands.items():
        if x.ndim != n:
            raise RuntimeError(f"{name}: {which} must have {n} dimension{'s' * (n > 1)}, not shape {tuple(x.shape)}")


def alike(name: str, *operands: Array) -> None:
    """Refuse operands of different dtypes.

    Raises:
        TypeError: one is neither tensor nor array.
        RuntimeError: the dtypes differ.
    """
    for x in operands:
        arrays(name, operand=x)
    first = operands[0].dtype
    for x in operands[1:]:
        if x.dtype != first:
            raise RuntimeError(
                f"{name}: the operands must have one dtype, not {first} and {x.dtype}; convert one with .to(...)"
            )


@public
def mm(input: Array, mat2: Array) -> Tensor:
    """Matrix product of two matrices, (n, k) and (k, m), without broadcasting.

    Raises:
        RuntimeError: an operand isn't a matrix, or the inner sizes or the dtypes differ.
    """
    dimensions("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2)


@public
def bmm(input: Array, mat2: Array) -> Tensor:
    """Matrix products of two batches of as many matrices, (b, n, k) and (b, k, m), without broadcasting.

    Raises:
        RuntimeError: an operand hasn't 3 dimensions, or sizes or dtypes differ.
    """
    dimensions("bmm", input=(input, 3), mat2=(mat2, 3))
    _same_batch("bmm", input, mat2)
    return matmul(input, mat2)


def _same_batch(name: str, batch1: Array, batch2: Array) -> None:
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"{name}: shapes {tuple(batch1.shape)} and {tuple(batch2.shape)} don't fit: there must be as many matrices "
            "in both; matmul broadcasts them"
        )


@public
def mv(input: Array, vec: Array) -> Tensor:
    """Product of a matrix (n, k) and a vector (k).

    Raises:
        RuntimeError: the operands aren't a matrix and a vector, or sizes or dtypes differ.
    """
    dimensions("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec)


@public
def dot(input: Array, tensor: Array) -> Tensor:
    """Scalar product of two vectors of one length.

    Raises:
        RuntimeError: an operand isn't a vector, or lengths or dtypes differ.
    """
    return _dot("dot", input, tensor)


@public
def vdot(input: Array, other: Array) -> Tensor:
    """Scalar product of two vectors of one length; of real ones it is `dot`.

    Raises:
        RuntimeError: an operand isn't a vector, or lengths or dtypes differ.
    """
    return _dot("vdot", input, other)


def _dot(name: str, x: Array, y: Array) -> Tensor:
    dimensions(name, input=(x, 1), other=(y, 1))
    if x.shape != y.shape:
        raise RuntimeError(f"{name}: vectors of lengths {x.shape[0]} and {y.shape[0]} don't fit")
    return _vecdot(x, y)


@public
def vecdot(x: Array, y: Array, *, dim: int = -1) -> Tensor:
    """Scalar products along `dim`; the other dimensions broadcast.

    Raises:
        RuntimeError: the sizes along `dim` differ.
        IndexError: there is no such dimension.
    """
    arrays("vecdot", x=x, y=y)
    for operand in (x, y):
        if operand.dtype.kind != "f":
            raise RuntimeError(f"vecdot: the elements must be floating, not {operand.dtype}")
    if x.ndim == y.ndim == 0:
        (_,) = dims_of("vecdot", 1, dim)
        return mul(x, y)
    if x.ndim == y.ndim == 1 and x.shape != y.shape:
        raise RuntimeError(f"vecdot: vectors of lengths {x.shape[0]} and {y.shape[0]} don't fit")
    shape = _broadcast("vecdot", x.shape, y.shape)
    (d,) = dims_of("vecdot", len(shape), dim)
    return _vecdot(*(_moved(expand(v, shape), d, -1) for v in (x, y)))


def _broadcast(name: str, *shapes: Sequence[int]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*map(tuple, shapes))
    except ValueError:
        shown = " and ".join(str(tuple(s)) for s in shapes)
        raise RuntimeError(f"{name}: shapes {shown} don't broadcast: sizes must be equal or 1") from None


def _moved(x: Array, source: int, to: int) -> Array:
    """With dimension `source` at the place `to`."""
    order = [d for d in range(x.ndim) if d != source % x.ndim]
    order.insert(to % x.ndim, source % x.ndim)
    return x if order == list(range(x.ndim)) else permute(x, order)


@public
def outer(input: Array, vec2: Array) -> Tensor:
    """Every product of an element of one vector (n) with one of another (m): a matrix (n, m).

    Raises:
        RuntimeError: an operand isn't a vector.
    """
    dimensions("outer", input=(input, 1), vec2=(vec2, 1))
    return mul(unsqueeze(input, 1), vec2)


@public
def ger(input: Array, vec2: Array) -> Tensor:
    """`outer` by its old name."""
    return outer(input, vec2)


@public
def inner(input: Array, other: Array) -> Tensor:
    """Scalar products of the last dimensions, `(*, k)` and `(+, k)` give `(*, +)`; a 0-d operand is multiplied with.

    Raises:
        RuntimeError: the last sizes, or the dtypes, differ.
    """
    arrays("inner", input=input, other=other)
    if input.ndim == 0 or other.ndim == 0:
        return mul(input, other)
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            f"inner: the last sizes of shapes {tuple(input.shape)} and {tuple(other.shape)} must be the same"
        )
    return reshape(matmul(_rows(input), _rows(other).mT), (*input.shape[:-1], *other.shape[:-1]))


@public
def addmm(input: Array, mat1: Array, mat2: Array, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)` for two matrices; `input` broadcasts to the result.

    Raises:
        RuntimeError: sizes or dtypes don't fit, or a factor is a float for integers.
    """
    arrays("addmm", input=input)
    dimensions("addmm", mat1=(mat1, 2), mat2=(mat2, 2))
    return _added("addmm", input, matmul(mat1, mat2), beta, alpha)


@public
def addmv(input: Array, mat: Array, vec: Array, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta * input + alpha * (mat @ vec)`; `input` broadcasts to the result.

    Raises:
        RuntimeError: sizes or dtypes don't fit, or a factor is a float for integers.
    """
    arrays("addmv", input=input)
    dimensions("addmv", mat=(mat, 2), vec=(vec, 1))
    return _added("addmv", input, matmul(mat, vec), beta, alpha)


@public
def addr(input: Array, vec1: Array, vec2: Array, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)`; `input` broadcasts to the result.

    Raises:
        RuntimeError: sizes don't fit, or a factor is a float for integers.
    """
    arrays("addr", input=input)
    dimensions("addr", vec1=(vec1, 1), vec2=(vec2, 1))
    return _added("addr", input, outer(vec1, vec2), beta, alpha)


@public
def baddbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta * input + alpha * bmm(batch1, batch2)`; `input` broadcasts to the result.

    Raises:
        RuntimeError: sizes or dtypes don't fit, or a factor is a float for integers.
    """
    arrays("baddbmm", input=input)
    dimensions("baddbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    _same_batch("baddbmm", batch1, batch2)
    return _added("baddbmm", input, matmul(batch1, batch2), beta, alpha)


@public
def addbmm(input: Array, batch1: Array, batch2: Array, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """`beta * input` and `alpha` times the sum of all products of `bmm(batch1, batch2)`; `input` broadcasts.

    The sum is one matrix product: of all matrices of `batch1` side by side and those of `batch2` one below the other.

    Raises:
        RuntimeError: sizes or dtypes don't fit, or a factor is a float for integers.
    """
    arrays("addbmm", input=input)
    dimensions("addbmm", batch1=(batch1, 3), batch2=(batch2, 3))
    _same_batch("addbmm", batch1, batch2)
    (b, n, k), m = batch1.shape, batch2.shape[-1]
    if batch2.shape[1] != k:
        raise RuntimeError(f"addbmm: shapes {tuple(batch1.shape)} and {tuple(batch2.shape)} don't fit")
    total = matmul(reshape(permute(batch1, (1, 0, 2)), (n, b * k)), reshape(batch2, (b * k, m)))
    return _added("addbmm", input, total, beta, alpha)


def _added(name: str, input: Array, y: Tensor, beta: float, alpha: float) -> Tensor:
    """`beta * input + alpha * y`; with beta 0 nothing of `input` counts, not even a NaN.

    Raises:
        RuntimeError: `input` doesn't broadcast to `y`, or has another dtype.
    """
    if name != "addr":
        alike(name, input, y)
    if y.dtype.kind in "iu" and input.dtype.kind in "iu":
        if name == "addr" and (isinstance(beta, float) or isinstance(alpha, float)):
            raise RuntimeError(f"addr: beta and alpha must be integers for operands of {y.dtype}, not {beta}, {alpha}")
        beta, alpha = int(beta), int(alpha)
    elif y.dtype.kind == "b" and input.dtype.kind == "b":
        beta, alpha = bool(beta), bool(alpha)
    if _broadcast(name, input.shape, y.shape) != y.shape:
        raise RuntimeError(f"{name}: input of shape {tuple(input.shape)} doesn't broadcast to {tuple(y.shape)}")
    if alpha != 1:
        y = mul(y, alpha)
    if beta == 0:
        return y
    return _add(input if beta == 1 else mul(input, beta), y)


# ---------------------------------------------------------------------------------------------- other products


@public
def tensordot(a: Array, b: Array, dims: Any = 2) -> Tensor:
    """Sum of products over several dimensions at once.

    Args:
        dims: how many of the last dimensions of `a` meet the first ones of `b`; or two lists, of the dimensions of
            `a` and of those of `b` that they meet. A size 1 meets any size.

    Raises:
        RuntimeError: sizes, or the lists' lengths, differ, or there are fewer dimensions than `dims`.
    """
    arrays("tensordot", a=a, b=b)
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, (int, float)):
        if not isinstance(dims, int) or not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(
                f"tensordot: dims must be from 0 to {min(a.ndim, b.ndim)} for shapes {tuple(a.shape)} and "
                f"{tuple(b.shape)}, not {dims}"
            )
        dims = range(a.ndim - dims, a.ndim), range(dims)
    of_a, of_b = ([d] if isinstance(d, int) else list(d) for d in dims)
    if len(of_a) != len(of_b):
        raise RuntimeError(f"tensordot: both lists of dims must be of one length, not {of_a} and {of_b}")
    inner_a = dims_of("tensordot", a.ndim, of_a) if of_a else ()
    inner_b = dims_of("tensordot", b.ndim, of_b) if of_b else ()
    for i, j in zip(inner_a, inner_b, strict=True):
        if a.shape[i] != b.shape[j]:
            if 1 not in (a.shape[i], b.shape[j]):
                raise RuntimeError(
                    f"tensordot: dim {i} of shape {tuple(a.shape)} and dim {j} of shape {tuple(b.shape)} differ"
                )
            if a.shape[i] == 1:
                b = sum(b, j, True, dtype=b.dtype)
            else:
                a = sum(a, i, True, dtype=a.dtype)
    outer_a = [d for d in range(a.ndim) if d not in inner_a]
    outer_b = [d for d in range(b.ndim) if d not in inner_b]
    k = math.prod(a.shape[d] for d in inner_a)
    n, m = ([x.shape[d] for d in free] for x, free in ((a, outer_a), (b, outer_b)))
    rows = reshape(permute(a, (*outer_a, *inner_a)), (math.prod(n), k))
    columns = reshape(permute(b, (*inner_b, *outer_b)), (k, math.prod(m)))
    return reshape(matmul(rows, columns), (*n, *m))


@public
def kron(input: Array, other: Array) -> Tensor:
    """Kronecker product: the tensor `input` with each element replaced by its product with the tensor `other`.

    Where one has fewer dimensions, it gets leading ones of size 1.
    """
    arrays("kron", input=input, other=other)
    n = max(input.ndim, other.ndim)
    a, b = ((1,) * (n - x.ndim) + tuple(x.shape) for x in (input, other))
    left = reshape(input, [size for i in a for size in (i, 1)])
    right = reshape(other, [size for j in b for size in (1, j)])
    return reshape(mul(left, right), [i * j for i, j in zip(a, b, strict=True)])


@public
def cross(input: Array, other: Array, *, dim: int = -1) -> Tensor:
    r"""Vector products of the vectors of length 3 along `dim`, :math:`y_i = a_{i+1} b_{i+2} - a_{i+2} b_{i+1}`.

    Raises:
        RuntimeError: that size isn't 3, or the shapes don't broadcast.
        IndexError: there is no such dimension.
    """
    arrays("cross", input=input, other=other)
    if input.ndim != other.ndim:
        raise RuntimeError(
            f"cross: operands of as many dimensions expected, not of shapes {tuple(input.shape)} and "
            f"{tuple(other.shape)}"
        )
    alike("cross", input, other)
    if input.ndim == 0:
        raise IndexError(f"cross: 0-d tensors have no dim {dim}")
    (d,) = dims_of("cross", input.ndim, dim)
    if input.shape[d] != 3 or other.shape[d] != 3:
        raise RuntimeError(
            f"cross: dim {dim} must have size 3 in both; shapes are {tuple(input.shape)} and {tuple(other.shape)}"
        )
    _broadcast("cross", input.shape, other.shape)
    a1, a2, b1, b2 = (_rolled(x, d, k) for x in (input, other) for k in (1, 2))
    return a1 * b2 - a2 * b1  # type: ignore[no-any-return]


def _rolled(x: Array, dim: int, k: int) -> Array:
    """x_{i + k}, counted in a circle, for each i along `dim`."""
    n = x.shape[dim]
    return cat([narrow(x, dim, k, n - k), narrow(x, dim, 0, k)], dim)
