"""One HTTP/2 connection under gRPC, sans-io: what both roles share.

Bytes in, tickets out, and the other way round. One `receive_data` makes at most one ticket per stream, whatever the
number of frames; one ticket makes its frames, which leave with whatever else is there to be written.
"""

from __future__ import annotations

import collections
import logging
from typing import Any, Callable, Deque, Dict, Hashable, List, Optional, Sequence, Tuple, Type, Union

import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from grpc._io import contract
from grpc._links import _h2_tuning, _messages
from grpc._links._stream import Stream
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links

_LOGGER = logging.getLogger(__name__)

# HTTP/2 begins with this window, on every connection and stream.
_DEFAULT_WINDOW = 65_535
# One stream can fill a loopback link with this much under way; a connection holds several such streams.
_STREAM_WINDOW = 4 * 1024 * 1024
_CONNECTION_WINDOW = 64 * 1024 * 1024
# Large messages in large frames: the fixed cost of a frame is paid seldom, and still other streams get their turn.
_MAX_FRAME_SIZE = 1024 * 1024

HeaderFields = Sequence[Tuple[bytes, bytes]]


class Http2Connection(contract.Connection):
    """The part of a connection that is the same for both roles."""

    def __init__(self, client_side: bool, limits: Limits, accept: Callable[[links.Ticket], None]) -> None:
        """Make a connection whose preface and settings are ready to be sent.

        Args:
          client_side: The role.
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
        """
        self._limits = limits
        limit = limits.max_receive_message_length
        self._longest = 2**32 if limit < 0 else limit
        self._accept = accept
        self.deliveries: Deque[Any] = collections.deque()
        self._streams: Dict[int, Stream] = {}
        self._operations: Dict[Hashable, Stream] = {}
        self._touched: List[Stream] = []
        self._blocked: Dict[int, Stream] = {}
        self._finished = False
        self._draining = False
        self._handlers: Dict[Type[h2.events.Event], Callable[[Any], None]] = {
            h2.events.DataReceived: self._on_data,
            h2.events.StreamEnded: self._on_stream_ended,
            h2.events.StreamReset: self._on_stream_reset,
            h2.events.WindowUpdated: self._on_window_updated,
            h2.events.RemoteSettingsChanged: self._on_settings_changed,
            h2.events.ConnectionTerminated: self._on_going_away,
        }
        self._h2 = _h2_tuning.make_connection(client_side)
        settings = {
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _STREAM_WINDOW,
            h2.settings.SettingCodes.MAX_FRAME_SIZE: _MAX_FRAME_SIZE,
            h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: limits.max_metadata_size,
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: limits.max_concurrent_streams,
        }
        if client_side:
            settings[h2.settings.SettingCodes.ENABLE_PUSH] = 0
        self._h2.local_settings = h2.settings.Settings(client=client_side, initial_values=settings)
        # h2 takes these two over from settings that are acknowledged, not from initial ones.
        self._h2.max_inbound_frame_size = _MAX_FRAME_SIZE
        self._h2.decoder.max_header_list_size = limits.max_metadata_size
        self._h2.initiate_connection()
        self._h2.increment_flow_control_window(_CONNECTION_WINDOW - _DEFAULT_WINDOW)
        self._max_frame_size = self._h2.max_outbound_frame_size
        self.data_to_send: Callable[[], bytes] = self._h2.data_to_send  # type: ignore[method-assign,assignment]

    # ------------------------------------------------------------ as the driver sees it

    def data_to_send(self) -> bytes:
        return self._h2.data_to_send()

    @property
    def busy(self) -> bool:
        return bool(self._streams)

    @property
    def finished(self) -> bool:
        return self._finished

    def receive_data(self, data: bytes) -> None:
        if self._finished:
            return
        handlers = self._handlers
        try:
            for event in self._h2.receive_data(data):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except h2.exceptions.ProtocolError as error:
            # h2 has queued the GOAWAY that tells the peer.
            self._finished = True
            self._fail_all(f"the peer broke the HTTP/2 protocol: {error}")
        touched = self._touched
        if touched:
            for stream in touched:
                self._make_ticket(stream)
            touched.clear()
        if self._draining and not self._streams:
            self._finished = True

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        self._finished = True
        self._fail_all(reason)

    def deliver(self, delivery: Any) -> None:
        if type(delivery) is links.Ticket:
            self._accept(delivery)
        else:
            delivery()

    def go_away(self) -> None:
        """Announce the end: no new streams, the running ones finish, then the connection closes."""
        if not self._draining:
            self._draining = True
            self._h2.send_goaway(self._highest_stream_id())
            if not self._streams:
                self._finished = True

    def _highest_stream_id(self) -> int:
        """The highest stream id of the peer's that has been or will be processed."""
        return 0

    # ------------------------------------------------------------ what arrives on a stream

    def _on_data(self, event: h2.events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        self._acknowledge(event)
        if stream is None or stream.ended_remotely:
            return
        data: bytes = event.data
        reader = stream.reader
        if reader is None:
            payload = _messages.single(data, self._longest)
            if payload is not None:
                stream.payloads.append(payload)
                self._touch(stream)
                return
            reader = stream.reader = _messages.MessageReader(self._longest)
        try:
            payloads = reader.feed(data)
        except _messages.MessageError as error:
            self._reject(stream, error.code, error.details)
            return
        if payloads:
            stream.payloads.extend(payloads)
            self._touch(stream)

    def _acknowledge(self, event: h2.events.DataReceived) -> None:
        """Give the peer its window back."""
        length = event.flow_controlled_length
        if length:
            try:
                self._h2.acknowledge_received_data(length, event.stream_id)
            except h2.exceptions.StreamClosedError:
                pass  # the stream is over; h2 has acknowledged for the connection

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        raise NotImplementedError()

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        raise NotImplementedError()

    def _on_going_away(self, event: h2.events.ConnectionTerminated) -> None:
        raise NotImplementedError()

    def _reject(self, stream: Stream, code: int, details: str) -> None:
        """End a stream whose peer sent what cannot be accepted."""
        raise NotImplementedError()

    def _touch(self, stream: Stream) -> None:
        """Have a ticket made of what a stream has gathered, once this read is taken in."""
        if not stream.touched:
            stream.touched = True
            self._touched.append(stream)

    def _make_ticket(self, stream: Stream) -> None:
        """Turn what a stream has gathered into a ticket."""
        raise NotImplementedError()

    def _fail_all(self, reason: str) -> None:
        """End every stream, because there is no connection any more."""
        raise NotImplementedError()

    # ------------------------------------------------------------ what is sent on a stream

    def _send_payloads(self, stream: Stream, ticket: links.Ticket, end_stream: bool) -> None:
        """Send the payloads of a ticket, or keep what the windows do not admit yet."""
        if ticket.further_payloads:
            data = b"".join(map(_messages.frame_message, (ticket.payload, *ticket.further_payloads)))
        else:
            data = _messages.frame_message(ticket.payload)  # type: ignore[arg-type]
        if (
            stream.outbox is None
            and len(data) <= self._max_frame_size
            and len(data) <= self._h2.local_flow_control_window(stream.stream_id)
        ):
            self._h2.send_data(stream.stream_id, data, end_stream)
            return
        if stream.outbox is None:
            stream.outbox = collections.deque()
        stream.outbox.append(memoryview(data))
        self._flush(stream, end_stream)

    def _flush(self, stream: Stream, end_stream: bool) -> None:
        """Send as much of the outbox as the windows admit; at its end, what ends our direction."""
        outbox = stream.outbox
        assert outbox is not None
        stream_id = stream.stream_id
        while outbox:
            room = min(self._h2.local_flow_control_window(stream_id), self._max_frame_size)
            if room <= 0:
                self._blocked[stream_id] = stream
                return
            chunk = outbox[0]
            if len(chunk) <= room:
                outbox.popleft()
                self._h2.send_data(stream_id, chunk, end_stream and not outbox)
            else:
                self._h2.send_data(stream_id, chunk[:room])
                outbox[0] = chunk[room:]
        self._blocked.pop(stream_id, None)
        stream.outbox = None
        if stream.trailers is not None:
            self._send_trailers(stream, stream.trailers)

    def _send_trailers(self, stream: Stream, trailers: HeaderFields) -> None:
        """End our direction of a stream with a header block."""
        raise NotImplementedError()

    def _on_window_updated(self, event: h2.events.WindowUpdated) -> None:
        if not self._blocked:
            return
        stream = self._blocked.get(event.stream_id) if event.stream_id else None
        if stream is not None:
            self._flush(stream, stream.ended_locally and stream.trailers is None)
        elif not event.stream_id:
            self._flush_blocked()

    def _on_settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        self._max_frame_size = self._h2.max_outbound_frame_size
        self._flush_blocked()

    def _flush_blocked(self) -> None:
        for stream in list(self._blocked.values()):
            self._flush(stream, stream.ended_locally and stream.trailers is None)

    # ------------------------------------------------------------ the register

    def _add(self, stream: Stream) -> None:
        self._streams[stream.stream_id] = stream
        self._operations[stream.operation_id] = stream

    def _remove(self, stream: Stream) -> None:
        self._streams.pop(stream.stream_id, None)
        self._operations.pop(stream.operation_id, None)
        if self._blocked:
            self._blocked.pop(stream.stream_id, None)

    def _reset(self, stream: Stream, error_code: Union[int, h2.errors.ErrorCodes]) -> None:
        """Reset a stream, unless HTTP/2 holds it for closed already."""
        try:
            self._h2.reset_stream(stream.stream_id, error_code)
        except (h2.exceptions.StreamClosedError, h2.exceptions.NoSuchStreamError):
            pass
        except h2.exceptions.ProtocolError as error:
            _LOGGER.debug("Stream %d could not be reset: %s", stream.stream_id, error)


