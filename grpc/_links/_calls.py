"""Operations on their way to streams: a client's tickets in, and what becomes of those that get no stream.

An operation that finds the peer's limit on streams reached waits in order. One that the server surely has not
processed (it never got a stream, GOAWAY left it out, REFUSED_STREAM) is given back to be tried elsewhere: any number of
times as long as nothing of it was sent, and once after that (gRFC A6). What is said meanwhile is kept with it. Where
nobody takes it back it fails with SHUTDOWN, as nothing else does here.
"""

from __future__ import annotations

import collections
import functools
from typing import TYPE_CHECKING, Callable, Dict, Hashable, Optional
from typing import OrderedDict as OrderedDictType

import h2.errors
import h2.exceptions

from grpc._links import _messages, _metadata, _statuses, _transfer
from grpc._links._stream import Stream
from grpc._links._waiting import Waiting
from grpc._values import status
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._links._request_headers import RequestHeaders
    from grpc._links._service_config import MethodConfig, ServiceConfig
    from grpc._values.limits import Limits

_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION

_LAST_STREAM_ID = 2**31 - 1


class Aside:
    """The id of an operation that is the channel's own, beside the calls of its End: it knows who hears its tickets."""

    __slots__ = ("accept",)

    def __init__(self, accept: Callable[[links.Ticket], None]) -> None:
        """Make an id unlike any other.

        Args:
          accept: Takes the tickets of the operation, as an End takes those of its own.
        """
        self.accept = accept


class CallingConnection(_transfer.TransferConnection):
    """The half of a client's connection that tickets go into."""

    def __init__(
        self,
        limits: Limits,
        accept: Callable[[links.Ticket], None],
        headers: RequestHeaders,
        going_away: Callable[[], None],
        refused: Optional[Callable[[Hashable], None]],
        clock: Callable[[], float],
        replay_bound: Optional[int],
        config: ServiceConfig,
    ) -> None:
        """See `ClientConnection`."""
        super().__init__(True, limits, accept)
        self._headers = headers
        self._going_away = going_away
        self._refused = refused
        self._clock = clock
        self._replay_bound = replay_bound
        self.prescribe(config)
        self._next_stream_id = 1
        self._max_streams = 2**31
        # Operations that wait until the peer allows another stream, in order; and those that are being given back.
        self._queued: OrderedDictType[Hashable, Waiting] = collections.OrderedDict()
        self._returned: Dict[Hashable, Waiting] = {}
        # The last operation that is no call, and how many there were.
        self._aside: Optional[Aside] = None
        self._asides = 0
        self._accept_call = accept

    def prescribe(self, config: ServiceConfig) -> None:
        """Have operations that begin from now on keep to a service config."""
        # What is prescribed for a method's messages; None if nothing is for any.
        self._prescribed = config.method if config.bounds_messages else None

    @property
    def open(self) -> bool:
        """Whether new operations may be begun here."""
        return not self._draining and not self._finished

    def holds(self, operation_id: Hashable) -> bool:
        """Whether an operation runs, or waits, here."""
        return operation_id in self._operations or operation_id in self._queued or operation_id in self._returned

    @property
    def begun(self) -> int:
        """How many calls were given a stream so far; it is the growth that counts."""
        return self._next_stream_id // 2 - self._asides

    # ------------------------------------------------------------ tickets in

    def send(self, ticket: links.Ticket) -> None:
        """Take a ticket of an operation that is new or runs here."""
        stream = self._operations.get(ticket.operation_id)
        if stream is not None:
            self._send_on(stream, ticket)
        elif ticket.sequence_number == 0:
            if len(self._streams) < self._max_streams and not self._queued:
                self._begin(ticket, None)
            else:
                self._enqueue(Waiting(ticket))
        else:
            for register in (self._queued, self._returned):
                waiting = register.get(ticket.operation_id)
                if waiting is not None and not waiting.add(ticket):
                    del register[ticket.operation_id]  # given up before it began: nobody need know
        if self._touched:
            self._make_tickets()

    def begin(self, waiting: Waiting) -> None:
        """Take an operation that has waited elsewhere, with all that its End has said meanwhile."""
        if len(self._streams) < self._max_streams and not self._queued:
            self._begin_waiting(waiting)
        else:
            self._enqueue(waiting)
        if self._touched:
            self._make_tickets()

    def begin_aside(self, ticket: links.Ticket) -> None:
        """Take the first ticket of an operation whose id is an `Aside`. The last one of that kind has ended.

        It runs as others do, and may wait for the peer's leave to open a stream. But it is no call: it keeps nobody
        busy, no PING goes out for its sake, it keeps to no service config, and is not given back to be tried elsewhere.
        """
        assert isinstance(ticket.operation_id, Aside)
        self._aside = ticket.operation_id
        self._asides += 1
        self._accept = self._accept_for
        self.send(ticket)

    def _accept_for(self, ticket: links.Ticket) -> None:
        operation_id = ticket.operation_id
        if type(operation_id) is Aside:
            operation_id.accept(ticket)
        else:
            self._accept_call(ticket)

    @property
    def _calls_running(self) -> int:
        if self._aside is None:
            return len(self._streams)
        stream = self._operations.get(self._aside)
        return len(self._streams) - (stream is not None and stream.stream_id in self._streams)

    def take_back(self, operation_id: Hashable) -> Optional[Waiting]:
        """Fetch an operation that the server has not processed; None if its End has given it up meanwhile."""
        return self._returned.pop(operation_id, None)

    def _enqueue(self, waiting: Waiting) -> None:
        waiting.since = self._clock()
        self._queued[waiting.operation_id] = waiting

    def _begin_queued(self) -> None:
        while self._queued and len(self._streams) < self._max_streams and self.open:
            _, waiting = self._queued.popitem(last=False)
            # "The client sends the remaining time at the moment the headers go out."
            waiting.spend(self._clock())
            self._begin_waiting(waiting)

    def _begin_waiting(self, waiting: Waiting) -> None:
        self._begin(waiting.first, waiting)
        for ticket in waiting.tickets[1:]:
            stream = self._operations.get(waiting.operation_id)
            if stream is not None:
                self._send_on(stream, ticket)
        stream = self._operations.get(waiting.operation_id)
        if stream is not None and not stream.ended_locally:
            # What the End has leave for, it had before all this was said (again).
            stream.leave = waiting.leave
            stream.allowance = 0
            self._renew_leave(stream)

    def _begin(self, ticket: links.Ticket, waiting: Optional[Waiting]) -> None:
        """Open a stream.

        Args:
          ticket: The operation's first one.
          waiting: The operation, if it has waited.
        """
        protocol = ticket.protocol
        config = None
        if self._prescribed is not None and ticket.operation_id is not self._aside:
            config = self._prescribed(ticket.group, ticket.method)
        compression = self._limits.compression
        authority = None
        if protocol is not None:
            authority = protocol.value.authority
            if protocol.value.compression is not None:
                compression = int(protocol.value.compression)
        if not self._limits.compresses:
            compression = 0
        try:
            fields = self._headers.of(ticket, compression, authority, self._raw_binary)
            if ticket.initial_metadata:
                _metadata.check_sendable_block(fields, self._peer_metadata_size, "request metadata")
            data = None if ticket.payload is None else self._framed(ticket, compression)
            if config is not None:
                _messages.check_prescribed(ticket, config.max_request_bytes)
        except (_metadata.MetadataError, _messages.MessageError) as error:
            number = 0 if waiting is None else waiting.next_ticket
            self.deliveries.append(failure(ticket.operation_id, number, error.code, error.details))
            return
        stream = Stream(ticket.operation_id, self._next_stream_id)
        try:
            self._h2.send_headers(stream.stream_id, fields)
        except h2.exceptions.TooManyStreamsError:
            # Its settings have changed within the read that is being handled, and the event is still to come.
            self._max_streams = len(self._streams)
            self._queued[ticket.operation_id] = Waiting(ticket) if waiting is None else waiting
            self._queued.move_to_end(ticket.operation_id, last=False)
            return
        self._next_stream_id += 2
        self._rules.sent = True
        self._add(stream)
        if waiting is None:
            stream.first = ticket
        else:
            stream.next_ticket = waiting.next_ticket
            if not waiting.replayed:
                stream.first = ticket
                # The tickets that follow are about to be recorded anew.
                stream.waiting = Waiting(ticket)
                stream.waiting.since = waiting.since
        if compression:
            stream.compression = compression
        if config is not None:
            self._prescribe(stream, config)
        completes = ticket.termination is _COMPLETION
        if completes:
            stream.ended_locally = True
        if data is not None:
            self._send_framed(stream, data, completes)
            if not completes:
                self._use_leave(stream, ticket)
        elif completes:
            self._h2.end_stream(stream.stream_id)
        if ticket.allowance is not None:
            self._allow(stream, ticket.allowance)
        if self._next_stream_id > _LAST_STREAM_ID:
            self._run_out()

    def _prescribe(self, stream: Stream, config: MethodConfig) -> None:
        """Have a stream's messages checked against the service config."""
        stream.longest_sent = config.max_request_bytes
        longest = config.max_response_bytes
        if longest is not None and longest < self._longest:
            # A reader that is there before the first message has every message pass through it.
            stream.reader = _messages.MessageReader(longest, stream.encoding, _messages.PRESCRIBED)

    def _run_out(self) -> None:
        """Take no more operations: there are no more numbers for streams."""
        if not self._draining:
            self._draining = True
            self.deliveries.append(self._going_away)
            self._return_queued("the connection has no stream numbers left")

    def _send_on(self, stream: Stream, ticket: links.Ticket) -> None:
        termination = ticket.termination
        if termination is not None and termination is not _COMPLETION:
            # The operation is over here for whatever reason: the service need not go on.
            self._end(stream, h2.errors.ErrorCodes.CANCEL)
            return
        if stream.first is not None:
            self._record(stream, ticket)
        if ticket.allowance is not None:
            self._allow(stream, ticket.allowance)
        if ticket.payload is None and termination is None:
            return
        if stream.termination is not None or stream.stream_id not in self._streams:
            return  # the server has said its last word already, and wants to hear nothing more
        completes = termination is _COMPLETION
        if ticket.payload is None:
            stream.ended_locally = True
            if stream.outbox is None:  # else the outbox ends the stream when it is empty
                self._h2.end_stream(stream.stream_id)
            return
        try:
            data = self._framed(ticket, stream.compression)
            if stream.longest_sent is not None:
                _messages.check_prescribed(ticket, stream.longest_sent)
        except _messages.MessageError as error:
            self.deliveries.append(failure(stream.operation_id, stream.next_ticket, error.code, error.details))
            self._end(stream, _statuses.reset_of_status(error.code))
            return
        if completes:
            stream.ended_locally = True
        self._send_framed(stream, data, completes)
        if not completes:
            self._use_leave(stream, ticket)

    def _end(self, stream: Stream, error_code: int) -> None:
        """Forget an operation; its stream is reset if it has one."""
        runs = stream.stream_id in self._streams
        self._remove(stream)
        if runs:
            self._reset(stream, error_code)
            self._stream_is_over()
        self._tell_if_over()

    def _tell_if_over(self) -> None:
        """Take the news that an operation is over."""
        raise NotImplementedError()

    def _stream_is_over(self) -> None:
        if self._queued:
            self._begin_queued()
        self._finish_if_drained()

    # ------------------------------------------------------------ operations that the server has not processed

    def _record(self, stream: Stream, ticket: links.Ticket) -> None:
        """Keep what would have to be said again."""
        if stream.waiting is None:
            assert stream.first is not None
            stream.waiting = Waiting(stream.first)
        if self._replay_bound is None or not stream.waiting.record(ticket, self._replay_bound):
            stream.first = stream.waiting = None

    def _refuse(self, stream: Stream, reason: str) -> None:
        """Give an operation back, if it can be tried again."""
        self._remove(stream)
        if stream.first is None or self._refused is None or self._replay_bound is None:
            self.deliveries.append(refusal(stream.operation_id, stream.next_ticket, reason))
            return
        waiting = Waiting(stream.first) if stream.waiting is None else stream.waiting
        waiting.replayed = True
        waiting.next_ticket = stream.next_ticket
        waiting.leave = stream.leave
        self._return(waiting, reason)

    def _return(self, waiting: Waiting, reason: str) -> None:
        operation_id = waiting.operation_id
        if self._refused is None or operation_id is self._aside:
            self.deliveries.append(refusal(operation_id, waiting.next_ticket, reason))
        else:
            self._returned[operation_id] = waiting
            self.deliveries.append(functools.partial(self._refused, operation_id))

    def _return_queued(self, reason: str) -> None:
        while self._queued:
            self._return(self._queued.popitem(last=False)[1], reason)


def failure(operation_id: Hashable, sequence_number: int, code: int, message: str) -> links.Ticket:
    """The last ticket of an operation that this side failed; the server may have processed some of it."""
    return links.Ticket(
        operation_id,
        sequence_number,
        code=code,
        message=message,
        # As the server would say: it is this side that is to blame.
        termination=_Termination.REMOTE_FAILURE,
    )


def refusal(operation_id: Hashable, sequence_number: int, message: str) -> links.Ticket:
    """The last ticket of an operation that the server surely has not processed: no other kind ends with SHUTDOWN."""
    return links.Ticket(
        operation_id, sequence_number, code=status.UNAVAILABLE, message=message, termination=_Termination.SHUTDOWN
    )
