"""One RPC on a connection: what is under way in each direction."""

from __future__ import annotations

from typing import Any, Deque, Hashable, List, Optional, Tuple, Union

from grpc._links import _messages


class Stream:
    """The state of a stream as gRPC sees it; HTTP/2's own state of it is h2's.

    What arrives within one read is gathered here and leaves as one ticket when the read has been taken in.
    """

    __slots__ = (
        "code",
        "ended_locally",
        "ended_remotely",
        "headers_sent",
        "initial_metadata",
        "message",
        "next_ticket",
        "operation_id",
        "outbox",
        "payloads",
        "reader",
        "request",
        "stream_id",
        "terminal_metadata",
        "termination",
        "touched",
        "trailers",
    )

    def __init__(self, operation_id: Hashable, stream_id: int) -> None:
        self.operation_id = operation_id
        self.stream_id = stream_id
        self.next_ticket = 0
        self.headers_sent = False
        self.ended_locally = False
        self.ended_remotely = False
        # Bytes that wait for the flow-control window; None while none ever had to.
        self.outbox: Optional[Deque[Union[bytes, memoryview]]] = None
        # What ends our direction once the outbox is empty: a service's trailers.
        self.trailers: Optional[List[Tuple[bytes, bytes]]] = None
        self.reader: Optional[_messages.MessageReader] = None
        # Gathered for the next ticket.
        self.touched = False
        self.request: Optional[Any] = None
        self.initial_metadata: Optional[Any] = None
        self.payloads: List[bytes] = []
        self.terminal_metadata: Optional[Any] = None
        self.code: Optional[int] = None
        self.message: Optional[str] = None
        self.termination: Optional[Any] = None

    def __repr__(self) -> str:
        local = "ended" if self.ended_locally else "open"
        remote = "ended" if self.ended_remotely else "open"
        return f"<Stream {self.stream_id}: {local} here, {remote} there>"
