"""Ctrl-C at any line of a caller's wait: whatever it tears, nobody else is left waiting."""

from __future__ import annotations

import linecache
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

import pytest

from grpc._io.threads._roles import CALLER, CLOSED
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Rig, echo, until, waiting_thread

if TYPE_CHECKING:
    import socket

    from grpc._io.threads._transport import Transport

_OURS = ("_transport.py", "_sharing.py", "_writing.py", "_roles.py", "_poller.py")


class _Interrupter:
    """Raises KeyboardInterrupt when the calling thread comes to the n-th line of the transport's code.

    Not at a `with` line, though. Leaving a block passes it again, and an exception between there and the release of the
    lock would leave the lock taken; the interpreter itself does not raise at that point.
    """

    def __init__(self, at: int) -> None:
        self._left = at
        self.where: Optional[Tuple[str, int]] = None

    def __call__(self, frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        if not code.co_filename.endswith(_OURS) or "/threads/" not in code.co_filename or code.co_name == "__del__":
            return None
        if event == "line" and self.where is None:
            line = linecache.getline(code.co_filename, frame.f_lineno).strip()
            if not line.startswith("with "):
                self._left -= 1
                if self._left == 0:
                    self.where = (code.co_name, frame.f_lineno)
                    raise KeyboardInterrupt
        return self

    def run(self, work: Callable[[], object]) -> None:
        sys.settrace(self)
        try:
            work()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)


def _serve(peer: socket.socket) -> threading.Thread:
    """Echo until the end."""

    def serve() -> None:
        try:
            while data := peer.recv(65536):
                peer.sendall(data)
        except OSError:
            pass  # closed in the middle

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def _everybody_gets_an_end(rig: Rig, connection: LineConnection, transport: Transport, where: object) -> None:
    """A call after the interruption is answered, or hears that the connection is lost."""
    with transport.lock:
        lost = bool(connection.losses)
        waiter = connection.expect(b"after")
        connection.write(b"after\n")
    transport.settle()
    if lost or transport._reading is CLOSED:
        connection.await_loss()
        return
    # A call that nobody blocks for: the reactor, or whoever reads, has to see the answer.
    until(lambda: waiter.ready)
    assert transport.wait(rig.environment, waiter, None), where
    second = echo(connection, transport, b"second")
    assert waiting_thread(transport, rig.environment, second).result(), where


def _interrupted_once(at: int, prepare: Callable[[Rig, LineConnection, Transport], List[Any]]) -> bool:
    """Interrupt a blocking call at its n-th line; False if it has fewer."""
    rig = Rig()
    connection = LineConnection()
    transport = rig.transport(connection)
    rig.peers[-1].settimeout(None)
    server = _serve(rig.peers[-1])
    others = prepare(rig, connection, transport)
    interrupter = _Interrupter(at)

    def call() -> None:
        waiter = echo(connection, transport, b"mine")
        transport.wait(rig.environment, waiter, None)

    caller = threading.Thread(target=lambda: interrupter.run(call), daemon=True)
    caller.start()
    caller.join(LIMIT)
    assert not caller.is_alive(), interrupter.where
    for other in others:
        assert other(), interrupter.where
    _everybody_gets_an_end(rig, connection, transport, interrupter.where)
    rig.close()
    server.join(LIMIT)
    assert transport._socket.fileno() == -1, interrupter.where
    return interrupter.where is not None


def _alone(rig: Rig, connection: LineConnection, transport: Transport) -> List[Any]:
    return []


def _after_another(rig: Rig, connection: LineConnection, transport: Transport) -> List[Any]:
    """A call before that leaves the socket to nobody: this one has to have the reactor watch."""
    assert transport.wait(rig.environment, echo(connection, transport, b"before"), None)
    return []


def _with_a_sleeper(rig: Rig, connection: LineConnection, transport: Transport) -> List[Any]:
    """Another caller reads first, a third one sleeps; both must come to an end."""
    threads = []
    for name in (b"reader", b"sleeper"):
        with transport.lock:
            waiter = connection.expect(name)
        threads.append(waiting_thread(transport, rig.environment, waiter))
        until(lambda: transport._reading is CALLER)
    until(lambda: len(transport._sleepers) == 1)

    def finish() -> bool:
        with transport.lock:
            if not connection.losses:
                connection.write(b"reader\nsleeper\n")
        transport.settle()
        return all(thread.result() for thread in threads)

    return [finish]


@pytest.mark.slow
@pytest.mark.parametrize("prepare", [_alone, _after_another, _with_a_sleeper], ids=["the reader", "again", "a sleeper"])
def test_an_interruption_at_any_line_leaves_nobody_waiting(
    prepare: Callable[[Rig, LineConnection, Transport], List[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    at = 1
    while _interrupted_once(at, prepare):
        at += 1
    assert at > 40  # it did go through the code
