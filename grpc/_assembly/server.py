"""Service sides: Face over Ends over HTTP/2, and their common life."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Callable, List, Mapping, Optional, Tuple

from grpc._assembly._limiting import LimitingServicer
from grpc._io import threads
from grpc._links import service
from grpc._values import channel_arguments
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._assembly.client import Options
    from grpc._io import contract
    from grpc._values.compression import Compression
    from grpc._values.security import ServerSecurity
    from grpc.framework.core._end import End
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face


class ServerSide:
    """What a server stands on: one End over HTTP/2, and one for every client side in this process."""

    def __init__(
        self,
        multi_method: face.MultiMethodImplementation,
        pool: Optional[futures.Executor],
        options: Options,
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
        *,
        method_implementations: Optional[Mapping[Tuple[str, str], face.MethodImplementation]] = None,
        default_timeout: Optional[float] = None,
        maximum_timeout: Optional[float] = None,
        ended: Optional[Callable[[], None]] = None,
    ) -> None:
        """Make a server side; its reactor runs from now on, for the ports to be bound on.

        Args:
          multi_method: Serves all methods without an implementation of their own.
          pool: Runs it.
          options: Channel arguments.
          maximum_concurrent_rpcs: How many operations to serve at once, over all ways in; None for any number.
          compression: How to compress responses; None for what the channel arguments say.
          method_implementations: From (group, method) to what serves it.
          default_timeout: Seconds for an operation whose invocation names no timeout; None for no limit.
          maximum_timeout: The most seconds that any operation is given; None for no limit.
          ended: Called once, when everything has ended.

        Raises:
          TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`.
        """
        settings = channel_arguments.parse(options, channel_arguments.SERVER)
        limits = settings.limits
        if compression is not None:
            limits = limits._replace(compression=int(compression))
        self._settings = settings
        self._driver = threads.server_driver()
        self._servicer: base.Servicer = crust.servicer(
            method_implementations or {}, multi_method, pool, self._driver.environment
        )
        if maximum_concurrent_rpcs is not None:
            self._servicer = LimitingServicer(self._servicer, maximum_concurrent_rpcs)
        self._timeouts = (default_timeout, maximum_timeout)
        self._ended = ended
        self._link = service.ServiceLink(limits, self._driver.environment.time, settings.server)
        # Guards everything below. Nothing is called while it is held.
        self._lock = threading.Lock()
        self._listeners: List[contract.Listener] = []
        self._started = False
        self._stopping = False
        self.stopped = threading.Event()
        self._ends: List[End] = []
        self._unfinished = 0
        utilities.join(self._link, self.another_end())

    def another_end(self) -> End:
        """A further End with the same servicer, for a client side in this process."""
        end = core.service_end_link(self._servicer, *self._timeouts, self._driver.environment)
        with self._lock:
            self._ends.append(end)
            started = self._started and not self._stopping
        if started:
            end.start()
        return end

    def add_port(self, address: str, security: Optional[ServerSecurity]) -> int:
        """Bind an address; connections are accepted once the server side has started.

        Returns:
          The port.

        Raises:
          ValueError: The address cannot be understood.
          OSError: It cannot be bound.
        """
        listener = self._driver.listen(
            address,
            security,
            so_reuseport=bool(self._settings.number("grpc.so_reuseport")),
            handshake_timeout=self._settings.server.handshake_timeout,
        )
        with self._lock:
            self._listeners.append(listener)
            started = self._started and not self._stopping
        if started:
            listener.start(self._link.accept_transport)
        return listener.port

    def start(self) -> None:
        """Accept connections and serve.

        Raises:
          ValueError: It has been started before.
        """
        with self._lock:
            if self._started:
                raise ValueError("Cannot start already-started server: make another one")
            self._started = True
            ends = list(self._ends)
            listeners = list(self._listeners)
        for end in ends:
            end.start()
        for listener in listeners:
            listener.start(self._link.accept_transport)

    def stop(self, grace: Optional[float]) -> threading.Event:
        """Refuse new RPCs at once, give running ones `grace` seconds, then abort them; see `grpc.Server.stop`.

        Returns:
          An event that is set when everything has ended. With no grace it is set on return.
        """
        with self._lock:
            first = not self._stopping
            self._stopping = True
            listeners, self._listeners = self._listeners, []
            ends = list(self._ends)
            if first:
                # What has to end before the threads may: the connections, and every End.
                self._unfinished = 1 + len(ends)
        for listener in listeners:
            listener.close()
        if first:
            self._link.go_away(self._one_finished)
        for end in ends:
            end.stop(grace)
            if first:
                end.add_idle_action(self._one_finished)
        if grace:
            environment = self._driver.environment
            if not self.stopped.is_set():
                # Clients that have not taken leave by then are not waited for.
                environment.call_at(environment.time() + grace, self._link.hurry)
        else:
            self._link.hurry()
            self.stopped.wait()
            self._driver.close()  # waits for the thread, which `_one_finished` may have been on
        return self.stopped

    def _one_finished(self) -> None:
        with self._lock:
            self._unfinished -= 1
            last = self._unfinished == 0
        if last:
            self._driver.close()
            if self._ended is not None:
                self._ended()
            self.stopped.set()
