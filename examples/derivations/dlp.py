"""Backpropagation through a sigmoid network by hand: tinygrad-lab check examples/derivations/dlp.py

The network is y = s(s(s(x W1) W2) W3) with the sigmoid s(z) = 1 / (1 + exp(-z)), its loss the binary cross-entropy
L = -sum t ln y + (1 - t) ln(1 - y). Each function is a vector-Jacobian product: given g, the gradient of the loss with
respect to the result, it is the gradient with respect to an argument.
"""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tinygrad_lab as tg
import tinygrad_lab.nn.functional as F
from tinygrad_lab.testing import derivation


def sigma(z):
    return 1 / (1 + np.exp(-z))


def cross_entropy(y, t):
    return F.binary_cross_entropy(y, tg.tensor(t).double(), reduction="sum")


def cross_entropy_of_z(z, t):
    return cross_entropy(tg.sigmoid(z), t)


def network(x, w1, w2, w3):
    return tg.sigmoid(tg.sigmoid(tg.sigmoid(x @ w1) @ w2) @ w3)


def same_length(elements):
    """An array of elements and as many labels."""
    return st.integers(1, 3).flatmap(
        lambda n: st.tuples(arrays(float, n, elements=elements), arrays(int, n, elements=st.integers(0, 1)))
    )


z = arrays(float, st.integers(1, 3), elements=st.integers(-24, 24).map(lambda i: i / 8))
z_and_t = same_length(st.integers(-24, 24).map(lambda i: i / 8))
y_and_t = same_length(st.integers(1, 15).map(lambda i: i / 16))
rng = np.random.RandomState(0)
x_and_weights = [rng.randn(*shape) for shape in ((5, 2), (2, 3), (3, 4), (4, 1))]


@derivation(tg.sigmoid, z)
def sigmoid_backward(g, z):
    """s' = s (1 - s)."""
    return g * sigma(z) * (1 - sigma(z))


@derivation(cross_entropy, y_and_t)
def loss_by_y(y, t):
    """dL/dy = -t / y + (1 - t) / (1 - y)."""
    return -t / y + (1 - t) / (1 - y)


@derivation(cross_entropy_of_z, z_and_t)
def loss_by_z(z, t):
    """dL/dz = s'(z) (-t / s(z) + (1 - t) / (1 - s(z)))."""
    return sigma(z) * (1 - sigma(z)) * (-t / sigma(z) + (1 - t) / (1 - sigma(z)))


@derivation(cross_entropy_of_z, z_and_t)
def loss_by_z_simplified(z, t):
    """dL/dz = s(z) - t."""
    return sigma(z) - t


@derivation(tg.matmul, *x_and_weights[:2], wrt=1)
def layer_by_weight(g, x, w):
    """dL/dW = x^T g."""
    return x.T @ g


@derivation(tg.matmul, *x_and_weights[:2])
def layer_by_input(g, x, w):
    """dL/dx = g W^T."""
    return g @ w.T


@derivation(network, *x_and_weights, wrt=1)
def network_by_first_weight(g, x, w1, w2, w3):
    """dL/dW1 = x^T (s'(z1) ((s'(z2) ((s'(z3) g) W3^T)) W2^T)), with s' = a (1 - a) of each activation a."""
    a1 = sigma(x @ w1)
    a2 = sigma(a1 @ w2)
    a3 = sigma(a2 @ w3)
    d3 = a3 * (1 - a3) * g
    d2 = a2 * (1 - a2) * (d3 @ w3.T)
    d1 = a1 * (1 - a1) * (d2 @ w2.T)
    return x.T @ d1
