"""What is offered under `grpc.experimental` beside the single-call functions."""

from __future__ import annotations

import functools
import warnings
from typing import Any, Callable, Optional, Set, TypeVar

from grpc._modern import _handlers, _serving
from grpc._values import contexts

_F = TypeVar("_F", bound=Callable[..., Any])


class ChannelOptions:
    """Names of options of channels that only Python knows.

    Attributes:
      SingleThreadedUnaryStream: Accepted without effect: unary-stream calls never have a thread of their own here.
    """

    SingleThreadedUnaryStream = "SingleThreadedUnaryStream"


class UsageError(Exception):
    """Raised where the API is used in a way that cannot work."""


class ExperimentalApiWarning(Warning):
    """Warns, once per function, that a function may still change."""


_WARNED: Set[str] = set()


def experimental_api(f: _F) -> _F:
    """Mark a function as one that may still change: the first call warns of it."""

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        name = f"{f.__module__}.{f.__qualname__}"
        if name not in _WARNED:
            _WARNED.add(name)
            warnings.warn(f"{name!r} is experimental and may change", ExperimentalApiWarning, stacklevel=2)
        return f(*args, **kwargs)

    return wrapper  # type: ignore[return-value]  # it takes and returns what f does


def message_compressed(serialized: bytes) -> bool:
    """Tell whether a message came compressed, whatever its call or its channel had been set to.

    For use in a deserializer, of a channel's method or of a handler, and only there: what it is given is the one thing
    that knows. A peer may send single messages of a call as they are, and messages that compression would not make
    smaller usually go like that. Never blocks; any thread may call it.

    Args:
      serialized: What the deserializer was given. A copy of it, or a part, knows nothing any more.

    Returns:
      True for a message that was inflated; False for all others, those of a channel within the process among them.
    """
    return isinstance(serialized, contexts.Compressed)


def wrap_server_method_handler(
    wrapper: Callable[[Callable[..., Any]], Callable[..., Any]], handler: Optional[_serving.RpcMethodHandler]
) -> Optional[_serving.RpcMethodHandler]:
    """Wrap the callable of a handler, whatever its cardinality: what many server interceptors do.

    Args:
      wrapper: Takes the handler's callable, returns one of the same kind.
      handler: The handler; None is passed through.

    Returns:
      A handler with the wrapped callable.
    """
    if handler is None:
        return None
    return _handlers.MethodHandler(
        handler.request_streaming,
        handler.response_streaming,
        handler.request_deserializer,
        handler.response_serializer,
        wrapper(getattr(handler, _handlers.shape(handler))),
    )
