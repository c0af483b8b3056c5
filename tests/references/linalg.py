"""Linear algebra, computed in another way."""

import numpy as np

REFERENCES = {
    "matmul": lambda a, b: np.einsum("...nk,...km->...nm", a, b),
    "affine": lambda x, w, b: np.einsum("nk,mk->nm", x, w) + b,
}
