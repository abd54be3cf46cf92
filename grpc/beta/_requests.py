"""The many requests of a call, serialized as they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterable, Iterator

from grpc._values.status import StatusCode
from grpc.beta import _abortions, _coding

if TYPE_CHECKING:
    from grpc.beta._coding import NextUncompressed, Serializer


class Requests(Iterator[bytes]):
    """Draws requests from an application's iterator and gives their bytes."""

    __slots__ = ("_faults", "_iterator", "_next", "_serializer")

    def __init__(
        self, requests: Iterable[Any], serializer: Serializer, faults: _abortions.Faults, following: NextUncompressed
    ) -> None:
        """Begin to draw.

        Args:
          requests: The application's.
          serializer: Makes bytes of each.
          faults: Where to leave why no more requests follow, if that is not the end of the iterator.
          following: Whether the next is to be sent as it is.

        Raises:
          TypeError: It cannot be iterated over.
        """
        self._iterator = iter(requests)
        self._serializer = serializer
        self._faults = faults
        self._next = following

    def __next__(self) -> bytes:
        try:
            request = next(self._iterator)
        except StopIteration:
            raise
        except Exception as error:
            self._faults.add(_of_iterator(error))
            raise
        try:
            payload = _coding.serialized(self._serializer, request, "request")
        except _abortions.Failure as failure:
            self._faults.add(failure)
            raise
        return self._next.mark(payload)


def _of_iterator(error: Exception) -> _abortions.Failure:
    failure = _abortions.Failure(StatusCode.UNKNOWN, f"Exception iterating requests! {error}")
    failure.__cause__ = error
    return failure
