"""Whether a message came compressed, where the library at hand lets its users see that.

A deserializer is the place to look: it gets what came out of the decompression, once for each message. Ours tells
there by `grpc.experimental.message_compressed`; grpcio does not, so with it `compressed` is None and a case that
depends on it is not run.
"""

from __future__ import annotations

from typing import Any, Callable, Generic, NamedTuple, Optional, Tuple, TypeVar

import grpc
import grpc.experimental
from grpc.interop import _rules

_Message = TypeVar("_Message")

_message_compressed: Optional[Callable[[bytes], bool]] = getattr(grpc.experimental, "message_compressed", None)

CANNOT_SEE = "this library does not show whether a message came compressed"

# The methods whose requests say whether they should be compressed.
CHECKED = ("/grpc.testing.TestService/UnaryCall", "/grpc.testing.TestService/StreamingInputCall")


class Seen(Generic[_Message]):
    """A message, and whether it came compressed; None if that cannot be seen."""

    __slots__ = ("compressed", "message")

    def __init__(self, message: _Message, compressed: Optional[bool]) -> None:
        self.message = message
        self.compressed = compressed


def seeing(deserialize: Callable[[bytes], _Message]) -> Callable[[bytes], Seen[_Message]]:
    """A deserializer that looks at compression as well."""

    def deserialize_and_see(serialized: bytes) -> Seen[_Message]:
        compressed = None if _message_compressed is None else _message_compressed(serialized)
        return Seen(deserialize(serialized), compressed)

    return deserialize_and_see


def must_see() -> None:
    """Go on only if compression can be seen.

    Raises:
        NotRun: It cannot.
    """
    if _message_compressed is None:
        raise _rules.NotRun(CANNOT_SEE)


def objection(request: Seen[Any]) -> Optional[Tuple[grpc.StatusCode, str]]:
    """The status for a request that is not as it says it should be; None if there is nothing wrong with it."""
    if not request.message.HasField("expect_compressed"):
        return None
    expected = request.message.expect_compressed.value
    if request.compressed is None:
        return grpc.StatusCode.UNIMPLEMENTED, CANNOT_SEE
    if request.compressed is not expected:
        came = "compressed" if request.compressed else "uncompressed"
        return grpc.StatusCode.INVALID_ARGUMENT, f"the request came {came}, and should not have"
    return None


class Rewritten(NamedTuple):
    """A handler of one of the `CHECKED` methods, about to be replaced by one that gets what was seen.

    Attributes:
        make: Makes a handler of the same shape.
        behavior: What the service does.
    """

    make: Callable[..., Any]
    behavior: Callable[..., Any]

    def handler(self, original: Any, checking: Callable[..., Any]) -> Any:
        """The one that takes the original's place.

        Args:
            original: The handler to be replaced.
            checking: Takes one `Seen` request, or several, and does what `behavior` does.
        """
        return self.make(
            checking,
            request_deserializer=seeing(original.request_deserializer),
            response_serializer=original.response_serializer,
        )


def rewritten(handler: Any) -> Rewritten:
    """Look at a handler whose calls have one response."""
    if handler.request_streaming:
        return Rewritten(grpc.stream_unary_rpc_method_handler, handler.stream_unary)
    return Rewritten(grpc.unary_unary_rpc_method_handler, handler.unary_unary)
