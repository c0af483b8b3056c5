"""Products: pairings, sizes, dtypes, factors; and Einstein's notation."""

import itertools

import numpy as np
import pytest

import tinygrad_lab as tg

RANDOM = np.random.default_rng(0)


def normal(*shape):
    return tg.tensor(RANDOM.standard_normal(shape), requires_grad=True)


def gradients(y, *xs):
    g = tg.tensor(np.cos(np.arange(y.numel())).reshape(y.shape))
    return [d.array for d in tg.autograd.grad(y, xs, g)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        *[((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((4, 2, 3), (3,)), ((3,), (4, 3, 2)), ((4, 2, 3), (3, 2))],
        *[((4, 1, 2, 3), (5, 3, 2)), ((2, 3), (4, 3, 5)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((0,), (0,))],
    ],
)
def test_matmul_in_every_pairing(a, b):
    x, y = normal(*a), normal(*b)
    z = x @ y
    np.testing.assert_allclose(z.array, np.matmul(x.array, y.array))
    assert [d.shape for d in gradients(z, x, y)] == [a, b]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: tg.mm(tg.ones(3), tg.ones(3, 3)), r"mm: input must have 2 dimensions, not shape \(3,\)"),
        (lambda: tg.bmm(tg.ones(2, 3, 4), tg.ones(3, 4, 5)), "bmm: shapes .* as many matrices"),
        (lambda: tg.mv(tg.ones(2, 3), tg.ones(2)), r"matmul: shapes \(2, 3\) and \(2,\) don't fit"),
        (lambda: tg.dot(tg.ones(2), tg.ones(3)), "dot: vectors of lengths 2 and 3 don't fit"),
        (lambda: tg.outer(tg.ones(2, 2), tg.ones(3)), "outer: input must have 1 dimension,"),
        (lambda: tg.addmm(tg.ones(3), tg.ones(2, 2), tg.ones(2, 2)), r"addmm: shapes \(3,\) and \(2, 2\) don't broad"),
        (lambda: tg.addmm(tg.ones(2, 2, 2), tg.ones(2, 2), tg.ones(2, 2)), "addmm: input of shape .* doesn't broad"),
        (lambda: tg.addbmm(tg.ones(2, 2), tg.ones(3, 2, 2), tg.ones(3, 3, 2)), "addbmm: shapes"),
        (lambda: tg.inner(tg.ones(2), tg.ones(3)), "inner: the last sizes"),
        (lambda: tg.cross(tg.ones(2), tg.ones(2)), r"cross: no dimension of shape \(2,\) has size 3"),
        (lambda: tg.linalg.cross(tg.ones(3), tg.ones(2, 3)), "cross: operands of as many dimensions"),
        (lambda: tg.tensordot(tg.ones(2, 3), tg.ones(2, 3), 1), "tensordot: dim 1 of shape .* and dim 0 of shape"),
        (lambda: tg.tensordot(tg.ones(2, 3), tg.ones(3, 2), 3), "tensordot: dims must be from 0 to 2"),
        (lambda: tg.linalg.multi_dot([tg.ones(2, 2)]), "multi_dot: at least 2 tensors"),
        (lambda: tg.chain_matmul(), "chain_matmul: at least one"),
        (lambda: tg.cdist(tg.ones(2, 2), tg.ones(2, 3)), "cdist: shapes .* must agree in the last size"),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(RuntimeError, match=text):
        call()


f32, f64, i64 = (tg.tensor(np.ones((2, 2), dtype)) for dtype in (np.float32, np.float64, np.int64))


@pytest.mark.parametrize(
    "product",
    [
        lambda a, b: a @ b,
        lambda a, b: a[0] @ b[0],
        lambda a, b: a.array @ b,
        lambda a, b: tg.mm(a, b),
        lambda a, b: tg.bmm(a[None], b[None]),
        lambda a, b: tg.dot(a[0], b[0]),
        lambda a, b: tg.inner(a, b),
        lambda a, b: tg.linalg.vecdot(a, b),
        lambda a, b: tg.tensordot(a, b),
        lambda a, b: tg.addmm(a, b, b),
        lambda a, b: tg.einsum("ij,jk->ik", a, b),
        lambda a, b: tg.nn.functional.linear(a, b),
        lambda a, b: tg.nn.functional.linear(a, a, b[0]),
        lambda a, b: tg.linalg.solve(a, b),
        lambda a, b: tg.linalg.solve_triangular(a, b, upper=True),
        lambda a, b: tg.linalg.cross(tg.ones(3).to(a.dtype), tg.ones(3).to(b.dtype)),
        lambda a, b: tg.cdist(a, b),
    ],
)
def test_dtypes_are_not_mixed(product):
    for a, b in ((f32, f64), (f64, f32)):
        with pytest.raises(RuntimeError, match="must have one dtype, not float.* and float.*; convert one with"):
            product(a, b)


def test_products_of_integers_and_of_bools():
    assert (i64 @ i64).dtype == np.int64
    assert (i64[0] @ i64[0]).item() == 2
    assert tg.einsum("ij,jk", i64, i64).tolist() == [[2, 2], [2, 2]]
    with pytest.raises(NotImplementedError, match="not defined for bool"):
        (i64 > 0) @ (i64 > 0)
    with pytest.raises(RuntimeError, match="must have one dtype, not float32 and int64"):
        f32 @ i64


def test_factors_of_what_is_added():
    nan = tg.full((2, 2), np.nan)
    assert tg.addmm(nan, f32, f32, beta=0).tolist() == [[2, 2], [2, 2]], "with beta 0 not even a NaN counts"
    assert tg.addmm(i64, i64, i64, beta=0.2, alpha=1.7).tolist() == [[2, 2], [2, 2]], "cut, as PyTorch does"
    assert f32.addmm(f32, f32, beta=3, alpha=2).tolist() == [[7, 7], [7, 7]]
    assert f32[0].addmv(f32, f32[0], alpha=2).tolist() == [5, 5]
    assert f32[None].baddbmm(f32[None], f32[None]).tolist() == [[[3, 3], [3, 3]]]
    x = tg.ones(2, 2)
    assert x.addbmm_(f32[None], f32[None]) is x
    assert x.tolist() == [[3, 3], [3, 3]]
    with pytest.raises(RuntimeError, match="addr: beta and alpha must be integers"):
        tg.addr(i64, i64[0], i64[0], alpha=2.0)
    with pytest.raises(TypeError, match="addmm: input must be a tensor or an array, not float"):
        tg.addmm(3.0, f32, f32)


def test_a_chain_is_multiplied_in_the_cheapest_order():
    sizes = [(40, 2), (2, 40), (40, 2), (2, 1)]
    chain = [normal(*size) for size in sizes]
    y = tg.linalg.multi_dot(chain)
    np.testing.assert_allclose(y.array, np.linalg.multi_dot([x.array for x in chain]))
    shapes, node = [], y.grad_fn
    while node is not None and node.op is not None:
        shapes.append(tuple(np.shape(a) for a in node.args))
        node = node.inputs[1]
    assert shapes == [((40, 2), (2, 1)), ((2, 40), (40, 1)), ((40, 2), (2, 1))]
    assert tg.linalg.multi_dot([normal(2), normal(2, 3), normal(3)]).shape == ()


@pytest.mark.parametrize("p", [0, 1, 1.5, 2, 3, np.inf])
@pytest.mark.parametrize("count", [3, 30])
def test_distances(p, count):
    a, b = normal(2, count, 3), normal(2, 4, 3)
    y = tg.cdist(a, b, p)
    np.testing.assert_allclose(y.array, np.linalg.norm(a.array[:, :, None] - b.array[:, None], ord=p, axis=-1))
    same = tg.cdist(a, a, p)
    diagonal = tg.eye(count, dtype=np.float64) * same
    assert not gradients(diagonal, a)[0].any(), "the gradient at distance 0 is 0"


# ---------------------------------------------------------------------------------------------------- einsum

SHAPES = {"i": 2, "j": 3, "k": 4, "A": 2, "b": 3, "l": 1}
EQUATIONS = [
    "i->i", "ij->ji", "ij->", "ii->i", "ii", "iij->ji", "i,i", "i,i->i", "i,j->ij", "ij,jk", "ij,jk->ki", "ji,jk->ik",
    "bij,bjk->bik", "bij,bjk->kib", "ib,bjk,k->ij", "ij,jk,kl->il", "i,j,k->", "bi,bi->b", "bij,bij->b", "A,Ab,b->",
    "ij,ij,ij->j", "ijk,j->", "iij,jki->k", "ij,k->kij", " i j , j k -> i k ", "i->", "ib,jb,b->ij", "lij,j->li",
]  # fmt: skip


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_is_numpys_and_its_gradient_einsum_too(equation):
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    xs = [normal(*(SHAPES[k] for k in term)) for term in terms]
    y = tg.einsum(equation, *xs)
    np.testing.assert_allclose(y.array, np.einsum(equation, *(x.array for x in xs)), atol=1e-12)
    for x, d in zip(xs, gradients(y, *xs), strict=True):
        e = RANDOM.standard_normal(x.shape)
        moved = [x.array + e if other is x else other.array for other in xs]
        g = np.cos(np.arange(y.numel())).reshape(y.shape)
        along = ((np.einsum(equation, *moved) - y.array) * g).sum()  # exact: it is linear in each operand
        np.testing.assert_allclose((d * e).sum(), along, atol=1e-10)


def test_einsum_broadcasts_sizes_1_and_ellipses():
    a, b = normal(5, 1, 2, 3), normal(4, 3, 1)
    y = tg.einsum("...ij,...jk->...ik", a, b)
    np.testing.assert_allclose(y.array, a.array @ b.array)
    assert [d.shape for d in gradients(y, a, b)] == [a.shape, b.shape]
    np.testing.assert_allclose(tg.einsum("...->", a).item(), a.array.sum())
    np.testing.assert_allclose(tg.einsum("ij,kj->ik", normal(2, 3) * 0 + 1, normal(1, 1) * 0 + 2).array, [[6], [6]])
    np.testing.assert_allclose(tg.einsum("i...->...", a).array, a.array.sum(0))
    np.testing.assert_allclose(tg.einsum("i...k,k...->i...", normal(2, 3) * 0 + 1, tg.ones(3).double()).array, [3, 3])
    assert tg.einsum("i,i->i", tg.ones(1), tg.ones(3)).shape == (3,)
    assert tg.einsum("", tg.tensor(2.0)).item() == 2


def test_einsum_with_lists_for_terms_or_operands():
    a, b = normal(2, 3), normal(3, 4)
    for y in (
        tg.einsum(a, [0, 1], b, [1, 2], [0, 2]),
        tg.einsum(a, [0, 51], b, [51, 2]),
        tg.einsum("ij,jk", [a, b]),
        tg.einsum(a, [..., 1], b, [1, 2], [..., 2]),
        np.einsum("ij,jk->ik", a, b),
    ):
        np.testing.assert_allclose(y.array, a.array @ b.array)
    assert tg.einsum("bA,aB", tg.ones(1, 2), tg.ones(3, 4)).shape == (2, 4, 3, 1), "capitals come first"


@pytest.mark.parametrize(
    ("args", "error", "text"),
    [
        (("ij",), ValueError, "at least one operand"),
        (("ij,jk", f32), RuntimeError, "2 terms don't fit 1 operands"),
        (("i", f32), RuntimeError, "the term 'i' has 1 indices, but its operand has shape"),
        (("ij->k", f32), RuntimeError, "index 'k' of the result isn't"),
        (("ij->ii", f32), RuntimeError, "index 'i' appears more than once in the result"),
        (("i1", f32), RuntimeError, "'1' in 'i1' is no index"),
        (("..i", f32), RuntimeError, "no index"),
        (("ii", tg.ones(2, 3)), RuntimeError, "index 'i' stands twice in 'ii', for sizes 2 and 3"),
        (("ij,jk", f32, tg.ones(3, 2)), RuntimeError, "index 'j' has size 3 in one operand, 2 in another"),
        (("ij->ij", 2.0), TypeError, "must be tensors or arrays, not float"),
        ((f32, [0, 52]), RuntimeError, "an index must be from 0 to 51"),
        ((f32, ["a", "b"]), TypeError, "an index must be"),
    ],
)
def test_einsum_refuses(args, error, text):
    with pytest.raises(error, match=text):
        tg.einsum(*args)


def test_many_operands_are_multiplied_in_pairs():
    xs = [normal(8, 8) for _ in range(5)]
    y = tg.einsum("ab,bc,cd,de,ef->af", *xs)
    np.testing.assert_allclose(y.array, np.linalg.multi_dot([x.array for x in xs]))
    nodes, pairs = [y.grad_fn], 0
    for node in nodes:
        if node.op is not None:
            assert len(node.args) <= 3
            pairs += 1
            nodes.extend(i for i in node.inputs if i is not None)
    assert pairs == 4


def test_every_order_of_three_letters():
    for order in itertools.permutations("ijk"):
        a, b = normal(2, 3, 4), normal(*(SHAPES[k] for k in order))
        for out in ("", "i", "kj", "jik"):
            equation = f"ijk,{''.join(order)}->{out}"
            np.testing.assert_allclose(tg.einsum(equation, a, b).array, np.einsum(equation, a.array, b.array))
