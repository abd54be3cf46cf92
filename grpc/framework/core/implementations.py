"""Makes the two kinds of End."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from grpc.framework.core import _end
from grpc.framework.foundation import environment as _environment

if TYPE_CHECKING:
    from grpc.framework.interfaces.base import base

__all__ = ["invocation_end_link", "service_end_link"]


def invocation_end_link(environment: Optional[_environment.Environment] = None) -> _end.End:
    """Make the End of an invocation side, which is also a Link to be joined with its transport or peer.

    Args:
      environment: Clock, timers, and how to wait; by default those of the standard library.

    Returns:
      An object that is both a `base.End` and a `links.Link`, unstarted and unjoined.
    """
    return _end.End(None, None, None, environment or _environment.default())


def service_end_link(
    servicer: base.Servicer,
    default_timeout: Optional[float],
    maximum_timeout: Optional[float],
    environment: Optional[_environment.Environment] = None,
) -> _end.End:
    """Make the End of a service side, which is also a Link to be joined with its transport or peer.

    Args:
      servicer: Serves the operations.
      default_timeout: Seconds for an operation whose invocation names no timeout; None for no limit.
      maximum_timeout: The most seconds that any operation is given; None for no limit.
      environment: Clock, timers, and how to wait; by default those of the standard library.

    Returns:
      An object that is both a `base.End` and a `links.Link`, unstarted and unjoined.
    """
    return _end.End(servicer, default_timeout, maximum_timeout, environment or _environment.default())
