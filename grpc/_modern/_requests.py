"""The requests of a call: one, serialized in the caller's thread, or many, serialized as they are drawn."""

from __future__ import annotations

import contextvars
import logging
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator, Optional, Tuple

from grpc._modern import _errors
from grpc._values import status

if TYPE_CHECKING:
    from grpc._modern._calling import Serializer

_LOGGER = logging.getLogger(__name__)


def serialized(serializer: Serializer, request: Any) -> Any:
    """The bytes of a request.

    Raises:
      InactiveRpcError: INTERNAL, if the serializer fails.
      TypeError: There is no serializer, and the request is not bytes.
    """
    if serializer is None:
        if not isinstance(request, (bytes, bytearray, memoryview)):
            raise TypeError(f"without a request_serializer a request is bytes, not {request!r}")
        return bytes(request) if type(request) is not bytes else request
    try:
        return serializer(request)
    except Exception as error:
        raise _errors.own_error(status.StatusCode.INTERNAL, f"Exception serializing request! {error}") from error


class Requests(Iterator[Any]):
    """Draws requests from a user's iterator and gives their bytes, in the context variables of the call.

    Attributes:
      fault: The status, the text and the exception with which drawing failed, or None.
    """

    __slots__ = ("_iterator", "_run", "_serializer", "fault")

    def __init__(self, requests: Iterable[Any], serializer: Serializer) -> None:
        """Begin to draw.

        Raises:
          TypeError: It cannot be iterated over.
        """
        try:
            self._iterator = iter(requests)
        except TypeError as error:
            raise TypeError(f"a call with many requests takes an iterator of them, not {requests!r}") from error
        self._serializer = serializer
        self._run: Callable[..., Any] = contextvars.copy_context().run
        self.fault: Optional[Tuple[int, str, BaseException]] = None

    def __next__(self) -> Any:
        try:
            request = self._run(next, self._iterator)
        except StopIteration:
            raise
        except Exception as error:
            self.fault = (status.UNKNOWN, f"Exception iterating requests! {error}", error)
            raise
        try:
            return serialized(self._serializer, request)
        except _errors.InactiveRpcError as error:
            self.fault = (status.INTERNAL, error.details(), error.__cause__ or error)
            raise
        except TypeError as error:
            self.fault = (status.INTERNAL, f"Exception serializing request! {error}", error)
            raise
