"""The server's role on a connection: an operation is a stream that the peer opens."""

from __future__ import annotations

from typing import Any, Callable, List, NamedTuple, Optional, Tuple

import h2.errors
import h2.events

from grpc._links import _connection, _metadata, _statuses, _timeouts
from grpc._links._stream import Stream
from grpc._values import status
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links

_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION

_HEADERS = ((b":status", b"200"), (b"content-type", b"application/grpc"))
_TRAILERS_OK = ((b"grpc-status", b"0"),)
_UNSUPPORTED_MEDIA = ((b":status", b"415"),)

# Operation ids are made of the connection's number and the stream's id.
STREAM_ID_BITS = 32


class _Request(NamedTuple):
    """What a request's header block says beside its metadata."""

    group: str
    method: str
    timeout: Optional[float]


class ServerConnection(_connection.Http2Connection):
    """A connection whose streams begin operations."""

    def __init__(
        self,
        limits: Limits,
        accept: Callable[[links.Ticket], None],
        number: int,
        context: Any,
        lost: Callable[[int], None],
    ) -> None:
        """Make a connection whose settings are ready to be sent.

        Args:
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
          number: Tells the connection from all others of the server.
          context: What the transport has to say to servicers: the protocol context of every operation here.
          lost: Called once, at the end, with the number.
        """
        super().__init__(False, limits, accept)
        self._handlers[h2.events.RequestReceived] = self._on_request
        self._number = number
        self._base = number << STREAM_ID_BITS
        self._protocol = links.Protocol(links.Protocol.Kind.SERVICER_CONTEXT, context)
        self._lost = lost
        self._highest = 0

    def _highest_stream_id(self) -> int:
        return self._highest

    # ------------------------------------------------------------ frames in

    def _on_request(self, event: h2.events.RequestReceived) -> None:
        stream_id = event.stream_id
        assert stream_id is not None
        if self._draining and stream_id > self._highest:
            self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
            return
        self._highest = stream_id
        path = content_type = b""
        timeout: Optional[float] = None
        encoding: Optional[bytes] = None
        items: List[Tuple[str, Any]] = []
        reserved = _metadata.RESERVED
        for name, value in event.headers:
            if name[:1] == b":":
                if name == b":path":
                    path = value
            elif name in reserved:
                if name == b"content-type":
                    content_type = value
                elif name == b"grpc-timeout":
                    timeout = _timeouts.decode_timeout(value)
                elif name == b"grpc-encoding":
                    encoding = value
            else:
                items.extend(_metadata.decode_field(name, value))
        stream = Stream(self._base | stream_id, stream_id)
        self._add(stream)
        if not content_type.startswith(b"application/grpc"):
            # So that a plain HTTP client does not take the answer for a success (PROTOCOL-HTTP2, Requests).
            self._h2.send_headers(stream_id, _UNSUPPORTED_MEDIA, end_stream=True)
            self._remove(stream)
            return
        if encoding is not None and encoding != b"identity":
            self._reject(
                stream, status.UNIMPLEMENTED, f"grpc-encoding {encoding.decode('latin-1')!r} is not supported here"
            )
            return
        group, slash, method = path[1:].decode("utf-8", "replace").rpartition("/")
        if not slash or path[:1] != b"/":
            self._reject(stream, status.UNIMPLEMENTED, f"the path {path.decode('latin-1')!r} names no method")
            return
        stream.request = _Request(group, method, timeout)
        stream.initial_metadata = tuple(items)
        self._touch(stream)

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        if stream.reader is not None and stream.reader.incomplete:
            self._reject(stream, status.INTERNAL, "the client ended the stream within a message")
            return
        stream.ended_remotely = True
        stream.termination = _COMPLETION
        self._touch(stream)

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._abort(stream)

    def _abort(self, stream: Stream) -> None:
        """Tell the End that the client wants no answer any more."""
        self._remove(stream)
        if stream.request is not None and stream.next_ticket == 0:
            stream.touched = False  # the End has not heard of it: it need not
            stream.request = None
            return
        self.deliveries.append(
            links.Ticket(stream.operation_id, stream.next_ticket, termination=_Termination.CANCELLATION)
        )
        stream.request = None
        stream.touched = False

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
        stream.request = None
        stream.payloads = []
        stream.outbox = None
        self._send_trailers(stream, self._trailers(code, details, None))

    def _fail_all(self, reason: str) -> None:
        touched = self._touched
        for stream in touched:
            self._make_ticket(stream)
        touched.clear()
        for stream in list(self._streams.values()):
            self._abort(stream)

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        super().connection_lost(reason, cause)
        self.deliveries.append(lambda: self._lost(self._number))

    # ------------------------------------------------------------ tickets out

    def _make_ticket(self, stream: Stream) -> None:
        if not stream.touched or stream.stream_id not in self._streams:
            return
        stream.touched = False
        payloads = stream.payloads
        request = stream.request
        number = stream.next_ticket
        stream.next_ticket = number + 1
        payload = payloads[0] if payloads else None
        further = tuple(payloads[1:]) if len(payloads) > 1 else ()
        if number == 0:
            self.deliveries.append(
                links.Ticket(
                    stream.operation_id, 0, request.group, request.method, links.Ticket.Subscription.FULL,  # type: ignore[union-attr]
                    request.timeout, None, stream.initial_metadata, payload, None, None, None, stream.termination,  # type: ignore[union-attr]
                    self._protocol, further,
                )
            )  # fmt: skip
        else:
            self.deliveries.append(
                links.Ticket(
                    stream.operation_id, number, None, None, None, None, None, None, payload, None, None, None,
                    stream.termination, None, further,
                )
            )  # fmt: skip
        stream.termination = None
        if payloads:
            stream.payloads = []

    # ------------------------------------------------------------ tickets in

    def send(self, ticket: links.Ticket) -> None:
        """Take a ticket of an operation that runs here; one for a stream that is over is dropped."""
        stream = self._operations.get(ticket.operation_id)
        if stream is None or stream.ended_locally:
            return
        termination = ticket.termination
        try:
            if ticket.initial_metadata is not None or ticket.payload is not None:
                if not stream.headers_sent:
                    stream.headers_sent = True
                    fields: _connection.HeaderFields = _HEADERS
                    if ticket.initial_metadata:
                        fields = (*fields, *_metadata.encode_metadata(ticket.initial_metadata))
                    self._h2.send_headers(stream.stream_id, fields)
                if ticket.payload is not None:
                    self._send_payloads(stream, ticket, False)
            if termination is None:
                return
            if termination is _COMPLETION and not ticket.code and not ticket.message and not ticket.terminal_metadata:
                trailers: _connection.HeaderFields = _TRAILERS_OK
            else:
                code = _statuses.status_of_termination(termination) if ticket.code is None else ticket.code
                trailers = self._trailers(code, ticket.message, ticket.terminal_metadata)
        except _metadata.MetadataError as error:
            trailers = self._trailers(status.INTERNAL, str(error), None)
            termination = _Termination.LOCAL_FAILURE
        if ticket.message is links.REFUSAL:
            # Refused before anything was done for it: the client may safely try again elsewhere.
            self._remove(stream)
            self._reset(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
            self._finish_if_drained()
            return
        if termination is not _COMPLETION:
            stream.outbox = None  # an abortion does not wait for what the client has not read
            self._blocked.pop(stream.stream_id, None)
        if stream.outbox is None:
            self._send_trailers(stream, trailers)
        else:
            stream.ended_locally = True
            stream.trailers = list(trailers)

    def _trailers(self, code: int, message: Optional[str], metadata: Any) -> List[Tuple[bytes, bytes]]:
        fields = [(b"grpc-status", b"%d" % code)]
        if message:
            fields.append((b"grpc-message", _statuses.encode_message(message)))
        if metadata:
            fields.extend(_metadata.encode_metadata(metadata))
        return fields

    def _send_trailers(self, stream: Stream, trailers: _connection.HeaderFields) -> None:
        if not stream.headers_sent:
            trailers = (*_HEADERS, *trailers)  # Trailers-Only: one header block says it all
        self._h2.send_headers(stream.stream_id, trailers, end_stream=True)
        stream.ended_locally = True
        self._remove(stream)
        if not stream.ended_remotely:
            self._reset(stream, h2.errors.ErrorCodes.NO_ERROR)
        self._finish_if_drained()

    def _finish_if_drained(self) -> None:
        if self._draining and not self._streams:
            self._finished = True
