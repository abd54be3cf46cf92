"""Listening: ports, files of Unix sockets, and accepting."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import socket
import threading
from typing import TYPE_CHECKING, Any, Iterator, List

import pytest

from grpc._io import addresses, contract
from grpc._io.threads import _binding
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

    def test_if_the_port_is_taken_on_one_of_them_another_one_is_found(
        self, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _two_addresses(monkeypatch)
        taken: List[socket.socket] = []
        bind_one = _binding._bind_one

        def spoil_once(place: contract.Address, port: Any, so_reuseport: bool) -> Any:
            if port is not None and not taken:
                taken.append(socket.create_server(("127.0.0.2", port)))
            return bind_one(place, port, so_reuseport)

        monkeypatch.setattr(_binding, "_bind_one", spoil_once)
        listener = driver.listen("two.example:0")
        assert listener.port != taken[0].getsockname()[1]
        listener.close()
        taken[0].close()

    def test_a_host_without_ipv6_is_content_with_ipv4(self, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
        make = socket.socket

        def without(family: int = -1, *arguments: Any, **keywords: Any) -> socket.socket:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            return make(family, *arguments, **keywords)

        monkeypatch.setattr(socket, "socket", without)
        for address in ("[::]:0", "localhost:0"):
            with contextlib.closing(driver.listen(address)) as listener:
                assert listener.port > 0
        with pytest.raises(OSError, match=r"cannot listen on '\[::1\]:0': Address family not supported"):
            driver.listen("[::1]:0")

    def test_the_ipv6_wildcard_takes_ipv4_too(self, driver: Driver, accepting: Accepting) -> None:
        listener = driver.listen("[::]:0")
        listener.start(accepting)
        _greeted(socket.AF_INET, ("127.0.0.1", listener.port))
        assert accepting.transports[0].peer.startswith("ipv4:127.0.0.1:")
        listener.close()

    def test_a_busy_port_is_an_error_that_names_the_address(self, driver: Driver) -> None:
        listener = driver.listen("127.0.0.1:0")
        address = f"127.0.0.1:{listener.port}"
        with pytest.raises(OSError, match=re.escape(f"cannot listen on '{address}': Address already in use")) as caught:
            driver.listen(address)
        assert caught.value.errno == errno.EADDRINUSE
        listener.close()

    def test_so_reuseport_has_to_be_asked_for_by_both(self, driver: Driver) -> None:
        first = driver.listen("127.0.0.1:0", so_reuseport=True)
        address = f"127.0.0.1:{first.port}"
        second = driver.listen(address, so_reuseport=True)
        with pytest.raises(OSError, match="Address already in use"):
            driver.listen(address)
        assert second.port == first.port
        first.close()
        second.close()

    def test_so_reuseport_where_there_is_none_is_an_error(
        self, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delattr(socket, "SO_REUSEPORT")
        with pytest.raises(OSError, match="this system has no SO_REUSEPORT"):
            driver.listen("127.0.0.1:0", so_reuseport=True)

    def test_a_name_that_is_unknown_is_an_error_that_names_the_address(
        self, driver: Driver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(*_: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(OSError, match=r"cannot listen on 'nowhere\.example:1': Name or service not known"):
            driver.listen("nowhere.example:1")

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

    def test_the_file_of_a_server_that_lives_is_not(self, driver: Driver, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "socket"
        with contextlib.closing(driver.listen(f"unix:{path}")):
            with pytest.raises(OSError, match=re.escape(f"cannot listen on 'unix:{path}'")):
                driver.listen(f"unix:{path}")
            assert path.exists()

    def test_a_file_of_another_kind_is_not_touched(self, driver: Driver, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "precious"
        path.write_text("data", encoding="utf-8")
        with pytest.raises(OSError, match="Address already in use"):
            driver.listen(f"unix:{path}")
        assert path.read_text(encoding="utf-8") == "data"

    def test_a_file_that_another_server_has_put_there_since_stays(self, driver: Driver, tmp_path: pathlib.Path) -> None:
        path = tmp_path / "socket"
        listener = driver.listen(f"unix:{path}")
        (tmp_path / "kept").hardlink_to(path) if hasattr(path, "hardlink_to") else os.link(path, tmp_path / "kept")
        path.unlink()  # the number of its inode is not used again, as a link is left
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            listener.close()
        assert path.exists()


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
