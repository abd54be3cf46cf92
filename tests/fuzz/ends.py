"""The End above a connection: says what a script has it say, within the rules of tickets, and judges what it hears.

An End's verbs, each with the number of an open operation and a size:

    begin     (client) another operation; the number's bits choose how
    waited    (client) another operation that has waited elsewhere, with all it has said meanwhile
    say       one payload or more, as far as there is leave for them
    head      (server) initial metadata
    complete  its direction is complete; a service's answer ends with a status that the number chooses
    unary     (server) the whole answer in one ticket
    abort     any termination but COMPLETION
    refuse    (server) refused before anything was done for it
    grant     allowance for further payloads

What it says may be unfit for the wire where a customer could have it so: metadata, a payload that is no bytes or too
long, a method that is no path.
"""

from __future__ import annotations

import random
from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

from grpc._links._waiting import Waiting
from grpc._values.contexts import CallOptions, Compressed, RpcContext, Uncompressed
from grpc.framework.interfaces.links import links
from tests.fuzz.bounds import LONGEST_MESSAGE, MOST_PAYLOADS

Ticket = links.Ticket
_Termination = links.Ticket.Termination
_COMPLETION = _Termination.COMPLETION
_ABORTIONS = tuple(termination for termination in _Termination if termination is not _COMPLETION)

METADATA: Tuple[Any, ...] = (
    None,
    (),
    (("key", "value"),),
    (("key", "value"), ("blob-bin", b"\0\xff")),
    (("key", " spaces "), ("authorization", "x" * 300)),
    (("key", "line\nfeed"),),
    (("Upper", "case"),),
    (("grpc-status", "7"),),
    ((":path", "/elsewhere"),),
    (("blob-bin", 7),),
    ((b"key", "value"),),
    (("key", "é"),),
    tuple((f"key-{number}", "v" * 100) for number in range(40)),
    tuple((f"key-{number}", "v" * 1000) for number in range(40)),
)
MESSAGES: Tuple[Optional[str], ...] = (None, "", "well", "50 % größer\n", "\ud800 alone", "m" * 3000, "\0\x7f")
CODES: Tuple[Optional[int], ...] = (None, 0, 0, 5, 13, 16, 99)

# As many as can be sent; every fifth choice is among all.
_FIT = 5


def metadata_of(choice: int) -> Any:
    """Metadata: fit to be sent for the most part."""
    return METADATA[choice // _FIT % len(METADATA)] if choice % _FIT == _FIT - 1 else METADATA[choice % _FIT]


NO_REFLEX, GENEROUS, ANSWERING, ANGRY = range(4)
"""What an End does at once when it hears something: nothing; grants what it got; answers what is complete; aborts."""


class RuleError(AssertionError):
    """A ticket that breaks the rules, or is missing."""


def payload_of(number: int, size: int) -> Any:
    """A payload: mostly what bytes there are, sometimes what a customer's serializer should not give."""
    size = min(size, LONGEST_MESSAGE)
    kind = number % 16
    if kind == 13:
        return bytearray(size)
    if kind == 14:
        return memoryview(bytes(size))
    if kind == 15:
        return "no bytes" if number % 3 else Uncompressed(bytes(size))
    return bytes(size) if kind % 2 else random.Random(size).randbytes(size)


class Operation:
    """One operation as an End sees it."""

    def __init__(self, operation_id: Hashable, home: Any) -> None:
        self.operation_id = operation_id
        self.home = home
        # In: how many tickets and payloads were heard, and how many payloads may be.
        self.heard = 0
        self.payloads = 0
        self.allowed = links.INITIAL_ALLOWANCE
        self.has_metadata = False
        # Out.
        self.said = 0
        self.leave = links.INITIAL_ALLOWANCE
        self.spoken = False  # whether initial metadata or a payload was said
        self.completed_here = False
        self.completed_there = False
        # How it ended: by which termination, and whether the ticket of that was the last that may ever be heard; or
        # given up by this End, and then so many tickets may be under way still.
        self.ended: Optional[_Termination] = None
        self.aborted = False
        self.given_up = False
        self.under_way = 0
        self.context: Optional[RpcContext] = None

    def __repr__(self) -> str:
        return f"<Operation {self.operation_id!r}: {self.heard} heard, {self.said} said, ended: {self.ended}>"

    @property
    def over(self) -> bool:
        """Whether nothing can be said any more."""
        return self.ended is not None or self.given_up


class End:
    """See the module. `carry` takes tickets down and has done with them what a driver does."""

    def __init__(self, client_side: bool, reflex: int, carry: Callable[[Any, Callable[[Any], None]], None]) -> None:
        """Begin without operations.

        Args:
          client_side: Whether it is the invocation side.
          reflex: What it does at once; see `NO_REFLEX` and the others.
          carry: Called with a connection and what to do with it.
        """
        self._client_side = client_side
        self._reflex = reflex
        self._carry = carry
        self.home: Any = None
        # All that are not over, in order; and all that there ever were on the connections that still are.
        self.open: Dict[Hashable, Operation] = {}
        self.known: Dict[Hashable, Operation] = {}
        self.returned: List[Waiting] = []
        self.begun = 0
        self.ended = 0

    # ------------------------------------------------------------ what it hears

    def accept(self, ticket: Ticket) -> None:
        """Hear a ticket, judge it, and do what the reflex is."""
        operation = self.known.get(ticket.operation_id)
        if operation is None:
            operation = self._meet(ticket)
        if operation.aborted:
            raise RuleError(f"{ticket} after {operation} has ended")
        if ticket.sequence_number != operation.heard:
            raise RuleError(f"{ticket} is not number {operation.heard} of {operation}")
        operation.heard += 1
        if operation.given_up:
            operation.under_way -= 1
            if operation.under_way < 0:
                raise RuleError(f"{ticket} was not under way when {operation} was given up")
        elif operation.ended is not None:
            # A service that has answered is told no more than it was, until nobody reads the answer: the End drops it.
            operation.aborted = ticket.termination not in (None, _COMPLETION)
        else:
            self._judge(operation, ticket)
            self._react(operation, ticket)

    def _meet(self, ticket: Ticket) -> Operation:
        if self._client_side:
            raise RuleError(f"{ticket} of an operation that was never begun")
        if ticket.sequence_number or ticket.group is None or ticket.method is None or ticket.subscription is None:
            raise RuleError(f"{ticket} begins no operation")
        if ticket.termination not in (None, _COMPLETION):
            raise RuleError(f"{ticket} aborts what has not begun")
        operation = Operation(ticket.operation_id, self.home)
        if ticket.protocol is not None:
            operation.context = ticket.protocol.value
        self.begun += 1
        self.open[ticket.operation_id] = self.known[ticket.operation_id] = operation
        return operation

    def _judge(self, operation: Operation, ticket: Ticket) -> None:
        if operation.heard > 1 and (ticket.group or ticket.method or ticket.subscription):
            raise RuleError(f"{ticket} begins {operation} again")
        if ticket.initial_metadata is not None:
            if operation.has_metadata or operation.payloads:
                raise RuleError(f"initial metadata twice or late: {ticket}")
            operation.has_metadata = True
        termination = ticket.termination
        if ticket.payload is not None:
            operation.payloads += 1 + len(ticket.further_payloads)
            if operation.completed_there:
                raise RuleError(f"{ticket} after all was said to {operation}")
            if operation.payloads > operation.allowed:
                raise RuleError(f"{operation.payloads} payloads, and {operation.allowed} are allowed: {ticket}")
            if not all(type(payload) in (bytes, Compressed) for payload in (ticket.payload, *ticket.further_payloads)):
                raise RuleError(f"payloads that are no bytes: {ticket}")
        elif ticket.further_payloads:
            raise RuleError(f"further payloads without a first: {ticket}")
        if termination is None and (ticket.code, ticket.message, ticket.terminal_metadata) != (None, None, None):
            raise RuleError(f"an ending without a termination: {ticket}")
        if ticket.allowance is not None:
            if ticket.allowance < 1:
                raise RuleError(f"no allowance: {ticket}")
            operation.leave += ticket.allowance
        if termination is None:
            return
        if self._client_side or termination is not _COMPLETION:
            if self._client_side and (termination is _COMPLETION) != (ticket.code == 0):
                raise RuleError(f"code and termination do not agree: {ticket}")
            operation.aborted = True
            self._end(operation, termination)
        elif operation.completed_there:
            raise RuleError(f"{operation} is complete twice")
        else:
            operation.completed_there = True

    def _end(self, operation: Operation, termination: _Termination) -> None:
        operation.ended = termination
        self.open.pop(operation.operation_id, None)
        self.ended += 1

    def take_back(self, waiting: Waiting) -> None:
        """Take an operation that the server has not processed, with the record of all that was said."""
        operation = self.known[waiting.operation_id]
        if operation.over:
            raise RuleError(f"{operation} is given back after its end")
        numbers = [ticket.sequence_number for ticket in waiting.tickets]
        if numbers != list(range(operation.said)):
            raise RuleError(f"{operation} has said {operation.said} tickets, and these were kept: {numbers}")
        if waiting.next_ticket != operation.heard:
            raise RuleError(f"{operation} would go on with ticket {waiting.next_ticket}")
        if not operation.completed_here and waiting.leave != operation.leave:
            raise RuleError(f"{operation} has leave for {operation.leave} payloads, {waiting.leave} are noted")
        self.returned.append(waiting)

    # ------------------------------------------------------------ what it says

    def act(self, verb: str, number: int, size: int) -> None:
        """Say something; nothing if there is nobody to say it of."""
        if verb in ("begin", "waited"):
            if self._client_side and self.home.open:
                getattr(self, f"_{verb}")(number, size)
            return
        operations = [operation for operation in self.open.values() if self._is_home(operation)]
        if not operations:
            return
        operation = operations[number % len(operations)]
        if verb == "grant":
            self._grant(operation, max(1, size))
        elif verb == "abort":
            self._give_up(operation, _ABORTIONS[size % len(_ABORTIONS)], number)
        elif operation.completed_here:
            return
        elif verb == "say":
            self._say(operation, number, size, False)
        elif verb == "complete":
            self._complete(operation, number, size)
        elif not self._client_side:
            if verb == "head" and not operation.spoken:
                self._speak(operation, initial_metadata=metadata_of(size) or ())
                operation.spoken = True
            elif verb == "refuse":
                if not operation.said:
                    self._give_up(operation, _Termination.SHUTDOWN, number, links.REFUSAL)
            elif verb == "unary":
                self._say(operation, number, size, True)

    def _is_home(self, operation: Operation) -> bool:
        return not self._client_side or bool(operation.home.holds(operation.operation_id))

    def _speak(self, operation: Operation, **fields: Any) -> None:
        ticket = Ticket(operation.operation_id, operation.said, **fields)
        operation.said += 1
        if ticket.payload is not None:
            operation.leave -= 1 + len(ticket.further_payloads)
        self._carry(operation.home, lambda connection: connection.send(ticket))

    def _first(self, number: int, size: int) -> Tuple[Operation, Ticket]:
        operation = Operation(self.begun, self.home)
        self.begun += 1
        self.open[operation.operation_id] = self.known[operation.operation_id] = operation
        whole = bool(number & 1)
        allowance = 1 + size % 7 if number & 2 else None
        payload = None if number & 4 else payload_of(number >> 8, size)
        odd = number & 0x1D8 == 24
        protocol = None
        if number & 32:
            authority = (None, "other.example", None, None, None, "not an authority")[size % 6]
            options = CallOptions(None, (None, 0, 1, 2)[size % 4], authority)
            protocol = links.Protocol(links.Protocol.Kind.CALL_OPTION, options)
        ticket = Ticket(
            operation.operation_id,
            0,
            ("pkg.Svc", "pkg.Svc", "pkg.Svc", "no group")[size % 4 if odd else 0],
            ("Do", "Go", "D ö", "")[size % 4 if odd else 0],
            Ticket.Subscription.FULL,
            (None, 1.5, 0.0, 1e9)[number >> 6 & 3],
            allowance,
            metadata_of(size) if number & 16 else None,
            payload,
            termination=_COMPLETION if whole else None,
            protocol=protocol,
        )
        operation.allowed += allowance or 0
        operation.said = 1
        operation.leave -= payload is not None
        operation.completed_here = whole
        return operation, ticket

    def _begin(self, number: int, size: int) -> None:
        operation, ticket = self._first(number, size)
        self._carry(operation.home, lambda connection: connection.send(ticket))

    def _waited(self, number: int, size: int) -> None:
        operation, ticket = self._first(number, size)
        waiting = Waiting(ticket)
        if not operation.completed_here:
            for grants in (size % 3, size % 2):
                payload = payload_of(number >> 4, size) if operation.leave > 0 else None
                last = bool(number & 64 and not operation.completed_here)
                if operation.completed_here or (payload is None and not grants and not last):
                    break
                ticket = Ticket(
                    operation.operation_id,
                    operation.said,
                    payload=payload,
                    allowance=grants or None,
                    termination=_COMPLETION if last else None,
                )
                operation.said += 1
                operation.allowed += grants
                operation.leave -= payload is not None
                operation.completed_here = last
                waiting.add(ticket)
        self._carry(operation.home, lambda connection: connection.begin(waiting))

    def place(self, waiting: Waiting) -> None:
        """Have an operation that was given back carried by the connection that there is now."""
        self.known[waiting.operation_id].home = self.home
        self._carry(self.home, lambda connection: connection.begin(waiting))

    def _grant(self, operation: Operation, amount: int) -> None:
        operation.allowed += amount
        self._speak(operation, allowance=amount)

    def _say(self, operation: Operation, number: int, size: int, ends: bool) -> None:
        count = min(1 + number % MOST_PAYLOADS, operation.leave)
        payloads = [payload_of(number + index, size) for index in range(count)]
        fields: Dict[str, Any] = {}
        if not ends and not payloads:
            return
        if not self._client_side and not operation.spoken and number & 32:
            fields["initial_metadata"] = metadata_of(size)
        if operation.context is not None and number & 64:
            operation.context.compression = number & 3
            operation.context.next_uncompressed = bool(number & 4)
        if number & 128:
            operation.allowed += 2
            fields["allowance"] = 2
        if payloads:
            operation.spoken = True
            fields.update(payload=payloads[0], further_payloads=tuple(payloads[1:]))
        if ends:
            fields["termination"] = _COMPLETION
            fields.update(self._ending(number, size))
            self._last_word(operation)
        self._speak(operation, **fields)

    def _complete(self, operation: Operation, number: int, size: int) -> None:
        if self._client_side:
            operation.completed_here = True
            self._speak(operation, termination=_COMPLETION)
        else:
            self._last_word(operation)
            self._speak(operation, termination=_COMPLETION, **self._ending(number, size))

    def _last_word(self, operation: Operation) -> None:
        """A service's completion ends the operation on both sides."""
        operation.completed_here = True
        self._end(operation, _COMPLETION)

    def _give_up(self, operation: Operation, termination: _Termination, number: int, message: Any = None) -> None:
        operation.given_up = True
        self.open.pop(operation.operation_id, None)
        self.ended += 1
        fields: Dict[str, Any] = {"message": message}
        if not self._client_side and message is None:
            fields = self._ending(number, number)
        # What waits to be delivered right now may still be heard, and by a service that what it said cannot be sent.
        operation.under_way = int(not self._client_side) + sum(
            1
            for delivery in operation.home.deliveries
            if type(delivery) is Ticket and delivery.operation_id == operation.operation_id
        )
        self._speak(operation, termination=termination, **fields)

    def _ending(self, number: int, size: int) -> Dict[str, Any]:
        return {
            "code": CODES[number % len(CODES)],
            "message": MESSAGES[size % len(MESSAGES)],
            "terminal_metadata": metadata_of(number + size),
        }

    def _react(self, operation: Operation, ticket: Ticket) -> None:
        reflex = self._reflex
        if operation.over or reflex == NO_REFLEX or not self._is_home(operation):
            return
        if reflex == GENEROUS and ticket.payload is not None:
            self._grant(operation, 1 + len(ticket.further_payloads))
        elif reflex == ANGRY:
            self._give_up(operation, _Termination.CANCELLATION, operation.said)
        elif reflex == ANSWERING and not self._client_side:
            if operation.completed_there and not operation.completed_here:
                self._say(operation, 0, 100, True)
            elif ticket.payload is not None:
                self._grant(operation, 1)
        elif reflex == ANSWERING and ticket.allowance is not None and not operation.completed_here:
            self._say(operation, 0, 1000, False)
