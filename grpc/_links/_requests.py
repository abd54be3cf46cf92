"""What a request's header block says, or why it is no request.

Most requests of a connection differ in nothing but their timeout. So what was read once is remembered, without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from grpc._links import _compression, _fields, _metadata, _timeouts
from grpc._values import status

if TYPE_CHECKING:
    from grpc._links import _size_limit

_GRPC = b"application/grpc"


class RequestError(Exception):
    """A header block that begins no RPC, with the answer to it.

    Attributes:
      code: The status number; None if the answer is an HTTP status, for a client that speaks no gRPC.
      details: A sentence that says why.
    """

    def __init__(self, code: Optional[int], details: str) -> None:
        super().__init__(code, details)
        self.code = code
        self.details = details


class Request(NamedTuple):
    """What a request's header block says.

    Attributes:
      group: The name of the service.
      method: The name of the method.
      encoding: The number of the algorithm of its messages.
      accepts: Its `grpc-accept-encoding`, if it has one.
      metadata: The metadata.
    """

    group: str
    method: str
    encoding: int
    accepts: Optional[bytes]
    metadata: _metadata.Metadata


def is_grpc(content_type: bytes) -> bool:
    """Whether a content-type is that of gRPC, with any subtype or parameters; gRPC-Web's is not."""
    return content_type[: len(_GRPC)] == _GRPC and content_type[len(_GRPC) : len(_GRPC) + 1] in (b"", b"+", b";")


class RequestReader:
    """Reads the header blocks of requests on one connection."""

    __slots__ = ("_accepted", "_known", "_limit", "_most_known")

    def __init__(self, accepted: int, limit: _size_limit.SizeLimit) -> None:
        """Begin with nothing remembered.

        Args:
          accepted: The set of algorithms that requests may use.
          limit: Judges the size of the blocks.
        """
        self._accepted = accepted
        self._limit = limit
        # What was a matter of chance is judged anew each time.
        self._most_known = min(_MAX_KNOWN_SIZE, limit.sure)
        self._known: Dict[Tuple[_metadata.Header, ...], Request] = {}

    def read(self, fields: List[_metadata.Header]) -> Tuple[Request, Optional[float]]:
        """Read a header block.

        Returns:
          What it says, and how long the client waits, in seconds; None for ever.

        Raises:
          MalformedError: It is no message of HTTP/2's.
          RequestError: It is not a request that can be served.
        """
        timeout: Optional[bytes] = None
        if len(fields) > _PLACE and fields[_PLACE][0] == b"grpc-timeout":
            timeout = fields[_PLACE][1]
            timeless = tuple(fields[:_PLACE] + fields[_PLACE + 1 :])
        else:
            timeless = tuple([field for field in fields if field[0] != b"grpc-timeout"])
            if len(timeless) != len(fields):
                timeout = dict(fields)[b"grpc-timeout"]
        request = self._known.get(timeless)
        if request is None:
            request = _read(fields, self._accepted, self._limit)
            if len(fields) <= _MAX_KNOWN_FIELDS and _metadata.block_size(fields) <= self._most_known:
                if len(self._known) >= _MAX_KNOWN:
                    self._known.clear()
                self._known[timeless] = request
        return request, None if timeout is None else _timeouts.decode_timeout(timeout)


# "grpc-timeout should follow directly" after the pseudo headers, and in our own requests it does.
_PLACE = 4

# What is remembered on one connection: some hundred kinds of requests with little metadata.
_MAX_KNOWN = 128
_MAX_KNOWN_FIELDS = 24
_MAX_KNOWN_SIZE = 2048


def _read(fields: Sequence[_metadata.Header], accepted: int, limit: _size_limit.SizeLimit) -> Request:
    _fields.check(fields, _fields.OF_REQUESTS)
    named = dict(fields)
    content_type = named.get(b"content-type", b"")
    if not is_grpc(content_type):
        # So that a plain HTTP client does not take the answer for a success (PROTOCOL-HTTP2, Requests).
        raise RequestError(None, f"the content-type {content_type.decode('latin-1')!r} is not that of gRPC")
    fault = _fault_in(named)
    if fault is not None:
        raise RequestError(status.UNKNOWN, fault)
    try:
        limit.check(fields, "request metadata")
    except _metadata.MetadataError as error:
        raise RequestError(error.code, error.details) from None
    encoding = named.get(b"grpc-encoding", b"identity")
    number = _compression.number_of(encoding, accepted)
    if number is None:
        raise RequestError(status.UNIMPLEMENTED, f"grpc-encoding {encoding.decode('latin-1')!r} is not supported here")
    group, slash, method = named[b":path"][1:].decode("utf-8", "replace").rpartition("/")
    if not slash:
        raise RequestError(status.UNIMPLEMENTED, f"the path {named[b':path'].decode('latin-1')!r} names no method")
    return Request(group, method, number, named.get(b"grpc-accept-encoding"), _metadata.decode_fields(fields))


def _fault_in(named: Dict[bytes, bytes]) -> Optional[str]:
    """What in a request's fields is not gRPC's."""
    if named.get(b":method") != b"POST":
        return f"a gRPC request has the method POST, not {_shown(named, b':method')}"
    if named.get(b":scheme") not in _SCHEMES:
        return f"a gRPC request has the scheme http or https, not {_shown(named, b':scheme')}"
    if named.get(b"te") != b"trailers":
        if b"te" in named:
            return f"a gRPC request says 'te: trailers', not 'te: {named[b'te'].decode('latin-1')}'"
        return "a gRPC request says 'te: trailers'; this one, or a proxy on its way, does not"
    if named.get(b":path", b"")[:1] != b"/":
        return f"a gRPC request has a path that begins with a slash, not {_shown(named, b':path')}"
    # "If :authority is absent", the host is what it would have been.
    host = named.get(b"host")
    authority = named.get(b":authority", host)
    if authority is None or not _AUTHORITY(authority):
        return f"a gRPC request has an authority of visible ASCII characters, not {_shown(named, b':authority')}"
    if host is not None and host.lower() != authority.lower():
        return f"a gRPC request has one authority, not {_shown(named, b':authority')} and {_shown(named, b'host')}"
    return None


def _shown(named: Dict[bytes, bytes], name: bytes) -> str:
    value = named.get(name)
    return "none" if value is None else repr(value.decode("latin-1"))


_SCHEMES = (b"http", b"https")
_AUTHORITY = re.compile(rb"[!-~]+").fullmatch
