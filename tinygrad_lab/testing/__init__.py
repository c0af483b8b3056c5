"""Gradients proven: numeric oracles, `gradcheck`, derivations made by hand, and the property that every op has.

`strategies`, which draws an op's arguments, is imported by name: it needs hypothesis, from the `test` extra.
"""

from .gradcheck import GradcheckError, GradcheckResult, gradcheck, gradgradcheck
from .oracles import Jacobian, complex_step, one_sided, richardson, taylor_slope
from .properties import check_op
