"""What a server's header blocks say: whether it answers as gRPC at all, and how the RPC ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, NamedTuple, Optional, Tuple

from grpc._links import _compression, _fields, _metadata, _requests, _statuses
from grpc._values import status

if TYPE_CHECKING:
    from grpc._links import _connection, _size_limit


class ResponseError(Exception):
    """A response that is none.

    Attributes:
      code: The status number to make of it.
      details: A sentence that says why.
    """

    def __init__(self, code: int, details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class Response(NamedTuple):
    """The beginning of a response.

    Attributes:
      metadata: The initial metadata.
      encoding: The number of the algorithm of its messages.
      code: The status if the trailers name none; None for the usual one.
    """

    metadata: _metadata.Metadata
    encoding: int
    code: Optional[int]


class Ending(NamedTuple):
    """How an RPC ended.

    Attributes:
      code: The status number; None if the server named none.
      message: What it says about it.
      metadata: The trailing metadata.
    """

    code: Optional[int]
    message: str
    metadata: _metadata.Metadata


class ResponseReader:
    """Reads the header blocks of responses on one connection."""

    __slots__ = ("_accepted", "_endings", "_limit", "_most_known", "_responses")

    def __init__(self, accepted: int, limit: _size_limit.SizeLimit) -> None:
        """Begin with nothing remembered.

        Args:
          accepted: The set of algorithms that responses may use.
          limit: Judges the size of the blocks.
        """
        self._accepted = accepted
        self._limit = limit
        # What was a matter of chance is judged anew each time.
        self._most_known = min(_MAX_KNOWN_SIZE, limit.sure)
        # Most responses of a server begin alike, and most end in one of a few ways.
        self._responses: Dict[_Fields, Response] = {}
        self._endings: Dict[Tuple[bool, _Fields], Ending] = {}

    def read_response(self, fields: _connection.HeaderFields) -> Response:
        """Read the header block that begins a response and names no status.

        Raises:
          MalformedError: It is no message of HTTP/2's.
          ResponseError: It is no response to a gRPC request, or one that cannot be read.
        """
        key = tuple(fields)
        response = self._responses.get(key)
        if response is None:
            response = _read_response(fields, self._accepted, self._limit)
            if self._is_usual(fields):
                if len(self._responses) >= _MAX_KNOWN:
                    self._responses.clear()
                self._responses[key] = response
        return response

    def read_ending(self, fields: _connection.HeaderFields, alone: bool) -> Ending:
        """Read the header block that ends a response.

        Args:
          fields: The block.
          alone: Whether it is the only one (Trailers-Only).

        Raises:
          MalformedError: It is no message of HTTP/2's.
        """
        key = (alone, tuple(fields))
        ending = self._endings.get(key)
        if ending is None:
            ending = _read_ending(fields, alone, self._limit)
            if self._is_usual(fields):
                if len(self._endings) >= _MAX_KNOWN:
                    self._endings.clear()
                self._endings[key] = ending
        return ending

    def _is_usual(self, fields: _connection.HeaderFields) -> bool:
        return len(fields) <= _MAX_KNOWN_FIELDS and _metadata.block_size(fields) <= self._most_known


_Fields = Tuple[Tuple[bytes, bytes], ...]

# What is remembered on one connection: some hundred kinds of either block with little metadata.
_MAX_KNOWN = 128
_MAX_KNOWN_FIELDS = 8
_MAX_KNOWN_SIZE = 1024


def _named(fields: _connection.HeaderFields) -> Dict[bytes, bytes]:
    """The fields of a block that has to have an HTTP status, by name."""
    _fields.check(fields, _fields.OF_RESPONSES)
    named = dict(fields)
    if b":status" not in named:
        raise _fields.MalformedError("it has no :status")
    return named


def _read_response(fields: _connection.HeaderFields, accepted: int, limit: _size_limit.SizeLimit) -> Response:
    named = _named(fields)
    http_status = named[b":status"]
    content_type = named.get(b"content-type", b"")
    if not _requests.is_grpc(content_type):
        raise ResponseError(_statuses.status_of_http(http_status), _no_grpc(http_status, content_type))
    try:
        limit.check(fields, "initial metadata")
    except _metadata.MetadataError as error:
        raise ResponseError(error.code, error.details) from None
    encoding = named.get(b"grpc-encoding", b"identity")
    number = _compression.number_of(encoding, accepted)
    if number is None:
        text = encoding.decode("latin-1")
        raise ResponseError(status.INTERNAL, f"the server answered with grpc-encoding {text!r}, which was not offered")
    # Another HTTP status decides only if no gRPC status comes.
    code = None if http_status == b"200" else _statuses.status_of_http(http_status)
    return Response(_metadata.decode_fields(fields), number, code)


def _no_grpc(http_status: bytes, content_type: bytes) -> str:
    return (
        f"the server did not answer as gRPC: HTTP status {http_status.decode('latin-1')}, "
        f"content-type {content_type.decode('latin-1')!r}"
    )


def _read_ending(fields: _connection.HeaderFields, alone: bool, limit: _size_limit.SizeLimit) -> Ending:
    if alone:
        named = _named(fields)
    else:
        _fields.check(fields, _fields.OF_TRAILERS)
        named = dict(fields)
    try:
        limit.check(fields, "trailing metadata")
    except _metadata.MetadataError as error:
        return Ending(error.code, error.details, ())
    number = named.get(b"grpc-status")
    return Ending(
        None if number is None else _statuses.parse_status(number),
        _statuses.decode_message(named.get(b"grpc-message", b"")),
        _metadata.decode_fields(fields),
    )
