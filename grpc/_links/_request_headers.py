"""The header block of a request: per channel, method and call options the same fields, made once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Dict, Optional, Tuple

import hpack

from grpc._links import _compression, _connection, _metadata, _timeouts
from grpc._values.compression import Compression
from grpc._values.limits import Limits

if TYPE_CHECKING:
    from grpc.framework.interfaces.links import links

# What is remembered at most; methods are few, and made-up names are not kept for ever.
_MAX_KNOWN = 1024

# What HTTP allows in a value, and what a path or an authority may consist of.
_VISIBLE = re.compile(r"[\x21-\x7e]+")

_Fields = Tuple[Tuple[bytes, bytes], ...]
_Key = Tuple[Optional[str], Optional[str], int, Optional[str]]


class RequestHeaders:
    """Makes the header fields of the requests of one channel."""

    def __init__(
        self, scheme: str, authority: str, user_agent: str, accepted: int = Limits().accepted_compression
    ) -> None:
        """Describe the channel.

        Args:
          scheme: `http` or `https`.
          authority: For calls that name none.
          user_agent: The whole value.
          accepted: The set of algorithms that responses may use.
        """
        self._first = ((b":method", b"POST"), (b":scheme", scheme.encode("ascii")))
        self._authority = authority
        self._accept = (b"grpc-accept-encoding", _compression.encode_accepted(accepted))
        self._user_agent = (b"user-agent", user_agent.encode("latin-1"))
        # All fields, those before a timeout, and those after it.
        self._known: Dict[_Key, Tuple[_Fields, _Fields, _Fields]] = {}

    def of(
        self,
        ticket: links.Ticket,
        compression: int = Compression.NoCompression,
        authority: Optional[str] = None,
        raw_binary: bool = False,
    ) -> _connection.HeaderFields:
        """The header fields of the request that a first ticket begins.

        The same tuple is given for the same kind of call, and a timeout is never indexed: see `_h2_hpack`.

        Args:
          ticket: The ticket.
          compression: The number of the algorithm of its messages.
          authority: Whom it is for; None for the channel's.
          raw_binary: Whether the server takes binary metadata as they are.

        Raises:
          MetadataError: Its method, its authority or its metadata cannot go on the wire.
        """
        key = (ticket.group, ticket.method, compression, authority)
        known = self._known.get(key)
        if known is None:
            known = self._made(*key)
            if len(self._known) < _MAX_KNOWN:
                self._known[key] = known
        if ticket.timeout is None:
            fields = known[0]
        else:
            # "grpc-timeout should follow directly" after the pseudo headers.
            timeout = hpack.NeverIndexedHeaderTuple(b"grpc-timeout", _timeouts.encode_timeout(ticket.timeout))
            fields = (*known[1], timeout, *known[2])
        if ticket.initial_metadata:
            fields = (*fields, *_metadata.encode_metadata(ticket.initial_metadata, raw_binary))
        return fields

    def _made(
        self, group: Optional[str], method: Optional[str], compression: int, authority: Optional[str]
    ) -> Tuple[_Fields, _Fields, _Fields]:
        """What is to be remembered."""
        path = f"/{group}/{method}"
        authority = self._authority if authority is None else authority
        for what, text in (("method", path), ("authority", authority)):
            if not _VISIBLE.fullmatch(text):
                raise _metadata.MetadataError(f"the {what} {text!r} may hold only visible ASCII characters")
        if not 0 <= compression < len(_compression.NAMES):
            raise _metadata.MetadataError(f"no compression algorithm has the number {compression}")
        pseudo = (*self._first, (b":path", path.encode("ascii")), (b":authority", authority.encode("ascii")))
        rest: _Fields = ((b"te", b"trailers"), (b"content-type", b"application/grpc"))
        if compression:
            rest = (*rest, (b"grpc-encoding", _compression.NAMES[compression]))
        rest = (*rest, self._accept, self._user_agent)
        return (*pseudo, *rest), pseudo, rest
