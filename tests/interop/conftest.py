"""Clients and servers of every implementation, each behind the same two shapes.

A caller is a function from an order to an answer (``peers.wire_values``), a server is the target it listens on. Which
of them a module of tests joins is said there, by its ``PAIRS``. Peers are started once per module and reaped after it;
ours lives in this process, and for one test only.

For calls that go step by step each implementation is a side, which obeys orders (``peers.sides``): a talk joins two.
Peers' sides are started once for all tests; what a test orders ends with it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, NamedTuple

import pytest

from peers import (
    aio_script,
    aio_steps,
    environment,
    loops,
    sides,
    sync_calls,
    sync_script,
    sync_service,
    sync_steps,
    wire_values,
)
from peers.process import SCRIPTS, START_TIMEOUT, Process, ProcessError
from tests.interop.conversation import BOTH, Conversation, Line, Obey

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[[Dict[str, Any]], wire_values.Answer]
OURS = "ours"
OURS_AIO = "ours-aio"

_PEER_SIDES = {"grpcio": "grpcio_side.py", "grpcio-aio": "grpcio_aio_side.py", "grpclib": "grpclib_side.py"}


class Pair(NamedTuple):
    """A client joined with a server: ``call`` makes the client call a method of the service."""

    call: Callable[..., wire_values.Answer]
    target: str


@pytest.fixture(scope="session")
def peer_python() -> Path:
    """The peers' interpreter; every test that needs it fails with the reason when there is none."""
    try:
        return environment.python()
    except environment.EnvironmentUnavailable as error:
        pytest.fail(str(error), pytrace=False)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a pair, or a talk, once for every (client, server) in its module's ``PAIRS``
    to which it applies.

    A talk is also held once for each of the module's ``SECURITIES``, which are both if it names none.
    """
    for fixture in ("pair", "talk"):
        if fixture in metafunc.fixturenames:
            applies = getattr(metafunc.function, "applies", lambda client, server: True)
            names = [pair for pair in metafunc.module.PAIRS if applies(*pair)]
            ids = [f"{client}-calls-{server}" for client, server in names]
            metafunc.parametrize(fixture, names, ids=ids, indirect=True)
    if "talk" in metafunc.fixturenames:
        apart = getattr(metafunc.function, "securities", BOTH)
        together = [name for name in getattr(metafunc.module, "SECURITIES", BOTH) if name in apart]
        metafunc.parametrize("security", together)


@pytest.fixture(scope="module")
def peer_calls(request: pytest.FixtureRequest, peer_python: Path) -> Iterator[Dict[str, Call]]:
    """The peers' clients that the module needs, each in its process."""
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(Process(peer_python, SCRIPTS / f"{name}_client.py")).ask
            for name in {client for client, _ in request.module.PAIRS} - {OURS}
        }


@pytest.fixture(scope="module")
def peer_targets(request: pytest.FixtureRequest, peer_python: Path) -> Iterator[Dict[str, str]]:
    """Where the peers' servers that the module needs listen, each in its process."""
    with contextlib.ExitStack() as stack:
        targets = {}
        for name in {server for _, server in request.module.PAIRS} - {OURS}:
            process = stack.enter_context(Process(peer_python, SCRIPTS / f"{name}_server.py"))
            targets[name] = f"127.0.0.1:{process.receive(START_TIMEOUT)['port']}"
        yield targets


@contextlib.contextmanager
def _our_call() -> Iterator[Call]:
    with contextlib.closing(sync_calls.SyncCaller()) as caller:
        yield caller.call


@contextlib.contextmanager
def _our_target() -> Iterator[str]:
    server, port, pool = sync_service.serve()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        sync_service.stop(server, pool)


@pytest.fixture
def pair(request: pytest.FixtureRequest, peer_calls: Dict[str, Call], peer_targets: Dict[str, str]) -> Iterator[Pair]:
    """A running client and server of the two named implementations; ours is made for each test and leaves nothing."""
    client, server = request.param
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(_our_target()) if server == OURS else peer_targets[server]
        call = stack.enter_context(_our_call()) if client == OURS else peer_calls[client]

        def call_method(name: str, body: bytes = b"", **options: Any) -> wire_values.Answer:
            return call(wire_values.order(target, wire_values.method(name), body, **options))

        yield Pair(call_method, target)


class PeerSides:
    """The peers' sides, each in its process, which is started before the first test and obeys all of them."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._processes = {name: self._start(name) for name in _PEER_SIDES}

    def _start(self, name: str) -> Process:
        return Process(self._python, SCRIPTS / _PEER_SIDES[name])

    def ask(self, name: str, order: Line) -> Line:
        """Have the named side obey. One that fails is started anew, so that only this test suffers."""
        try:
            return self._processes[name].ask(order)
        except ProcessError:
            self._processes[name] = self._start(name)
            raise

    def close(self) -> None:
        """End them all."""
        with contextlib.ExitStack() as stack:
            for process in self._processes.values():
                stack.callback(process.close)


@pytest.fixture(scope="session")
def peer_sides(peer_python: Path) -> Iterator[PeerSides]:
    """See ``PeerSides``."""
    with contextlib.closing(PeerSides(peer_python)) as made:
        yield made


@contextlib.contextmanager
def _side(name: str, peer_sides: PeerSides) -> Iterator[Obey]:
    """What obeys as the named side; nothing of what a test orders is left after it."""
    if name == OURS:
        with contextlib.closing(sides.Side(sync_script.SyncServers(), sync_steps.SyncClients())) as side:
            yield side.obey
    elif name == OURS_AIO:
        with contextlib.closing(loops.LoopThread()) as loop, contextlib.ExitStack() as stack:
            side = sides.Side(aio_script.AioServers(loop), aio_steps.AioClients(loop))
            stack.callback(side.close)
            yield side.obey
    else:
        try:
            yield lambda order: peer_sides.ask(name, order)
        finally:
            peer_sides.ask(name, {"do": "reset"})


@pytest.fixture
def talk(request: pytest.FixtureRequest, peer_sides: PeerSides, security: str) -> Iterator[Conversation]:
    """The two sides of one of the module's ``PAIRS``, over one of its ``SECURITIES``."""
    client, server = request.param
    with contextlib.ExitStack() as stack:
        serve = stack.enter_context(_side(server, peer_sides))
        # The same implementation twice is one side, which obeys as both.
        call = serve if client == server else stack.enter_context(_side(client, peer_sides))
        yield Conversation(call, serve, security, (client, server))
