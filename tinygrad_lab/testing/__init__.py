"""Gradients proven: numeric oracles, `gradcheck`, derivations made by hand, and the property that every op has.

What draws inputs needs hypothesis, from the `test` extra, and is imported by name: `tensors`, the strategies;
`given`, property tests in one line; `strategies`, which draws an op's arguments.
"""

from ..autograd.gradcheck import Finding, GradcheckError, GradcheckResult, gradcheck, gradgradcheck
from ..autograd.oracles import Jacobian, complex_step, one_sided, richardson, taylor_slope
from .derivation import Derivation, DerivationResult, check_derivation, derivation
from .modules import ModuleResult, check_module
from .properties import check_op
