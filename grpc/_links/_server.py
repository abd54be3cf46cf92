"""The server's role on a connection: an operation is a stream that the peer opens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

import h2.errors
import h2.events
import h2.exceptions
import hpack

from grpc._links import (
    _compression,
    _connection,
    _fields,
    _messages,
    _metadata,
    _requests,
    _size_limit,
    _statuses,
    _transfer,
    _upkeep,
)
from grpc._links._stream import Stream
from grpc._values import contexts, status
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links import _flow
    from grpc._values.limits import Limits

_LOGGER = logging.getLogger(__name__)

_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION
_SERVICER_CONTEXT = links.Protocol.Kind.SERVICER_CONTEXT
_FULL = links.Ticket.Subscription.FULL

_HEADERS = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_TRAILERS_OK = ((b"grpc-status", b"0"),)
_UNSUPPORTED_MEDIA = ((b":status", b"415"),)

# Operation ids are made of the connection's number and the stream's id.
STREAM_ID_BITS = 32


class ServerConnection(_transfer.TransferConnection):
    """A connection whose streams begin operations."""

    def __init__(
        self,
        limits: Limits,
        accept: Callable[[links.Ticket], None],
        number: int,
        context: contexts.ServiceContext,
        lost: Callable[[int], None],
        life: _upkeep.ServerLife = _upkeep.ServerLife(),  # noqa: B008  # immutable
    ) -> None:
        """Make a connection whose settings are ready to be sent.

        Args:
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
          number: Tells the connection from all others of the server.
          context: What the transport has to say to servicers about the peer. Each operation's protocol context is an
            `RpcContext` that refers to it.
          lost: Called once, at the end, with the number.
          life: What the connection needs to look after itself.
        """
        super().__init__(False, limits, accept)
        self._look_after(life)
        self._handlers[h2.events.RequestReceived] = self._on_request
        self._handlers[h2.events.TrailersReceived] = self._on_trailers
        self._number = number
        self._base = number << STREAM_ID_BITS
        self._context = context
        self._lost = lost
        self._highest = 0
        self._most_streams = limits.max_concurrent_streams
        limit = _size_limit.SizeLimit(limits, life.random)
        self._requests = _requests.RequestReader(limits.accepted_compression, limit)
        # Header blocks of responses by the algorithm and by whether they list those that are accepted.
        self._known_headers: Dict[Tuple[int, bool], _connection.HeaderFields] = {(0, False): _HEADERS}

    @property
    def highest_stream_id(self) -> int:
        return self._highest

    def go_away(self) -> None:
        """Announce the end: two GOAWAYs around a PING, the running streams finish, then the connection closes."""
        self._rules.leave()

    def hurry(self) -> None:
        """The same without the PING, and without waiting long for a client that does not read."""
        self._rules.hurry()

    # ------------------------------------------------------------ frames in

    def _on_request(self, event: h2.events.RequestReceived) -> None:
        stream_id = event.stream_id
        assert stream_id is not None
        if self._draining and stream_id > self._highest:
            self._reset(Stream(None, stream_id), h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        self._highest = stream_id
        if len(self._streams) >= self._most_streams:
            # It may not have read our settings yet; whoever goes on like this is stopped.
            self._reset(Stream(None, stream_id), h2.errors.ErrorCodes.REFUSED_STREAM)
            self._rules.on_reset(stream_id)
            return
        stream = Stream(self._base | stream_id, stream_id)
        self._add(stream)
        try:
            request, timeout = self._requests.read(event.headers)
        except _fields.MalformedError as error:
            self._reject_malformed(stream, error.fault)
            return
        except _requests.RequestError as error:
            stream.ended_remotely = event.stream_ended is not None
            if error.code is None:
                self._finish(stream, _UNSUPPORTED_MEDIA)
            else:
                stream.encoding = 1  # so that the answer says what is accepted
                self._reject(stream, error.code, error.details)
            return
        stream.request = request
        stream.timeout = timeout
        if request.encoding:
            stream.encoding = request.encoding
        # `_touch`, shortened for a stream that nobody can have touched.
        stream.touched = True
        self._touched.append(stream)

    def _on_trailers(self, event: h2.events.TrailersReceived) -> None:
        """Look at the trailers of a request, which gRPC has no use for."""
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            try:
                _fields.check(event.headers, _fields.OF_TRAILERS)
            except _fields.MalformedError as error:
                self._reject_malformed(stream, error.fault)

    def _reject_malformed(self, stream: Stream, fault: str) -> None:
        """Reset a stream whose request HTTP/2 calls malformed: "a stream error of type PROTOCOL_ERROR"."""
        _LOGGER.debug("Stream %d is reset because its request is malformed: %s", stream.stream_id, fault)
        self._abort(stream)
        self._reset(stream, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        self._rules.on_reset(stream.stream_id)

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        stream.ended_remotely = True
        stream.termination = _COMPLETION
        if not stream.touched:
            self._touch(stream)

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        self._rules.on_reset(event.stream_id or 0)
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._abort(stream)

    def _abort(self, stream: Stream) -> None:
        """Tell the End that the client wants no answer any more, unless it has never heard of it."""
        self._remove(stream)
        if stream.next_ticket:
            self.deliveries.append(
                links.Ticket(stream.operation_id, stream.next_ticket, termination=_Termination.CANCELLATION)
            )

    def _on_going_away(self, event: h2.events.ConnectionTerminated) -> None:
        self._draining = True

    def _reject(self, stream: Stream, code: int, details: str) -> None:
        """Answer for the End, and let it know if it has the operation already."""
        if stream.next_ticket:
            self.deliveries.append(
                links.Ticket(
                    stream.operation_id,
                    stream.next_ticket,
                    code=code,
                    message=details,
                    termination=_Termination.TRANSMISSION_FAILURE,
                )
            )
        self._send_trailers(stream, self._trailers(code, details, None))

    # ------------------------------------------------------------ the end

    def _fail_all(self, reason: str) -> None:
        self._make_tickets()
        for stream in list(self._streams.values()):
            self._abort(stream)

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        super().connection_lost(reason, cause)
        self.deliveries.append(lambda: self._lost(self._number))

    # ------------------------------------------------------------ tickets out

    def _make_ticket(self, stream: Stream) -> None:
        stream.touched = False
        if stream.stream_id not in self._streams:
            return
        termination = stream.termination
        if termination is not None and stream.reader is not None and stream.reader.held:
            if not stream.reader.ready:
                self._reject(stream, status.INTERNAL, "the client ended the stream within a message")
                return
            termination = None  # the End has to allow the rest first
        payloads = stream.payloads
        payload = payloads[0] if payloads else None
        further = tuple(payloads[1:]) if len(payloads) > 1 else ()
        number = stream.next_ticket
        if number == 0:
            request = stream.request
            assert request is not None
            context = stream.context = contexts.RpcContext(self._context)
            self.deliveries.append(
                links.Ticket(
                    stream.operation_id, 0, request.group, request.method, _FULL, stream.timeout, None,
                    request.metadata, payload, None, None, None, termination,
                    links.Protocol(_SERVICER_CONTEXT, context), further,
                )
            )  # fmt: skip
        elif payload is not None or termination is not None or stream.allowance:
            self.deliveries.append(
                links.Ticket(
                    stream.operation_id, number, None, None, None, None, stream.allowance or None, None, payload, None,
                    None, None, termination, None, further,
                )
            )  # fmt: skip
            stream.allowance = 0
        else:
            return
        stream.next_ticket = number + 1
        if termination is not None:
            stream.termination = None
        if payloads:
            stream.payloads = []

    # ------------------------------------------------------------ tickets in

    def send(self, ticket: links.Ticket) -> None:
        """Take a ticket of an operation that runs here; one for a stream that is over is dropped."""
        stream = self._operations.get(ticket.operation_id)
        if stream is None or stream.ended_locally:
            return
        if ticket.allowance is not None:
            self._allow(stream, ticket.allowance)
        try:
            if not stream.ended_locally:  # else what it allows could not be read, and the client has its answer
                self._answer(stream, ticket)
        except (_metadata.MetadataError, _messages.MessageError) as error:
            self._drop_outbox(stream)
            self._reject(stream, error.code, error.details)
        if self._touched:
            self._make_tickets()
        if self._draining:
            self._finish_if_drained()

    def _answer(self, stream: Stream, ticket: links.Ticket) -> None:
        """Send what a ticket says.

        Raises:
          MetadataError: Its metadata cannot be sent.
          MessageError: One of its payloads cannot be sent.
        """
        termination = ticket.termination
        if ticket.initial_metadata is not None or ticket.payload is not None:
            if not stream.headers_sent:
                fields = self._response_headers(stream, ticket.initial_metadata)
                if ticket.payload is None:
                    self._send_headers(stream, fields)
                else:
                    data = self._framed_for(stream, ticket)
                    self._send_headers(stream, fields)
                    self._send_framed(stream, data, False)
            elif ticket.payload is not None:
                self._send_framed(stream, self._framed_for(stream, ticket), False)
            if termination is None:
                if ticket.payload is not None:
                    self._use_leave(stream, ticket)
                return
        elif termination is None:
            return
        if ticket.message is links.REFUSAL:
            # Refused before anything was done for it: the client may safely try again elsewhere.
            self._remove(stream)
            self._reset(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        if termination is _COMPLETION and not ticket.code and not ticket.message and not ticket.terminal_metadata:
            trailers: _connection.HeaderFields = _TRAILERS_OK
        else:
            code, message = ticket.code, ticket.message
            if code is None:
                code = _statuses.status_of_termination(termination)
                message = _statuses.details_of_termination(termination) if message is None else message
            trailers = self._trailers(code, message, ticket.terminal_metadata)
        if termination is not _COMPLETION:
            stream.outbox = None  # an abortion does not wait for what the client has not read
        if stream.outbox is None:
            self._send_trailers(stream, trailers)
        else:
            stream.ended_locally = True
            stream.trailers = trailers

    def _framed_for(self, stream: Stream, ticket: links.Ticket) -> _flow.Framed:
        if not stream.compression:
            return self._framed(ticket, 0)
        context = stream.context
        plain = context is not None and context.next_uncompressed
        if plain:
            context.next_uncompressed = False  # type: ignore[union-attr]
        return self._framed(ticket, stream.compression, plain)

    # ------------------------------------------------------------ header blocks out

    def _response_headers(self, stream: Stream, metadata: Any) -> _connection.HeaderFields:
        """What begins a response; chooses how its messages are compressed.

        Raises:
          MetadataError: The metadata cannot be sent.
        """
        context = stream.context
        limits = self._limits
        chosen = None if context is None else context.compression
        wanted = limits.compression if chosen is None else chosen
        if (wanted or limits.compression_level) and limits.compresses:
            accepted = _compression.decode_accepted(None if stream.request is None else stream.request.accepts)
            if chosen is None and limits.compression_level:
                wanted = _compression.of_level(limits.compression_level, accepted)
            if accepted >> wanted & 1:
                stream.compression = wanted
        fields = self._headers(stream.compression, stream.encoding != 0)
        if metadata:
            fields = (*fields, *_metadata.encode_metadata(metadata, self._raw_binary))
            _metadata.check_sendable_block(fields, self._peer_metadata_size, "initial metadata")
        return fields

    def _headers(self, compression: int, lists_accepted: bool) -> _connection.HeaderFields:
        """The protocol's own fields of a response.

        Args:
          compression: The number of the algorithm of its messages.
          lists_accepted: Whether to say what requests may be compressed with: to a client that tries.
        """
        key = (compression, lists_accepted)
        fields = self._known_headers.get(key)
        if fields is None:
            fields = _HEADERS
            if compression:
                fields = (*fields, (b"grpc-encoding", _compression.NAMES[compression]))
            if lists_accepted:
                accepted = _compression.encode_accepted(self._limits.accepted_compression)
                fields = (*fields, (b"grpc-accept-encoding", accepted))
            self._known_headers[key] = fields
        return fields

    def _trailers(self, code: int, message: Optional[str], metadata: Any) -> _connection.HeaderFields:
        """What ends a response.

        Raises:
          MetadataError: The metadata cannot be sent.
        """
        fields: List[Tuple[bytes, bytes]] = [(b"grpc-status", b"%d" % code)]
        if message:
            # It often differs from call to call, which would cost what is remembered of other header blocks.
            fields.append(hpack.NeverIndexedHeaderTuple(b"grpc-message", _statuses.encode_message(message)))
        if metadata:
            fields.extend(_metadata.encode_metadata(metadata, self._raw_binary))
            _metadata.check_sendable_block(fields, self._peer_metadata_size, "trailing metadata")
        return tuple(fields)

    def _send_headers(self, stream: Stream, fields: _connection.HeaderFields) -> None:
        stream.headers_sent = True
        self._rules.sent = True
        self._h2.send_headers(stream.stream_id, fields)

    def _send_trailers(self, stream: Stream, trailers: _connection.HeaderFields) -> None:
        if not stream.headers_sent:
            # Trailers-Only: one header block says it all.
            trailers = (*self._headers(0, stream.encoding != 0), *trailers)
        self._finish(stream, trailers)

    def _finish(self, stream: Stream, fields: _connection.HeaderFields) -> None:
        """Say the last word on a stream."""
        stream.ended_locally = True
        self._rules.sent = True
        try:  # noqa: SIM105  # quicker, and every answer passes here
            self._h2.send_headers(stream.stream_id, fields, end_stream=True)
        except h2.exceptions.ProtocolError:
            pass  # the client has reset it within the read that is being handled, or the connection is over
        self._remove(stream)
        if not stream.ended_remotely:
            self._reset(stream, h2.errors.ErrorCodes.NO_ERROR)
