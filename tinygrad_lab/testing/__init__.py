"""Gradients proven: numeric oracles, and the property that every op of the table has.

`strategies`, which draws an op's arguments, is imported by name: it needs hypothesis, from the `test` extra.
"""

from .oracles import Jacobian, complex_step, richardson
from .properties import check_op
