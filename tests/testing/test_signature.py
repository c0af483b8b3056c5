"""Shape signatures."""

import pytest

from tinygrad_lab.testing.signature import parse, result_shape


def test_parse():
    assert parse("(*, n, k), (*, k, m) -> (*, n, m)") == ([["*", "n", "k"], ["*", "k", "m"]], ["*", "n", "m"])
    assert parse("(*), (...) -> (*)") == ([["*"], ["..."]], ["*"])
    assert parse("() -> ()") == ([[]], [])


@pytest.mark.parametrize(
    ("signature", "shapes", "result"),
    [
        ("(*), (*) -> (*)", [(2, 1), (3,)], (2, 3)),
        ("(*, n, k), (*, k, m) -> (*, n, m)", [(5, 2, 3), (3, 4)], (5, 2, 4)),
        ("(n, k), (n) -> (n)", [(2, 3), (2,)], (2,)),
        ("(*) -> (...)", [(2, 3)], None),
        ("(*), ... -> (...)", [(2, 3), (2, 3), (2, 3)], None),
    ],
)
def test_result_shape(signature, shapes, result):
    assert result_shape(signature, shapes) == result


@pytest.mark.parametrize(
    ("signature", "shapes"),
    [("(n, k), (n) -> (n)", [(2, 3), (3,)]), ("(n) -> (n)", [(2, 3)]), ("(*, n, k) -> (*)", [(2,)])],
)
def test_shapes_that_do_not_fit(signature, shapes):
    with pytest.raises(ValueError, match="fit| is "):
        result_shape(signature, shapes)
