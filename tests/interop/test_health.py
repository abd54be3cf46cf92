"""Health checks by our clients, with threads and on a loop, of grpcio's server and of ours (gRFC A17)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import queue
from typing import TYPE_CHECKING, Callable, Iterator, List, Tuple

import pytest

import grpc
from grpc import aio
from peers import health_service, sync_service, wire_values
from peers.process import SCRIPTS, START_TIMEOUT, Process

if TYPE_CHECKING:
    from pathlib import Path

# Making the peers' environment, once, may take longer than a test usually may.
pytestmark = [pytest.mark.interop, pytest.mark.timeout(300)]

SERVING, NOT_SERVING = 1, 2
ECHO = f"/{wire_values.SERVICE}/Echo"
OPTIONS = [
    (
        "grpc.service_config",
        json.dumps({"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": "svc"}}),
    )
]
# More than anything here takes, in seconds.
ENOUGH = 20.0

Say = Callable[[int], None]
Client = Callable[[str, Say], List[str]]


def _with_threads(target: str, say: Say) -> List[str]:
    def outcome() -> str:
        try:
            answer: bytes = call(b"x", timeout=ENOUGH)
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        return answer.decode()

    states: queue.Queue[grpc.ChannelConnectivity] = queue.Queue()
    with grpc.insecure_channel(target, OPTIONS) as channel:
        call = channel.unary_unary(ECHO)
        channel.subscribe(states.put)
        waits = call.future(b"one", timeout=ENOUGH)
        say(SERVING)
        outcomes = [waits.result().decode()]
        say(NOT_SERVING)
        while states.get(timeout=ENOUGH) is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            pass
        outcomes.append(outcome())
        waits = call.future(b"two", timeout=ENOUGH, wait_for_ready=True)
        say(SERVING)
        return [*outcomes, waits.result().decode(), outcome()]


def _on_a_loop(target: str, say: Say) -> List[str]:
    async def run() -> List[str]:
        async def outcome() -> str:
            try:
                answer: bytes = await call(b"x", timeout=ENOUGH)
            except aio.AioRpcError as error:
                return f"{error.code().name}: {error.details()}"
            return answer.decode()

        async with aio.insecure_channel(target, OPTIONS) as channel:
            call = channel.unary_unary(ECHO)
            waits = call(b"one", timeout=ENOUGH)
            say(SERVING)
            outcomes = [(await waits).decode()]
            say(NOT_SERVING)
            while (state := channel.get_state()) is not grpc.ChannelConnectivity.TRANSIENT_FAILURE:
                await asyncio.wait_for(channel.wait_for_state_change(state), ENOUGH)
            outcomes.append(await outcome())
            waits = call(b"two", timeout=ENOUGH, wait_for_ready=True)
            say(SERVING)
            return [*outcomes, (await waits).decode(), await outcome()]

    return asyncio.run(run())


@pytest.fixture(params=[_with_threads, _on_a_loop])
def client(request: pytest.FixtureRequest) -> Client:
    """Goes through a server's SERVING, NOT_SERVING and SERVING again, as it has the server say; gives what became of
    a call in each and of one that waited for it."""
    found: Client = request.param
    return found


@contextlib.contextmanager
def _ours(healthy: bool) -> Iterator[Tuple[str, Say]]:
    health = health_service.Health()
    server, port, pool = health_service.serve(health) if healthy else sync_service.serve()
    try:
        yield f"127.0.0.1:{port}", health.say
    finally:
        sync_service.stop(server, pool)


@contextlib.contextmanager
def _grpcio(python: Path, healthy: bool) -> Iterator[Tuple[str, Say]]:
    script = "grpcio_health_server.py" if healthy else "grpcio_server.py"
    with Process(python, SCRIPTS / script) as process:
        port = process.receive(START_TIMEOUT)["port"]
        yield f"127.0.0.1:{port}", lambda status: process.send({"status": status})


@pytest.fixture(params=["ours", "grpcio"])
def serve(
    request: pytest.FixtureRequest, peer_python: Path
) -> Callable[[bool], contextlib.AbstractContextManager[Tuple[str, Say]]]:
    """Runs a server with or without a health service; gives its target, and what has it say a status."""
    if request.param == "ours":
        return _ours
    return lambda healthy: _grpcio(peer_python, healthy)


Serve = Callable[[bool], "contextlib.AbstractContextManager[Tuple[str, Say]]"]


def test_calls_follow_what_a_server_says_of_its_health(client: Client, serve: Serve) -> None:
    with serve(True) as (target, say):
        assert client(target, say) == [
            "one",
            f"UNAVAILABLE: failed to connect to {target!r}: ipv4:{target}: the health check of service 'svc' says "
            "NOT_SERVING",
            "two",
            "x",
        ]


def test_a_server_without_a_health_service_is_taken_to_be_healthy(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(False) as (target, _), grpc.insecure_channel(target, OPTIONS) as channel:
        assert channel.unary_unary(ECHO)(b"x", timeout=ENOUGH) == b"x"
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().startswith(f"The server at ipv4:{target} does not implement grpc.health.v1.Health/Watch")
