"""One address of a target: the connection to it, if there is one, and when to try again if there is none.

    IDLE --wanted--> CONNECTING --settings of the peer--> READY --loss, GOAWAY--> IDLE
                          |
                          '--failure--> TRANSIENT_FAILURE --backoff over--> IDLE

Where the peer's health is checked, it is READY as long as that is good, in TRANSIENT_FAILURE while it is bad, and
CONNECTING while nothing is known; the connection and what runs on it are left alone. See `_health`.

Whoever wants the next attempt, or another one after a loss, says so: a policy does.
"""

from __future__ import annotations

import enum
import functools
from typing import TYPE_CHECKING, Callable, Dict, NamedTuple, Optional, Tuple

from grpc._links import _health
from grpc._links._backoff import Backoff
from grpc._links._failure import Failure
from grpc._values.connectivity import ChannelConnectivity

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._client import ClientConnection
    from grpc._links._section import Section
    from grpc._values.connecting import Connecting
    from grpc._values.security import ClientSecurity
    from grpc.framework.foundation.environment import Timer

_State = ChannelConnectivity

Entry = Tuple["contract.Transport", "ClientConnection"]


class Event(enum.Enum):
    """What can happen to a subchannel."""

    WANTED = "a policy wants a connection"
    CONNECTED = "the peer's settings have arrived, and it says that it serves if it is asked"
    UNHEALTHY = "the peer says that it does not serve, or does not say"
    ASKED = "the peer is asked, perhaps anew, whether it serves"
    FAILED = "the attempt failed"
    LOST = "the connection was lost, or takes no more operations"
    BACKOFF_OVER = "the next attempt may begin"
    RESET = "a policy wants none any more"
    CLOSED = "the address is no longer one of the target's, or the channel was closed"


_BEGUN = (_State.CONNECTING, _State.READY, _State.TRANSIENT_FAILURE)

TRANSITIONS: Dict[Tuple[ChannelConnectivity, Event], ChannelConnectivity] = {
    (_State.IDLE, Event.WANTED): _State.CONNECTING,
    (_State.CONNECTING, Event.FAILED): _State.TRANSIENT_FAILURE,
    (_State.TRANSIENT_FAILURE, Event.BACKOFF_OVER): _State.IDLE,
    # "READY only while Health/Watch says SERVING": with a connection there may be any of three states.
    **{(state, Event.CONNECTED): _State.READY for state in _BEGUN},
    **{(state, Event.UNHEALTHY): _State.TRANSIENT_FAILURE for state in _BEGUN},
    **{(state, Event.ASKED): _State.CONNECTING for state in _BEGUN},
    **{(state, Event.LOST): _State.IDLE for state in _BEGUN},
    **{(state, Event.RESET): _State.IDLE for state in (_State.IDLE, *_BEGUN)},
    **{(state, Event.CLOSED): _State.SHUTDOWN for state in _State},
}

_OF_VERDICT = {
    _health.Verdict.SERVING: Event.CONNECTED,
    _health.Verdict.FAILING: Event.UNHEALTHY,
    _health.Verdict.ASKING: Event.ASKED,
}


class Callbacks(NamedTuple):
    """What a connection tells its owner; see `ClientConnection`."""

    ready: Callable[[], None]
    going_away: Callable[[], None]
    lost: Callable[[str, Optional[BaseException]], None]


class Surroundings(NamedTuple):
    """What the subchannels of a channel have in common.

    Attributes:
      section: The channel's.
      driver: Connects, and gives the clock.
      connecting: The figures.
      security: How to speak TLS; None for plaintext.
      make_connection: Makes the connection to run on a transport, and registers both. Called outside the section.
      changed: Called inside the section after each change of a subchannel's state that its owner did not ask for.
      health_service: Gives the service whose health is asked about at each connection; None for none. Called inside the
        section.
    """

    section: Section
    driver: contract.Driver
    connecting: Connecting
    security: Optional[ClientSecurity]
    make_connection: Callable[[contract.Transport, Callbacks], ClientConnection]
    changed: Callable[[Subchannel], None]
    health_service: Callable[[], Optional[str]]


class Subchannel:
    """See the module. Methods without an underscore are called inside the channel's section."""

    __slots__ = (
        "_around",
        "_attempt",
        "_backoff",
        "_began",
        "_due",
        "_number",
        "_timer",
        "_watch",
        "address",
        "entry",
        "failure",
        "state",
    )

    def __init__(self, address: contract.Address, around: Surroundings) -> None:
        """Begin IDLE, never tried."""
        self.address = address
        self._around = around
        self.state = _State.IDLE
        # Why the last attempt failed, or what is wrong with the peer; None again once it is READY.
        self.failure: Optional[Failure] = None
        # The connection, from the moment the socket is open until it takes no more operations.
        self.entry: Optional[Entry] = None
        self._backoff = Backoff(around.connecting.initial_backoff, around.connecting.max_backoff)
        self._began = 0.0
        self._due = 0.0
        self._timer: Optional[Timer] = None
        # Of the present attempt: what comes of an earlier one is not for us any more.
        self._number = 0
        self._attempt: Optional[contract.Attempt] = None
        # Of the connection, once the peer's settings have arrived; None if its health is not checked.
        self._watch: Optional[_health.Watch] = None

    def __repr__(self) -> str:
        return f"<Subchannel to {self.address.name}, {self.state.name}>"

    # ------------------------------------------------------------ what policies ask for

    def connect(self) -> None:
        """Begin an attempt. Only an IDLE subchannel can."""
        self._change(Event.WANTED)
        self._stop_timer()
        around = self._around
        self._began = around.driver.environment.time()
        delay = self._backoff.advance()
        # Counted from the start of the attempt, as the backoff document has it.
        self._due = self._began + delay
        self._number += 1
        around.section.later(
            functools.partial(self._start, self._number, max(around.connecting.min_connect_timeout, delay))
        )

    def reset(self) -> None:
        """Want no connection: give the attempt up, let the running operations end, forget the past."""
        self._change(Event.RESET)
        self._let_go()
        self.failure = None
        self._backoff.reset()

    def shut_down(self) -> None:
        """The same for good."""
        self._change(Event.CLOSED)
        self._let_go()

    def check_health(self) -> None:
        """Ask the peer about another service than before, or about none. The caller looks at the state anew."""
        if self.entry is not None and (self._watch is not None or self.state is not _State.CONNECTING):
            self._begin_check()

    @property
    def rested(self) -> bool:
        """Whether the time that must lie between the starts of two attempts has passed."""
        return self._around.driver.environment.time() >= self._due

    def rest(self) -> None:
        """Have the owner told of a change when `rested` has become true."""
        if self._timer is None:
            self._timer = self._around.driver.environment.call_at(self._due, self._has_rested)

    # ------------------------------------------------------------ an attempt

    def _change(self, event: Event) -> None:
        self.state = TRANSITIONS[self.state, event]

    def _start(self, number: int, timeout: float) -> None:
        around = self._around
        attempt = around.driver.connect(
            self.address,
            functools.partial(self._opened, number, timeout),
            functools.partial(self._refused, number),
            around.security,
            timeout,
        )
        with around.section:
            given_up = number != self._number or self.state is not _State.CONNECTING
            if not given_up and self.entry is None:
                self._attempt = attempt
        if given_up:
            attempt.cancel()

    def _opened(self, number: int, timeout: float, transport: contract.Transport) -> contract.Connection:
        """A socket is open: speak HTTP/2 on it, and wait for the peer's settings."""
        entry: Optional[Entry] = None

        def when_lost(reason: str, cause: Optional[BaseException]) -> None:
            self._lost(entry, reason, cause)

        callbacks = Callbacks(lambda: self._connected(entry), lambda: self._going_away(entry), when_lost)
        connection = self._around.make_connection(transport, callbacks)
        entry = (transport, connection)
        with self._around.section:
            if number == self._number and self.state is _State.CONNECTING:
                self._attempt = None
                self.entry = entry
                self._timer = self._around.driver.environment.call_at(
                    self._began + timeout, functools.partial(self._overdue, transport, timeout)
                )
            else:
                connection.go_away()  # given up meanwhile; nobody but us has the connection yet
        return connection

    def _overdue(self, transport: contract.Transport, timeout: float) -> None:
        with self._around.section:
            silent = self.state is _State.CONNECTING and self.entry is not None and self.entry[0] is transport
        if silent:
            transport.close(f"no HTTP/2 settings came in {timeout:.0f} seconds")

    def _refused(self, number: int, reason: str, cause: Optional[BaseException]) -> None:
        with self._around.section:
            if number == self._number and self.state is _State.CONNECTING:
                self._attempt = None
                self._fail(reason, cause)

    def _fail(self, reason: str, cause: Optional[BaseException]) -> None:
        self.failure = self._failure(reason, cause)
        self._change(Event.FAILED)
        self._stop_timer()
        self._timer = self._around.driver.environment.call_at(self._due, self._backoff_over)
        self._around.changed(self)

    def _failure(self, reason: str, cause: Optional[BaseException]) -> Failure:
        if not reason.startswith(self.address.name):
            reason = f"{self.address.name}: {reason}"
        return Failure(reason, cause)

    def _backoff_over(self) -> None:
        with self._around.section:
            if self.state is _State.TRANSIENT_FAILURE and self.entry is None:
                self._timer = None
                self._change(Event.BACKOFF_OVER)
                self._around.changed(self)

    def _has_rested(self) -> None:
        with self._around.section:
            if self.state is _State.IDLE:
                self._timer = None
                self._around.changed(self)

    # ------------------------------------------------------------ a connection

    def _connected(self, entry: Optional[Entry]) -> None:
        with self._around.section:
            if entry is self.entry and self.state is _State.CONNECTING:
                self._stop_timer()
                self._backoff.reset()
                self._begin_check()
                self._around.changed(self)

    def _begin_check(self) -> None:
        """Judge anew whether a connection that works may carry operations."""
        self._stop_watch()
        around = self._around
        service = around.health_service()
        if service is None or self.entry is None:
            self._change(Event.CONNECTED)
            self.failure = None
            return
        self._change(Event.ASKED)
        environment = around.driver.environment
        self._watch = _health.Watch(
            around.section, environment, around.connecting, service, self.entry, self._take_verdict
        )
        self._watch.begin()

    def _take_verdict(self, verdict: _health.Verdict, words: str) -> None:
        self._change(_OF_VERDICT[verdict])
        if verdict is _health.Verdict.SERVING:
            self.failure = None
        elif verdict is _health.Verdict.FAILING:
            self.failure = self._failure(words, None)
        self._around.changed(self)

    def _going_away(self, entry: Optional[Entry]) -> None:
        with self._around.section:
            self._without(entry, "the server is going away", None)

    def _lost(self, entry: Optional[Entry], reason: str, cause: Optional[BaseException]) -> None:
        with self._around.section:
            self._without(entry, reason, cause)

    def _without(self, entry: Optional[Entry], reason: str, cause: Optional[BaseException]) -> None:
        """Go on without a connection, if it is the present one."""
        if entry is None or entry is not self.entry:
            return
        self.entry = None
        if self.state is _State.READY or self._watch is not None:
            self._stop_watch()
            self._change(Event.LOST)
            if self.failure is not None:  # the peer did not serve, and now there is nobody to ask
                self.failure = self._failure(reason, cause)
            self._around.changed(self)
        else:
            self._fail(reason, cause)

    def _let_go(self) -> None:
        """Leave attempt, timer, watch and connection behind."""
        self._number += 1
        self._stop_timer()
        self._stop_watch()
        later = self._around.section.later
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            later(attempt.cancel)
        entry, self.entry = self.entry, None
        if entry is not None:
            later(functools.partial(say_goodbye, entry))

    def _stop_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def say_goodbye(entry: Entry) -> None:
    """Have a connection end when its operations have. Called outside the section."""
    transport, connection = entry
    with transport.lock:
        connection.go_away()
    transport.settle()
