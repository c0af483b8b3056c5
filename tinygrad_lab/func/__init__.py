"""Functions of functions, PyTorch's torch.func: gradients, products with Jacobians, Jacobians, Hessians, batches.

All stand on one walk back over the graph. A transform gives its function variables of its own, identities of the
arguments, so transforms nest: an inner one differentiates by its variables alone, and what it returns is a graph over
the outer one's. The walk is on arrays, the fast reading, unless something that encloses the transform asks for a graph.
"""

from __future__ import annotations

from .batch import vmap
from .modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from .transforms import grad, grad_and_value, hessian, hvp, jacfwd, jacrev, jvp, linearize, value_and_grad, vjp

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "hvp",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "value_and_grad",
    "vjp",
    "vmap",
]
