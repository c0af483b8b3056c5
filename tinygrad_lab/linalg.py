"""PyTorch's torch.linalg: matrices and batches of them, their equations, factorisations and norms."""

from .op import LinAlgError as LinAlgError
from .ops.linalg import cross as cross, matmul as matmul, vecdot as vecdot
from .ops.matrices import (
    cholesky as cholesky,
    cholesky_ex as cholesky_ex,
    det as det,
    eigh as eigh,
    eigvalsh as eigvalsh,
    inv as inv,
    inv_ex as inv_ex,
    lstsq as lstsq,
    pinv as pinv,
    qr as qr,
    slogdet as slogdet,
    solve as solve,
    solve_ex as solve_ex,
    solve_triangular as solve_triangular,
    svd as svd,
    svdvals as svdvals,
)
from .ops.matrix_functions import (
    cond as cond,
    householder_product as householder_product,
    matrix_exp as matrix_exp,
    matrix_norm as matrix_norm,
    matrix_power as matrix_power,
    matrix_rank as matrix_rank,
    multi_dot as multi_dot,
    norm as norm,
    tensorinv as tensorinv,
    tensorsolve as tensorsolve,
    vander as vander,
    vector_norm as vector_norm,
)
