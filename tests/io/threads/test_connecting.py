"""Connecting and resolving: each outcome once, each failure in words, and cancelling at every point."""

from __future__ import annotations

import errno
import socket
import threading
from typing import TYPE_CHECKING, Any, Callable, Iterator, List, Optional, Tuple

import pytest

from grpc._io import addresses, contract
from grpc._io.threads import _connecting
from grpc._io.threads._driver import Driver
from grpc._io.threads._reactor import Reactor
from tests.io.lines import LIMIT, LineConnection
from tests.io.threads.rig import Clock, until

if TYPE_CHECKING:
    import pathlib


class Outcomes:
    """What becomes of an attempt."""

    def __init__(self) -> None:
        self.transports: List[contract.Transport] = []
        self.connection = LineConnection()
        self.failures: List[Tuple[str, Optional[BaseException]]] = []
        self.found: List[List[contract.Address]] = []
        self.threads: List[str] = []
        self.over = threading.Event()

    def open(self, transport: contract.Transport) -> LineConnection:
        self.transports.append(transport)
        self._end()
        return self.connection

    def failed(self, reason: str, cause: Optional[BaseException]) -> None:
        self.failures.append((reason, cause))
        self._end()

    def resolved(self, answer: contract.Answer) -> None:
        self.found.append(answer.addresses)
        self._end()

    def _end(self) -> None:
        self.threads.append(threading.current_thread().name)
        self.over.set()

    def await_failure(self) -> str:
        assert self.over.wait(LIMIT)
        ((reason, _),) = self.failures
        return reason


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def driver(_no_descriptor_is_left: None, clock: Clock) -> Iterator[Driver]:
    driver = Driver(Reactor("grpc-test-reactor", clock))
    yield driver
    _resolver_ended()
    driver.close()


@pytest.fixture
def outcomes() -> Iterator[Outcomes]:
    outcomes = Outcomes()
    yield outcomes
    for transport in outcomes.transports:
        transport.close("the test is over")


@pytest.fixture
def server(_no_descriptor_is_left: None) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        yield server


def _address(sock: socket.socket) -> contract.Address:
    (address,) = addresses.literal("ipv4:{}:{}".format(*sock.getsockname()))
    return address


def _wait(event: threading.Event) -> None:
    assert event.wait(LIMIT)


def _sync(driver: Driver) -> None:
    for _ in range(2):
        done = threading.Event()
        driver._reactor.call_soon(done.set)
        assert done.wait(LIMIT)


@pytest.fixture
def refusing() -> Iterator[contract.Address]:
    """An address that is ours, so that nobody else listens on it."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield _address(bound)


class TestConnecting:
    def test_an_open_socket_gets_its_connection_on_the_drivers_thread(
        self, driver: Driver, server: socket.socket, outcomes: Outcomes
    ) -> None:
        outcomes.connection.write(b"hello\n")
        driver.connect(_address(server), outcomes.open, outcomes.failed)
        with server.accept()[0] as peer:
            peer.settimeout(LIMIT)
            assert peer.recv(100) == b"hello\n"
            assert outcomes.threads == ["grpc-test-reactor"]
            assert outcomes.transports[0].peer == _address(server).name
            assert outcomes.transports[0].auth_context is None
        outcomes.connection.await_loss()
        assert outcomes.failures == []

    def test_the_socket_sends_at_once(self, driver: Driver, server: socket.socket, outcomes: Outcomes) -> None:
        driver.connect(_address(server), outcomes.open, outcomes.failed)
        assert outcomes.over.wait(LIMIT)
        sock = outcomes.transports[0]._socket  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    def test_a_refusal_is_a_failure_that_names_the_address(
        self, driver: Driver, refusing: contract.Address, outcomes: Outcomes
    ) -> None:
        driver.connect(refusing, outcomes.open, outcomes.failed)
        assert outcomes.await_failure() == f"{refusing.name}: Connection refused"
        assert isinstance(outcomes.failures[0][1], ConnectionRefusedError)

    def test_a_missing_socket_file_is_a_failure(
        self, driver: Driver, tmp_path: pathlib.Path, outcomes: Outcomes
    ) -> None:
        (address,) = addresses.literal(f"unix:{tmp_path}/none")
        driver.connect(address, outcomes.open, outcomes.failed)
        assert outcomes.await_failure() == f"unix:{tmp_path}/none: No such file or directory"

    def test_an_address_that_no_socket_takes_is_a_failure(self, driver: Driver, outcomes: Outcomes) -> None:
        (address,) = addresses.literal("unix:" + "x" * 200)
        driver.connect(address, outcomes.open, outcomes.failed)
        assert outcomes.await_failure().endswith("AF_UNIX path too long")

    def test_an_unknown_address_family_is_a_failure(self, driver: Driver, outcomes: Outcomes) -> None:
        driver.connect(contract.Address(12345, ("x", 1), "strange:x"), outcomes.open, outcomes.failed)
        assert outcomes.await_failure().startswith("strange:x: Address family not supported")

    def test_no_answer_in_time_is_a_failure_that_says_how_long(
        self, driver: Driver, clock: Clock, outcomes: Outcomes, silent: contract.Address
    ) -> None:
        driver.connect(silent, outcomes.open, outcomes.failed, timeout=7)
        _sync(driver)
        clock.now += 6.9
        _sync(driver)
        assert not outcomes.over.is_set()
        clock.now += 0.2
        _sync(driver)
        assert outcomes.await_failure() == f"{silent.name}: no answer in 7 seconds"
        assert isinstance(outcomes.failures[0][1], TimeoutError)

    @pytest.fixture
    def silent(self) -> Iterator[contract.Address]:
        """A listening address whose queue is full: it answers nobody."""
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            clients = []
            for _ in range(4):
                client = socket.socket()
                client.setblocking(False)
                client.connect_ex(server.getsockname())
                clients.append(client)
            yield _address(server)
            for client in clients:
                client.close()

    def test_a_full_queue_of_a_unix_socket_is_waited_for(
        self, driver: Driver, clock: Clock, tmp_path: pathlib.Path, outcomes: Outcomes
    ) -> None:
        path = f"{tmp_path}/socket"
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as first:
            server.bind(path)
            server.listen(0)
            first.connect(path)
            (address,) = addresses.literal(f"unix:{path}")
            driver.connect(address, outcomes.open, outcomes.failed)
            _sync(driver)
            assert not outcomes.over.is_set()
            server.accept()[0].close()
            clock.now += _connecting._PAUSE
            _sync(driver)
            assert outcomes.over.wait(LIMIT)
            assert outcomes.failures == []

    def test_a_socket_that_connected_to_itself_counts_as_refused(
        self, driver: Driver, refusing: contract.Address, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Own(socket.socket):
            """Gets its peer's port for its own, as a client that was given that port would."""

            def connect_ex(self, address: Any) -> int:
                self.bind(address)
                return super().connect_ex(address)

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = _address(probe)
        monkeypatch.setattr(socket, "socket", Own)
        driver.connect(address, outcomes.open, outcomes.failed)
        assert outcomes.await_failure() == f"{address.name}: Connection refused"

    def test_a_report_for_nothing_does_not_count_as_connected(
        self, driver: Driver, outcomes: Outcomes, silent: contract.Address, caplog: pytest.LogCaptureFixture
    ) -> None:
        attempt = driver.connect(silent, outcomes.open, outcomes.failed)
        _sync(driver)
        ((fd, handler),) = driver._reactor._handlers.items()
        assert fd >= 0
        driver._reactor.call_soon(lambda: handler(2))  # the descriptor's number was another one's a moment ago
        _sync(driver)
        assert not outcomes.over.is_set()
        assert caplog.text == ""
        attempt.cancel()

    def test_a_descriptor_that_cannot_be_had_is_a_failure(
        self, driver: Driver, refusing: contract.Address, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def none_left(*_: Any) -> socket.socket:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(socket, "socket", none_left)
        driver.connect(refusing, outcomes.open, outcomes.failed)
        assert outcomes.await_failure() == f"{refusing.name}: Too many open files"


class TestCancelling:
    def test_before_it_begins(self, driver: Driver, server: socket.socket, outcomes: Outcomes) -> None:
        hold = threading.Event()
        driver._reactor.call_soon(lambda: _wait(hold))
        attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
        attempt.cancel()
        hold.set()
        _sync(driver)
        assert not outcomes.over.is_set()

    def test_while_it_waits_for_an_answer(
        self, driver: Driver, clock: Clock, outcomes: Outcomes, server: socket.socket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Slow(socket.socket):
            def connect_ex(self, address: Any) -> int:
                return errno.EINPROGRESS

        monkeypatch.setattr(socket, "socket", Slow)
        attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
        _sync(driver)
        attempt.cancel()
        attempt.cancel()
        clock.now += 100
        _sync(driver)
        assert not outcomes.over.is_set()
        assert driver._reactor._handlers == {}
        assert driver._reactor.members == {}

    def test_after_its_end_it_does_nothing(self, driver: Driver, server: socket.socket, outcomes: Outcomes) -> None:
        attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
        assert outcomes.over.wait(LIMIT)
        _sync(driver)
        attempt.cancel()
        _sync(driver)
        assert outcomes.connection.losses == []

    def test_just_before_the_driver_is_closed_it_leaves_no_descriptor(
        self, clock: Clock, outcomes: Outcomes, server: socket.socket
    ) -> None:
        for _ in range(50):
            driver = Driver(Reactor("grpc-test-reactor", clock))
            attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
            attempt.cancel()
            driver.close()
            for transport in outcomes.transports:
                transport.close("cancelled too late")
        assert outcomes.failures == []


class TestClosingTheDriver:
    """While another thread has an attempt begun, and has not come to hold it yet: it will be cancelled late."""

    @pytest.fixture
    def reactor(self, _no_descriptor_is_left: None) -> Reactor:
        return Reactor("grpc-test-reactor")

    @staticmethod
    def _close_while_busy(driver: Driver, reactor: Reactor, go_on: threading.Event) -> None:
        closing = threading.Thread(target=driver.close)
        closing.start()
        until(lambda: "idle" in repr(reactor))
        go_on.set()
        closing.join(LIMIT)

    def test_gives_up_an_attempt_before_it_begins(
        self, reactor: Reactor, server: socket.socket, outcomes: Outcomes, caplog: pytest.LogCaptureFixture
    ) -> None:
        driver = Driver(reactor)
        go_on = threading.Event()
        reactor.call_soon(lambda: _wait(go_on))
        attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
        self._close_while_busy(driver, reactor, go_on)
        attempt.cancel()
        assert not outcomes.over.is_set()
        assert (reactor.members, caplog.messages) == ({}, [])

    def test_gives_up_an_attempt_that_is_about_to_be_watched(
        self,
        reactor: Reactor,
        server: socket.socket,
        outcomes: Outcomes,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        begun, go_on = threading.Event(), threading.Event()
        connect = _connecting.Connecting._connect

        def connect_late(attempt: _connecting.Connecting, *arguments: Any) -> None:
            begun.set()
            _wait(go_on)
            connect(attempt, *arguments)

        monkeypatch.setattr(_connecting.Connecting, "_connect", connect_late)
        driver = Driver(reactor)
        attempt = driver.connect(_address(server), outcomes.open, outcomes.failed)
        _wait(begun)
        self._close_while_busy(driver, reactor, go_on)
        attempt.cancel()
        assert not outcomes.over.is_set()
        assert (reactor.members, caplog.messages) == ({}, [])

    def test_leaves_nothing_of_an_attempt_that_comes_later(
        self, reactor: Reactor, server: socket.socket, outcomes: Outcomes
    ) -> None:
        driver = Driver(reactor)
        driver.close()
        driver.connect(_address(server), outcomes.open, outcomes.failed).cancel()
        assert not outcomes.over.is_set()
        assert (reactor.members, list(reactor._soon)) == ({}, [])


class TestResolving:
    def test_a_numeric_target_needs_no_name_service(
        self, driver: Driver, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        driver.resolve("ipv4:1.2.3.4:5,6.7.8.9:10", outcomes.resolved, outcomes.failed)
        assert outcomes.over.wait(LIMIT)
        assert [[address.name for address in found] for found in outcomes.found] == [
            ["ipv4:1.2.3.4:5", "ipv4:6.7.8.9:10"]
        ]
        assert outcomes.threads == ["grpc-test-reactor"]

    def test_a_name_is_resolved_on_another_thread_and_reported_on_the_drivers(
        self, driver: Driver, outcomes: Outcomes, look_up: Callable[[Any], List[str]]
    ) -> None:
        names = look_up([(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.2.3.4", 5))] * 2)
        driver.resolve("some.example:5", outcomes.resolved, outcomes.failed)
        assert outcomes.over.wait(LIMIT)
        assert outcomes.found == [[contract.Address(2, ("1.2.3.4", 5), "ipv4:1.2.3.4:5", "some.example")]]
        assert names == ["grpc-resolver"]
        assert outcomes.threads == ["grpc-test-reactor"]

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
            (UnicodeError("label too long"), "label too long"),
        ],
    )
    def test_what_cannot_be_resolved_is_a_failure_that_names_the_target(
        self,
        driver: Driver,
        outcomes: Outcomes,
        look_up: Callable[[Any], List[str]],
        error: BaseException,
        sentence: str,
    ) -> None:
        look_up(error)
        driver.resolve("some.example:5", outcomes.resolved, outcomes.failed)
        assert outcomes.await_failure() == f"cannot resolve 'some.example:5': {sentence}"
        assert outcomes.failures[0][1] is error

    def test_a_bad_target_is_a_failure_with_a_value_error(self, driver: Driver, outcomes: Outcomes) -> None:
        driver.resolve("host:port", outcomes.resolved, outcomes.failed)
        assert "its port must be a number" in outcomes.await_failure()
        assert isinstance(outcomes.failures[0][1], ValueError)

    def test_a_cancelled_look_up_is_not_reported(
        self, driver: Driver, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answer = threading.Event(), threading.Event()

        def slow(*_: Any) -> Any:
            asked.set()
            assert answer.wait(LIMIT)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.2.3.4", 5))]

        monkeypatch.setattr(addresses, "literal", lambda target: [])
        monkeypatch.setattr(addresses, "resolve", slow)
        attempt = driver.resolve("some.example:5", outcomes.resolved, outcomes.failed)
        assert asked.wait(LIMIT)
        attempt.cancel()
        answer.set()
        _resolver_ended()
        _sync(driver)
        assert not outcomes.over.is_set()
        assert driver._reactor.members == {}

    def test_a_look_up_that_outlives_the_driver_is_forgotten(
        self, outcomes: Outcomes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, answer = threading.Event(), threading.Event()
        monkeypatch.setattr(addresses, "literal", lambda target: [])

        def slow(target: str) -> List[contract.Address]:
            asked.set()
            assert answer.wait(LIMIT)
            return []

        monkeypatch.setattr(addresses, "resolve", slow)
        driver = Driver(Reactor("grpc-test-reactor"))
        driver.resolve("some.example:5", outcomes.resolved, outcomes.failed)
        assert asked.wait(LIMIT)
        driver.close()
        answer.set()
        _resolver_ended()
        assert not outcomes.over.is_set()

    @pytest.fixture
    def look_up(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], List[str]]:
        """Have the name service answer, or raise, something; gives the names of the threads that asked it."""

        def answer_with(answer: Any) -> List[str]:
            names: List[str] = []

            def look_up(host: str, *arguments: Any) -> Any:
                if arguments[-1] & socket.AI_NUMERICHOST:
                    raise socket.gaierror(-2, "not numeric")
                names.append(threading.current_thread().name)
                if isinstance(answer, BaseException):
                    raise answer
                return answer

            monkeypatch.setattr(socket, "getaddrinfo", look_up)
            return names

        return answer_with


def _resolver_ended() -> None:
    for thread in threading.enumerate():
        if thread.name == "grpc-resolver":
            thread.join(LIMIT)
