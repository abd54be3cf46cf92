"""One HTTP/2 connection under gRPC, sans-io: its settings, its life, its register of streams.

Bytes in, tickets out, and the other way round. One `receive_data` makes at most one ticket per stream, whatever the
number of frames; one ticket makes its frames, which leave with whatever else is there to be written.

    Http2Connection        this module
      TransferConnection   `_transfer`: payloads in both directions
        ClientConnection   `_client`: streams begun by tickets
        ServerConnection   `_server`: streams that begin operations

h2 takes in a whole read before the first of its events is handled. So while events are handled its streams may be
further than ours are: one that was reset at the end of the read is closed already. Whatever is sent in answer to an
event has to put up with that; the event that explains it is on its way.
"""

from __future__ import annotations

import collections
import logging
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, Hashable, List, Optional, Sequence, Tuple, Type, Union

import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from grpc._io import contract
from grpc._links import _flow, _guards, _h2_tuning, _metadata, _upkeep
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links._stream import Stream
    from grpc._values.limits import Limits

_LOGGER = logging.getLogger(__name__)

# A header block over the limit fails its RPC, so it must be read; one over this fails the connection, so that nobody
# has to read without end.
_MOST_METADATA_SIZE = 64 * 1024
_MOST_OF_A_SETTING = 2**32 - 1

HeaderFields = Sequence[Tuple[bytes, bytes]]


class Http2Connection(contract.Connection, _upkeep.Host):
    """The part of a connection that is the same for both roles and whatever the streams carry."""

    takes_views = True

    # What looks after the connection itself, and how it closes its transport; set by `_look_after`.
    _rules: _upkeep.Upkeep
    _close: Callable[[str], None]

    def __init__(self, client_side: bool, limits: Limits, accept: Callable[[links.Ticket], None]) -> None:
        """Make a connection whose preface and settings are ready to be sent.

        Args:
          client_side: The role.
          limits: What to accept and send.
          accept: Takes the tickets for the End, one at a time, in order.
        """
        self._limits = limits
        self._accept = accept
        self.deliveries: Deque[Any] = collections.deque()
        # The streams that frames may still come or go on, and the operations that the End may still hear or say
        # something of. A client's operation may outlive its stream: see `_client`.
        self._streams: Dict[int, Stream] = {}
        self._operations: Dict[Hashable, Stream] = {}
        self._touched: List[Stream] = []
        self._finished = False
        self._draining = False
        self._handlers: Dict[Type[h2.events.Event], Callable[[Any], None]] = {
            h2.events.StreamEnded: self._on_stream_ended,
            h2.events.StreamReset: self._on_stream_reset,
            h2.events.RemoteSettingsChanged: self._on_settings_changed,
            h2.events.ConnectionTerminated: self._on_going_away,
        }
        self._h2 = _h2_tuning.make_connection(client_side)
        settings = {
            h2.settings.SettingCodes.HEADER_TABLE_SIZE: limits.decoder_table_size,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: limits.stream_window,
            h2.settings.SettingCodes.MAX_FRAME_SIZE: limits.max_frame_size,
            h2.settings.SettingCodes.MAX_HEADER_LIST_SIZE: limits.most_metadata_size,
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: limits.max_concurrent_streams,
        }
        if client_side:
            settings[h2.settings.SettingCodes.ENABLE_PUSH] = 0
        self._h2.local_settings = h2.settings.Settings(client=client_side, initial_values=settings)
        # h2 takes these two over from settings that are acknowledged, not from initial ones.
        self._h2.max_inbound_frame_size = limits.max_frame_size
        self._h2.decoder.max_header_list_size = max(2 * limits.most_metadata_size, _MOST_METADATA_SIZE)
        self._h2.initiate_with({_metadata.TRUE_BINARY: 1} if limits.true_binary else {})
        if not client_side:
            # A client that has not read the settings yet may open more streams. To h2 that breaks the connection; here
            # `_server` refuses what is too much, and h2 bounds how much that can be in one read.
            settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = min(
                limits.max_concurrent_streams + int(_guards.RESET_BURST), _MOST_OF_A_SETTING
            )
            self._h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self._h2.keep_tables(limits.decoder_table_size, limits.encoder_table_size)
        self._h2.increment_flow_control_window(_flow.CONNECTION_WINDOW - _flow.DEFAULT_WINDOW)
        self._max_frame_size = self._h2.max_outbound_frame_size
        # The largest header block that the peer accepts; None while it has not said.
        self._peer_metadata_size: Optional[int] = None
        # Whether the peer takes binary metadata as they are.
        self._raw_binary = False
        # How much DATA was handed to h2 since the driver took the output, and whether more waits until it does again.
        self._ahead = 0
        self._congested = False
        # How many reads there were since the driver took the output, and whether `_rules` have kept some of it since.
        self._untaken_reads = 0
        self._output_held = False
        # Whether calls were open when the driver asked for the deadline last.
        self._calls_open = False

    def _look_after(self, life: Union[_upkeep.ClientLife, _upkeep.ServerLife]) -> None:
        """Begin to keep the connection-level rules. To be called by the role's initialiser."""
        self._close = life.close
        self._rules = life.upkeep(self)
        self._handlers.update(self._rules.handlers)

    # ------------------------------------------------------------ as the driver sees it

    def data_to_send(self) -> bytes:
        data = self.pieces_to_send()
        return b"".join(data) if isinstance(data, list) else data

    def pieces_to_send(self) -> contract.Pieces:
        # Whoever asks has written everything that he was given before.
        self._untaken_reads = 0
        self._ahead = 0
        if self._congested:
            self._go_on_sending()
        data = self._h2.pieces_to_send()
        if self._output_held:
            self._output_held = False
            return self._rules.with_held_output(b"".join(data) if isinstance(data, list) else data)
        return data

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
        rules = self._rules
        connection = self._h2
        if rules.watches_reads:
            rules.on_read()
        try:
            self._untaken_reads += 1
            if self._untaken_reads >= _guards.READS_BEFORE_MEASURING:
                self._output_held = True
                rules.hold_output(connection.data_to_send())
            for event in connection.receive_data(data):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
            if connection.late_frames or connection.late_bytes:
                self._judge_late()
        except h2.exceptions.ProtocolError as error:
            # h2 has queued the GOAWAY that tells the peer.
            self._finished = True
            self._fail_all(f"the peer broke the HTTP/2 protocol: {error}")
            rules.expire()
        except _upkeep.ExcessError as error:
            self._h2.send_goaway(self.highest_stream_id, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, error.debug_data)
            self._finished = True
            self._fail_all(f"the connection was closed because {error}")
            rules.expire()
        if self._touched:
            rules.useful = True
            self._make_tickets()
        self._finish_if_drained()

    def _judge_late(self) -> None:
        connection = self._h2
        frames, size = connection.late_frames, connection.late_bytes
        connection.late_frames = connection.late_bytes = 0
        self._rules.on_late(frames, size)

    def connection_lost(self, reason: str, cause: Optional[BaseException]) -> None:
        self._finished = True
        self._fail_all(reason)

    def deliver(self, delivery: Any) -> None:
        if type(delivery) is links.Ticket:
            self._accept(delivery)
        else:
            delivery()

    def next_deadline(self) -> Optional[float]:
        rules = self._rules
        if rules.watches_calls and self._calls_open != (self._calls_running > 0):
            self._calls_open = not self._calls_open
            rules.on_calls(self._calls_open)
        return rules.deadline

    def handle_deadline(self, now: float) -> None:
        self._rules.handle_deadline(now)

    def farewell(self) -> bytes:
        if not self._draining and not self._finished:
            self.name_last_stream(b"")
        return self.data_to_send()

    def go_away(self) -> None:
        """Announce the end: no new streams, the running ones finish, then the connection closes."""
        if not self._draining and not self._finished:
            self.name_last_stream(b"")

    # ------------------------------------------------------------ what its upkeep has it do

    @property
    def open_streams(self) -> int:
        return len(self._streams)

    @property
    def highest_stream_id(self) -> int:
        return 0

    @property
    def _calls_running(self) -> int:
        """How many of the streams are calls."""
        return len(self._streams)

    def send_ping(self, data: bytes) -> None:
        if not self._finished:
            self._h2.ping(data)

    def announce_end(self, debug_data: bytes) -> None:
        if not self._finished:
            self._h2.send_goaway(_upkeep.ANY_STREAM_ID, h2.errors.ErrorCodes.NO_ERROR, debug_data)

    def name_last_stream(self, debug_data: bytes) -> None:
        if not self._finished:
            self._draining = True
            self._h2.send_goaway(self.highest_stream_id, h2.errors.ErrorCodes.NO_ERROR, debug_data)
            self._finish_if_drained()

    def abort(self, reason: str) -> None:
        if not self._finished:
            self._finished = True
            self._fail_all(reason)
        self.deliveries.append(lambda: self._close(reason))

    def _finish_if_drained(self) -> None:
        if self._draining and not self._streams:
            self._finished = True

    # ------------------------------------------------------------ what the roles add

    def _go_on_sending(self) -> None:
        """Send what has waited for the driver to take the output."""
        raise NotImplementedError()

    def _on_stream_ended(self, event: h2.events.StreamEnded) -> None:
        raise NotImplementedError()

    def _on_stream_reset(self, event: h2.events.StreamReset) -> None:
        raise NotImplementedError()

    def _on_going_away(self, event: h2.events.ConnectionTerminated) -> None:
        raise NotImplementedError()

    def _reject(self, stream: Stream, code: int, details: str) -> None:
        """End a stream whose peer sent what cannot be accepted."""
        raise NotImplementedError()

    def _make_ticket(self, stream: Stream) -> None:
        raise NotImplementedError()

    def _fail_all(self, reason: str) -> None:
        """End all streams; nothing is sent on any of them any more."""
        raise NotImplementedError()

    def _on_settings_changed(self, event: h2.events.RemoteSettingsChanged) -> None:
        self._rules.on_settings()
        self._max_frame_size = self._h2.max_outbound_frame_size
        self._peer_metadata_size = self._h2.remote_settings.max_header_list_size
        self._raw_binary = self._h2.remote_settings.get(_metadata.TRUE_BINARY) == 1

    # ------------------------------------------------------------ tickets

    def _touch(self, stream: Stream) -> None:
        """Have a ticket made of what a stream has gathered, once this read, or this ticket, is taken in."""
        if not stream.touched:
            stream.touched = True
            self._touched.append(stream)

    def _make_tickets(self) -> None:
        """Make the tickets that are due. May be called again while it makes one."""
        while self._touched:
            touched, self._touched = self._touched, []
            for stream in touched:
                self._make_ticket(stream)

    # ------------------------------------------------------------ the register

    def _add(self, stream: Stream) -> None:
        self._streams[stream.stream_id] = stream
        self._operations[stream.operation_id] = stream

    def _remove(self, stream: Stream) -> None:
        """Forget a stream and its operation. May be called again."""
        self._streams.pop(stream.stream_id, None)
        self._operations.pop(stream.operation_id, None)

    def _reset(self, stream: Stream, error_code: Union[int, h2.errors.ErrorCodes]) -> None:
        """Reset a stream, unless HTTP/2 holds it for closed already."""
        try:
            self._h2.reset_stream(stream.stream_id, error_code)
            self._rules.on_own_reset(self._limits.stream_window)
        except (h2.exceptions.StreamClosedError, h2.exceptions.NoSuchStreamError):
            pass
        except h2.exceptions.ProtocolError as error:
            _LOGGER.debug("Stream %d could not be reset: %s", stream.stream_id, error)
