"""Calling code that somebody else wrote: the caller gets an outcome, the log gets the traceback."""

from __future__ import annotations

import enum
import functools
import logging
from dataclasses import dataclass
from typing import Any, Callable, Generic, TypeVar

T = TypeVar("T")

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """How a call ended: a value, compared by its fields.

    Attributes:
        kind: Whether the call returned or raised.
        return_value: What it returned; None if it raised.
        exception: What it raised; None if it returned.
    """

    __slots__ = ("exception", "kind", "return_value")

    @enum.unique
    class Kind(enum.Enum):
        """The two ways in which a call can end."""

        RETURNED = "returned"
        RAISED = "raised"

    kind: Kind
    return_value: T | None
    exception: Exception | None


def with_exceptions_logged(behavior: Callable[..., T], message: str) -> Callable[..., Outcome[T]]:
    """Wraps a callable so that calling it never raises an `Exception`.

    Args:
        behavior: Any callable.
        message: The text to log, above the traceback, when `behavior` raises. It is not a format.

    Returns:
        A callable that passes all its arguments on to `behavior` and returns the outcome of the call. It blocks as
        long as `behavior` does and may be called from any thread. KeyboardInterrupt, SystemExit and other exceptions
        that are no `Exception` pass through it, unlogged.
    """

    @functools.wraps(behavior)
    def wrapped(*args: Any, **kwargs: Any) -> Outcome[T]:
        return _outcome(behavior, message, args, kwargs)

    return wrapped


def call_logging_exceptions(behavior: Callable[..., T], message: str, *args: Any, **kwargs: Any) -> Outcome[T]:
    """Calls a callable and logs, instead of raising, the `Exception` that comes out of it.

    Args:
        behavior: Any callable.
        message: The text to log, above the traceback, when `behavior` raises. It is not a format.
        *args: Positional arguments for `behavior`.
        **kwargs: Keyword arguments for `behavior`; those named ``behavior`` or ``message`` cannot be passed this way.

    Returns:
        The outcome of the call. Blocks as long as `behavior` does. KeyboardInterrupt, SystemExit and other exceptions
        that are no `Exception` pass through, unlogged.
    """
    return _outcome(behavior, message, args, kwargs)


def _outcome(behavior: Callable[..., T], message: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Outcome[T]:
    try:
        return Outcome(Outcome.Kind.RETURNED, behavior(*args, **kwargs), None)
    except Exception as error:  # behavior is code that is not ours
        _LOGGER.exception(message)
        return Outcome(Outcome.Kind.RAISED, None, error)
