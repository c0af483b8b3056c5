"""Linear algebra, computed in another way."""

import itertools

import numpy as np


def sum_over_all_indices(terms, *operands):
    """Einstein's sum, one product at a time."""
    *inputs, out = terms
    sizes = {k: n for term, x in zip(inputs, operands, strict=True) for k, n in zip(term, x.shape, strict=True)}
    y = np.zeros([sizes[k] for k in out])
    for values in itertools.product(*map(range, sizes.values())):
        at = dict(zip(sizes, values, strict=True))
        factors = [x[tuple(at[k] for k in term)] for term, x in zip(inputs, operands, strict=True)]
        y[tuple(at[k] for k in out)] += np.prod(factors)
    return y


def by_matrix(f):
    """`f` of every matrix of a batch."""

    def batched(a, *args):
        shape = a.shape[:-2]
        results = [f(a[k], *args) for k in np.ndindex(shape)]
        return np.array(results).reshape(shape + np.shape(results[0])) if results else f_of_nothing(f, a, *args)

    return batched


def f_of_nothing(f, a, *args):
    m, n = a.shape[-2:]
    return np.zeros((*a.shape[:-2], *np.shape(f(np.arange(1.0, m + 1)[:, None] * np.eye(m, n), *args))))


def minor(a, i, j):
    return np.delete(np.delete(a, i, 0), j, 1)


def laplace(a):
    """The determinant, expanded along the first row."""
    if not len(a):
        return 1.0
    return sum((-1) ** j * a[0, j] * laplace(minor(a, 0, j)) for j in range(len(a)))


def by_cramer(a):
    """The inverse: cofactors over the determinant."""
    cofactors = [[(-1) ** (i + j) * laplace(minor(a, j, i)) for j in range(len(a))] for i in range(len(a))]
    return np.reshape(cofactors, a.shape) / laplace(a)


def banachiewicz(a):
    """Cholesky's factor, row by row."""
    a = (a + a.T) / 2
    factor = np.zeros_like(a)
    for i in range(len(a)):
        for j in range(i + 1):
            rest = a[i, j] - factor[i, :j] @ factor[j, :j]
            factor[i, j] = np.sqrt(rest) if i == j else rest / factor[j, j]
    return factor


def by_reflections(a):
    """Q above R, by Householder's reflections; the diagonal of R has the sign that avoids cancellation."""
    m, n = a.shape
    q, r = np.eye(m), a.copy()
    for k in range(min(m - 1, n)):
        v = r[:, k].copy()
        v[:k] = 0
        v[k] += np.copysign(np.sqrt(v @ v), v[k])
        reflection = np.eye(m) - 2 * np.outer(v, v) / (v @ v)
        q, r = q @ reflection, reflection @ r
    return np.concatenate([q[:, :n], np.triu(r[:n])])


def by_roots(a):
    """The eigenvalues: roots of the characteristic polynomial, to which Newton's method brings them closer."""
    if not len(a):
        return np.zeros(0)
    coefficients = np.poly((a + a.T) / 2)
    w = np.sort(np.roots(coefficients).real)
    for _ in range(3):
        w = w - np.polyval(coefficients, w) / np.polyval(np.polyder(coefficients), w)
    return w


def by_series(a):
    """The exponential: Taylor's series of a 1024th, squared ten times."""
    term = total = np.eye(len(a))
    for k in range(1, 20):
        term = term @ a / 1024 / k
        total = total + term
    for _ in range(10):
        total = total @ total
    return total


def by_columns(a, b, solve):
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(x, shape + x.shape[-2:]) for x in (a, b))
    y = np.zeros(shape + b.shape[-2:])
    for k in np.ndindex(shape):
        y[k] = solve(a[k], b[k])
    return y


def substitution(a, b, upper, unit):
    y = np.zeros_like(b)
    for i in reversed(range(len(a))) if upper else range(len(a)):
        others = range(i + 1, len(a)) if upper else range(i)
        y[i] = (b[i] - sum(a[i, j] * y[j] for j in others)) / (1 if unit else a[i, i])
    return y


REFERENCES = {
    "matmul": lambda a, b: np.einsum("...nk,...km->...nm", a, b),
    "vecdot": lambda x, y: (x * y).sum(-1),
    "einsum": sum_over_all_indices,
    "inv": by_matrix(by_cramer),
    "det": by_matrix(laplace),
    "slogdet": by_matrix(lambda a: [np.sign(laplace(a)), np.log(abs(laplace(a)))]),
    "solve": lambda a, b: by_columns(a, b, lambda a, b: by_cramer(a) @ b),
    "solve_triangular": lambda a, b, upper, unit: by_columns(a, b, lambda a, b: substitution(a, b, upper, unit)),
    "pinv": by_matrix(lambda a, *_: by_cramer(a.T @ a) @ a.T if a.shape[0] >= a.shape[1] else a.T @ by_cramer(a @ a.T)),
    "matrix_exp": by_matrix(by_series),
    "cholesky": by_matrix(banachiewicz),
    "qr": by_matrix(by_reflections),
    "eigvalsh": by_matrix(by_roots),
    "svdvals": by_matrix(lambda a: np.sqrt(by_roots(a.T @ a if a.shape[0] >= a.shape[1] else a @ a.T))[::-1]),
    "euclidean": lambda a, b: np.sqrt(((a[..., :, None, :] - b[..., None, :, :]) ** 2).sum(-1)),
    "affine": lambda x, w, b: np.einsum("nk,mk->nm", x, w) + b,
}
