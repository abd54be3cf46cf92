"""TLS over real sockets: client and server of this driver, and peers that do not speak it."""

from __future__ import annotations

import functools
import logging
import socket
import ssl
import threading
from typing import Any, Iterator, List, Optional, Tuple

import pytest

from grpc._io import addresses, contract
from grpc._io.threads._connecting import Connecting
from grpc._io.threads._driver import Driver
from grpc._io.threads._reactor import Reactor
from grpc._values.security import ClientSecurity, ServerCertificates, ServerSecurity
from tests.io import certificates
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, WaitingThread, echo, until


class Both:
    """A client and a server in this process."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.driver = Driver(Reactor("grpc-test-reactor", self.clock))
        self.listeners: List[contract.Listener] = []
        self.servers: List[Tuple[contract.Transport, LineConnection]] = []
        self.client = LineConnection()
        self.transports: List[contract.Transport] = []
        self.failures: List[Tuple[str, Optional[BaseException]]] = []
        self.over = threading.Event()
        self.accepted = threading.Semaphore(0)

    def listen(self, security: Optional[ServerSecurity], **options: Any) -> contract.Address:
        listener = self.driver.listen("127.0.0.1:0", security, **options)
        listener.start(self._accept)
        self.listeners.append(listener)
        return addresses.literal(f"127.0.0.1:{listener.port}")[0]

    def _accept(self, transport: contract.Transport) -> contract.Connection:
        def answer(line: bytes) -> None:
            with transport.lock:
                connection.write(line + b"\n")
            transport.settle()

        connection = LineConnection(answer)
        self.servers.append((transport, connection))
        self.accepted.release()
        return connection

    def connect(
        self, address: contract.Address, security: Optional[ClientSecurity], **options: Any
    ) -> contract.Attempt:
        return self.driver.connect(address, self._open, self._failed, security, **options)

    def _open(self, transport: contract.Transport) -> contract.Connection:
        self.transports.append(transport)
        self.over.set()
        return self.client

    def _failed(self, reason: str, cause: Optional[BaseException]) -> None:
        self.failures.append((reason, cause))
        self.over.set()

    def opened(self, client: ClientSecurity, server: ServerSecurity) -> contract.Transport:
        """Connect, successfully."""
        self.connect(self.listen(server), client)
        assert self.over.wait(LIMIT)
        assert self.failures == []
        assert self.accepted.acquire(timeout=LIMIT)
        return self.transports[0]

    def failure(self, client: ClientSecurity, server: Optional[ServerSecurity]) -> str:
        """Connect, in vain."""
        address = self.listen(server)
        self.connect(address, client)
        assert self.over.wait(LIMIT)
        ((reason, _),) = self.failures
        assert reason.startswith(f"{address.name}: ")
        return reason[len(address.name) + 2 :]

    def sync(self) -> None:
        for _ in range(3):
            done = threading.Event()
            self.driver._reactor.call_soon(done.set)
            assert done.wait(LIMIT)

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()
        for transport in self.transports + [transport for transport, _ in self.servers]:
            transport.close("the test is over")
        self.sync()
        self.driver.close()


@pytest.fixture
def both(_no_descriptor_is_left: None) -> Iterator[Both]:
    both = Both()
    yield both
    both.close()


def test_lines_go_both_ways_and_both_know_each_other(both: Both) -> None:
    me = certificates.identity("me.example", common_name="me")
    transport = both.opened(certificates.client(identity=me), certificates.server(require_client_auth=True))
    waiter = echo(both.client, transport, b"hello")  # type: ignore[arg-type]
    assert both.driver.environment.wait(waiter)
    server_side, connection = both.servers[0]
    assert connection.lines == [b"hello"]
    assert server_side.auth_context is not None
    assert server_side.auth_context["x509_common_name"] == [b"me"]
    assert transport.auth_context is not None
    assert transport.auth_context["transport_security_type"] == [b"ssl"]


def test_the_server_name_can_be_another_one_than_the_targets(both: Both) -> None:
    both.opened(
        certificates.client(server_name="other.example"),
        certificates.server(certificates.identity("other.example")),
    )


def test_many_threads_call_over_one_connection(both: Both) -> None:
    transport = both.opened(certificates.client(), certificates.server())
    payload = b"x" * 20_000  # more than a record

    def call(me: int) -> bool:
        return all(
            both.driver.environment.wait(echo(both.client, transport, b"%d %d " % (me, number) + payload))  # type: ignore[arg-type]
            for number in range(10)
        )

    callers = [WaitingThread(functools.partial(call, me)) for me in range(16)]
    for caller in callers:
        caller.start()
    for caller in callers:
        assert caller.result()
    assert len(both.client.lines) == 160


def test_closing_says_goodbye(both: Both) -> None:
    transport = both.opened(certificates.client(), certificates.server())
    transport.close("enough")
    _, connection = both.servers[0]
    assert connection.await_loss().endswith("the peer closed the connection")
    assert both.client.losses[0][0].endswith(": enough")


def test_a_stream_cut_off_without_goodbye_is_a_loss(both: Both) -> None:
    transport = both.opened(certificates.client(), certificates.server())
    transport._socket.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
    _, connection = both.servers[0]
    assert connection.await_loss().endswith("the peer closed the connection")


class TestFailures:
    def test_a_server_without_tls(self, both: Both) -> None:
        address = both.listen(None)
        greeting = both._accept

        def greet(transport: contract.Transport) -> contract.Connection:
            connection = greeting(transport)
            connection.write(b"\0\0\0\4\0\0\0\0\0")  # type: ignore[attr-defined]  # as HTTP/2 servers begin
            return connection

        both.listeners[0]._accept = greet  # type: ignore[attr-defined]
        both.connect(address, certificates.client())
        assert both.over.wait(LIMIT)
        assert both.failures[0][0] == f"{address.name}: TLS handshake failed: the peer does not speak TLS here"
        assert isinstance(both.failures[0][1], ssl.SSLError)

    def test_a_client_without_tls(self, both: Both, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.INFO)
        address = both.listen(certificates.server())
        with socket.create_connection(address.sockaddr) as client:
            client.settimeout(LIMIT)
            client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            while client.recv(100):
                pass
        until(lambda: "the peer does not speak TLS here" in caplog.text)
        assert both.servers == []

    def test_a_server_whose_authority_is_unknown(self, both: Both) -> None:
        reason = both.failure(certificates.client(roots_of=("second",)), certificates.server())
        assert reason.startswith("TLS handshake failed: the peer's certificate is not accepted: ")

    def test_a_server_of_another_name(self, both: Both) -> None:
        reason = both.failure(certificates.client(server_name="other.example"), certificates.server())
        assert reason.endswith("Hostname mismatch, certificate is not valid for 'other.example'")

    def test_a_server_whose_certificate_has_expired(self, both: Both) -> None:
        server = certificates.server(certificates.expired("127.0.0.1"))
        assert both.failure(certificates.client(), server).endswith("certificate has expired")

    def test_a_client_without_the_certificate_that_is_required_loses_the_connection_with_the_reason(
        self, both: Both
    ) -> None:
        both.connect(both.listen(certificates.server(require_client_auth=True)), certificates.client())
        assert both.over.wait(LIMIT)
        # In TLS 1.3 the server's refusal comes when the client's handshake is over.
        assert both.client.await_loss().endswith("TLS failed: the peer refuses: certificate required")
        assert both.servers == []

    def test_security_that_is_unusable(self, both: Both) -> None:
        reason = both.failure(ClientSecurity(root_certificates=b"bad"), certificates.server())
        assert "the root certificates are not usable PEM" in reason
        assert isinstance(both.failures[0][1], ValueError)

    def test_a_name_that_is_none(self, both: Both) -> None:
        reason = both.failure(certificates.client(server_name=".bad"), certificates.server())
        assert "'.bad' cannot be the name of a server" in reason

    def test_a_server_cannot_listen_with_unusable_security(self, both: Both) -> None:
        with pytest.raises(ValueError, match="write both in PEM"):
            both.listen(certificates.server(certificates.identity("x")._replace(private_key=b"bad")))


class TestTimes:
    def test_a_server_that_does_not_answer_the_handshake_is_given_up(self, both: Both) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            (address,) = addresses.literal("{}:{}".format(*silent.getsockname()))
            both.connect(address, certificates.client(), timeout=3)
            until(lambda: len(both.driver._reactor.members) == 2)  # the attempt and its transport
            both.sync()
            both.clock.now += 4
            both.sync()
            assert both.over.wait(LIMIT)
            assert both.failures[0][0] == f"{address.name}: no TLS handshake in 3 seconds"

    def test_a_client_that_does_not_begin_the_handshake_is_given_up(self, both: Both) -> None:
        address = both.listen(certificates.server(), handshake_timeout=2.0)
        with socket.create_connection(address.sockaddr) as client:
            client.settimeout(LIMIT)
            until(lambda: len(both.driver._reactor.members) == 2)  # the listener and the transport
            both.sync()
            both.clock.now += 3
            both.sync()
            assert client.recv(100) == b""
        assert both.servers == []

    def test_closing_the_listener_closes_what_is_in_the_handshake(self, both: Both) -> None:
        address = both.listen(certificates.server())
        with socket.create_connection(address.sockaddr) as client:
            client.settimeout(LIMIT)
            until(lambda: len(both.driver._reactor.members) == 2)  # the listener and the transport
            both.sync()
            both.listeners[0].close()
            assert client.recv(100) == b""
            assert both.driver._reactor.members == {}
        assert both.servers == []

    def test_cancelling_during_the_handshake_reports_nothing_and_closes(self, both: Both) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            (address,) = addresses.literal("{}:{}".format(*silent.getsockname()))
            attempt = both.connect(address, certificates.client())
            peer, _ = silent.accept()
            with peer:
                peer.settimeout(LIMIT)
                assert peer.recv(1)  # the handshake has begun
                attempt.cancel()
                both.sync()
                while peer.recv(65536):
                    pass
        assert not both.over.is_set()

    def test_cancelling_at_the_end_of_the_handshake_opens_nothing(
        self, both: Both, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opening = Connecting._open_connection
        cancelled = threading.Event()

        def cancelled_just_before(self: Connecting, transport: contract.Transport) -> Optional[contract.Connection]:
            self.cancel()
            cancelled.set()
            return opening(self, transport)

        monkeypatch.setattr(Connecting, "_open_connection", cancelled_just_before)
        both.connect(both.listen(certificates.server()), certificates.client())
        assert cancelled.wait(LIMIT)
        both.sync()
        assert not both.over.is_set()
        assert both.accepted.acquire(timeout=LIMIT)
        both.servers[0][1].await_loss()


def test_certificates_are_fetched_for_each_connection(both: Both) -> None:
    fetched: List[str] = []
    new = ServerCertificates((certificates.identity("127.0.0.1", common_name="new"),))

    def fetch() -> ServerCertificates:
        fetched.append(threading.current_thread().name)
        return new

    transport = both.opened(certificates.client(), certificates.server()._replace(fetch=fetch))
    assert fetched == ["grpc-test-reactor"]
    assert transport.auth_context is not None
    assert transport.auth_context["x509_common_name"] == [b"new"]
