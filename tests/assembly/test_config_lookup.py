"""Channels that ask the DNS for their service config, of both APIs, down to the datagrams."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import socket
import sys
import threading
from concurrent import futures
from typing import Any, Callable, Iterator, List, Optional, Tuple

import pytest

import grpc
from grpc import aio
from grpc._assembly import _connecting, client
from grpc._links._service_config import MethodConfig, ServiceConfig
from grpc._values import channel_arguments
from grpc._values.connecting import ConfigLookup, Destination, Proxy
from tests.io.dns_server import DnsServer, dns_server, strings

NAME = "service.test"
ASK = ("grpc.service_config_disable_resolution", 0)
RETRYING = {
    "name": [{"service": "tests.Service"}],
    "retryPolicy": {
        "maxAttempts": 3,
        "initialBackoff": "0.001s",
        "maxBackoff": "0.002s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["UNAVAILABLE"],
    },
}

Call = Callable[[str, List[str]], List[str]]


class Service:
    """A server whose methods each fail twice before they answer, or answer when the test is over."""

    def __init__(self) -> None:
        self.attempts = 0
        self.over = threading.Event()

    def fail_twice(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.attempts += 1
        if self.attempts <= 2:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
        return b"answer"

    def wait(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self.over.wait(20)
        return b"late"


@pytest.fixture(autouse=True)
def _no_log_of_aborts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "grpc")


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a service that has the name, which only this process knows."""
    service = Service()
    methods = {
        "FailTwice": grpc.unary_unary_rpc_method_handler(service.fail_twice),
        "Wait": grpc.unary_unary_rpc_method_handler(service.wait),
    }
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *arguments: Any, **named: Any) -> Any:
        numeric = named.get("flags", 0) & socket.AI_NUMERICHOST or (arguments and arguments[-1])
        return look_up("127.0.0.1" if host == NAME and not numeric else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up_here)
    with futures.ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tests.Service", methods)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield port
        service.over.set()
        server.stop(None).wait()


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    with dns_server() as server:
        yield server


def _with_threads(target: str, methods: List[str]) -> List[str]:
    def outcome(call: Any) -> str:
        try:
            answer: bytes = call(b"x")
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        return answer.decode()

    with grpc.insecure_channel(target, [ASK]) as channel:
        calls = [channel.unary_unary(f"/tests.Service/{method}") for method in methods]
        return [outcome(call) for call in calls]


def _on_a_loop(target: str, methods: List[str]) -> List[str]:
    async def outcome(call: Any) -> str:
        try:
            answer: bytes = await call(b"x")
        except aio.AioRpcError as error:
            return f"{error.code().name}: {error.details()}"
        return answer.decode()

    async def run() -> List[str]:
        async with aio.insecure_channel(target, [ASK]) as channel:
            calls = [channel.unary_unary(f"/tests.Service/{method}") for method in methods]
            return [await outcome(call) for call in calls]

    return asyncio.run(run())


@pytest.fixture(params=[_with_threads, _on_a_loop])
def call(request: pytest.FixtureRequest) -> Call:
    """Calls methods of a target one after another, all multi-callables made before; gives answers and failures."""
    found: Call = request.param
    return found


def _target(dns: DnsServer, port: int) -> str:
    return "dns://{}:{}/{}:{}".format(*dns.address, NAME, port)


def _serve(dns: DnsServer, config: Any) -> None:
    text = "grpc_config=" + json.dumps([{"clientLanguage": ["python"], "serviceConfig": config}])
    dns.records[f"_grpc_config.{NAME}"] = [strings(text.encode())]


def test_the_first_call_is_tried_again_and_the_next_one_ended_as_the_dns_says(
    dns: DnsServer, port: int, call: Call
) -> None:
    waiting = {"name": [{"service": "tests.Service", "method": "Wait"}], "timeout": "0.05s"}
    _serve(dns, {"methodConfig": [RETRYING, waiting]})
    first, second = call(_target(dns, port), ["FailTwice", "Wait"])
    assert first == "answer"
    assert second.startswith("DEADLINE_EXCEEDED: ")
    assert dns.questions == [f"_grpc_config.{NAME} TXT"]


def test_a_config_that_cannot_be_used_fails_calls(dns: DnsServer, port: int, call: Call) -> None:
    _serve(dns, {"methodConfig": 5})
    assert call(_target(dns, port), ["FailTwice"]) == [
        f"UNAVAILABLE: the TXT record of '_grpc_config.{NAME}' cannot be used: service config: methodConfig must be an "
        "array, not 5"
    ]


def test_without_a_config_calls_go_on(dns: DnsServer, port: int, call: Call) -> None:
    failure = "UNAVAILABLE: not yet"
    assert call(_target(dns, port), ["FailTwice"] * 3) == [failure, failure, "answer"]
    assert dns.questions == [f"_grpc_config.{NAME} TXT"]


@pytest.mark.parametrize("make", [grpc.insecure_channel, aio.insecure_channel])
def test_without_dnspython_no_channel_is_made_that_wants_it(
    make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "dns", None)

    async def make_one(*options: Tuple[str, Any]) -> None:
        channel = make("some.example:1", options)
        closing = channel.close()
        if closing is not None:
            await closing

    with pytest.raises(ValueError, match=r"run \"pip install 'layered-grpc\[dns\]'\" or leave the argument out"):
        asyncio.run(make_one(ASK))
    asyncio.run(make_one())


class TestTimeouts:
    """What a service config makes of a call's timeout."""

    class _Link:
        """A link with a service config."""

        def __init__(self, changes_config: bool, longest: Optional[float]) -> None:
            self.changes_config = changes_config
            self.prescribe(longest)

        def prescribe(self, longest: Optional[float]) -> None:
            self.service_config = ServiceConfig(methods={("S", "M"): MethodConfig(timeout=longest)})

    @pytest.fixture
    def side(self, monkeypatch: pytest.MonkeyPatch) -> client.ClientSide:
        monkeypatch.setattr(client.ClientSide, "__init__", lambda side: None)
        return client.ClientSide()  # type: ignore[call-arg]

    @pytest.mark.parametrize(
        ("given", "longest", "found"),
        [(None, None, None), (None, 2.0, 2.0), (3.0, None, 3.0), (3.0, 2.0, 2.0), (1.0, 2.0, 1.0)],
    )
    def test_the_smaller_one_holds(
        self, side: client.ClientSide, given: Optional[float], longest: Optional[float], found: Optional[float]
    ) -> None:
        side._link = self._Link(True, longest)  # type: ignore[assignment]
        rule = side.timeout_rule("S", "M")
        assert rule is not None
        assert rule(given) == found

    def test_a_call_takes_it_from_the_config_that_holds_when_it_begins(self, side: client.ClientSide) -> None:
        link = self._Link(True, None)
        side._link = link  # type: ignore[assignment]
        rule = side.timeout_rule("S", "M")
        assert rule is not None
        link.prescribe(2.0)
        assert rule(3.0) == 2.0

    @pytest.mark.parametrize(
        ("changes", "longest", "asked"), [(False, None, False), (False, 2.0, True), (True, None, True)]
    )
    def test_nothing_is_asked_where_there_will_never_be_one(
        self, side: client.ClientSide, changes: bool, longest: Optional[float], asked: bool
    ) -> None:
        side._link = self._Link(changes, longest)  # type: ignore[assignment]
        assert (side.timeout_rule("S", "M") is not None) == asked


class TestArguments:
    """From channel arguments to how the DNS is asked."""

    @pytest.mark.parametrize(
        ("options", "timeout"),
        [
            ([ASK], 120.0),
            ([ASK, ("grpc.dns_ares_query_timeout", 1500)], 1.5),
            ([ASK, ("grpc.dns_ares_query_timeout", 0)], math.inf),
            ([ASK, ("grpc.dns_ares_query_timeout", -1)], math.inf),
            ([], None),
            ([("grpc.service_config_disable_resolution", 1)], None),
        ],
    )
    def test_the_dns_is_asked_only_if_wanted_and_given_its_time(
        self, options: List[Tuple[str, Any]], timeout: Optional[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: "here")
        settings = channel_arguments.parse(options, channel_arguments.CLIENT)
        found = _connecting._config_lookup(settings, f"{NAME}:1", None)
        assert found == (None if timeout is None else ConfigLookup(f"_grpc_config.{NAME}", timeout, "here"))

    def test_a_name_that_a_proxy_resolves_is_not_asked_about(self) -> None:
        settings = channel_arguments.parse([ASK], channel_arguments.CLIENT)
        proxy = Proxy("dns:proxy:1", (Destination(NAME, 1),))
        assert _connecting._config_lookup(settings, f"{NAME}:1", proxy) is None
