"""TXT records asked for along with addresses, by both drivers and over real datagrams; and when they are asked for."""

from __future__ import annotations

import logging
import math
import socket
import sys
import threading
from typing import Any, Callable, Iterator, List, Optional

import dns.rcode
import dns.resolver
import pytest

from grpc._io import aio, contract, text_records
from grpc._values.connecting import ConfigLookup
from tests.io.dns_server import DnsServer, dns_server, strings
from tests.io.rigs import RIGS, Rig

CONFIG = strings(b"grpc_config=" + b"x" * 600)
LIMIT = 10.0


@pytest.fixture(params=list(RIGS))
def rig(request: pytest.FixtureRequest) -> Rig:
    """Two drivers of one make."""
    return RIGS[request.param]()


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with dns_server(service=[CONFIG, [b"v=spf1 -all"]], other=[]) as server:
        yield server


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], List[str]]:
    """What was logged, from debug on, without what differs from run to run."""
    caplog.set_level(logging.DEBUG, text_records.__name__)
    return lambda: [
        f"{record.levelname} {record.getMessage()}"
        for record in caplog.records
        if record.name == text_records.__name__
    ]


def lookup(server: DnsServer, name: str = "service", timeout: float = LIMIT) -> ConfigLookup:
    """How to ask a server for a name's config."""
    return ConfigLookup(f"_grpc_config.{name}.test", timeout, "here", server.address)


async def resolved(rig: Rig, lookup: ConfigLookup, target: str = "ipv4:127.0.0.1:1") -> contract.Answer:
    """What becomes of a target that can be resolved."""
    answers: List[contract.Answer] = []
    failures: List[str] = []

    def take(answer: contract.Answer) -> None:
        answers.append(answer)
        rig.changed()

    def failed(sentence: str, cause: Optional[BaseException]) -> None:
        failures.append(sentence)
        rig.changed()

    rig.client.resolve(target, take, failed, lookup)
    await rig.until(lambda: bool(answers or failures), "the target is resolved")
    assert failures == []
    (answer,) = answers
    return answer


class TestDrivers:
    @pytest.mark.parametrize("target", ["ipv4:127.0.0.1:1", "localhost:1"])
    def test_records_come_with_the_addresses(self, rig: Rig, server: DnsServer, target: str) -> None:
        async def scenario(rig: Rig) -> None:
            answer = await resolved(rig, lookup(server), target)
            assert {address.host for address in answer.addresses} <= {"127.0.0.1", "localhost"}
            assert sorted(answer.texts) == [tuple(CONFIG), (b"v=spf1 -all",)]

        rig.run(scenario)
        assert server.questions == ["_grpc_config.service.test TXT"]

    @pytest.mark.parametrize(
        ("name", "rcode", "reason"),
        [
            ("unknown", None, "The DNS query name does not exist: _grpc_config.unknown.test."),
            ("other", None, "The DNS response does not contain an answer to the question"),
            ("service", dns.rcode.SERVFAIL, "All nameservers failed to answer the query"),
            ("service", dns.rcode.REFUSED, "All nameservers failed to answer the query"),
            ("x" * 64, None, "A DNS label is > 63 octets long"),
        ],
    )
    def test_without_records_the_addresses_come_alone(
        self,
        rig: Rig,
        server: DnsServer,
        log: Callable[[], List[str]],
        name: str,
        rcode: Optional[dns.rcode.Rcode],
        reason: str,
    ) -> None:
        server.rcode = rcode

        async def scenario(rig: Rig) -> None:
            answer = await resolved(rig, lookup(server, name))
            assert [address.name for address in answer.addresses] == ["ipv4:127.0.0.1:1"]
            assert answer.texts == ()

        rig.run(scenario)
        (line,) = log()
        assert line.startswith(f"DEBUG The DNS gives no service config under '_grpc_config.{name}.test': {reason}")

    def test_a_server_that_is_silent_is_waited_for_as_long_as_the_timeout_says(
        self, rig: Rig, server: DnsServer, log: Callable[[], List[str]]
    ) -> None:
        server.silent = True

        async def scenario(rig: Rig) -> None:
            answer = await resolved(rig, lookup(server, timeout=0.05))
            assert (len(answer.addresses), answer.texts) == (1, ())

        rig.run(scenario)
        assert log() == [
            "DEBUG The DNS gives no service config under '_grpc_config.service.test': no answer came in 0.05 seconds"
        ]

    def test_a_failure_to_find_addresses_does_not_wait_for_records(self, rig: Rig, server: DnsServer) -> None:
        server.silent = True
        failures: List[str] = []

        async def scenario(rig: Rig) -> None:
            def failed(sentence: str, cause: Optional[BaseException]) -> None:
                failures.append(sentence)
                rig.changed()

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text_records, "_PART", 0.05)  # so that the thread soon sees that nobody listens
                target = f"{'x' * 64}.test:1"  # no name service is asked for a name that is none
                endless = lookup(server, timeout=math.inf)
                rig.client.resolve(target, lambda _: rig.faults.append("resolved"), failed, endless)
                await rig.until(lambda: bool(failures), "a failure is reported")
                await _nobody_asks(rig)

        rig.run(scenario)
        assert failures[0].startswith("cannot resolve 'xxxx")

    def test_a_cancelled_look_for_records_ends_and_reports_nothing(self, rig: Rig, server: DnsServer) -> None:
        server.silent = True
        reports: List[Any] = []

        async def scenario(rig: Rig) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text_records, "_PART", 0.05)
                endless = lookup(server, timeout=math.inf)
                attempt = rig.client.resolve(
                    "127.0.0.1:1", reports.append, lambda *failure: reports.append(failure), endless
                )
                await rig.in_thread(lambda: _wait(server.asked))
                attempt.cancel()
                await _nobody_asks(rig)

        rig.run(scenario)
        assert reports == []


async def _nobody_asks(rig: Rig) -> None:
    """Wait until no thread and no task asks any more."""
    if isinstance(rig.client, aio.Driver):
        await rig.client.wait_closed()  # nothing else is left on the loop
    else:
        await rig.in_thread(_resolvers_ended)


def _wait(event: threading.Event) -> None:
    assert event.wait(LIMIT)


def _resolvers_ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "grpc-config-resolver":
            thread.join(LIMIT)
            assert not thread.is_alive()


class TestAskingAgain:
    """A server that is silent is asked again and again, for a few seconds each time."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> List[float]:
        """For how many seconds it was asked each time; no answer comes."""
        found: List[float] = []

        def resolve(resolver: Any, name: str, kind: str, search: bool, lifetime: float) -> Any:
            found.append(lifetime)
            raise dns.resolver.LifetimeTimeout(timeout=lifetime, errors=[])

        monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
        return found

    @pytest.mark.parametrize(("timeout", "seconds"), [(math.inf, 5.0), (12.0, 5.0), (0.5, 0.5)])
    def test_it_ends_when_nobody_wants_to_know_any_more(
        self, asked: List[float], timeout: float, seconds: float
    ) -> None:
        lookup = ConfigLookup("_grpc_config.x.test", timeout, "here", ("127.0.0.1", 9))
        assert text_records.ask(lookup, lambda: len(asked) == 20) == ()
        assert asked == [seconds] * 20


class TestLookup:
    """Which targets have a service config in the DNS, and where it is asked for."""

    @pytest.fixture(autouse=True)
    def _name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: "this-machine")

    @pytest.mark.parametrize(
        ("target", "name"),
        [
            ("some.example:50051", "some.example"),
            ("dns:some.example", "some.example"),
            ("dns:///some.example:1", "some.example"),
            ("some.example.:1", "some.example."),
            ("localhost.example", "localhost.example"),
        ],
    )
    def test_a_name_is_asked_for_beneath_its_host(self, target: str, name: str) -> None:
        assert text_records.config_lookup(target, 5.0) == ConfigLookup(f"_grpc_config.{name}", 5.0, "this-machine")

    @pytest.mark.parametrize(
        "target",
        ["127.0.0.1:1", "[::1]:1", "ipv4:127.0.0.1", "ipv6:[::1]", "unix:path", "localhost", "LocalHost.:5", "a:b", ""],
    )
    def test_an_address_a_file_this_machine_and_nonsense_are_not_asked_for(self, target: str) -> None:
        assert text_records.config_lookup(target, 5.0) is None

    @pytest.mark.parametrize(
        ("authority", "server"),
        [
            ("9.8.7.6", ("9.8.7.6", 53)),
            ("9.8.7.6:5353", ("9.8.7.6", 5353)),
            ("[2001:db8::1]:54", ("2001:db8::1", 54)),
            ("%5B2001:db8::1%5D", ("2001:db8::1", 53)),
        ],
    )
    def test_the_server_that_the_target_names_is_asked(self, authority: str, server: Any) -> None:
        found = text_records.config_lookup(f"dns://{authority}/some.example:1", 5.0)
        assert found == ConfigLookup("_grpc_config.some.example", 5.0, "this-machine", server)

    @pytest.mark.parametrize("authority", ["dns.example", "9.8.7.6:x", "9.8.7"])
    def test_a_server_without_a_numeric_address_is_passed_over_and_logged(
        self, authority: str, log: Callable[[], List[str]]
    ) -> None:
        found = text_records.config_lookup(f"dns://{authority}/some.example:1", 5.0)
        assert found == ConfigLookup("_grpc_config.some.example", 5.0, "this-machine")
        assert log() == [
            f"WARNING Target 'dns://{authority}/some.example:1' names the DNS server '{authority}', which is no "
            "numeric address: the system's servers are asked for the service config instead"
        ]

    @pytest.mark.parametrize("module", ["dns", "dns.resolver", "dns.asyncresolver"])
    def test_without_dnspython_the_error_says_what_to_do(self, monkeypatch: pytest.MonkeyPatch, module: str) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        assert text_records.config_lookup("127.0.0.1:1", 5.0) is None
        with pytest.raises(ValueError, match="is 0, but dnspython") as raised:
            text_records.config_lookup("some.example:1", 5.0)
        assert str(raised.value) == (
            "channel argument 'grpc.service_config_disable_resolution' is 0, but dnspython, which looks service "
            "configs up in the DNS, is not installed: run \"pip install 'layered-grpc[dns]'\" or leave the argument out"
        )

    def test_the_systems_servers_are_those_of_its_configuration(self, monkeypatch: pytest.MonkeyPatch) -> None:
        configured: List[bool] = []

        class Resolver(dns.resolver.Resolver):
            def __init__(self, configure: bool) -> None:
                configured.append(configure)
                super().__init__(configure=False)

        found = text_records._configured(Resolver, ConfigLookup("x", 5.0, "here"))
        assert (configured, found.nameservers) == ([True], [])
