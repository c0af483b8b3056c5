"""Equations and factorisations: batches, errors, dtypes, and what their derivatives are at difficult matrices."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_lab as tg
from tinygrad_lab import linalg

RANDOM = np.random.default_rng(0)


def leaf(values):
    return tg.tensor(values, dtype=np.float64, requires_grad=True)


def normal(*shape):
    return leaf(RANDOM.standard_normal(shape))


def definite(n, *batch):
    x = RANDOM.standard_normal((*batch, n, n))
    return leaf(x @ x.mT + np.eye(n))


# ------------------------------------------------------------------------------------------------ determinants


def derivatives(f, x, order):
    """All derivatives of that order, as an array of shape x.shape * order."""
    found = [f(x)]
    for _ in range(order):
        rows = []
        for y in found:
            d = tg.autograd.grad(y, x, create_graph=True, allow_unused=True)[0] if y.requires_grad else None
            rows += list((tg.zeros_like(x) if d is None else d).reshape(-1))
        found = rows
    return np.reshape([y.item() for y in found], x.shape * order)


def det_by_definition(x):
    """Leibniz's formula, a polynomial of products."""
    total = 0
    for p in itertools.permutations(range(len(x))):
        sign = np.linalg.det(np.eye(len(x))[list(p)]).round()
        total = total + math.prod((x[i, p[i]] for i in range(len(x))), start=sign)
    return total


@pytest.mark.parametrize(
    "matrix",
    [
        [[0.0]],
        [[1.0, 2.0], [2.0, 4.0]],
        [[0.0, 0.0], [0.0, 0.0]],
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 1.0, 1.0]],
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        [[1.0, 2.0, 3.0], [0.0, 1e-9, 0.0], [0.0, 0.0, 1e-9]],
        [[3.0, 1.0, 0.0], [0.0, 2.0, 1.0], [1.0, 1.0, 4.0]],
    ],
    ids=str,
)
def test_det_of_a_singular_matrix_to_third_order(matrix):
    for order in range(4):
        got, want = derivatives(linalg.det, leaf(matrix), order), derivatives(det_by_definition, leaf(matrix), order)
        np.testing.assert_allclose(got, want, atol=1e-9, err_msg=f"order {order}")


def test_det_of_a_batch_with_regular_and_singular_matrices():
    x = leaf([[[1, 2], [2, 4]], [[1, 2], [3, 4]], [[0, 0], [0, 0]]])
    linalg.det(x).sum().backward()
    np.testing.assert_allclose(x.grad.array, [[[4, -2], [-2, 1]], [[4, -3], [-2, 1]], [[0, 0], [0, 0]]], atol=1e-12)


def test_cofactors_of_a_larger_singular_matrix():
    a = RANDOM.standard_normal((30, 30))
    a[:, 0] = a[:, 1:] @ RANDOM.standard_normal(29)
    x = leaf(a)
    linalg.det(x).backward()
    i, j = 3, 7
    minor = np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) * (-1) ** (i + j)
    np.testing.assert_allclose(x.grad.array[i, j], minor, rtol=1e-8)


def test_logarithms_of_determinants():
    x = leaf([[[1, 2], [3, 4]], [[2, 0], [0, 3]]])
    sign, log = linalg.slogdet(x)
    assert sign.tolist() == [-1, 1]
    np.testing.assert_allclose(log.tolist(), np.log([2, 6]))
    np.testing.assert_array_equal(np.isnan(tg.logdet(x).array), [True, False])
    (d,) = tg.autograd.grad(log.sum(), x)
    np.testing.assert_allclose(d.array, np.linalg.inv(x.array).mT)
    big = leaf(np.eye(500) * 100)
    assert linalg.slogdet(big).logabsdet.item() == pytest.approx(500 * math.log(100)), "det itself is infinite"
    singular = leaf([[1, 2], [2, 4]])
    sign, log = linalg.slogdet(singular)
    assert (sign.item(), log.item()) == (0, -math.inf)
    with np.errstate(divide="ignore"):
        (d,) = tg.autograd.grad(log, singular)
    assert np.isinf(d.array).all()


# --------------------------------------------------------------------------------------------------- equations


def test_solve_takes_vectors_batches_and_the_right_side():
    a, b = RANDOM.standard_normal((2, 3, 3)) + 4 * np.eye(3), RANDOM.standard_normal((2, 3))
    x = linalg.solve(leaf(a), leaf(b))
    np.testing.assert_allclose(np.einsum("bij,bj->bi", a, x.array), b)
    assert linalg.solve(leaf(a), leaf(b[0])).shape == (2, 3)
    x = linalg.solve(leaf(a), leaf(b[:, None]), left=False)
    np.testing.assert_allclose(x.array @ a, b[:, None])
    x = linalg.solve_triangular(leaf(a), leaf(b[:, None]), upper=True, left=False, unitriangular=True)
    np.testing.assert_allclose(x.array @ (np.triu(a, 1) + np.eye(3)), b[:, None])


@pytest.mark.parametrize(
    "call",
    [
        lambda a: linalg.inv(a),
        lambda a: linalg.solve(a, a),
        lambda a: linalg.solve_triangular(a * 0, a, upper=True),
        lambda a: linalg.cholesky(-a),
        lambda a: linalg.matrix_power(a, -1),
        lambda a: linalg.tensorinv(a, 1),
        lambda a: linalg.svd(a * math.nan),
        lambda a: np.linalg.inv(a),
        lambda a: linalg.inv_ex(a, check_errors=True),
        lambda a: linalg.inv(a.array),
    ],
)
def test_lapacks_failures_are_ours(call):
    for a in (tg.tensor([[1.0, 2.0], [2.0, 4.0]]), leaf([[1, 2], [2, 4]])):
        with pytest.raises(linalg.LinAlgError, match=r"^\w+: ") as failure:
            call(a)
        assert isinstance(failure.value, RuntimeError)
        assert not isinstance(failure.value, np.linalg.LinAlgError)


@pytest.mark.parametrize("name", "inv det slogdet cholesky eigh eigvalsh matrix_exp".split())
def test_square_floating_matrices_only(name):
    f = getattr(linalg, name)
    for wrong, text in (
        (tg.ones(2, 3), r"must be square, not of shape \(2, 3\)"),
        (tg.ones(3), r"at least 2 dimensions, not shape \(3,\)"),
        (tg.ones(2, 2).long(), "must be of float32 or float64, not int64"),
    ):
        with pytest.raises(RuntimeError, match=text):
            f(wrong)
    with pytest.raises(TypeError, match="must be a tensor or an array, not list"):
        f([[1.0]])
    empty = f(tg.zeros(2, 0, 0))
    assert (empty[0] if isinstance(empty, tuple) else empty).shape[0] == 2


def test_results_with_information():
    good, bad = tg.eye(2), tg.zeros(2, 2)
    assert linalg.inv_ex(good).info.item() == 0
    inverse, info = linalg.inv_ex(bad)
    assert info.item() == 1
    assert info.dtype == np.int32
    assert np.isnan(inverse.array).all()
    assert linalg.cholesky_ex(bad).info.item() == 1
    assert linalg.solve_ex(bad, tg.ones(2, 3)).result.shape == (2, 3)


def test_least_squares():
    a, b = normal(2, 5, 3), normal(2, 5, 2)
    for driver in (None, "gels", "gelsy", "gelsd", "gelss"):
        x, residuals, rank, s = linalg.lstsq(a, b, driver=driver)
        for i in range(2):
            want, of_want, _, values = np.linalg.lstsq(a.array[i], b.array[i])
            np.testing.assert_allclose(x.array[i], want)
            if residuals.numel():
                np.testing.assert_allclose(residuals.array[i], of_want)
            if s.numel():
                np.testing.assert_allclose(s.array[i], values)
        assert bool(residuals.numel()) == (driver in ("gels", "gelsd", "gelss"))
        assert rank.tolist() == ([] if driver == "gels" else [3, 3])
    assert linalg.lstsq(a[0], b[0, :, 0]).solution.shape == (3,)
    with pytest.raises(RuntimeError, match="driver must be"):
        linalg.lstsq(a, b, driver="gelsz")


def test_tolerances_of_rank_and_pseudoinverse():
    x = leaf(np.diag([1.0, 1e-3, 1e-6]))
    assert linalg.matrix_rank(x).item() == 3
    assert linalg.matrix_rank(x, rtol=1e-4).item() == 2
    assert linalg.matrix_rank(x, 1e-2).item() == 1
    assert linalg.matrix_rank(x, atol=tg.tensor(1e-5)).item() == 2
    np.testing.assert_allclose(linalg.pinv(x, rtol=1e-4).array, np.diag([1, 1e3, 0]))
    np.testing.assert_allclose(linalg.pinv(x, 1e-2).array, np.diag([1, 0, 0]))
    np.testing.assert_allclose(tg.pinverse(x).array, np.diag([1, 1e3, 1e6]))


# ---------------------------------------------------------------------------------------------- factorisations


def test_the_factors_make_the_matrix():
    for shape in ((4, 4), (2, 5, 3), (3, 5), (2, 0, 3), (3, 0)):
        a = normal(*shape)
        for full, mode in ((False, "reduced"), (True, "complete")):
            U, S, Vh = linalg.svd(a, full_matrices=full)
            k = S.shape[-1]
            np.testing.assert_allclose((U[..., :k] * S[..., None, :] @ Vh[..., :k, :]).array, a.array, atol=1e-12)
            Q, R = linalg.qr(a, mode)
            np.testing.assert_allclose((Q @ R).array, a.array, atol=1e-12)
            want = np.linalg.svd(a.array, full_matrices=full)
            assert [x.shape for x in (U, S, Vh)] == [x.shape for x in want]
            for basis in (U, Vh.mT, Q):
                eye = np.broadcast_to(np.eye(basis.shape[-1]), (basis.mT @ basis).shape)
                np.testing.assert_allclose((basis.mT @ basis).array, eye, atol=1e-12)
    a = definite(3, 2)
    L, V = linalg.cholesky(a), linalg.eigh(a)
    np.testing.assert_allclose((L @ L.mT).array, a.array)
    np.testing.assert_allclose(linalg.cholesky(a, upper=True).array, L.mT.array)
    np.testing.assert_allclose((V[1] * V[0][:, None] @ V[1].mT).array, a.array)


def test_one_triangle_is_read_and_the_gradient_is_symmetric():
    whole = definite(3)
    lower, upper = leaf(np.tril(whole.array)), leaf(np.triu(whole.array))
    for x, is_upper in ((lower, False), (upper, True)):
        UPLO = "U" if is_upper else "L"
        values = linalg.eigvalsh(x, UPLO)
        np.testing.assert_allclose(values.array, linalg.eigvalsh(whole).array)
        np.testing.assert_allclose(linalg.eigh(x, UPLO.lower()).eigenvalues.array, values.array)
        L = linalg.cholesky(x, upper=is_upper)
        np.testing.assert_allclose(L.array, linalg.cholesky(whole, upper=is_upper).array)
        (d,) = tg.autograd.grad(L.sum(), x)
        (of_whole,) = tg.autograd.grad(linalg.cholesky(whole, upper=is_upper).sum(), whole)
        np.testing.assert_allclose(d.array, of_whole.array)
        np.testing.assert_allclose(d.array, d.array.mT)


def test_eigenvectors_of_a_repeated_eigenvalue():
    x = leaf(np.diag([1.0, 2.0, 2.0]))
    w, V = linalg.eigh(x)
    with pytest.raises(linalg.LinAlgError, match="eigh: the eigenvalue 2 is repeated, so its vectors"):
        tg.autograd.grad(V.sum(), x, retain_graph=True)
    (d,) = tg.autograd.grad(w.sum(), x, retain_graph=True)
    np.testing.assert_allclose(d.array, np.eye(3), atol=1e-12)
    (d,) = tg.autograd.grad((V[:, 0] * leaf([1, 2, 3])).sum(), x)
    assert np.isfinite(d.array).all(), "the vector of the other eigenvalue has a derivative"
    rotated = np.linalg.qr(RANDOM.standard_normal((3, 3)))[0]
    x = leaf(rotated @ np.diag([1.0, 2.0, 2.0]) @ rotated.T)
    with pytest.raises(linalg.LinAlgError, match="repeated"):
        linalg.eigh(x).eigenvectors[0, 2].backward()
    linalg.eigvalsh(x)[1].backward()
    U, _, _ = linalg.svd(leaf(np.eye(2)))
    with pytest.raises(linalg.LinAlgError, match="svd: the singular value 1 is repeated"):
        U.sum().backward()
    thin = leaf([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    with pytest.raises(linalg.LinAlgError, match="svd: a singular value is 0"):
        linalg.svd(thin, full_matrices=False).U.sum().backward()


def test_functions_of_eigenvalues_against_their_own_derivative():
    a = definite(4)
    w, V = linalg.eigh(a)
    root = V * w.sqrt() @ V.mT
    np.testing.assert_allclose((root @ root).array, a.array)
    g = np.cos(np.arange(16.0)).reshape(4, 4)
    (d,) = tg.autograd.grad(root, a, tg.tensor(g))
    # X X = A: S X + X S = (G + G^T) / 2, Sylvester's equation
    big = np.kron(root.array, np.eye(4)) + np.kron(np.eye(4), root.array)
    want = np.linalg.solve(big, ((g + g.T) / 2).ravel()).reshape(4, 4)
    np.testing.assert_allclose(d.array, want)


def test_what_completes_a_basis():
    a = normal(4, 2)
    Q, _ = linalg.qr(a, "complete")
    with pytest.raises(RuntimeError, match="qr: with mode='complete' and more rows than columns"):
        Q.sum().backward()
    assert linalg.qr(a, "r").Q.shape == (0,)
    U, _, _ = linalg.svd(a)
    assert U.shape == (4, 4)
    U, _, V = tg.svd(a, compute_uv=False)
    assert (U.shape, V.shape) == ((4, 4), (2, 2))
    assert not U.array.any()
    with pytest.raises(RuntimeError, match="mode must be 'reduced'"):
        linalg.qr(a, "full")
    with pytest.raises(RuntimeError, match="UPLO must be 'L' or 'U'"):
        linalg.eigh(a @ a.mT, "X")


# ------------------------------------------------------------------------------------------- norms and the rest


@pytest.mark.parametrize("ord", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
@pytest.mark.parametrize("dim", [(-2, -1), (0, 2), (2, 1)])
@pytest.mark.parametrize("keepdim", [False, True])
def test_norms_of_matrices(ord, dim, keepdim):
    x = normal(2, 3, 4)
    y = linalg.matrix_norm(x, ord, dim, keepdim)
    np.testing.assert_allclose(y.array, np.linalg.norm(x.array, ord, dim, keepdim))
    assert tg.autograd.grad(y.sum(), x)[0].shape == x.shape
    same = linalg.norm(x, ord, dim, keepdim)
    np.testing.assert_array_equal(same.array, y.array)
    if keepdim is False and dim == (-2, -1) and ord not in ("fro", "nuc"):
        square = normal(3, 3)
        np.testing.assert_allclose(linalg.cond(square, ord).array, np.linalg.cond(square.array, ord))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: linalg.matrix_norm(x, 3),
        lambda x: linalg.matrix_norm(x, "f"),
        lambda x: linalg.matrix_norm(x[0]),
        lambda x: linalg.matrix_norm(x, dim=(0, 0)),
        lambda x: linalg.matrix_norm(x.long()),
        lambda x: linalg.norm(x[None], 2),
        lambda x: linalg.norm(x, dim=(0, 1, 2)),
        lambda x: linalg.norm(x, "fro", 0),
        lambda x: linalg.norm(x.long()),
        lambda x: linalg.cond(tg.ones(2, 3), 1),
        lambda x: linalg.tensorinv(x, 0),
        lambda x: linalg.tensorsolve(tg.ones(2, 3), tg.ones(2)),
        lambda x: linalg.vander(x, N=1),
        lambda x: linalg.svd(x, driver="gesvd"),
    ],
)
def test_other_errors(call):
    with pytest.raises(RuntimeError, match=r"^\w+: "):
        call(tg.ones(2, 2))
    with pytest.raises(TypeError, match="order"):
        linalg.norm(tg.ones(2), order=2)


def test_condition_of_singular_matrices():
    x = tg.tensor([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]])
    assert linalg.cond(x, 1).tolist() == [math.inf, 2]
    assert linalg.cond(x, "fro").tolist() == [math.inf, 2.5]


def test_powers_and_exponentials():
    x = normal(3, 3)
    for n in range(-3, 9):
        np.testing.assert_allclose(linalg.matrix_power(x, n).array, np.linalg.matrix_power(x.array, n), rtol=1e-6)
    assert tg.matrix_power(tg.ones(2, 2).long(), 3).tolist() == [[4, 4], [4, 4]]
    with pytest.raises(TypeError, match="n must be an integer"):
        tg.matrix_power(x, 2.5)
    w, V = np.linalg.eigh(definite(3).array * 10)
    np.testing.assert_allclose(tg.matrix_exp(tg.tensor(V * w @ V.T)).array, V * np.exp(w) @ V.T, rtol=1e-9)


@pytest.mark.parametrize("size", [1e-6, 1, 1e6])
def test_the_derivative_of_an_exponential_keeps_its_digits(size):
    a, g = RANDOM.standard_normal((2, 3, 3))
    exact, single = (tg.tensor(a, dtype=dtype, requires_grad=True) for dtype in (np.float64, np.float32))
    d, e = (tg.autograd.grad(tg.matrix_exp(x), x, tg.tensor(g * size, dtype=x.dtype))[0].array for x in (exact, single))
    np.testing.assert_allclose(d, e, rtol=1e-4, atol=1e-5 * size)
    assert e.dtype == np.float32


FUNCTIONS = {
    "inv": linalg.inv,
    "det": linalg.det,
    "det of a singular matrix": lambda a: linalg.det(a * tg.tensor(np.array([[1.0], [0.0], [1.0]], np.float32))),
    "slogdet": lambda a: linalg.slogdet(a).logabsdet,
    "solve": lambda a: linalg.solve(a, a),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a, upper=False),
    "cholesky": lambda a: linalg.cholesky(a @ a.mT),
    "eigh": lambda a: linalg.eigh(a + a.mT).eigenvectors,
    "eigvalsh": linalg.eigvalsh,
    "svd": lambda a: linalg.svd(a).U,
    "svdvals": linalg.svdvals,
    "qr": lambda a: linalg.qr(a).Q,
    "wide qr": lambda a: linalg.qr(a[:2]).R,
    "pinv": lambda a: linalg.pinv(a[:2]),
    "lstsq": lambda a: linalg.lstsq(a, a).solution,
    "matrix_exp": linalg.matrix_exp,
    "matrix_power": lambda a: linalg.matrix_power(a, -3),
    "householder_product": lambda a: linalg.householder_product(a, a[0]),
    "nuclear norm": lambda a: linalg.matrix_norm(a, "nuc"),
    "cond": lambda a: linalg.cond(a, 1),
    "cholesky_inverse": tg.cholesky_inverse,
    "cdist": lambda a: tg.cdist(a, tg.cat([a + 1] * 20)),
    "einsum": lambda a: tg.einsum("ij,jk,kk->i", a, a, a),
    "kron": lambda a: tg.kron(a, a),
    "cross": lambda a: tg.cross(a, a + 1),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_stays_float32_and_arrays_are_not_written(name):
    a = np.asarray(RANDOM.standard_normal((3, 3)) + 4 * np.eye(3), np.float32)
    x = tg.tensor(a, requires_grad=True)
    x.array.flags.writeable = False
    y = FUNCTIONS[name](x)
    assert y.dtype == np.float32
    (d,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    assert d.dtype == np.float32
    (second,) = tg.autograd.grad((d * d).sum(), x)
    assert second.dtype == np.float32


def test_numpys_names():
    x = definite(3)
    y = normal(3, 3)
    for f in (
        lambda np, x, y: np.linalg.inv(x),
        lambda np, x, y: np.linalg.solve(x, y),
        lambda np, x, y: np.linalg.det(x),
        lambda np, x, y: np.linalg.norm(x, axis=0),
        lambda np, x, y: np.linalg.cholesky(x),
        lambda np, x, y: np.linalg.eigvalsh(x),
        lambda np, x, y: np.linalg.multi_dot([x, y, x]),
        lambda np, x, y: np.dot(x, y),
        lambda np, x, y: np.dot(x, np.stack([y, y])),
        lambda np, x, y: np.dot(x, 2.0 * x[0, 0]),
        lambda np, x, y: np.outer(x, y),
        lambda np, x, y: np.inner(x, y),
        lambda np, x, y: np.vdot(x, y),
        lambda np, x, y: np.vecdot(x, y),
        lambda np, x, y: np.tensordot(x, y, axes=1),
        lambda np, x, y: np.kron(x, y),
        lambda np, x, y: np.einsum("ij,jk->ik", x, y, optimize=True),
    ):
        got = f(np, x, y)
        assert isinstance(got, tg.Tensor)
        np.testing.assert_allclose(got.array, f(np, x.array, y.array))


@pytest.mark.parametrize("wrong", [[[1.0]], 2.0, None])
def test_operands_are_tensors_or_arrays(wrong):
    x = tg.ones(3, 3)
    calls = [
        *[lambda f=f: f(wrong) for f in (linalg.norm, linalg.matrix_norm, linalg.vector_norm, linalg.svd, tg.det)],
        *[
            lambda f=f: f(x, wrong)
            for f in (tg.kron, tg.inner, tg.cross, tg.cdist, tg.dist, tg.tensordot, linalg.solve)
        ],
        *[lambda f=f: f(wrong, x) for f in (tg.matmul, tg.mm, tg.nn.functional.linear, linalg.lstsq, linalg.vecdot)],
        lambda: linalg.multi_dot([x, wrong]),
        lambda: tg.addmm(wrong, x, x),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="must be (tensors or arrays|a tensor or an array), not"):
            call()
