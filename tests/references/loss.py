"""Fused losses, computed in another way."""

import numpy as np

REFERENCES = {
    "one_hot": lambda t, like: np.eye(like.shape[1])[t],
    "cross_entropy": lambda s, t: np.log(np.exp(s).sum(1)) - np.einsum("nk,nk->n", s, np.eye(s.shape[1])[t]),
}
