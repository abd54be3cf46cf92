"""Listening: ports, files of Unix sockets, and accepting."""

from __future__ import annotations

import errno
import logging
import os
import socket
import threading
from typing import TYPE_CHECKING, Any, Iterator, List

import pytest

from grpc._io import addresses, contract
from grpc._io.threads._driver import Driver
from grpc._io.threads._reactor import Reactor
from tests.io.lines import LIMIT, LineConnection

if TYPE_CHECKING:
    import pathlib


@pytest.fixture
def driver(_no_descriptor_is_left: None) -> Iterator[Driver]:
    driver = Driver(Reactor("grpc-test-reactor"))
    yield driver
    driver.close()


class Accepting:
    """Accepts, and keeps what it accepted."""

    def __init__(self) -> None:
        self.transports: List[contract.Transport] = []
        self.connections: List[LineConnection] = []
        self.accepted = threading.Semaphore(0)

    def __call__(self, transport: contract.Transport) -> LineConnection:
        connection = LineConnection()
        connection.write(b"hello\n")
        self.transports.append(transport)
        self.connections.append(connection)
        self.accepted.release()
        return connection

    def close(self) -> None:
        for transport in self.transports:
            transport.close("the test is over")


@pytest.fixture
def accepting() -> Iterator[Accepting]:
    accepting = Accepting()
    yield accepting
    accepting.close()


def _greeted(family: int, sockaddr: Any) -> None:
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(LIMIT)
        client.connect(sockaddr)
        assert client.recv(100) == b"hello\n"


class TestPorts:
    def test_port_0_is_a_free_one_and_is_told(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("127.0.0.1:0")
        listener.start(accepting)
        assert listener.port > 0
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        assert accepting.transports[0].peer.startswith("ipv4:127.0.0.1:")
        listener.close()

    def test_a_name_with_several_addresses_has_one_port_on_all_of_them(
        self, driver: Driver, accepting: Accepting, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _two_addresses(monkeypatch)
        listener = driver.listen("two.example:0")
        listener.start(accepting)
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        _greeted(socket.AF_INET, ("127.0.0.2", listener.port))
        listener.close()

    def test_the_ipv6_wildcard_takes_ipv4_too(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("[::]:0")
        listener.start(accepting)
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        assert accepting.transports[0].peer.startswith("ipv4:127.0.0.1:")
        listener.close()

    def test_a_closed_listener_frees_its_port_at_once(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("127.0.0.1:0")
        listener.start(accepting)
        port = listener.port
        _greeted(socket.AF_INET, ("127.0.0.1", port))
        listener.close()
        listener.close()
        again = driver.listen(f"127.0.0.1:{port}")
        assert again.port == port
        again.close()


def _two_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def two(address: str) -> List[contract.Address]:
        port = int(address.rpartition(":")[2])
        return [contract.Address(int(socket.AF_INET), (host, port), host) for host in ("127.0.0.1", "127.0.0.2")]

    monkeypatch.setattr(addresses, "listening", two)


class TestUnixSockets:
    def test_a_socket_file_is_made_and_removed(
        self, driver: Driver, accepting: Accepting, tmp_path: pathlib.Path
    ) -> None:
        path = tmp_path / "socket"
        listener = driver.listen(f"unix:{path}")
        listener.start(accepting)
        assert listener.port == 1
        _greeted(socket.AF_UNIX, str(path))
        assert accepting.transports[0].peer == "unix:"
        listener.close()
        assert not path.exists()

    def test_an_abstract_name_can_be_listened_on(self, driver: Driver, accepting: Accepting) -> None:
        name = f"grpc-test-{os.getpid()}"
        listener = driver.listen(f"unix-abstract:{name}")
        listener.start(accepting)
        _greeted(socket.AF_UNIX, f"\0{name}")
        listener.close()

    def test_the_file_of_a_server_that_is_gone_is_replaced(
        self, driver: Driver, accepting: Accepting, tmp_path: pathlib.Path
    ) -> None:
        path = str(tmp_path / "socket")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(path)
        listener = driver.listen(f"unix:{path}")
        listener.start(accepting)
        _greeted(socket.AF_UNIX, path)
        listener.close()


class TestAccepting:
    def test_nothing_is_accepted_before_the_start(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("127.0.0.1:0")
        with socket.create_connection(("127.0.0.1", listener.port)) as client:
            client.settimeout(LIMIT)
            listener.start(accepting)
            assert client.recv(100) == b"hello\n"
        listener.close()

    def test_many_at_once_are_all_accepted(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("127.0.0.1:0")
        clients = [socket.create_connection(("127.0.0.1", listener.port)) for _ in range(100)]
        listener.start(accepting)
        for _ in clients:
            assert accepting.accepted.acquire(timeout=LIMIT)
        for client in clients:
            client.close()
        listener.close()

    def test_accepted_sockets_send_at_once(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("127.0.0.1:0")
        listener.start(accepting)
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        sock = accepting.transports[0]._socket  # type: ignore[attr-defined]
        listener.close()
        if sock.fileno() != -1:  # the client's end may have closed it by now
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    def test_when_descriptors_run_out_it_pauses_and_goes_on(
        self, driver: Driver, accepting: Accepting, caplog: pytest.LogCaptureFixture
    ) -> None:
        listener = driver.listen("127.0.0.1:0")
        real = listener._sockets[0].socket
        failures = [OSError(errno.EMFILE, "Too many open files"), ConnectionAbortedError()]

        class Exhausted:
            def accept(self) -> Any:
                if failures:
                    raise failures.pop(0)
                return real.accept()

            def __getattr__(self, name: str) -> Any:
                return getattr(real, name)

        listener._sockets[0].socket = Exhausted()  # type: ignore[assignment]
        listener.start(accepting)
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        assert "Too many open files" in caplog.text
        assert len(caplog.records) == 1
        listener.close()

    def test_a_transport_that_cannot_be_made_leaves_no_socket_open(
        self, driver: Driver, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(transport: contract.Transport) -> contract.Connection:
            raise ValueError("no connection")

        listener = driver.listen("127.0.0.1:0")
        listener.start(fail)
        with socket.create_connection(("127.0.0.1", listener.port)) as client:
            client.settimeout(LIMIT)
            assert client.recv(1) == b""
        listener.close()
        driver.close()  # waits for the thread, which logs
        assert "no connection" in caplog.text
        caplog.clear()

    def test_it_tells_its_state(self, driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        listener = driver.listen("127.0.0.1:0")
        assert repr(listener) == f"<Listener on port {listener.port}, 1 sockets>"
        listener.close()
