"""The client's role on a connection: an operation is a stream that this side opens."""

from __future__ import annotations

import collections
from typing import Any, Callable, Deque, Dict, Hashable, List, Optional, Tuple

import h2.errors
import h2.events
import hpack

from grpc._links import _connection, _metadata, _statuses, _timeouts
from grpc._links._stream import Stream
from grpc._values import status
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links

_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION
_TRANSMISSION_FAILURE = _Termination.TRANSMISSION_FAILURE

_STATUS_OK = (b":status", b"200")
_CONTENT_TYPE = b"application/grpc"


class ClientConnection(_connection.Http2Connection):
    """A connection whose streams are begun by tickets."""

    def __init__(
        self,
        limits: Limits,
        accept: Callable[[links.Ticket], None],
        headers: RequestHeaders,
        ready: Callable[[], None],
        going_away: Callable[[], None],
        lost: Callable[[str, Optional[BaseException]], None],
    ) -> None:
        """Make a connection whose preface and settings are ready to be sent.

        Args:
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
          headers: Gives the request headers of a method.
          ready: Called once when the peer's settings have arrived: the connection works.
          going_away: Called when the connection takes no new operations any more, but is not lost.
          lost: Called once, at the end.
        """
        super().__init__(True, limits, accept)
        self._handlers[h2.events.ResponseReceived] = self._on_response
        self._handlers[h2.events.TrailersReceived] = self._on_trailers
        self._headers = headers
        self._ready: Optional[Callable[[], None]] = ready
        self._going_away = going_away
        self._lost = lost
        self._next_stream_id = 1
        self._max_streams = 2**31
        # Operations that wait until the peer allows another stream, in order, each with its tickets so far.
        self._queue: Deque[Hashable] = collections.deque()
        self._queued: Dict[Hashable, List[links.Ticket]] = {}

    @property
    def open(self) -> bool:
        """Whether new operations may be begun here."""
        return not self._draining and not self._finished

    def holds(self, operation_id: Hashable) -> bool:
        """Whether an operation runs, or waits to run, here."""
        return operation_id in self._operations or operation_id in self._queued

    @property
    def was_ready(self) -> bool:
        """Whether the peer's settings have ever arrived."""
        return self._ready is None

    @property
    def busy(self) -> bool:
        return bool(self._streams) or self._ready is not None

    # ------------------------------------------------------------ tickets in

    def send(self, ticket: links.Ticket) -> None:
        """Take a ticket of an operation that is new or runs here."""
        stream = self._operations.get(ticket.operation_id)
        if stream is not None:
            self._send_on(stream, ticket)
        elif ticket.operation_id in self._queued:
            self._queue_ticket(ticket)
        elif ticket.sequence_number == 0:
            if len(self._streams) < self._max_streams and not self._queue:
                self._begin(ticket)
            else:
                self._queue.append(ticket.operation_id)
                self._queued[ticket.operation_id] = [ticket]

    def _queue_ticket(self, ticket: links.Ticket) -> None:
        if ticket.termination is None or ticket.termination is _COMPLETION:
            self._queued[ticket.operation_id].append(ticket)
        else:
            del self._queued[ticket.operation_id]  # given up before it began: nobody need know
            self._queue.remove(ticket.operation_id)

    def _begin_queued(self) -> None:
        while self._queue and len(self._streams) < self._max_streams:
            for ticket in self._queued.pop(self._queue.popleft()):
                self.send(ticket)

    def _begin(self, ticket: links.Ticket) -> None:
        """Open a stream."""
        try:
            headers = self._headers.of(ticket)
        except _metadata.MetadataError as error:
            self.deliveries.append(failure(ticket.operation_id, 0, status.INTERNAL, str(error)))
            return
        stream = Stream(ticket.operation_id, self._next_stream_id)
        self._next_stream_id += 2
        self._add(stream)
        completes = ticket.termination is _COMPLETION
        if completes:
            stream.ended_locally = True
        if ticket.payload is not None:
            self._h2.send_headers(stream.stream_id, headers)
            self._send_payloads(stream, ticket, completes)
        else:
            self._h2.send_headers(stream.stream_id, headers)
            if completes:
                self._h2.end_stream(stream.stream_id)

    def _send_on(self, stream: Stream, ticket: links.Ticket) -> None:
        termination = ticket.termination
        if termination is None or termination is _COMPLETION:
            completes = termination is _COMPLETION
            if completes:
                stream.ended_locally = True
            if ticket.payload is not None:
                self._send_payloads(stream, ticket, completes)
            elif completes:
                if stream.outbox is None:
                    self._h2.end_stream(stream.stream_id)
                # else: the outbox ends the stream when it is empty
            return
        # The operation is over here for whatever reason: the service need not go on.
        self._remove(stream)
        self._reset(stream, h2.errors.ErrorCodes.CANCEL)
        self._begin_queued()

    # ------------------------------------------------------------ frames in

    def _on_settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        super()._on_settings_changed(event)
        self._max_streams = self._h2.remote_settings.max_concurrent_streams
        ready, self._ready = self._ready, None
        if ready is not None:
            self.deliveries.append(ready)
        self._begin_queued()

    def _on_response(self, event: h2.events.ResponseReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        fields = event.headers
        if len(fields) == 2 and fields[0] == _STATUS_OK and fields[1][1] == _CONTENT_TYPE:
            stream.initial_metadata = ()  # the whole of most answers' headers
            self._touch(stream)
            return
        http_status = content_type = b""
        grpc_status: Optional[bytes] = None
        items: List[Tuple[str, Any]] = []
        for name, value in fields:
            if name == b":status":
                http_status = value
            elif name == b"content-type":
                content_type = value
            elif name == b"grpc-status":
                grpc_status = value
            elif name not in _metadata.RESERVED:
                items.extend(_metadata.decode_field(name, value))
        if grpc_status is not None:
            # Trailers-Only: what custom metadata there is, is trailing metadata.
            self._conclude(stream, fields)
        elif http_status != b"200" or not content_type.startswith(_CONTENT_TYPE):
            self._reject(
                stream,
                _statuses.status_of_http(http_status),
                f"the server did not answer as gRPC: HTTP status {http_status.decode('latin-1')}, "
                f"content-type {content_type.decode('latin-1')!r}",
            )
        else:
            stream.initial_metadata = tuple(items)
            self._touch(stream)

    def _on_trailers(self, event: h2.events.TrailersReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is not None:
            self._conclude(stream, event.headers)

    def _conclude(self, stream: Stream, fields: Any) -> None:
        """Take the header block that holds the status."""
        code: Optional[int] = None
        message: Optional[str] = None
        items: List[Tuple[str, Any]] = []
        for name, value in fields:
            if name == b"grpc-status":
                code = 0 if value == b"0" else _statuses.parse_status(value)
            elif name == b"grpc-message":
                message = _statuses.decode_message(value)
            elif name not in _metadata.RESERVED and not name.startswith(b":"):
                items.extend(_metadata.decode_field(name, value))
        if code is None:
            code, message = status.UNKNOWN, "the server ended the stream without a status"
        elif code == 0 and stream.reader is not None and stream.reader.incomplete:
            code, message = status.INTERNAL, "the server ended the stream within a message"
        stream.code = code
        stream.message = "" if message is None else message
        stream.terminal_metadata = tuple(items)
        stream.termination = _statuses.termination_of_status(code)
        self._touch(stream)

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        stream.ended_remotely = True
        if stream.termination is None:
            stream.code = status.UNKNOWN
            stream.message = "the server ended the stream without a status"
            stream.termination = _Termination.LOCAL_FAILURE
            self._touch(stream)

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None or stream.termination is not None:
            return
        stream.ended_remotely = True
        stream.code = _statuses.status_of_reset(int(event.error_code))
        stream.message = f"the server reset the stream with HTTP/2 error code {int(event.error_code)}"
        stream.termination = (
            _Termination.SHUTDOWN
            if stream.code == status.UNAVAILABLE
            else _statuses.termination_of_status(stream.code)
        )
        self._touch(stream)

    def _on_going_away(self, event: h2.events.ConnectionTerminated) -> None:
        self._draining = True
        self.deliveries.append(self._going_away)
        reason = "the server is going away"
        if event.additional_data:
            reason += f" ({event.additional_data.decode('utf-8', 'replace')})"
        last = event.last_stream_id or 0
        for stream in [stream for stream in self._streams.values() if stream.stream_id > last]:
            self._give_up(stream, reason)
        for operation_id in self._queue:
            self.deliveries.append(failure(operation_id, 0, status.UNAVAILABLE, reason))
        self._queue.clear()
        self._queued.clear()

    def _reject(self, stream: Stream, code: int, details: str) -> None:
        if code == status.UNIMPLEMENTED and stream.reader is not None:
            code = status.INTERNAL  # a response in an encoding that was not offered
        stream.ended_remotely = True
        stream.payloads = []
        stream.code = code
        stream.message = details
        stream.termination = _Termination.LOCAL_FAILURE
        self._touch(stream)

    def _give_up(self, stream: Stream, reason: str) -> None:
        """End a stream that the connection no longer carries."""
        self._remove(stream)
        if stream.termination is None:
            self.deliveries.append(
                failure(stream.operation_id, stream.next_ticket, status.UNAVAILABLE, reason)
            )

    def _fail_all(self, reason: str) -> None:
        touched = self._touched
        for stream in touched:
            self._make_ticket(stream)
        touched.clear()
        for stream in list(self._streams.values()):
            self._give_up(stream, reason)
        for operation_id in self._queue:
            self.deliveries.append(failure(operation_id, 0, status.UNAVAILABLE, reason))
        self._queue.clear()
        self._queued.clear()

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        super().connection_lost(reason, cause)
        self.deliveries.append(lambda: self._lost(reason, cause))

    # ------------------------------------------------------------ tickets out

    def _make_ticket(self, stream: Stream) -> None:
        stream.touched = False
        payloads = stream.payloads
        termination = stream.termination
        self.deliveries.append(
            links.Ticket(
                stream.operation_id, stream.next_ticket, None, None, None, None, None, stream.initial_metadata,
                payloads[0] if payloads else None, stream.terminal_metadata, stream.code, stream.message, termination,
                None, tuple(payloads[1:]) if len(payloads) > 1 else (),
            )
        )  # fmt: skip
        if termination is not None:
            self._remove(stream)
            if not (stream.ended_locally and stream.ended_remotely and stream.outbox is None):
                # The service has answered before it had heard, or said, everything.
                self._reset(stream, h2.errors.ErrorCodes.CANCEL)
            if self._queue:
                self._begin_queued()
            return
        stream.next_ticket += 1
        stream.initial_metadata = None
        if payloads:
            stream.payloads = []


class RequestHeaders:
    """The header block of a request: per channel and method the same fields, made once."""

    def __init__(self, scheme: str, authority: str, user_agent: str) -> None:
        self._first = ((b":method", b"POST"), (b":scheme", scheme.encode("ascii")))
        self._authority = (b":authority", authority.encode("latin-1"))
        self._last = (
            (b"te", b"trailers"),
            (b"content-type", _CONTENT_TYPE),
            (b"user-agent", user_agent.encode("latin-1")),
        )
        self._known: Dict[Tuple[Optional[str], Optional[str]], Tuple[Tuple[bytes, bytes], ...]] = {}

    def of(self, ticket: links.Ticket) -> _connection.HeaderFields:
        """The header fields of the request that a first ticket begins.

        Raises:
          MetadataError: Its metadata cannot go on the wire.
        """
        key = (ticket.group, ticket.method)
        fields = self._known.get(key)
        if fields is None:
            path = f"/{ticket.group}/{ticket.method}".encode()
            fields = (*self._first, (b":path", path), self._authority, *self._last)
            if len(self._known) < 1024:  # methods are few; a peer's worth of made-up names is not kept
                self._known[key] = fields
        if ticket.timeout is not None:
            timeout = hpack.NeverIndexedHeaderTuple(b"grpc-timeout", _timeouts.encode_timeout(ticket.timeout))
            fields = (*fields, timeout)
        if ticket.initial_metadata:
            fields = (*fields, *_metadata.encode_metadata(ticket.initial_metadata))
        return fields


def failure(operation_id: Hashable, sequence_number: int, code: int, message: str) -> links.Ticket:
    """The last ticket of an operation that the connection failed."""
    return links.Ticket(
        operation_id,
        sequence_number,
        code=code,
        message=message,
        termination=_TRANSMISSION_FAILURE if code == status.UNAVAILABLE else _Termination.REMOTE_FAILURE,
    )

