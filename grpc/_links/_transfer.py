"""Payloads through a connection, both ways: messages, DATA frames, and the flow control between them.

`_flow` says how much and why; here it is done. In: what an End has allowed becomes payloads in the ticket of this read,
the rest stays in the stream's reader until the End allows more. Out: what the windows do not admit waits in the
stream's outbox until a WINDOW_UPDATE or SETTINGS frame opens them.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Callable, Dict

import h2.events
import h2.exceptions

from grpc._links import _connection, _flow, _guards, _messages
from grpc._values.contexts import Uncompressed

if TYPE_CHECKING:
    from grpc._links._stream import Stream
    from grpc._values.limits import Limits
    from grpc.framework.interfaces.links import links


class TransferConnection(_connection.Http2Connection):
    """A connection whose streams carry messages."""

    def __init__(self, client_side: bool, limits: Limits, accept: Callable[[links.Ticket], None]) -> None:
        """See `Http2Connection`."""
        super().__init__(client_side, limits, accept)
        self._handlers[h2.events.DataReceived] = self._on_data
        self._handlers[h2.events.WindowUpdated] = self._on_window_updated
        self._longest = _bounded(limits.max_receive_message_length)
        self._longest_sent = _bounded(limits.max_send_message_length)
        # What has arrived on the connection and was not given back, and how much its streams hold.
        self._owed = 0
        self._held = 0
        self._stream_window = limits.stream_window
        self._stream_step = _flow.quarter(limits.stream_window)
        self._slack = _flow.slack(limits.stream_window)
        self._connection_step = _flow.quarter(_flow.CONNECTION_WINDOW)
        # The streams with something in the outbox.
        self._blocked: Dict[int, Stream] = {}

    def _remove(self, stream: Stream) -> None:
        self._streams.pop(stream.stream_id, None)
        self._operations.pop(stream.operation_id, None)
        if self._blocked:
            self._blocked.pop(stream.stream_id, None)
        if stream.held:
            self._held -= stream.held
            stream.held = 0
            self._give_back_to_connection()

    # ------------------------------------------------------------ in

    def _on_data(self, event: h2.events.DataReceived) -> None:
        stream = self._streams.get(event.stream_id)
        size: int = event.flow_controlled_length
        if not event.data and event.stream_ended is None:
            self._rules.on_useless()
        self._owed += size
        if self._owed >= self._connection_step:
            self._give_back_to_connection()
        if stream is None or stream.ended_remotely or stream.termination is not None:
            return
        stream.owed += size
        data: _messages.Data = event.data
        reader = stream.reader
        if stream.allowed and (reader is None or (not reader.held and self._room(stream) > 0)):
            payload = _messages.single(data, self._longest if reader is None else reader.limit)
            if payload is not None:
                stream.payloads.append(payload)
                if not stream.touched:
                    self._touch(stream)
                if event.stream_ended is None:
                    unconsumed = stream.unconsumed
                    if unconsumed is None:
                        unconsumed = stream.unconsumed = _flow.Unconsumed(stream.allowed)
                    unconsumed.add(len(data))
                    if unconsumed.size > _flow.UNTOLD or stream.owed >= self._stream_step:
                        self._give_back(stream)
                stream.allowed -= 1
                return
        if reader is None:
            reader = stream.reader = _messages.MessageReader(self._longest, stream.encoding)
        reader.feed(data)
        self._take(stream, reader)
        if type(data) is not bytes:
            reader.own()  # the driver reads into that buffer again

    def _allow(self, stream: Stream, payloads: int) -> None:
        """Let the End have further payloads, those that have arrived already at once."""
        stream.allowed += payloads
        if stream.unconsumed is not None:
            stream.unconsumed.allow(stream.allowed)
        if stream.reader is not None:
            self._take(stream, stream.reader)
            if stream.termination is not None:
                self._touch(stream)  # that was all, perhaps
        elif stream.held or stream.owed >= self._stream_step:
            self._give_back(stream)

    def _take(self, stream: Stream, reader: _messages.MessageReader) -> None:
        """Gather what is complete and allowed."""
        room = self._room(stream)
        if stream.allowed and room > 0:
            try:
                payloads = reader.take(stream.allowed, room)
            except _messages.MessageError as error:
                self._fail(stream, error)
                return
            if payloads:
                unconsumed = stream.unconsumed
                if unconsumed is None:
                    unconsumed = stream.unconsumed = _flow.Unconsumed(stream.allowed)
                for payload in payloads:
                    unconsumed.add(_messages.PREFIX + len(payload))
                stream.allowed -= len(payloads)
                stream.payloads.extend(payloads)
                self._touch(stream)
                if reader.failed:
                    self._take(stream, reader)
                    return
        self._give_back(stream)

    def _fail(self, stream: Stream, error: _messages.MessageError) -> None:
        """End a stream at a message that cannot be read; the End has those before it."""
        if stream.payloads:
            self._make_ticket(stream)
        self._reject(stream, error.code, error.details)

    def _room(self, stream: Stream) -> int:
        """Up to how many unconsumed bytes the End is given payloads; only compressed ones ever come up to that."""
        given = 0 if stream.unconsumed is None else stream.unconsumed.size
        return self._stream_window + self._slack - given

    def _give_back(self, stream: Stream) -> None:
        """See what is held because of a stream, and give the peer back what is not."""
        given = 0 if stream.unconsumed is None else stream.unconsumed.size
        unread = 0 if stream.reader is None else stream.reader.held
        arriving = unread and stream.allowed and self._room(stream) > 0
        # What is arriving is no fault of the reader's: it will be gone as soon as the rest is there.
        held = max(0, given - _flow.UNTOLD) + (0 if arriving else unread)
        if held != stream.held:
            less = held < stream.held
            self._held += held - stream.held
            stream.held = held
            if less:
                self._give_back_to_connection()
        if stream.ended_remotely:
            return
        step = self._stream_step
        due = _flow.stream_due(stream.owed, unread + max(0, given - self._slack), step)
        if arriving and stream.reader is not None:
            due += _flow.arrival_due(stream.owed - due, stream.reader.missing, self._stream_window, step)
        if due:
            stream.owed -= due
            self._increment(due, stream.stream_id)

    def _give_back_to_connection(self) -> None:
        due = _flow.connection_due(self._owed, self._held, self._connection_step)
        if due:
            self._owed -= due
            self._increment(due, None)

    def _increment(self, due: int, stream_id: Any) -> None:
        # Closed meanwhile: nobody needs a window there. Where the same read has opened another stream after that, h2
        # has forgotten this one, and has no better error for it than a KeyError.
        with contextlib.suppress(h2.exceptions.ProtocolError, KeyError):
            self._h2.increment_flow_control_window(due, stream_id)

    # ------------------------------------------------------------ out

    def _framed(self, ticket: links.Ticket, compression: int, uncompressed_first: bool = False) -> _flow.Framed:
        """The payloads of a ticket, which has some, as they stand in the stream.

        Raises:
          MessageError: One of them cannot be sent.
        """
        payload: Any = ticket.payload
        limit = self._longest_sent
        if type(payload) is bytes and len(payload) <= limit and not compression and not ticket.further_payloads:
            if len(payload) < _flow.LONG:
                return b"\0" + len(payload).to_bytes(4, "big") + payload
            return _flow.Outbox(b"\0" + len(payload).to_bytes(4, "big"), payload)
        payloads = [payload, *ticket.further_payloads]
        for each in payloads:
            _messages.check_sendable(each, limit)
        if not compression:
            if max(map(len, payloads)) < _flow.LONG:
                return b"".join(map(_messages.frame_message, payloads))
            return _flow.Outbox(*itertools.chain.from_iterable(map(_messages.frame_long, payloads)))
        if uncompressed_first:
            payloads[0] = Uncompressed(payloads[0])
        return b"".join([_messages.frame_compressed(each, compression) for each in payloads])

    def _send_framed(self, stream: Stream, data: _flow.Framed, end_stream: bool) -> None:
        """Send what `_framed` made, or keep what the windows do not admit yet.

        Args:
          stream: On this one.
          data: The payloads.
          end_stream: Whether nothing at all follows on it. `stream.ended_locally` says so, too, by then.
        """
        outbox = stream.outbox
        self._rules.sent = True
        if outbox is not None:
            outbox.put(data)
        elif isinstance(data, _flow.Outbox):
            stream.outbox = data
            self._flush(stream)
        elif (
            len(data) <= self._max_frame_size
            and self._ahead < _guards.MOST_AHEAD
            and len(data) <= self._h2.local_flow_control_window(stream.stream_id)
        ):
            self._ahead += len(data)
            self._h2.send_data(stream.stream_id, data, end_stream)
        else:
            stream.outbox = _flow.Outbox(data)
            self._flush(stream)

    def _use_leave(self, stream: Stream, ticket: links.Ticket) -> None:
        """Count the payloads of a ticket that do not end their direction, and let the End go on when that is due."""
        stream.leave -= 1 + len(ticket.further_payloads)
        self._renew_leave(stream)

    def _renew_leave(self, stream: Stream) -> None:
        due = _flow.leave_due(stream.leave, 0 if stream.outbox is None else stream.outbox.size)
        if due:
            stream.leave += due
            stream.allowance += due
            self._touch(stream)

    def _flush(self, stream: Stream) -> None:
        """Send as much of the outbox as the windows admit; at its end, what ends our direction."""
        outbox = stream.outbox
        assert outbox is not None
        stream_id = stream.stream_id
        waiting = outbox.size
        ends = stream.ended_locally and stream.trailers is None
        self._rules.sent = True
        try:
            while outbox.size:
                if self._ahead >= _guards.MOST_AHEAD:
                    self._congested = True
                    break
                room = min(self._h2.local_flow_control_window(stream_id), self._max_frame_size)
                if room <= 0:
                    break
                data = outbox.take(room)
                self._ahead += len(data)
                self._h2.send_data(stream_id, data, ends and not outbox.size)
        except h2.exceptions.ProtocolError:
            return  # it has been reset; the event that says so is on its way
        if outbox.size:
            if outbox.size != waiting:
                self._blocked.pop(stream_id, None)  # who has had a share comes last next time
            self._blocked[stream_id] = stream
        else:
            self._blocked.pop(stream_id, None)
            stream.outbox = None
            if stream.trailers is not None:
                self._send_trailers(stream, stream.trailers)
        if not stream.ended_locally:
            self._renew_leave(stream)

    def _drop_outbox(self, stream: Stream) -> None:
        """Send nothing more of what waits for the windows."""
        stream.outbox = None
        self._blocked.pop(stream.stream_id, None)

    def _send_trailers(self, stream: Stream, trailers: _connection.HeaderFields) -> None:
        """End our direction of a stream with a header block."""
        raise NotImplementedError()

    def _on_window_updated(self, event: h2.events.WindowUpdated) -> None:
        if not self._blocked:
            return
        if event.stream_id:
            stream = self._blocked.get(event.stream_id)
            if stream is not None:
                self._flush(stream)
        else:
            self._flush_blocked()

    def _on_settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        super()._on_settings_changed(event)
        self._flush_blocked()

    def _flush_blocked(self) -> None:
        blocked = self._blocked
        for stream in list(blocked.values()):
            self._flush(stream)
            if self._congested:
                break

    def _go_on_sending(self) -> None:
        self._congested = False
        self._flush_blocked()
        if self._touched:
            self._make_tickets()
        self._finish_if_drained()
        if self._congested:
            self.deliveries.append(_come_back)


def _come_back() -> None:
    """A delivery that does nothing: after every delivery the driver asks for output again."""


def _bounded(limit: int) -> int:
    return _messages.LONGEST if limit < 0 else min(limit, _messages.LONGEST)
