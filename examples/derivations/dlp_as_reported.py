"""The two formulas of the report that are wrong: tinygrad-lab check examples/derivations/dlp_as_reported.py"""

from dlp import cross_entropy, cross_entropy_of_z, sigma, y_and_t, z_and_t

from tinygrad_lab.testing import derivation


@derivation(cross_entropy, y_and_t)
def reported_loss_by_y(y, t):
    return t / y - (1 - t) / (1 - y)


@derivation(cross_entropy_of_z, z_and_t)
def reported_loss_by_z(z, t):
    return sigma(z) * (1 - sigma(z)) * (t / sigma(z) + (1 - t) / (1 - sigma(z)))


@derivation(lambda z, t: -cross_entropy_of_z(z, t), z_and_t)
def reported_loss_by_z_of_reported_loss(z, t):
    return sigma(z) * (1 - sigma(z)) * (t / sigma(z) + (1 - t) / (1 - sigma(z)))
