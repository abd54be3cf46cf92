"""One of our connections and a raw peer: h2 as it comes on the other side, bytes between, nothing else.

`ClientRig` holds a `ClientConnection` and plays the server, `ServerRig` a `ServerConnection` and plays the client. The
peer takes every byte at once. It gives no window back and answers nothing but SETTINGS and PING unless the test says
so. `tickets` is what the End was told.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Dict, Hashable, Iterable, List, Optional, Sequence, Tuple, Type, Union

import h2.config
import h2.connection
import h2.events
import h2.settings
from hpack import Encoder

from grpc._links._client import ClientConnection
from grpc._links._request_headers import RequestHeaders
from grpc._links._server import ServerConnection
from grpc._values.contexts import ServiceContext
from grpc._values.limits import Limits
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from hyperframe.frame import Frame

Ticket = links.Ticket
Termination = links.Ticket.Termination
COMPLETION = Termination.COMPLETION
CANCELLATION = Termination.CANCELLATION
FULL = links.Ticket.Subscription.FULL

Codes = h2.settings.SettingCodes
Fields = List[Tuple[bytes, bytes]]

RESPONSE: Fields = [(b":status", b"200"), (b"content-type", b"application/grpc")]
REQUEST: Fields = [
    (b":method", b"POST"),
    (b":scheme", b"http"),
    (b":path", b"/pkg.Svc/Do"),
    (b":authority", b"test.example"),
    (b"te", b"trailers"),
    (b"content-type", b"application/grpc"),
]


def frame(payload: bytes, flag: int = 0) -> bytes:
    """A message as gRPC frames it."""
    return struct.pack(">BI", flag, len(payload)) + payload


def setting_frame(number: int, value: int) -> bytes:
    """A SETTINGS frame with one setting; hyperframe writes none above 255."""
    return struct.pack(">IBIHI", 6 << 8 | 4, 0, 0, number, value)


def messages(data: bytes) -> List[Tuple[int, bytes]]:
    """The flags and the contents of the messages that some bytes are."""
    found = []
    while data:
        flag, length = struct.unpack_from(">BI", data)
        assert len(data) >= 5 + length
        found.append((flag, data[5 : 5 + length]))
        data = data[5 + length :]
    return found


class _Rig:
    """What both rigs have in common."""

    def __init__(self, connection: Any, client_side: bool, settings: Optional[Dict[int, int]]) -> None:
        self.connection = connection
        config = h2.config.H2Configuration(
            client_side=client_side,
            header_encoding=None,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.peer = h2.connection.H2Connection(config)
        if settings:
            initial: Any = {Codes.MAX_CONCURRENT_STREAMS: 100, **settings}
            self.peer.local_settings = h2.settings.Settings(client=client_side, initial_values=initial)
        self.tickets: List[links.Ticket] = []
        self.events: List[h2.events.Event] = []
        self.peer.initiate_connection()

    # ------------------------------------------------------------ bytes

    def pump(self) -> None:
        """Carry bytes until neither side has any, then deliver."""
        while True:
            ours = self.connection.data_to_send()
            if ours:
                self.events += self.peer.receive_data(ours)
            theirs = self.peer.data_to_send()
            if not theirs and not ours:
                break
            if theirs:
                self.connection.receive_data(theirs)
        self.deliver()

    def flush(self) -> None:
        """Carry what the peer has to say in one read, then whatever follows."""
        self.receive(self.peer.data_to_send())

    def receive(self, *parts: Union[bytes, Frame]) -> None:
        """Have our side read these bytes and frames at once, then whatever follows."""
        data = b"".join([part if isinstance(part, bytes) else part.serialize() for part in parts])
        self.connection.receive_data(data)
        self.pump()

    def open(self, amount: int, stream_id: Optional[int] = None) -> None:
        """Have the peer open one of its windows, the connection's if no stream is named."""
        self.peer.increment_flow_control_window(amount, stream_id)
        self.flush()

    def set(self, **values: int) -> None:
        """Have the peer change its settings."""
        self.peer.update_settings({getattr(Codes, name): value for name, value in values.items()})
        self.flush()

    def answer_to(self, *parts: Union[bytes, Frame]) -> List[int]:
        """The types of the frames with which our side answers to one read; the peer does not get them."""
        data = b"".join([part if isinstance(part, bytes) else part.serialize() for part in parts])
        self.connection.receive_data(data)
        answer = self.connection.data_to_send()
        kinds = []
        while answer:
            kinds.append(answer[3])
            answer = answer[9 + int.from_bytes(answer[:3], "big") :]
        return kinds

    def deliver(self) -> None:
        """Deliver what is due."""
        while self.connection.deliveries:
            self.connection.deliver(self.connection.deliveries.popleft())

    def send(self, ticket: links.Ticket) -> None:
        """Have our side take a ticket."""
        self.connection.send(ticket)
        self.pump()

    # ------------------------------------------------------------ what was heard

    def heard(self, kind: Type[Any], stream_id: Optional[int] = None) -> List[Any]:
        """The peer's events of a kind, of one stream or of all."""
        found: List[Any] = [event for event in self.events if type(event) is kind]
        return [event for event in found if stream_id is None or event.stream_id == stream_id]

    def data(self, stream_id: int = 1) -> bytes:
        """All the DATA that the peer has got on a stream."""
        return b"".join(event.data for event in self.heard(h2.events.DataReceived, stream_id))

    def resets(self, stream_id: int = 1) -> List[int]:
        """The error codes of the resets that the peer has got on a stream."""
        return [int(event.error_code) for event in self.heard(h2.events.StreamReset, stream_id)]

    def told(self, operation_id: Hashable) -> List[links.Ticket]:
        """What the End was told of an operation."""
        return [ticket for ticket in self.tickets if ticket.operation_id == operation_id]

    def payloads(self, operation_id: Hashable) -> List[Any]:
        """The payloads that the End was given of an operation."""
        found: List[Any] = []
        for ticket in self.told(operation_id):
            if ticket.payload is not None:
                found += [ticket.payload, *ticket.further_payloads]
        return found

    def granted(self, operation_id: Hashable) -> int:
        """How many payloads the End was allowed to send beyond the first."""
        return sum(ticket.allowance or 0 for ticket in self.told(operation_id))

    def given_back(self, stream_id: int = 0) -> int:
        """How much of a window the peer was given back."""
        return sum(event.delta for event in self.heard(h2.events.WindowUpdated) if event.stream_id == stream_id)

    @property
    def left(self) -> Tuple[int, int]:
        """How many streams and operations our side still knows."""
        return len(self.connection._streams), len(self.connection._operations)


class ClientRig(_Rig):
    """Our client, and a raw server."""

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  # immutable
        settings: Optional[Dict[int, int]] = None,
        *,
        user_agent: str = "grpc-test/1",
        greet: bool = True,
        **extra: Any,
    ) -> None:
        self.notes: List[str] = []
        connection = ClientConnection(
            limits,
            lambda ticket: self.tickets.append(ticket),
            RequestHeaders("http", "test.example", user_agent, limits.accepted_compression),
            lambda: self.notes.append("ready"),
            lambda: self.notes.append("going away"),
            lambda reason, cause: self.notes.append(f"lost: {reason}"),
            **extra,
        )
        super().__init__(connection, False, settings)
        if greet:
            self.pump()

    def call(
        self,
        operation_id: Hashable = "one",
        payload: Optional[bytes] = b"hello",
        *,
        whole: bool = True,
        options: Any = None,
        **fields: Any,
    ) -> None:
        """Begin an operation; a unary request unless `whole` is false."""
        protocol = None if options is None else links.Protocol(links.Protocol.Kind.CALL_OPTION, options)
        fields.setdefault("termination", COMPLETION if whole else None)
        fields.setdefault("group", "pkg.Svc")
        fields.setdefault("method", "Do")
        self.send(links.Ticket(operation_id, 0, subscription=FULL, payload=payload, protocol=protocol, **fields))

    def say(
        self, number: int, *payloads: bytes, operation_id: Hashable = "one", last: bool = False, **fields: Any
    ) -> None:
        """Go on with an operation."""
        self.send(
            links.Ticket(
                operation_id,
                number,
                payload=payloads[0] if payloads else None,
                further_payloads=tuple(payloads[1:]),
                **{"termination": COMPLETION if last else None, **fields},
            )
        )

    def request(self, number: int = -1) -> Fields:
        """The header block of a request."""
        return [(bytes(name), bytes(value)) for name, value in self.heard(h2.events.RequestReceived)[number].headers]

    def respond(self, *body: bytes, fields: Iterable[Tuple[bytes, bytes]] = RESPONSE, stream_id: int = 1) -> None:
        """Queue response headers and DATA."""
        self.peer.send_headers(stream_id, list(fields))
        for data in body:
            self.peer.send_data(stream_id, data)

    def conclude(self, fields: Sequence[Tuple[bytes, bytes]] = ((b"grpc-status", b"0"),), stream_id: int = 1) -> None:
        """Queue trailers."""
        self.peer.send_headers(stream_id, list(fields), end_stream=True)

    def ending(self, operation_id: Hashable = "one") -> Tuple[Any, Any, Any]:
        """Code, message and termination of an operation, which has ended."""
        last = self.told(operation_id)[-1]
        assert last.termination is not None
        return last.code, last.message, last.termination


class ServerRig(_Rig):
    """Our server, and a raw client."""

    BASE = 1 << 32

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008  # immutable
        settings: Optional[Dict[int, int]] = None,
        context: ServiceContext = ServiceContext("ipv4:192.0.2.1:5"),  # noqa: B008  # immutable
        *,
        greet: bool = True,
        **extra: Any,
    ) -> None:
        self.notes: List[str] = []
        connection = ServerConnection(
            limits,
            lambda ticket: self.tickets.append(ticket),
            1,
            context,
            lambda number: self.notes.append(f"lost {number}"),
            **extra,
        )
        super().__init__(connection, True, settings)
        if greet:
            self.pump()

    def id(self, stream_id: int = 1) -> int:
        """The operation of a stream."""
        return self.BASE | stream_id

    def call(
        self,
        body: Optional[bytes] = b"",
        *,
        fields: Iterable[Tuple[bytes, bytes]] = REQUEST,
        extra: Iterable[Tuple[bytes, bytes]] = (),
        stream_id: int = 1,
        whole: bool = True,
    ) -> None:
        """Send a request: its headers, some DATA, and its end if it is whole."""
        self.peer.send_headers(stream_id, [*fields, *extra], end_stream=whole and not body)
        if body:
            self.peer.send_data(stream_id, body, end_stream=whole)
        self.flush()

    def answer(self, *payloads: bytes, stream_id: int = 1, number: int = 0, last: bool = True, **fields: Any) -> None:
        """Have the End answer."""
        if last:
            fields.setdefault("termination", COMPLETION)
            fields.setdefault("code", 0)
        self.send(
            links.Ticket(
                self.id(stream_id),
                number,
                payload=payloads[0] if payloads else None,
                further_payloads=tuple(payloads[1:]),
                **fields,
            )
        )

    def response(self, stream_id: int = 1) -> Dict[bytes, bytes]:
        """The header block that began a response."""
        (event,) = self.heard(h2.events.ResponseReceived, stream_id)
        return dict(event.headers)

    def trailers(self, stream_id: int = 1) -> Dict[bytes, bytes]:
        """The header block that ended a response, which was not the only one."""
        (event,) = self.heard(h2.events.TrailersReceived, stream_id)
        return dict(event.headers)

    def status(self, stream_id: int = 1) -> Tuple[bytes, bytes]:
        """The gRPC status and message of a response, in whichever block they came."""
        ended = self.heard(h2.events.TrailersReceived, stream_id)
        fields = self.trailers(stream_id) if ended else self.response(stream_id)
        return fields[b"grpc-status"], fields.get(b"grpc-message", b"")


def header_block(fields: Iterable[Tuple[bytes, bytes]]) -> bytes:
    """HPACK that leaves every table alone."""
    return bytes(Encoder().encode([(name, value, True) for name, value in fields]))
