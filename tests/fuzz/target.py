"""Lives a script with one connection, as a driver and an End would, and checks after every step what must always hold.

Whatever a peer writes, whenever the socket stops or breaks, and whatever the End above says within the rules of
tickets:

 1. No exception escapes from any method of the connection, and nothing is logged with a traceback.
 2. Tickets of one operation arrive with sequence numbers from 0 without gaps, keep the rules of `links`, carry no more
    payloads than were allowed, and grant leave that the connection's own books agree with.
 3. Every operation of the End ends exactly once: by one ticket with a termination, by its own last word, or by being
    given back whole, with all that was said and nothing else. After that nothing is heard that was not under way.
 4. What is written is HTTP/2 and gRPC to a strict reader, frame by frame and stream by stream (`wire`).
 5. No container and no buffer exceeds its bound at any moment (`bounds`), and one read makes few deliveries.
 6. Once the connection is finished its output does not grow any more, whatever follows; and it stays finished.
 7. What was due by the clock is not due again right after it was done.
 8. After the connection is lost it says once that it is, no stream is left, and when the End has allowed what had come
    for it before, no operation is left either, nor anything else in any register.

Any of these broken is a `Violation` that names the step.
"""

from __future__ import annotations

import logging
from typing import Any, Callable, Dict, Hashable, List, Optional
from unittest import mock

import h2.exceptions

from grpc._links import _h2_tuning, _upkeep
from grpc._links._client import ClientConnection
from grpc._links._h2_graceful import GracefulConnection
from grpc._links._request_headers import RequestHeaders
from grpc._links._server import ServerConnection
from grpc._links._service_config import NO_SERVICE_CONFIG, MethodConfig, ServiceConfig
from grpc._values.connection_options import AgeOptions, EnforcementOptions, KeepaliveOptions, ServerOptions
from grpc._values.contexts import ServiceContext
from grpc._values.limits import Limits
from tests.fuzz import bounds, script, wire
from tests.fuzz.ends import End, RuleError

_PRESCRIBED = ServiceConfig(methods={(None, None): MethodConfig(max_request_bytes=2000, max_response_bytes=1000)})
_KEEPALIVE = KeepaliveOptions(time=10.0, timeout=2.0, permit_without_calls=True, max_pings_without_data=3)
_OPTIONS = ServerOptions(_KEEPALIVE, EnforcementOptions(min_interval=5.0), AgeOptions(60.0, 90.0, 20.0), 30.0)

# How often what is due may become due again at the same time, as one rule follows from another.
_MOST_DUE_AT_ONCE = 4

# How many shorter scripts are tried for one that breaks something.
_MOST_REDUCTIONS = 1000


class Violation(AssertionError):
    """An invariant is broken."""

    def __init__(self, number: int, step: str, what: str) -> None:
        super().__init__(f"step {number} ({step}): {what}")


class _Tracebacks(logging.Handler):
    """Refuses records with a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is not None:
            raise AssertionError(f"a traceback was logged: {record.getMessage()}")

    def handleError(self, record: logging.LogRecord) -> None:
        raise AssertionError("logging failed")


class Subject:
    """A connection, the driver beneath it and the End above it."""

    def __init__(self, made_by: script.Script) -> None:
        """Make what the options of a script say."""
        option = made_by.option
        self._script = made_by
        self._client_side = made_by.role == "client"
        self._longest_read = max((len(step.data) for step in made_by.steps), default=0)
        self.limits = Limits(
            max_receive_message_length=option("receive"),
            max_send_message_length=option("send"),
            max_metadata_size=option("metadata"),
            max_concurrent_streams=option("streams"),
            compression=option("compression"),
            stream_window=option("window"),
            max_frame_size=option("frame"),
        )
        self.now = 1000.0
        self.end = End(self._client_side, option("reflex"), self._carry)
        self.number = 0
        self._connections = 0
        self._delivering = False
        self._headers = RequestHeaders("http", "test.example", "fuzz/1")
        self.trace: Optional[Callable[[str], None]] = None
        self._connect()

    # ------------------------------------------------------------ the connection

    def _connect(self) -> None:
        self.notes: Dict[str, int] = {}
        self.lost = False
        self.blocked = False
        self._finished = False
        self._pending: Optional[int] = None
        self._begun_before = self.end.begun - len(self.end.returned)
        self._connections += 1
        kind = GracefulConnection if self._script.option("plain") else _h2_tuning.connection_class()
        with mock.patch.object(_h2_tuning, "connection_class", return_value=kind):
            self.connection: Any = self._make_client() if self._client_side else self._make_server()
        self.reader = wire.Reader(self._client_side, bool(self._script.option("plain")))
        self.end.home = self.connection
        self._settle()

    def _make_client(self) -> ClientConnection:
        option = self._script.option
        timed = option("life")
        connection = ClientConnection(
            self.limits,
            self.end.accept,
            self._headers,
            lambda: self._note("ready"),
            lambda: self._note("going away"),
            lambda reason, cause: self._note("lost"),
            self._refused if option("refused") else None,
            _upkeep.ClientLife(
                lambda: self.now, self._close, _KEEPALIVE if timed else KeepaliveOptions(), lambda: None
            ),
            None if option("replay") < 0 else option("replay"),
            _PRESCRIBED if option("prescribed") else NO_SERVICE_CONFIG,
        )
        self._home: ClientConnection = connection
        return connection

    def _make_server(self) -> ServerConnection:
        timed = self._script.option("life")
        life = _upkeep.ServerLife(lambda: self.now, self._close, _OPTIONS) if timed else None
        life = life or _upkeep.ServerLife(lambda: self.now, self._close, ServerOptions())
        context = ServiceContext("ipv4:192.0.2.1:5")
        return ServerConnection(
            self.limits, self.end.accept, self._connections, context, lambda number: self._note("lost"), life
        )

    def _note(self, what: str) -> None:
        self.notes[what] = self.notes.get(what, 0) + 1
        if self.notes[what] > 1:
            raise RuleError(f"the connection said twice: {what}")

    def _refused(self, operation_id: Hashable) -> None:
        waiting = self.end.known[operation_id].home.take_back(operation_id)
        if waiting is not None:
            self.end.take_back(waiting)

    # ------------------------------------------------------------ the driver

    def _carry(self, connection: Any, action: Callable[[Any], None]) -> None:
        """Do to the connection what the End wants, and settle."""
        action(connection)
        if connection is self.connection:
            self._settle()
        else:
            self._deliver(connection)

    def _close(self, reason: str) -> None:
        """What the connection calls to close its transport."""
        self._lose(reason, None)

    def _lose(self, reason: str, cause: Optional[BaseException]) -> None:
        if not self.lost:
            self.lost = True
            self.connection.connection_lost(reason, cause)
            self._deliver(self.connection)

    def _settle(self) -> None:
        self._write()
        self._deliver(self.connection)
        self.connection.next_deadline()

    def _write(self) -> None:
        while not self.blocked and not self.lost:
            data = self.connection.data_to_send()
            if data:
                names = self.reader.feed(data)
                if self.trace is not None:
                    self.trace(f"    writes {' '.join(names)}")
                continue
            if not self.reader.whole:
                raise wire.WireError("the output ends within a frame")
            if self.connection.finished:
                self._lose("closed by this side", None)
            return

    def _deliver(self, connection: Any) -> None:
        if self._delivering:
            return
        self._delivering = True
        try:
            while connection.deliveries:
                delivery = connection.deliveries[0]
                if self.trace is not None:
                    self.trace(f"    delivers {delivery!r}")
                connection.deliveries.popleft()
                connection.deliver(delivery)
                self._write()
        finally:
            self._delivering = False

    # ------------------------------------------------------------ steps

    def live(self) -> None:
        """Do all that the script says, and end.

        Raises:
          Violation: An invariant is broken.
        """
        handler = _Tracebacks()
        logger = logging.getLogger("grpc")
        logger.addHandler(handler)
        step = script.Step("begin")
        try:
            for number, step in enumerate(self._script.steps):
                self.number = number
                if self.trace is not None:
                    self.trace(f"{self.number} {_shown(step)}")
                self.take(step)
            step = script.Step("end of the script")
            self._part()
        except Exception as error:
            raise Violation(self.number, _shown(step), f"{type(error).__name__}: {error}") from error
        finally:
            logger.removeHandler(handler)

    def take(self, step: script.Step) -> None:
        """Do one step, and check; whatever is broken is raised as it is."""
        self._longest_read = max(self._longest_read, len(step.data))
        for _ in range(step.number if step.verb == script.READ else 1):
            if step.verb == script.READ and self.lost:
                break
            self._do(step)
            self._check()

    def room(self, stream_id: int) -> int:
        """How much DATA the peer may send on a stream."""
        try:
            return int(self.connection._h2.remote_flow_control_window(stream_id))
        except h2.exceptions.ProtocolError:
            return 0

    def _do(self, step: script.Step) -> None:
        verb = step.verb
        connection = self.connection
        if verb == script.READ:
            operations = len(connection._operations) + len(getattr(connection, "_queued", ()))
            connection.receive_data(step.data)
            made = len(connection.deliveries)
            # Of a stream: what was gathered, its end, and its being given back. And the connection's own news.
            if made > 3 * (operations + len(step.data) // 9 + 1) + 4:
                raise AssertionError(f"one read made {made} deliveries")
        elif verb == "wait":
            self.now += step.size / 1000
            self._handle_deadline(False)
        elif verb == "early":
            self._handle_deadline(True)
        elif verb in ("block", "unblock"):
            self.blocked = verb == "block"
        elif verb == "lose":
            self._lose("the cable was cut", OSError("cut") if step.size % 2 else None)
        elif verb == "bye":
            if not self.lost:
                farewell = connection.farewell()
                if not self.blocked:
                    self.reader.feed(farewell)
                self._lose("closed by this side", None)
        elif verb in ("leave", "hurry"):
            if not self.lost:
                (connection.hurry if verb == "hurry" and not self._client_side else connection.go_away)()
        elif verb == "reconnect":
            if self._client_side:
                self._part()
                self._connect()
                returned, self.end.returned = self.end.returned, []
                for waiting in returned:
                    self.end.place(waiting)
        else:
            self.end.act(verb, step.number, step.size)
        self._settle()

    def _handle_deadline(self, early: bool) -> None:
        if self.lost:
            return
        for _ in range(_MOST_DUE_AT_ONCE):
            due = self.connection.next_deadline()
            if self.lost or due is None or (due > self.now and not early):
                return
            early = False
            self.connection.handle_deadline(self.now)
            self._settle()
        due = self.connection.next_deadline()
        if not self.lost and due is not None and due <= self.now:
            raise AssertionError("what is due is due again and again")

    # ------------------------------------------------------------ checks

    def _check(self) -> None:
        connection = self.connection
        if self._finished and not connection.finished:
            raise AssertionError("the connection is finished no longer")
        pending = bounds.pending_output(connection)
        if connection.finished:
            if self._pending is not None and pending > self._pending:
                raise AssertionError(f"the output of a finished connection grows from {self._pending} to {pending}")
            self._pending = pending
            self._finished = True
        elif self.lost:
            raise AssertionError("the connection is lost and not finished")
        if connection.deliveries:
            raise AssertionError("deliveries are left")
        begun = self.end.begun - self._begun_before
        _require(bounds.measures(connection, self.limits, begun, self._longest_read))
        for stream in connection._operations.values():
            operation = self.end.known.get(stream.operation_id)
            if operation is None:
                raise AssertionError(f"the End has never heard of {stream}")
            if operation.over:
                continue
            # What is said to a server that has ended the stream already is not counted any more.
            counts = not operation.completed_here and stream.termination is None
            if counts and operation.leave + stream.allowance != stream.leave:
                raise AssertionError(f"{operation} has leave for {operation.leave}, and is noted with {stream.leave}")
            if operation.heard != stream.next_ticket:
                raise AssertionError(f"{operation} has not heard {stream.next_ticket} tickets")

    def _part(self) -> None:
        """Lose the connection, let everything come to its end, and look that nothing is left."""
        connection = self.connection
        if self.blocked and self.number % 2:
            self.blocked = False
            self._settle()
        self._lose("the end", None)
        self._check()
        _require([("streams of a lost connection", len(connection._streams), 0)])
        returned = {waiting.operation_id for waiting in self.end.returned}
        for operation in list(self.end.open.values()):
            if operation.home is connection and not operation.over and operation.operation_id not in returned:
                if connection.holds(operation.operation_id) if self._client_side else False:
                    self.end._grant(operation, 2**30)
                if not operation.over:
                    raise AssertionError(f"{operation} has never ended")
        self._deliver(connection)
        _require(bounds.leftovers(connection))
        if self.notes.get("lost", 0) != 1:
            raise AssertionError("the connection has not said that it is lost")
        self._check()


def _require(measures: Any) -> None:
    for what, amount, most in measures:
        if amount > most:
            raise AssertionError(f"{what}: {amount}, and {most} is the most")


def _shown(step: script.Step) -> str:
    if step.verb == script.READ:
        text = f"{len(step.data)} bytes: {step.data[:60].hex()}"
        return f"read {step.number} times {text}" if step.number != 1 else f"read {text}"
    return f"{step.verb} {step.number} {step.size}"


def live(made_by: script.Script, trace: Optional[Callable[[str], None]] = None) -> Subject:
    """Live a script.

    Args:
      made_by: What happens.
      trace: Told every step and what follows from it.

    Raises:
      Violation: An invariant is broken.
    """
    subject = Subject(made_by)
    subject.trace = trace
    subject.live()
    return subject


def complaint(made_by: script.Script) -> Optional[str]:
    """What is wrong with a script; None if nothing is."""
    try:
        live(made_by)
    except Violation as violation:
        return str(violation)
    return None


def reduced(made_by: script.Script, complains: Callable[[script.Script], Optional[str]] = complaint) -> script.Script:
    """The script without the steps, and bytes, that its violation does not need."""
    wanted = kind_of(complains(made_by))
    steps: List[script.Step] = list(made_by.steps)

    left = _MOST_REDUCTIONS

    def fails(candidate: List[script.Step]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and kind_of(complains(made_by._replace(steps=tuple(candidate)))) == wanted

    for joined in (_joined(steps), [step for step in steps if step.verb != script.READ or step.data]):
        if fails(joined):
            steps = joined
    size = max(1, len(steps) // 2)
    while True:
        position = 0
        while position < len(steps):
            candidate = steps[:position] + steps[position + size :]
            if fails(candidate):
                steps = candidate
            else:
                position += size
        if size == 1:
            break
        size = max(1, size // 2)
    return made_by._replace(steps=tuple(steps))


def _joined(steps: List[script.Step]) -> List[script.Step]:
    """What arrives in pieces arrives at once."""
    joined: List[script.Step] = []
    for step in steps:
        if step.verb == script.READ == (joined[-1].verb if joined else "") and step.number == joined[-1].number == 1:
            joined[-1] = script.read(joined[-1].data + step.data)
        else:
            joined.append(step)
    return joined


def kind_of(text: Optional[str]) -> Optional[str]:
    """What a complaint is about, without the step and without numbers."""
    if text is None:
        return None
    return "".join(letter for letter in text.partition("): ")[2][:60] if not letter.isdigit())
