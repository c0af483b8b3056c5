"""What a gradient is where the derivative isn't, as data: declared with the function, shown in the docs, tested.

One rule, in this order: the true derivative; at a kink of a locally convex function the subgradient of smallest norm,
of a concave one the supergradient of smallest norm; else by continuity, where an infinity is allowed; else NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

conventions: list[Convention] = []
"""Every declared convention, in the order of the modules."""


class Convention(NamedTuple):
    """The gradient of one function at one place.

    Attributes:
        case: what it is about, as "relu at 0".
        name: the function's name.
        function: what is differentiated.
        args: its arguments. Floats, and lists of floats, are the ones that it is differentiated by.
        gradients: of the sum of its results, by each of these; None if it raises.
        value: of the function there, if the case is about that, too.
        raises: the error's class, where there is no gradient to give.
    """

    case: str
    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    gradients: tuple[Any, ...] | None
    value: Any
    raises: type[Exception] | None


def convention(
    case: str,
    *args: Any,
    gives: Any = None,
    value: Any = None,
    raises: type[Exception] | None = None,
    of: Callable[..., Any] | None = None,
) -> Callable[[F], F]:
    """Declare the gradient of the decorated function at `args`.

    Args:
        case: what it is about, as "relu at 0".
        args: the arguments. Floats, and lists of floats, are the ones that it is differentiated by.
        gives: the gradient of the sum of the results; a tuple of them if there are several such arguments.
        value: the result there, if the case is about that, too.
        raises: the error's class, where there is no gradient to give.
        of: what is differentiated, if it isn't the function itself but an expression with it.
    """

    def declare(function: F) -> F:
        gradients = None if raises else gives if isinstance(gives, tuple) else (gives,)
        name = function.__name__.strip("_")
        conventions.append(Convention(case, name, of or function, args, gradients, value, raises))
        return function

    return declare
