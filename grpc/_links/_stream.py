"""One RPC on a connection: what is under way in each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Hashable, List, Optional, Sequence, Tuple

from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links import _flow, _messages, _requests
    from grpc._links._waiting import Waiting
    from grpc._values import contexts


class Stream:
    """The state of a stream as gRPC sees it; HTTP/2's own state of it is h2's.

    What arrives within one read is gathered here and leaves as one ticket when the read has been taken in.
    """

    # Values at the beginning, in the class: most RPCs never change most of them, and so need not set them.

    # The number of the next ticket for the End.
    next_ticket = 0
    headers_sent = False
    # Whether the End has said its last word. Our direction ends when the outbox is empty, too.
    ended_locally = False
    ended_remotely = False

    # Bytes that wait for the peer's windows; None while none have to.
    outbox: Optional[_flow.Outbox] = None
    # What ends our direction once the outbox is empty: a service's trailers.
    trailers: Optional[Sequence[Tuple[bytes, bytes]]] = None
    # The number of the algorithm for outgoing messages.
    compression = 0
    # The longest message that the service config lets a client send; None if it does not say.
    longest_sent: Optional[int] = None
    # How many more payloads our End may send.
    leave = links.INITIAL_ALLOWANCE

    # How many more payloads our End takes.
    allowed = links.INITIAL_ALLOWANCE
    # What has arrived and is no message yet, or one that is not allowed; None while there never was any, unless every
    # message has to pass through it.
    reader: Optional[_messages.MessageReader] = None
    # The number of the algorithm for incoming messages.
    encoding = 0
    # What our End was given and may not have consumed; None as long as that does not matter.
    unconsumed: Optional[_flow.Unconsumed] = None
    # What has arrived and was not given back to the peer. How much of the connection's window is kept back because of
    # this stream, should that become necessary.
    owed = 0
    held = 0

    # The first ticket, and those that followed, for as long as a server that refuses the stream surely has not
    # processed it and it may be tried again.
    first: Optional[links.Ticket] = None
    waiting: Optional[Waiting] = None

    # Gathered for the next ticket.
    touched = False
    request: Optional[_requests.Request] = None
    initial_metadata: Optional[Any] = None
    terminal_metadata: Optional[Any] = None
    code: Optional[int] = None
    message: Optional[str] = None
    termination: Optional[links.Ticket.Termination] = None
    # Further payloads that our End may send.
    allowance = 0

    # What a servicer may know and choose.
    context: Optional[contexts.RpcContext] = None
    # How long the client waits, in seconds.
    timeout: Optional[float] = None

    def __init__(self, operation_id: Hashable, stream_id: int) -> None:
        self.operation_id = operation_id
        self.stream_id = stream_id
        self.payloads: List[bytes] = []

    def __repr__(self) -> str:
        local = "ended" if self.ended_locally else "open"
        remote = "ended" if self.ended_remotely else "open"
        return f"<Stream {self.stream_id}: {local} here, {remote} there>"
