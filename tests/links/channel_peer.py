"""A server that does what the test says, with h2 and nothing above it, and the transport of a client to it."""

from __future__ import annotations

import struct
import threading
from typing import List, Optional, Sequence, Tuple

import h2.errors
import h2.events
import h2.settings

from grpc._io import contract
from grpc._links import _h2_tuning, _messages
from grpc._values.compression import Compression


def frame(payload: bytes) -> bytes:
    """A message as gRPC frames it."""
    return struct.pack(">BI", 0, len(payload)) + payload


def _ending(code: int, trailers: Sequence[Tuple[str, str]]) -> List[Tuple[bytes, bytes]]:
    items = [(name.encode(), value.encode()) for name, value in trailers]
    return [(b"grpc-status", b"%d" % code), *items]


class Transport(contract.Transport):
    """The client's end of two byte queues. What is written is read by the peer at once, and the other way round."""

    def __init__(self, peer_name: str, peer: Peer) -> None:
        self.lock = threading.Lock()
        self._peer_name = peer_name
        self._peer = peer
        self._connection: contract.Connection = None  # type: ignore[assignment]  # set by `run`
        self._delivering = False
        self.closed = False
        self.close_reason = ""
        peer.transport = self

    def run(self, connection: contract.Connection) -> None:
        self._connection = connection
        self.settle()

    @property
    def peer(self) -> str:
        return self._peer_name

    @property
    def auth_context(self) -> Optional[contract.AuthContext]:
        return None

    def set_user_timeout(self, seconds: Optional[float]) -> None:
        pass

    def settle(self) -> None:
        with self.lock:
            data = b"" if self.closed else self._connection.data_to_send()
            finished = self._connection.finished
        if data:
            self._peer.read(data)
        self._deliver()
        if finished and not self.closed:
            self.close("closed by this side")

    def receive(self, data: bytes) -> None:
        """Have bytes of the peer read."""
        with self.lock:
            if not self.closed:
                self._connection.receive_data(data)
        self.settle()

    @property
    def next_deadline(self) -> Optional[float]:
        """When the connection wants to be asked about the time."""
        return self._connection.next_deadline()

    def hold_deliveries(self) -> None:
        """Behave as while another thread delivers: nothing goes upwards until `release_deliveries`."""
        self._delivering = True

    def release_deliveries(self) -> None:
        """Deliver what has been held."""
        self._delivering = False
        self.settle()

    def close(self, reason: str) -> None:
        self.lose(f"{self._peer_name}: {reason}", None)

    def lose(self, reason: str, cause: Optional[BaseException]) -> None:
        """End, for whatever reason."""
        with self.lock:
            if self.closed:
                return
            self.closed = True
            self.close_reason = reason
            self._connection.connection_lost(reason, cause)
        self._deliver()

    def _deliver(self) -> None:
        if self._delivering:
            return
        self._delivering = True
        while self._connection.deliveries:
            self._connection.deliver(self._connection.deliveries.popleft())
        self._delivering = False


# ------------------------------------------------------------ the peer


class Peer:
    """A server that does what the test says."""

    def __init__(self, max_streams: Optional[int] = None) -> None:
        self.transport: Transport = None  # type: ignore[assignment]  # set by the transport
        self._h2 = _h2_tuning.make_connection(False)  # for h2 alone cannot go on after a GOAWAY
        if max_streams is not None:
            settings = {h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: max_streams}
            self._h2.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self._unread: List[bytes] = []
        self._greeted = False
        self.events: List[h2.events.Event] = []

    def greet(self) -> None:
        """Send the settings, and take in what was received before."""
        self._greeted = True
        self._h2.initiate_connection()
        unread, self._unread = self._unread, []
        for data in unread:
            self.events += self._h2.receive_data(data)
        self._say()

    def read(self, data: bytes) -> None:
        """Take bytes of the client."""
        if self._greeted:
            self.events += self._h2.receive_data(data)
        else:
            self._unread.append(data)

    def _say(self) -> None:
        self.transport.receive(self._h2.data_to_send())

    # ------------------------------------------------------------ what was heard

    @property
    def streams(self) -> List[int]:
        """The ids of the streams that were opened, in order."""
        return [event.stream_id for event in self.events if isinstance(event, h2.events.RequestReceived)]

    @property
    def requests(self) -> List[bytes]:
        """What the body of each stream was, in order."""
        bodies = dict.fromkeys(self.streams, b"")
        for event in self.events:
            if isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
        return list(bodies.values())

    @property
    def completed(self) -> List[int]:
        """The streams that the client has ended."""
        return [event.stream_id for event in self.events if isinstance(event, h2.events.StreamEnded)]

    @property
    def resets(self) -> List[int]:
        """The streams that the client has reset."""
        return [event.stream_id for event in self.events if isinstance(event, h2.events.StreamReset)]

    @property
    def left(self) -> bool:
        """Whether the client has said GOAWAY."""
        return any(isinstance(event, h2.events.ConnectionTerminated) for event in self.events)

    def header(self, name: bytes, request: int = -1) -> Optional[bytes]:
        """The value of a header of a request."""
        heard = [event for event in self.events if isinstance(event, h2.events.RequestReceived)][request]
        return dict(heard.headers).get(name)

    # ------------------------------------------------------------ what is said

    def begin_answer(self, stream_id: int) -> None:
        """Send response headers."""
        self._h2.send_headers(stream_id, [(b":status", b"200"), (b"content-type", b"application/grpc")])
        self._say()

    def answer(self, stream_id: int, payload: bytes = b"done") -> None:
        """Send a whole response."""
        self._h2.send_headers(stream_id, [(b":status", b"200"), (b"content-type", b"application/grpc")])
        self._h2.send_data(stream_id, frame(payload))
        self._h2.send_headers(stream_id, [(b"grpc-status", b"0")], end_stream=True)
        self._say()

    def answer_compressed(self, stream_id: int, payload: bytes) -> None:
        """Send a whole response whose message is compressed."""
        gzip = (b"grpc-encoding", b"gzip")
        self._h2.send_headers(stream_id, [(b":status", b"200"), (b"content-type", b"application/grpc"), gzip])
        self._h2.send_data(stream_id, _messages.frame_compressed(payload, Compression.Gzip))
        self._h2.send_headers(stream_id, _ending(0, ()), end_stream=True)
        self._say()

    def send(self, stream_id: int, payload: bytes) -> None:
        """Send a message after `begin_answer`."""
        self._h2.send_data(stream_id, frame(payload))
        self._say()

    def fail(self, stream_id: int, code: int = 14, *trailers: Tuple[str, str]) -> None:
        """End a stream with a status and nothing else: Trailers-Only."""
        fields = [(b":status", b"200"), (b"content-type", b"application/grpc"), *_ending(code, trailers)]
        self._h2.send_headers(stream_id, fields, end_stream=True)
        self._say()

    def answer_at_once(self, stream_id: int, code: int) -> None:
        """Send response headers and trailers, to be taken in one read."""
        self._h2.send_headers(stream_id, [(b":status", b"200"), (b"content-type", b"application/grpc")])
        self._h2.send_headers(stream_id, _ending(code, ()), end_stream=True)
        self._say()

    def end_answer(self, stream_id: int, code: int = 14, *trailers: Tuple[str, str]) -> None:
        """End a stream after `begin_answer`."""
        self._h2.send_headers(stream_id, _ending(code, trailers), end_stream=True)
        self._say()

    def say_no_grpc(self, stream_id: int, http_status: bytes) -> None:
        """Answer as an HTTP server that knows nothing of gRPC."""
        self._h2.send_headers(stream_id, [(b":status", http_status), (b"content-type", b"text/html")], end_stream=True)
        self._say()

    def reset(self, stream_id: int, error_code: int) -> None:
        """Reset a stream for whatever reason."""
        self._h2.reset_stream(stream_id, error_code)
        self._say()

    def refuse(self, stream_id: int) -> None:
        """Reset a stream that was not processed."""
        self._h2.reset_stream(stream_id, h2.errors.ErrorCodes.REFUSED_STREAM)
        self._say()

    def go_away(self, last_stream_id: int) -> None:
        """Take no more streams."""
        self._h2.send_goaway(last_stream_id)
        self._say()

    def say_raw(self, data: bytes) -> None:
        """Send bytes that h2 would not."""
        self.transport.receive(data)

    def complain_of_pings(self) -> None:
        """Take no more streams, because the client pings too much."""
        self._h2.send_goaway(0, h2.errors.ErrorCodes.ENHANCE_YOUR_CALM, b"too_many_pings")
        self._say()

    def hang_up(self, cause: Optional[BaseException] = None) -> None:
        """Close the socket."""
        self.transport.lose(f"{self.transport.peer}: the peer closed the connection", cause)
