"""The client's role on a connection: an operation is a stream that this side opens, and hears what the server says.

An operation may outlive its stream: when the server has said everything but the End has not yet allowed all of it, the
stream is over (nothing is sent or received on it any more), and the rest is delivered as the End allows it, even after
the connection is lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Hashable, Optional

import h2.errors
import h2.events

from grpc._links import _calls, _fields, _pings, _responses, _size_limit, _statuses, _upkeep
from grpc._links._failure import Failure
from grpc._links._request_headers import RequestHeaders
from grpc._links._service_config import NO_SERVICE_CONFIG
from grpc._values import status
from grpc._values.connecting import RETRY_BUFFER
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links._service_config import ServiceConfig
    from grpc._links._stream import Stream
    from grpc._values.limits import Limits

__all__ = ["ClientConnection", "RequestHeaders"]

_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION

# The whole of most answers' header blocks.
_STATUS_OK = (b":status", b"200")
_CONTENT_TYPE = (b"content-type", b"application/grpc")
_GRPC_STATUS_OK = (b"grpc-status", b"0")

_NO_STATUS = "the server ended the stream without a status"
# The type of the first frame of any server.
_SETTINGS = b"\x04"


class ClientConnection(_calls.CallingConnection):
    """A connection whose streams are begun by tickets."""

    def __init__(
        self,
        limits: Limits,
        accept: Callable[[links.Ticket], None],
        headers: RequestHeaders,
        ready: Callable[[], None],
        going_away: Callable[[], None],
        lost: Callable[[str, Optional[BaseException]], None],
        refused: Optional[Callable[[Hashable], None]] = None,
        life: _upkeep.ClientLife = _upkeep.ClientLife(),  # noqa: B008  # immutable
        replay_bound: Optional[int] = RETRY_BUFFER,
        config: ServiceConfig = NO_SERVICE_CONFIG,
    ) -> None:
        """Make a connection whose preface and settings are ready to be sent.

        Args:
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
          headers: Gives the request headers of a method.
          ready: Called once when the peer's settings have arrived: the connection works.
          going_away: Called when the connection takes no new operations any more, but still has some.
          lost: Called once, at the end, when it has none either.
          refused: Called with the id of an operation that is to be fetched by `take_back`; None if nobody does that.
          life: What the connection needs to look after itself.
          replay_bound: How many bytes of messages are kept of an operation in case the server refuses it; None if what
            was sent is not to be given back at all.
          config: How long the messages of each method may be, where that is less than the limits.
        """
        super().__init__(limits, accept, headers, going_away, refused, life.clock, replay_bound, config)
        self._look_after(life)
        self._warn = life.warn
        self._handlers[h2.events.ResponseReceived] = self._on_response
        self._handlers[h2.events.TrailersReceived] = self._on_trailers
        limit = _size_limit.SizeLimit(limits, life.random)
        self._responses = _responses.ResponseReader(limits.accepted_compression, limit)
        self._ready: Optional[Callable[[], None]] = ready
        self._lost: Optional[Callable[[], None]] = None
        self._tell_lost = lost
        self._end_reason: Optional[str] = None
        # What the server gave as the reason, when it said that it is going away.
        self._parting_words = ""
        self._cause: Optional[BaseException] = None
        self.receive_data = self._receive_first  # type: ignore[method-assign]  # until something has been received

    @property
    def busy(self) -> bool:
        queued = len(self._queued) - (self._aside in self._queued)
        return self._calls_running > 0 or queued > 0 or self._ready is not None

    # ------------------------------------------------------------ frames in

    def _receive_first(self, data: bytes) -> None:
        """Look whether this can be a server of HTTP/2 at all: its first frame has to be SETTINGS (RFC 9113, 3.4).

        To h2 the text of an HTTP/1 answer is the beginning of a frame so long that it would be waited for.
        """
        del self.receive_data
        if data[3:4] in (b"", _SETTINGS):
            self.receive_data(data)
            return
        self._finished = True
        self._fail_all(f"the server does not speak HTTP/2: the first that it said is {data[:24]!r}")
        self._rules.expire()

    def _on_settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        super()._on_settings_changed(event)
        self._max_streams = self._h2.remote_settings.max_concurrent_streams
        ready, self._ready = self._ready, None
        if ready is not None:
            self.deliveries.append(ready)
        self._begin_queued()

    def _on_response(self, event: h2.events.ResponseReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None or stream.termination is not None:
            return
        fields = event.headers
        stream.first = stream.waiting = None  # the server has begun to process it
        if len(fields) == 2 and fields[0] == _STATUS_OK and fields[1] == _CONTENT_TYPE:
            stream.initial_metadata = ()
            if not stream.touched:
                self._touch(stream)
            return
        try:
            if any(name == b"grpc-status" for name, _ in fields):
                # Trailers-Only: what custom metadata there is, is trailing metadata. "grpc-status wins" over all else.
                self._conclude(stream, self._responses.read_ending(fields, True))
                return
            response = self._responses.read_response(fields)
        except _fields.MalformedError as error:
            self._reject_malformed(stream, error.fault)
            return
        except _responses.ResponseError as error:
            self._reject(stream, error.code, error.details)
            return
        stream.initial_metadata = response.metadata
        stream.encoding = response.encoding
        if stream.reader is not None:  # there before the first message: see `_calls`
            stream.reader.algorithm = response.encoding
        stream.code = response.code
        self._touch(stream)

    def _on_trailers(self, event: h2.events.TrailersReceived) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None or stream.termination is not None:
            return
        fields = event.headers
        if len(fields) == 1 and fields[0] == _GRPC_STATUS_OK:
            # `_conclude`, shortened for most answers' ends.
            stream.code = status.OK
            stream.message = ""
            stream.terminal_metadata = ()
            stream.termination = _COMPLETION
            if not stream.touched:
                self._touch(stream)
            return
        try:
            ending = self._responses.read_ending(fields, False)
        except _fields.MalformedError as error:
            self._reject_malformed(stream, error.fault)
        else:
            self._conclude(stream, ending)

    def _conclude(self, stream: Stream, ending: _responses.Ending) -> None:
        """Take how the server says it ended."""
        code = ending.code
        message = ending.message
        if code is None:
            code = status.UNKNOWN if stream.code is None else stream.code
            message = message or _NO_STATUS
        stream.code = code
        stream.message = message
        stream.terminal_metadata = ending.metadata
        stream.termination = _statuses.termination_of_status(code)
        if not stream.touched:
            self._touch(stream)

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        stream.ended_remotely = True
        if stream.termination is None:
            self._conclude(stream, _responses.Ending(None, "", ()))

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        stream = self._streams.get(event.stream_id)
        if stream is None:
            return
        over = stream.termination is not None  # RST_STREAM(NO_ERROR) after the trailers: "the received status stands"
        stream.ended_remotely = stream.ended_locally = True
        self._drop_outbox(stream)
        if over:
            return
        error_code = int(event.error_code or 0)
        reason = f"the server reset the stream with HTTP/2 error code {error_code} ({_name(error_code)})"
        if error_code == h2.errors.ErrorCodes.REFUSED_STREAM:
            if stream.touched:
                self._make_ticket(stream)  # what has been gathered, an allowance at the most, comes first
            self._refuse(stream, reason)
            self._stream_is_over()
            return
        stream.code = _statuses.status_of_reset(error_code)
        stream.message = reason
        stream.reader = None  # what was not allowed yet, never will be
        stream.termination = _statuses.termination_of_status(stream.code)
        self._touch(stream)

    def _on_going_away(self, event: h2.events.ConnectionTerminated) -> None:
        if _pings.complains_of_pings(event.error_code, event.additional_data):
            self.deliveries.append(self._warn)
        if not self._draining:
            self._draining = True
            self.deliveries.append(self._going_away)
        reason = "the server is going away"
        if event.additional_data:
            self._parting_words = event.additional_data.decode("utf-8", "replace")
            reason += f" ({self._parting_words})"
        last = event.last_stream_id or 0
        for stream in [stream for stream in self._streams.values() if stream.stream_id > last]:
            if stream.termination is None:
                if stream.touched:
                    self._make_ticket(stream)
                self._refuse(stream, reason)
        self._return_queued(reason)

    def _reject(self, stream: Stream, code: int, details: str) -> None:
        stream.payloads = []
        stream.reader = None
        stream.code = code
        stream.message = details
        stream.terminal_metadata = ()
        stream.termination = _Termination.LOCAL_FAILURE
        self._drop_outbox(stream)
        self._touch(stream)

    def _reject_malformed(self, stream: Stream, fault: str) -> None:
        """Fail an operation whose answer HTTP/2 calls malformed: "a stream error of type PROTOCOL_ERROR"."""
        self._reject(stream, status.INTERNAL, f"the server's answer is malformed: {fault}")
        self._reset(stream, h2.errors.ErrorCodes.PROTOCOL_ERROR)
        stream.ended_locally = stream.ended_remotely = True

    # ------------------------------------------------------------ the end

    def _fail_all(self, reason: str) -> None:
        self._end_reason = self._end_reason or reason  # what follows from the first reason is no better one
        self._make_tickets()
        for stream in list(self._streams.values()):
            self.deliveries.append(Failure(reason, self._cause).ticket(stream.operation_id, stream.next_ticket))
            self._remove(stream)
        self._return_queued(reason)

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        self._cause = cause
        if self._parting_words:
            reason = f"{reason}, after the server had said that it is going away ({self._parting_words})"
        super().connection_lost(reason, cause)
        self._lost = lambda: self._tell_lost(self._end_reason or reason, cause)
        if self._operations and not self._draining:
            self._draining = True
            self.deliveries.append(self._going_away)
        self._tell_if_over()

    def _tell_if_over(self) -> None:
        """Say once that the connection is lost, when no operation needs it any more."""
        if self._lost is not None and not self._operations:
            lost, self._lost = self._lost, None
            self.deliveries.append(lost)

    # ------------------------------------------------------------ tickets out

    def _make_ticket(self, stream: Stream) -> None:
        stream.touched = False
        if stream.operation_id not in self._operations:
            return
        termination = stream.termination
        if termination is None or (stream.reader is not None and stream.reader.held and self._keeps_rest(stream)):
            self._make_partial_ticket(stream)
            return
        payloads = stream.payloads
        self.deliveries.append(
            links.Ticket(
                stream.operation_id, stream.next_ticket, None, None, None, None, None, stream.initial_metadata,
                payloads[0] if payloads else None, stream.terminal_metadata, stream.code, stream.message,
                stream.termination, None, tuple(payloads[1:]) if len(payloads) > 1 else (),
            )
        )  # fmt: skip
        if not stream.ended_locally or not stream.ended_remotely or stream.outbox is not None:
            self._part(stream)
        self._remove(stream)
        if self._queued:
            self._begin_queued()
        if self._lost is not None:
            self._tell_if_over()

    def _make_partial_ticket(self, stream: Stream) -> None:
        """Make a ticket of an operation that goes on, if there is anything to tell."""
        payloads = stream.payloads
        if not payloads and stream.initial_metadata is None and not stream.allowance:
            return
        self.deliveries.append(
            links.Ticket(
                stream.operation_id, stream.next_ticket, None, None, None, None, stream.allowance or None,
                stream.initial_metadata, payloads[0] if payloads else None, None, None, None, None, None,
                tuple(payloads[1:]) if len(payloads) > 1 else (),
            )
        )  # fmt: skip
        stream.next_ticket += 1
        stream.initial_metadata = None
        stream.allowance = 0
        if payloads:
            stream.payloads = []

    def _keeps_rest(self, stream: Stream) -> bool:
        """Look at what is left of a stream that the server has ended.

        Returns:
          Whether there is more for the End, which will have to allow it first.
        """
        assert stream.reader is not None
        if not stream.reader.ready:
            stream.reader = None
            if stream.code == status.OK:
                stream.code = status.INTERNAL
                stream.message = "the server ended the stream within a message"
                stream.termination = _Termination.LOCAL_FAILURE
            return False
        self._part(stream)
        if self._streams.pop(stream.stream_id, None) is not None:
            self._drop_outbox(stream)
            self._stream_is_over()
        return True

    def _part(self, stream: Stream) -> None:
        """End on the wire what the server has ended, or what has been rejected, before we had said everything."""
        if stream.ended_locally and stream.ended_remotely and stream.outbox is None:
            return
        if stream.stream_id in self._streams:
            code = status.OK if stream.ended_remotely or stream.code is None else stream.code
            self._reset(stream, _statuses.reset_of_status(code))


def _name(error_code: int) -> str:
    try:
        return h2.errors.ErrorCodes(error_code).name
    except ValueError:
        return "unknown"
