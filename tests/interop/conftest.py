"""Clients and servers of every implementation, each behind the same two shapes.

A caller is a function from an order to an answer (``peers.wire_values``), a server is the target it listens on. Which
of them a module of tests joins is said there, by its ``PAIRS``. Peers are started once per module and reaped after it;
ours lives in this process, and for one test only.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, NamedTuple

import pytest

from peers import environment, sync_calls, sync_service, wire_values
from peers.process import SCRIPTS, START_TIMEOUT, Process

if TYPE_CHECKING:
    from pathlib import Path

Call = Callable[[Dict[str, Any]], wire_values.Answer]
OURS = "ours"


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
    """Run each test that asks for a pair once for every (client, server) in its module's ``PAIRS``."""
    if "pair" in metafunc.fixturenames:
        names = metafunc.module.PAIRS
        metafunc.parametrize("pair", names, ids=[f"{client}-calls-{server}" for client, server in names], indirect=True)


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
