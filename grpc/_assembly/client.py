"""Invocation sides: an End with everything beneath it, and one way to close it all."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple, Union

from grpc._assembly import _connecting
from grpc._io import threads
from grpc._links._connectivity import Connectivity
from grpc._links._section import Section
from grpc._links._service_config import NO_SERVICE_CONFIG
from grpc._values.connectivity import ChannelConnectivity
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.foundation import environment, forking

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._assembly._serving import ServerSide
    from grpc._io import contract
    from grpc._links import invocation
    from grpc._values.compression import Compression
    from grpc._values.security import ClientSecurity
    from grpc.framework.core._end import End
    from grpc.framework.foundation.environment import Environment
    from grpc.framework.interfaces.face import face

_FORKED = "the process was forked, and the RPC stays with the parent process"

Options = Sequence[Tuple[str, Any]]

TimeoutRule = Callable[[Optional[float]], Optional[float]]


class InMemory:
    """The connectivity of a channel that is joined to its server: READY from the beginning to the end."""

    service_config = NO_SERVICE_CONFIG
    changes_config = False

    def __init__(self, environment: Environment, leave: Callable[[], None]) -> None:
        """Begin READY.

        Args:
          environment: Where watchers are called.
          leave: Called at the end, for the server to forget this channel. Kept, so that a server that nobody has but
            the channel does not end by itself.
        """
        self._leave = leave
        self._section = Section()
        self._connectivity = Connectivity(self._section, environment)
        self._change(ChannelConnectivity.READY)

    def state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        return self._connectivity.state

    def watch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._section:
            self._connectivity.watch(callback)

    def unwatch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        with self._section:
            self._connectivity.unwatch(callback)

    def after_fork_in_child(self) -> None:
        """Have the lock anew; see `forking`."""
        self._section.after_fork_in_child()

    def begin_anew(self) -> None:
        """Nothing to do: there is no connection."""

    def close(self) -> None:
        self._change(ChannelConnectivity.SHUTDOWN)
        self._leave()

    def _change(self, state: ChannelConnectivity) -> None:
        with self._section:
            self._connectivity.change(state)


class ClientSide(forking.Member):
    """What a channel stands on. One that is dropped closes itself as soon as no RPC of it goes on."""

    _closed = True  # until it is quite made

    def __init__(
        self,
        end: End,
        link: Union[invocation.InvocationLink, InMemory],
        driver: Optional[contract.Driver],
        pool: Optional[futures.Executor],
        authority: str,
    ) -> None:
        self.authority = authority
        self._end = end
        self._link = link
        self._driver = driver
        self._environment = environment.default() if driver is None else driver.environment
        # Guards `_closed`.
        self._lock = threading.Lock()
        self._closed = False
        self.stub: face.GenericStub = crust.generic_stub(end, pool)

    def another_stub(self, pool: Optional[futures.Executor]) -> face.GenericStub:
        """A stub that draws requests from iterators, and calls receivers, in a pool of its own."""
        return crust.generic_stub(self._end, pool)

    @property
    def closed(self) -> bool:
        """Whether `close` has been called."""
        return self._closed

    def state(self, try_to_connect: bool = False) -> ChannelConnectivity:
        """The state of the channel now; see `InvocationLink.state`."""
        return self._link.state(try_to_connect)

    def watch(self, callback: Callable[[ChannelConnectivity], None], try_to_connect: bool = False) -> None:
        """Have a callback called with the state now and with each that follows; see `InvocationLink.watch`.

        Args:
          callback: Called where the driver executes customers' code.
          try_to_connect: Whether to connect if nothing has been done about it yet.
        """
        self._link.watch(callback)
        if try_to_connect:
            self._link.state(try_to_connect=True)

    def unwatch(self, callback: Callable[[ChannelConnectivity], None]) -> None:
        """Call a callback no more; no error if nobody knows it."""
        self._link.unwatch(callback)

    def timeout_rule(self, group: str, method: str) -> Optional[TimeoutRule]:
        """What the service config makes of the timeouts of a method's RPCs; the rest of it is kept without the caller.

        Returns:
          What gives an RPC that begins now its timeout, when given the caller's; both are seconds, or None for as long
          as it takes. None if all are as the callers say, now and later.
        """
        link = self._link
        if not link.changes_config and link.service_config.method(group, method).timeout is None:
            return None

        def timeout_of(timeout: Optional[float]) -> Optional[float]:
            longest = link.service_config.method(group, method).timeout
            return longest if timeout is None else timeout if longest is None else min(timeout, longest)

        return timeout_of

    def after_fork_in_child(self) -> forking.Report:
        self._lock = threading.Lock()
        self._end.after_fork_in_child()
        self._link.after_fork_in_child()
        return None if self._closed else self._begin_anew

    def _begin_anew(self) -> None:
        """In a forked process: let go of the RPCs, which the parent goes on with, and connect anew when needed."""
        self._end.cancel_all(_FORKED)
        self._link.begin_anew()

    def __del__(self) -> None:
        # Nobody can begin an RPC here any more; those that others still have go on.
        if not self._closed:
            self._environment.call_from_finalizer(self._close_when_idle)

    def _close_when_idle(self) -> None:
        self._end.add_idle_action(functools.partial(self._environment.call_from_finalizer, self.close))

    def close(self) -> None:
        """End all RPCs as cancelled by this side, close the connection, end the threads. May be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._end.stop(0)
        self._link.close()
        if self._driver is not None:
            self._driver.close()


def over_http2(
    target: str,
    user_agent: str,
    options: Options,
    compression: Optional[Compression],
    security: Optional[ClientSecurity],
    pool: Optional[futures.Executor],
) -> ClientSide:
    """A client side over TCP or a Unix socket. Nothing is connected until the first RPC.

    Args:
      target, user_agent, options, compression, security: As for `_connecting.over_http2`.
      pool: Where requests are drawn from iterators.

    Raises:
      TypeError, ValueError: A channel argument is wrong.
    """
    end, link, driver, authority = _connecting.over_http2(
        threads.client_driver, target, user_agent, options, compression, security
    )
    side = ClientSide(end, link, driver, pool, authority)
    forking.register(side)
    return side


def in_memory(server: ServerSide[Any], pool: Optional[futures.Executor]) -> ClientSide:
    """A client side joined to a server in this process: tickets pass from End to End, and nothing is encoded."""
    end = core.invocation_end_link()
    link = InMemory(environment.default(), server.join_in_memory(end))
    end.start()
    side = ClientSide(end, link, None, pool, "inproc")
    forking.register(side)
    return side
