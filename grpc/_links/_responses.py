"""What a server's header blocks say: whether it answers as gRPC at all, and how the RPC ended."""

from __future__ import annotations

from typing import NamedTuple, Optional

from grpc._links import _compression, _connection, _metadata, _requests, _statuses
from grpc._values import status


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


def read_response(fields: _connection.HeaderFields, accepted: int, limit: int) -> Response:
    """Read the header block that begins a response and names no status.

    Args:
      fields: The block.
      accepted: The set of algorithms that the response may use.
      limit: The size of block that is accepted.

    Raises:
      ResponseError: It is no response to a gRPC request, or one that cannot be read.
    """
    named = dict(fields)
    http_status = named.get(b":status", b"")
    content_type = named.get(b"content-type", b"")
    if not _requests.is_grpc(content_type):
        raise ResponseError(_statuses.status_of_http(http_status), _no_grpc(http_status, content_type))
    try:
        _metadata.check_block(fields, limit, "initial metadata")
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


def read_ending(fields: _connection.HeaderFields, limit: int) -> Ending:
    """Read the header block that ends a response."""
    named = dict(fields)
    try:
        _metadata.check_block(fields, limit, "trailing metadata")
    except _metadata.MetadataError as error:
        return Ending(error.code, error.details, ())
    number = named.get(b"grpc-status")
    return Ending(
        None if number is None else _statuses.parse_status(number),
        _statuses.decode_message(named.get(b"grpc-message", b"")),
        _metadata.decode_fields(fields),
    )
