"""Messages and metadata between their two forms: what applications handle, and what Face is given."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Mapping, NamedTuple, Optional, Tuple

from grpc._values import contexts
from grpc._values import metadata as _metadata
from grpc._values.status import StatusCode
from grpc.beta._abortions import Failure

Serializer = Optional[Callable[[Any], bytes]]
Deserializer = Optional[Callable[[bytes], Any]]
Name = Tuple[str, str]
"""A method: its group, and its name within the group."""


class Coders(NamedTuple):
    """How one method's messages are turned into bytes and back, for one of the two sides.

    Attributes:
      serialize: Makes bytes of what this side says; None for messages that are bytes.
      deserialize: Makes a message of the bytes that it hears; None if it wants the bytes.
    """

    serialize: Serializer
    deserialize: Deserializer


class CoderTable:
    """The coders of all methods of a stub or a server."""

    __slots__ = ("_deserializers", "_serializers")

    def __init__(
        self,
        serializers: Optional[Mapping[Name, Serializer]],
        deserializers: Optional[Mapping[Name, Deserializer]],
    ) -> None:
        """Copy two tables; methods that are in neither say and hear bytes."""
        self._serializers = dict(serializers or {})
        self._deserializers = dict(deserializers or {})

    def of(self, group: str, method: str) -> Coders:
        """The coders of a method."""
        name = (group, method)
        return Coders(self._serializers.get(name), self._deserializers.get(name))


def serialized(serializer: Serializer, message: Any, noun: str) -> bytes:
    """The bytes of a message.

    Args:
      serializer: Makes them; None for a message that is bytes.
      message: The message.
      noun: What to call it in an error: a request or a response.

    Raises:
      Failure: INTERNAL; its cause is what the serializer raised.
    """
    try:
        payload = message if serializer is None else serializer(message)
    except Exception as error:
        raise Failure(StatusCode.INTERNAL, f"Exception serializing {noun}! {error}") from error
    if not isinstance(payload, bytes):
        raise Failure(
            StatusCode.INTERNAL, f"Failed to serialize {noun}: what is sent is bytes, not {type(payload).__name__}"
        )
    return payload


def deserialized(deserializer: Deserializer, payload: bytes, noun: str) -> Any:
    """The message that bytes stand for.

    Raises:
      Failure: INTERNAL; its cause is what the deserializer raised.
    """
    if deserializer is None:
        return payload
    try:
        return deserializer(payload)
    except Exception as error:
        raise Failure(StatusCode.INTERNAL, f"Exception deserializing {noun}! {error}") from error


class NextUncompressed:
    """Remembers that the next message of a call is to be sent as it is."""

    __slots__ = ("_wanted",)

    def __init__(self) -> None:
        self._wanted = False

    def want(self) -> None:
        """Have the next message sent as it is."""
        self._wanted = True

    def mark(self, payload: bytes) -> bytes:
        """The payload of the next message, marked if that was wanted."""
        if not self._wanted:
            return payload
        self._wanted = False
        return contexts.Uncompressed(payload)


def metadata(items: Optional[Iterable[Any]]) -> Optional[_metadata.Items]:
    """Metadata of an application as a tuple of pairs, or None for none.

    Keys, and values that are text, may be bytes, as they once were. What arrives is the same in memory as over a wire.

    Raises:
      TypeError: It does not consist of pairs of a string and a string or bytes.
      ValueError: A key or a value cannot be sent.
    """
    if items is None:
        return None
    try:
        pairs = [_pair(key, value) for key, value in items]
    except (TypeError, ValueError) as error:
        raise TypeError(f"metadata is a sequence of (key, value) pairs, not {items!r}") from error
    return _metadata.checked(pairs)


def _pair(key: Any, value: Any) -> Tuple[Any, Any]:
    # Bytes that are no ASCII become characters that the check refuses.
    if isinstance(key, bytes):
        key = key.decode("latin-1")
    if isinstance(key, str) and key.endswith("-bin"):
        return key, value.encode("utf-8") if isinstance(value, str) else value
    return key, value.decode("latin-1") if isinstance(value, bytes) else value
