"""A transport on one end of a pair of sockets; the test holds the other end."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING, Callable, List, Optional

from grpc._io.threads import _poller
from grpc._io.threads._driver import Environment
from grpc._io.threads._reactor import Reactor
from grpc._io.threads._transport import Transport
from tests.io.lines import LIMIT, LineConnection

if TYPE_CHECKING:
    from grpc._io import contract
    from grpc.framework.foundation.environment import Waiter


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def open_descriptors() -> List[str]:
    """What the descriptors of this process stand for, one entry for each."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:  # noqa: PERF203  # the descriptor that listed the others
            continue
    return sorted(found)


class Rig:
    """A reactor and transports on it."""

    def __init__(
        self,
        clock: Optional[Callable[[], float]] = None,
        make_poller: Callable[[], _poller.Poller] = _poller.make_poller,
    ) -> None:
        self.reactor = Reactor("grpc-test-reactor", make_poller=make_poller)
        if clock is not None:
            self.reactor = Reactor("grpc-test-reactor", clock, make_poller)
        self.reactor.acquire()
        self.environment = Environment(self.reactor)
        self.transports: List[Transport] = []
        self.peers: List[socket.socket] = []

    def transport(
        self,
        connection: Optional[contract.Connection] = None,
        *,
        callers_read: bool = True,
        send_buffer: Optional[int] = None,
    ) -> Transport:
        """A new transport; `peers[-1]` is the other end of its socket."""
        ours, peer = socket.socketpair()
        peer.settimeout(LIMIT)
        if send_buffer is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        ours.setblocking(False)
        transport = Transport(self.reactor, ours, "unix:test", callers_read=callers_read)
        self.transports.append(transport)
        self.peers.append(peer)
        if connection is not None:
            transport.run(connection)
        return transport

    def settle_reactor(self) -> None:
        """Return once the reactor has done all that was due when this was called."""
        for _ in range(2):  # what is ready may be seen by the poll after the one that `call_soon` ends
            done = threading.Event()
            self.reactor.call_soon(done.set)
            assert done.wait(LIMIT), "the reactor is stuck"

    def close(self) -> None:
        """End everything."""
        for transport in self.transports:
            transport.close("the test is over")
        self.settle_reactor()
        for peer in self.peers:
            peer.close()
        self.reactor.release()
        self.reactor.join()
        self.transports.clear()


def waiting_thread(
    transport: Transport, environment: Environment, waiter: Waiter, deadline: Optional[float] = None
) -> WaitingThread:
    """A started thread that waits."""
    thread = WaitingThread(lambda: transport.wait(environment, waiter, deadline))
    thread.start()
    return thread


class WaitingThread(threading.Thread):
    """A thread whose outcome the test asks for."""

    def __init__(self, work: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._result: Optional[bool] = None
        self.error: Optional[BaseException] = None

    def run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self.error = error

    def result(self) -> bool:
        """What the work returned, or raises what it raised."""
        self.join(LIMIT)
        assert not self.is_alive(), "the thread did not end"
        if self.error is not None:
            raise self.error
        assert self._result is not None
        return self._result


def until(condition: Callable[[], bool]) -> None:
    """Return once another thread has brought a condition about; for what gives no other sign."""
    pause = threading.Event()
    for _ in range(int(LIMIT / 0.001)):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError("the condition did not come about")


def lines_of(peer: socket.socket, count: int) -> List[bytes]:
    """So many lines that the peer receives."""
    data = b""
    while data.count(b"\n") < count:
        piece = peer.recv(65536)
        assert piece, "the connection ended early"
        data += piece
    return data.split(b"\n")[:-1]


def echo(connection: LineConnection, transport: Transport, line: bytes) -> Waiter:
    """Send a line and expect it back."""
    with transport.lock:
        waiter = connection.expect(line)
        connection.write(line + b"\n")
    transport.settle()
    return waiter
