"""The HTTP/2 invocation link: an invocation End on one side, the connections of a channel on the other.

An operation goes to a connection that works. Where there is none it waits, in order, while one is being made; when
none comes about it fails with what was tried, and so do those that come before an address answers again, but for the
ones that asked to wait until the channel is ready. An operation that a peer surely has not processed comes back from
its connection and goes to another one, once, and its End hears nothing of it. One that failed in a way for which the
service config prescribes another attempt waits in `_retries` for it, and its End hears nothing of that either.

Beneath it: `_pool` knows the connections, `_policies` which of them there should be, `_subchannel` one address,
`_resolution` all addresses, `_connectivity` who watches the state. `_config_source` says which service config holds.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Callable, Dict, Hashable, List, Optional, Tuple

from grpc._links import _client, _config_source, _connectivity, _idling, _making, _policies, _pool, _retries
from grpc._links._section import Section
from grpc._links._waiting import Waiting
from grpc._values.connecting import Connecting
from grpc._values.connection_options import KeepaliveOptions
from grpc._values.connectivity import ChannelConnectivity
from grpc.framework.interfaces.links import links, utilities

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc._links._failure import Failure
    from grpc._links._service_config import PolicyConfig, ServiceConfig
    from grpc._links._subchannel import Callbacks, Entry
    from grpc._values.limits import Limits
    from grpc._values.security import ClientSecurity

RequestHeaders = _client.RequestHeaders

_State = ChannelConnectivity


class InvocationLink(links.Link):
    """See the module."""

    def __init__(
        self,
        driver: contract.Driver,
        target: str,
        headers: RequestHeaders,
        limits: Limits,
        connecting: Connecting = Connecting(),  # noqa: B008  # immutable
        security: Optional[ClientSecurity] = None,
        keepalive: KeepaliveOptions = KeepaliveOptions(),  # noqa: B008  # likewise
    ) -> None:
        """Make a link without a connection.

        Args:
          driver: Connects, and gives the clock. Closed by whoever made it.
          target: Where to connect to.
          headers: Gives the request headers of a method.
          limits: What to accept and send.
          connecting: How to find, make and keep connections.
          security: How to speak TLS; None for plaintext.
          keepalive: When to ask whether a server is still there.
        """
        self._environment = driver.environment
        self._target = target
        self._mate: links.Link = utilities.NULL_LINK
        # The connection for new operations if there is just one, or None. Written in the section, read without:
        # whoever reads a stale one learns from the connection itself that it takes no more operations.
        self._current: Optional[Entry] = None
        # Guards everything below, and is taken before a transport's lock, never the other way round: a transport
        # calls upwards without its lock. No one is called inside it but connections, under their transport's lock.
        self._section = Section()
        self._waiting: Dict[Hashable, Waiting] = {}
        # The connections for new operations if there are several; written and read as `_current` is.
        self._ring: Tuple[Entry, ...] = ()
        self._turns = itertools.count()
        self._connectivity = _connectivity.Connectivity(self._section, self._environment)
        self._idling = _idling.Idling(self._section, self._environment, connecting.idle_timeout, self._look, self._idle)
        self._maker = _making.Maker(self._section, self._environment, target, headers, limits, keepalive, connecting)
        self._configs = _config_source.ConfigSource(self._section, connecting, self._configure)
        self._pool = _pool.Pool(
            self._section,
            driver,
            target,
            connecting,
            security,
            _policies.make_policy(
                self._section, self._environment, self.service_config.policy, default=connecting.policy
            ),
            self._make_connection,
            self._changed,
            self._configs.take,
        )
        if self._configs.refusal is not None:
            self._pool.refuse(self._configs.refusal)
        self._pool.check_health(self.service_config.health_service)
        # Those that the service config has tried again; None if there are none, and so nothing to look up.
        self._retries: Optional[_retries.Retries] = None
        if connecting.retries:
            self._retries = _retries.retries_for(
                self._section,
                self._environment,
                self.service_config if self._configs.known else None,
                connecting.retry_buffer,
                self._admit,
            )

    def __repr__(self) -> str:
        return f"<InvocationLink to {self._target!r}, {self._pool.state.name}, {len(self._waiting)} operations waiting>"

    def join_link(self, link: links.Link) -> None:
        self._mate = link

    # ------------------------------------------------------------ the service config

    @property
    def service_config(self) -> ServiceConfig:
        """What holds now; before the DNS has answered, if it is asked, what the channel argument says."""
        return self._configs.current

    @property
    def changes_config(self) -> bool:
        """Whether another service config may come to hold."""
        return self._configs.changeable

    def _configure(self, config: ServiceConfig, policy: Optional[PolicyConfig]) -> None:
        """Have another config hold for new operations, and for those that waited for the first one. In the section."""
        if policy is not None:
            self._pool.use_policy(_policies.make_policy(self._section, self._environment, policy, policy.name))
        self._pool.check_health(config.health_service)
        if self._retries is not None:
            self._retries.configure(config)

    # ------------------------------------------------------------ connectivity

    def state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """The state now, before what `try_to_connect` brings about.

        Args:
          try_to_connect: Whether to connect if nothing has been done about it yet.
        """
        state = self._connectivity.state
        if try_to_connect and state is _State.IDLE:
            with self._section:
                self._pool.exit_idle()
        return state

    def watch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Have a callback called with the state now and with each that follows, in order, one call at a time.

        Args:
          callback: Called where the driver executes customers' code. What it raises is logged.
        """
        with self._section:
            self._connectivity.watch(callback)

    def unwatch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Call a callback no more; a call that has begun goes on. No error if nobody knows it."""
        with self._section:
            self._connectivity.unwatch(callback)

    # ------------------------------------------------------------ tickets

    def accept_ticket(self, ticket: links.Ticket) -> None:
        retries = self._retries
        if retries is not None:
            if ticket.sequence_number == 0:
                retries.begin(ticket)
            elif retries.concerns(ticket):
                with self._section:
                    retries.record(ticket)
                    self._carry_on(ticket)
                return
        current = self._current
        if current is not None:
            transport, connection = current
            with transport.lock:
                taken = connection.open if ticket.sequence_number == 0 else connection.holds(ticket.operation_id)
                if taken:
                    connection.send(ticket)
            if taken:
                transport.settle()
                return
        if not self._accept_in_turn(ticket):
            self._accept_elsewhere(ticket)

    def _accept_in_turn(self, ticket: links.Ticket) -> bool:
        """Take a ticket for one of several connections, as long as nothing stands in the way."""
        if ticket.sequence_number == 0:
            ring = self._ring
            if not ring:
                return False
            transport, connection = ring[next(self._turns) % len(ring)]
            with transport.lock:
                taken = connection.open
                if taken:
                    connection.send(ticket)
            if taken:
                transport.settle()
            return taken
        for transport, connection in self._pool.entries:
            if connection.holds(ticket.operation_id):
                with transport.lock:
                    taken = connection.holds(ticket.operation_id)
                    if taken:
                        connection.send(ticket)
                if taken:
                    transport.settle()
                    return True
        return False

    def _accept_elsewhere(self, ticket: links.Ticket) -> None:
        """Take a ticket while nothing changes: the operation waits, or has just found another connection."""
        with self._section:
            if ticket.sequence_number == 0:
                waiting = Waiting(ticket)
                waiting.since = self._environment.time()
                self._admit(waiting)
            else:
                self._carry_on(ticket)

    def _carry_on(self, ticket: links.Ticket) -> None:
        """Take a later ticket to wherever its operation is. Inside the section."""
        operation_id = ticket.operation_id
        if operation_id in self._waiting:
            if not self._waiting[operation_id].add(ticket):
                del self._waiting[operation_id]  # given up before it began
            return
        for transport, connection in self._pool.entries:
            with transport.lock:
                held = connection.holds(operation_id)
                if held:
                    connection.send(ticket)
            if held:
                self._section.later(transport.settle)
                break
        # A ticket that nobody takes is late: its operation has failed, and the End is about to hear so, or its next
        # attempt will say it.

    def _admit(self, waiting: Waiting) -> None:
        """Have an operation carried, keep it waiting or let it fail. Inside the section."""
        pool = self._pool
        if self._place(waiting):
            return
        if pool.state is _State.SHUTDOWN or (
            pool.state is _State.TRANSIENT_FAILURE and (pool.failure.permanent or not self._patient(waiting))
        ):
            self._fail(waiting, pool.failure)
            return
        self._waiting[waiting.operation_id] = waiting
        pool.exit_idle()

    def _place(self, waiting: Waiting, avoided: Optional[contract.Transport] = None) -> bool:
        """Give an operation to a connection that takes it, if there is one. Inside the section."""
        ready = self._pool.ready
        start = next(self._turns)
        entries = [ready[(start + offset) % len(ready)] for offset in range(len(ready))]
        # The last resort: the same connection again, which the peer only has too much to do on.
        entries.sort(key=lambda entry: entry[0] is avoided)
        for transport, connection in entries:
            with transport.lock:
                taken = connection.open
                if taken:
                    waiting.spend(self._environment.time())
                    connection.begin(waiting)
            if taken:
                self._section.later(transport.settle)
                return True
        return False

    def _patient(self, waiting: Waiting) -> bool:
        """Whether an operation waits while the channel cannot connect."""
        first = waiting.first
        asked = None if first.protocol is None else first.protocol.value.wait_for_ready
        if asked is None:
            asked = self.service_config.method(first.group, first.method).wait_for_ready
        return bool(asked)

    def _fail(self, waiting: Waiting, failure: Failure) -> None:
        """Let an operation, or this attempt of it, fail once the section is left."""
        if failure.permanent and self._retries is not None:
            self._retries.forget(waiting.operation_id)
        ticket = failure.ticket(waiting.operation_id, waiting.next_ticket)
        self._section.later(lambda: self._hear(ticket))

    def _hear(self, ticket: links.Ticket) -> None:
        """Take a ticket for the End."""
        if self._retries is None or not self._retries.withhold(ticket):
            self._mate.accept_ticket(ticket)

    # ------------------------------------------------------------ connections

    def _make_connection(self, transport: contract.Transport, callbacks: Callbacks) -> _client.ClientConnection:
        return self._maker.make(
            transport,
            callbacks,
            self._mate.accept_ticket if self._retries is None else self._hear,
            functools.partial(self._take_back, transport),
            self.service_config,
        )

    def _take_back(self, transport: contract.Transport, operation_id: Hashable) -> None:
        """Try an operation elsewhere that its peer has not processed."""
        with self._section:
            waiting = None
            for entry in self._pool.entries:
                if entry[0] is transport:
                    with transport.lock:
                        waiting = entry[1].take_back(operation_id)
            if waiting is None:
                return
            if waiting.replayed and self._retries is not None:
                self._retries.on_replay(operation_id)
            if not self._place(waiting, avoided=transport):
                self._admit(waiting)

    def _changed(self) -> None:
        """The pool has changed: what waits goes out, in order and before anything newer, or fails, or waits on."""
        pool = self._pool
        self._current = None
        self._ring = ()
        self._configs.prescribe(pool.ready)
        if pool.ready:
            self._place_all()
            if len(pool.ready) == 1:
                self._current = pool.ready[0]
            else:
                self._ring = pool.ready
        elif pool.state is _State.TRANSIENT_FAILURE:
            self._fail_all()
        self._connectivity.change(pool.state)
        if pool.state is _State.IDLE:
            self._idling.stop()
            if self._waiting:
                pool.exit_idle()
        elif pool.state is _State.SHUTDOWN:
            self._idling.stop()
        else:
            self._idling.start()

    def _place_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        left = [operation for operation in waiting.values() if not self._place(operation)]
        # A connection that will take no more after all says so presently, and they will be asked about again.
        self._waiting = {operation.operation_id: operation for operation in left}

    def _fail_all(self) -> None:
        failure = self._pool.failure
        failed: List[Waiting] = [
            waiting for waiting in self._waiting.values() if failure.permanent or not self._patient(waiting)
        ]
        for waiting in failed:
            del self._waiting[waiting.operation_id]
            self._fail(waiting, failure)

    def _look(self) -> Optional[int]:
        entries = self._pool.entries
        pausing = self._retries is not None and self._retries.pausing
        if self._waiting or pausing or any(connection.busy for _, connection in entries):
            return None
        return sum(connection.begun for _, connection in entries)

    def _idle(self) -> None:
        self._pool.enter_idle()

    # ------------------------------------------------------------ forking

    def after_fork_in_child(self) -> None:
        """Have the lock anew; see `forking`."""
        self._section.after_fork_in_child()

    def begin_anew(self) -> None:
        """Be without a connection, as in the beginning; no operation is left that could want one."""
        with self._section:
            self._pool.enter_idle()

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """Say goodbye on every connection and close it; the operations have ended before. May be called again."""
        with self._section:
            if self._pool.state is _State.SHUTDOWN:
                return
            self._pool.shut_down()
            for waiting in self._waiting.values():
                self._fail(waiting, self._pool.failure)
            self._waiting.clear()
            if self._retries is not None:
                for waiting in self._retries.close():
                    self._fail(waiting, self._pool.failure)
            for transport, connection in self._pool.entries:
                self._section.later(functools.partial(_close, transport, connection))


def _close(transport: contract.Transport, connection: _client.ClientConnection) -> None:
    with transport.lock:
        connection.go_away()
    transport.settle()
    transport.close("the channel was closed")
