"""Linear algebra that PyTorch has no samples of, and its keyword forms: values, gradients and errors compared."""

import inspect
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import tinygrad_lab as tg  # noqa: E402  # it comes after what is looked for

RANDOM = np.random.default_rng(0)
M, N, B = RANDOM.standard_normal((3, 3)), RANDOM.standard_normal((3, 4)), RANDOM.standard_normal((2, 3, 3))
V = RANDOM.standard_normal(3)

CALLS = {
    "det": lambda t, m: t.det(input=m(M)),
    "slogdet": lambda t, m: t.slogdet(input=m(M))[1],
    "logdet": lambda t, m: t.logdet(input=m(M @ M.T)),
    "inverse": lambda t, m: t.inverse(input=m(M)),
    "method det": lambda t, m: m(M).det(),
    "method inverse": lambda t, m: m(M).inverse(),
    "method matrix_power": lambda t, m: m(M).matrix_power(n=-2),
    "method pinverse": lambda t, m: m(N).pinverse(rcond=1e-10),
    "method cholesky": lambda t, m: m(M @ M.T).cholesky(upper=True),
    "method cross": lambda t, m: m(M).cross(m(M[::-1]), dim=1),
    "ger": lambda t, m: t.ger(input=m(V), vec2=m(V)),
    "chain_matmul": lambda t, m: t.chain_matmul(m(M), m(N)),
    "matrix_power": lambda t, m: t.matrix_power(input=m(M), n=3),
    "linalg.matmul": lambda t, m: t.linalg.matmul(input=m(M), other=m(N)),
    "mm": lambda t, m: t.mm(input=m(M), mat2=m(N)),
    "bmm": lambda t, m: t.bmm(input=m(B), mat2=m(B)),
    "mv": lambda t, m: t.mv(input=m(M), vec=m(V)),
    "dot": lambda t, m: t.dot(input=m(V), tensor=m(V)),
    "vdot": lambda t, m: t.vdot(input=m(V), other=m(V)),
    "inner": lambda t, m: t.inner(input=m(M), other=m(V)),
    "outer": lambda t, m: t.outer(input=m(V), vec2=m(V)),
    "kron": lambda t, m: t.kron(input=m(M), other=m(V)),
    "tensordot": lambda t, m: t.tensordot(a=m(B), b=m(B), dims=([1], [2])),
    "tensordot with a tensor": lambda t, m: t.tensordot(m(B), m(M), dims=t.tensor([[2, 1], [0, 1]])),
    "addmm": lambda t, m: t.addmm(input=m(V), mat1=m(M), mat2=m(M), beta=0.5, alpha=2),
    "addmv": lambda t, m: t.addmv(input=m(V), mat=m(M), vec=m(V), beta=0, alpha=2),
    "addr": lambda t, m: t.addr(input=m(V), vec1=m(V), vec2=m(V), beta=3),
    "baddbmm": lambda t, m: t.baddbmm(input=m(M), batch1=m(B), batch2=m(B), alpha=-1),
    "addbmm": lambda t, m: t.addbmm(input=m(M), batch1=m(B), batch2=m(B), alpha=-1),
    "cdist": lambda t, m: t.cdist(x1=m(M), x2=m(B), p=1.5, compute_mode="donot_use_mm_for_euclid_dist"),
    "cdist by products": lambda t, m: t.cdist(m(M), m(B), compute_mode="use_mm_for_euclid_dist"),
    "dist": lambda t, m: t.dist(input=m(M), other=m(V), p=3),
    "linalg.inv": lambda t, m: t.linalg.inv(A=m(B)),
    "linalg.solve": lambda t, m: t.linalg.solve(A=m(B), B=m(B), left=False),
    "linalg.solve of vectors": lambda t, m: t.linalg.solve(m(B), m(M[:2])),
    "linalg.solve_triangular": lambda t, m: t.linalg.solve_triangular(
        input=m(B), B=m(M), upper=True, left=True, unitriangular=True
    ),
    "linalg.eigvalsh": lambda t, m: t.linalg.eigvalsh(input=m(M), UPLO="U"),
    "linalg.eigh": lambda t, m: t.linalg.eigh(input=m(M), UPLO="U").eigenvectors ** 2,
    "linalg.svd": lambda t, m: t.linalg.svd(A=m(N), full_matrices=False).U ** 2,
    "linalg.svdvals": lambda t, m: t.linalg.svdvals(A=m(N)),
    "svd": lambda t, m: t.svd(input=m(N), some=True, compute_uv=True).V ** 2,
    "linalg.qr": lambda t, m: t.linalg.qr(A=m(N), mode="complete").R,
    "qr": lambda t, m: t.qr(input=m(N), some=True)[0],
    "linalg.pinv": lambda t, m: t.linalg.pinv(m(N), atol=1e-3, rtol=1e-3),
    "linalg.pinv of a batch": lambda t, m: t.linalg.pinv(m(B), rtol=t.tensor([1e-3, 1e-1])),
    "linalg.lstsq": lambda t, m: t.linalg.lstsq(m(N), b=m(M), rcond=1e-9, driver="gelsd").solution,
    "linalg.cholesky": lambda t, m: t.linalg.cholesky(input=m(M @ M.T), upper=True),
    "linalg.matrix_norm": lambda t, m: t.linalg.matrix_norm(input=m(B), ord="nuc", dim=(0, 1), keepdim=True),
    "linalg.vector_norm": lambda t, m: t.linalg.vector_norm(x=m(B), ord=3, dim=(0, 2), keepdim=True),
    "linalg.norm": lambda t, m: t.linalg.norm(input=m(B), ord=-2, dim=(2, 1), keepdim=False),
    "linalg.multi_dot": lambda t, m: t.linalg.multi_dot(tensors=[m(V), m(M), m(N)]),
    "linalg.cross": lambda t, m: t.linalg.cross(input=m(M), other=m(M[:, ::-1]), dim=0),
    "linalg.vecdot": lambda t, m: t.linalg.vecdot(x=m(B), y=m(M), dim=1),
    "linalg.tensorinv": lambda t, m: t.linalg.tensorinv(m(M), ind=1),
    "linalg.tensorsolve": lambda t, m: t.linalg.tensorsolve(m(M), m(V), dims=(0,)),
    "linalg.vander": lambda t, m: t.linalg.vander(m(M), N=4),
    "linalg.matrix_exp": lambda t, m: t.linalg.matrix_exp(m(B * 3)),
    "vander": lambda t, m: t.vander(m(V), N=5, increasing=False),
    "vander increasing": lambda t, m: t.vander(x=m(V), increasing=True),
    "orgqr": lambda t, m: t.orgqr(input=m(M), input2=m(V)),
    "ormqr": lambda t, m: t.ormqr(input=m(M), input2=m(V), input3=m(N), left=True, transpose=True),
    "renorm": lambda t, m: m(B).renorm(p=1, dim=1, maxnorm=2),
    "bilinear": lambda t, m: t.nn.functional.bilinear(input1=m(M), input2=m(M), weight=m(B), bias=m(V[:2])),
    "norm nuc": lambda t, m: t.norm(m(B), p="nuc", dim=(1, 2)),
    "triangular_solve": lambda t, m: t.triangular_solve(input=m(N), A=m(M), upper=False, transpose=True)[0],
}


def leaves_of(make):
    """What makes leaves of arrays, the same for the same array, and the list of those that were made."""
    found = []

    def leaf(array):
        found.append(make(np.ascontiguousarray(array)))
        return found[-1]

    return leaf, found


@pytest.mark.parametrize("name", CALLS)
def test_by_keywords(name):
    call = CALLS[name]
    theirs, us = leaves_of(lambda a: torch.tensor(a, requires_grad=True))
    ours, xs = leaves_of(lambda a: tg.tensor(a, requires_grad=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of older names
        want, got = call(torch, theirs), call(tg, ours)
    np.testing.assert_allclose(got.array, want.detach().numpy(), rtol=1e-9, atol=1e-11)
    g = np.cos(np.arange(got.array.size)).reshape(got.shape)
    of_xs = tg.autograd.grad(got, xs, tg.tensor(g), allow_unused=True)
    try:
        of_us = torch.autograd.grad(want, us, torch.tensor(g), allow_unused=True)
    except RuntimeError:  # PyTorch's vander and cond have no gradient
        return
    for a, b in zip(of_xs, of_us, strict=True):
        if a is not None or b is not None:
            np.testing.assert_allclose(*(0 if d is None else np.asarray(d) for d in (a, b)), rtol=1e-7, atol=1e-9)


def test_linalg_has_pytorchs_names():
    missing = [
        name
        for name, f in inspect.getmembers(torch.linalg, callable)
        if not name.startswith("_") and not hasattr(tg.linalg, name)
    ]
    of_complex_numbers = ["eig", "eigvals"]
    numpy_has_none = ["ldl_factor", "ldl_factor_ex", "ldl_solve", "lu", "lu_factor", "lu_factor_ex", "lu_solve"]
    assert set(missing) <= {*of_complex_numbers, *numpy_has_none, "diagonal"}


@pytest.mark.parametrize("seed", range(60))
def test_einsum_of_random_equations(seed):
    random = np.random.default_rng(seed)
    sizes = dict(zip("aBcDe", random.integers(1, 4, 5).tolist(), strict=True))
    dots = tuple(random.integers(1, 3, random.integers(0, 3)).tolist())
    terms, arrays = [], []
    for _ in range(random.integers(1, 4)):
        letters = "".join(random.choice(list(sizes), random.integers(0, 4)))
        with_dots = bool(random.integers(0, 2))
        at = int(random.integers(0, len(letters) + 1))
        shrunk = {k: 1 if random.integers(0, 6) == 0 else n for k, n in sizes.items()}
        middle = dots[random.integers(0, len(dots) + 1) :] if with_dots else ()
        terms.append(letters[:at] + "..." * with_dots + letters[at:])
        shape = (*(shrunk[k] for k in letters[:at]), *middle, *(shrunk[k] for k in letters[at:]))
        arrays.append(random.standard_normal(shape))
    seen = sorted(set("".join(terms)) - {"."})
    out = "".join(random.permutation(seen)[: random.integers(0, len(seen) + 1)]) + "..." * int(random.integers(0, 2))
    equation = ",".join(terms) + (f"->{out}" if random.integers(0, 3) else "")
    us = [torch.tensor(a, requires_grad=True) for a in arrays]
    xs = [tg.tensor(a, requires_grad=True) for a in arrays]
    try:
        want = torch.einsum(equation, *us)
    except RuntimeError:
        with pytest.raises(RuntimeError, match="einsum: "):
            tg.einsum(equation, *xs)
        return
    got = tg.einsum(equation, *xs)
    np.testing.assert_allclose(got.array, want.detach().numpy(), atol=1e-12, err_msg=equation)
    g = np.cos(np.arange(got.array.size)).reshape(got.shape)
    of_us = torch.autograd.grad(want, us, torch.tensor(g))
    of_xs = tg.autograd.grad(got, xs, tg.tensor(g))
    for a, b in zip(of_xs, of_us, strict=True):
        np.testing.assert_allclose(a.array, b.numpy(), atol=1e-12, err_msg=equation)
