"""Connecting through an HTTP proxy: the same with both drivers, and the asyncio one on every loop."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Optional

import pytest

from grpc._io import contract
from tests.io import certificates, rigs
from tests.io.conformance import numbers
from tests.io.loopback_proxy import CONNECTED, LoopbackProxy
from tests.io.talkers import Call, Host, addresses_of

if TYPE_CHECKING:
    from grpc._values.security import ClientSecurity
    from tests.io.rigs import Rig

# A name that no name service knows: only the proxy may be asked for it.
NAME = "service.invalid"
DESTINATION = f"{NAME}:8443"

Run = Callable[[Callable[["Rig"], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=list(rigs.RIGS))
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario with two drivers of one make."""
    return rigs.RIGS[request.param]().run


async def through(
    rig: Rig, port: int, security: Optional[ClientSecurity] = None, *, timeout: float = 20.0, **talker: Any
) -> Call:
    """Connect to the destination by way of a proxy on this machine, whatever becomes of it."""
    (address,) = await addresses_of(rig, f"127.0.0.1:{port}")
    tunnel = contract.Tunnel(DESTINATION)
    call = Call(rig, address._replace(host=NAME, tunnel=tunnel), security, timeout=timeout, **talker)
    await call.outcome()
    return call


class TestSuccess:
    @pytest.mark.parametrize("waits", [False, True], ids=["answer first", "greeting in the same piece"])
    def test_bytes_pass_unchanged_in_both_directions(self, run: Run, waits: bool) -> None:
        async def scenario(rig: Rig) -> None:
            host = Host(rig, echo=True, greeting=b"from the server")
            with LoopbackProxy({DESTINATION: host.listener.port}, waits_for_greeting=waits) as proxy:
                call = await through(rig, proxy.port)
                assert call.failures == []
                near = call.talker
                await rig.until(lambda: near.received == b"from the server")
                data = numbers(256 * 1024)
                near.say(data)
                await rig.until(lambda: len(near.received) == len(data) + 15)
                assert near.received[15:] == data
                assert proxy.asked_for == [DESTINATION]
                assert near.transport.peer == f"ipv4:127.0.0.1:{proxy.port}"
                near.transport.close("enough")

        run(scenario)

    def test_over_tls_it_is_the_targets_name_that_must_be_in_the_certificate(self, run: Run) -> None:
        async def scenario(rig: Rig) -> None:
            shown = certificates.identity(NAME, common_name="the server")
            host = Host(rig, security=certificates.server(shown), echo=True)
            with LoopbackProxy({DESTINATION: host.listener.port}) as proxy:
                call = await through(rig, proxy.port, certificates.client(), greeting=b"hello")
                assert call.failures == []
                await rig.until(lambda: call.talker.received == b"hello")
                known = call.talker.transport.auth_context
                assert known is not None
                assert known["x509_common_name"] == [b"the server"]
                call.talker.transport.close("enough")

        run(scenario)

    def test_over_tls_another_name_is_refused(self, run: Run) -> None:
        async def scenario(rig: Rig) -> None:
            host = Host(rig, security=certificates.server())  # for localhost and 127.0.0.1, where the proxy is
            with LoopbackProxy({DESTINATION: host.listener.port}) as proxy:
                call = await through(rig, proxy.port, certificates.client())
                ((sentence, _),) = call.failures
                assert sentence.startswith(f"ipv4:127.0.0.1:{proxy.port}: TLS handshake failed:")
                assert "Hostname mismatch" in sentence

        run(scenario)


class TestFailure:
    @pytest.mark.parametrize("secure", [False, True], ids=["plaintext", "tls"])
    def test_a_refusal_is_reported_with_the_proxys_status_line(self, run: Run, secure: bool) -> None:
        async def scenario(rig: Rig) -> None:
            with LoopbackProxy(answer=b"HTTP/1.1 403 Not for you\r\nContent-Length: 0\r\n\r\n") as proxy:
                call = await through(rig, proxy.port, certificates.client() if secure else None)
                assert call.failures == [
                    (
                        f"ipv4:127.0.0.1:{proxy.port}: the proxy does not connect to {DESTINATION}: "
                        "HTTP/1.1 403 Not for you",
                        None,
                    )
                ]

        run(scenario)

    def test_a_proxy_that_hangs_up_is_reported(self, run: Run) -> None:
        async def scenario(rig: Rig) -> None:
            with LoopbackProxy(answer=b"") as proxy:
                call = await through(rig, proxy.port)
                ((sentence, _),) = call.failures
                assert sentence == (
                    f"ipv4:127.0.0.1:{proxy.port}: the peer closed the connection before the proxy had connected "
                    f"to {DESTINATION}"
                )

        run(scenario)

    def test_a_destination_that_hangs_up_at_once_is_a_loss_of_the_connection(self, run: Run) -> None:
        async def scenario(rig: Rig) -> None:
            with LoopbackProxy(answer=CONNECTED) as proxy:
                call = await through(rig, proxy.port)
                await rig.until(lambda: call.talker.over)
                assert call.failures == []

        run(scenario)

    def test_a_proxy_that_says_nothing_is_given_up_after_the_timeout(self, run: Run) -> None:
        async def scenario(rig: Rig) -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                call = await through(rig, silent.getsockname()[1], timeout=0.05)
                ((sentence, _),) = call.failures
                assert sentence.endswith(f"the proxy has not connected to {DESTINATION} in 0.05 seconds")

        run(scenario)

    @pytest.mark.parametrize("answer", [b"", CONNECTED], ids=["silence", "answer"])
    @pytest.mark.parametrize("secure", [False, True], ids=["plaintext", "tls"])
    def test_an_attempt_that_is_cancelled_before_the_answer_reports_nothing(
        self, run: Run, secure: bool, answer: bytes
    ) -> None:
        async def scenario(rig: Rig) -> None:
            with socket.create_server(("127.0.0.1", 0)) as silent:
                (address,) = await addresses_of(rig, f"127.0.0.1:{silent.getsockname()[1]}")
                call = Call(
                    rig,
                    address._replace(tunnel=contract.Tunnel(DESTINATION)),
                    certificates.client() if secure else None,
                )

                def hang_up() -> None:
                    peer, _ = silent.accept()
                    with peer:
                        peer.settimeout(rigs.PATIENCE)
                        assert peer.recv(65536).startswith(b"CONNECT ")
                        call.attempt.cancel()
                        with contextlib.suppress(ConnectionError):  # closed before it was read
                            peer.sendall(answer)
                            while peer.recv(65536):
                                pass

                await rig.in_thread(hang_up)
                assert (call.opened, call.failures) == (False, [])

        run(scenario)
