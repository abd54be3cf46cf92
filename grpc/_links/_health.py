"""Whether the server at the other end of a connection serves: it is asked, and goes on to say so (gRFC A17).

A stream of `grpc.health.v1.Health/Watch` runs on the connection for as long as that takes operations. What is said on
it last holds. Where it ends, another one is begun: at once if anything was said on it, else after the backoff. A server
that has no such service is believed to serve.

    ASKING --said--> TOLD --said--> TOLD          UNCHECKED: the server cannot be asked
    ASKING --ended--> PAUSING --backoff over--> ASKING
    TOLD --ended--> ASKING                        OVER: nobody wants to know any more

The stream is the channel's own: the End never hears of it, and the connection counts it as nobody's call.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING, Callable, Dict, Optional, Tuple

from grpc._links import _health_messages
from grpc._links._backoff import Backoff
from grpc._links._calls import Aside
from grpc._values import status
from grpc._values.compression import Compression
from grpc._values.contexts import CallOptions
from grpc.framework.interfaces.links import links

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._client import ClientConnection
    from grpc._links._section import Section
    from grpc._values.connecting import Connecting
    from grpc.framework.foundation.environment import Environment, Timer

_LOGGER = logging.getLogger(__name__)

_OPTIONS = links.Protocol(links.Protocol.Kind.CALL_OPTION, CallOptions(compression=int(Compression.NoCompression)))
_COMPLETION = links.Ticket.Termination.COMPLETION
_CANCELLATION = links.Ticket.Termination.CANCELLATION


class Verdict(enum.Enum):
    """What is known of a server."""

    ASKING = "nothing: it is asked anew"
    SERVING = "it serves"
    FAILING = "it does not serve, or does not say"


class State(enum.Enum):
    """How far a watch is."""

    ASKING = "a stream has begun, or is about to, and nothing was said on it"
    TOLD = "something was said on the stream"
    PAUSING = "the stream has ended, and the next one is due later"
    UNCHECKED = "the server has no health service"
    OVER = "nobody wants to know"


class Input(enum.Enum):
    """What can happen to a watch."""

    SAID = "the server has said something"
    ENDED = "the stream has ended"
    UNIMPLEMENTED = "it has ended because there is no such service"
    DUE = "the backoff is over"
    STOPPED = "nobody wants to know any more"


class Effect(enum.Enum):
    """What is to be done."""

    NOTHING = "nothing"
    JUDGE = "look at what was said"
    ASK = "begin a stream"
    PAUSE = "begin one after the backoff"
    TRUST = "count the server as serving, and say so in the log"
    CANCEL = "cancel the stream"


TRANSITIONS: Dict[Tuple[State, Input], Tuple[State, Effect]] = {
    (State.ASKING, Input.SAID): (State.TOLD, Effect.JUDGE),
    (State.TOLD, Input.SAID): (State.TOLD, Effect.JUDGE),
    (State.ASKING, Input.ENDED): (State.PAUSING, Effect.PAUSE),
    (State.TOLD, Input.ENDED): (State.ASKING, Effect.ASK),
    (State.ASKING, Input.UNIMPLEMENTED): (State.UNCHECKED, Effect.TRUST),
    (State.TOLD, Input.UNIMPLEMENTED): (State.UNCHECKED, Effect.TRUST),
    (State.PAUSING, Input.DUE): (State.ASKING, Effect.ASK),
    (State.ASKING, Input.STOPPED): (State.OVER, Effect.CANCEL),
    (State.TOLD, Input.STOPPED): (State.OVER, Effect.CANCEL),
    (State.PAUSING, Input.STOPPED): (State.OVER, Effect.NOTHING),
    (State.UNCHECKED, Input.STOPPED): (State.OVER, Effect.NOTHING),
    # What was on its way when it was stopped.
    **{(State.OVER, each): (State.OVER, Effect.NOTHING) for each in Input},
}


class Watch:
    """The watch of one service on one connection. Methods without an underscore are called inside the section."""

    __slots__ = (
        "_backoff",
        "_connection",
        "_environment",
        "_last",
        "_number",
        "_operation",
        "_report",
        "_section",
        "_service",
        "_state",
        "_timer",
        "_transport",
    )

    def __init__(
        self,
        section: Section,
        environment: Environment,
        connecting: Connecting,
        service: str,
        entry: Tuple[contract.Transport, ClientConnection],
        report: Callable[[Verdict, str], None],
    ) -> None:
        """Ask nothing yet; `begin` does.

        Args:
          section: The channel's.
          environment: The clock.
          connecting: Has the figures of the backoff.
          service: Whose health is asked about; empty for the server's as a whole.
          entry: The connection; the peer's settings have come.
          report: Called inside the section with each verdict that differs from the one before, and with the words for
            the status of operations that fail because of it. The first is never ASKING, which is how it begins.
        """
        self._section = section
        self._environment = environment
        self._service = service
        self._transport, self._connection = entry
        self._report = report
        self._backoff = Backoff(connecting.initial_backoff, connecting.max_backoff)
        self._operation = Aside(self._hear)
        self._state = State.ASKING
        self._last = (Verdict.ASKING, "")
        # Of the next ticket of the stream.
        self._number = 0
        self._timer: Optional[Timer] = None

    def __repr__(self) -> str:
        return f"<Watch of {self._service!r}, {self._state.name}>"

    def begin(self) -> None:
        """Ask for the first time."""
        self._ask()

    def stop(self) -> None:
        """Report nothing more, and leave nothing on the connection that would keep it from ending. May be repeated."""
        if self._step(Input.STOPPED) is Effect.CANCEL:
            self._send(links.Ticket(self._operation, self._number, termination=_CANCELLATION))
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    # ------------------------------------------------------------ the stream

    def _ask(self) -> None:
        with self._transport.lock:
            if self._connection.open:  # else its owner is about to hear so, and stops this
                self._connection.begin_aside(
                    links.Ticket(
                        self._operation,
                        0,
                        "grpc.health.v1.Health",
                        "Watch",
                        links.Ticket.Subscription.FULL,
                        payload=_health_messages.encode_request(self._service),
                        termination=_COMPLETION,
                        protocol=_OPTIONS,
                    )
                )
        self._number = 1
        self._section.later(self._transport.settle)

    def _send(self, ticket: links.Ticket) -> None:
        with self._transport.lock:
            self._connection.send(ticket)
        self._number += 1
        self._section.later(self._transport.settle)

    def _hear(self, ticket: links.Ticket) -> None:
        """Take a ticket of the stream. Outside the section."""
        judgement = None if ticket.payload is None else self._judge(ticket.payload)
        with self._section:
            if judgement is not None and self._step(Input.SAID) is Effect.JUDGE:
                self._backoff.reset()
                if ticket.termination is None:
                    # One at a time: leave for the next one is given here, and so no ticket has two.
                    self._send(links.Ticket(self._operation, self._number, allowance=1))
                self._tell(*judgement)
            if ticket.termination is not None and self._connection.open:
                # Without the connection it means nothing of its own, and the owner is about to hear of that.
                self._end(ticket)

    def _judge(self, payload: bytes) -> Tuple[Verdict, str]:
        """What a message means."""
        try:
            number = _health_messages.decode_response(payload)
        except _health_messages.GarbledError as error:
            return Verdict.FAILING, f"{self._words} brought what is no HealthCheckResponse: {error}"
        if number == _health_messages.SERVING:
            return Verdict.SERVING, ""
        return Verdict.FAILING, f"{self._words} says {_health_messages.status_name(number)}"

    def _end(self, ticket: links.Ticket) -> None:
        unimplemented = ticket.code == status.UNIMPLEMENTED
        effect = self._step(Input.UNIMPLEMENTED if unimplemented else Input.ENDED)
        if effect is Effect.TRUST:
            self._section.later(self._complain)
            self._tell(Verdict.SERVING, "")
        elif effect is Effect.PAUSE:
            self._pause(ticket)
        elif effect is Effect.ASK:
            self._ask()
            self._tell(Verdict.ASKING, "")

    def _pause(self, ticket: links.Ticket) -> None:
        delay = self._backoff.advance()
        self._timer = self._environment.call_at(self._environment.time() + delay, self._due)
        code = status.status_code(ticket.code).name
        self._tell(Verdict.FAILING, f"{self._words} ended with {code}: {ticket.message or 'no details'}")

    def _due(self) -> None:
        with self._section:
            if self._step(Input.DUE) is Effect.ASK:
                self._timer = None
                self._ask()
                self._tell(Verdict.ASKING, "")

    # ------------------------------------------------------------ what comes of it

    # Telling comes last in everything: whoever hears it may stop this watch.

    def _step(self, happened: Input) -> Effect:
        self._state, effect = TRANSITIONS[self._state, happened]
        return effect

    def _tell(self, verdict: Verdict, words: str) -> None:
        told = (verdict, words)
        if told != self._last:
            self._last = told
            self._report(verdict, words)

    @property
    def _words(self) -> str:
        return f"the health check of service {self._service!r}" if self._service else "the health check"

    def _complain(self) -> None:
        _LOGGER.error(
            "The server at %s does not implement grpc.health.v1.Health/Watch, which the service config has asked about "
            "%r: it is taken to be healthy. Add the health service to it, or drop healthCheckConfig from the service "
            "config, or set 'grpc.inhibit_health_checking' to 1.",
            self._transport.peer,
            self._service,
        )
