"""The op property, run by hypothesis on arguments that are drawn from an op's definition."""

import hypothesis
from hypothesis import Phase

from tests.references import REFERENCES
from tinygrad_lab.testing import check_op
from tinygrad_lab.testing.strategies import arguments

EXAMPLES = 25


def property_holds(record, examples=EXAMPLES, phases=(Phase.generate, Phase.shrink), drawn_for=None):
    """Check `record` on arguments drawn for it, or for the op `drawn_for`, the same in every run.

    Raises:
        AssertionError: it doesn't hold.
    """

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
    )
    @hypothesis.given(arguments(drawn_for or record))
    def check(args):
        check_op(record, args, REFERENCES.get(record.name))

    check()
