"""The layers of a perceptron by hand: tinygrad-lab check examples/derivations/uva.py

Those of a single sample, as the assignment asks, then those of a batch of B samples, one a row. Each function is a
vector-Jacobian product: given g, the gradient of the loss with respect to the result, it is the gradient with respect
to an argument. For a batch the gradients of weight and bias are sums over its samples, since each sample uses the same
ones: x^T stands before g of all the rows, and the bias, which is added to each row, collects the sum of its rows.
"""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tinygrad_lab as tg
from tinygrad_lab.testing import derivation

eighths = st.integers(-24, 24).map(lambda i: i / 8)
sixteenths = st.integers(1, 15).map(lambda i: i / 16)
vectors = arrays(float, st.integers(1, 4), elements=eighths)
batches = arrays(float, st.tuples(st.integers(1, 3), st.integers(1, 4)), elements=eighths)
away_from_0 = arrays(float, st.integers(1, 4), elements=eighths.filter(bool))


def sample(n):
    """Probabilities of n classes and a one-hot target."""
    return st.tuples(arrays(float, n, elements=sixteenths), st.integers(0, n - 1).map(lambda k: np.eye(n)[k]))


def operands(*shapes):
    """Arrays of shapes in which each letter stands for one size."""
    sizes = st.fixed_dictionaries({letter: st.integers(1, 3) for letter in set("".join(shapes))})
    return sizes.flatmap(
        lambda n: st.tuples(*(arrays(float, tuple(n[k] for k in shape), elements=eighths) for shape in shapes))
    )


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def linear(x, w, b):
    return x @ w + b


@derivation(lambda x, t: -(t * x.log()).sum(), st.integers(1, 4).flatmap(sample))
def cross_entropy_by_x(x, t):
    """dL/dx = -t / x."""
    return -t / x


@derivation(lambda s: tg.softmax(s, dim=0), vectors)
def softmax_by_s(g, s):
    """g J with J = Diag(x) - x x^T."""
    x = softmax(s)
    return g @ (np.diag(x) - np.outer(x, x))


@derivation(tg.relu, away_from_0)
def relu_by_x(g, x):
    """g where x > 0."""
    return g * (x > 0)


@derivation(linear, operands("i", "io", "o"))
def linear_by_x(g, x, w, b):
    """g W^T."""
    return w @ g


@derivation(linear, operands("i", "io", "o"), wrt=1)
def linear_by_w(g, x, w, b):
    """x^T g."""
    return np.outer(x, g)


@derivation(linear, operands("i", "io", "o"), wrt=2)
def linear_by_b(g, x, w, b):
    """g."""
    return g


@derivation(lambda s: tg.softmax(s, dim=1), batches)
def softmax_of_batch_by_s(g, s):
    """x (g - g . x) in each row: the Jacobian of the batch is block diagonal."""
    x = softmax(s)
    return x * (g - (g * x).sum(axis=1, keepdims=True))


@derivation(linear, operands("Bi", "io", "o"))
def linear_of_batch_by_x(g, x, w, b):
    """g W^T, row by row."""
    return g @ w.T


@derivation(linear, operands("Bi", "io", "o"), wrt=1)
def linear_of_batch_by_w(g, x, w, b):
    """x^T g, the sum of the samples' x^T g."""
    return x.T @ g


@derivation(linear, operands("Bi", "io", "o"), wrt=2)
def linear_of_batch_by_b(g, x, w, b):
    """The sum of g over the samples."""
    return g.sum(axis=0)
