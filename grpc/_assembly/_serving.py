"""A service side on whichever driver: Face over Ends over HTTP/2, its ports, and the beginning of its end.

What differs between drivers is how one waits for the end; `server` and `aio` add that.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any, Callable, Generic, List, Mapping, Optional, Tuple, TypeVar, Union

from grpc._assembly._limiting import LimitingServicer
from grpc._io import contract
from grpc._links import service
from grpc._values import channel_arguments, credentials, locality
from grpc._values import compression as _compression
from grpc.framework.core import implementations as core
from grpc.framework.crust import implementations as crust
from grpc.framework.interfaces.links import utilities

if TYPE_CHECKING:
    from concurrent import futures

    from grpc._assembly.client import Options
    from grpc._values.compression import Compression
    from grpc._values.security import ServerSecurity
    from grpc.framework.core._end import End
    from grpc.framework.interfaces.base import base
    from grpc.framework.interfaces.face import face
    from grpc.framework.interfaces.links import links

D = TypeVar("D", bound=contract.Driver)


class ServerSide(Generic[D]):
    """One End over HTTP/2, and one for every client side in this process."""

    _stopping = True  # until it is quite made

    def __init__(
        self,
        make_driver: Callable[[], D],
        multi_method: face.MultiMethodImplementation,
        pool: Optional[futures.Executor],
        options: Options,
        maximum_concurrent_rpcs: Optional[int],
        compression: Optional[Compression],
        method_implementations: Optional[Mapping[Tuple[str, str], face.MethodImplementation]],
        default_timeout: Optional[float],
        maximum_timeout: Optional[float],
        ended: Optional[Callable[[], None]],
    ) -> None:
        """Make a server side.

        Args:
          make_driver: Makes a driver for it; called when the arguments have been found right.
          multi_method: Serves all methods without an implementation of their own.
          pool: Runs it; None to run it where its request is delivered.
          options: Channel arguments.
          maximum_concurrent_rpcs: How many operations to serve at once, over all ways in; None for any number.
          compression: How to compress responses; None for what the channel arguments say.
          method_implementations: From (group, method) to what serves it; None for no such methods.
          default_timeout: Seconds for an operation whose invocation names no timeout; None for no limit.
          maximum_timeout: The most seconds that any operation is given; None for no limit.
          ended: Called once, when everything has ended; None if nobody wants to know.

        Raises:
          TypeError, ValueError: A channel argument is wrong, see `channel_arguments.parse`.
        """
        settings = channel_arguments.parse(options, channel_arguments.SERVER)
        limits = settings.limits
        if compression is not None:
            limits = limits._replace(compression=_compression.number(compression))
        self._settings = settings
        self._driver = make_driver()
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
        self._ends: List[End] = []
        self._unfinished = 0
        utilities.join(self._link, self._make_end())

    # ------------------------------------------------------------ ways in

    def _make_end(self) -> End:
        end = core.service_end_link(self._servicer, *self._timeouts, self._driver.environment)
        with self._lock:
            self._ends.append(end)
            started = self._started and not self._stopping
        if started:
            end.start()
        return end

    def join_in_memory(self, client: links.Link) -> Callable[[], None]:
        """Join a client side in this process to a further End.

        Returns:
          What to call when the client side is closed; in any thread.
        """
        end = self._make_end()
        utilities.join(client, self._seen_by_clients(end))
        return functools.partial(end.add_idle_action, functools.partial(self._forget_end, end))

    def _seen_by_clients(self, end: End) -> links.Link:
        """An End as a client side in another thread may use it."""
        return end

    def _forget_end(self, end: End) -> None:
        with self._lock:
            if end in self._ends:
                self._ends.remove(end)

    def add_insecure_port(self, address: Union[str, bytes]) -> int:
        """Bind an address for plaintext; connections are accepted once the server side has started.

        A host name is looked up here and now, which blocks; literal addresses do not.

        Returns:
          The port.

        Raises:
          TypeError: The address is no string.
          ValueError: It cannot be understood.
          RuntimeError: It cannot be bound.
        """
        return self._add_port(address, None)

    def add_secure_port(self, address: Union[str, bytes], server_credentials: Any) -> int:
        """The same with what server credentials prescribe.

        Raises:
          TypeError: They are no server credentials.
          ValueError: They are for addresses within this machine, and this is none.
        """
        security = credentials.server_security_of(server_credentials)
        if isinstance(security, credentials.LocalServer):
            locality.check(address, security.local)
            security = None
        return self._add_port(address, security)

    def _add_port(self, address: Union[str, bytes], security: Optional[ServerSecurity]) -> int:
        if isinstance(address, bytes):
            address = address.decode("utf-8")
        if not isinstance(address, str):
            raise TypeError(f"an address is a string such as '[::]:50051', not {address!r}")
        try:
            return self._listen(address, security)
        except OSError as error:
            raise RuntimeError(f"Failed to bind to address {address}: {error}") from error

    def _listen(self, address: str, security: Optional[ServerSecurity]) -> int:
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

    # ------------------------------------------------------------ beginning and end

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

    def _begin_to_stop(self, grace: Optional[float]) -> None:
        """Refuse new RPCs at once, abort running ones after `grace` seconds. Does not wait. May be called again."""
        with self._lock:
            first = not self._stopping
            self._stopping = True
            listeners, self._listeners = self._listeners, []
            ends = list(self._ends)
            if first:
                # What has to end before all is over: the connections, and every End.
                self._unfinished = 1 + len(ends)
        for listener in listeners:
            listener.close()
        if first:
            self._link.go_away(self._one_finished)
        for end in ends:
            end.stop(grace)
            if first:
                end.add_idle_action(self._one_finished)
        if not grace:
            # Clients that have not taken leave are not waited for.
            self._link.hurry()

    def _one_finished(self) -> None:
        with self._lock:
            self._unfinished -= 1
            last = self._unfinished == 0
        if last:
            self._driver.close()
            if self._ended is not None:
                self._ended()
            self._finish()

    def _finish(self) -> None:
        """Let those know who wait for the end."""
        raise NotImplementedError
